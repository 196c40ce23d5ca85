import type { Migration, Statement, Store } from '../store';
import { ownerIsGone } from './instances';

/**
 * One row per message of a source. States:
 * - `ready`: may be leased now; `waiting`: failed, may be leased from `next_at` on; `queued`: an older message of its
 *   partition key is not settled yet; `leased`: in the flow, until `lease_until`, fenced by `fence`; `suspect`: may be
 *   leased now, but alone, since its process died with it more than once;
 * - `done` (also what a newer message of its key has superseded, see inbox-newest.ts), `parked` (a dead letter holds it),
 *   `dead` (failed for good, nobody parked it: kept here).
 * `unended` counts the leases in a row, the present one included, that ended without a word (`MAX_UNENDED`).
 * A row is unsettled as long as `settled_at` is NULL. Every step touches only rows that change: leasing reads the head
 * of an index, whatever else waits (a partial index is used only where its condition stands literally in the query). `done` and
 * `parked` rows lose their body at once: what stays is the delivery id, so that a late copy is known as a duplicate.
 */
export const INBOX_SCHEMA: Migration = {
  idea: 'inbox',
  steps: [
    [
      `CREATE TABLE crossdock_inbox (
        seq {serial},
        source TEXT NOT NULL,
        id TEXT NOT NULL,
        partition_key TEXT NOT NULL,
        priority BIGINT NOT NULL,
        headers TEXT NOT NULL,
        body {blob},
        received_at BIGINT NOT NULL,
        expires_at BIGINT,
        state TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'done', 'parked', 'dead')),
        attempts BIGINT NOT NULL,
        failures BIGINT NOT NULL,
        next_at BIGINT NOT NULL,
        lease_owner TEXT,
        lease_until BIGINT,
        fence BIGINT NOT NULL,
        error TEXT,
        settled_at BIGINT,
        UNIQUE (source, id))`,
      `CREATE INDEX crossdock_inbox_due ON crossdock_inbox (source, priority, seq)
        WHERE state IN ('ready', 'leased')`,
      `CREATE INDEX crossdock_inbox_partition ON crossdock_inbox (source, partition_key, seq)
        WHERE state IN ('ready', 'leased')`,
      `CREATE INDEX crossdock_inbox_settled ON crossdock_inbox (source, settled_at)
        WHERE state IN ('done', 'parked')`,
    ],
    // Three more states, a count of silent ends, and partition keys that may be missing (no order wanted). A CHECK cannot be altered, so the
    // table is written anew, in the order of arrival.
    [
      'ALTER TABLE crossdock_inbox RENAME TO crossdock_inbox_1',
      'DROP INDEX crossdock_inbox_due',
      'DROP INDEX crossdock_inbox_partition',
      'DROP INDEX crossdock_inbox_settled',
      `CREATE TABLE crossdock_inbox (
        seq {serial},
        source TEXT NOT NULL,
        id TEXT NOT NULL,
        partition_key TEXT,
        priority BIGINT NOT NULL,
        headers TEXT NOT NULL,
        body {blob},
        received_at BIGINT NOT NULL,
        expires_at BIGINT,
        state TEXT NOT NULL
          CHECK (state IN ('ready', 'suspect', 'waiting', 'queued', 'leased', 'done', 'parked', 'dead')),
        attempts BIGINT NOT NULL,
        failures BIGINT NOT NULL,
        unended BIGINT NOT NULL,
        next_at BIGINT NOT NULL,
        lease_owner TEXT,
        lease_until BIGINT,
        fence BIGINT NOT NULL,
        error TEXT,
        settled_at BIGINT,
        UNIQUE (source, id))`,
      `INSERT INTO crossdock_inbox (source, id, partition_key, priority, headers, body, received_at, expires_at, state,
          attempts, failures, unended, next_at, lease_owner, lease_until, fence, error, settled_at)
        SELECT source, id, partition_key, priority, headers, body, received_at, expires_at,
          CASE WHEN state IN ('ready', 'leased') THEN 'queued' ELSE state END,
          attempts, failures, 0, next_at, NULL, NULL, fence, error, settled_at
        FROM crossdock_inbox_1 ORDER BY seq`,
      'DROP TABLE crossdock_inbox_1',
      `CREATE INDEX crossdock_inbox_ready ON crossdock_inbox (source, priority, seq) WHERE state = 'ready'`,
      `CREATE INDEX crossdock_inbox_suspect ON crossdock_inbox (source, unended, priority, seq)
        WHERE state = 'suspect'`,
      `CREATE INDEX crossdock_inbox_waiting ON crossdock_inbox (source, next_at) WHERE state = 'waiting'`,
      `CREATE INDEX crossdock_inbox_leased ON crossdock_inbox (source, lease_until) WHERE state = 'leased'`,
      `CREATE INDEX crossdock_inbox_partition ON crossdock_inbox (source, partition_key, seq)
        WHERE partition_key IS NOT NULL AND settled_at IS NULL`,
      `CREATE INDEX crossdock_inbox_settled ON crossdock_inbox (source, settled_at)
        WHERE state IN ('done', 'parked')`,
    ],
    // Failures per retry node that has sent the message back, as JSON.
    ['ALTER TABLE crossdock_inbox ADD COLUMN tries TEXT'],
    // Only the newest per key (inbox-newest.ts).
    [
      'ALTER TABLE crossdock_inbox ADD COLUMN superseded_by TEXT',
      // Orders what is equally urgent: when it, or the first of those that it superseded, arrived. 0 where nothing is superseded.
      'ALTER TABLE crossdock_inbox ADD COLUMN place BIGINT NOT NULL DEFAULT 0',
      'DROP INDEX crossdock_inbox_ready',
      `CREATE INDEX crossdock_inbox_ready ON crossdock_inbox (source, priority, place, seq) WHERE state = 'ready'`,
      `CREATE INDEX crossdock_inbox_superseded ON crossdock_inbox (source, settled_at)
        WHERE superseded_by IS NOT NULL`,
      `CREATE TABLE crossdock_inbox_newest (
        source TEXT NOT NULL,
        partition_key TEXT NOT NULL,
        seq BIGINT NOT NULL,
        id TEXT NOT NULL,
        series TEXT NOT NULL,
        version TEXT NOT NULL,
        event_at BIGINT NOT NULL,
        noted_at BIGINT NOT NULL,
        PRIMARY KEY (source, partition_key))`,
      'CREATE INDEX crossdock_inbox_newest_age ON crossdock_inbox_newest (source, noted_at)',
    ],
  ],
};

