/**
 * Versions as text that sorts like them, so that one SQL statement can compare any kind. Only digits and lower-case
 * letters: every collation of PostgreSQL agrees with SQLite about those.
 */
import { CrossdockError } from '../errors';

/**
 * - `number`: a number, or one as text (leading zeros do not matter), with up to 40 digits on each side of the point;
 * - `time`: ISO 8601, to the nanosecond; without a zone it is UTC;
 * - `text`: compared letter by letter (by code points).
 */
export type VersionKind = 'number' | 'time' | 'text';

export interface Version {
  /** Compares as text. */
  readonly order: string;
  /** The `order` of the one before it, where versions are whole numbers. */
  readonly before: string | undefined;
  /** As people know it. */
  readonly shown: string;
}

const MAX_TEXT = 256;
const NUMBER = /^([+-]?)0*(\d{1,40})(?:\.(\d{1,40}))?$/;
const TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:Z|([+-])(\d\d):?(\d\d))?)?$/i;

/**
 * Reads a version.
 * @throws CrossdockError SEQUENCE_VERSION_MISSING or SEQUENCE_VERSION_INVALID (permanent)
 */
export function versionOf(kind: VersionKind, value: unknown): Version {
  const given = value instanceof Date && kind === 'time' ? dateText(value) : value;
  const shown = typeof given === 'number' ? String(given) : typeof given === 'string' ? given.trim() : '';
  if (shown === '') {
    throw new CrossdockError('The message has no version: the place where it should be is empty.', {
      code: 'SEQUENCE_VERSION_MISSING',
      kind: 'permanent',
    });
  }
  if (shown.length > MAX_TEXT) throw invalid(`is longer than ${MAX_TEXT} characters`);
  if (kind === 'text') return { order: Buffer.from(shown, 'utf8').toString('hex'), before: undefined, shown };
  if (kind === 'time') return { order: timeOrder(shown), before: undefined, shown };
  const parts = NUMBER.exec(shown);
  if (parts === null) throw invalid('is not a number such as 17 or 2.5');
  const [, sign, whole = '', fraction = ''] = parts;
  const trimmed = fraction.replace(/0+$/, '');
  const order = numberOrder(sign === '-', whole, trimmed);
  if (trimmed !== '') return { order, before: undefined, shown };
  const before = (sign === '-' ? -BigInt(whole) : BigInt(whole)) - 1n;
  return { order, before: numberOrder(before < 0n, String(before).replace('-', ''), ''), shown };
}

/** Sign, number of digits, digits: of a negative number all of it turned round. */
function numberOrder(negative: boolean, whole: string, fraction: string): string {
  const digits = String(whole.length).padStart(2, '0') + whole + fraction;
  if (!negative || /^0*$/.test(whole + fraction)) return `1${digits}`;
  // The closing letter sorts behind every digit: of two negative numbers, the one with more decimals is the lower.
  return `0${digits.replaceAll(/\d/g, (digit) => String(9 - Number(digit)))}z`;
}

function timeOrder(shown: string): string {
  const parts = TIME.exec(shown);
  if (parts === null) throw invalid('is not a time such as 2026-11-02T09:30:00Z');
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', sign, ...zone] = parts;
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const ms = Date.parse(`${text}.000Z`);
  // A day that does not exist (30 February) would be read as another one.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== text) {
    throw invalid('is not a time that exists');
  }
  const [hours = '0', minutes = '0'] = zone;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60 * (sign === '-' ? -1 : 1);
  // Counted from the year 0, so that it is never negative.
  const seconds = ms / 1000 - (sign === undefined ? 0 : offset) + 62_167_219_200 + 86_400;
  return numberOrder(false, String(seconds), fraction.replace(/0+$/, ''));
}

function dateText(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'no date' : date.toISOString();
}

function invalid(what: string): CrossdockError {
  return new CrossdockError(`The version of the message ${what}.`, {
    code: 'SEQUENCE_VERSION_INVALID',
    kind: 'permanent',
  });
}
