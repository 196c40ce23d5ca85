/** From what a request of the console's API says, which may be anything, to what the desk takes. Throws REQUEST_INVALID. */
import type { LetterFilter, LetterState } from '../../core/dead-letter';
import { type BasketRequest, MAX_IDS } from '../../core/replay';
import { invalid } from './admin';

const MAX_PAGE = 1000;
const USUAL_PAGE = 100;
const MAX_TEXT = 500;
const STATES: readonly LetterState[] = ['parked', 'replayed', 'discarded'];

/** Entries per page as asked for; the usual number when what was asked for is none. */
export function pageSize(query: URLSearchParams): number {
  const asked = Math.trunc(Number(query.get('limit') ?? Number.NaN));
  return Number.isFinite(asked) && asked > 0 ? Math.min(asked, MAX_PAGE) : USUAL_PAGE;
}

export function stateOf(value: unknown): LetterState {
  if (value === null || value === undefined || value === '') return 'parked';
  const found = STATES.find((state) => state === value);
  if (found === undefined) throw invalid(`The state must be one of: ${STATES.join(', ')}.`);
  return found;
}

/** A text, without blanks around it; undefined when it is missing or empty. */
export function textOf(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value.length > MAX_TEXT) {
    throw invalid(`The field "${field}" must be a text of at most ${MAX_TEXT} characters.`);
  }
  const text = value.trim();
  return text === '' ? undefined : text;
}

export function itemNumber(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

const FILTERS = ['cause', 'source', 'from', 'to', 'q', 'state'];

/** Reads a filter; of other fields (paging) it takes no notice. */
export function filterOf(given: Readonly<Record<string, unknown>>): LetterFilter {
  const cause = textOf(given['cause'], 'cause');
  const source = textOf(given['source'], 'source');
  const q = textOf(given['q'], 'q');
  const from = timeOf(given['from'], 'from');
  const to = timeOf(given['to'], 'to');
  return {
    ...(cause === undefined ? {} : { cause }),
    ...(source === undefined ? {} : { source }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(q === undefined ? {} : { q }),
    ...(given['state'] === undefined ? {} : { state: stateOf(given['state']) }),
  };
}

/** Ms since the epoch, or a time that says its zone. */
function timeOf(value: unknown, field: string): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const number = Number(value);
  const ms = Number.isFinite(number) ? Math.trunc(number) : Date.parse(String(value));
  if (Number.isSafeInteger(ms) && ms >= 0) return ms;
  throw invalid(`The field "${field}" must be a time: milliseconds since 1970, or 2026-11-24T08:00:00Z.`);
}

/** `ids` or `filter`, one of both. An empty filter means all that is parked, and has to be said. */
export function selection(body: Readonly<Record<string, unknown>>): {
  ids?: readonly string[];
  filter?: LetterFilter;
} {
  const { ids, filter } = body;
  if ((ids === undefined) === (filter === undefined)) {
    throw invalid('Say which letters: either "ids" or "filter" ({} for all that are parked).');
  }
  if (ids !== undefined) return { ids: idsOf(ids) };
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) {
    throw invalid('The field "filter" must be an object.');
  }
  const given = filter as Record<string, unknown>;
  // A mistyped name would select everything.
  const unknown = Object.keys(given).find((name) => !FILTERS.includes(name));
  if (unknown !== undefined) throw invalid(`A filter has no field "${unknown.slice(0, 50)}".`);
  const found = filterOf(given);
  if ((found.state ?? 'parked') !== 'parked') throw invalid('Only parked letters can be chosen.');
  return { filter: found };
}

function idsOf(ids: unknown): readonly string[] {
  const fits = Array.isArray(ids) && ids.every((id) => typeof id === 'string' && /^[0-9a-f]{1,64}$/.test(id));
  if (!fits || ids.length === 0 || ids.length > MAX_IDS) {
    throw invalid(`The field "ids" must be a list of 1 to ${MAX_IDS} letter ids.`);
  }
  return [...new Set(ids as string[])];
}

export function basketRequest(body: Readonly<Record<string, unknown>>): BasketRequest {
  const name = textOf(body['name'], 'name');
  return { name: name ?? new Date().toISOString().slice(0, 16).replace('T', ' '), ...selection(body) };
}