/**
 * Takes a message in, unless its delivery id is known. One that was parked or had failed for good is taken in again:
 * who sends it again has usually mended the cause, and a failed attempt must not eat the retry that follows.
 */
function accept(state: string, place = '0'): string {
  return `INSERT INTO crossdock_inbox (source, id, partition_key, priority, headers, body, received_at, expires_at,
      place, state, attempts, failures, unended, next_at, fence)
    VALUES (?, ?, ?, ?, ?, ?, {now}, {now} + ?, ${place}, ${state}, 0, 0, 0, {now}, 0)
    ON CONFLICT (source, id) DO UPDATE SET
      partition_key = excluded.partition_key, priority = excluded.priority, headers = excluded.headers,
      body = excluded.body, received_at = excluded.received_at, expires_at = excluded.expires_at, place = excluded.place,
      state = excluded.state, attempts = 0, failures = 0, unended = 0, next_at = excluded.next_at, error = NULL, tries = NULL,
      settled_at = NULL
    WHERE crossdock_inbox.state IN ('parked', 'dead')`;
}
const ORDERED = `CASE WHEN EXISTS (SELECT 1 FROM crossdock_inbox e
      WHERE e.source = ? AND e.partition_key = ? AND e.settled_at IS NULL) THEN 'queued' ELSE 'ready' END`;
const ACCEPT = { single: accept("'ready'"), ordered: accept(ORDERED) };
/** With a place of their own, which a later one of the same key may take. */
const ACCEPT_PLACED = { single: accept("'ready'", '{now}'), ordered: accept(ORDERED, '{now}') };

/** A message as its source hands it in. */
export interface Incoming {
  /** The sender's delivery id: the same id again is a duplicate and is not taken twice. */
  readonly id: string;
  /**
   * Messages with the same key are delivered one after the other, in the order of their acceptance. Undefined: no
   * order is wanted.
   */
  readonly partitionKey: string | undefined;
  readonly body: Uint8Array;
  /** What the flow may need beside the body, for example the webhook's topic. No credentials. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Lower goes first; orders 1, catalogue 9. Default 5. */
  readonly priority?: number;
  /** Ms after which the message is no longer worth delivering. Default: never. */
  readonly expiresInMs?: number;
  /** What orders the messages of its key, where its sender says so. Default: their arrival. */
  readonly version?: IncomingVersion;
}

export interface IncomingVersion {
  /** Versions of one series can be compared; those of two say nothing about each other. */
  readonly series: string;
  /** Sorts as text, in any collation: digits and lower-case letters. */
  readonly order: string;
  /** When it was true, by the sender's clock, ms. */
  readonly at?: number;
}

