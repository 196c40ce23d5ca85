/** Two lists of records by ascending id, of which each shows a page: what of them can be compared already. */
import { type Known, LEFT } from './ledger';
import type { Content, Stamp } from './reader';

export interface Compared {
  /** Both lists are complete up to this id; undefined when both are at their end. */
  readonly until: number | undefined;
  /** In Odoo, up to there. */
  readonly stamps: readonly Stamp[];
  /** Here, up to there. */
  readonly known: ReadonlyMap<number, Known>;
  /** Known as being there, and not in Odoo's list. */
  readonly absent: readonly Known[];
}

export function compareLists(there: readonly Stamp[], here: readonly Known[], pageSize: number): Compared {
  const ends = [there, here].flatMap((list) => (list.length < pageSize ? [] : (list.at(-1)?.id ?? [])));
  const until = ends.length === 0 ? undefined : Math.min(...ends);
  const within = ({ id }: { readonly id: number }) => until === undefined || id <= until;
  const stamps = there.filter(within);
  const present = new Set(stamps.map(({ id }) => id));
  const known = new Map(here.filter(within).map((each) => [each.id, each]));
  const absent = [...known.values()].filter(({ id, digest }) => !present.has(id) && digest !== LEFT);
  return { until, stamps, known, absent };
}

/** Whether this version of the record was not delivered yet. */
export function isNew({ version }: Stamp, known: Known | undefined): boolean {
  return known === undefined || known.version !== version || known.digest === LEFT;
}

/** The same, of a record whose contents were read: its date may be that of a version before it in the same second. */
export function isOther(content: Content, known: Known | undefined): boolean {
  return isNew(content, known) || (known?.digest !== '' && known?.digest !== content.digest);
}
