/**
 * Approval of corrections. An approval is a row; its corrections leave a bite at a time, each in the unit that marks its
 * difference as approved, so that exactly one message leaves per approval, whatever crashes, and a large approval goes
 * on after a restart.
 */
import { randomUUID } from 'node:crypto';
import { acceptStatement, lockPartition } from '../delivery';
import { CrossdockError } from '../errors';
import { auditStatement } from '../replay';
import { type Row, type Statement, StatementExpectationError, type Store } from '../store';
import { conditionOf, type DifferenceFilter } from './history/filter';
import type { History } from './history/history';
import type { Proposal } from './types';

/** Most numbers in one selection. */
export const MAX_NUMBERS = 10_000;
const BITE = 100;

export interface ApprovalRequest {
  readonly runId: string;
  readonly numbers?: readonly number[];
  readonly filter?: DifferenceFilter;
  /** How many corrections the person has seen that it is about. */
  readonly count: number;
  readonly who: string;
  /** The inbox that gets the corrections. */
  readonly source: string;
}

export interface Approval {
  readonly id: string;
  readonly runId: string;
  readonly source: string;
  readonly wanted: number;
  readonly sent: number;
  readonly who: string;
  readonly at: number;
  readonly endedAt: number | null;
  /** Who has withdrawn what had not left (see reconsider.ts). */
  readonly withdrawnBy: string | null;
}

interface Chosen {
  readonly numbers?: readonly number[];
  readonly filter?: DifferenceFilter;
}

/** Header of a correction in an inbox: `<run>/<number>`. */
export const CORRECTION_HEADER = 'crossdock-correction';

/**
 * Approves what is proposed among the chosen differences.
 * @throws CrossdockError RECONCILE_COUNT_CHANGED (business): there are not as many as was confirmed;
 *   RECONCILE_RUN_OPEN (business): the run is not over
 */
export async function approve(history: History, request: ApprovalRequest): Promise<Approval> {
  const { store } = history;
  const run = await history.run(request.runId);
  if (run === undefined)
    throw new CrossdockError('There is no such run.', { code: 'RECONCILE_RUN_UNKNOWN', kind: 'permanent' });
  if (run.finishedAt === null)
    throw new CrossdockError('The run is not over yet.', { code: 'RECONCILE_RUN_OPEN', kind: 'business' });
  const chosen: Chosen =
    request.numbers === undefined ? { filter: request.filter ?? {} } : { numbers: request.numbers };
  const found = await countOf(store, request.runId, chosen);
  if (found !== request.count) {
    throw new CrossdockError(
      `${found} corrections are waiting, and ${request.count} were confirmed. Look again.`,
      { code: 'RECONCILE_COUNT_CHANGED', kind: 'business', facts: { found, confirmed: request.count } },
    );
  }
  const id = randomUUID();
  await store.run([
    {
      sql: `INSERT INTO crossdock_reconcile_approval (approval_id, run_id, chosen, source, wanted, sent, who, at)
        VALUES (?, ?, ?, ?, ?, 0, ?, {now})`,
      params: [id, request.runId, JSON.stringify(chosen), request.source, found, request.who],
    },
    auditStatement(request.who, 'corrections.approved', {
      letters: found,
      note: `${run.name === '' ? run.reconciler : run.name}: run ${request.runId}`,
    }),
  ]);
  return {
    id,
    runId: request.runId,
    source: request.source,
    wanted: found,
    sent: 0,
    who: request.who,
    at: Date.now(),
    endedAt: null,
    withdrawnBy: null,
  };
}

const COLUMNS = 'approval_id, run_id, source, wanted, sent, who, at, ended_at, withdrawn_by';

/** Approvals for one inbox that a crash has interrupted, oldest first; those for others do not stand in their way. */
export async function openApprovals(store: Store, source: string): Promise<Approval[]> {
  const [result] = await store.run([
    {
      sql: `SELECT ${COLUMNS} FROM crossdock_reconcile_approval WHERE ended_at IS NULL AND source = ?
        ORDER BY at LIMIT 100`,
      params: [source],
    },
  ]);
  return (result?.rows ?? []).map(approvalOf);
}

/** The newest approvals of a run and those that are still open, newest first. */
export async function approvalsOf(store: Store, runId: string, limit: number): Promise<Approval[]> {
  const sql = (which: string): string =>
    `SELECT ${COLUMNS} FROM crossdock_reconcile_approval WHERE run_id = ? ${which} ORDER BY at DESC LIMIT ?`;
  const results = await store.run([
    { sql: sql(''), params: [runId, limit] },
    { sql: sql('AND ended_at IS NULL'), params: [runId, limit] },
  ]);
  const found = new Map(results.flatMap(({ rows }) => rows.map(approvalOf)).map((each) => [each.id, each]));
  return [...found.values()].sort((a, b) => b.at - a.at);
}

function approvalOf(row: Row): Approval {
  const ended = row['ended_at'];
  return {
    id: String(row['approval_id']),
    runId: String(row['run_id']),
    source: String(row['source']),
    wanted: Number(row['wanted']),
    sent: Number(row['sent']),
    who: String(row['who']),
    at: Number(row['at']),
    endedAt: ended === null || ended === undefined ? null : Number(ended),
    withdrawnBy: row['withdrawn_by'] == null ? null : String(row['withdrawn_by']),
  };
}

/**
 * Sends what an approval is about, until all of it is sent, or a person has withdrawn it or given it another inbox. Two
 * processes may do so at once: each correction leaves once.
 * @param arrived told how many messages the inbox has got
 * @returns how many were sent here
 */
