/** What the sample's own numbers tell: whether prices are of one unit or of the whole line, and with or without tax. */
import { decimalStyle } from '../looks';
import { valuesAt } from '../paths';
import type { Candidate } from './source';

export interface Sums {
  /** The price that was found is the line's amount: it must be divided by the quantity. */
  readonly priceOfLine: boolean;
  /** Undefined when the numbers do not tell. */
  readonly includesTax: boolean | undefined;
}

export interface Amounts {
  readonly quantity: Candidate | undefined;
  readonly price: Candidate | undefined;
  /** Sums that the message tells: totals, subtotals. */
  readonly totals: readonly Candidate[];
  readonly taxes: readonly Candidate[];
  readonly freight: readonly Candidate[];
  readonly discounts: readonly Candidate[];
}

const UNKNOWN: Sums = { priceOfLine: false, includesTax: undefined };
const TOLERANCE = 0.011;

/** @param document the sample; undefined when there is none */
export function sumsOf(document: unknown, amounts: Amounts): Sums {
  const { quantity, price, totals } = amounts;
  if (document === undefined || quantity === undefined || price === undefined) return UNKNOWN;
  const quantities = numbers(document, quantity);
  const prices = numbers(document, price);
  if (quantities.length === 0 || quantities.length !== prices.length) return UNKNOWN;
  const lines = prices.reduce((sum, value) => sum + value, 0);
  const units = prices.reduce((sum, value, index) => sum + value * (quantities[index] ?? 0), 0);
  const known = totals.map((candidate) => total(document, candidate)).filter((value) => value > 0);
  const parts = {
    tax: sum(document, amounts.taxes),
    freight: sum(document, amounts.freight),
    discount: sum(document, amounts.discounts),
  };
  const byUnit = explain(units, parts, known);
  const byLine = Math.abs(lines - units) < TOLERANCE ? undefined : explain(lines, parts, known);
  if (byUnit !== undefined) return { priceOfLine: false, includesTax: byUnit.includesTax };
  return byLine === undefined ? UNKNOWN : { priceOfLine: true, includesTax: byLine.includesTax };
}

/** Which of tax, freight and discounts bring the lines to one of the totals. */
function explain(
  base: number,
  parts: Readonly<Record<'tax' | 'freight' | 'discount', number>>,
  totals: readonly number[],
): { includesTax: boolean | undefined } | undefined {
  // The largest total is what is paid: whether the tax is needed to come to it is what we want to know.
  for (const wanted of [...totals].sort((a, b) => b - a)) {
    for (const tax of [0, parts.tax]) {
      for (const freight of [0, parts.freight]) {
        for (const discount of [0, parts.discount]) {
          if (Math.abs(base + tax + freight - discount - wanted) > TOLERANCE * 2) continue;
          const isLargest = wanted === Math.max(...totals);
          return { includesTax: parts.tax > 0 && isLargest ? tax === 0 : undefined };
        }
      }
    }
  }
  return undefined;
}

/** Whether the tax that the message tells is that of its lines and of the freight at the lines' one rate. */
export function freightIsTaxed(
  document: unknown,
  of: Readonly<Record<'quantity' | 'price' | 'rate' | 'freight' | 'tax', Candidate>>,
): boolean {
  const rates = numbers(document, of.rate);
  const [rate] = rates;
  if (rate === undefined || rate === 0 || rates.some((each) => each !== rate)) return false;
  const quantities = numbers(document, of.quantity);
  const net = numbers(document, of.price).reduce(
    (all, price, index) => all + price * (quantities[index] ?? 0),
    0,
  );
  const freight = total(document, of.freight);
  const factor = rate < 1 ? rate : rate / 100;
  const tax = total(document, of.tax);
  // Taxes are rounded per line: a cent for each.
  const slack = 0.01 * (rates.length + 1);
  return (
    freight > 0 && Math.abs(net * factor - tax) > slack && Math.abs((net + freight) * factor - tax) <= slack
  );
}

function sum(document: unknown, candidates: readonly Candidate[]): number {
  return candidates.reduce((all, candidate) => all + total(document, candidate), 0);
}

function total(document: unknown, candidate: Candidate): number {
  return numbers(document, candidate).reduce((all, value) => all + value, 0);
}

/** Good enough to tell one reading from another; nothing is calculated with it. */
function numbers(document: unknown, { path, field }: Candidate): number[] {
  const comma = field.type === 'text' && decimalStyle(field.examples)?.mark === ',';
  return valuesAt(document, path).flatMap((value) => {
    const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
    const plain = comma ? text.replaceAll('.', '').replace(',', '.') : text.replaceAll(',', '');
    const number = plain === '' ? Number.NaN : Number(plain);
    return Number.isFinite(number) ? [number] : [];
  });
}

/** Whether a field of flat rows differs within a document: undefined when no document has several rows. */
export function variesWithin(rows: unknown, path: string, groupBy: string): boolean | undefined {
  if (!Array.isArray(rows)) return undefined;
  const read = (row: unknown, field: string): string => JSON.stringify(valuesAt([row], field));
  const seen = new Map<string, Set<string>>();
  let several = false;
  for (const row of rows.slice(0, 200) as unknown[]) {
    const key = read(row, groupBy);
    const values = seen.get(key);
    if (values === undefined) {
      seen.set(key, new Set([read(row, path)]));
      continue;
    }
    several = true;
    values.add(read(row, path));
  }
  if (!several) return undefined;
  return [...seen.values()].some((values) => values.size > 1);
}
