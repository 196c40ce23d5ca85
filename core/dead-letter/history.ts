/**
 * The history of a message's failed attempts. Each one is written in the unit that ends the attempt, so what a person
 * reads beside a dead letter is what happened, whatever crashed in between.
 */
import type { Origin, Outcome } from '../delivery';
import type { ErrorKind } from '../errors';
import type { Migration, Statement, Store } from '../store';

export const ATTEMPTS_SCHEMA: Migration = {
  idea: 'attempts',
  steps: [
    [
      `CREATE TABLE crossdock_attempt (
        seq {serial},
        source TEXT NOT NULL,
        delivery_id TEXT NOT NULL,
        attempt BIGINT NOT NULL,
        at BIGINT NOT NULL,
        code TEXT NOT NULL,
        kind TEXT NOT NULL,
        message TEXT NOT NULL)`,
      'CREATE INDEX crossdock_attempt_message ON crossdock_attempt (source, delivery_id, seq)',
      'CREATE INDEX crossdock_attempt_at ON crossdock_attempt (at)',
    ],
  ],
};
/** Among the headers of a message that a replay has sent: `<basket>/<item>`. */
export const REPLAY_HEADER = 'crossdock-replay';
/** Attempts that are kept of one message: the newest. */
export const KEPT_ATTEMPTS = 20;

const RECORD = `INSERT INTO crossdock_attempt (source, delivery_id, attempt, at, code, kind, message)
  VALUES (?, ?, ?, {now}, ?, ?, ?)`;
const TRIM = `DELETE FROM crossdock_attempt WHERE source = ? AND delivery_id = ? AND seq <= (
  SELECT seq FROM crossdock_attempt WHERE source = ? AND delivery_id = ?
  ORDER BY seq DESC LIMIT 1 OFFSET ${KEPT_ATTEMPTS})`;
const FORGET = 'DELETE FROM crossdock_attempt WHERE source = ? AND delivery_id = ?';
const READ = `SELECT attempt, at, code, kind, message FROM crossdock_attempt
  WHERE source = ? AND delivery_id = ? ORDER BY seq`;
/** What no letter refers to any more, a bounded number per call. Parameter: ms. */
export const DROP_ATTEMPTS = `DELETE FROM crossdock_attempt WHERE seq IN (
  SELECT a.seq FROM crossdock_attempt a WHERE a.at < {now} - ? AND NOT EXISTS (
    SELECT 1 FROM crossdock_dead_letter d WHERE d.source = a.source AND d.delivery_id = a.delivery_id)
  ORDER BY a.at LIMIT 1000)`;

/** A failed attempt. */
export interface Attempt {
  /** Deliveries of the message until then; a replay begins to count anew. */
  readonly attempt: number;
  /** Store clock, ms. */
  readonly at: number;
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
}

/** What goes into the unit that ends a delivery of this message. The schema must be there (`ATTEMPTS_SCHEMA`). */
export function attemptStatements(origin: Origin, outcome: Outcome): readonly Statement[] {
  const { source, deliveryId, attempts } = origin;
  if (outcome.type === 'failed' || outcome.type === 'parked') {
    const { code, kind, message } = outcome.error;
    return [
      { sql: RECORD, params: [source, deliveryId, attempts, code, kind, message.slice(0, 1000)] },
      { sql: TRIM, params: [source, deliveryId, source, deliveryId] },
    ];
  }
  // A message that went well at once has no history, and pays nothing for it. A replayed one keeps its letter's.
  const replayed = origin.headers?.[REPLAY_HEADER] !== undefined;
  if (outcome.type !== 'completed' || attempts === 1 || replayed) return [];
  return [{ sql: FORGET, params: [source, deliveryId] }];
}

/** The failed attempts of a message, oldest first. */
export async function historyOf(store: Store, source: string, deliveryId: string): Promise<Attempt[]> {
  const [result] = await store.run([{ sql: READ, params: [source, deliveryId] }]);
  const rows = result?.rows ?? [];
  return rows.slice(-KEPT_ATTEMPTS).map((row) => ({
    attempt: Number(row['attempt']),
    at: Number(row['at']),
    code: String(row['code']),
    kind: String(row['kind']) as ErrorKind,
    message: String(row['message']),
  }));
}
