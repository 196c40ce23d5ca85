/**
 * Computes what a channel is to know from what was observed: for some items, all their sites, and the sets they are in.
 * Only what is worth telling becomes a new sequence. Rows that were computed are no longer dirty, in the same unit, so a
 * crash at any point computes them again.
 */
import { type DecimalValue, decimal, toPlain } from '../canonical/decimal';
import type { InventoryLevel, ObservedInventoryLevel } from '../canonical/inventory-level';
import type { Row, Statement, Store } from '../store/types';
import {
  type Excluded,
  type Held,
  type Known,
  type Offer,
  offerOf,
  pooled,
  setOf,
  worthTelling,
} from './offer';
import { type Policy, siteOf } from './policy';
import { upsertSql } from './schema';

/** 10 parameters each. */
const ROWS_PER_STATEMENT = 90;

/** What a channel is told when its source has been silent for too long. */
export interface Silence {
  /** Sites of the sources that are silent -> when they were last heard, ms. */
  readonly stale: ReadonlyMap<string, number>;
}

interface ObservedRow extends Known {
  readonly asOf: number;
  readonly revision: number;
  readonly dirty: boolean;
  /** A complete reading of the site no longer knew it. */
  readonly gone: boolean;
  readonly body: string;
}

interface Wanted {
  readonly site: string;
  readonly sku: string;
  readonly quantity: string;
  readonly asOf: number;
  readonly basis: number;
  readonly body: string;
  readonly detail: string;
  readonly staleSince: number | null;
}

interface Told {
  readonly quantity: string;
  readonly stale: boolean;
}

export interface Settled {
  /** SKUs of which some site's quantity is to be published anew. */
  readonly moved: ReadonlySet<string>;
  /** Something became sold out, or is back in stock. */
  readonly urgent: boolean;
}

const ZERO = decimal('0');

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
  const statements = wanted.length === 0 ? [] : upserts(channel, wanted);
  const sets = statements.length;
  // Not the parts of a set that was not asked for by them: a part that is dirty by itself has its own sets to see to.
  const dirty = targets.flatMap((sku) => (rows.get(sku) ?? []).filter((row) => row.dirty));
  // Where another process may observe meanwhile, only what was read is clean.
  if (!store.exclusive) statements.push(...dirty.map((row) => cleaned(channel, row)));
  else if (dirty.length > 0) statements.push(allCleaned(channel, targets));
  if (statements.length === 0) return { moved: new Set(), urgent: false };
  const results = (await store.run(statements))
    .slice(0, sets)
    .flatMap((result) => result.rows)
    .filter((row) => Number(row.moved) === 1);
  const moved = new Set<string>();
  for (const row of results) {
    const sku = String(row.sku);
    moved.add(sku);
    for (const part of policy.bundles.get(sku) ?? []) moved.add(part.sku);
  }
  return { moved, urgent: results.some((row) => Number(row.urgency) === 0) };
}

/** The names under which the channel knows, or knew, the item. */
function sitesOf(
  sku: string,
  rows: ReadonlyMap<string, ObservedRow[]>,
  before: ReadonlyMap<string, Told>,
  policy: Policy,
): Set<string> {
  const parts = policy.bundles.get(sku)?.map((part) => part.sku) ?? [sku];
  // A site that is no longer in the policy still stands in the channel: it is told that nothing is left there.
  const names = new Set<string>(before.keys());
  for (const row of parts.flatMap((part) => rows.get(part) ?? [])) {
    const site = siteOf(policy, row.site);
    if (site !== undefined) names.add(site.publishAs);
  }
  return names;
}

function compute(
  sku: string,
  site: string,
  all: ReadonlyMap<string, ObservedRow[]>,
  policy: Policy,
  { stale }: Silence,
  now: number,
): Wanted {
  const rowsOf = (item: string): ObservedRow[] =>
    (all.get(item) ?? []).filter((row) => siteOf(policy, row.site)?.publishAs === site);
  const silent = new Set(stale.keys());
  const shares = (item: string) => policy.items.get(item)?.shares;
  const parts = policy.bundles.get(sku);
  let rows: ObservedRow[];
  let offer: Offer;
  let excluded: Excluded = {};
  if (parts === undefined) {
    rows = rowsOf(sku);
    const pool = pooled(rows, policy, silent, now);
    excluded = pool.excluded;
    offer = offerOf(pool.available, pool.age, shares(sku) ?? policy.shares);
  } else {
    rows = parts.flatMap((part) => rowsOf(part.sku));
    offer = setOf(sku, parts, (item) => pooled(rowsOf(item), policy, silent, now), policy).offer;
  }
  const perUnit = policy.items.get(sku)?.perUnit;
  const quantity = perUnit === undefined ? offer.quantity : offer.quantity.div(perUnit).round(0, 0);
  const silentSince = rows.flatMap((row) => stale.get(row.site) ?? []);
  const staleSince = policy.age === undefined || silentSince.length === 0 ? null : Math.min(...silentSince);
  const told = { sku, site, offer, quantity, perUnit, unit: policy.items.get(sku)?.unit, staleSince };
  return {
    site,
    sku,
    quantity: toPlain(quantity),
    // As honest as the oldest of what it was computed from.
    asOf: rows.length === 0 ? now : Math.min(...rows.map((row) => row.asOf)),
    basis: rows.reduce((sum, row) => sum + row.revision, 0),
    body: bodyOf(rows, parts !== undefined, told, now),
    detail: JSON.stringify(detailOf(offer, excluded, parts !== undefined)),
    staleSince,
  };
}

