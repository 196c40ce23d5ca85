/** Bringing the records of two sources together by key: merged in order, or with one side in memory. */
import { CrossdockError } from '../errors';
import type { Side, Source } from './types';

export interface JoinSource {
  readonly records: Source;
  readonly label: string;
  readonly keyOf: (record: unknown) => string | undefined;
}

export type JoinSources = Readonly<Record<Side, JoinSource>>;

export interface Found {
  /** The first record with the key. */
  readonly record: unknown;
  /** How many records of the source have the key. */
  readonly times: number;
}

export type Pair =
  | { readonly key: string; readonly left: Found | undefined; readonly right: Found | undefined }
  /** A record without a key; `row` counts from 1. */
  | { readonly key?: undefined; readonly side: Side; readonly row: number };

/** Records read so far, kept up to date. */
export type ReadCounts = Record<Side, number>;

/** Reads a source, counts its records, and turns what it throws into an error that names the source. */
async function* records(source: JoinSource, side: Side, read: ReadCounts): AsyncGenerator<unknown> {
  try {
    for await (const record of source.records) {
      read[side] += 1;
      yield record;
    }
  } catch (error) {
    if (error instanceof CrossdockError) throw error;
    throw new CrossdockError(`${source.label} could not be read to its end.`, {
      code: 'RECONCILE_SOURCE_FAILED',
      kind: 'transient',
      facts: { source: source.label, records: read[side] },
      cause: error,
    });
  }
}

/** Holds the left source in memory and streams the right one; keys in both come in the right one's order. */
export async function* inMemory(
  sources: JoinSources,
  read: ReadCounts,
  maxRecords: number,
): AsyncGenerator<Pair> {
  const left = new Map<string, { record: unknown; times: number; seen: number; right: unknown }>();
  for await (const record of records(sources.left, 'left', read)) {
    const key = sources.left.keyOf(record);
    const known = key === undefined ? undefined : left.get(key);
    if (key === undefined) yield { side: 'left', row: read.left };
    else if (known === undefined) left.set(key, { record, times: 1, seen: 0, right: undefined });
    else known.times += 1;
    if (left.size > maxRecords) throw tooLarge(sources.left, maxRecords);
  }
  // Only the first record of each key is held on either side.
  const onlyRight = new Map<string, { record: unknown; times: number }>();
  for await (const record of records(sources.right, 'right', read)) {
    const key = sources.right.keyOf(record);
    if (key === undefined) {
      yield { side: 'right', row: read.right };
      continue;
    }
    const known = left.get(key);
    if (known !== undefined) {
      if (known.seen === 0) known.right = record;
      known.seen += 1;
      continue;
    }
    const other = onlyRight.get(key);
    if (other === undefined) onlyRight.set(key, { record, times: 1 });
    else other.times += 1;
    if (onlyRight.size > maxRecords) throw tooLarge(sources.right, maxRecords);
  }
  for (const [key, found] of left) {
    const right = found.seen === 0 ? undefined : { record: found.right, times: found.seen };
    yield { key, left: { record: found.record, times: found.times }, right };
  }
  for (const [key, right] of onlyRight) yield { key, left: undefined, right };
}

function tooLarge(source: JoinSource, maxRecords: number): CrossdockError {
  return new CrossdockError(
    `${source.label} has more than ${maxRecords} different keys: too many to compare in memory. Sort both sources by their key and say so.`,
    { code: 'RECONCILE_TOO_LARGE', kind: 'permanent', facts: { maxRecords } },
  );
}

interface Group extends Found {
  readonly key: string;
}

/** Groups equal keys of a sorted source; records without a key go to `keyless`. */
async function* groups(
  source: JoinSource,
  side: Side,
  read: ReadCounts,
  keyless: Array<{ side: Side; row: number }>,
): AsyncGenerator<Group> {
  let open: { key: string; record: unknown; times: number } | undefined;
  for await (const record of records(source, side, read)) {
    const key = source.keyOf(record);
    if (key === undefined) {
      keyless.push({ side, row: read[side] });
      continue;
    }
    if (open?.key === key) {
      open.times += 1;
      continue;
    }
    if (open !== undefined) {
      if (key < open.key) throw notSorted(source, read[side]);
      yield open;
    }
    open = { key, record, times: 1 };
  }
  if (open !== undefined) yield open;
}

function notSorted(source: JoinSource, row: number): CrossdockError {
  return new CrossdockError(
    `${source.label} is said to be sorted by its key, but record ${row} comes before the one above it.`,
    { code: 'RECONCILE_NOT_SORTED', kind: 'permanent', facts: { record: row } },
  );
}

/** Merges two sources that are sorted by key, holding one record of each. */
export async function* merged(sources: JoinSources, read: ReadCounts): AsyncGenerator<Pair> {
  const keyless: Array<{ side: Side; row: number }> = [];
  const left = groups(sources.left, 'left', read, keyless);
  const right = groups(sources.right, 'right', read, keyless);
  try {
    let [a, b] = [await next(left), await next(right)];
    while (a !== undefined || b !== undefined) {
      yield* keyless.splice(0);
      if (a !== undefined && (b === undefined || a.key < b.key)) {
        yield { key: a.key, left: a, right: undefined };
        a = await next(left);
      } else if (b !== undefined && (a === undefined || b.key < a.key)) {
        yield { key: b.key, left: undefined, right: b };
        b = await next(right);
      } else if (a !== undefined && b !== undefined) {
        yield { key: a.key, left: a, right: b };
        [a, b] = [await next(left), await next(right)];
      }
    }
    yield* keyless.splice(0);
  } finally {
    // Both sources are closed, also when the other one failed.
    await Promise.allSettled([left.return(undefined), right.return(undefined)]);
  }
}

async function next(source: AsyncGenerator<Group>): Promise<Group | undefined> {
  const { done, value } = await source.next();
  return done === true ? undefined : value;
}
