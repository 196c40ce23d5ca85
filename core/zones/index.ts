/** Time zones by their IANA names: what their clocks show, and when. */

const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether an IANA zone name is known to this Node.js. */
export function isZone(zone: string): boolean {
  try {
    zoneFormat(zone);
    return true;
  } catch {
    return false;
  }
}

/** What a clock on the wall of a zone shows, as the moment at which it shows it: the first, in the hour that comes twice. */
export function fromZone(local: number, zone: string): number {
  if (zone === 'UTC') return local;
  const before = zoneOffset(local - 86_400_000, zone);
  const after = zoneOffset(local + 86_400_000, zone);
  // Of the offsets around a change of clocks, the first that maps back; in the skipped hour none does.
  for (const offset of [before, after]) {
    if (zoneOffset(local - offset, zone) === offset) return local - offset;
  }
  return local - before;
}

/** A zone's offset in ms at a UTC time. */
export function zoneOffset(time: number, zone: string): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of zoneFormat(zone).formatToParts(time)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1000) * 1000;
}

function zoneFormat(zone: string): Intl.DateTimeFormat {
  let found = formats.get(zone);
  if (found === undefined) {
    found = new Intl.DateTimeFormat('en', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, found);
  }
  return found;
}
