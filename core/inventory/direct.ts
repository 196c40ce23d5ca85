/**
 * The short way of a reading, on a store that only this process writes: what is known of the item is read, everything is
 * decided here, and reading and level are stored in one unit, so nothing is marked as still to be computed and nothing is
 * read back. For what one reading says all about; sets, pools of sites, lots and silent sites go the long way.
 */
import type { Row, SqlValue, Statement, Store } from '../store/types';
import { batches } from './batches';
import { compute, differs, type ObservedRow, type Told, type Wanted } from './desired';
import { keep, type Reading } from './observed';
import { type PendingRow, rowKey } from './pending';
import { type Policy, siteOf } from './policy';
import { firstSequence, moveSql, wholeSql } from './schema';
import { LEVELS_PER_STATEMENT, paddedTo } from './settle';

/** Items per SELECT. */
const ITEMS_PER_SELECT = 512;

export interface Direct {
  /** Readings that were not older than what is known; stored. */
  readonly known: readonly Reading[];
  /** What is to be published; stored. */
  readonly moved: readonly PendingRow[];
  /** Readings that have to go the long way; nothing was done about them. */
  readonly rest: readonly Reading[];
}

interface Seen {
  /** Of the item, at any site. */
  readonly rows: ObservedRow[];
  readonly levels: Level[];
}

interface Level extends Told {
  readonly site: string;
  readonly sequence: number;
  /** Undefined: the channel was never told. */
  readonly published: string | undefined;
  /** Its body only adds to that of the reading. */
  readonly adds: boolean;
}

const NOTHING: Seen = { rows: [], levels: [] };
/** Readings of silent sites go the long way. */
const NONE_SILENT = { stale: new Map<string, number>() };

/**
 * Nothing else of the channel may observe or compute meanwhile (the intake sees to that).
 * @param readings one per key. Rejects with the store's errors
 * @param flying the quantity of a key that is under way to the channel, by `rowKey`
 */
export async function takeDirect(
  store: Store,
  channel: string,
  policy: Policy,
  stale: ReadonlyMap<string, number>,
  readings: readonly Reading[],
  now: number,
  flying: (key: string) => string | undefined,
): Promise<Direct> {
  // It may be confirmed and marked while we look, and what is seen does not show it yet.
  const flew = new Map<string, string>();
  for (const { site, sku } of readings) {
    const quantity = flying(rowKey(site, sku));
    if (quantity !== undefined) flew.set(rowKey(site, sku), quantity);
  }
  const seen = await look(store, channel, readings);
  const often = oftenNamed(readings);
  const first = firstSequence(now);
  const known: Reading[] = [];
  const rest: Reading[] = [];
  const kept: (Reading & { readonly revision: number })[] = [];
  const wanted: { readonly want: Wanted; readonly urgency: number }[] = [];
  const moved: PendingRow[] = [];
  const whole: string[] = [];
  for (const reading of readings) {
    const { sku, site } = reading;
    const { rows, levels } = seen.get(sku) ?? NOTHING;
    const before = rows.find((row) => row.site === site && row.part === reading.part);
    if (before !== undefined && before.asOf > reading.asOf) continue;
    const others = rows.length - (before === undefined ? 0 : 1);
    const [level] = levels;
    if (
      others > 0 ||
      often.has(sku) ||
      levels.some((each) => each.site !== site) ||
      stale.has(site) ||
      !saysAll(reading, policy)
    ) {
      rest.push(reading);
      continue;
    }
    known.push(reading);
    const same = before?.available === reading.available && before.expiry === reading.expiry;
    const revision = (before?.revision ?? 0) + (same ? 0 : 1);
    kept.push({ ...reading, revision });
    const want = same && !before.dirty ? undefined : wantedOf(reading, revision, policy, now);
    if (want !== undefined && differs(level, want, policy)) {
      const key = rowKey(site, sku);
      const urgency = urgencyOf(flying(key) ?? flew.get(key) ?? level?.published, want.quantity);
      wanted.push({ want, urgency });
      moved.push(pendingOf(want, level === undefined ? first : level.sequence + 1, urgency === 0));
    } else if (level?.adds === true) whole.push(sku);
  }
  const statements = [...wholes(channel, whole), ...keep(channel, kept), ...moves(channel, wanted, first)];
  if (statements.length > 0) await store.run(statements);
  return { known, moved, rest };
}

/** What was computed, by what is available; of items that have no rule and no day of their own. */
interface Usual {
  readonly quantity: string;
  readonly tail: string;
  readonly detail: string;
}

const usual = new WeakMap<Policy, Map<string, Usual>>();
/** Different quantities that are remembered per policy. */
const MAX_USUAL = 1000;

