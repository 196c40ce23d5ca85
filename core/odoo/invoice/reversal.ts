/**
 * The credit note for a whole invoice, made once.
 *
 * Odoo's dialog for it (account.move.reversal) makes another credit note each time it is run, and there is nothing
 * that would stop the second: a call whose answer was lost could not be repeated. So the credit note is loaded under an
 * external id that is made from the invoice's, with what the dialog would copy. Measured on Odoo 19.0: seven loads, six
 * of them at once, make one credit note; posting it settles the invoice (`reversed`) as the dialog's does.
 */
import { CrossdockError } from '../../errors/index';
import { fromFloat } from '../client/decimals';
import { fieldMap } from '../client/field-map';
import { CALL_RETRY, type RetryPolicy, withRetry } from '../client/retry';
import { idOrZero } from '../client/rows';
import type { OdooClient } from '../client/types';
import { KeyedLoader, type KeyedRecord } from '../load/keyed-load';
import { hashKey } from '../load/keys';
import { billingRightMissing } from './access';
import { numberOf } from './canonical';
import type { InvoiceReader } from './records';
import { kindOfLine, type LineRow, type MoveRow } from './rows';

export interface ReversalOptions {
  readonly namespace: string;
  readonly tenant: string;
  readonly callRetry?: RetryPolicy | undefined;
  readonly raceRetry?: RetryPolicy | undefined;
}

/** A credit note that somebody cancelled does not count; then the next key is taken. */
const MAX_CANCELLED = 5;

/**
 * The id of the invoice's credit note: the one that there is, by whomever, or a new draft.
 *
 * Throws INVOICE_NOT_POSTED, INVOICE_PARTLY_CREDITED, INVOICE_CREDIT_REFUSED, ODOO_ACCESS (business), and as
 * OdooClient.call.
 */
export async function reverseInvoice(
  client: OdooClient,
  reader: InvoiceReader,
  invoice: MoveRow,
  options: ReversalOptions,
): Promise<{ readonly id: number; readonly created: boolean }> {
  const name = numberOf(invoice) || String(invoice.id);
  const facts = { odooId: invoice.id, name };
  const refuse = (code: string, message: string) =>
    new CrossdockError(message, { code, kind: 'business', facts });
  if (invoice.move_type !== 'out_invoice' || invoice.state !== 'posted') {
    throw refuse(
      'INVOICE_NOT_POSTED',
      `${name} is no posted invoice (${invoice.state}), so there is nothing to credit.`,
    );
  }
  const { hidden: hiddenLine } = fieldMap(await client.version()).invoiceLine;
  const lines = (await reader.lines([invoice.id])).filter((row) => kindOfLine(row, hiddenLine) === 'product');
  const before = await creditsOf(client, invoice, lines, options.callRetry);
  const whole = before.find(
    (row) => idOrZero(row.reversed_entry_id) === invoice.id && sameTotal(row, invoice),
  );
  if (whole !== undefined) return { id: whole.id, created: false };
  if (before.length > 0) {
    throw refuse(
      'INVOICE_PARTLY_CREDITED',
      `Invoice ${name} has been credited in part already (${before.map((row) => numberOf(row) || `draft ${row.id}`).join(', ')}): credit what is left in Odoo.`,
    );
  }
  const loader = new KeyedLoader(client, {
    namespace: options.namespace,
    ...(options.callRetry ? { callRetry: options.callRetry } : {}),
    ...(options.raceRetry ? { raceRetry: options.raceRetry } : {}),
  });
  for (let turn = 1; turn <= MAX_CANCELLED; turn += 1) {
    const key = hashKey('crossdock-credit', options.tenant, String(invoice.id), String(turn));
    const outcome = (await loader.load('account.move', [creditRecord(key, invoice, lines)])).get(key);
    if (outcome === undefined || 'error' in outcome) {
      const error = outcome?.error;
      if (error === undefined || error.retryable)
        throw error ?? refuse('INVOICE_CREDIT_REFUSED', `${name} was not credited.`);
      // `load` answers a missing right as it answers any refusal.
      if (!(await mayCreate(client))) throw billingRightMissing('make credit notes', error);
      throw refuse('INVOICE_CREDIT_REFUSED', `Odoo refused the credit note for ${name}. ${error.message}`);
    }
    const [made] = await reader.moves([outcome.id]);
    if (made !== undefined && made.state !== 'cancel') return { id: made.id, created: true };
  }
  throw refuse(
    'INVOICE_CREDIT_REFUSED',
    `${MAX_CANCELLED} credit notes for ${name} were cancelled in Odoo: make the next one there.`,
  );
}

