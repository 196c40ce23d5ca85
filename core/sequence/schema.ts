import { ownerIsGone } from '../delivery';
import type { Migration } from '../store';

/** One row per key: the newest version that is settled, and who works on the next one. */
export const SCHEMA: Migration = {
  idea: 'sequence',
  steps: [
    [
      `CREATE TABLE crossdock_sequence (
        scope TEXT NOT NULL,
        key TEXT NOT NULL,
        newest TEXT,
        shown TEXT,
        owner TEXT NOT NULL,
        fence BIGINT NOT NULL,
        lease_until BIGINT NOT NULL,
        gap_since BIGINT,
        gap_lowest TEXT,
        updated_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (scope, key))`,
      'CREATE INDEX crossdock_sequence_expiry ON crossdock_sequence (expires_at)',
    ],
  ],
};

const FREE = `(crossdock_sequence.lease_until < {now} OR ${ownerIsGone('crossdock_sequence.owner')})`;
const FORGOTTEN = 'crossdock_sequence.expires_at < {now}';

/**
 * Takes the key for a version that is newer than the newest, unless somebody works on the key or the gap before the
 * version is held: until its time is over, and then for the lowest version first (the others wait as long again, in
 * case that one never comes back). Parameters: scope, key, owner, lease ms, lease ms + retention ms, version, the
 * one before it ('' when gaps do not matter), hold ms, version, twice the hold ms.
 */
export const TAKE = `INSERT INTO crossdock_sequence
    (scope, key, owner, fence, lease_until, updated_at, expires_at)
  VALUES (?, ?, ?, 1, {now} + ?, {now}, {now} + ?)
  ON CONFLICT (scope, key) DO UPDATE SET
    newest = CASE WHEN ${FORGOTTEN} THEN NULL ELSE crossdock_sequence.newest END,
    owner = excluded.owner, fence = crossdock_sequence.fence + 1, lease_until = excluded.lease_until,
    expires_at = excluded.expires_at
  WHERE ${FREE} AND (crossdock_sequence.newest IS NULL OR ${FORGOTTEN}
    OR (crossdock_sequence.newest < ? AND (crossdock_sequence.newest >= ?
      OR (crossdock_sequence.gap_since + ? <= {now} AND (? <= crossdock_sequence.gap_lowest
        OR crossdock_sequence.gap_since + ? <= {now})))))
  RETURNING fence, newest, shown`;

/** Parameters: scope, key. */
export const LOOK = `SELECT newest, shown, gap_since, {now} AS now, CASE WHEN ${FREE} THEN 0 ELSE 1 END AS busy
  FROM crossdock_sequence WHERE scope = ? AND key = ?`;

/** Notes that a version waits for what is missing before it. Parameters: version, version, scope, key, newest. */
export const HOLD = `UPDATE crossdock_sequence SET gap_since = COALESCE(gap_since, {now}),
    gap_lowest = CASE WHEN gap_lowest < ? THEN gap_lowest ELSE ? END
  WHERE scope = ? AND key = ? AND newest = ?`;

const FENCED = 'WHERE scope = ? AND key = ? AND fence = ?';
/** Parameters: version, version as shown, scope, key, fence. */
export const PASSED = `UPDATE crossdock_sequence SET newest = ?, shown = ?, gap_since = NULL, gap_lowest = NULL,
  owner = '', lease_until = 0, updated_at = {now} ${FENCED}`;
/** Parameters: scope, key, fence. */
export const RELEASE = `UPDATE crossdock_sequence SET owner = '', lease_until = 0 ${FENCED}`;

/** Parameter: how many at most. */
export const CLEAN_UP = `WITH old AS MATERIALIZED (
  SELECT scope, key FROM crossdock_sequence WHERE expires_at < {now} ORDER BY expires_at LIMIT ? {skip_locked})
  DELETE FROM crossdock_sequence WHERE (scope, key) IN (SELECT scope, key FROM old)`;