/**
 * The statement that takes a message into the inbox of `source`; it changes one row, or none for a duplicate.
 * @param placed whether messages of this inbox may take each other's place in the queue
 */
export function acceptStatement(source: string, incoming: Incoming, placed = false): Statement {
  const { id, partitionKey, body, headers, priority = 5, expiresInMs } = incoming;
  const params = [
    source,
    id,
    partitionKey ?? null,
    priority,
    headers === undefined ? '{}' : JSON.stringify(headers),
    body,
    expiresInMs ?? null,
  ];
  const { single, ordered } = placed ? ACCEPT_PLACED : ACCEPT;
  if (partitionKey === undefined) return { sql: single, params };
  return { sql: ordered, params: [...params, source, partitionKey] };
}

const TAKEN = `attempts = attempts + 1, unended = unended + 1, fence = fence + 1, lease_owner = ?, lease_until = {now} + ?`;
const AS_LEASED = `seq, id, partition_key, priority, place, headers, body, received_at, expires_at, attempts, failures,
  unended, fence, tries, {now} AS now`;

/**
 * Leases what is ready, by priority, place and age. Within a partition key only the oldest unsettled message is ever ready.
 * Parameters: source, limit, owner, lease ms.
 */
export const LEASE = `WITH taken AS MATERIALIZED (
    SELECT seq FROM crossdock_inbox WHERE source = ? AND state = 'ready'
    ORDER BY priority, place, seq LIMIT ? {skip_locked})
  UPDATE crossdock_inbox SET state = 'leased', ${TAKEN} WHERE seq IN (SELECT seq FROM taken)
  RETURNING ${AS_LEASED}`;

/**
 * Leases one suspect: the one whose process has died least often with it, so that a message which only happened to be
 * there is done before the culprit has its turn again. Parameters: source, owner, lease ms.
 */
export const LEASE_SUSPECT = `WITH taken AS MATERIALIZED (
    SELECT seq FROM crossdock_inbox WHERE source = ? AND state = 'suspect'
    ORDER BY unended, priority, seq LIMIT 1 {skip_locked})
  UPDATE crossdock_inbox SET state = 'leased', ${TAKEN} WHERE seq IN (SELECT seq FROM taken)
  RETURNING ${AS_LEASED}`;

/**
 * What an instance has leased, by the store, without those that it has given up: their lease ends soon, and that end
 * is theirs. Parameters: source, ms that a lease must have left, owner.
 */
export const LEASED_BY = `SELECT seq, fence FROM crossdock_inbox
  WHERE source = ? AND state = 'leased' AND lease_until > {now} + ? AND lease_owner = ?`;

/** Deaths of its process in a row after which a message is delivered alone: one of those that were there is the cause. */
const SUSPECT_FROM = 2;
/**
 * Ends without a word in a row after which a message counts as poison: twice in company, four times alone. One more
 * than one would think enough: of 316 kills at the worst moments three hit the same message alone.
 */
export const MAX_UNENDED = 6;

/** Failed messages whose time has come. Parameter: source. */
export const WAKE = `WITH due AS MATERIALIZED (
    SELECT seq FROM crossdock_inbox WHERE source = ? AND state = 'waiting' AND next_at <= {now}
    ORDER BY next_at LIMIT 1000 {skip_locked})
  UPDATE crossdock_inbox SET state = 'ready' WHERE seq IN (SELECT seq FROM due)`;

/**
 * Leases that ran out (the flow has swallowed the message) or whose process is gone. A process takes down with it
 * whatever is in the flow; who was there more than once is suspect. Who asks is not gone, also when it was cut off from
 * a shared store for so long that others think so: what nobody has taken meanwhile is still its own.
 * Parameters: source, the instance that asks.
 */
export const RECLAIM = `UPDATE crossdock_inbox
  SET state = CASE WHEN unended >= ${SUSPECT_FROM} AND ${ownerIsGone('lease_owner')} THEN 'suspect' ELSE 'ready' END
  WHERE source = ? AND state = 'leased'
    AND (lease_until < {now} OR (lease_owner <> ? AND ${ownerIsGone('lease_owner')}))`;

/**
 * Makes the heads of their keys ready that no settled predecessor has made ready (after a migration; and as a net).
 * Parameter: source.
 */