/** For the console, as JSON beside the level: what there is, and what of it is held back for which reason. */
export interface Detail {
  readonly available: string;
  readonly held: Held;
  /** Only when there is something. */
  readonly excluded?: Excluded;
  /** It is sold as a set of others. */
  readonly set?: true;
}

function detailOf(offer: Offer, excluded: Excluded, set: boolean): Detail {
  return {
    available: toPlain(offer.available),
    held: offer.held,
    ...(Object.keys(excluded).length === 0 ? {} : { excluded }),
    ...(set ? { set } : {}),
  };
}

interface Telling {
  readonly sku: string;
  readonly site: string;
  readonly offer: Offer;
  readonly quantity: DecimalValue;
  readonly perUnit: DecimalValue | undefined;
  readonly unit: string | undefined;
  readonly staleSince: number | null;
}

type Body = Omit<InventoryLevel, 'sequence'>;

/** The event's data as JSON. `buffer` is all that is held back, so that `published` is what is available less it. */
function bodyOf(rows: readonly ObservedRow[], set: boolean, telling: Telling, now: number): string {
  const { site, sku, offer, quantity, perUnit, unit, staleSince } = telling;
  const exact = !set && perUnit === undefined;
  const available = perUnit === undefined ? offer.available : offer.available.div(perUnit).round(0, 0);
  const positive = available.gt(0) ? available : ZERO;
  const said: Pick<Body, 'buffer' | 'published' | 'staleSince'> = {
    buffer: toPlain(positive.minus(quantity)),
    published: toPlain(quantity),
    ...(staleSince === null ? {} : { staleSince: new Date(staleSince).toISOString() }),
  };
  const [only] = rows;
  // One level that says all: as it was read, without reading it again. (Who sends it adds to it the same way.)
  if (
    exact &&
    rows.length === 1 &&
    only?.site === site &&
    !only.gone &&
    decimal(only.available).eq(available)
  ) {
    return `${only.body.slice(0, -1)},${JSON.stringify(said).slice(1)}`;
  }
  const levels = rows.map(levelOf);
  const [first] = levels;
  const sum = (read: (level: ObservedInventoryLevel) => string): DecimalValue =>
    levels.reduce((total, level) => total.plus(decimal(read(level))), ZERO);
  const onHand = exact ? sum((level) => level.onHand) : available;
  const authorities = [...new Set(levels.map((level) => level.authority))];
  const asOf = rows.length === 0 ? now : Math.min(...rows.map((row) => row.asOf));
  const body: Body = {
    schemaVersion: '1.0',
    item: set || first === undefined ? { identifiers: [{ scheme: 'sku', value: sku }] } : first.item,
    location: {
      ...(levels.length === 1 ? first?.location : {}),
      code: site,
      kind: first?.location.kind ?? 'warehouse',
    },
    asOf: new Date(asOf).toISOString(),
    unit: unit ?? (set ? 'C62' : (first?.unit ?? 'C62')),
    onHand: toPlain(onHand),
    reserved: exact ? toPlain(sum((level) => level.reserved)) : '0',
    available: toPlain(available),
    authority: authorities.join(', ') || 'crossdock',
    ...said,
  };
  return JSON.stringify(body);
}

/** The level as it was read; of an item that a complete reading no longer knew, nothing is left. */
function levelOf(row: ObservedRow): ObservedInventoryLevel {
  const read = JSON.parse(row.body) as ObservedInventoryLevel;
  if (!row.gone) return read;
  const { schemaVersion, item, location, asOf, unit, authority } = read;
  const none = { onHand: '0', reserved: '0', available: row.available };
  return { schemaVersion, item, location, asOf, unit, authority, ...none };
}

function differs(before: Told | undefined, want: Wanted, policy: Policy): boolean {
  if (before === undefined) return true;
  if (before.stale !== (want.staleSince !== null)) return true;
  return worthTelling(decimal(before.quantity), decimal(want.quantity), policy);
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

function upserts(channel: string, wanted: readonly Wanted[]): Statement[] {
  const statements: Statement[] = [];
  for (let from = 0; from < wanted.length; from += ROWS_PER_STATEMENT) {
    const rows = wanted.slice(from, from + ROWS_PER_STATEMENT);
    statements.push({
      sql: upsertSql(rows.length),
      params: rows.flatMap(({ site, sku, asOf, quantity, body, basis, detail, staleSince }) => [
        channel,
        site,
        sku,
        asOf,
        quantity,
        body,
        // Never published: a channel may believe in stock that is not there, so zero goes first.
        quantity === '0' ? 0 : 1,
        basis,
        detail,
        staleSince,
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
function paddedTo(skus: readonly string[]): string[] {
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
