/**
 * How stock is read for people: every list walks an index in the list's own order, page by page from a cursor, so that a
 * page costs the same whatever the number of keys. Only `held` and a search by part of a SKU read on until a page is full:
 * at most the rows, or the index, of one channel.
 */
import { CrossdockError } from '../errors';
import type { Migration, SqlValue, Statement } from '../store/types';
import type { Policy } from './policy';
import { levelBodyOf, PENDING_SQL } from './schema';
import type { StockFilter, StockView } from './stock';

/** An idea of its own: gateways that nobody looks at keep no index for it. */
export const browseMigration: Migration = {
  idea: 'inventory-browse',
  steps: [
    [
      'CREATE INDEX IF NOT EXISTS crossdock_inventory_by_sku ON crossdock_inventory_level (channel, sku, site)',
      `CREATE INDEX crossdock_inventory_sold_out
        ON crossdock_inventory_level (channel, sku, site) WHERE quantity = '0'`,
      `CREATE INDEX crossdock_inventory_silent
        ON crossdock_inventory_level (channel, sku, site) WHERE stale_since IS NOT NULL`,
      `CREATE INDEX crossdock_inventory_refused
        ON crossdock_inventory_level (channel, sku, site) WHERE problem IS NOT NULL`,
    ],
  ],
};

const LEVEL = 'crossdock_inventory_level';
/** The offer is less since a site is silent; `detail` names its reasons only. */
const AGED = `detail LIKE '%"age":%'`;

/** Written out: a partial index is used only where its condition stands literally in the query. */
const CONDITIONS: Readonly<Record<StockView, string>> = {
  all: '',
  waiting: ' AND pending = 1',
  soldOut: ` AND quantity = '0'`,
  age: ` AND stale_since IS NOT NULL AND ${AGED}`,
  held: ` AND (detail NOT LIKE '%"held":{}%' OR detail LIKE '%"excluded"%')`,
  refused: ' AND problem IS NOT NULL',
};

const SEARCH = ` AND lower(sku) LIKE ? ESCAPE '!'`;

const BY_SKU = ['sku', 'site'] as const;
/** As they leave. */
const BY_TURN = ['urgency', 'pending_since', 'site', 'sku'] as const;

/** Where a page ended: in which channel, and the values of the columns that order the list. */
export interface StockCursor {
  readonly channel: string;
  readonly values: readonly (string | number)[];
}

export function orderOf(view: StockView): readonly string[] {
  return view === 'waiting' ? BY_TURN : BY_SKU;
}

const COLUMNS = `site, sku, as_of, quantity, ${levelBodyOf('l')} AS body, sequence, pending, pending_since, urgency, published_sequence,
  published_quantity, published_at, problem, detail, stale_since`;

/**
 * Items of some channels, in one order over all of them; `ordinal` is the channel's place in the list.
 * @param channels with their policies, as far as they are known
 */
export function pageStatement(
  channels: readonly { readonly id: string; readonly policy: Policy | undefined }[],
  { view = 'all', q = '' }: StockFilter,
  limit: number,
  after: StockCursor | undefined,
): Statement {
  const order = orderOf(view);
  const params: SqlValue[] = [];
  const from = channels.findIndex(({ id }) => id === after?.channel);
  const parts = channels.map(({ id, policy }, ordinal) => {
    const read = readAt(policy);
    params.push(...read.params, id);
    let where = `channel = ?${CONDITIONS[view]}`;
    if (after !== undefined) {
      // Channels behind the cursor's have yet to show what stands at the same place.
      where += ` AND (${order.join(', ')}) ${ordinal > from ? '>=' : '>'} (${order.map(() => '?').join(', ')})`;
      params.push(...after.values);
    }
    if (q !== '') {
      where += SEARCH;
      params.push(patternOf(q));
    }
    params.push(limit);
    return `SELECT ${ordinal} AS ordinal, ${COLUMNS}, ${read.sql} AS read_at FROM ${LEVEL} AS l
      WHERE ${where} ORDER BY ${order.join(', ')} LIMIT ?`;
  });
  if (parts.length === 1) return { sql: parts[0] ?? '', params };
  params.push(limit);
  return {
    sql: `SELECT * FROM (${parts.map((part) => `SELECT * FROM (${part}) AS part`).join(' UNION ALL ')}) AS merged
      ORDER BY ${[...order, 'ordinal'].join(', ')} LIMIT ?`,
    params,
  };
}

/** Where each page of `every` items ends, of one channel; the index alone is read but for `held`. */
export function marksStatement(
  channel: string,
  { view = 'all', q = '' }: StockFilter,
  every: number,
  limit: number,
): Statement {
  const order = orderOf(view).join(', ');
  const search = q === '' ? '' : SEARCH;
  return {
    sql: `SELECT ${order} FROM (
        SELECT ${order}, row_number() OVER (ORDER BY ${order}) AS n FROM ${LEVEL}
        WHERE channel = ?${CONDITIONS[view]}${search}) AS numbered
      WHERE n % ? = 0 ORDER BY n LIMIT ?`,
    params: [channel, ...(q === '' ? [] : [patternOf(q)]), every, limit],
  };
}

