/** The tables of the dead letters and the statements on them. */
import type { Migration } from '../store';

export const SCHEMA: Migration = {
  idea: 'dead-letter',
  steps: [
    [
      `CREATE TABLE crossdock_dead_letter (
        id TEXT PRIMARY KEY,
        cause TEXT NOT NULL,
        code TEXT NOT NULL,
        kind TEXT NOT NULL,
        reason TEXT NOT NULL,
        details TEXT NOT NULL,
        business_key TEXT,
        source TEXT,
        delivery_id TEXT,
        flow_id TEXT NOT NULL,
        node_id TEXT NOT NULL,
        node_type TEXT NOT NULL,
        node_name TEXT NOT NULL,
        attempts BIGINT NOT NULL,
        occurrences BIGINT NOT NULL,
        received_at BIGINT,
        first_at BIGINT NOT NULL,
        last_at BIGINT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('parked', 'replayed', 'discarded')),
        original {blob},
        failed_as TEXT)`,
      'CREATE INDEX crossdock_dead_letter_cause ON crossdock_dead_letter (state, cause, last_at)',
      'CREATE INDEX crossdock_dead_letter_key ON crossdock_dead_letter (business_key)',
    ],
    // What a replay and a search need. Written anew, so that the bodies stay the last columns: SQLite reads a row from
    // its front, and what lies behind a large body is far away.
    [
      'ALTER TABLE crossdock_dead_letter RENAME TO crossdock_dead_letter_1',
      'DROP INDEX crossdock_dead_letter_cause',
      'DROP INDEX crossdock_dead_letter_key',
      `CREATE TABLE crossdock_dead_letter (
        id TEXT PRIMARY KEY,
        cause TEXT NOT NULL,
        code TEXT NOT NULL,
        kind TEXT NOT NULL,
        reason TEXT NOT NULL,
        details TEXT NOT NULL,
        business_key TEXT,
        source TEXT,
        delivery_id TEXT,
        partition_key TEXT,
        priority BIGINT,
        flow_id TEXT NOT NULL,
        flow_name TEXT NOT NULL,
        node_id TEXT NOT NULL,
        node_type TEXT NOT NULL,
        node_name TEXT NOT NULL,
        attempts BIGINT NOT NULL,
        occurrences BIGINT NOT NULL,
        received_at BIGINT,
        first_at BIGINT NOT NULL,
        last_at BIGINT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('parked', 'replayed', 'discarded')),
        handled_at BIGINT,
        handled_by TEXT,
        handled_note TEXT,
        bytes BIGINT NOT NULL,
        search TEXT NOT NULL,
        headers TEXT NOT NULL,
        original {blob},
        failed_as TEXT)`,
      `INSERT INTO crossdock_dead_letter
        SELECT id, cause, code, kind, reason, details, business_key, source, delivery_id, NULL, NULL, flow_id, '',
          node_id, node_type, node_name, attempts, occurrences, received_at, first_at, last_at, state,
          CASE WHEN state = 'parked' THEN NULL ELSE last_at END, NULL, NULL,
          coalesce(length(original), 0) + coalesce(length(failed_as), 0),
          lower(code || ' ' || reason || ' ' || coalesce(business_key, '') || ' ' || coalesce(delivery_id, '')),
          '{}', original, failed_as
        FROM crossdock_dead_letter_1`,
      'DROP TABLE crossdock_dead_letter_1',
      'CREATE INDEX crossdock_dead_letter_cause ON crossdock_dead_letter (state, cause, last_at, id)',
      'CREATE INDEX crossdock_dead_letter_time ON crossdock_dead_letter (state, last_at, id)',
      'CREATE INDEX crossdock_dead_letter_source ON crossdock_dead_letter (state, source, last_at, id)',
      'CREATE INDEX crossdock_dead_letter_delivery ON crossdock_dead_letter (source, delivery_id)',
      'CREATE INDEX crossdock_dead_letter_size ON crossdock_dead_letter (state, bytes)',
      `CREATE INDEX crossdock_dead_letter_handled ON crossdock_dead_letter (handled_at)
        WHERE state <> 'parked'`,
      `CREATE TABLE crossdock_dead_letter_group (
        cause TEXT PRIMARY KEY,
        dead_letter_node TEXT NOT NULL,
        opened_at BIGINT NOT NULL,
        told_at BIGINT)`,
      `CREATE INDEX crossdock_dead_letter_untold ON crossdock_dead_letter_group (dead_letter_node)
        WHERE told_at IS NULL`,
    ],
  ],
};

