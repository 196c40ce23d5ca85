import { roundHalfUp } from './python';

/** A percentage tax as `account.tax` has it. */
export interface PercentTax {
  readonly id: number;
  readonly amount: number;
  readonly included: boolean;
}

/** What of an order line matters for its amounts. */
export interface PricedLine {
  readonly quantity: number;
  readonly priceUnit: number;
  readonly discount: number;
  readonly taxes: readonly PercentTax[];
}

/** Amounts of a line or of an order, in the currency's digits. */
export interface Amounts {
  readonly untaxed: number;
  readonly tax: number;
  readonly total: number;
}

interface RawLine {
  readonly base: number;
  readonly taxes: readonly { readonly tax: PercentTax; readonly amount: number }[];
}

/** Base and taxes of a line before any rounding. Included taxes are taken out of the price together. */
function rawLine(line: PricedLine): RawLine {
  const gross = line.quantity * line.priceUnit * (1 - line.discount / 100);
  const includedRate = line.taxes.reduce((sum, tax) => sum + (tax.included ? tax.amount : 0), 0);
  const base = gross / (1 + includedRate / 100);
  return { base, taxes: line.taxes.map((tax) => ({ tax, amount: (base * tax.amount) / 100 })) };
}

/**
 * Amounts of some lines together, the way Odoo 19's `round_globally` does it: every tax is summed over the lines and
 * rounded once. Where all taxes are in the prices the total is what is rounded, and the base is what remains.
 */
export function orderAmounts(lines: readonly PricedLine[], digits: number): Amounts {
  const raw = lines.map(rawLine);
  const perTax = new Map<number, number>();
  for (const { taxes } of raw) {
    for (const { tax, amount } of taxes) perTax.set(tax.id, (perTax.get(tax.id) ?? 0) + amount);
  }
  const tax = [...perTax.values()].reduce((sum, amount) => sum + roundHalfUp(amount, digits), 0);
  const base = raw.reduce((sum, line) => sum + line.base, 0);
  const allIncluded = lines.every((line) => line.taxes.every((item) => item.included));
  const rawTax = [...perTax.values()].reduce((sum, amount) => sum + amount, 0);
  const untaxed = allIncluded ? roundHalfUp(base + rawTax, digits) - tax : roundHalfUp(base, digits);
  return {
    untaxed: roundHalfUp(untaxed, digits),
    tax: roundHalfUp(tax, digits),
    total: roundHalfUp(untaxed + tax, digits),
  };
}

/**
 * Amounts of one line by itself: base and taxes are rounded each, and the total is their sum, also where the tax is in
 * the price (so it may be a cent off the price). `tax` is the float difference of the other two, as Odoo stores it.
 */
export function lineAmounts(line: PricedLine, digits: number): Amounts {
  const raw = rawLine(line);
  const untaxed = roundHalfUp(raw.base, digits);
  const tax = raw.taxes.reduce((sum, item) => sum + roundHalfUp(item.amount, digits), 0);
  const total = roundHalfUp(untaxed + tax, digits);
  return { untaxed, tax: total - untaxed, total };
}
