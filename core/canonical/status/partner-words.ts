/** What partners call the states of the axes. `words.json` holds the tables; analysts read them in docs/canonical.md. */
import type { Axis, AxisStates } from './axes';
import tables from './words.json';

export interface WordTable {
  readonly axis: Axis;
  /** Where the partner says it, for example `sale.order.state` or `855 BAK02`. */
  readonly field: string;
  /** What is to be known when reading it. */
  readonly note?: string;
  readonly words: Readonly<Record<string, string>>;
}

export type PartnerSystem = keyof typeof tables;

const TABLES = tables as unknown as Readonly<Record<PartnerSystem, readonly WordTable[]>>;

export const PARTNER_SYSTEMS = Object.keys(TABLES) as PartnerSystem[];

/** The tables of a system, of one axis or of all. */
export function wordTables(system: PartnerSystem, axis?: Axis): readonly WordTable[] {
  return axis === undefined ? TABLES[system] : TABLES[system].filter((table) => table.axis === axis);
}

/**
 * The state that a partner's word means; undefined for a word that no table knows, and for one that two fields of the
 * partner use differently while `field` is not given: nothing is guessed.
 */
export function stateOfWord<Name extends Axis>(
  system: PartnerSystem,
  axis: Name,
  word: string,
  field?: string,
): AxisStates[Name] | undefined {
  const found = new Set<string>();
  for (const table of wordTables(system, axis)) {
    if (field !== undefined && table.field !== field) continue;
    const state = Object.hasOwn(table.words, word) ? table.words[word] : undefined;
    if (state !== undefined) found.add(state);
  }
  const [only] = found;
  return found.size === 1 ? (only as AxisStates[Name]) : undefined;
}
