/** What an entry does to what is there already: decided here, written elsewhere. */
import type { Change, Meaning, Reference, ReferenceEntry } from './types';

export interface Decision {
  readonly change: Change;
  /** Versions that end: wholly ('replaced'), or from `validTo` on. */
  readonly ends: readonly {
    readonly reference: Reference;
    readonly validTo: number;
    readonly state: 'active' | 'replaced';
  }[];
  /** Whether a version is to be added. */
  readonly adds: boolean;
}

/**
 * @param active the active versions of the very same code (partner, kind, code, scheme and item)
 * @param replace whether what means something else at the same time ends where the new one begins
 * @param now ms, the store's clock
 */
export function decide(
  entry: ReferenceEntry,
  active: readonly Reference[],
  replace: boolean,
  now: number,
): Decision {
  const from = entry.validFrom ?? now;
  const until = entry.validTo ?? Number.POSITIVE_INFINITY;
  const overlapping = active.filter(
    (other) => other.validFrom < until && (other.validTo ?? Number.POSITIVE_INFINITY) > from,
  );
  const [first] = overlapping;
  if (first === undefined) return { change: { type: 'added', entry }, ends: [], adds: true };
  const covered = overlapping.some(
    (other) =>
      sameMeaning(other, entry) &&
      other.validFrom <= from &&
      (other.validTo ?? Number.POSITIVE_INFINITY) >= until &&
      // A steward or a validity that was said is a change; one that was left out is none.
      (entry.steward === '' || entry.steward === other.steward) &&
      (entry.validFrom === null || entry.validFrom === other.validFrom || other.validFrom <= from) &&
      (entry.validTo ?? null) === other.validTo,
  );
  if (covered && overlapping.length === 1)
    return { change: { type: 'unchanged', entry }, ends: [], adds: false };
  const differs = overlapping.find((other) => !sameMeaning(other, entry));
  // What ends later than the new one would have to go on after it: a person says so with two entries.
  const beyond = overlapping.find((other) => (other.validTo ?? Number.POSITIVE_INFINITY) > until);
  if (beyond !== undefined)
    return { change: { type: 'conflict', entry, before: beyond }, ends: [], adds: false };
  if (differs !== undefined && !replace) {
    return { change: { type: 'conflict', entry, before: differs }, ends: [], adds: false };
  }
  const ends = overlapping.map((reference) => {
    const validTo = Math.max(reference.validFrom, from);
    // One that still has time to run stays active until then.
    return {
      reference,
      validTo,
      state: validTo > now && reference.validFrom < from ? 'active' : 'replaced',
    } as const;
  });
  return { change: { type: 'replaced', entry, before: differs ?? first }, ends, adds: true };
}

export function sameMeaning(
  a: Omit<Meaning, 'version' | 'kind'>,
  b: Omit<Meaning, 'version' | 'kind'>,
): boolean {
  return (
    a.targetScheme === b.targetScheme &&
    a.target === b.target &&
    a.packLevel === b.packLevel &&
    a.quantityPerUnit === b.quantityPerUnit &&
    a.ofUnit === b.ofUnit
  );
}
