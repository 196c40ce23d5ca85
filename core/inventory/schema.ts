import type { Migration } from '../store/types';

/**
 * One row per channel, site and SKU: what the channel is to know (`sequence`, `quantity`, `body`) and what it has
 * confirmed (`published_sequence`, `published_quantity`). `basis` guards against what was computed from older readings;
 * `body` is the event's data as of the last change, so that a repeated event is the same to the byte.
 */
export const inventoryMigration: Migration = {
  idea: 'inventory',
  steps: [
    [
      `CREATE TABLE crossdock_inventory_level (
        channel TEXT NOT NULL,
        site TEXT NOT NULL,
        sku TEXT NOT NULL,
        as_of BIGINT NOT NULL,
        quantity TEXT NOT NULL,
        body TEXT NOT NULL,
        sequence BIGINT NOT NULL,
        moved BIGINT NOT NULL,
        pending BIGINT NOT NULL,
        pending_since BIGINT NOT NULL,
        urgency BIGINT NOT NULL,
        published_sequence BIGINT NOT NULL,
        published_quantity TEXT,
        published_at BIGINT,
        problem TEXT,
        PRIMARY KEY (channel, site, sku))`,
      `CREATE INDEX crossdock_inventory_pending
        ON crossdock_inventory_level (channel, urgency, pending_since, site, sku) WHERE pending = 1`,
      `CREATE TABLE crossdock_inventory_flush (
        channel TEXT NOT NULL PRIMARY KEY,
        owner TEXT NOT NULL,
        lease_until BIGINT NOT NULL)`,
    ],
    [
      // What the systems of record said last; `dirty`: not yet computed into what the channel is to know.
      `CREATE TABLE crossdock_inventory_observed (
        channel TEXT NOT NULL,
        sku TEXT NOT NULL,
        site TEXT NOT NULL,
        part TEXT NOT NULL,
        as_of BIGINT NOT NULL,
        available TEXT NOT NULL,
        condition TEXT NOT NULL,
        expiry TEXT NOT NULL,
        body TEXT NOT NULL,
        gone BIGINT NOT NULL DEFAULT 0,
        revision BIGINT NOT NULL,
        dirty BIGINT NOT NULL,
        PRIMARY KEY (channel, sku, site, part))`,
      'CREATE INDEX crossdock_inventory_dirty ON crossdock_inventory_observed (channel, sku) WHERE dirty = 1',
      'CREATE INDEX crossdock_inventory_observed_by_site ON crossdock_inventory_observed (channel, site, sku)',
      `CREATE TABLE crossdock_inventory_site (
        channel TEXT NOT NULL,
        site TEXT NOT NULL,
        heard_at BIGINT NOT NULL,
        stale BIGINT NOT NULL,
        PRIMARY KEY (channel, site))`,
      `CREATE TABLE crossdock_inventory_channel (
        channel TEXT NOT NULL PRIMARY KEY,
        policy TEXT NOT NULL,
        snapshot_at BIGINT NOT NULL)`,
      // The sum of the revisions that a quantity was computed from: never goes back.
      'ALTER TABLE crossdock_inventory_level ADD COLUMN basis BIGINT NOT NULL DEFAULT 0',
      // What is held back and why, as JSON.
      "ALTER TABLE crossdock_inventory_level ADD COLUMN detail TEXT NOT NULL DEFAULT '{}'",
      'ALTER TABLE crossdock_inventory_level ADD COLUMN stale_since BIGINT',
    ],
    // What is computed anew is looked for by item, over all sites.
    [
      'CREATE INDEX IF NOT EXISTS crossdock_inventory_by_sku ON crossdock_inventory_level (channel, sku, site)',
    ],
    // 1: the event of this sequence says that it goes first. (`urgency` is of the moment; a repeated event is the same.)
    ['ALTER TABLE crossdock_inventory_level ADD COLUMN goes_first BIGINT NOT NULL DEFAULT 0'],
  ],
};

/**
 * Where a key begins to count; from there it is one more with every change. Not 1: subscribers drop what is not newer, so
 * a store that was lost must not fall behind what they know. A key would have to change a thousand times a second for it.
 * @param now ms since the epoch: far below 2^53
 */
