/** A canonical order as rows for `load`. Everything about an order alone that is wrong is found here. */

import { decimal } from '../../canonical/decimal';
import type { AllowanceCharge, CanonicalOrder, OrderLine, Tax } from '../../canonical/order';
import { CrossdockError } from '../../errors/index';
import type { FieldMap } from '../client/field-map';
import type { KeyedRecord } from '../load/keyed-load';
import { type OrderPartners, personalOf } from './customers';
import { type ProductKey, type ProductMatch, productKeyText, type SalesData } from './sales-data';

export interface RowOptions {
  /** Internal reference of the product that stands for charges (freight, fees). */
  readonly chargeSku: string;
  /** Internal reference of the product that stands for discounts. */
  readonly discountSku: string;
}

/** One line for Odoo, products not yet looked up. */
export interface DraftLine {
  readonly product: ProductKey;
  /** What is ordered, for the sentence about a missing product. */
  readonly role: 'item' | 'charge' | 'discount';
  readonly quantity: string;
  /** Exact unit price, plain decimal notation. */
  readonly price: string;
  readonly name: string | undefined;
  readonly taxes: readonly Tax[];
}

/** UN/ECE codes that mean the product's own unit. Others need the unit mapping, which is not there yet. */
const PIECE_UNITS = new Set(['C62', 'EA', 'H87']);

/**
 * The lines of an order: one per ordered item that is still wanted, then one per allowance and charge.
 *
 * Throws ITEM_UNIDENTIFIED, UNIT_UNSUPPORTED or ORDER_EMPTY (business).
 */
export function draftLines(order: CanonicalOrder, options: RowOptions): DraftLine[] {
  const lines: DraftLine[] = [];
  for (const line of order.lines) {
    const quantity = decimal(line.quantity.current);
    if (quantity.eq(0)) continue;
    if (!PIECE_UNITS.has(line.unit)) {
      throw new CrossdockError(
        `Line ${line.lineId} is ordered in the unit ${line.unit}; only pieces (C62, EA, H87) can be placed so far.`,
        { code: 'UNIT_UNSUPPORTED', kind: 'business', facts: { line: line.lineId, unit: line.unit } },
      );
    }
    lines.push({
      product: productKeyOf(line),
      role: 'item',
      quantity: quantity.toFixed(),
      price: decimal(line.unitPrice.amount).div(decimal(line.unitPrice.baseQuantity)).toFixed(),
      name: line.item.description,
      taxes: line.taxes,
    });
    // EN 16931: an allowance or charge of a line is taxed as the line is, unless it says otherwise.
    for (const entry of line.allowancesCharges) pushEntry(lines, entry, line.taxes, options);
  }
  if (lines.length === 0) {
    throw new CrossdockError('Nothing is left to order: every line of the order has the quantity 0.', {
      code: 'ORDER_EMPTY',
      kind: 'business',
    });
  }
  for (const entry of order.allowancesCharges) pushEntry(lines, entry, [], options);
  return lines;
}

function pushEntry(
  lines: DraftLine[],
  entry: AllowanceCharge,
  inherited: readonly Tax[],
  options: RowOptions,
): void {
  const amount = decimal(entry.amount);
  if (amount.eq(0)) return;
  lines.push({
    product: { scheme: 'sku', value: entry.isCharge ? options.chargeSku : options.discountSku },
    role: entry.isCharge ? 'charge' : 'discount',
    quantity: '1',
    price: (entry.isCharge ? amount : amount.times(-1)).toFixed(),
    name: entry.reason,
    taxes: entry.taxes.length > 0 ? entry.taxes : inherited,
  });
}

function productKeyOf(line: OrderLine): ProductKey {
  for (const scheme of ['sku', 'gtin'] as const) {
    const value = line.item.identifiers.find((identifier) => identifier.scheme === scheme)?.value;
    if (value) return { scheme, value };
  }
  throw new CrossdockError(`Line ${line.lineId} names its item neither by SKU nor by GTIN.`, {
    code: 'ITEM_UNIDENTIFIED',
    kind: 'business',
    facts: { line: line.lineId },
  });
}