/** The oldest reading that an item of one part was computed from. */
function readAt(policy: Policy | undefined): { sql: string; params: string[] } {
  const pairs = [...(policy?.sites ?? [])].map(([site, { publishAs }]) => [site, publishAs]);
  const sites =
    pairs.length === 0
      ? 'o.site = l.site'
      : `(${pairs.map(() => '(o.site = ? AND l.site = ?)').join(' OR ')})`;
  return {
    sql: `(SELECT min(o.as_of) FROM crossdock_inventory_observed AS o
      WHERE o.channel = l.channel AND o.sku = l.sku AND o.gone = 0 AND ${sites})`,
    params: pairs.flat(),
  };
}

export function countStatement(channel: string, { view = 'all', q = '' }: StockFilter): Statement {
  const search = q === '' ? '' : SEARCH;
  return {
    sql: `SELECT count(*) AS n FROM ${LEVEL} WHERE channel = ?${CONDITIONS[view]}${search}`,
    params: q === '' ? [channel] : [channel, patternOf(q)],
  };
}

/** What a channel's card says: keys; waiting, since, urgent; sold out; refused; silent, reduced and zeroed. */
export function countStatements(channel: string): Statement[] {
  const params = [channel];
  return [
    countStatement(channel, {}),
    { sql: PENDING_SQL, params },
    countStatement(channel, { view: 'soldOut' }),
    countStatement(channel, { view: 'refused' }),
    {
      sql: `SELECT coalesce(sum(CASE WHEN ${AGED} AND quantity <> '0' THEN 1 ELSE 0 END), 0) AS reduced,
          coalesce(sum(CASE WHEN ${AGED} AND quantity = '0' THEN 1 ELSE 0 END), 0) AS zeroed
        FROM ${LEVEL} WHERE channel = ? AND stale_since IS NOT NULL`,
      params,
    },
  ];
}

/** Reads every reading of the channel: to be asked rarely. Params: channel. */
export const OLDEST_SQL = `SELECT min(as_of) AS oldest FROM crossdock_inventory_observed
  WHERE channel = ? AND gone = 0`;

export const CHANNELS_SQL = `SELECT channel, policy, snapshot_at FROM crossdock_inventory_channel
  ORDER BY channel LIMIT 200`;

export const SITES_SQL = `SELECT channel, site, heard_at, stale FROM crossdock_inventory_site
  ORDER BY channel, site LIMIT 2000`;

/** When the readings of some items are from, by site. */
export function readingTimes(channel: string, skus: readonly string[]): Statement {
  return {
    sql: `SELECT sku, site, min(as_of) AS read_at FROM crossdock_inventory_observed
      WHERE channel = ? AND sku IN (${skus.map(() => '?').join(', ')}) AND gone = 0 GROUP BY sku, site`,
    params: [channel, ...skus],
  };
}

/** What one channel is told of an item at all its sites. */
export function levelsOf(channel: string, sku: string): Statement {
  return {
    sql: `SELECT 0 AS ordinal, ${COLUMNS}, NULL AS read_at FROM ${LEVEL} AS l WHERE channel = ? AND sku = ?
      ORDER BY site LIMIT 200`,
    params: [channel, sku],
  };
}

/** What sources have said of some items. */
export function observedOf(channel: string, skus: readonly string[]): Statement {
  return {
    sql: `SELECT sku, site, part, as_of, available, condition, expiry, body, gone, dirty
      FROM crossdock_inventory_observed WHERE channel = ? AND sku IN (${skus.map(() => '?').join(', ')})
      ORDER BY sku, site, part LIMIT 1000`,
    params: [channel, ...skus],
  };
}

/**
 * An item is to be told once more, before all others. Params: channel, site, sku.
 */
export const AGAIN_SQL = `UPDATE ${LEVEL} SET
    pending_since = CASE WHEN pending = 1 THEN pending_since ELSE {now} END, pending = 1, urgency = 0
  WHERE channel = ? AND site = ? AND sku = ?`;

function patternOf(q: string): string {
  return `%${q.toLowerCase().replace(/[!%_]/g, '!$&')}%`;
}

export function cursorText({ channel, values }: StockCursor): string {
  return Buffer.from(JSON.stringify([channel, ...values])).toString('base64url');
}

/** @throws CrossdockError REQUEST_INVALID (permanent) for what is no cursor of this list */
export function readCursor(text: string, view: StockView): StockCursor {
  try {
    const [channel, ...values] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[];
    const types = orderOf(view).map((column) =>
      column === 'sku' || column === 'site' ? 'string' : 'number',
    );
    const fits =
      typeof channel === 'string' &&
      values.length === types.length &&
      values.every(
        (value, at) =>
          typeof value === types[at] && (typeof value === 'string' || Number.isSafeInteger(value)),
      );
    if (fits) return { channel, values: values as (string | number)[] };
  } catch {
    // Said below.
  }
  throw new CrossdockError('The field "after" is not the "next" of an earlier page.', {
    code: 'REQUEST_INVALID',
    kind: 'permanent',
  });
}
