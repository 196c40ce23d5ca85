/** The life of a contract's version: current, deprecated (use its successor), past its sunset (nobody should send it). */
import { CrossdockError } from '../errors';

/** What is known about a version beside its schema. Dates are ISO 8601 calendar days (`2027-01-31`), UTC. */
export interface ContractLife {
  /** From this day partners are told to move on. */
  readonly deprecatedOn?: string;
  /** The last day on which this version is served. */
  readonly sunsetOn?: string;
  /** What to use instead, as `name@version`. */
  readonly successor?: string;
  /** Where partners read about it (an https address). */
  readonly documentation?: string;
}

export type ContractState = 'current' | 'deprecated' | 'sunset';

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Midnight UTC of an ISO day in ms since 1970; undefined when the text is none (2026-02-30 is none). */
export function dayMs(day: string): number | undefined {
  if (!DAY.test(day)) return undefined;
  const ms = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== day ? undefined : ms;
}

/**
 * Checks the dates.
 * @throws CrossdockError CONFIG_INVALID
 */
export function checkLife(life: ContractLife): ContractLife {
  for (const [field, label] of [
    ['deprecatedOn', 'Deprecated on'],
    ['sunsetOn', 'Last day'],
  ] as const) {
    const day = life[field];
    if (day !== undefined && dayMs(day) === undefined)
      throw wrong(`${label} must be a day, for example 2027-01-31.`, field);
  }
  const { deprecatedOn, sunsetOn } = life;
  // RFC 8594, 3: a resource is deprecated before it goes away.
  if (deprecatedOn !== undefined && sunsetOn !== undefined && sunsetOn < deprecatedOn)
    throw wrong('The last day lies before the day of the deprecation.', 'sunsetOn');
  return life;
}

/** Where in its life a version is at `now` (ms since 1970). The last day itself still counts. */
export function stateOf(life: ContractLife, now: number): ContractState {
  const sunset = life.sunsetOn === undefined ? undefined : dayMs(life.sunsetOn);
  if (sunset !== undefined && now >= sunset + DAY_MS) return 'sunset';
  const deprecated = life.deprecatedOn === undefined ? undefined : dayMs(life.deprecatedOn);
  return deprecated !== undefined && now >= deprecated ? 'deprecated' : 'current';
}

/** Whole days until a version's last day ends; negative when it is over, undefined when none is set. */
export function daysLeft(life: ContractLife, now: number): number | undefined {
  const sunset = life.sunsetOn === undefined ? undefined : dayMs(life.sunsetOn);
  return sunset === undefined ? undefined : Math.floor((sunset + DAY_MS - now) / DAY_MS);
}

/**
 * The headers that tell a caller: `Deprecation` (RFC 9745: a structured date, which may lie ahead), `Sunset` (RFC 8594:
 * the moment from which the resource is expected to be gone), and a link to read on.
 */
export function lifeHeaders(life: ContractLife): Record<string, string> {
  const headers: Record<string, string> = {};
  const deprecated = life.deprecatedOn === undefined ? undefined : dayMs(life.deprecatedOn);
  if (deprecated !== undefined) headers['Deprecation'] = `@${Math.floor(deprecated / 1000)}`;
  const sunset = life.sunsetOn === undefined ? undefined : dayMs(life.sunsetOn);
  if (sunset !== undefined) headers['Sunset'] = new Date(sunset + DAY_MS).toUTCString();
  if (life.documentation !== undefined && Object.keys(headers).length > 0)
    headers['Link'] = `<${life.documentation}>; rel="deprecation"; type="text/html"`;
  return headers;
}

function wrong(message: string, field: string): CrossdockError {
  return new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { field } });
}
