/** What a channel is to know of an item, from what was observed of it, at all its sites: pure, without the store. */
import { type DecimalValue, decimal, toPlain } from '../canonical/decimal';
import type { InventoryLevel, ObservedInventoryLevel } from '../canonical/inventory-level';
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

/** What a channel is told when its source has been silent for too long. */
export interface Silence {
  /** Sites of the sources that are silent -> when they were last heard, ms. */
  readonly stale: ReadonlyMap<string, number>;
}

export interface ObservedRow extends Known {
  readonly asOf: number;
  readonly revision: number;
  readonly dirty: boolean;
  /** A complete reading of the site no longer knew it. */
  readonly gone: boolean;
  readonly body: string;
}

export interface Wanted {
  readonly site: string;
  readonly sku: string;
  readonly quantity: string;
  readonly asOf: number;
  /** The sum of the revisions that it was computed from. */
  readonly basis: number;
  /** The event's data as JSON, without its sequence. */
  readonly body: string;
  /** What `body` adds to the one reading's body, where it adds to it only. */
  readonly tail: string | undefined;
  readonly detail: string;
  readonly staleSince: number | null;
}

export interface Told {
  readonly quantity: string;
  readonly stale: boolean;
}

const ZERO = decimal('0');

/** The names under which the channel knows, or knew, the item. */
export function sitesOf(
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

export function compute(
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
  const telling = { sku, site, offer, quantity, perUnit, unit: policy.items.get(sku)?.unit, staleSince };
  return {
    site,
    sku,
    quantity: toPlain(quantity),
    // As honest as the oldest of what it was computed from.
    asOf: rows.length === 0 ? now : Math.min(...rows.map((row) => row.asOf)),
    basis: rows.reduce((sum, row) => sum + row.revision, 0),
    ...bodyOf(rows, parts !== undefined, telling, now),
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
function bodyOf(
  rows: readonly ObservedRow[],
  set: boolean,
  telling: Telling,
  now: number,
): Pick<Wanted, 'body' | 'tail'> {
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
    const tail = `,${JSON.stringify(said).slice(1)}`;
    return { body: only.body.slice(0, -1) + tail, tail: only.part === '' ? tail : undefined };
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
  return { body: JSON.stringify(body), tail: undefined };
}

/** The level as it was read; of an item that a complete reading no longer knew, nothing is left. */
function levelOf(row: ObservedRow): ObservedInventoryLevel {
  const read = JSON.parse(row.body) as ObservedInventoryLevel;
  if (!row.gone) return read;
  const { schemaVersion, item, location, asOf, unit, authority } = read;
  const none = { onHand: '0', reserved: '0', available: row.available };
  return { schemaVersion, item, location, asOf, unit, authority, ...none };
}

export function differs(before: Told | undefined, want: Wanted, policy: Policy): boolean {
  if (before === undefined) return true;
  if (before.stale !== (want.staleSince !== null)) return true;
  // Both are written the same way: only a threshold asks how much they differ.
  if (before.quantity === want.quantity) return false;
  if (policy.threshold === undefined) return true;
  return worthTelling(decimal(before.quantity), decimal(want.quantity), policy);
}
