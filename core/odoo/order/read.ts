/** Orders and their lines as Odoo has them. */
import { CrossdockError } from '../../errors/index';
import { fieldMap } from '../client/field-map';
import { CALL_RETRY, withRetry } from '../client/retry';
import { idOf, idOrZero } from '../client/rows';
import type { Many2One, OdooClient } from '../client/types';

/** An order as Odoo has it now. */
export interface OrderState {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly locked: boolean;
  readonly amountTotal: number;
  /** ISO 4217. */
  readonly currency: string;
  /** How much of the order's currency one of the company's is. */
  readonly currencyRate: number;
  /** Id of the partner who gets the invoice. */
  readonly invoicePartner: number;
  /** Ids of sale.order.line in their order. */
  readonly lineIds: readonly number[];
  readonly lines: number;
  /** Epoch ms, to the second. */
  readonly createdAt: number;
}

interface OrderRow {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly amount_total: number;
  readonly currency_id: Many2One;
  readonly currency_rate?: number;
  readonly partner_invoice_id?: Many2One;
  readonly order_line: readonly number[];
  readonly create_date: string;
  readonly [field: string]: unknown;
}

const FIELDS = [
  ...['id', 'name', 'state', 'amount_total', 'currency_id', 'currency_rate', 'partner_invoice_id'],
  ...['order_line', 'create_date'],
];

/** Reads orders in one call. Ids that Odoo does not give back are missing in the result. */
export async function readOrders(
  client: OdooClient,
  ids: readonly number[],
): Promise<ReadonlyMap<number, OrderState>> {
  if (ids.length === 0) return new Map();
  const { locked } = fieldMap(await client.version()).order;
  const fields = locked === undefined ? FIELDS : [...FIELDS, locked];
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly OrderRow[]>('sale.order', 'read', { ids, args: { fields } }),
  );
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        name: row.name,
        state: row.state,
        // Before 17 a locked order has a state of its own.
        locked: locked === undefined ? row.state === 'done' : row[locked] === true,
        amountTotal: row.amount_total,
        currency: row.currency_id ? row.currency_id[1] : '',
        currencyRate: row.currency_rate || 1,
        invoicePartner: idOrZero(row.partner_invoice_id),
        lineIds: row.order_line,
        lines: row.order_line.length,
        createdAt: Date.parse(`${row.create_date.replace(' ', 'T')}Z`),
      },
    ]),
  );
}

/** Whether an order is a quotation still. */
export function isOpen(state: { readonly state: string }): boolean {
  return state.state === 'draft' || state.state === 'sent';
}

/** A line as Odoo has it. Quantities are in its own unit. */
export interface OdooLine {
  readonly id: number;
  readonly order: number;
  /** Undefined for sections, notes and free text. */
  readonly product: number | undefined;
  readonly name: string;
  readonly quantity: number;
  readonly unit: number | undefined;
  readonly price: number;
  readonly discount: number;
  readonly taxes: readonly number[];
  /** Without and with tax, after the discount. */
  readonly subtotal: number;
  readonly total: number;
  readonly delivered: number;
  readonly invoiced: number;
}

interface LineRow {
  readonly id: number;
  readonly order_id: Many2One;
  readonly product_id: Many2One;
  readonly name: string | false;
  readonly product_uom_qty: number;
  readonly price_unit: number;
  readonly discount: number;
  readonly price_subtotal: number;
  readonly price_total: number;
  readonly qty_delivered: number;
  readonly qty_invoiced: number;
  readonly display_type: string | false;
  readonly [field: string]: unknown;
}

/** Reads the lines of orders in one call, without sections and notes; by order, in their order. */
export async function readLines(
  client: OdooClient,
  states: Iterable<OrderState>,
): Promise<ReadonlyMap<number, readonly OdooLine[]>> {
  const { taxes, unit } = fieldMap(await client.version()).orderLine;
  const ids = [...states].flatMap(({ lineIds }) => lineIds);
  const lines = new Map<number, OdooLine[]>();
  if (ids.length === 0) return lines;
  const fields = [
    ...[
      'id',
      'order_id',
      'product_id',
      'name',
      'product_uom_qty',
      'price_unit',
      'discount',
      'price_subtotal',
    ],
    ...['price_total', 'qty_delivered', 'qty_invoiced', 'display_type', taxes, unit],
  ];
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly LineRow[]>('sale.order.line', 'read', { ids, args: { fields } }),
  );
  for (const row of rows) {
    if (row.display_type || !row.order_id) continue;
    const order = row.order_id[0];
    const own = row[unit] as Many2One;
    const line: OdooLine = {
      id: row.id,
      order,
      product: idOf(row.product_id),
      name: row.name || '',
      quantity: row.product_uom_qty,
      unit: idOf(own),
      price: row.price_unit,
      discount: row.discount,
      taxes: (row[taxes] as readonly number[] | undefined) ?? [],
      subtotal: row.price_subtotal,
      total: row.price_total,
      delivered: row.qty_delivered || 0,
      invoiced: row.qty_invoiced || 0,
    };
    const known = lines.get(order);
    if (known) known.push(line);
    else lines.set(order, [line]);
  }
  return lines;
}

/**
 * Whether the order came into being after `startedAt` (our clock, ms). `load` does not tell, so Odoo's time of
 * creation is compared, with our clock corrected by Odoo's own; the 3 s allow for both being rounded to seconds.
 */
export function createdSince(
  order: OrderState,
  startedAt: number,
  clockOffsetMs: number | undefined,
): boolean | undefined {
  if (clockOffsetMs === undefined || Number.isNaN(order.createdAt)) return undefined;
  return order.createdAt >= startedAt + clockOffsetMs - 3_000;
}

export function goneError(id: number): CrossdockError {
  return new CrossdockError(
    `Order ${id} cannot be read back from Odoo: deleted, or not visible to the API key's user.`,
    {
      code: 'ODOO_MISSING',
      kind: 'permanent',
      facts: { odooId: id },
    },
  );
}
