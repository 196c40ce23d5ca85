/** Which line in Odoo is which of the order. People reorder and change lines, so nothing is told by position alone. */
import { decimal } from '../../canonical/decimal';
import type { OdooLine } from './read';
import type { RowLine } from './rows';

export interface Pairing {
  /** Every wanted line, with Odoo's where there is one. */
  readonly pairs: readonly { readonly wanted: RowLine; readonly line: OdooLine | undefined }[];
  /** Lines in Odoo that are not wanted. */
  readonly rest: readonly OdooLine[];
}

/** Prices in Odoo have as many digits as it is set to keep; within this they are the same. */
const PRICE_EPSILON = 0.005;

/** How much alike two lines must be, best first. The product always counts: Odoo does not let it change. */
const LIKENESSES: readonly ((wanted: RowLine, line: OdooLine) => boolean)[] = [
  (wanted, line) =>
    samePrice(wanted, line) &&
    sameQuantity(wanted, line) &&
    sameUnit(wanted, line) &&
    wanted.name === line.name,
  (wanted, line) => samePrice(wanted, line) && sameUnit(wanted, line) && wanted.name === line.name,
  (wanted, line) => wanted.name === line.name && sameUnit(wanted, line),
  (wanted, line) => samePrice(wanted, line) && sameUnit(wanted, line),
  () => true,
];

export function pairLines(wanted: readonly RowLine[], lines: readonly OdooLine[]): Pairing {
  const found = new Map<RowLine, OdooLine>();
  const free = new Set(lines);
  for (const alike of LIKENESSES) {
    for (const each of wanted) {
      if (found.has(each)) continue;
      for (const line of free) {
        if (line.product !== each.product || !alike(each, line)) continue;
        found.set(each, line);
        free.delete(line);
        break;
      }
    }
  }
  return { pairs: wanted.map((each) => ({ wanted: each, line: found.get(each) })), rest: [...free] };
}

export function samePrice(wanted: RowLine, line: OdooLine): boolean {
  return decimal(wanted.price).minus(decimal(line.price)).abs().lte(PRICE_EPSILON);
}

export function sameQuantity(wanted: RowLine, line: OdooLine): boolean {
  return decimal(wanted.quantity).eq(decimal(line.quantity));
}

export function sameUnit(wanted: RowLine, line: OdooLine): boolean {
  return line.unit === undefined || (wanted.unit ?? wanted.ownUnit ?? line.unit) === line.unit;
}
