/**
 * Computes what was observed into what a channel is to know: for some items, all their sites, and the sets they are in.
 * Only what is worth telling becomes a new sequence. Rows that were computed are no longer dirty, in the same unit, so a
 * crash at any point computes them again.
 */
import type { Row, Statement, Store } from '../store/types';
import { batches } from './batches';
import { compute, differs, type ObservedRow, type Silence, sitesOf, type Told, type Wanted } from './desired';
import type { Policy } from './policy';
import { firstSequence, upsertSql } from './schema';

/** 11 parameters each. */
export const LEVELS_PER_STATEMENT = 64;

/** A site and an item, as the channel names them. */
export interface Key {
  readonly site: string;
  readonly sku: string;
}

export interface Settled {
  /** What is to be published anew. */
  readonly moved: readonly Key[];
  /** Something became sold out, or is back in stock. */
  readonly urgent: boolean;
}

/**
 * One at a time per channel in this process, and not while something is observed (the publisher sees to that).
 * @param skus some hundreds at most; the caller cuts longer lists
 */
export async function settle(
  store: Store,
  channel: string,
  policy: Policy,
  silence: Silence,
  skus: readonly string[],
  now: number,
): Promise<Settled> {
  const targets = [...new Set(skus.flatMap((sku) => [sku, ...(policy.bundlesOf.get(sku) ?? [])]))];
  const needed = new Set([
    ...targets,
    ...targets.flatMap((sku) => (policy.bundles.get(sku) ?? []).map((part) => part.sku)),
  ]);
  const [observed, told] = await store.run([
    select('observed', OBSERVED, channel, [...needed]),
    select('level', TOLD, channel, targets),
  ]);
  const rows = bySku((observed?.rows ?? []).map(observedRow));
  const before = toldBySku(told?.rows ?? []);
  const wanted: Wanted[] = [];
  for (const sku of targets) {
    const known = before.get(sku) ?? new Map<string, Told>();
    for (const site of sitesOf(sku, rows, known, policy)) {
      const want = compute(sku, site, rows, policy, silence, now);
      const told = known.get(site);
      if (differs(told, want, policy)) wanted.push(want);
      // Where gateways share the store, one that has read older figures must not come after this.
      else if (!store.exclusive && told !== undefined) wanted.push({ ...want, quantity: told.quantity });
    }
  }
  const statements = wanted.length === 0 ? [] : upserts(channel, wanted, store.exclusive, now);
  const sets = statements.length;
  // Not the parts of a set that was not asked for by them: a part that is dirty by itself has its own sets to see to.
  const dirty = targets.flatMap((sku) => (rows.get(sku) ?? []).filter((row) => row.dirty));
  // Where another process may observe meanwhile, only what was read is clean.
  if (!store.exclusive) statements.push(...dirty.map((row) => cleaned(channel, row)));
  else if (dirty.length > 0) statements.push(allCleaned(channel, targets));
  if (statements.length === 0) return { moved: [], urgent: false };
  const results = (await store.run(statements))
    .slice(0, sets)
    .flatMap((result) => result.rows)
    .filter((row) => Number(row.moved) === 1);
  const moved = results.map((row) => ({ site: String(row.site), sku: String(row.sku) }));
  return { moved, urgent: results.some((row) => Number(row.urgency) === 0) };
}

const OBSERVED = 'sku, site, part, as_of, available, condition, expiry, body, revision, dirty, gone';
const TOLD = 'site, sku, quantity, stale_since';

function select(
  table: 'observed' | 'level',
  columns: string,
  channel: string,
  skus: readonly string[],
): Statement {
  const padded = paddedTo(skus);
  return {
    sql: `SELECT ${columns} FROM crossdock_inventory_${table}
      WHERE channel = ? AND sku IN (${Array(padded.length).fill('?').join(', ')})`,
    params: [channel, ...padded],
  };
}

function upserts(channel: string, wanted: readonly Wanted[], sole: boolean, now: number): Statement[] {
  const first = firstSequence(now);
  const statements: Statement[] = [];
  for (const rows of batches(wanted, LEVELS_PER_STATEMENT)) {
    statements.push({
      sql: upsertSql(rows.length),
      params: rows.flatMap(({ site, sku, asOf, quantity, body, tail, basis, detail, staleSince }) => [
        channel,
        site,
        sku,
        asOf,
        quantity,
        (sole ? tail : undefined) ?? body,
        first,
        // Never published: a channel may believe in stock that is not there, so zero goes first.
        quantity === '0' ? 0 : 1,
        basis,
        detail,
        staleSince,
        quantity === '0' ? 1 : 0,
      ]),
    });
  }
  return statements;
}

function cleaned(channel: string, { sku, site, part, revision }: ObservedRow): Statement {
  return {
    sql: `UPDATE crossdock_inventory_observed SET dirty = 0
      WHERE channel = ? AND sku = ? AND site = ? AND part = ? AND revision = ?`,
    params: [channel, sku, site, part, revision],
  };
}

function allCleaned(channel: string, skus: readonly string[]): Statement {
  const padded = paddedTo(skus);
  return {
    sql: `UPDATE crossdock_inventory_observed SET dirty = 0
      WHERE channel = ? AND sku IN (${Array(padded.length).fill('?').join(', ')}) AND dirty = 1`,
    params: [channel, ...padded],
  };
}

/** Few different lengths, so that the databases prepare few different texts. */
export function paddedTo(skus: readonly string[]): string[] {
  const places = 2 ** Math.ceil(Math.log2(Math.max(1, skus.length)));
  return Array.from({ length: places }, (_, index) => skus[index] ?? skus[0] ?? '');
}

function bySku(rows: readonly ObservedRow[]): Map<string, ObservedRow[]> {
  const found = new Map<string, ObservedRow[]>();
  for (const row of rows) {
    const ofSku = found.get(row.sku);
    if (ofSku === undefined) found.set(row.sku, [row]);
    else ofSku.push(row);
  }
  return found;
}

/** What the channel knows, by SKU and by the channel's name of the site. */
function toldBySku(rows: readonly Row[]): Map<string, Map<string, Told>> {
  const found = new Map<string, Map<string, Told>>();
  for (const row of rows) {
    const ofSku = found.get(String(row.sku)) ?? new Map<string, Told>();
    ofSku.set(String(row.site), { quantity: String(row.quantity), stale: row.stale_since !== null });
    found.set(String(row.sku), ofSku);
  }
  return found;
}

function observedRow(row: Row): ObservedRow {
  return {
    sku: String(row.sku),
    site: String(row.site),
    part: String(row.part),
    asOf: Number(row.as_of),
    available: String(row.available),
    condition: String(row.condition),
    expiry: String(row.expiry),
    body: String(row.body),
    revision: Number(row.revision),
    dirty: Number(row.dirty) === 1,
    gone: Number(row.gone) === 1,
  };
}
