/** The tables of replay baskets and the statements on them. */
import type { Migration } from '../store';

export const SCHEMA: Migration = {
  idea: 'replay',
  steps: [
    [
      `CREATE TABLE crossdock_basket (
        id TEXT PRIMARY KEY,
        seq BIGINT NOT NULL,
        name TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('draft', 'dry-run', 'running', 'paused', 'cancelled', 'finished')),
        filter TEXT,
        created_at BIGINT NOT NULL,
        created_by TEXT NOT NULL,
        started_at BIGINT,
        started_by TEXT,
        finished_at BIGINT,
        rate BIGINT,
        into_node TEXT,
        problem TEXT)`,
      'CREATE INDEX crossdock_basket_newest ON crossdock_basket (seq)',
      `CREATE INDEX crossdock_basket_working ON crossdock_basket (seq)
        WHERE state IN ('running', 'dry-run')`,
      `CREATE TABLE crossdock_basket_item (
        basket_id TEXT NOT NULL,
        item BIGINT NOT NULL,
        letter_id TEXT NOT NULL,
        state TEXT NOT NULL
          CHECK (state IN ('pending', 'sent', 'done', 'failedAgain', 'skipped', 'discarded')),
        note TEXT,
        target_source TEXT,
        target_id TEXT,
        sent_at BIGINT,
        ended_at BIGINT,
        edited_at BIGINT,
        edited_by TEXT,
        dry_run TEXT,
        dry_result TEXT,
        body {blob},
        PRIMARY KEY (basket_id, item))`,
      'CREATE INDEX crossdock_basket_item_state ON crossdock_basket_item (basket_id, state, item)',
      'CREATE INDEX crossdock_basket_item_letter ON crossdock_basket_item (letter_id)',
      "CREATE INDEX crossdock_basket_item_sent ON crossdock_basket_item (basket_id) WHERE state = 'sent'",
      `CREATE INDEX crossdock_basket_item_dry ON crossdock_basket_item (basket_id, dry_result)
        WHERE dry_result IS NOT NULL`,
      `CREATE TABLE crossdock_audit (
        seq {serial},
        at BIGINT NOT NULL,
        who TEXT NOT NULL,
        action TEXT NOT NULL,
        basket_id TEXT,
        letters BIGINT NOT NULL,
        note TEXT NOT NULL)`,
      'CREATE INDEX crossdock_audit_basket ON crossdock_audit (basket_id, seq)',
      `CREATE TABLE crossdock_replay_runner (
        id BIGINT PRIMARY KEY,
        owner TEXT NOT NULL,
        until BIGINT NOT NULL)`,
    ],
  ],
};

/** Parameters: id, name, filter, who. */
export const CREATE = `INSERT INTO crossdock_basket (id, seq, name, state, filter, created_at, created_by)
  SELECT ?, coalesce(max(seq), 0) + 1, ?, 'draft', ?, {now}, ? FROM crossdock_basket`;

/** Freezes what a filter finds, in the order of arrival. @param where the condition on the letters */
export function freezeFilter(where: string): string {
  return `INSERT INTO crossdock_basket_item (basket_id, item, letter_id, state)
    SELECT ?, row_number() OVER (ORDER BY coalesce(received_at, first_at), id), id, 'pending'
    FROM crossdock_dead_letter WHERE ${where}`;
}

/** One letter. Parameters: basket, item, letter. */
export const FREEZE_ONE = `INSERT INTO crossdock_basket_item (basket_id, item, letter_id, state)
  SELECT ?, CAST(? AS BIGINT), id, 'pending' FROM crossdock_dead_letter WHERE id = ? AND state = 'parked'`;

export const BASKET_COLUMNS =
  'id, seq, name, state, filter, created_at, created_by, started_at, started_by, finished_at, rate, into_node, problem';

export const PROGRESS = `SELECT state, count(*) AS n FROM crossdock_basket_item
  WHERE basket_id = ? GROUP BY state`;
export const DRY_PROGRESS = `SELECT dry_result, count(*) AS n FROM crossdock_basket_item
  WHERE basket_id = ? AND dry_result IS NOT NULL GROUP BY dry_result`;

/** @param to a fixed word. Parameters: basket, then the states it may come from. */
export function moveTo(to: string, from: readonly string[], set = ''): string {
  const states = from.map((state) => `'${state}'`).join(', ');
  return `UPDATE crossdock_basket SET state = '${to}', problem = NULL${set}
    WHERE id = ? AND state IN (${states})`;
}

export const ITEM_COLUMNS = `i.item, i.letter_id, i.state, i.note, i.target_source, i.target_id, i.sent_at, i.ended_at,
  i.edited_at, i.dry_run, l.code, l.reason, l.business_key, l.source, l.state AS letter_state`;
const WITH_LETTER = 'crossdock_basket_item i LEFT JOIN crossdock_dead_letter l ON l.id = i.letter_id';

/** Parameters: basket, after, limit. */
export const ITEMS = `SELECT ${ITEM_COLUMNS} FROM ${WITH_LETTER}
  WHERE i.basket_id = ? AND i.item > ? ORDER BY i.item LIMIT ?`;
/** Parameters: basket, item. */
export const ITEM = `SELECT ${ITEM_COLUMNS}, i.body, l.original, l.headers, l.failed_as FROM ${WITH_LETTER}
  WHERE i.basket_id = ? AND i.item = ?`;
