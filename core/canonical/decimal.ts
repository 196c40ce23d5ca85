/**
 * Decimal arithmetic for money and quantities. Binary floats never take part: numbers become decimals through their
 * shortest text ("0.1" stays 0.1).
 */
import Big from 'big.js';
import type { Decimal } from './order';

/** Our own constructor: its precision cannot be changed by another user of big.js in the same process. */
const DecimalNumber = Big();
DecimalNumber.DP = 20;
DecimalNumber.RM = 1;

/** A decimal number in the middle of a calculation. */
export type DecimalValue = Big;

/** Longest text taken for a number: beyond it, big.js' arithmetic costs time that no real amount needs. */
const MAX_DIGITS = 40;
const PLAIN = /^[+-]?(?:\d+\.?\d*|\.\d+)$/;
const EXPONENT = /^[+-]?\d+(?:\.\d+)?[eE][+-]?\d{1,2}$/;

/** Reads a decimal from text ("12.30", "+7", "1e-7") or a finite number; undefined when it is none. */
export function readDecimal(value: unknown): DecimalValue | undefined {
  if (value instanceof DecimalNumber) return value as DecimalValue;
  if (typeof value === 'number') return Number.isFinite(value) ? DecimalNumber(String(value)) : undefined;
  if (typeof value !== 'string' || value.length > MAX_DIGITS) return undefined;
  if (!PLAIN.test(value) && !EXPONENT.test(value)) return undefined;
  // big.js throws at a plus sign.
  return DecimalNumber(value.startsWith('+') ? value.slice(1) : value);
}

/** As `readDecimal`, for values that a contract has already checked. Throws a RangeError otherwise. */
export function decimal(value: Decimal | number): DecimalValue {
  const read = readDecimal(value);
  if (read === undefined) throw new RangeError('not a decimal number');
  return read;
}

/** Whether a value is a decimal in the middle of a calculation. */
export function isDecimalValue(value: unknown): value is DecimalValue {
  return value instanceof DecimalNumber;
}

/** Plain text without exponent and without a negative zero: "12.3", "0". */
export function toPlain(value: DecimalValue): Decimal {
  return value.eq(0) ? '0' : value.toFixed();
}

/**
 * Rounds half away from zero (commercial rounding) to `digits` fraction digits and writes all of them: "12.30".
 * With `min`, zeros after that many digits are dropped ("8.393333" of 6, "9.99" of 9.990000 with min 2).
 */
export function toFixedDigits(value: DecimalValue, digits: number, min: number = digits): Decimal {
  let text = value.round(digits, 1).toFixed(digits);
  if (min < digits) {
    const point = text.indexOf('.');
    let end = text.length;
    while (end > point + 1 + min && text[end - 1] === '0') end -= 1;
    text = text.slice(0, end === point + 1 ? point : end);
  }
  return /^-0(?:\.0*)?$/.test(text) ? text.slice(1) : text;
}

/**
 * Where Unicode's customary digits (what Intl answers) differ from ISO 4217's minor unit. Amounts of documents follow
 * ISO 4217: shops post Hungarian net amounts with two digits although nobody pays fillér in cash.
 */
const ISO_4217_DIGITS: Readonly<Record<string, number>> = {
  AFN: 2,
  ALL: 2,
  COP: 2,
  HUF: 2,
  IDR: 2,
  IQD: 3,
  IRR: 2,
  KPW: 2,
  LAK: 2,
  LBP: 2,
  MGA: 2,
  MMK: 2,
  PKR: 2,
  RSD: 2,
  SOS: 2,
  SYP: 2,
  YER: 2,
};

const exponents = new Map<string, number | undefined>();
let known: ReadonlySet<string> | undefined;

/**
 * Fraction digits of a currency's minor unit (EUR 2, JPY 0, KWD 3), from Intl, set right by ISO 4217.
 * Undefined when the code is not a currency that this Node.js knows.
 */
export function currencyExponent(currency: string): number | undefined {
  if (exponents.has(currency)) return exponents.get(currency);
  known ??= new Set(Intl.supportedValuesOf('currency'));
  // Not remembered when unknown: codes come from messages, and a map of them could grow without bound.
  if (!known.has(currency)) return undefined;
  const digits =
    ISO_4217_DIGITS[currency] ??
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ??
    2;
  exponents.set(currency, digits);
  return digits;
}

/** The sum of decimals; "0" of none. */
export function sum(values: Iterable<DecimalValue>): DecimalValue {
  let total = DecimalNumber(0);
  for (const value of values) total = total.plus(value);
  return total;
}
