/** Which letters: from a filter to SQL that an index serves. */
import type { SqlValue } from '../store';

export type LetterState = 'parked' | 'replayed' | 'discarded';

/** All that is given must hold. */
export interface LetterFilter {
  readonly cause?: string;
  /** The source of the messages; '' for those that came from none. */
  readonly source?: string;
  /** Last parked from (inclusive), store clock, ms. */
  readonly from?: number;
  /** Last parked before, store clock, ms. */
  readonly to?: number;
  /** Part of what a letter is found by (see search-text.ts). */
  readonly q?: string;
  /** Default: parked. */
  readonly state?: LetterState;
}

export interface Where {
  readonly sql: string;
  readonly params: readonly SqlValue[];
}

/** The condition on crossdock_dead_letter. */
export function whereOf(filter: LetterFilter): Where {
  const parts = ['state = ?'];
  const params: SqlValue[] = [filter.state ?? 'parked'];
  const add = (sql: string, value?: SqlValue): void => {
    parts.push(sql);
    if (value !== undefined) params.push(value);
  };
  if (filter.cause !== undefined) add('cause = ?', filter.cause);
  if (filter.source === '') add('source IS NULL');
  else if (filter.source !== undefined) add('source = ?', filter.source);
  if (filter.from !== undefined) add('last_at >= ?', filter.from);
  if (filter.to !== undefined) add('last_at < ?', filter.to);
  if (filter.q !== undefined && filter.q !== '') {
    add(`search LIKE ? ESCAPE '!'`, `%${filter.q.toLowerCase().replace(/[!%_]/g, '!$&')}%`);
  }
  return { sql: parts.join(' AND '), params };
}
