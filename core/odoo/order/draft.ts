/** The lines of a canonical order as Odoo will have them, nothing looked up yet: what is wrong with an order by itself. */
import { decimal } from '../../canonical/decimal';
import type { AllowanceCharge, CanonicalOrder, OrderLine, Tax } from '../../canonical/order';
import { CrossdockError } from '../../errors/index';
import { type ProductKey, type ProductMatch, productKeyText } from './products';
import type { ItemMeaning } from './types';
import type { OrderedUnit } from './units';

export interface DraftOptions {
  /** Internal reference of the product that stands for charges (freight, fees). */
  readonly chargeSku: string;
  /** Internal reference of the product that stands for discounts. */
  readonly discountSku: string;
}

/** One line for Odoo. */
export interface DraftLine {
  /** Of the canonical order's line; undefined for allowances and charges of the whole order. */
  readonly lineId: string | undefined;
  readonly product: ProductKey;
  /** What is ordered, for the sentence about a missing product. */
  readonly role: 'item' | 'charge' | 'discount';
  readonly quantity: string;
  /** Exact unit price, plain decimal notation. */
  readonly price: string;
  readonly name: string | undefined;
  readonly taxes: readonly Tax[];
  /** What the quantity is told in; undefined: in the product's own unit. */
  readonly unit: OrderedUnit | undefined;
}

/** What the codes of lines without SKU and GTIN stand for, by line id. */
export type Meanings = ReadonlyMap<string, ItemMeaning>;

/**
 * One line per ordered item that is still wanted, then one per allowance and charge.
 *
 * Throws ITEM_UNIDENTIFIED or ORDER_EMPTY (business).
 */
export function draftLines(
  order: CanonicalOrder,
  options: DraftOptions,
  meanings: Meanings = new Map(),
): DraftLine[] {
  const lines: DraftLine[] = [];
  for (const line of order.lines) {
    const quantity = decimal(line.quantity.current);
    if (quantity.eq(0)) continue;
    const meaning = meanings.get(line.lineId);
    lines.push({
      lineId: line.lineId,
      product: productKeyOf(line, meaning),
      role: 'item',
      quantity: quantity.toFixed(),
      price: decimal(line.unitPrice.amount).div(decimal(line.unitPrice.baseQuantity)).toFixed(),
      name: line.item.description,
      taxes: line.taxes,
      unit: unitOf(line, meaning),
    });
    // EN 16931: an allowance or charge of a line is taxed as the line is, unless it says otherwise.
    for (const entry of line.allowancesCharges) pushEntry(lines, entry, line.taxes, options, line.lineId);
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

/** A code that stands for a packaging is ordered in packagings, whatever the partner calls them. */
function unitOf({ lineId, unit, packQuantity }: OrderLine, meaning: ItemMeaning | undefined): OrderedUnit {
  if (meaning?.packLevel && meaning.quantityPerUnit) {
    return { lineId, unit: meaning.packLevel, packQuantity: meaning.quantityPerUnit };
  }
  return { lineId, unit, packQuantity };
}

function pushEntry(
  lines: DraftLine[],
  entry: AllowanceCharge,
  inherited: readonly Tax[],
  options: DraftOptions,
  lineId?: string,
): void {
  const amount = decimal(entry.amount);
  if (amount.eq(0)) return;
  lines.push({
    lineId,
    product: { scheme: 'sku', value: entry.isCharge ? options.chargeSku : options.discountSku },
    role: entry.isCharge ? 'charge' : 'discount',
    quantity: '1',
    price: (entry.isCharge ? amount : amount.times(-1)).toFixed(),
    name: entry.reason,
    taxes: entry.taxes.length > 0 ? entry.taxes : inherited,
    unit: undefined,
  });
}

/** Schemes by which Odoo knows its products, in the order in which they count. */
const SCHEMES = ['sku', 'gtin', 'odoo:product.product'] as const;

/** Whether the line names its item by something that Odoo knows. */
export function isIdentified(line: OrderLine): boolean {
  return line.item.identifiers.some(({ scheme, value }) => SCHEMES.some((own) => own === scheme) && value);
}

function productKeyOf(line: OrderLine, meaning: ItemMeaning | undefined): ProductKey {
  for (const scheme of SCHEMES) {
    const value = line.item.identifiers.find((identifier) => identifier.scheme === scheme)?.value;
    if (value) return { scheme, value };
  }
  const scheme = SCHEMES.find((own) => own === meaning?.targetScheme);
  if (meaning !== undefined && scheme !== undefined) return { scheme, value: meaning.target };
  const [first] = line.item.identifiers;
  const hint =
    first === undefined ? '' : ` Teach what ${first.scheme} "${first.value}" stands for, then send it again.`;
  throw new CrossdockError(`Line ${line.lineId} names its item neither by SKU nor by GTIN.${hint}`, {
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
