/** The node's configuration, read once. */
import { CrossdockError } from '../../core/errors';
import { MATCH_RULES, type MatchRule, type OrderWriterOptions } from '../../core/odoo';
import { choice, decimal, flag, number, text } from '../shared/config';
import { bookOf } from '../shared/cross-references';
import { evaluator } from '../shared/expression';
import type { Message, RawConfig, Red } from '../shared/red';
import { storeOf } from '../shared/store';

export const OPERATIONS = [
  'place',
  'confirm',
  'amend',
  'read',
  'status',
  'cancel',
  'lock',
  'unlock',
] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface Settings {
  /** The operation for one message. */
  readonly operation: (message: Message) => Promise<unknown>;
  /** Property of the message that holds the order, or names it. */
  readonly order: string;
  readonly writer: (userClosed: Promise<void>) => OrderWriterOptions;
  readonly reason: (message: Message) => Promise<unknown>;
  /** Cancel an order that is locked. */
  readonly unlock: boolean;
  /** Codes of business errors that leave by the second output; every code, or those of the credit gate. */
  readonly refused: 'none' | 'credit' | 'all';
}

export function readSettings(red: Red, config: RawConfig): Settings {
  const customer = choice(config, 'customer', 'Customer', ['order', 'fixed'], 'order');
  const credit = choice(config, 'credit', 'Credit gate', ['off', 'hold', 'route'], 'off');
  const refused = choice(config, 'refused', 'Refused orders', ['error', 'output'], 'error');
  const limit = text(config, 'creditLimit', 'Credit limit', '');
  const tables = tablesOf(config);
  const writer: OrderWriterOptions = {
    customer,
    ...(customer === 'fixed' ? { customerRef: text(config, 'customerRef', 'Customer reference') } : {}),
    match: matchOf(config),
    refScheme: text(config, 'refScheme', 'Scheme of the reference', 'ref'),
    unknownCustomer: choice(config, 'unknownCustomer', 'Unknown buyer', ['create', 'hold'], 'create'),
    confirm: flag(config, 'confirm', true),
    chatter: flag(config, 'chatter', true),
    chargeSku: text(config, 'chargeSku', 'Product for charges', 'SHIPPING'),
    discountSku: text(config, 'discountSku', 'Product for discounts', 'DISCOUNT'),
    batchSize: number(config, 'batchSize', 'Orders per call', 50, { min: 1, max: 100 }),
    tolerance: decimal(config, 'tolerance', 'Tolerance', '0.01'),
    units: tables.unit,
    terms: {
      paymentTerms: tables.paymentTerm,
      carriers: tables.carrier,
      warehouses: tables.warehouse,
      incoterms: tables.incoterm,
      tags: text(config, 'tags', 'Tags', '')
        .split(',')
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ''),
      unknown: choice(config, 'unknownTerms', 'Unknown terms', ['leaveOut', 'hold'], 'leaveOut'),
      deliveryDate: choice(
        config,
        'deliveryDate',
        'Delivery date',
        ['requested', 'promised', 'none'],
        'requested',
      ),
    },
    credit: {
      gate: credit === 'off' ? 'off' : 'hold',
      unreadable: choice(config, 'creditUnreadable', 'Unreadable credit', ['hold', 'pass'], 'hold'),
      ...(limit === '' ? {} : { defaultLimit: decimal(config, 'creditLimit', 'Credit limit', '') }),
    },
  };
  const store = text(config, 'store', 'Store', '') === '' ? undefined : storeOf(red, config);
  return {
    operation: operationOf(red, config),
    order: text(config, 'order', 'Order', 'payload'),
    writer: (userClosed) => {
      if (store === undefined) return writer;
      const book = async () => bookOf(await store(userClosed));
      return {
        ...writer,
        crossReferences: { lookup: async (partner, keys) => (await book()).lookup(partner, keys) },
      };
    },
    reason: reasonOf(red, config),
    unlock: flag(config, 'unlock', false),
    refused: refused === 'output' ? 'all' : credit === 'route' ? 'credit' : 'none',
  };
}

function operationOf(red: Red, config: RawConfig): Settings['operation'] {
  if (choice(config, 'operationType', 'Operation', ['op', 'msg'], 'op') === 'msg') {
    return evaluator(red, 'msg', String(config['operation'] || 'operation'));
  }
  const operation = choice(config, 'operation', 'Operation', OPERATIONS, 'place');
  return async () => operation;
}

function reasonOf(red: Red, config: RawConfig): Settings['reason'] {
  const type = choice(config, 'reasonType', 'Reason', ['msg', 'str', 'jsonata'], 'msg');
  const source = text(config, 'reason', 'Reason', 'reason');
  return type === 'str' ? async () => source : evaluator(red, type, source);
}

/** The chosen rules, in their order; a flow from before there was a choice has the usual ones. */
function matchOf(config: RawConfig): readonly MatchRule[] {
  const value = config['match'];
  if (value === undefined || value === '') return ['known', 'ref', 'vat'];
  const rules = Array.isArray(value) ? value : [value];
  return rules.map((rule) => {
    const found = MATCH_RULES.find((known) => known === rule);
    if (found === undefined) throw invalid(`Customers cannot be matched by "${String(rule)}".`, 'match');
    return found;
  });
}

const TABLES = ['unit', 'paymentTerm', 'carrier', 'warehouse', 'incoterm'] as const;
type Tables = Record<(typeof TABLES)[number], Record<string, string>>;

/** Rows of the node's table: what a partner says, and what Odoo calls it. */
function tablesOf(config: RawConfig): Tables {
  const tables: Tables = { unit: {}, paymentTerm: {}, carrier: {}, warehouse: {}, incoterm: {} };
  const rows = config['translations'];
  if (rows === undefined || rows === '') return tables;
  if (!Array.isArray(rows)) throw invalid('The table of words is not a list.', 'translations');
  for (const row of rows as unknown[]) {
    const { kind, from, to } = (typeof row === 'object' && row !== null ? row : {}) as Record<
      string,
      unknown
    >;
    const table = TABLES.find((name) => name === kind);
    if (table === undefined || typeof from !== 'string' || typeof to !== 'string') {
      throw invalid('A row of the table of words has no kind, no word or no name.', 'translations');
    }
    if (from.trim() !== '' && to.trim() !== '') tables[table][from.trim()] = to.trim();
  }
  return tables;
}

function invalid(message: string, field: string): CrossdockError {
  return new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { field } });
}