/** Parameters: basket, state, limit. */
export const ITEMS_IN_STATE = `SELECT ${ITEM_COLUMNS} FROM ${WITH_LETTER}
  WHERE i.basket_id = ? AND i.state = ? ORDER BY i.item LIMIT ?`;
/** With bodies, to be sent. Parameters: basket, limit. */
export const TO_SEND = `SELECT i.item, i.letter_id, i.body, l.state AS letter_state, l.source, l.delivery_id,
    l.partition_key, l.priority, l.headers, l.original, l.failed_as, l.handled_note
  FROM ${WITH_LETTER} WHERE i.basket_id = ? AND i.state = 'pending' ORDER BY i.item LIMIT ?`;
/** With bodies, to be tried. Parameters: basket, after item, limit. */
export const TO_TRY = `SELECT i.item, i.letter_id, i.body, l.source, l.received_at, l.headers, l.original, l.failed_as
  FROM ${WITH_LETTER} WHERE i.basket_id = ? AND i.state = 'pending' AND i.item > ? AND i.dry_result IS NULL
  ORDER BY i.item LIMIT ?`;

/** The guard of exactly one sending. Parameters: target source, target id, basket, item, basket. */
export const SEND = `UPDATE crossdock_basket_item
  SET state = 'sent', sent_at = {now}, target_source = ?, target_id = ?
  WHERE basket_id = ? AND item = ? AND state = 'pending'
    AND EXISTS (SELECT 1 FROM crossdock_basket b WHERE b.id = ? AND b.state = 'running')`;
/**
 * Its inbox had the message by itself: its sender has sent it again. Parameters: note, basket, item, target source,
 * target id, headers.
 */
export const NOT_TAKEN = `UPDATE crossdock_basket_item SET state = 'skipped', note = ?, ended_at = {now}
  WHERE basket_id = ? AND item = ? AND NOT EXISTS (
    SELECT 1 FROM crossdock_inbox x WHERE x.source = ? AND x.id = ? AND x.headers = ?)`;
/** Parameters: state, note, basket, item. */
export const END_PENDING = `UPDATE crossdock_basket_item SET state = ?, note = ?, ended_at = {now}
  WHERE basket_id = ? AND item = ? AND state = 'pending'`;

/** Sent ones that gave way to a newer message of their key (event in: only the newest). Parameters: note, basket. */
export const MARK_SUPERSEDED = `UPDATE crossdock_basket_item SET state = 'skipped', note = ?, ended_at = {now}
  WHERE basket_id = ? AND state = 'sent' AND EXISTS (
    SELECT 1 FROM crossdock_inbox x WHERE x.source = crossdock_basket_item.target_source
      AND x.id = crossdock_basket_item.target_id AND x.superseded_by IS NOT NULL)`;
/** Parameter: basket. */
export const MARK_DONE = `UPDATE crossdock_basket_item SET state = 'done', ended_at = {now}
  WHERE basket_id = ? AND state = 'sent' AND EXISTS (
    SELECT 1 FROM crossdock_inbox x WHERE x.source = crossdock_basket_item.target_source
      AND x.id = crossdock_basket_item.target_id AND x.state = 'done')`;
/** Sent ones that failed. Parameters: basket, limit. */
export const FAILED = `SELECT i.item, i.letter_id, x.state, x.error FROM crossdock_basket_item i
  JOIN crossdock_inbox x ON x.source = i.target_source AND x.id = i.target_id
  WHERE i.basket_id = ? AND i.state = 'sent' AND x.state IN ('parked', 'dead') LIMIT ?`;
/** Parameters: note, basket, item. */
export const MARK_FAILED = `UPDATE crossdock_basket_item SET state = 'failedAgain', note = ?, ended_at = {now}
  WHERE basket_id = ? AND item = ? AND state = 'sent'`;
/** Parameters: basket, basket. */
export const FINISH = `UPDATE crossdock_basket SET state = 'finished', finished_at = {now}, problem = NULL
  WHERE id = ? AND state = 'running' AND NOT EXISTS (
    SELECT 1 FROM crossdock_basket_item WHERE basket_id = ? AND state IN ('pending', 'sent'))`;

/** What there is to do: baskets at work, and those of which something is still in a flow. */
export const WORKING = `SELECT ${BASKET_COLUMNS} FROM crossdock_basket WHERE state IN ('running', 'dry-run')
  ORDER BY seq LIMIT 50`;
export const WITH_SENT = `SELECT DISTINCT basket_id FROM crossdock_basket_item WHERE state = 'sent' LIMIT 100`;
export const COUNT_SENT = `SELECT count(*) AS n FROM crossdock_basket_item WHERE basket_id = ? AND state = 'sent'`;

/** Whether any process has had an inbox of this name. Parameter: source. */
export const KNOWN_SOURCE = 'SELECT 1 FROM crossdock_inbox WHERE source = ? LIMIT 1';
/** Sources of what a basket is to send, and whether any process has an inbox for them. Parameter: basket. */
export const SOURCES = `SELECT s.source, (SELECT 1 FROM crossdock_inbox x WHERE x.source = s.source LIMIT 1) AS known
  FROM (SELECT DISTINCT l.source FROM ${WITH_LETTER} WHERE i.basket_id = ? AND i.state = 'pending') s`;

/** Parameters: who, action, basket, letters, note. */
export const AUDIT = `INSERT INTO crossdock_audit (at, who, action, basket_id, letters, note)
  VALUES ({now}, ?, ?, ?, ?, ?)`;