function wantedOf(reading: Reading, revision: number, policy: Policy, now: number): Wanted {
  const { sku, site, available, asOf, body, expiry } = reading;
  const remembered = usual.get(policy) ?? new Map<string, Usual>();
  usual.set(policy, remembered);
  const plain = expiry === '' && !policy.items.has(sku);
  const known = plain ? remembered.get(available) : undefined;
  if (known !== undefined) {
    const { quantity, tail, detail } = known;
    const whole = body.slice(0, -1) + tail;
    return { site, sku, quantity, asOf, basis: revision, body: whole, tail, detail, staleSince: null };
  }
  const row: ObservedRow = { ...reading, revision, dirty: false, gone: false };
  const want = compute(sku, site, new Map([[sku, [row]]]), policy, NONE_SILENT, now);
  if (plain && want.tail !== undefined) {
    if (remembered.size >= MAX_USUAL) remembered.clear();
    remembered.set(available, { quantity: want.quantity, tail: want.tail, detail: want.detail });
  }
  return want;
}

/** Nothing but the reading itself counts for what the channel is told of the item. */
function saysAll({ sku, site, part }: Reading, policy: Policy): boolean {
  return (
    part === '' &&
    siteOf(policy, site)?.publishAs === site &&
    !policy.bundles.has(sku) &&
    !policy.bundlesOf.has(sku) &&
    policy.items.get(sku)?.perUnit === undefined
  );
}

function pendingOf(
  { site, sku, quantity, asOf, body }: Wanted,
  sequence: number,
  urgent: boolean,
): PendingRow {
  return { key: rowKey(site, sku), site, sku, sequence, quantity, asOf, body, urgent, first: urgent };
}

/** Items that several readings are about. */
function oftenNamed(readings: readonly Reading[]): Set<string> {
  const once = new Set<string>();
  const often = new Set<string>();
  for (const { sku } of readings) {
    if (once.has(sku)) often.add(sku);
    else once.add(sku);
  }
  return often;
}

/**
 * Sold out or back in stock, against what the channel knows: what is under way, else what it has confirmed. Never told:
 * zero goes first.
 */
function urgencyOf(known: string | undefined, quantity: string): number {
  const zero = quantity === '0';
  if (known === undefined) return zero ? 0 : 1;
  return (known === '0') !== zero ? 0 : 1;
}

async function look(store: Store, channel: string, readings: readonly Reading[]): Promise<Map<string, Seen>> {
  const skus = [...new Set(readings.map(({ sku }) => sku))];
  const statements: Statement[] = [];
  for (let from = 0; from < skus.length; from += ITEMS_PER_SELECT) {
    const some = paddedTo(skus.slice(from, from + ITEMS_PER_SELECT));
    const places = Array(some.length).fill('?').join(', ');
    const params = [channel, ...some];
    statements.push(
      {
        sql: `SELECT sku, site, part, as_of, available, expiry, revision, dirty
          FROM crossdock_inventory_observed WHERE channel = ? AND sku IN (${places})`,
        params,
      },
      {
        sql: `SELECT sku, site, sequence, quantity, stale_since, published_quantity, substr(body, 1, 1) AS begins
          FROM crossdock_inventory_level WHERE channel = ? AND sku IN (${places})`,
        params,
      },
    );
  }
  const seen = new Map<string, Seen>();
  const of = (row: Row): Seen => {
    const sku = String(row.sku);
    const found = seen.get(sku) ?? { rows: [], levels: [] };
    seen.set(sku, found);
    return found;
  };
  for (const [index, { rows }] of (await store.run(statements)).entries()) {
    if (index % 2 === 0) for (const row of rows) of(row).rows.push(observedRow(row));
    else for (const row of rows) of(row).levels.push(levelRow(row));
  }
  return seen;
}

function observedRow(row: Row): ObservedRow {
  return {
    sku: String(row.sku),
    site: String(row.site),
    part: String(row.part),
    asOf: Number(row.as_of),
    available: String(row.available),
    condition: '',
    expiry: String(row.expiry),
    revision: Number(row.revision),
    dirty: Number(row.dirty) === 1,
    gone: false,
    body: '',
  };
}

function levelRow(row: Row): Level {
  const published = row.published_quantity;
  return {
    site: String(row.site),
    quantity: String(row.quantity),
    stale: row.stale_since !== null,
    sequence: Number(row.sequence),
    published: published === null ? undefined : String(published),
    adds: row.begins === ',',
  };
}

/** Before other readings of these items are stored. */
export function wholes(channel: string, skus: readonly string[]): Statement[] {
  const statements: Statement[] = [];
  for (let from = 0; from < skus.length; from += ITEMS_PER_SELECT) {
    const some = paddedTo(skus.slice(from, from + ITEMS_PER_SELECT));
    statements.push({ sql: wholeSql(some.length), params: [channel, ...some] });
  }
  return statements;
}

function moves(
  channel: string,
  wanted: readonly { readonly want: Wanted; readonly urgency: number }[],
  first: number,
): Statement[] {
  const statements: Statement[] = [];
  for (const some of batches(wanted, LEVELS_PER_STATEMENT)) {
    const params: SqlValue[] = [];
    for (const { want, urgency } of some) {
      params.push(channel, want.site, want.sku, want.asOf, want.quantity, want.tail ?? want.body, first);
      params.push(urgency, want.basis, want.detail, want.staleSince, urgency === 0 ? 1 : 0);
    }
    statements.push({ sql: moveSql(some.length), params });
  }
  return statements;
}
