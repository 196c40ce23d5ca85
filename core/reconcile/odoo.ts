/** Odoo as a source: stock, orders, shipments or invoices, as rows in pages. */
import { type OdooClient, readAvailability } from '../odoo';
import { fromFloat } from '../odoo/client/decimals';
import { CALL_RETRY, withRetry } from '../odoo/client/retry';
import type { Pages } from './spool';
import type { About } from './types';

export interface OdooSource {
  readonly about: About;
  /** Code or name of a warehouse; all together when empty. Stock only. */
  readonly warehouse?: string;
  /** Documents of so many days, today included; not for stock. */
  readonly days?: number;
  /** Documents from this time on, ms, instead of the last days. */
  readonly from?: number | undefined;
  /** Orders of this channel only (the beginning of `origin`, as odoo order writes it); all that have a reference when empty. */
  readonly channel?: string;
  /** Ms since the epoch; for tests. */
  readonly now?: () => number;
}

const PAGE = 500;
const DAY_MS = 86_400_000;

interface Documents {
  readonly model: string;
  readonly fields: readonly string[];
  readonly date: string;
  readonly domain: readonly unknown[];
}

const DOCUMENTS: Readonly<Record<'orders' | 'shipments' | 'invoices', Documents>> = {
  orders: {
    model: 'sale.order',
    fields: [
      'id',
      'name',
      'client_order_ref',
      'origin',
      'date_order',
      'state',
      'amount_total',
      'currency_id',
    ],
    date: 'date_order',
    // What somebody has typed in without a reference is no order of a shop.
    domain: [['client_order_ref', '!=', false]],
  },
  shipments: {
    model: 'stock.picking',
    fields: ['id', 'name', 'origin', 'state', 'scheduled_date', 'date_done'],
    date: 'scheduled_date',
    domain: [['picking_type_code', '=', 'outgoing']],
  },
  invoices: {
    model: 'account.move',
    fields: ['id', 'name', 'ref', 'invoice_date', 'state', 'payment_state', 'amount_total', 'currency_id'],
    date: 'invoice_date',
    domain: [['move_type', 'in', ['out_invoice', 'out_refund']]],
  },
};

/** Pages of rows. Throws what OdooClient.call throws, and WAREHOUSE_UNKNOWN (business). */
export function odooPages(client: OdooClient, source: OdooSource): Pages {
  if (source.about === 'inventory' || source.about === 'custom') {
    return readAvailability(client, source.warehouse === undefined ? {} : { warehouse: source.warehouse });
  }
  return documents(client, DOCUMENTS[source.about], source);
}

/** By ascending id, so that documents that are added meanwhile disturb nothing. */
async function* documents(
  client: OdooClient,
  { model, fields, date, domain }: Documents,
  { days = 1, from: since, channel = '', now = Date.now }: OdooSource,
): AsyncGenerator<readonly unknown[], void, void> {
  const from = new Date(since ?? now() - days * DAY_MS).toISOString().slice(0, 19).replace('T', ' ');
  const own =
    channel === '' || model !== 'sale.order'
      ? []
      : [['origin', '=like', `${channel.replace(/[\\%_]/g, '\\$&')}:%`]];
  for (let lastId = 0; ; ) {
    const rows = await withRetry(CALL_RETRY, () =>
      client.call<readonly Record<string, unknown>[]>(model, 'search_read', {
        args: {
          domain: [
            ['id', '>', lastId],
            [date, '>=', date === 'invoice_date' ? from.slice(0, 10) : from],
            ...domain,
            ...own,
          ],
          fields: [...fields],
          order: 'id',
          limit: PAGE,
        },
      }),
    );
    lastId = Number(rows.at(-1)?.['id'] ?? lastId);
    if (rows.length > 0) yield rows.map(plain);
    if (rows.length < PAGE) return;
  }
}

/** Odoo's `false` is no value; amounts become decimals, currencies their code. */
function plain(row: Record<string, unknown>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    if (value === false) continue;
    // `id` is what canonical objects call their business key.
    if (name === 'id') found['odooId'] = value;
    else if (name === 'currency_id') found['currency'] = Array.isArray(value) ? value[1] : value;
    else if (name === 'amount_total' && typeof value === 'number') found[name] = fromFloat(value);
    else found[name] = value;
  }
  return found;
}
