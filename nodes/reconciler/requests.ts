/** From what a request of the reconciler's API says, which may be anything, to what the core takes. Throws REQUEST_INVALID. */
import {
  DIFFERENCE_KINDS,
  type DifferenceFilter,
  LANGUAGES,
  type Language,
  MAX_NUMBERS,
  SIDES,
} from '../../core/reconcile';
import { invalid } from '../shared/admin';
import { textOf } from '../shared/console-requests';

const CORRECTIONS = ['none', 'proposed', 'approved'] as const;
const FILTERS = ['kind', 'side', 'cause', 'q', 'correction'];

export function languageOf(query: URLSearchParams): Language {
  const asked = (query.get('lang') ?? '').slice(0, 2).toLowerCase();
  return LANGUAGES.find((language) => language === asked) ?? 'en';
}

/** Reads a filter; of other fields (paging, language) it takes no notice. */
export function filterOf(given: Readonly<Record<string, unknown>>): DifferenceFilter {
  const kind = wordOf(given['kind'], 'kind', DIFFERENCE_KINDS);
  const side = wordOf(given['side'], 'side', SIDES);
  const correction = wordOf(given['correction'], 'correction', CORRECTIONS);
  const cause = textOf(given['cause'], 'cause');
  const q = textOf(given['q'], 'q');
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(side === undefined ? {} : { side }),
    ...(correction === undefined ? {} : { correction }),
    ...(cause === undefined ? {} : { cause }),
    ...(q === undefined ? {} : { q }),
  };
}

function wordOf<const T extends string>(value: unknown, field: string, words: readonly T[]): T | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const found = words.find((word) => word === value);
  if (found === undefined) throw invalid(`The field "${field}" must be one of: ${words.join(', ')}.`);
  return found;
}

export interface Selection {
  readonly numbers?: readonly number[];
  readonly filter?: DifferenceFilter;
  readonly count: number;
}

/** `numbers` or `filter`, one of both, and how many the person has seen that it is about. */
export function selectionOf(body: Readonly<Record<string, unknown>>): Selection {
  const { numbers, filter, count } = body;
  if (!Number.isInteger(count) || Number(count) < 1)
    throw invalid('Say how many corrections it is about in "count".');
  if ((numbers === undefined) === (filter === undefined)) {
    throw invalid('Say which differences: either "numbers" or "filter" ({} for all that wait for approval).');
  }
  if (numbers !== undefined) {
    const fits =
      Array.isArray(numbers) && numbers.every((number) => Number.isSafeInteger(number) && number > 0);
    if (!fits || numbers.length === 0 || numbers.length > MAX_NUMBERS) {
      throw invalid(`The field "numbers" must be a list of 1 to ${MAX_NUMBERS} numbers of differences.`);
    }
    return { numbers: [...new Set(numbers as number[])], count: Number(count) };
  }
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter))
    throw invalid('The field "filter" must be an object.');
  const given = filter as Record<string, unknown>;
  // A mistyped name would select everything.
  const unknown = Object.keys(given).find((name) => !FILTERS.includes(name));
  if (unknown !== undefined) throw invalid(`A filter has no field "${unknown.slice(0, 50)}".`);
  return { filter: filterOf(given), count: Number(count) };
}
