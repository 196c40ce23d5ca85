/** A drafted order as rows for `load`. */
import { decimal } from '../../canonical/decimal';
import type { CanonicalOrder } from '../../canonical/order';
import { CrossdockError } from '../../errors/index';
import type { FieldMap } from '../client/field-map';
import type { KeyedRecord } from '../load/keyed-load';
import type { OrderPartners } from './customers';
import type { DraftLine } from './draft';
import { personalOf } from './parties';
import { type ProductMatch, productKeyText } from './products';
import type { SalesData } from './sales-data';
import type { OrderTerms } from './terms';
import type { LineUnit } from './units';

/** One line with everything that Odoo needs. */
export interface RowLine {
  /** Of the canonical line whose item this is; undefined for allowances and charges. */
  readonly lineId: string | undefined;
  readonly product: number;
  readonly name: string;
  /** In Odoo's unit. */
  readonly quantity: string;
  readonly price: string;
  readonly taxes: readonly number[];
  /** Id of uom.uom; undefined: the product's own, `ownUnit`. */
  readonly unit: number | undefined;
  readonly ownUnit: number | undefined;
  /** How many of Odoo's unit one unit of the canonical line is. */
  readonly factor: string;
}

/** Looked-up values of one order's lines. */
export interface LineContext {
  readonly products: ReadonlyMap<string, ProductMatch>;
  readonly sales: SalesData;
  /** The unit of each line that has one. */
  readonly units: ReadonlyMap<DraftLine, LineUnit>;
}

/** Throws TAX_NOT_FOUND (business). The products must have been found. */
export async function rowLines(
  order: CanonicalOrder,
  lines: readonly DraftLine[],
  { products, sales, units }: LineContext,
): Promise<RowLine[]> {
  const rows: RowLine[] = [];
  for (const line of lines) {
    const product = products.get(productKeyText(line.product));
    if (typeof product !== 'object') throw new Error(`product of ${line.role} was not resolved`);
    const taxes: number[] = [];
    for (const tax of line.taxes) {
      const found = await sales.findTax(tax.rate, order.pricesIncludeTax);
      if (found && !taxes.includes(found.id)) taxes.push(found.id);
    }
    const unit = units.get(line);
    const factor = unit?.factor ?? '1';
    const times = decimal(factor);
    rows.push({
      lineId: line.role === 'item' ? line.lineId : undefined,
      product: product.id,
      name: line.name?.trim() || product.name,
      quantity: decimal(line.quantity).times(times).toFixed(),
      price: times.eq(1) ? line.price : decimal(line.price).div(times).toFixed(),
      taxes,
      unit: unit?.id,
      ownUnit: product.unit,
      factor,
    });
  }
  return rows;
}

/** Where the looked-up values of one order come from. */
export interface RowContext {
  readonly key: string;
  readonly partners: OrderPartners;
  readonly sales: SalesData;
  readonly fields: FieldMap;
  readonly terms: OrderTerms;
  readonly commitment: string | undefined;
}

/**
 * The order's rows. All cells are strings, as `load` wants them; an empty cell of a line's taxes means "no taxes" and
 * keeps Odoo from adding the product's own.
 *
 * Throws CURRENCY_MISMATCH (business).
 */
export async function orderRecord(
  order: CanonicalOrder,
  lines: readonly RowLine[],
  context: RowContext,
): Promise<KeyedRecord> {
  const { partners, sales, fields, terms, commitment } = context;
  const pricelist = await sales.findPricelist(order.currency);
  const head: [string, string][] = [
    ['id', context.key],
    ['partner_id/.id', String(partners.customer)],
    ['partner_shipping_id/.id', String(partners.delivery)],
    ['client_order_ref', order.orderNumber],
    ['origin', order.id],
    ['date_order', odooTime(order.issuedAt)],
    ['pricelist_id/.id', pricelist === 'none' ? '' : String(pricelist)],
  ];
  if (partners.invoice !== undefined) head.push(['partner_invoice_id/.id', String(partners.invoice)]);
  // An empty cell would wipe out what Odoo fills in by itself, so these columns are there only with a value.
  if (order.notes.length > 0) head.push(['note', notesOf(order)]);
  if (commitment !== undefined) head.push(['commitment_date', commitment]);
  for (const [field, ids] of terms.ids) head.push([`${field}/.id`, ids.join(',')]);
  const lineColumns = [
    'order_line/product_id/.id',
    'order_line/name',
    'order_line/product_uom_qty',
    'order_line/price_unit',
    'order_line/discount',
    `order_line/${fields.orderLine.taxes}/.id`,
  ];
  const inUnits = lines.some(({ unit }) => unit !== undefined);
  if (inUnits) lineColumns.push(`order_line/${fields.orderLine.unit}/.id`);
  const rows = lines.map((line, index) => [
    ...head.map(([, value]) => (index === 0 ? value : '')),
    String(line.product),
    line.name,
    line.quantity,
    line.price,
    '0',
    line.taxes.join(','),
    ...(inUnits ? [String(line.unit ?? line.ownUnit ?? '')] : []),
  ]);
  const { buyer, shipTo, billTo } = order.parties;
  return {
    key: context.key,
    columns: [...head.map(([column]) => column), ...lineColumns],
    rows,
    personal: [buyer, shipTo, ...(billTo ? [billTo] : [])].flatMap(personalOf).concat(order.notes),
  };
}

/** The notes as Odoo's terms and conditions (HTML). */
export function notesOf(order: CanonicalOrder): string {
  return order.notes.map(escapeHtml).join('<br/>');
}

/** Odoo's delivery date of an order, in its own notation; undefined: Odoo computes one. */
export function commitmentOf(
  order: CanonicalOrder,
  rule: 'requested' | 'promised' | 'none' = 'requested',
): string | undefined {
  if (rule === 'none') return undefined;
  const { promisedAt, requestedDelivery } = order;
  const wished = rule === 'requested' ? (requestedDelivery?.to ?? requestedDelivery?.from) : undefined;
  const at = promisedAt ?? wished;
  return at === undefined ? undefined : odooTime(at);
}

/** RFC 3339 as Odoo's `YYYY-MM-DD HH:MM:SS` in UTC. */
export function odooTime(rfc3339: string): string {
  const at = new Date(rfc3339);
  if (Number.isNaN(at.getTime())) {
    throw new CrossdockError('The time of the order is not a date.', {
      code: 'ORDER_DATE_INVALID',
      kind: 'permanent',
    });
  }
  return at.toISOString().slice(0, 19).replace('T', ' ');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`).replace(/\r?\n/g, '<br/>');
}
