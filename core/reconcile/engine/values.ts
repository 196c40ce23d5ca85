/** Values as sources write them, read as what they mean. */
import { type DecimalValue, readDecimal } from '../../canonical/decimal';
import { fromZone } from '../../zones';

const TIME =
  /^(\d{4})-?(\d{2})-?(\d{2})(?:[T ](\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i;
const GERMAN = /^(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;
const EPOCH = /^\d{10}(\d{3})?$/;
const COMMA = /^([+-]?)(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d+))?$/;

/** A decimal; with `comma`, 1.234,5 is one thousand two hundred thirty-four and a half. Undefined when it is none. */
export function readNumber(text: string, comma: boolean): DecimalValue | undefined {
  const plain = text.trim().replace(/^\+(?=[\d.])/, '');
  if (!comma) return /[eE]/.test(plain) ? undefined : readDecimal(plain);
  const match = COMMA.exec(plain);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction] = match;
  return readDecimal(
    `${sign === '-' ? '-' : ''}${whole.replaceAll('.', '')}${fraction === undefined ? '' : `.${fraction}`}`,
  );
}

/**
 * A moment in ms since the epoch: ISO 8601 with or without zone, 27.11.2026 08:15, seconds or ms since the epoch.
 * @param zone IANA name for times that say none; '' is UTC
 */
export function readTime(text: string, zone: string): number | undefined {
  const plain = text.trim();
  const iso = TIME.exec(plain);
  if (iso !== null) {
    const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', own] = iso;
    const ms = fraction === '' ? 0 : Number(`0.${fraction}`) * 1000;
    const wall = utc(year, month, day, hour, minute, second);
    if (wall === undefined) return undefined;
    if (own !== undefined) return wall + ms - offsetOf(own);
    return (zone === '' ? wall : fromZone(wall, zone)) + ms;
  }
  const german = GERMAN.exec(plain);
  if (german !== null) {
    const [, day, month, year, hour = '0', minute = '0', second = '0'] = german;
    const wall = utc(year, month, day, hour, minute, second);
    return wall === undefined || zone === '' ? wall : fromZone(wall, zone);
  }
  const epoch = EPOCH.exec(plain);
  if (epoch !== null) return epoch[1] === undefined ? Number(plain) * 1000 : Number(plain);
  return undefined;
}

function utc(...parts: readonly (string | undefined)[]): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
  if (month < 1 || month > 12 || hour > 24 || minute > 59 || second > 60) return undefined;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  // The 31st of April is none.
  return day >= 1 && new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day ? ms : undefined;
}

function offsetOf(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const digits = zone.slice(1).replace(':', '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
