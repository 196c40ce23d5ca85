/** Times of partners to RFC 3339 UTC. */
import { fromZone, zoneOffset } from '../zones';

const TIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|z|[+-]\d{2}:?\d{2})?)?$/;

/** Why a text is not a usable time. */
export class DateFault extends Error {}

/**
 * A partner's time as RFC 3339 UTC with Z, milliseconds only where there are some ("2026-11-23T10:00:00Z").
 * - with an offset or Z: converted;
 * - without: read in `zone` (IANA, for example `Europe/Berlin` or `UTC`); DateFault when none is given;
 * - a date alone: midnight in `zone`.
 * In the hour that clocks skip in spring the time after it is meant, in the hour that they repeat the first one.
 */
export function toUtc(text: string, zone: string | undefined): string {
  return format(utcMilliseconds(text, zone));
}

/** As `toUtc`, in ms since 1970. */
export function utcMilliseconds(text: string, zone: string | undefined): number {
  const match = TIME.exec(text.trim());
  if (match === null) throw new DateFault('is not a time like 2026-11-23T10:00:00+01:00');
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = match;
  const fields: LocalFields = [
    Number(year),
    Number(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  ];
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const local = Date.UTC(fields[0], fields[1] - 1, fields[2], fields[3], fields[4], fields[5], milliseconds);
  return inZone(local, fields, offset === undefined ? undefined : offsetMilliseconds(offset), zone);
}

/** Year, month (1 to 12), day, hour, minute, second as a clock shows them. */
type LocalFields = readonly [number, number, number, number, number, number];

/**
 * UTC milliseconds of what a clock shows.
 * @param local the fields taken as UTC
 * @param offset of the clock from UTC in ms; else `zone` says it
 * @throws DateFault for a day that does not exist, or when neither is known
 */
export function inZone(
  local: number,
  fields: LocalFields,
  offset: number | undefined,
  zone: string | undefined,
): number {
  const check = new Date(local);
  if (
    check.getUTCMonth() !== fields[1] - 1 ||
    check.getUTCDate() !== fields[2] ||
    fields[3] > 23 ||
    fields[4] > 59 ||
    fields[5] > 59
  ) {
    throw new DateFault('is not a day or time that exists');
  }
  if (offset !== undefined) return local - offset;
  if (zone === undefined) throw new DateFault('has no time zone, and the mapping names none (zone)');
  return fromZone(local, zone);
}

/** What a clock in a zone shows at a UTC time, and its offset from UTC in ms. */
export function fieldsIn(
  utc: number,
  zone: string,
): Readonly<Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'fraction' | 'offset', number>> {
  const offset = zone === 'UTC' ? 0 : zoneOffset(utc, zone);
  const local = new Date(utc + offset);
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    fraction: local.getUTCMilliseconds(),
    offset,
  };
}

function format(time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}

/** The offset of `Z` or `+01:00` in ms. */
export function offsetMilliseconds(offset: string): number {
  if (offset === 'Z' || offset === 'z') return 0;
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000;
}