export const SWEEP = `UPDATE crossdock_inbox SET state = 'ready'
  WHERE state = 'queued' AND seq IN (
    SELECT min(q.seq) FROM crossdock_inbox q
    WHERE q.source = ? AND q.settled_at IS NULL AND q.partition_key IS NOT NULL AND q.state = 'queued'
      AND NOT EXISTS (
        SELECT 1 FROM crossdock_inbox h WHERE h.source = q.source AND h.partition_key = q.partition_key
          AND h.settled_at IS NULL AND h.state <> 'queued')
    GROUP BY q.partition_key)`;

/** Ms until the next message falls due or the next lease ends (negative: now). Parameters: source, source. */
export const NEXT_DUE = `SELECT
    (SELECT min(next_at) FROM crossdock_inbox WHERE source = ? AND state = 'waiting') - {now} AS waiting_in,
    (SELECT min(lease_until) FROM crossdock_inbox WHERE source = ? AND state = 'leased') - {now} AS lease_in`;

const COUNTED = ['ready', 'suspect', 'waiting', 'leased'].map(
  (state) => `(SELECT count(*) FROM crossdock_inbox WHERE source = ? AND state = '${state}')`,
);
/** How much is not settled; from indexes alone. Parameters: source, five times. */
export const DEPTH = `SELECT ${COUNTED.join(' + ')} + (SELECT count(*) FROM crossdock_inbox
  WHERE source = ? AND partition_key IS NOT NULL AND settled_at IS NULL AND state = 'queued') AS depth`;

/** When the oldest unsettled message of each state arrived; reads what waits. Parameters: source, four times. */
export const OLDEST = `SELECT ${['ready', 'suspect', 'waiting', 'leased']
  .map(
    (state) =>
      `(SELECT min(received_at) FROM crossdock_inbox WHERE source = ? AND state = '${state}') AS ${state}`,
  )
  .join(', ')}`;

const FENCED = "WHERE seq = ? AND fence = ? AND state = 'leased'";
export const SETTLE_DONE = `UPDATE crossdock_inbox
  SET state = 'done', settled_at = {now}, body = NULL, headers = '{}', error = NULL ${FENCED}`;
export const SETTLE_PARKED = `UPDATE crossdock_inbox
  SET state = 'parked', settled_at = {now}, body = NULL, headers = '{}', error = ? ${FENCED}`;
export const SETTLE_RETRY = `UPDATE crossdock_inbox
  SET state = 'waiting', failures = failures + 1, unended = 0, next_at = {now} + ?, error = ?,
    tries = coalesce(?, tries) ${FENCED}`;
export const SETTLE_DEAD = `UPDATE crossdock_inbox
  SET state = 'dead', failures = failures + 1, settled_at = {now}, error = ? ${FENCED}`;
/** Gives a lease back unused: as if the message had not been delivered. */
export const HAND_BACK = `UPDATE crossdock_inbox SET attempts = attempts - 1, unended = unended - 1,
  state = CASE WHEN unended > ${SUSPECT_FROM} THEN 'suspect' ELSE 'ready' END ${FENCED}`;

const PROMOTE = `UPDATE crossdock_inbox SET state = 'ready'
  WHERE state = 'queued' AND seq = (
    SELECT min(seq) FROM crossdock_inbox
    WHERE source = ? AND partition_key = ? AND settled_at IS NULL AND state = 'queued')
  AND NOT EXISTS (SELECT 1 FROM crossdock_inbox h
    WHERE h.source = ? AND h.partition_key = ? AND h.settled_at IS NULL AND h.state <> 'queued')`;

/** Lets the next message of the key go, once the one before it is settled; for the same unit, behind the settling. */
export function promoteStatement(source: string, partitionKey: string): Statement {
  return { sql: PROMOTE, params: [source, partitionKey, source, partitionKey] };
}

/**
 * On a shared store, what reads "is an older one unsettled?" and what settles that older one must not run side by
 * side, or a message would stay queued behind nobody, or two of one key would be in the flow. First in its unit.
 */
export function lockPartition(source: string, partitionKey: string): Statement {
  return {
    sql: 'SELECT pg_advisory_xact_lock(hashtextextended(?, 0))',
    params: [`${source} ${partitionKey}`],
  };
}

/** The lock that the store needs for its first statement; none where this process is alone. */
export function partitionLock(store: Store, source: string, partitionKey: string | undefined): Statement[] {
  return partitionKey === undefined || store.exclusive ? [] : [lockPartition(source, partitionKey)];
}

/** Forgets settled rows past their retention, a bounded number per call. Parameters: source, retention ms. */
export const CLEAN_UP = `DELETE FROM crossdock_inbox WHERE seq IN (
  SELECT seq FROM crossdock_inbox
  WHERE source = ? AND state IN ('done', 'parked') AND settled_at < {now} - ? LIMIT 1000)`;
