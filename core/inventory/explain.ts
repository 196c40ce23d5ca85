/** How a quantity comes about, step by step: what desired.ts computes, with the reasons. Pure, one item at a time. */
import { type DecimalValue, decimal, toPlain } from '../canonical/decimal';
import type { ObservedInventoryLevel } from '../canonical/inventory-level';
import {
  countedOf,
  type Known,
  type Offer,
  offerOf,
  type Pool,
  pooled,
  setOf,
  unsellable,
  worthTelling,
} from './offer';
import { type Policy, type Shares, siteOf } from './policy';
import type { StockExplanation, StockReading, StockStep } from './stock';

/** What a source has said last, as the store keeps it. */
export interface Observed extends Known {
  readonly asOf: number;
  readonly dirty: boolean;
  readonly gone: boolean;
  /** JSON of the level as it was read. */
  readonly body: string;
}

export interface Explained {
  readonly sku: string;
  /** As the channel knows it. */
  readonly site: string;
  /** What the channel is to know now. */
  readonly quantity: string;
}

const ZERO = decimal('0');
const HUNDRED = decimal('100');
const SHARED = ['age', 'buffer', 'reserve', 'share', 'cap', 'minimum'] as const;

/**
 * @param observed everything that is known of the item, and of its parts when it is a set
 * @param silent sites of the sources that are silent -> when they were last heard, ms
 * @param now ms
 */
export function explain(
  { sku, site, quantity: told }: Explained,
  observed: readonly Observed[],
  policy: Policy,
  silent: ReadonlyMap<string, number>,
  now: number,
): StockExplanation {
  const stale = new Set(silent.keys());
  const rowsOf = (item: string): Observed[] =>
    observed.filter((row) => row.sku === item && siteOf(policy, row.site)?.publishAs === site);
  const parts = policy.bundles.get(sku);
  const rows = parts === undefined ? rowsOf(sku) : parts.flatMap((part) => rowsOf(part.sku));
  const { offer, steps, shares } =
    parts === undefined
      ? ofItem(pooled(rows, policy, stale, now), rows, sku, policy, silent, now)
      : ofSet(sku, parts, (item) => pooled(rowsOf(item), policy, stale, now), policy);
  const unit = policy.items.get(sku);
  const quantity = toPlain(
    unit?.perUnit === undefined ? offer.quantity : offer.quantity.div(unit.perUnit).round(0, 0),
  );
  const units: StockStep[] =
    unit?.perUnit === undefined
      ? []
      : [{ step: 'unit', rest: quantity, perUnit: toPlain(unit.perUnit), unit: unit.unit ?? '' }];
  const kept = keptOf(decimal(told), decimal(quantity), rows, policy);
  return {
    steps: [...steps, ...shareSteps(offer, shares, policy), ...units],
    quantity,
    ...(kept === undefined ? {} : { kept }),
    readings: rows.map((row) => readingOf(row, rows, policy, silent, now)),
  };
}

function keptOf(
  told: DecimalValue,
  quantity: DecimalValue,
  rows: readonly Observed[],
  policy: Policy,
): StockExplanation['kept'] {
  if (told.eq(quantity)) return undefined;
  if (rows.some((row) => row.dirty)) return 'computing';
  return worthTelling(told, quantity, policy) ? 'later' : 'small';
}

interface Begun {
  readonly offer: Offer;
  readonly steps: readonly StockStep[];
  readonly shares: Shares;
}

function ofItem(
  pool: Pool,
  rows: readonly Observed[],
  sku: string,
  policy: Policy,
  silent: ReadonlyMap<string, number>,
  now: number,
): Begun {
  const shares = policy.items.get(sku)?.shares ?? policy.shares;
  const sites = [...new Set(rows.map((row) => row.site))].map((site) => ({
    site,
    available: toPlain(
      pooled(
        rows.filter((row) => row.site === site),
        policy,
        new Set(),
        now,
      ).available,
    ),
    silentSince: silent.get(site) ?? null,
  }));
  const { condition, expiry } = pool.excluded;
  const steps: StockStep[] = [
    ...(condition === undefined ? [] : [{ step: 'condition', taken: condition } as const]),
    ...(expiry === undefined
      ? []
      : [{ step: 'expiry', taken: expiry, days: policy.minDaysToExpiry ?? 0 } as const]),
    { step: 'available', rest: toPlain(pool.available), sites },
  ];
  return { offer: offerOf(pool.available, pool.age, shares), steps, shares };
}

function ofSet(
  sku: string,
  parts: readonly { readonly sku: string; readonly quantity: DecimalValue }[],
  pool: (sku: string) => Pool,
  policy: Policy,
): Begun {
  const set = setOf(sku, parts, pool, policy);
  const least = set.parts.reduce(
    (one, part) => (part.sets.lt(one) ? part.sets : one),
    set.parts[0]?.sets ?? ZERO,
  );
  const step: StockStep = {
    step: 'parts',
    rest: toPlain(set.offer.available),
    parts: set.parts.map((part) => ({
      sku: part.sku,
      quantity: toPlain(part.quantity),
      available: toPlain(part.available),
      held: part.offer.held,
      excluded: part.excluded,
      sets: toPlain(part.sets),
      scarce: part.sets.eq(least),
    })),
  };
  const shares = policy.items.get(sku)?.shares ?? { ...policy.shares, buffer: ZERO, reserve: ZERO };
  return { offer: set.offer, steps: [step], shares };
}

/** What the offer holds back, in the order in which it does. */
function shareSteps({ available, held }: Offer, shares: Shares, policy: Policy): StockStep[] {
  let rest = available.gt(0) ? available : ZERO;
  return SHARED.flatMap((step) => {
    const taken = held[step];
    if (taken === undefined) return [];
    rest = rest.minus(decimal(taken));
    return [{ step, taken, rest: toPlain(rest), setting: toPlain(settingOf(step, shares, policy)) }];
  });
}

function settingOf(step: (typeof SHARED)[number], shares: Shares, policy: Policy): DecimalValue {
  if (step === 'age') return (policy.age?.keep ?? ZERO).times(HUNDRED);
  if (step === 'share') return shares.percent;
  return shares[step] ?? ZERO;
}

function readingOf(
  row: Observed,
  rows: readonly Observed[],
  policy: Policy,
  silent: ReadonlyMap<string, number>,
  now: number,
): StockReading {
  const said = JSON.parse(row.body) as ObservedInventoryLevel;
  const ofSite = rows.filter((other) => other.sku === row.sku && other.site === row.site);
  return {
    sku: row.sku,
    site: row.site,
    lot: said.lot ?? null,
    condition: row.condition,
    expiry: row.expiry === '' ? null : row.expiry,
    onHand: row.gone ? '0' : said.onHand,
    reserved: row.gone ? '0' : said.reserved,
    available: row.available,
    authority: said.authority,
    readAt: row.asOf,
    counts: countOf(row, ofSite, policy, now),
    silentSince: silent.get(row.site) ?? null,
  };
}

function countOf(
  row: Observed,
  ofSite: readonly Observed[],
  policy: Policy,
  now: number,
): StockReading['counts'] {
  if (row.gone) return 'gone';
  if (!countedOf(ofSite).includes(row)) return 'whole';
  return unsellable(row, policy, now) ?? 'yes';
}
