/** Conversion in decimals: within one kind by definition, packagings by what the product says, nothing by guess. */
import { type DecimalValue, decimal, readDecimal, toFixedDigits, toPlain } from '../canonical/decimal';
import type { Decimal } from '../canonical/order';
import { CrossdockError } from '../errors';
import { type Unit, unitName, unitOf } from './units';

/** What one packaging of one product holds. Valid for that product only. */
export interface Packaging {
  /** The packaging, for example XCS. */
  readonly unit: string;
  /** How much of `of` is in it; greater than 0. */
  readonly quantity: Decimal;
  /** What is in it: a unit of count or measure, or the next smaller packaging. */
  readonly of: string;
}

export interface Converted {
  /** Plain decimal; where it has no finite end, 30 significant digits. */
  readonly value: Decimal;
  /** False when the value was cut ("1 piece in dozens"). */
  readonly exact: boolean;
}

/** Most packagings within packagings. */
const MAX_LEVELS = 10;
const SIGNIFICANT = 30;

/**
 * Converts a quantity.
 * @throws CrossdockError, all business:
 * - UNIT_UNKNOWN: a code of neither Recommendation 20 nor 21;
 * - UNIT_KINDS_DIFFER: kilograms are no litres;
 * - UNIT_PACKAGING_UNKNOWN: nothing says what the packaging holds of this product;
 * - UNIT_NOT_CONVERTIBLE: a unit without an exact size;
 * - QUANTITY_INVALID (permanent): no decimal number.
 */
export function convert(
  quantity: Decimal | number | DecimalValue,
  from: string,
  to: string,
  packagings: readonly Packaging[] = [],
): Converted {
  const amount = readDecimal(quantity);
  if (amount === undefined) {
    throw new CrossdockError('The quantity is not a decimal number.', {
      code: 'QUANTITY_INVALID',
      kind: 'permanent',
      facts: { unit: from },
    });
  }
  if (from === to) {
    known(from);
    return { value: toPlain(amount), exact: true };
  }
  const source = sizeOf(from, packagings);
  const target = sizeOf(to, packagings);
  if (source.kind !== target.kind || source.base !== target.base) throw kindsDiffer(from, to);
  const whole = amount.times(source.size);
  const value = divide(whole, target.size);
  return { value: toPlain(value), exact: value.times(target.size).eq(whole) };
}

/**
 * Converts and rounds to what the other side stores, and only when the way back gives the same quantity again, to half of
 * the last digit that either side keeps.
 * @param digits fraction digits of the target's quantity
 * @throws CrossdockError UNIT_ROUND_TRIP (business), and what `convert` throws
 */
export function convertRounded(
  quantity: Decimal | number | DecimalValue,
  from: string,
  to: string,
  digits: number,
  packagings: readonly Packaging[] = [],
): Decimal {
  const { value } = convert(quantity, from, to, packagings);
  const rounded = toFixedDigits(decimal(value), digits, 0).replace(/\.$/, '');
  const back = decimal(convert(rounded, to, from, packagings).value);
  const lost = back.minus(readDecimal(quantity) as DecimalValue).abs();
  if (lost.lte(decimal(`1e-${digits}`))) return rounded;
  throw new CrossdockError(
    `${text(quantity)} ${from} are ${value} ${to}; with ${digits} decimals that is ${rounded}, and back it would be ${toPlain(back)} ${from}. The quantity is not passed on rounded.`,
    { code: 'UNIT_ROUND_TRIP', kind: 'business', facts: { unit: from, to, digits } },
  );
}

/** Whether one can be converted into the other, with these packagings. */
export function convertible(from: string, to: string, packagings: readonly Packaging[] = []): boolean {
  try {
    convert('1', from, to, packagings);
    return true;
  } catch (error) {
    if (error instanceof CrossdockError) return false;
    throw error;
  }
}

interface Size {
  readonly kind: Unit['kind'];
  /** Of units that have no size: the unit itself, which only packagings of it share. */
  readonly base: string | undefined;
  readonly size: DecimalValue;
}

/** The size of a unit in its kind's base unit, through as many packagings as it takes. */
function sizeOf(code: string, packagings: readonly Packaging[]): Size {
  let size = decimal('1');
  let at = known(code);
  for (let level = 0; ; level += 1) {
    const packaging = packagings.find(({ unit }) => unit === at.code);
    if (packaging === undefined) break;
    if (level === MAX_LEVELS) {
      throw new CrossdockError(`The packaging ${unitName(code)} contains itself.`, {
        code: 'UNIT_PACKAGING_UNKNOWN',
        kind: 'business',
        facts: { unit: code },
      });
    }
    const held = readDecimal(packaging.quantity);
    if (held === undefined || held.lte(0)) throw packagingUnknown(at);
    size = size.times(held);
    at = known(packaging.of);
  }
  if (at.kind === 'packaging') throw packagingUnknown(at);
  if (at.factor !== undefined)
    return { kind: at.kind, base: undefined, size: size.times(decimal(at.factor)) };
  // "Two boxes of 10 reams" need no size of the ream.
  if (at.code !== code) return { kind: at.kind, base: at.code, size };
  throw new CrossdockError(`${unitName(code)} has no exact size, so it is not converted.`, {
    code: 'UNIT_NOT_CONVERTIBLE',
    kind: 'business',
    facts: { unit: code },
  });
}

function known(code: string): Unit {
  const unit = unitOf(code);
  if (unit !== undefined) return unit;
  throw new CrossdockError(`"${code.slice(0, 40)}" is not a unit of UN/ECE Recommendation 20 or 21.`, {
    code: 'UNIT_UNKNOWN',
    kind: 'business',
    facts: { unit: code.slice(0, 40) },
  });
}

function packagingUnknown(unit: Unit): CrossdockError {
  return new CrossdockError(
    `Nothing says how much of this product one ${unitName(unit.code)} holds. Teach it for the product.`,
    { code: 'UNIT_PACKAGING_UNKNOWN', kind: 'business', facts: { unit: unit.code } },
  );
}

function kindsDiffer(from: string, to: string): CrossdockError {
  const [a, b] = [known(from), known(to)];
  return new CrossdockError(
    `${unitName(from)} is a unit of ${a.kind}, ${unitName(to)} one of ${b.kind}: they are not converted into each other.`,
    { code: 'UNIT_KINDS_DIFFER', kind: 'business', facts: { unit: from, to } },
  );
}

/** Divides to significant digits: big.js alone counts digits after the point, and would lose tiny results. */
function divide(a: DecimalValue, b: DecimalValue): DecimalValue {
  if (a.eq(0)) return a;
  const shift = Math.max(0, b.e - a.e + 12);
  const quotient = a.times(decimal(1).times(`1e${shift}`)).div(b);
  const result = quotient.times(`1e-${shift}`);
  return result.c.length > SIGNIFICANT ? result.prec(SIGNIFICANT, 1) : result;
}

function text(quantity: Decimal | number | DecimalValue): string {
  return toPlain(readDecimal(quantity) as DecimalValue);
}