export function firstSequence(now: number): number {
  return Math.max(1, Math.trunc(now));
}

const COLUMNS = `channel, site, sku, as_of, quantity, body, sequence, moved, pending, pending_since, urgency,
  published_sequence, basis, detail, stale_since, goes_first`;
const ROW = '(?, ?, ?, ?, ?, ?, ?, 1, 1, {now}, ?, 0, ?, ?, ?, ?)';
const T = 'crossdock_inventory_level';
const DIFFERS = `(${T}.quantity <> excluded.quantity OR (${T}.stale_since IS NULL) <> (excluded.stale_since IS NULL))`;
// Sold out and back in stock go first; against what the channel has confirmed, not against the last reading.
const URGENCY = `CASE WHEN ${T}.published_quantity IS NULL THEN excluded.urgency
  WHEN (${T}.published_quantity = '0') <> (excluded.quantity = '0') THEN 0 ELSE 1 END`;

/**
 * The whole body of a level. Where it only adds to what was read of the item (it begins with a comma then), that is not
 * stored twice. To be used in a SELECT or UPDATE of the levels without an alias.
 */
export function levelBodyOf(t: string): string {
  return `CASE WHEN substr(${t}.body, 1, 1) = ',' THEN (
    SELECT substr(o.body, 1, length(o.body) - 1) FROM crossdock_inventory_observed o
    WHERE o.channel = ${t}.channel AND o.sku = ${t}.sku AND o.site = ${t}.site AND o.part = ''
  ) || ${t}.body ELSE ${t}.body END`;
}

export const LEVEL_BODY = levelBodyOf(T);

const PENDING = `site, sku, sequence, quantity, as_of, ${LEVEL_BODY} AS body, urgency, pending_since, goes_first`;

const upserts = new Map<number, string>();
const moves = new Map<number, string>();
const confirmations = new Map<number, string>();

/** The texts are long and few. */
function textFor(known: Map<number, string>, rows: number, write: () => string): string {
  const text = known.get(rows) ?? write();
  known.set(rows, text);
  return text;
}

/**
 * Sets what a channel is to know, `rows` keys at once, unless it was computed from newer readings meanwhile. Params per
 * row: channel, site, sku, as_of (ms), quantity, body, sequence (of a new key; see `firstSequence`), urgency, basis, detail,
 * stale_since, goes_first (0 or 1). Returns (site, sku, urgency, moved); `moved` is 0 where the channel knows just that already (another gateway was first). A batch must not name a key twice.
 */
export function upsertSql(rows: number): string {
  return textFor(
    upserts,
    rows,
    () => `INSERT INTO ${T} (${COLUMNS}) VALUES ${Array(rows).fill(ROW).join(', ')}
    ON CONFLICT (channel, site, sku) DO UPDATE SET
      basis = excluded.basis,
      moved = CASE WHEN ${DIFFERS} THEN 1 ELSE 0 END,
      sequence = ${T}.sequence + CASE WHEN ${DIFFERS} THEN 1 ELSE 0 END,
      as_of = CASE WHEN ${DIFFERS} THEN excluded.as_of ELSE ${T}.as_of END,
      body = CASE WHEN ${DIFFERS} THEN excluded.body ELSE ${T}.body END,
      detail = CASE WHEN ${DIFFERS} THEN excluded.detail ELSE ${T}.detail END,
      pending = CASE WHEN ${DIFFERS} THEN 1 ELSE ${T}.pending END,
      problem = CASE WHEN ${DIFFERS} THEN NULL ELSE ${T}.problem END,
      pending_since = CASE WHEN ${DIFFERS} AND ${T}.pending = 0 THEN excluded.pending_since ELSE ${T}.pending_since END,
      urgency = CASE WHEN ${DIFFERS} THEN ${URGENCY} ELSE ${T}.urgency END,
      goes_first = CASE WHEN ${DIFFERS} THEN CASE WHEN ${URGENCY} = 0 THEN 1 ELSE 0 END ELSE ${T}.goes_first END,
      stale_since = CASE WHEN ${DIFFERS} THEN excluded.stale_since ELSE ${T}.stale_since END,
      quantity = excluded.quantity
    WHERE excluded.basis >= ${T}.basis
    RETURNING site, sku, urgency, moved`,
  );
}