/** Credit notes of the invoice, and those of the same order lines that are of no other invoice. */
async function creditsOf(
  client: OdooClient,
  invoice: MoveRow,
  lines: readonly LineRow[],
  retry: RetryPolicy = CALL_RETRY,
): Promise<readonly MoveRow[]> {
  const saleLines = [...new Set(lines.flatMap(({ sale_line_ids }) => sale_line_ids))];
  const about: unknown[] = [['reversed_entry_id', '=', invoice.id]];
  if (saleLines.length > 0) about.unshift('|', ['invoice_line_ids.sale_line_ids', 'in', saleLines]);
  const rows = await withRetry(retry, () =>
    client.call<readonly MoveRow[]>('account.move', 'search_read', {
      args: {
        domain: [['move_type', '=', 'out_refund'], ['state', '!=', 'cancel'], ...about],
        fields: ['name', 'state', 'reversed_entry_id', 'amount_total'],
        order: 'id',
      },
    }),
  );
  return rows.filter(({ reversed_entry_id: of }) => of === false || of[0] === invoice.id);
}

const sameTotal = (a: Pick<MoveRow, 'amount_total'>, b: Pick<MoveRow, 'amount_total'>): boolean =>
  fromFloat(a.amount_total) === fromFloat(b.amount_total);

async function mayCreate(client: OdooClient): Promise<boolean> {
  const { mayMethod } = fieldMap(await client.version());
  return withRetry(CALL_RETRY, () =>
    mayMethod === 'has_access'
      ? client.call<boolean>('account.move', mayMethod, { ids: [], args: { operation: 'create' } })
      : client.call<boolean>('account.move', mayMethod, {
          args: { operation: 'create', raise_exception: false },
        }),
  );
}

/** What the dialog copies: parties, currency, journal, origin, and every line with its price, taxes and account. */
function creditRecord(key: string, invoice: MoveRow, lines: readonly LineRow[]): KeyedRecord {
  const head: readonly (readonly [string, string])[] = [
    ['id', key],
    ['move_type', 'out_refund'],
    ['reversed_entry_id/.id', String(invoice.id)],
    ['partner_id/.id', id(invoice.partner_id)],
    ['partner_shipping_id/.id', id(invoice.partner_shipping_id)],
    ['journal_id/.id', id(invoice.journal_id)],
    ['currency_id/.id', id(invoice.currency_id)],
    ['ref', `Reversal of: ${numberOf(invoice)}`],
    ['invoice_origin', invoice.invoice_origin || ''],
  ];
  const columns = [
    'product_id/.id',
    'name',
    'product_uom_id/.id',
    'quantity',
    'price_unit',
    'discount',
    'tax_ids/.id',
    'account_id/.id',
    'sale_line_ids/.id',
  ];
  return {
    key,
    columns: [...head.map(([column]) => column), ...columns.map((column) => `invoice_line_ids/${column}`)],
    rows: lines.map((line, index) => [
      ...head.map(([, value]) => (index === 0 ? value : '')),
      id(line.product_id),
      line.name || '',
      id(line.product_uom_id),
      fromFloat(line.quantity),
      fromFloat(line.price_unit),
      fromFloat(line.discount),
      line.tax_ids.join(','),
      id(line.account_id),
      line.sale_line_ids.join(','),
    ]),
  };
}

const id = (value: LineRow['product_id']): string => (value ? String(value[0]) : '');