/**
 * Fails the order when one of its products cannot be told.
 *
 * Throws UNKNOWN_SKU or SKU_AMBIGUOUS (business), naming the products.
 */
export function assertProducts(
  lines: readonly DraftLine[],
  matches: ReadonlyMap<string, ProductMatch>,
): void {
  const of = (state: 'unknown' | 'ambiguous') =>
    lines.filter((line) => (matches.get(productKeyText(line.product)) ?? 'unknown') === state);
  const unknown = of('unknown');
  if (unknown.length > 0) {
    const names = namesOf(unknown);
    const roles = new Set(unknown.map((line) => line.role));
    const purpose = roles.has('item')
      ? ''
      : ` (needed for ${roles.has('charge') ? 'charges such as freight' : 'discounts'}, see the odoo order node)`;
    throw new CrossdockError(
      `Odoo has no product ${names}${purpose}: create it or correct its internal reference, then send the order again.`,
      { code: 'UNKNOWN_SKU', kind: 'business', facts: { sku: names } },
    );
  }
  const ambiguous = of('ambiguous');
  if (ambiguous.length > 0) {
    const names = namesOf(ambiguous);
    throw new CrossdockError(
      `More than one product in Odoo has the internal reference or barcode ${names}.`,
      {
        code: 'SKU_AMBIGUOUS',
        kind: 'business',
        facts: { sku: names },
      },
    );
  }
}

function namesOf(lines: readonly DraftLine[]): string {
  const names = [...new Set(lines.map((line) => line.product.value))];
  return names.length > 10
    ? `${names.slice(0, 10).join(', ')} and ${names.length - 10} more`
    : names.join(', ');
}

/** Where the looked-up values of one order come from. */
export interface RowContext {
  readonly key: string;
  readonly partners: OrderPartners;
  readonly products: ReadonlyMap<string, ProductMatch>;
  readonly sales: SalesData;
  readonly fields: FieldMap;
}

/**
 * The order's rows. All cells are strings, as `load` wants them; an empty cell of a line's taxes means "no taxes" and
 * keeps Odoo from adding the product's own.
 *
 * Throws TAX_NOT_FOUND, CURRENCY_MISMATCH (business).
 */
export async function orderRecord(
  order: CanonicalOrder,
  lines: readonly DraftLine[],
  context: RowContext,
): Promise<KeyedRecord> {
  const { partners, sales, fields } = context;
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
  // An empty cell would wipe out Odoo's standard terms, so the column is there only when there are notes.
  if (order.notes.length > 0) head.push(['note', order.notes.map(escapeHtml).join('<br/>')]);
  const lineColumns = [
    'order_line/product_id/.id',
    'order_line/name',
    'order_line/product_uom_qty',
    'order_line/price_unit',
    'order_line/discount',
    `order_line/${fields.orderLine.taxes}/.id`,
  ];
  const rows: string[][] = [];
  for (const line of lines) {
    const product = context.products.get(productKeyText(line.product));
    if (typeof product !== 'object') throw new Error(`product of ${line.role} was not resolved`);
    const taxes: number[] = [];
    for (const tax of line.taxes) {
      const found = await sales.findTax(tax.rate, order.pricesIncludeTax);
      if (found && !taxes.includes(found.id)) taxes.push(found.id);
    }
    const header = rows.length === 0 ? head.map(([, value]) => value) : head.map(() => '');
    rows.push([
      ...header,
      String(product.id),
      line.name?.trim() || product.name,
      line.quantity,
      line.price,
      '0',
      taxes.join(','),
    ]);
  }
  const { buyer, shipTo, billTo } = order.parties;
  return {
    key: context.key,
    columns: [...head.map(([column]) => column), ...lineColumns],
    rows,
    personal: [buyer, shipTo, ...(billTo ? [billTo] : [])].flatMap(personalOf).concat(order.notes),
  };
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