/**
 * As `upsertSql`, for keys that are known to move: on a store that no other process writes, what was computed from a
 * reading just made needs no guard. The same params; returns nothing.
 */
export function moveSql(rows: number): string {
  return textFor(
    moves,
    rows,
    () => `INSERT INTO ${T} (${COLUMNS}) VALUES ${Array(rows).fill(ROW).join(', ')}
    ON CONFLICT (channel, site, sku) DO UPDATE SET
      basis = excluded.basis, moved = 1, sequence = ${T}.sequence + 1, as_of = excluded.as_of, body = excluded.body,
      detail = excluded.detail, problem = NULL, pending = 1,
      pending_since = CASE WHEN ${T}.pending = 0 THEN excluded.pending_since ELSE ${T}.pending_since END,
      urgency = ${URGENCY}, goes_first = excluded.goes_first, stale_since = excluded.stale_since,
      quantity = excluded.quantity`,
  );
}

/** Before other readings of these items are stored: levels that only add to the earlier ones are made whole. */
export function wholeSql(skus: number): string {
  return `UPDATE ${T} SET body = ${LEVEL_BODY}
    WHERE channel = ? AND sku IN (${Array(skus).fill('?').join(', ')}) AND substr(body, 1, 1) = ','`;
}

/**
 * What is pending, most urgent first. Params: channel, cut-off (ms), and the cursor (urgency, pending_since, site, sku),
 * limit.
 */
export const PAGE_SQL = `SELECT ${PENDING} FROM ${T}
  WHERE channel = ? AND pending = 1 AND pending_since <= ?
    AND (urgency, pending_since, site, sku) > (?, ?, ?, ?)
  ORDER BY urgency, pending_since, site, sku LIMIT ?`;

/** What goes before everything else. Params: channel, limit. */
export const URGENT_SQL = `SELECT ${PENDING} FROM ${T}
  WHERE channel = ? AND urgency = 0 AND pending = 1 ORDER BY pending_since, site, sku LIMIT ?`;

/**
 * Marks `rows` keys as confirmed. Params: site, sku, sequence, quantity of each, then the channel. What was confirmed before
 * stays when it is newer; a key that has moved on meanwhile stays pending.
 */
export function confirmedSql(rows: number): string {
  return textFor(confirmations, rows, () => {
    const values = Array(rows).fill('(?, ?, CAST(? AS BIGINT), ?)').join(', ');
    return `UPDATE ${T} SET published_sequence = c.column3, published_quantity = c.column4, published_at = {now},
      problem = NULL,
      pending = CASE WHEN ${T}.sequence = c.column3 THEN 0 ELSE 1 END,
      urgency = CASE WHEN (${T}.quantity = '0') <> (c.column4 = '0') THEN 0 ELSE 1 END,
      pending_since = CASE WHEN ${T}.sequence = c.column3 THEN ${T}.pending_since ELSE {now} END
    FROM (VALUES ${values}) AS c
    WHERE ${T}.channel = ? AND ${T}.site = c.column1 AND ${T}.sku = c.column2
      AND ${T}.published_sequence <= c.column3`;
  });
}

/** Params: problem, channel, site, sku, sequence. */
export const REFUSED_SQL = `UPDATE ${T} SET problem = ? WHERE channel = ? AND site = ? AND sku = ? AND sequence = ?`;

export const PENDING_SQL = `SELECT count(*) AS pending, min(pending_since) AS since,
    coalesce(sum(CASE WHEN urgency = 0 THEN 1 ELSE 0 END), 0) AS urgent
  FROM ${T} WHERE channel = ? AND pending = 1`;

/** Takes or renews the right to flush a channel, where several processes share the store. Params: channel, owner, ms, owner. */
export const LEASE_SQL = `INSERT INTO crossdock_inventory_flush (channel, owner, lease_until) VALUES (?, ?, {now} + ?)
  ON CONFLICT (channel) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
  WHERE crossdock_inventory_flush.owner = excluded.owner OR crossdock_inventory_flush.lease_until < {now}`;

/** Params: channel, owner. */
export const RELEASE_SQL = 'DELETE FROM crossdock_inventory_flush WHERE channel = ? AND owner = ?';
