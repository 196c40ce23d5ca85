/**
 * From what the systems of record say to what a channel may offer: pure, one key at a time.
 */
import { type DecimalValue, decimal, toPlain } from '../canonical/decimal';
import type { Decimal } from '../canonical/order';
import type { Policy, Shares } from './policy';

/** What is known of one item at one site of a source; several when it is told by lot or condition. */
export interface Known {
  readonly site: string;
  readonly sku: string;
  /** `''` for the whole item, else lot and condition. */
  readonly part: string;
  readonly available: Decimal;
  readonly condition: string;
  /** Day of expiry, `YYYY-MM-DD`; empty when none. */
  readonly expiry: string;
}

/** How much of what is available does not reach the channel, by reason; decimal texts, only what is not 0. */
export type Held = Partial<
  Record<'buffer' | 'reserve' | 'share' | 'cap' | 'minimum' | 'age' | 'units', Decimal>
>;

/** What is there and may not be sold at all, by reason; decimal texts, only what is not 0. It is no part of `available`. */
export type Excluded = Partial<Record<'condition' | 'expiry', Decimal>>;

export interface Offer {
  /** What the sources say can be sold, all sites of the pool together; negative when oversold. */
  readonly available: DecimalValue;
  /** What the channel may offer, in the channel's unit. */
  readonly quantity: DecimalValue;
  readonly held: Held;
}

const ZERO = decimal('0');
const DAY_MS = 86_400_000;

/** Why a part of an item may not be sold under the policy at all; undefined when it may. */
export function unsellable(
  known: Pick<Known, 'condition' | 'expiry'>,
  policy: Policy,
  now: number,
): keyof Excluded | undefined {
  if (!policy.conditions.has(known.condition)) return 'condition';
  if (policy.minDaysToExpiry === undefined || known.expiry === '') return undefined;
  return Date.parse(known.expiry) >= now + policy.minDaysToExpiry * DAY_MS ? undefined : 'expiry';
}

/** The rows of one site that count: where an item is told by lots, the lots and not the row of the whole. */
export function countedOf<T extends Pick<Known, 'part'>>(ofSite: readonly T[]): readonly T[] {
  const lots = ofSite.filter((row) => row.part !== '');
  return lots.length > 0 ? lots : ofSite;
}

/** What one item's rows add up to. */
export interface Pool {
  readonly available: DecimalValue;
  /** What of it does not count, since its site is silent. */
  readonly age: DecimalValue;
  readonly excluded: Excluded;
}

/** Per site, then over the sites. What a silent site says counts only as far as the policy lets it. */
export function pooled(
  rows: readonly Known[],
  policy: Policy,
  stale: ReadonlySet<string>,
  now: number,
): Pool {
  let available = ZERO;
  let age = ZERO;
  const excluded: { -readonly [K in keyof Excluded]: Decimal } = {};
  for (const site of new Set(rows.map((row) => row.site))) {
    let sum = ZERO;
    for (const row of countedOf(rows.filter((each) => each.site === site))) {
      const quantity = decimal(row.available);
      const why = unsellable(row, policy, now);
      if (why === undefined) sum = sum.plus(quantity);
      else if (quantity.gt(0)) excluded[why] = toPlain(decimal(excluded[why] ?? '0').plus(quantity));
    }
    available = available.plus(sum);
    // What is missing is missing, also when the last word about it is old.
    if (policy.age !== undefined && stale.has(site) && sum.gt(0))
      age = age.plus(sum.minus(sum.times(policy.age.keep)));
  }
  return { available, age, excluded };
}

/** The channel's share of what is available. Rounded down to as many decimals as the quantities have. */
export function offerOf(available: DecimalValue, age: DecimalValue, shares: Shares): Offer {
  const held: { -readonly [K in keyof Held]: Decimal } = {};
  let rest = available.gt(0) ? available : ZERO;
  const keepBack = (reason: keyof Held, left: DecimalValue): void => {
    const next = left.gt(0) ? left : ZERO;
    const taken = rest.minus(next);
    if (taken.gt(0)) held[reason] = toPlain(taken);
    rest = next;
  };
  const decimals = Math.max(decimalsOf(available), decimalsOf(shares.buffer), decimalsOf(shares.reserve));
  keepBack('age', rest.minus(age).round(decimals, 0));
  keepBack('buffer', rest.minus(shares.buffer));
  keepBack('reserve', rest.minus(shares.reserve));
  keepBack('share', rest.times(shares.percent).div('100').round(decimals, 0));
  if (shares.cap?.lt(rest)) keepBack('cap', shares.cap);
  if (shares.minimum?.gt(rest)) keepBack('minimum', ZERO);
  return { available, quantity: rest, held };
}

/** What a part of a set gives to it. */
export interface SetPart extends Pool {
  readonly sku: string;
  /** So many of it are in one set. */
  readonly quantity: DecimalValue;
  /** What of it is left after its own buffer and reserve. */
  readonly offer: Offer;
  /** Whole sets that it is enough for. */
  readonly sets: DecimalValue;
}

/** Of a set there are as many as its scarcest part allows, whole ones; then the set's own shares. */
export function setOf(
  sku: string,
  parts: readonly { readonly sku: string; readonly quantity: DecimalValue }[],
  pool: (sku: string) => Pool,
  policy: Policy,
): { readonly offer: Offer; readonly parts: readonly SetPart[] } {
  const given = parts.map((part): SetPart & { readonly fresh: DecimalValue } => {
    const found = pool(part.sku);
    const { buffer, reserve } = policy.items.get(part.sku)?.shares ?? policy.shares;
    const own = { buffer, reserve, percent: decimal('100'), cap: undefined, minimum: undefined };
    const setsOf = ({ quantity }: Offer): DecimalValue => quantity.div(part.quantity).round(0, 0);
    const offer = offerOf(found.available, found.age, own);
    const sets = setsOf(offer);
    // As many as if no site were silent: the difference is what is held back for age.
    const fresh = found.age.eq(0) ? sets : setsOf(offerOf(found.available, ZERO, own));
    return { ...found, sku: part.sku, quantity: part.quantity, offer, sets, fresh };
  });
  const sets = leastOf(given.map((part) => part.sets));
  const fresh = leastOf(given.map((part) => part.fresh));
  // The parts hold back their buffers already: the set has one of its own only when it is configured.
  const shares = policy.items.get(sku)?.shares ?? { ...policy.shares, buffer: ZERO, reserve: ZERO };
  return { offer: offerOf(fresh, fresh.minus(sets), shares), parts: given };
}

function leastOf(values: readonly DecimalValue[]): DecimalValue {
  const least = values.reduce((one, other) => (other.lt(one) ? other : one), values[0] ?? ZERO);
  return least.lt(0) ? ZERO : least;
}

/** Whether a change is worth telling; `before` is what the channel was told last. */
export function worthTelling(before: DecimalValue, after: DecimalValue, policy: Policy): boolean {
  if (before.eq(after)) return false;
  const { threshold } = policy;
  if (threshold === undefined || before.eq(0) || after.eq(0) || after.lte(threshold.exactUpTo)) return true;
  const change = after.minus(before).abs();
  const { absolute, percent } = threshold;
  if (absolute !== undefined && change.gte(absolute)) return true;
  return percent !== undefined && change.times('100').gte(before.times(percent));
}

function decimalsOf(value: DecimalValue): number {
  return toPlain(value).split('.')[1]?.length ?? 0;
}
