/**
 * What becomes of an approval whose corrections have not all left: it is withdrawn, or goes to another inbox. A person
 * decides it, since a person approved where they go. Each step is one unit with its entry in the audit, and from then on
 * no process sends any more of it the old way (`counted` in approve.ts is fenced by where it goes and that it is open).
 */
import { CrossdockError } from '../errors';
import { auditStatement } from '../replay';
import { type Statement, StatementExpectationError, type Store } from '../store';

/** Approvals of one reconciler that are open for one inbox. */
export interface OpenFor {
  readonly reconciler: string;
  readonly source: string;
  readonly approvals: number;
}

export async function openByInbox(store: Store): Promise<OpenFor[]> {
  const [result] = await store.run([
    {
      sql: `SELECT r.reconciler, a.source, count(*) AS n FROM crossdock_reconcile_approval a
        JOIN crossdock_reconcile_run r ON r.run_id = a.run_id
        WHERE a.ended_at IS NULL GROUP BY r.reconciler, a.source`,
    },
  ]);
  return (result?.rows ?? []).map((row) => ({
    reconciler: String(row['reconciler']),
    source: String(row['source']),
    approvals: Number(row['n']),
  }));
}

/**
 * What has not left does not leave by this approval; it waits for approval again.
 * @returns how many corrections that are
 * @throws CrossdockError APPROVAL_ENDED (business): all of it has left, or somebody was faster
 */
export function withdraw(
  store: Store,
  { id, source, who, about }: { readonly who: string } & Decision,
): Promise<number> {
  return decide(store, { id, source, about }, (left, note) => [
    {
      sql: `UPDATE crossdock_reconcile_approval SET ended_at = {now}, withdrawn_by = ? WHERE ${UNCHANGED}`,
      params: [who, id, source, left.sent],
      expect: 1,
    },
    auditStatement(who, 'corrections.withdrawn', { letters: left.count, note }),
  ]);
}

/**
 * What has not left goes to the inbox `to`.
 * @returns how many corrections that are
 * @throws CrossdockError APPROVAL_ENDED (business): all of it has left, or somebody was faster
 */
export function redirect(
  store: Store,
  { id, source, who, to, about }: { readonly who: string; readonly to: string } & Decision,
): Promise<number> {
  return decide(store, { id, source, about: `${about}: ${source} -> ${to}` }, (left, note) => [
    {
      sql: `UPDATE crossdock_reconcile_approval SET source = ? WHERE ${UNCHANGED}`,
      params: [to, id, source, left.sent],
      expect: 1,
    },
    auditStatement(who, 'corrections.redirected', { letters: left.count, note }),
  ]);
}

interface Decision {
  /** Of the approval. */
  readonly id: string;
  /** Where it goes, as the person has seen it. */
  readonly source: string;
  /** What the audit says it is about. */
  readonly about: string;
}

const UNCHANGED = 'approval_id = ? AND source = ? AND sent = ? AND ended_at IS NULL';
/** A sender that is at it right now sends a bite between the reading and the unit. */
const TRIES = 20;

async function decide(
  store: Store,
  { id, source, about }: Decision,
  make: (left: { sent: number; count: number }, note: string) => Statement[],
): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const [found] = await store.run([
      {
        sql: `SELECT wanted, sent FROM crossdock_reconcile_approval
          WHERE approval_id = ? AND source = ? AND ended_at IS NULL`,
        params: [id, source],
      },
    ]);
    const row = found?.rows[0];
    if (row === undefined) break;
    const sent = Number(row['sent']);
    const count = Number(row['wanted']) - sent;
    try {
      await store.run(make({ sent, count }, about));
      return count;
    } catch (error) {
      if (!(error instanceof StatementExpectationError)) throw error;
    }
  }
  throw new CrossdockError('This approval is over, or somebody has just decided about it. Look again.', {
    code: 'APPROVAL_ENDED',
    kind: 'business',
  });
}
