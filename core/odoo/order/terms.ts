/**
 * Payment terms, carrier, warehouse, incoterm and tags of an order: the partner's words against what Odoo has, through
 * tables, else by the same name. Nothing is made in Odoo for them.
 */
import type { CanonicalOrder } from '../../canonical/order';
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { Remembered } from '../client/cache';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';
import { orderFields } from './needs';
import { fold } from './parties';
import type { TermOptions } from './types';

/** Fields of sale.order and what they get; and what the order goes in without. */
export interface OrderTerms {
  readonly ids: ReadonlyMap<string, readonly number[]>;
  readonly leftOut: readonly string[];
}

/** One kind of thing that an order names. */
interface Kind {
  /** Of sale.order. */
  readonly field: string;
  readonly label: string;
  readonly code: string;
  readonly model: string;
  /** Where its names stand in Odoo. */
  readonly names: readonly string[];
  /** What the order calls it, best first; none: the order does not say. */
  words(order: CanonicalOrder): readonly (string | undefined)[];
  table(options: TermOptions): Readonly<Record<string, string>> | undefined;
}

const KINDS: readonly Kind[] = [
  {
    field: 'payment_term_id',
    label: 'payment term',
    code: 'PAYMENT_TERM_UNKNOWN',
    model: 'account.payment.term',
    names: ['name'],
    words: ({ paymentTerms: terms }) =>
      terms === undefined
        ? []
        : [terms.code, terms.text, terms.netDays === undefined ? undefined : `${terms.netDays} days`],
    table: ({ paymentTerms }) => paymentTerms,
  },
  {
    field: 'carrier_id',
    label: 'carrier',
    code: 'CARRIER_UNKNOWN',
    model: 'delivery.carrier',
    names: ['name'],
    words({ shipping }) {
      const { carrierCode, service } = shipping ?? {};
      const both = carrierCode && service ? `${carrierCode} ${service}` : undefined;
      return [both, service, carrierCode];
    },
    table: ({ carriers }) => carriers,
  },
  {
    field: 'warehouse_id',
    label: 'warehouse',
    code: 'WAREHOUSE_UNKNOWN',
    model: 'stock.warehouse',
    names: ['code', 'name'],
    words: ({ warehouseHint }) => [warehouseHint],
    table: ({ warehouses }) => warehouses,
  },
  {
    field: 'incoterm',
    label: 'incoterm',
    code: 'INCOTERM_UNKNOWN',
    model: 'account.incoterms',
    names: ['code'],
    words: ({ incoterm }) => [incoterm],
    table: ({ incoterms }) => incoterms,
  },
];

const TTL_MS = 60_000;
/** How Odoo says that it has no such model (over JSON-RPC in other words than over JSON-2), or that it is none of ours. */
const ABSENT: ReadonlySet<string> = new Set([
  'ODOO_NOT_FOUND',
  'ODOO_ACCESS',
  'ODOO_VALIDATION',
  'ODOO_INVALID_CALL',
]);

type Names = ReadonlyMap<string, readonly number[]>;

export class Terms {
  private readonly names = new Map<string, Remembered<Names>>();

  constructor(
    private readonly client: OdooClient,
    private readonly options: TermOptions,
  ) {
    for (const { model, names } of [...KINDS, { model: 'crm.tag', names: ['name'] }]) {
      this.names.set(model, new Remembered(() => this.fetch(model, names), TTL_MS));
    }
  }

  forget(): void {
    for (const names of this.names.values()) names.forget();
  }

  /**
   * What Odoo has of an order's terms. Asks only for what the order names.
   * @throws CrossdockError (business) PAYMENT_TERM_UNKNOWN, CARRIER_UNKNOWN, WAREHOUSE_UNKNOWN, INCOTERM_UNKNOWN,
   *   TAG_UNKNOWN, unless what is unknown is left out
   */
  async of(order: CanonicalOrder): Promise<OrderTerms> {
    const ids = new Map<string, readonly number[]>();
    const leftOut: string[] = [];
    const fields = await orderFields(this.client);
    for (const kind of KINDS) {
      const words = kind.words(order).filter((word): word is string => word !== undefined && word !== '');
      const [first] = words;
      if (first === undefined) continue;
      const id = await this.find(kind.model, words, kind.table(this.options));
      // Without the app that brings the field along, Odoo has no place for it.
      if (id !== undefined && fields.has('order', kind.field)) ids.set(kind.field, [id]);
      else leftOut.push(this.unknown(kind.label, kind.code, first));
    }
    const tags: number[] = [];
    for (const tag of this.tagsOf(order)) {
      const id = await this.find('crm.tag', [tag], undefined);
      if (id !== undefined) tags.push(id);
      else leftOut.push(this.unknown('tag', 'TAG_UNKNOWN', tag));
    }
    if (tags.length > 0) ids.set('tag_ids', [...new Set(tags)]);
    return { ids, leftOut };
  }

  private tagsOf(order: CanonicalOrder): string[] {
    const values: Readonly<Record<string, string>> = {
      channel: order.channel,
      account: order.account,
      priority: order.priority ?? '',
    };
    return (this.options.tags ?? [])
      .map((tag) => tag.replace(/\{(channel|account|priority)\}/g, (_all, name) => values[name] ?? '').trim())
      .filter((tag) => tag !== '');
  }

  private async find(
    model: string,
    words: readonly string[],
    table: Readonly<Record<string, string>> = {},
  ): Promise<number | undefined> {
    const known = await this.names.get(model)?.get();
    const taught = new Map(Object.entries(table).map(([word, name]) => [fold(word), name]));
    for (const word of words) {
      const [id, ...others] = known?.get(fold(taught.get(fold(word)) ?? word)) ?? [];
      if (id !== undefined && others.length === 0) return id;
    }
    return undefined;
  }

  private unknown(label: string, code: string, word: string): string {
    const shown = word.slice(0, 60);
    if (this.options.unknown !== 'hold') return `${label}: ${shown}`;
    throw new CrossdockError(
      `Odoo has no ${label} "${shown}", or more than one: add it to the odoo order node's table or to Odoo, then send the order again.`,
      { code, kind: 'business', facts: { word: shown } },
    );
  }

  /** By folded name. A model whose app is not installed, or that the account may not read, has none. */
  private async fetch(model: string, fields: readonly string[]): Promise<Names> {
    type Row = { readonly id: number; readonly [field: string]: unknown };
    let rows: readonly Row[] = [];
    try {
      const args = { domain: [], fields: ['id', ...fields] };
      rows = await withRetry(CALL_RETRY, () =>
        this.client.call<readonly Row[]>(model, 'search_read', { args }),
      );
    } catch (thrown) {
      const error = asCrossdockError(thrown);
      if (!ABSENT.has(error.code)) throw error;
    }
    const names = new Map<string, number[]>();
    for (const field of fields) {
      const own = new Map<string, number[]>();
      for (const row of rows) {
        const name = row[field];
        if (typeof name === 'string') own.set(fold(name), [...(own.get(fold(name)) ?? []), row.id]);
      }
      // A code goes before a name of somebody else.
      for (const [name, ids] of own) if (!names.has(name)) names.set(name, ids);
    }
    return names;
  }
}
