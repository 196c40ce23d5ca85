/** The table of the cross-references and the statements on it. Rows are versions: they are only added and ended. */
import type { Migration } from '../store';

export const SCHEMA: Migration = {
  idea: 'cross-reference',
  steps: [
    [
      `CREATE TABLE crossdock_cross_reference (
        seq {serial},
        partner TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('unit', 'item')),
        scheme TEXT NOT NULL,
        code TEXT NOT NULL,
        code_key TEXT NOT NULL,
        item TEXT NOT NULL,
        target_scheme TEXT NOT NULL,
        target TEXT NOT NULL,
        pack_level TEXT,
        quantity_per_unit TEXT,
        of_unit TEXT,
        valid_from BIGINT NOT NULL,
        valid_to BIGINT,
        state TEXT NOT NULL CHECK (state IN ('active', 'replaced', 'retired')),
        version BIGINT NOT NULL,
        steward TEXT NOT NULL,
        note TEXT NOT NULL,
        search TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        created_by TEXT NOT NULL,
        ended_at BIGINT,
        ended_by TEXT)`,
      // Two people who teach the same code at once: the second version is refused, and decided anew.
      `CREATE UNIQUE INDEX crossdock_cross_reference_code
        ON crossdock_cross_reference (partner, kind, code_key, scheme, item, version)`,
      'CREATE INDEX crossdock_cross_reference_list ON crossdock_cross_reference (state, seq)',
      'CREATE INDEX crossdock_cross_reference_partner ON crossdock_cross_reference (state, partner, seq)',
      `CREATE INDEX crossdock_cross_reference_target
        ON crossdock_cross_reference (kind, partner, target_scheme, target) WHERE state = 'active'`,
      // One row that counts the writes: how other processes on a shared store learn that what they remember is old.
      'CREATE TABLE crossdock_cross_reference_rev (one BIGINT PRIMARY KEY, rev BIGINT NOT NULL)',
      'INSERT INTO crossdock_cross_reference_rev (one, rev) VALUES (1, 0)',
    ],
  ],
};

export const COLUMNS = `seq, partner, kind, scheme, code, code_key, item, target_scheme, target, pack_level,
  quantity_per_unit, of_unit, valid_from, valid_to, state, version, steward, note, created_at, created_by, ended_at,
  ended_by`;

/** Parameters: as many of each as are asked for. Partners, kind, keys. */
export function findCodes(partners: number, codes: number): string {
  return `SELECT ${COLUMNS}, {now} AS now FROM crossdock_cross_reference
    WHERE partner IN (${places(partners)}) AND kind = ? AND code_key IN (${places(codes)}) AND state = 'active'`;
}

/** The newest version of each scheme and item of these codes. Parameters: partner, kind, keys. */
export function newestVersions(codes: number): string {
  return `SELECT code_key, scheme, item, max(version) AS version FROM crossdock_cross_reference
    WHERE partner = ? AND kind = ? AND code_key IN (${places(codes)}) GROUP BY code_key, scheme, item`;
}

/**
 * Parameters: partner, kind, scheme, code, code_key, item, target_scheme, target, pack_level, quantity_per_unit, of_unit,
 * valid_from, valid_to, version, steward, note, search, created_by. Expect 1.
 */
export const ADD = `INSERT INTO crossdock_cross_reference
    (partner, kind, scheme, code, code_key, item, target_scheme, target, pack_level, quantity_per_unit, of_unit,
     valid_from, valid_to, state, version, steward, note, search, created_at, created_by)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'active', ?, ?, ?, ?, {now}, ?)
  ON CONFLICT DO NOTHING`;

/** Ends a version, whole or from a time on. Parameters: valid_to, state, by, seq. Expect 1: still the same. */
export const END = `UPDATE crossdock_cross_reference SET valid_to = ?, state = ?, ended_at = {now}, ended_by = ?
  WHERE seq = ? AND state = 'active'`;

/** Parameters: by, note, seq. Expect 1. */
export const RETIRE = `UPDATE crossdock_cross_reference
  SET state = 'retired', ended_at = {now}, ended_by = ?, note = CASE WHEN ? = '' THEN note ELSE ? END,
    valid_to = CASE WHEN valid_to IS NOT NULL AND valid_to < {now} THEN valid_to
      WHEN valid_from > {now} THEN valid_from ELSE {now} END
  WHERE seq = ? AND state = 'active'`;

export const COUNT_WRITE = 'UPDATE crossdock_cross_reference_rev SET rev = rev + 1 WHERE one = 1';
export const REVISION = 'SELECT rev FROM crossdock_cross_reference_rev WHERE one = 1';

/** Parameters: seq. */
export const BY_ID = `SELECT ${COLUMNS} FROM crossdock_cross_reference WHERE seq = ?`;

/** All versions of one code, the newest first. Parameters: partner, kind, code_key, scheme, item. */
export const HISTORY = `SELECT ${COLUMNS} FROM crossdock_cross_reference
  WHERE partner = ? AND kind = ? AND code_key = ? AND scheme = ? AND item = ? ORDER BY version DESC LIMIT 200`;

/** Codes with more than one meaning that are active. Parameters: limit. */
export const MANY_MEANINGS = `SELECT partner, kind, code_key FROM crossdock_cross_reference
  WHERE state = 'active' GROUP BY partner, kind, code_key HAVING count(*) > 1 ORDER BY partner, kind, code_key LIMIT ?`;

/** Items with more than one code of a partner. Parameters: limit. */
export const MANY_CODES = `SELECT partner, target_scheme, target FROM crossdock_cross_reference
  WHERE kind = 'item' AND state = 'active'
  GROUP BY kind, partner, target_scheme, target HAVING count(*) > 1
  ORDER BY kind, partner, target_scheme, target LIMIT ?`;

/** Parameters: partner, target scheme, target. */
export const OF_TARGET = `SELECT ${COLUMNS} FROM crossdock_cross_reference
  WHERE kind = 'item' AND partner = ? AND target_scheme = ? AND target = ? AND state = 'active' ORDER BY seq LIMIT 50`;

function places(count: number): string {
  return Array.from({ length: count }, () => '?').join(', ');
}
