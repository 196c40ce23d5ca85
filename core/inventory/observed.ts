/** What the systems of record said last, as rows of the store. */
import { type InventoryLevel, type ObservedInventoryLevel, skuOf } from '../canonical/inventory-level';
import type { Problem } from '../errors';
import type { SqlValue, Statement } from '../store/types';
import { batches } from './batches';
import { type Policy, siteOf } from './policy';

const DECIMAL = /^-?\d{1,18}(\.\d{1,10})?$/;
const UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/;
/** A clock that is further ahead than this would block every later reading. Ms. */
const MAX_AHEAD_MS = 5 * 60_000;
/** Rows per statement: 10 parameters each at most, well below both databases' limits. */
const ROWS_PER_STATEMENT = 64;

/** One reading, ready for the store. */
export interface Reading {
  readonly site: string;
  readonly sku: string;
  /** Lot and condition; `''` for the item as a whole. */
  readonly part: string;
  /** Ms since the epoch. */
  readonly asOf: number;
  readonly available: string;
  readonly condition: string;
  readonly expiry: string;
  /** JSON of the level as it was read. */
  readonly body: string;
}

export type Checked =
  | { readonly reading: Reading }
  | { readonly problems: Problem[] }
  /** The sender is not the system of record of that site, or the channel does not sell from it. */
  | { readonly ignored: 'site' | 'authority' };

/** Checks what the publisher relies on (the whole contract is core/contract's matter). */
export function readingOf(level: ObservedInventoryLevel, policy: Policy, now: number): Checked {
  const problems: Problem[] = [];
  const sku = Array.isArray(level?.item?.identifiers) ? skuOf(level) : undefined;
  if (sku === undefined)
    problems.push({ path: '/item/identifiers', message: 'names no item: a sku is needed' });
  const site = level?.location?.code;
  if (typeof site !== 'string' || site === '')
    problems.push({ path: '/location/code', message: 'is missing' });
  const asOf = typeof level?.asOf === 'string' && UTC.test(level.asOf) ? Date.parse(level.asOf) : Number.NaN;
  if (Number.isNaN(asOf))
    problems.push({ path: '/asOf', message: 'must be a UTC time such as 2026-11-23T08:15:00Z' });
  else if (asOf > now + MAX_AHEAD_MS) {
    problems.push({ path: '/asOf', message: 'lies more than five minutes ahead: check the clocks' });
  }
  if (typeof level?.available !== 'string' || !DECIMAL.test(level.available)) {
    problems.push({ path: '/available', message: 'must be a number as text, such as "12" or "2.5"' });
  }
  if (problems.length > 0 || sku === undefined) return { problems };
  const known = siteOf(policy, site);
  if (known === undefined) return { ignored: 'site' };
  if (known.authority !== '' && known.authority !== level.authority) return { ignored: 'authority' };
  // What a channel of somebody else was told is not part of what there is.
  const { sequence: _1, buffer: _2, published: _3, staleSince: _4, ...observed } = level as InventoryLevel;
  const condition = level.condition ?? 'sellable';
  const part =
    level.lot === undefined && condition === 'sellable' ? '' : JSON.stringify([level.lot ?? '', condition]);
  return {
    reading: {
      site,
      sku,
      part,
      asOf,
      available: level.available,
      condition,
      expiry: level.expiry ?? '',
      body: JSON.stringify(observed),
    },
  };
}

const T = 'crossdock_inventory_observed';
const ROW = '(?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1)';
// Only what changes the offer makes an item dirty; a newer time alone does not.
const DIFFERS = `(${T}.available <> excluded.available OR ${T}.expiry <> excluded.expiry)`;
const upserts = new Map<number, string>();
const keeps = new Map<number, string>();

/**
 * Takes readings in; of a key, an older one changes nothing. A batch must not name a key twice.
 * Each statement returns (sku, site, part, changed) of those that were not older.
 */
export function observe(channel: string, readings: readonly Reading[]): Statement[] {
  const statements: Statement[] = [];
  for (const rows of batches(readings, ROWS_PER_STATEMENT)) {
    statements.push({
      sql: upsertSql(rows.length),
      params: rows.flatMap((row) => [
        channel,
        row.sku,
        row.site,
        row.part,
        row.asOf,
        row.available,
        row.condition,
        row.expiry,
        row.body,
      ]),
    });
  }
  return statements;
}

function upsertSql(rows: number): string {
  const known = upserts.get(rows);
  if (known !== undefined) return known;
  const sql = `INSERT INTO ${T} (channel, sku, site, part, as_of, available, condition, expiry, body, revision, dirty)
    VALUES ${Array(rows).fill(ROW).join(', ')}
    ON CONFLICT (channel, sku, site, part) DO UPDATE SET
      as_of = excluded.as_of, body = excluded.body, gone = 0,
      revision = ${T}.revision + CASE WHEN ${DIFFERS} THEN 1 ELSE 0 END,
      dirty = CASE WHEN ${DIFFERS} THEN 1 ELSE ${T}.dirty END,
      available = excluded.available, expiry = excluded.expiry
    WHERE excluded.as_of >= ${T}.as_of
    RETURNING sku, site, part, dirty`;
  upserts.set(rows, sql);
  return sql;
}

/**
 * Stores readings that were compared and computed already, by the only process that writes the store. A batch must not
 * name a key twice.
 */
export function keep(
  channel: string,
  rows: readonly (Reading & { readonly revision: number })[],
): Statement[] {
  const statements: Statement[] = [];
  for (const some of batches(rows, ROWS_PER_STATEMENT)) {
    const params: SqlValue[] = [];
    for (const row of some) {
      params.push(channel, row.sku, row.site, row.part, row.asOf, row.available);
      params.push(row.condition, row.expiry, row.body, row.revision);
    }
    statements.push({ sql: keepSql(some.length), params });
  }
  return statements;
}

function keepSql(rows: number): string {
  const known = keeps.get(rows);
  if (known !== undefined) return known;
  const sql = `INSERT INTO ${T} (channel, sku, site, part, as_of, available, condition, expiry, body, revision, dirty)
    VALUES ${Array(rows).fill('(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)').join(', ')}
    ON CONFLICT (channel, sku, site, part) DO UPDATE SET
      as_of = excluded.as_of, body = excluded.body, gone = 0, revision = excluded.revision, dirty = 0,
      available = excluded.available, expiry = excluded.expiry`;
  keeps.set(rows, sql);
  return sql;
}

/** A site was heard of: what it says is as fresh as this. Params: channel, site, as_of (ms). */
export const HEARD_SQL = `INSERT INTO crossdock_inventory_site (channel, site, heard_at, stale) VALUES (?, ?, ?, 0)
  ON CONFLICT (channel, site) DO UPDATE SET heard_at = excluded.heard_at
  WHERE excluded.heard_at > crossdock_inventory_site.heard_at`;
