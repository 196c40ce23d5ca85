/** Which differences of a run: as people ask for them. */
import type { SqlValue } from '../../store';
import type { Side } from '../engine/job';
import type { CorrectionState, DifferenceKind } from '../types';

export interface DifferenceFilter {
  readonly kind?: DifferenceKind;
  readonly side?: Side;
  readonly cause?: string;
  /** Part of the key. */
  readonly q?: string;
  readonly correction?: CorrectionState;
}

export interface Condition {
  readonly sql: string;
  readonly params: readonly SqlValue[];
}

/** Within one run, whose rows lie together: what no index serves reads at most that run. */
export function conditionOf(runId: string, filter: DifferenceFilter): Condition {
  const parts = ['run_id = ?'];
  const params: SqlValue[] = [runId];
  const add = (sql: string, value: SqlValue): void => {
    parts.push(sql);
    params.push(value);
  };
  if (filter.kind !== undefined) add('kind = ?', filter.kind);
  if (filter.side !== undefined) add('side = ?', filter.side);
  if (filter.cause !== undefined) add('cause = ?', filter.cause);
  // Written out: a partial index is used only where its condition stands literally in the query.
  if (filter.correction === 'proposed') parts.push("correction = 'proposed'");
  else if (filter.correction === 'approved') parts.push("correction = 'approved'");
  else if (filter.correction === 'none') parts.push("correction = 'none'");
  if (filter.q !== undefined && filter.q !== '') {
    add(`lower(record_key) LIKE ? ESCAPE '!'`, `%${filter.q.toLowerCase().replace(/[!%_]/g, '!$&')}%`);
  }
  return { sql: parts.join(' AND '), params };
}
