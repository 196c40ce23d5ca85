/** Comparing what a document says it costs with what its rows add up to, in decimal arithmetic. */
import { currencyExponent, type DecimalValue, decimal, readDecimal, toFixedDigits } from '../decimal';
import type { Decimal } from '../order';
import type { CanonicalProblem } from './problem';

/**
 * Gathers the differences of one document in one currency. Sums over rows may differ from the reported sum by half a
 * minor unit per row that was rounded, since partners round each row or only the sum; relations between reported
 * totals are exact (0 rows).
 */
export class Footing {
  readonly problems: CanonicalProblem[] = [];
  readonly #currency: string;
  readonly #digits: number;
  readonly #half: DecimalValue;
  readonly #says: string;

  /** @param says what the reported figure is called: "the order's totals say" */
  private constructor(currency: string, digits: number, says: string) {
    this.#currency = currency;
    this.#digits = digits;
    this.#half = decimal(`0.${'0'.repeat(digits)}5`);
    this.#says = says;
  }

  /** Starts with a currency; a problem when ISO 4217 does not know it. */
  static in(currency: string, says: string): Footing | CanonicalProblem {
    const digits = currencyExponent(currency);
    if (digits === undefined)
      return { path: '/currency', kind: 'totals', message: `${currency} is not a currency of ISO 4217` };
    return new Footing(currency, digits, says);
  }

  /** An amount as people read it: "12.30 EUR". */
  money(amount: DecimalValue): string {
    return `${toFixedDigits(amount, this.#digits)} ${this.#currency}`;
  }

  /** Every amount of a record must have no more fraction digits than the currency. */
  digits(path: string, amounts: Readonly<Record<string, unknown>>, rule?: string): void {
    for (const [field, value] of Object.entries(amounts)) {
      const read = typeof value === 'string' ? readDecimal(value) : undefined;
      if (read === undefined || read.round(this.#digits, 1).eq(read)) continue;
      const text = `${value} has more fraction digits than ${this.#currency} has (${this.#digits})`;
      this.add(`${path}/${field}`, text, rule);
    }
  }

  /**
   * Compares a reported figure with what it must be.
   * @param rows how many rounded rows it is made of; 0: exact
   * @param what the computation in words, before the computed figure: "the 2 line(s) add up to"
   */
  compare(
    path: string,
    reported: Decimal | DecimalValue,
    computed: DecimalValue,
    rows: number,
    what: string,
    rule?: string,
  ): void {
    const said = typeof reported === 'string' ? decimal(reported) : reported;
    const difference = computed.minus(said).abs();
    if (difference.lte(this.#half.times(rows))) return;
    const apart = `${this.money(difference)} apart`;
    this.add(path, `${what} ${this.money(computed)}, but ${this.#says} ${this.money(said)} (${apart})`, rule);
  }

  /** A problem of its own; with a rule its sentence begins with the rule's name. */
  add(path: string, message: string, rule?: string): void {
    this.problems.push(
      rule === undefined
        ? { path, kind: 'totals', message }
        : { path, kind: 'totals', rule, message: `${rule}: ${message}` },
    );
  }
}