export async function send(
  store: Store,
  approval: Approval,
  arrived: (count: number) => void,
  stopped: () => boolean,
): Promise<number> {
  const [row] =
    (
      await store.run([
        {
          sql: 'SELECT chosen FROM crossdock_reconcile_approval WHERE approval_id = ?',
          params: [approval.id],
        },
      ])
    )[0]?.rows ?? [];
  if (row === undefined) return 0;
  const chosen = JSON.parse(String(row['chosen'])) as Chosen;
  let sent = 0;
  for (let after = 0; !stopped(); ) {
    const bite = await nextBite(store, approval.runId, chosen, after);
    if (bite.length === 0) {
      await store.run([
        {
          sql: `UPDATE crossdock_reconcile_approval SET ended_at = {now} WHERE ${OPEN}`,
          params: [approval.id, approval.source],
        },
      ]);
      break;
    }
    const count = await sendAll(store, approval, bite);
    sent += count;
    if (count > 0) arrived(count);
    if (count < bite.length && !(await isOpen(store, approval))) break;
    after = bite.at(-1)?.number ?? after;
  }
  return sent;
}

/** Parameters: approval, source. */
const OPEN = 'approval_id = ? AND source = ? AND ended_at IS NULL';

async function isOpen(store: Store, { id, source }: Approval): Promise<boolean> {
  const [result] = await store.run([
    { sql: `SELECT 1 AS n FROM crossdock_reconcile_approval WHERE ${OPEN}`, params: [id, source] },
  ]);
  return (result?.rows.length ?? 0) > 0;
}

interface Waiting {
  readonly number: number;
  readonly key: string;
  readonly proposal: Proposal;
}

async function countOf(store: Store, runId: string, chosen: Chosen): Promise<number> {
  if (chosen.numbers === undefined) {
    const where = conditionOf(runId, { ...chosen.filter, correction: 'proposed' });
    const [result] = await store.run([
      {
        sql: `SELECT count(*) AS n FROM crossdock_reconcile_difference WHERE ${where.sql}`,
        params: where.params,
      },
    ]);
    return Number(result?.rows[0]?.['n'] ?? 0);
  }
  let found = 0;
  for (let from = 0; from < chosen.numbers.length; from += 500) {
    const some = chosen.numbers.slice(from, from + 500);
    const [result] = await store.run([
      {
        sql: `SELECT count(*) AS n FROM crossdock_reconcile_difference
          WHERE run_id = ? AND correction = 'proposed' AND number IN (${some.map(() => '?').join(', ')})`,
        params: [runId, ...some],
      },
    ]);
    found += Number(result?.rows[0]?.['n'] ?? 0);
  }
  return found;
}

async function nextBite(store: Store, runId: string, chosen: Chosen, after: number): Promise<Waiting[]> {
  const where = conditionOf(runId, { ...chosen.filter, correction: 'proposed' });
  const some = chosen.numbers
    ?.filter((number) => number > after)
    .sort((a, b) => a - b)
    .slice(0, BITE);
  if (some?.length === 0) return [];
  const among = some === undefined ? '' : `AND number IN (${some.map(() => '?').join(', ')})`;
  const [result] = await store.run([
    {
      sql: `SELECT number, record_key, proposal FROM crossdock_reconcile_difference WHERE ${where.sql} AND number > ? ${among}
        ORDER BY number LIMIT ?`,
      params: [...where.params, after, ...(some ?? []), BITE],
    },
  ]);
  const found = (result?.rows ?? []).map((row) => ({
    number: Number(row['number']),
    key: String(row['record_key']),
    proposal: JSON.parse(String(row['proposal'])) as Proposal,
  }));
  // Of these numbers none waits any more; there may be some behind them.
  if (found.length === 0 && some !== undefined) return nextBite(store, runId, chosen, some.at(-1) ?? after);
  return found;
}

/** All in one unit; when somebody else has approved one of them meanwhile, each by itself. */
async function sendAll(store: Store, approval: Approval, waiting: readonly Waiting[]): Promise<number> {
  try {
    await store.run([
      ...waiting.flatMap((one) => sending(store, approval, one)),
      counted(approval, waiting.length),
    ]);
    return waiting.length;
  } catch (error) {
    if (!(error instanceof StatementExpectationError)) throw error;
  }
  let sent = 0;
  for (const one of waiting) {
    try {
      await store.run([...sending(store, approval, one), counted(approval, 1)]);
      sent += 1;
    } catch (error) {
      if (!(error instanceof StatementExpectationError)) throw error;
    }
  }
  return sent;
}

/** Fenced: of what is withdrawn or goes elsewhere nothing leaves any more. */
function counted({ id, source }: Approval, count: number): Statement {
  return {
    sql: `UPDATE crossdock_reconcile_approval SET sent = sent + ? WHERE ${OPEN}`,
    params: [count, id, source],
    expect: 1,
  };
}

/** The guard of exactly one sending: the difference's state, in the unit that puts the message into its inbox. */
function sending(
  store: Store,
  { runId, source, who }: Approval,
  { number, key, proposal }: Waiting,
): Statement[] {
  const locks = store.exclusive ? [] : [lockPartition(source, key)];
  return [
    {
      sql: `UPDATE crossdock_reconcile_difference SET correction = 'approved', handled_by = ?, handled_at = {now}
        WHERE run_id = ? AND number = ? AND correction = 'proposed'`,
      params: [who, runId, number],
      expect: 1,
    },
    ...locks,
    acceptStatement(source, {
      id: `${runId}/${number}`,
      partitionKey: key,
      body: Buffer.from(JSON.stringify(proposal.message)),
      headers: { [CORRECTION_HEADER]: `${runId}/${number}`, 'content-type': 'application/json' },
    }),
  ];
}
