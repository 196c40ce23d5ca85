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

export interface Offer {
  /** What the sources say can be sold, all sites of the pool together; negative when oversold. */
  readonly available: DecimalValue;
  /** What the channel may offer, in the channel's unit. */
  readonly quantity: DecimalValue;
  readonly held: Held;
}

const ZERO = decimal('0');
const DAY_MS = 86_400_000;

/** Whether a part of an item may be sold under the policy at all. */
export function sellable(known: Pick<Known, 'condition' | 'expiry'>, policy: Policy, now: number): boolean {
  if (!policy.conditions.has(known.condition)) return false;
  if (policy.minDaysToExpiry === undefined || known.expiry === '') return true;
  return Date.parse(known.expiry) >= now + policy.minDaysToExpiry * DAY_MS;
}

/**
 * What one item's rows add up to: per site, then over the sites. Where an item is told by lots, the lots count and not
 * the row of the whole. What a silent site says counts only as far as the policy lets it.
 */
export function pooled(
  rows: readonly Known[],
  policy: Policy,
  stale: ReadonlySet<string>,
  now: number,
): { available: DecimalValue; age: DecimalValue } {
  let available = ZERO;
  let age = ZERO;
  for (const site of new Set(rows.map((row) => row.site))) {
    const ofSite = rows.filter((row) => row.site === site);
    const lots = ofSite.filter((row) => row.part !== '');
    const counted = (lots.length > 0 ? lots : ofSite).filter((row) => sellable(row, policy, now));
    const sum = counted.reduce((total, row) => total.plus(decimal(row.available)), ZERO);
    available = available.plus(sum);
    // What is missing is missing, also when the last word about it is old.
    if (policy.age !== undefined && stale.has(site) && sum.gt(0))
      age = age.plus(sum.minus(sum.times(policy.age.keep)));
  }
  return { available, age };
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

/** Of a set there are as many as its scarcest part allows, whole ones. */
export function bundled(
  parts: readonly { readonly quantity: DecimalValue; readonly offered: DecimalValue }[],
): DecimalValue {
  let least: DecimalValue | undefined;
  for (const { quantity, offered } of parts) {
    const sets = offered.div(quantity).round(0, 0);
    if (least === undefined || sets.lt(least)) least = sets;
  }
  return least === undefined || least.lt(0) ? ZERO : least;
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
