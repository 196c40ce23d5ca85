/** What the values of a field look like: dates, codes, numbers. Judged from examples alone. */
import { currencyExponent } from '../canonical/decimal';
import { countryCode } from '../mapping/country';
import type { Looks } from './api';

const TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/;
const DATE = /^(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{4}|\d{4}\/\d{2}\/\d{2}|20\d{2}[01]\d[0-3]\d)$/;
const DECIMAL = /^[+-]?(?:\d{1,15}|\d{1,3}(?:[., ']\d{3})+)(?:[.,]\d{1,10})?$/;
const UNITS =
  /^(?:C62|H87|EA|PCE|PCS|PC|ST|STK|STUECK|STÜCK|CT|CS|CA|BX|PK|PAL|KGM|KG|GRM|LTR|MTR|DZN|DZ|EACH|CASE|CASES|EACHES|PIECE|UNIT|UNITS|KAR|KRT)$/i;

type Test = (text: string) => boolean;

/** In order: the narrower before the wider. */
const KINDS: readonly (readonly [Looks, Test])[] = [
  ['email', (text) => /^[^\s@]+@[^\s@]+\.[a-z]{2,}$/i.test(text)],
  ['url', (text) => /^(?:https?|gid):\/\//i.test(text)],
  ['uuid', (text) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)],
  [
    'time',
    (text) =>
      (TIME.test(text) && text.length <= 40 && !text.includes('--')) ||
      /^\d{2}\.\d{2}\.\d{4} \d{2}:\d{2}/.test(text),
  ],
  ['date', (text) => DATE.test(text) && !/^\d{8}$/.test(text)],
  ['date', isCompactDate],
  ['currency', (text) => /^[A-Z]{3}$/.test(text) && currencyExponent(text) !== undefined],
  ['unit', (text) => UNITS.test(text)],
  ['country', (text) => /^[A-Z]{2}$/.test(text) && countryCode(text) !== undefined],
  ['gtin', isGtin],
  ['yes/no', (text) => /^(?:true|false|yes|no|ja|nein|y|n)$/i.test(text)],
  ['phone', (text) => /^\+?[\d][\d ()/-]{6,18}\d$/.test(text) && /^\+|[ /()]/.test(text)],
  ['integer', (text) => /^[+-]?\d{1,18}$/.test(text)],
  ['decimal', (text) => DECIMAL.test(text)],
];

/** What all of these texts look like; undefined for ordinary text. */
export function looksLike(examples: readonly string[]): Looks | undefined {
  if (examples.length === 0) return undefined;
  for (const [looks, test] of KINDS) {
    if (examples.every(test)) return looks;
  }
  // Days and times in one field.
  if (examples.every((text) => DATE.test(text) || TIME.test(text))) return 'time';
  // 2 and 2.5 in one field.
  return examples.every((text) => DECIMAL.test(text)) ? 'decimal' : undefined;
}

function isCompactDate(text: string): boolean {
  const match = /^(20\d{2})([01]\d)([0-3]\d)$/.exec(text);
  return match !== null && Number(match[2]) >= 1 && Number(match[2]) <= 12 && Number(match[3]) <= 31;
}

/** A GTIN-8, 12, 13 or 14 with the right check digit; eight digits alone prove too little. */
export function isGtin(text: string): boolean {
  if (!/^(?:\d{12}|\d{13}|\d{14})$/.test(text)) return false;
  const digits = [...text].map(Number).reverse();
  const sum = digits.reduce((total, digit, index) => total + (index % 2 === 0 ? digit : 3 * digit), 0);
  return sum % 10 === 0 && Number(text) > 0;
}

/** How decimals are written: which mark parts the fraction, and which the thousands. */
export interface DecimalStyle {
  readonly mark: '.' | ',';
  readonly group: string;
}

/** Undefined when the examples do not tell (`1,234` alone may be either); numbers of JSON have a point. */
export function decimalStyle(examples: readonly string[]): DecimalStyle | undefined {
  let style: DecimalStyle | undefined;
  for (const text of examples) {
    const marks = text.replace(/[^.,' ]/g, '');
    if (marks === '') continue;
    const last = marks.at(-1) as string;
    const group = [...marks].find((mark) => mark !== last) ?? '';
    if (last !== '.' && last !== ',') continue;
    const decimals = text.length - text.lastIndexOf(last) - 1;
    const repeated = marks.split(last).length > 2;
    if (repeated || (group === '' && decimals === 3 && last === '.' && /^[+-]?\d{1,3}\.\d{3}$/.test(text)))
      continue;
    if (last === ',' && group === '') style = { mark: ',', group: '.' };
    else style ??= { mark: last, group: group === '' ? '' : group };
  }
  return style;
}

/** The date's order in the text; only `iso` is read by the transform `date` as it is. */
export function dateStyle(examples: readonly string[]): 'iso' | 'dmy' | 'mdy' | 'compact' | undefined {
  if (examples.length === 0) return undefined;
  if (examples.every((text) => /^\d{4}-\d{2}-\d{2}/.test(text))) return 'iso';
  if (examples.every(isCompactDate)) return 'compact';
  if (examples.every((text) => /^\d{1,2}\.\d{1,2}\.\d{4}/.test(text))) return 'dmy';
  if (!examples.every((text) => /^\d{1,2}\/\d{1,2}\/\d{4}/.test(text))) return undefined;
  const parts = examples.map((text) => text.split('/').map(Number));
  if (parts.some(([first = 0]) => first > 12)) return 'dmy';
  return parts.some(([, second = 0]) => second > 12) ? 'mdy' : 'dmy';
}

/** Whether times carry their zone. */
export function hasZone(examples: readonly string[]): boolean {
  return examples.length > 0 && examples.every((text) => /(?:Z|[+-]\d{2}:?\d{2})$/.test(text));
}
