/**
 * Whether a source can be what it says it is. A file that is cut off, of yesterday or empty would make everything that it
 * lacks "missing", and propose to mend it: such a source is told, and nothing is compared.
 */
import { CrossdockError } from '../errors';
import type { SideState } from './engine/job';

/** What a source must keep; a member that is not there asks for nothing. */
export interface Plausible {
  /** Usable rows, at least. */
  readonly minRows?: number | undefined;
  /** Usable rows, at least so many percent of those of the last run that came to its end. */
  readonly minShare?: number | undefined;
  /** By its newest row that says a time, else by the file's own time; ms. */
  readonly maxAgeMs?: number | undefined;
}

export interface Looked {
  readonly label: string;
  readonly state: SideState;
  /** Rows that the run before had of it; undefined when there was none. */
  readonly rowsBefore: number | undefined;
  /** When the file was written, ms; null for what is no file. */
  readonly writtenAt: number | null;
  /** Ms. */
  readonly now: number;
}

/**
 * @throws CrossdockError, all business: RECONCILE_SOURCE_EMPTY, RECONCILE_SOURCE_CUT (its last row ends in the middle),
 *   RECONCILE_SOURCE_SHRUNK (fewer rows than there must be), RECONCILE_SOURCE_OLD
 */
export function assertPlausible(wanted: Plausible, looked: Looked): void {
  const { minRows, minShare, maxAgeMs } = wanted;
  if (minRows === undefined && minShare === undefined && maxAgeMs === undefined) return;
  const { label, state, rowsBefore } = looked;
  const usable = state.rows - (state.faulty ?? 0);
  const refused = (code: string, what: string, facts: Record<string, string | number> = {}): CrossdockError =>
    new CrossdockError(`${label} ${what} Nothing was compared.`, {
      code,
      kind: 'business',
      facts: { source: label, rows: usable, ...facts },
    });
  if (usable === 0) {
    throw refused(
      'RECONCILE_SOURCE_EMPTY',
      state.rows === 0 ? 'is empty.' : `has ${state.rows} rows, and none of them has a key.`,
    );
  }
  if (state.cutShort === true)
    throw refused('RECONCILE_SOURCE_CUT', `is cut off: its last row (${state.rows}) ends in the middle.`, {
      row: state.rows,
    });
  if (minRows !== undefined && usable < minRows)
    throw refused(
      'RECONCILE_SOURCE_SHRUNK',
      `has ${usable} usable rows, and at least ${minRows} are expected.`,
      {
        least: minRows,
      },
    );
  const least = Math.ceil(((rowsBefore ?? 0) * (minShare ?? 0)) / 100);
  if (usable < least) {
    throw refused(
      'RECONCILE_SOURCE_SHRUNK',
      `has ${usable} usable rows. The last run had ${rowsBefore}, and at least ${minShare} % of that (${least}) are expected.`,
      { least, before: rowsBefore ?? 0 },
    );
  }
  if (maxAgeMs !== undefined) assertYoung(maxAgeMs, looked, refused);
}

function assertYoung(
  maxAgeMs: number,
  { state, writtenAt, now }: Looked,
  refused: (code: string, what: string, facts?: Record<string, string | number>) => CrossdockError,
): void {
  const at = state.newest ?? writtenAt;
  const hours = (ms: number): number => Math.floor(ms / 3_600_000);
  const most = Math.round((maxAgeMs / 3_600_000) * 10) / 10;
  if (at === null) throw refused('RECONCILE_SOURCE_OLD', 'says in no row how old it is.', { hours: most });
  if (now - at <= maxAgeMs) return;
  const said = new Date(at).toISOString().slice(0, 16).replace('T', ' ');
  const which = state.newest === null || state.newest === undefined ? 'was written' : 'has its newest row';
  throw refused(
    'RECONCILE_SOURCE_OLD',
    `${which} at ${said} UTC, ${hours(now - at)} hours ago; it may be ${most} hours old.`,
    { hours: most, at: new Date(at).toISOString() },
  );
}
