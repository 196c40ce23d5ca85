/** Who did what with the dead letters, and when. Entries are added in the unit of what they are about, and only added. */
import type { Row, Statement, Store } from '../store';
import type { AuditAction, AuditEntry, Page } from './api';
import { AUDIT } from './schema';

const COLUMNS = 'seq, at, who, action, basket_id, letters, note';
const MAX_NOTE = 1000;

export interface AuditFacts {
  readonly basket?: string;
  readonly letters?: number;
  readonly note?: string;
}

export function auditStatement(who: string, action: AuditAction, facts: AuditFacts = {}): Statement {
  const { basket, letters = 0, note = '' } = facts;
  return { sql: AUDIT, params: [who, action, basket ?? null, letters, note.slice(0, MAX_NOTE)] };
}

/** Newest first. @param after the `next` of the page before */
export async function auditPage(store: Store, limit: number, after?: string): Promise<Page<AuditEntry>> {
  const before = /^\d{1,15}$/.test(after ?? '') ? Number(after) : Number.MAX_SAFE_INTEGER;
  const [found, counted] = await store.run([
    {
      sql: `SELECT ${COLUMNS} FROM crossdock_audit WHERE seq < ? ORDER BY seq DESC LIMIT ?`,
      params: [before, limit + 1],
    },
    { sql: 'SELECT count(*) AS n FROM crossdock_audit' },
  ]);
  const entries = (found?.rows ?? []).map(entryOf);
  const last = entries.length > limit ? entries[limit - 1] : undefined;
  return {
    items: entries.slice(0, limit),
    next: last === undefined ? null : String(last.id),
    total: Number(counted?.rows[0]?.['n'] ?? 0),
  };
}

/** What was done with one basket, oldest first; at most 1,000 entries. */
export async function auditOf(store: Store, basket: string): Promise<AuditEntry[]> {
  const sql = `SELECT ${COLUMNS} FROM crossdock_audit WHERE basket_id = ? ORDER BY seq LIMIT 1000`;
  const [found] = await store.run([{ sql, params: [basket] }]);
  return (found?.rows ?? []).map(entryOf);
}

function entryOf(row: Row): AuditEntry {
  return {
    id: Number(row['seq']),
    at: Number(row['at']),
    who: String(row['who']),
    action: String(row['action']) as AuditAction,
    basket: row['basket_id'] === null ? null : String(row['basket_id']),
    letters: Number(row['letters']),
    note: String(row['note']),
  };
}
