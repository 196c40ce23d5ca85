import type { Migration } from '../store/types';

/**
 * One row per channel, site and SKU: what the channel is to know (`sequence`, `quantity`, `body`) and what it has
 * confirmed (`published_sequence`, `published_quantity`). `as_of` guards against older readings; `body` is the event's
 * data as of the last change, so that a repeated event is the same to the byte.
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
  ],
};

const COLUMNS =
  'channel, site, sku, as_of, quantity, body, sequence, moved, pending, pending_since, urgency, published_sequence';
const ROW = '(?, ?, ?, ?, ?, ?, 1, 1, 1, {now}, ?, 0)';
const T = 'crossdock_inventory_level';
const DIFFERS = `${T}.quantity <> excluded.quantity`;
// Sold out and back in stock go first; against what the channel has confirmed, not against the last reading.
const URGENCY = `CASE WHEN ${T}.published_quantity IS NULL THEN excluded.urgency
  WHEN (${T}.published_quantity = '0') <> (excluded.quantity = '0') THEN 0 ELSE 1 END`;

const upserts = new Map<number, string>();

/**
 * Takes in `rows` readings at once. Params per row: channel, site, sku, as_of (ms), quantity, body, urgency. Returns a
 * row per key that was not stale; `moved` is 1 where the quantity changed. A batch must not name a key twice.
 */
export function upsertSql(rows: number): string {
  const known = upserts.get(rows);
  if (known !== undefined) return known;
  const sql = `INSERT INTO ${T} (${COLUMNS}) VALUES ${Array(rows).fill(ROW).join(', ')}
    ON CONFLICT (channel, site, sku) DO UPDATE SET
      as_of = excluded.as_of,
      sequence = ${T}.sequence + CASE WHEN ${DIFFERS} THEN 1 ELSE 0 END,
      moved = CASE WHEN ${DIFFERS} THEN 1 ELSE 0 END,
      pending = CASE WHEN ${DIFFERS} THEN 1 ELSE ${T}.pending END,
      pending_since = CASE WHEN ${DIFFERS} AND ${T}.pending = 0 THEN excluded.pending_since ELSE ${T}.pending_since END,
      urgency = CASE WHEN ${DIFFERS} THEN ${URGENCY} ELSE ${T}.urgency END,
      body = CASE WHEN ${DIFFERS} THEN excluded.body ELSE ${T}.body END,
      problem = CASE WHEN ${DIFFERS} THEN NULL ELSE ${T}.problem END,
      quantity = excluded.quantity
    WHERE excluded.as_of >= ${T}.as_of
    RETURNING moved`;
  upserts.set(rows, sql);
  return sql;
}

/** Params: channel, start of the flush (ms), and the cursor (urgency, pending_since, site, sku), limit. */
export const PAGE_SQL = `SELECT site, sku, sequence, quantity, body, urgency, pending_since FROM ${T}
  WHERE channel = ? AND pending = 1 AND pending_since <= ?
    AND (urgency, pending_since, site, sku) > (?, ?, ?, ?)
  ORDER BY urgency, pending_since, site, sku LIMIT ?`;

/** Params: sequence, quantity, sequence, quantity, sequence (confirmed), channel, site, sku, sequence. */
export const CONFIRMED_SQL = `UPDATE ${T} SET published_sequence = ?, published_quantity = ?, published_at = {now},
    problem = NULL,
    pending = CASE WHEN sequence = ? THEN 0 ELSE 1 END,
    urgency = CASE WHEN (quantity = '0') <> (? = '0') THEN 0 ELSE 1 END,
    pending_since = CASE WHEN sequence = ? THEN pending_since ELSE {now} END
  WHERE channel = ? AND site = ? AND sku = ? AND published_sequence < ?`;

/** Params: problem, channel, site, sku, sequence. */
export const REFUSED_SQL = `UPDATE ${T} SET problem = ? WHERE channel = ? AND site = ? AND sku = ? AND sequence = ?`;

export const PENDING_SQL = `SELECT count(*) AS pending FROM ${T} WHERE channel = ? AND pending = 1`;

/** Takes or renews the right to flush a channel, where several processes share the store. Params: channel, owner, ms, owner. */
export const LEASE_SQL = `INSERT INTO crossdock_inventory_flush (channel, owner, lease_until) VALUES (?, ?, {now} + ?)
  ON CONFLICT (channel) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
  WHERE crossdock_inventory_flush.owner = excluded.owner OR crossdock_inventory_flush.lease_until < {now}`;

/** Params: channel, owner. */
export const RELEASE_SQL = 'DELETE FROM crossdock_inventory_flush WHERE channel = ? AND owner = ?';
