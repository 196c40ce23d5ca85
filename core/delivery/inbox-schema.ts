import type { Migration } from '../store';

/**
 * One row per message of a source. States: `ready` (to be delivered, at `next_at`), `leased` (in the flow, until
 * `lease_until`, fenced by `fence`), `done`, `parked` (a dead letter holds it), `dead` (failed for good, nobody
 * parked it: kept here). `done` and `parked` rows lose their body at once: what stays is the delivery id, so that a
 * late copy is known as a duplicate.
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
  ],
};

/**
 * Takes a message in, unless its delivery id is known. One that was parked or had failed for good is taken in again:
 * who sends it again has usually mended the cause, and a failed attempt must not eat the retry that follows.
 */
export const ACCEPT = `INSERT INTO crossdock_inbox
  (source, id, partition_key, priority, headers, body, received_at, expires_at, state, attempts, failures, next_at, fence)
  VALUES (?, ?, ?, ?, ?, ?, {now}, {now} + ?, 'ready', 0, 0, {now}, 0)
  ON CONFLICT (source, id) DO UPDATE SET
    partition_key = excluded.partition_key, priority = excluded.priority, headers = excluded.headers,
    body = excluded.body, received_at = excluded.received_at, expires_at = excluded.expires_at, state = 'ready',
    attempts = 0, failures = 0, next_at = excluded.next_at, error = NULL, settled_at = NULL
  WHERE crossdock_inbox.state IN ('parked', 'dead')`;

/**
 * Leases what is due: in order within a partition key (a message waits while an older one of its key is unsettled),
 * by priority and age across keys. A lease that ran out, or that an earlier process held on an exclusive store, is
 * taken over.
 * Parameters: owner, lease ms, source, exclusive (1/0), owner, limit.
 */
export const LEASE = `UPDATE crossdock_inbox
  SET state = 'leased', attempts = attempts + 1, fence = fence + 1, lease_owner = ?, lease_until = {now} + ?
  WHERE seq IN (
    SELECT i.seq FROM crossdock_inbox i
    WHERE i.source = ?
      AND ((i.state = 'ready' AND i.next_at <= {now})
        OR (i.state = 'leased' AND (i.lease_until < {now} OR (? = 1 AND i.lease_owner <> ?))))
      AND NOT EXISTS (
        SELECT 1 FROM crossdock_inbox e
        WHERE e.source = i.source AND e.partition_key = i.partition_key AND e.seq < i.seq
          AND e.state IN ('ready', 'leased'))
    ORDER BY i.priority, i.seq LIMIT ? {skip_locked})
  RETURNING seq, id, partition_key, headers, body, received_at, expires_at, attempts, failures, fence, {now} AS now`;

/** Ms until the next message falls due (negative: now), with the depth beside it. */
export const NEXT_DUE = `SELECT count(*) AS depth,
    min(CASE WHEN state = 'ready' THEN next_at ELSE lease_until END) - {now} AS due_in
  FROM crossdock_inbox WHERE source = ? AND state IN ('ready', 'leased')`;

const FENCED = "WHERE seq = ? AND fence = ? AND state = 'leased'";
export const SETTLE_DONE = `UPDATE crossdock_inbox
  SET state = 'done', settled_at = {now}, body = NULL, headers = '{}', error = NULL ${FENCED}`;
export const SETTLE_PARKED = `UPDATE crossdock_inbox
  SET state = 'parked', settled_at = {now}, body = NULL, headers = '{}', error = ? ${FENCED}`;
export const SETTLE_RETRY = `UPDATE crossdock_inbox
  SET state = 'ready', failures = failures + 1, next_at = {now} + ?, error = ? ${FENCED}`;
export const SETTLE_DEAD = `UPDATE crossdock_inbox
  SET state = 'dead', failures = failures + 1, settled_at = {now}, error = ? ${FENCED}`;
/** Gives a lease back unused: as if the message had not been delivered. */
export const HAND_BACK = `UPDATE crossdock_inbox
  SET state = 'ready', attempts = attempts - 1, next_at = {now} ${FENCED}`;
/** Forgets settled rows past their retention, a bounded number per call. */
export const CLEAN_UP = `DELETE FROM crossdock_inbox WHERE seq IN (
  SELECT seq FROM crossdock_inbox
  WHERE source = ? AND state IN ('done', 'parked') AND settled_at < {now} - ? LIMIT 1000)`;
