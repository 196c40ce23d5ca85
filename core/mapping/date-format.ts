/** Date formats as partners' documentation writes them (`dd.MM.yyyy HH:mm`), read and written. */
import { DateFault, fieldsIn, inZone, offsetMilliseconds } from './dates';

export interface DateFormat {
  readonly pattern: string;
  /** It has no time of day. */
  readonly dayOnly: boolean;
  /**
   * UTC milliseconds; undefined when the text is not in this format.
   * @throws DateFault for a day that does not exist, and when neither text nor `zone` says where the clock stands
   */
  read(text: string, zone: string | undefined): number | undefined;
  write(utc: number, zone: string): string;
}

export class DateFormatFault extends Error {}

type Field = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'fraction' | 'offset';

interface Token {
  readonly field: Field;
  readonly match: string;
  /** Least digits when it is written. */
  readonly width: number;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Longest token first. */
const TOKENS: readonly (readonly [string, Token])[] = [
  ['yyyy', { field: 'year', match: '(\\d{4})', width: 4 }],
  ['yy', { field: 'year', match: '(\\d{2})', width: 2 }],
  ['MMM', { field: 'month', match: `(${MONTHS.join('|')})`, width: 3 }],
  ['MM', { field: 'month', match: '(\\d{2})', width: 2 }],
  ['M', { field: 'month', match: '(\\d{1,2})', width: 1 }],
  ['dd', { field: 'day', match: '(\\d{2})', width: 2 }],
  ['d', { field: 'day', match: '(\\d{1,2})', width: 1 }],
  ['HH', { field: 'hour', match: '(\\d{2})', width: 2 }],
  ['H', { field: 'hour', match: '(\\d{1,2})', width: 1 }],
  ['mm', { field: 'minute', match: '(\\d{2})', width: 2 }],
  ['ss', { field: 'second', match: '(\\d{2})', width: 2 }],
  ['SSS', { field: 'fraction', match: '(\\d{3})', width: 3 }],
  ['XXX', { field: 'offset', match: '(Z|[+-]\\d{2}:?\\d{2})', width: 6 }],
];

/** Seconds and milliseconds since 1970, as systems write them that do not show a time to people. */
const EPOCHS: Readonly<Record<string, number>> = { epochSeconds: 1000, epochMilliseconds: 1 };
/** The year 9999, which is the last that RFC 3339 can write. */
const LAST_TIME = 253_402_300_799_999;

/**
 * Compiles a pattern of yyyy yy MMM MM M dd d HH H mm ss SSS XXX; other letters stand in single quotes. Also
 * `epochSeconds` and `epochMilliseconds`.
 * @throws DateFormatFault
 */
export function compileDateFormat(pattern: string): DateFormat {
  const scale = EPOCHS[pattern];
  if (scale !== undefined) return epoch(pattern, scale);
  const parts = tokens(pattern);
  const fields = parts.filter((part) => typeof part !== 'string');
  const named = new Set(fields.map(({ field }) => field));
  if (named.size < fields.length) throw new DateFormatFault(`the date format "${pattern}" has a part twice`);
  for (const field of ['year', 'month', 'day'] as const) {
    if (!named.has(field)) throw new DateFormatFault(`the date format "${pattern}" has no ${field}`);
  }
  const expression = new RegExp(
    `^${parts.map((part) => (typeof part === 'string' ? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : part.match)).join('')}$`,
    'i',
  );
  return {
    pattern,
    dayOnly: !named.has('hour') && !named.has('offset'),
    read: (text, zone) => {
      const match = expression.exec(text);
      if (match === null) return undefined;
      const found: Partial<Record<Field, string>> = {};
      fields.forEach(({ field }, index) => {
        found[field] = match[index + 1] ?? '';
      });
      return toTime(found, zone);
    },
    write: (utc, zone) => {
      const local = fieldsIn(utc, zone);
      return parts.map((part) => (typeof part === 'string' ? part : written(part, local))).join('');
    },
  };
}

function tokens(pattern: string): (Token | string)[] {
  const parts: (Token | string)[] = [];
  let at = 0;
  while (at < pattern.length) {
    const quoted = /^'([^']*)'/.exec(pattern.slice(at));
    const token = TOKENS.find(([name]) => pattern.startsWith(name, at));
    if (quoted !== null) {
      parts.push(quoted[1] === '' ? "'" : (quoted[1] ?? ''));
      at += quoted[0].length;
    } else if (token !== undefined) {
      parts.push(token[1]);
      at += token[0].length;
    } else {
      const char = pattern.charAt(at);
      if (/[A-SU-Za-z']/.test(char))
        throw new DateFormatFault(
          `the date format "${pattern}" has an unknown part at "${pattern.slice(at, at + 8)}"; known are yyyy, yy, MMM, MM, M, dd, d, HH, H, mm, ss, SSS, XXX`,
        );
      parts.push(char);
      at += 1;
    }
  }
  return parts;
}

function toTime(found: Partial<Record<Field, string>>, zone: string | undefined): number {
  const {
    year = '',
    month = '',
    day,
    hour = '0',
    minute = '0',
    second = '0',
    fraction = '0',
    offset,
  } = found;
  const name = MONTHS.findIndex((short) => short.toLowerCase() === month.toLowerCase());
  const fields = [
    // Two digits are of this century up to 2068, as POSIX reads them.
    year.length === 2 ? Number(year) + (Number(year) < 69 ? 2000 : 1900) : Number(year),
    name >= 0 ? name + 1 : Number(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  ] as const;
  const local = Date.UTC(
    fields[0],
    fields[1] - 1,
    fields[2],
    fields[3],
    fields[4],
    fields[5],
    Number(fraction),
  );
  return inZone(local, fields, offset === undefined ? undefined : offsetMilliseconds(offset), zone);
}

function written({ field, width }: Token, local: ReturnType<typeof fieldsIn>): string {
  if (field === 'offset') {
    const minutes = Math.round(Math.abs(local.offset) / 60_000);
    const pad = (value: number): string => String(value).padStart(2, '0');
    return local.offset === 0
      ? 'Z'
      : `${local.offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
  }
  if (field === 'year' && width === 2) return String(local.year % 100).padStart(2, '0');
  if (field === 'month' && width === 3) return MONTHS[local.month - 1] ?? '';
  return String(local[field]).padStart(width, '0');
}

function epoch(pattern: string, scale: number): DateFormat {
  return {
    pattern,
    dayOnly: false,
    read: (text) => {
      if (!/^-?\d{1,16}(?:\.\d{1,9})?$/.test(text)) return undefined;
      const time = Math.floor(Number(text) * scale);
      if (Math.abs(time) > LAST_TIME)
        throw new DateFault('is not a time that exists (are the seconds milliseconds?)');
      return time;
    },
    write: (utc) => String(Math.floor(utc / scale)),
  };
}
