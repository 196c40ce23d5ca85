/** The tables of change capture and the statements on them. */
import { ownerIsGone } from '../../delivery';
import type { Migration, Statement } from '../../store';

/**
 * One row per capture (a model of a node): who reads, and how far. Times of Odoo are kept as Odoo writes them
 * (`2026-11-27 10:00:00`, UTC), which sorts like the times do.
 * One row per record that is known: the version that was delivered last. `due` is Odoo's time from which the record is
 * looked at once more (see verify in capture.ts); NULL when it is settled.
 */
export const SCHEMA: Migration = {
  idea: 'odoo-changes',
  steps: [
    [
      `CREATE TABLE crossdock_change_capture (
        capture TEXT NOT NULL PRIMARY KEY,
        owner TEXT NOT NULL,
        fence BIGINT NOT NULL,
        until BIGINT NOT NULL,
        position TEXT,
        live_from TEXT,
        compared_at BIGINT,
        fill_key TEXT,
        fill_until TEXT,
        fill_after BIGINT,
        fill_done BIGINT NOT NULL,
        fill_total BIGINT)`,
      `CREATE TABLE crossdock_change_seen (
        capture TEXT NOT NULL,
        id BIGINT NOT NULL,
        version TEXT NOT NULL,
        n BIGINT NOT NULL,
        digest TEXT NOT NULL,
        due TEXT,
        PRIMARY KEY (capture, id))`,
      'CREATE INDEX crossdock_change_seen_due ON crossdock_change_seen (capture, due) WHERE due IS NOT NULL',
    ],
  ],
};

/** Takes the capture unless a living process has it; the fence goes up. Parameters: capture, owner, lease ms. */
export const ACQUIRE = `INSERT INTO crossdock_change_capture (capture, owner, fence, until, fill_done)
  VALUES (?, ?, 1, {now} + ?, 0)
  ON CONFLICT (capture) DO UPDATE SET
    owner = excluded.owner, fence = crossdock_change_capture.fence + 1, until = excluded.until
  WHERE crossdock_change_capture.owner = excluded.owner OR crossdock_change_capture.until < {now}
    OR ${ownerIsGone('crossdock_change_capture.owner')}
  RETURNING fence, position, live_from, compared_at, fill_key, fill_until, fill_after, fill_done,
    fill_total, {now} AS now`;

const FENCED = 'WHERE capture = ? AND fence = ?';

/** Parameters: lease ms, capture, fence. */
export const RENEW = `UPDATE crossdock_change_capture SET until = {now} + ? ${FENCED}`;
/** Parameters: capture, fence. */
export const RELEASE = `UPDATE crossdock_change_capture SET owner = '', until = 0 ${FENCED}`;
/** Parameters: lease ms, position, live_from, capture, fence. */
export const MOVE = `UPDATE crossdock_change_capture SET until = {now} + ?, position = ?, live_from = ? ${FENCED}`;
/** Parameters: lease ms, key, until, after, done, total, capture, fence. */
export const FILL = `UPDATE crossdock_change_capture SET until = {now} + ?,
  fill_key = ?, fill_until = ?, fill_after = ?, fill_done = ?, fill_total = ? ${FENCED}`;
/** Parameters: lease ms, capture, fence. */
export const COMPARED = `UPDATE crossdock_change_capture SET until = {now} + ?, compared_at = {now} ${FENCED}`;

/** How many ids one statement asks for: always as many, so that its text stays one. */
export const LOOKUP = 200;
/** Parameters: capture, LOOKUP ids. */
export const SEEN = `SELECT id, version, n, digest, due FROM crossdock_change_seen
  WHERE capture = ? AND id IN (${Array(LOOKUP).fill('?').join(', ')})`;
/** Parameters: capture, id, version, n, digest, due. */
export const NOTE = `INSERT INTO crossdock_change_seen (capture, id, version, n, digest, due) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (capture, id) DO UPDATE SET
    version = excluded.version, n = excluded.n, digest = excluded.digest, due = excluded.due`;
/** A record that was there before; one that is known is left alone. Parameters: as NOTE. */
export const NOTE_OLD = `INSERT INTO crossdock_change_seen (capture, id, version, n, digest, due)
  VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (capture, id) DO NOTHING`;
/** Parameters: capture, id. */
export const FORGET = 'DELETE FROM crossdock_change_seen WHERE capture = ? AND id = ?';
/** Parameters: due, capture, id. */
export const SET_DUE = 'UPDATE crossdock_change_seen SET due = ? WHERE capture = ? AND id = ?';
/** Parameters: capture, Odoo's time, limit. */
export const DUE = `SELECT id, version, n, digest, due FROM crossdock_change_seen
  WHERE capture = ? AND due IS NOT NULL AND due <= ? ORDER BY due LIMIT ?`;
/** Parameters: capture, id, limit. */
export const KNOWN_AFTER = `SELECT id, version, n, digest, due FROM crossdock_change_seen
  WHERE capture = ? AND id > ? ORDER BY id LIMIT ?`;
/** What a node that is gone leaves behind. */
export function forgetCapture(capture: string): readonly Statement[] {
  return [
    { sql: 'DELETE FROM crossdock_change_seen WHERE capture = ?', params: [capture] },
    { sql: 'DELETE FROM crossdock_change_capture WHERE capture = ?', params: [capture] },
  ];
}
