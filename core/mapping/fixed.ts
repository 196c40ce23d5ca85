/**
 * Decimals of everyday size, exact: a whole number and how many of its digits are decimals. Amounts and quantities fit
 * into it, and calculating with it costs a tenth of big.js; whatever does not fit goes on in big.js, exact as well.
 */
import {
  type DecimalValue,
  decimal,
  isDecimalValue,
  readDecimal,
  toFixedDigits,
  toPlain,
} from '../canonical/decimal';

/** A decimal in the middle of a calculation. */
export type Num = Fixed | DecimalValue;

const MAX = Number.MAX_SAFE_INTEGER;
const MAX_SCALE = 15;
/** Digits that surely fit. */
const MAX_DIGITS = 15;
const POWERS: readonly number[] = Array.from({ length: MAX_SCALE + 1 }, (_, exponent) => 10 ** exponent);

export class Fixed {
  constructor(
    readonly units: number,
    /** Of the units, so many digits are decimals; 0 to 15. */
    readonly scale: number,
  ) {}
}

export function isNum(value: unknown): value is Num {
  return value instanceof Fixed || isDecimalValue(value);
}

/** Reads a decimal from text ("12.30", "1e-7") or a finite number; undefined when it is none. */
export function readNum(value: unknown): Num | undefined {
  if (typeof value === 'string') return parse(value) ?? readDecimal(value);
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? new Fixed(value, 0) : (parse(String(value)) ?? readDecimal(value));
  }
  return value instanceof Fixed ? value : readDecimal(value);
}

/** For what calculates with big.js. */
export function toBig(value: Num): DecimalValue {
  return value instanceof Fixed ? decimal(textOfFixed(value)) : value;
}

/** Plain text without exponent, without zeros behind, and without a negative zero: "12.3", "0". */
export function plainText(value: Num): string {
  return value instanceof Fixed ? textOfFixed(value) : toPlain(value);
}

export function add(a: Num, b: Num): Num {
  if (a instanceof Fixed && b instanceof Fixed) {
    const scale = Math.max(a.scale, b.scale);
    const units = a.units * power(scale - a.scale) + b.units * power(scale - b.scale);
    if (Math.abs(units) <= MAX && fits(a, scale) && fits(b, scale)) return new Fixed(units, scale);
  }
  return toBig(a).plus(toBig(b));
}

export function negate(a: Num): Num {
  return a instanceof Fixed ? new Fixed(0 - a.units, a.scale) : a.neg();
}

export function absolute(a: Num): Num {
  return a instanceof Fixed ? new Fixed(Math.abs(a.units), a.scale) : a.abs();
}

export function multiply(a: Num, b: Num): Num {
  if (a instanceof Fixed && b instanceof Fixed && a.scale + b.scale <= MAX_SCALE) {
    const units = a.units * b.units;
    if (Math.abs(units) <= MAX) return new Fixed(units, a.scale + b.scale);
  }
  return toBig(a).times(toBig(b));
}

/** b must not be 0. What does not divide evenly has 20 decimals. */
export function divide(a: Num, b: Num): Num {
  if (a instanceof Fixed && b instanceof Fixed) {
    // More decimals are tried until it divides evenly, or does not fit.
    for (let extra = 0; a.scale + extra <= MAX_SCALE; extra += 1) {
      const units = a.units * power(b.scale + extra);
      if (Math.abs(units) > MAX) break;
      if (units % b.units === 0) return new Fixed(units / b.units, a.scale + extra);
    }
  }
  return toBig(a).div(toBig(b));
}

/** -1, 0 or 1. */
export function compareNums(a: Num, b: Num): number {
  if (a instanceof Fixed && b instanceof Fixed) {
    const scale = Math.max(a.scale, b.scale);
    const [left, right] = [a.units * power(scale - a.scale), b.units * power(scale - b.scale)];
    if (Math.abs(left) <= MAX && Math.abs(right) <= MAX) return left === right ? 0 : left < right ? -1 : 1;
  }
  return toBig(a).cmp(toBig(b));
}

export function isZero(a: Num): boolean {
  return a instanceof Fixed ? a.units === 0 : a.eq(0);
}

export function isWhole(a: Num): boolean {
  return a instanceof Fixed ? a.units % power(a.scale) === 0 : a.round(0, 0).eq(a);
}

/**
 * Rounds half away from zero to `digits` fraction digits and writes all of them; zeros after `min` digits are dropped.
 * (As toFixedDigits of core/canonical.)
 */
export function roundedText(value: Num, digits: number, min: number = digits): string {
  if (!(value instanceof Fixed) || digits > MAX_SCALE) return toFixedDigits(toBig(value), digits, min);
  let { units, scale } = value;
  if (scale > digits) {
    const unit = power(scale - digits);
    const rest = units % unit;
    units = (units - rest) / unit;
    if (Math.abs(rest) * 2 >= unit) units += rest < 0 ? -1 : 1;
    scale = digits;
  }
  return write(units, scale, digits, min);
}

function textOfFixed({ units, scale }: Fixed): string {
  return write(units, scale, scale, 0);
}

/** The text with at most `digits` (at least as many as the scale) and at least `min` fraction digits. */
function write(units: number, scale: number, digits: number, min: number): string {
  if (scale === 0 && digits === 0) return units === 0 ? '0' : String(units);
  const text = String(Math.abs(units)).padStart(scale + 1, '0');
  const point = text.length - scale;
  let fraction = text.slice(point).padEnd(digits, '0');
  let end = fraction.length;
  while (end > min && fraction.charCodeAt(end - 1) === 48) end -= 1;
  fraction = fraction.slice(0, end);
  const whole = units < 0 ? `-${text.slice(0, point)}` : text.slice(0, point);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** A plain decimal of at most 15 digits; undefined for anything else. */
function parse(text: string): Fixed | undefined {
  const { length } = text;
  if (length === 0 || length > MAX_DIGITS + 2) return undefined;
  const first = text.charCodeAt(0);
  const signed = first === 45 || first === 43;
  let units = 0;
  let digits = 0;
  let scale = -1;
  for (let at = signed ? 1 : 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 46) {
      if (scale >= 0) return undefined;
      scale = 0;
      continue;
    }
    if (code < 48 || code > 57) return undefined;
    units = units * 10 + (code - 48);
    digits += 1;
    if (scale >= 0) scale += 1;
  }
  if (digits === 0 || digits > MAX_DIGITS) return undefined;
  return new Fixed(first === 45 ? 0 - units : units, Math.max(0, scale));
}

function fits({ units, scale }: Fixed, at: number): boolean {
  return Math.abs(units * power(at - scale)) <= MAX;
}

/** Exponents come from differences and sums of scales: at most 30, beyond which nothing fits. */
function power(exponent: number): number {
  return POWERS[exponent] ?? 10 ** exponent;
}