/**
 * A group opens with the first letter of its cause, and again once all of them were handled; then it is to be told.
 * Goes before the letter. While the group is open nothing is touched, so no row is a bottleneck. Parameters: cause, the
 * dead letter node, cause.
 */
export const OPEN_GROUP = `INSERT INTO crossdock_dead_letter_group (cause, dead_letter_node, opened_at)
  SELECT ?, ?, {now} WHERE NOT EXISTS (
    SELECT 1 FROM crossdock_dead_letter WHERE state = 'parked' AND cause = ?)
  ON CONFLICT (cause) DO UPDATE SET dead_letter_node = excluded.dead_letter_node,
    opened_at = excluded.opened_at, told_at = NULL`;

// The same message that fails again for the same cause is one letter with a count, not a heap of letters. One that
// was replayed or discarded and fails anew is parked anew.
export const PARK = `INSERT INTO crossdock_dead_letter
    (id, cause, code, kind, reason, details, business_key, source, delivery_id, partition_key, priority, flow_id,
     flow_name, node_id, node_type, node_name, attempts, occurrences, received_at, first_at, last_at, state, bytes,
     search, headers, original, failed_as)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, {now}, {now}, 'parked', ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET
    occurrences = crossdock_dead_letter.occurrences + 1, last_at = excluded.last_at, state = 'parked',
    handled_at = NULL, handled_by = NULL, handled_note = NULL, cause = excluded.cause,
    attempts = crossdock_dead_letter.attempts + excluded.attempts, reason = excluded.reason,
    details = excluded.details, failed_as = excluded.failed_as, bytes = excluded.bytes, search = excluded.search,
    delivery_id = excluded.delivery_id, partition_key = excluded.partition_key, priority = excluded.priority,
    headers = excluded.headers`;

export const COLUMNS = `id, cause, code, kind, reason, details, business_key, source, delivery_id, partition_key,
  priority, flow_id, flow_name, node_id, node_type, node_name, attempts, occurrences, received_at, first_at, last_at,
  state, handled_at, handled_by, handled_note, bytes`;

/** Each store tells a new group once, whichever process asks first. Parameter: cause. */
export const TELL_GROUP =
  'UPDATE crossdock_dead_letter_group SET told_at = {now} WHERE cause = ? AND told_at IS NULL RETURNING cause';

/** Groups whose node stopped before it had told them. Parameter: the dead letter node. */
export const UNTOLD_GROUPS = `SELECT cause FROM crossdock_dead_letter_group
  WHERE dead_letter_node = ? AND told_at IS NULL LIMIT 1000`;

/** Parameters: state. */
export const GROUPS = `SELECT cause, count(*) AS letters, min(first_at) AS first_at, max(last_at) AS last_at
  FROM crossdock_dead_letter WHERE state = ? GROUP BY cause ORDER BY max(last_at) DESC LIMIT 500`;

/** The newest letters of a group. Parameters: state, cause, limit. */
export const NEWEST = `SELECT ${COLUMNS} FROM crossdock_dead_letter
  WHERE state = ? AND cause = ? ORDER BY last_at DESC, id DESC LIMIT ?`;

export const SUMMARY = `SELECT count(*) AS parked, count(DISTINCT cause) AS groups_
  FROM crossdock_dead_letter WHERE state = 'parked'`;

export const SIZES = `SELECT state, count(*) AS letters, sum(bytes) AS bytes
  FROM crossdock_dead_letter GROUP BY state`;

/** Parameter: id. Expect 1: letters that were handled meanwhile are left alone. Parameters: by, note, id. */
export const MARK_REPLAYED = `UPDATE crossdock_dead_letter
  SET state = 'replayed', handled_at = {now}, handled_by = ?, handled_note = ? WHERE id = ? AND state = 'parked'`;

/** A replayed letter whose message failed for good and was not parked by its flow. Parameters: id. */
export const PARK_AGAIN = `UPDATE crossdock_dead_letter
  SET state = 'parked', last_at = {now}, occurrences = occurrences + 1, handled_at = NULL, handled_by = NULL,
    handled_note = NULL WHERE id = ? AND state = 'replayed'`;

/** Only what people have handled is ever dropped. Parameters: ms since it was handled, limit. */
export const DROP_OLD = `DELETE FROM crossdock_dead_letter WHERE id IN (
  SELECT id FROM crossdock_dead_letter WHERE state <> 'parked' AND handled_at <= {now} - ?
  ORDER BY handled_at LIMIT ?) RETURNING bytes`;
