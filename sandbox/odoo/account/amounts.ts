/** Amounts of a document and of its lines, as Odoo 19 keeps them with `round_globally`. */
import { type Amounts, lineAmounts, orderAmounts, type PercentTax, type PricedLine } from '../amounts';
import type { Row } from '../database';
import type { Environment } from '../environment';
import { idList, num } from '../model';
import { roundHalfUp } from '../python';

export const digitsOf = (env: Environment, move: Row): number =>
  num(env.row('res.currency', num(move.currency_id)).decimal_places);

export function pricedLine(env: Environment, line: Row): PricedLine {
  return {
    quantity: num(line.quantity),
    priceUnit: num(line.price_unit),
    discount: num(line.discount),
    taxes: idList(line.tax_ids).map((id): PercentTax => {
      const tax = env.row('account.tax', id);
      return { id, amount: num(tax.amount), included: tax.price_include_override === 'tax_included' };
    }),
  };
}

export interface DocumentAmounts extends Amounts {
  /** What each line shows of itself. */
  readonly lines: readonly Amounts[];
  /** What each line is booked with: the lines' own amounts, and the cents that the sum is off, on the largest lines. */
  readonly booked: readonly number[];
  /** What each tax is booked with, and what it was computed of. */
  readonly taxes: ReadonlyMap<number, { readonly amount: number; readonly base: number }>;
}

export function documentAmounts(lines: readonly PricedLine[], digits: number): DocumentAmounts {
  const total = orderAmounts(lines, digits);
  const each = lines.map((line) => lineAmounts(line, digits));
  const booked = each.map(({ untaxed }) => untaxed);
  const cent = 10 ** -digits;
  let off = Math.round((total.untaxed - booked.reduce((sum, amount) => sum + amount, 0)) / cent);
  const largest = each
    .map((_line, index) => index)
    .sort((a, b) => Math.abs(booked[b] ?? 0) - Math.abs(booked[a] ?? 0));
  for (let at = 0; off !== 0 && largest.length > 0; at = (at + 1) % largest.length) {
    const index = largest[at] ?? 0;
    booked[index] = roundHalfUp((booked[index] ?? 0) + Math.sign(off) * cent, digits);
    off -= Math.sign(off);
  }
  return { ...total, lines: each, booked, taxes: taxesOf(lines, booked, digits) };
}

function taxesOf(lines: readonly PricedLine[], booked: readonly number[], digits: number) {
  const taxes = new Map<number, { amount: number; base: number }>();
  for (const id of new Set(lines.flatMap((line) => line.taxes.map((tax) => tax.id)))) {
    const own = lines.filter((line) => line.taxes.some((tax) => tax.id === id));
    const amount = orderAmounts(
      own.map((line) => ({ ...line, taxes: line.taxes.filter((tax) => tax.id === id) })),
      digits,
    ).tax;
    const base = lines.reduce(
      (sum, line, index) => (own.includes(line) ? sum + (booked[index] ?? 0) : sum),
      0,
    );
    taxes.set(id, { amount, base: roundHalfUp(base, digits) });
  }
  return taxes;
}
