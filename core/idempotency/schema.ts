import { ownerIsGone } from '../delivery';
import type { Migration } from '../store';

/**
 * One row per key. `expires_at` is written with the claim and never after it, so that the end of the work touches no
 * index: the cost of a key is two index entries and one row, whatever the number of keys.
 */
export const SCHEMA: Migration = {
  idea: 'idempotency',
  steps: [
    [
      `CREATE TABLE crossdock_idempotency (
        scope TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('claimed', 'done', 'failed')),
        owner TEXT NOT NULL,
        fence BIGINT NOT NULL,
        lease_until BIGINT NOT NULL,
        attempts BIGINT NOT NULL,
        result TEXT,
        first_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (scope, key))`,
      'CREATE INDEX crossdock_idempotency_expiry ON crossdock_idempotency (expires_at)',
    ],
  ],
};

/**
 * A key may be claimed when it is free: never seen, released, past its retention, or its lease is over (ran out, or
 * its process is gone). A lapsed claim goes only to the same payload: its first holder may have had its effect
 * already. Parameters: scope, key, fingerprint, owner, lease ms, lease ms + retention ms.
 */
export const CLAIM = `INSERT INTO crossdock_idempotency
    (scope, key, fingerprint, state, owner, fence, lease_until, attempts, first_at, updated_at, expires_at)
  VALUES (?, ?, ?, 'claimed', ?, 1, {now} + ?, 1, {now}, {now}, {now} + ?)
  ON CONFLICT (scope, key) DO UPDATE SET
    state = 'claimed', owner = excluded.owner, fence = crossdock_idempotency.fence + 1,
    lease_until = excluded.lease_until, result = NULL, fingerprint = excluded.fingerprint,
    attempts = CASE WHEN crossdock_idempotency.expires_at < {now} THEN 1
      ELSE crossdock_idempotency.attempts + 1 END,
    first_at = CASE WHEN crossdock_idempotency.expires_at < {now} THEN {now}
      ELSE crossdock_idempotency.first_at END,
    updated_at = excluded.updated_at, expires_at = excluded.expires_at
  WHERE crossdock_idempotency.state = 'failed'
    OR crossdock_idempotency.expires_at < {now}
    OR (crossdock_idempotency.state = 'claimed'
      AND crossdock_idempotency.fingerprint = excluded.fingerprint
      AND (crossdock_idempotency.lease_until < {now} OR ${ownerIsGone('crossdock_idempotency.owner')}))
  RETURNING fence, attempts`;

/** Parameters: scope, key. */
export const LOOK = `SELECT state, fingerprint, result, first_at, updated_at, attempts
  FROM crossdock_idempotency WHERE scope = ? AND key = ?`;

const FENCED = "WHERE scope = ? AND key = ? AND fence = ? AND state = 'claimed'";
/** Parameters: result, scope, key, fence. */
export const DONE = `UPDATE crossdock_idempotency
  SET state = 'done', owner = '', result = ?, updated_at = {now} ${FENCED}`;
/** Parameters: scope, key, fence. */
export const RELEASE = `UPDATE crossdock_idempotency SET state = 'failed', owner = '', updated_at = {now} ${FENCED}`;

/** The oldest ones past their retention, whichever guard they are of. Parameter: how many at most. */
export const CLEAN_UP = `WITH old AS MATERIALIZED (
  SELECT scope, key FROM crossdock_idempotency WHERE expires_at < {now} ORDER BY expires_at LIMIT ? {skip_locked})
  DELETE FROM crossdock_idempotency WHERE (scope, key) IN (SELECT scope, key FROM old)`;
