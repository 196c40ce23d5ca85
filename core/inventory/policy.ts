/**
 * What a channel may be offered, as an analyst configures it. Checked once; what is computed with it is in offer.ts.
 */
import { type DecimalValue, decimal } from '../canonical/decimal';
import type { Decimal } from '../canonical/order';
import { CrossdockError } from '../errors';

/** Which site's stock counts for the channel, and who may say how much that is. */
export interface SitePolicy {
  /** The site as the source names it (`location.code`). */
  readonly site: string;
  /** The system of record of this site (`authority`), for example `odoo:main`. Empty: whoever speaks of it. */
  readonly authority?: string | undefined;
  /** The site under which the channel knows it; several sites under one name are added up. Default: its own name. */
  readonly publishAs?: string | undefined;
}

/** What is taken away from what is available, in this order: buffer, reserve, percent, cap, minimum. */
export interface Allocation {
  /** Safety stock that is held back. Decimal, 0 or more. Default 0. */
  readonly buffer?: Decimal | undefined;
  /** Kept for other channels. Decimal, 0 or more. Default 0. */
  readonly reserve?: Decimal | undefined;
  /** Share of the rest that this channel may sell, 0 to 100. Default 100. */
  readonly percent?: Decimal | undefined;
  /** Never more than this is shown. */
  readonly cap?: Decimal | undefined;
  /** Less than this is shown as sold out. */
  readonly minimum?: Decimal | undefined;
}

/** An item that is sold as a set of others: there are as many as its scarcest part allows. */
export interface Bundle {
  readonly sku: string;
  readonly parts: readonly { readonly sku: string; readonly quantity: Decimal }[];
}

export interface ItemPolicy extends Allocation {
  readonly sku: string;
  /** The channel sells it in this unit (Rec 20 or 21), … */
  readonly unit?: string | undefined;
  /** … of which one is so many of the source's unit. Rounded down. */
  readonly perUnit?: Decimal | undefined;
}

/** What happens when a site's source has been silent for longer than the channel can accept. */
export interface AgePolicy {
  /** Ms of silence of a site. */
  readonly limitMs: number;
  /** All say since when the source is silent; `nothing` is sold out, `reduced` only `percent` of it. */
  readonly show: 'nothing' | 'reduced' | 'all';
  /** With `reduced`: what is still shown, 0 to 100. Default 50. */
  readonly percent?: Decimal | undefined;
}

/** Changes too small to be worth a message. Sold out and back in stock are always published. */
export interface Threshold {
  /** A change by this or more is published, … */
  readonly absolute?: Decimal | undefined;
  /** … and one by this share or more of what was published (percent); … */
  readonly percent?: Decimal | undefined;
  /** … and every change that leaves this or less: what is scarce is always exact. Default 0. */
  readonly exactUpTo?: Decimal | undefined;
}

export interface ChannelPolicy extends Allocation {
  /** Empty or left out: every site that a source speaks of, each under its own name. */
  readonly sites?: readonly SitePolicy[] | undefined;
  readonly items?: readonly ItemPolicy[] | undefined;
  readonly bundles?: readonly Bundle[] | undefined;
  /** Conditions of stock that may be sold. Default: sellable. */
  readonly conditions?: readonly string[] | undefined;
  /** Lots that expire within so many days are not offered. */
  readonly minDaysToExpiry?: number | undefined;
  readonly age?: AgePolicy | undefined;
  readonly threshold?: Threshold | undefined;
}

/** An allocation, ready to be computed with. */
export interface Shares {
  readonly buffer: DecimalValue;
  readonly reserve: DecimalValue;
  readonly percent: DecimalValue;
  readonly cap: DecimalValue | undefined;
  readonly minimum: DecimalValue | undefined;
}

/** A policy that was checked. */
export interface Policy {
  /** Site of the source -> the channel's name for it and its system of record. Undefined: every site as it is. */
  readonly sites: ReadonlyMap<string, { readonly publishAs: string; readonly authority: string }> | undefined;
  /** The channel's name of a site -> the sources' sites that are added up there. */
  readonly pools: ReadonlyMap<string, readonly string[]>;
  readonly shares: Shares;
  readonly items: ReadonlyMap<
    string,
    { readonly shares: Shares; readonly unit?: string; readonly perUnit?: DecimalValue }
  >;
  readonly bundles: ReadonlyMap<string, readonly { readonly sku: string; readonly quantity: DecimalValue }[]>;
  /** Part -> the bundles that it is in. */
  readonly bundlesOf: ReadonlyMap<string, readonly string[]>;
  readonly conditions: ReadonlySet<string>;
  readonly minDaysToExpiry: number | undefined;
  readonly age: { readonly limitMs: number; readonly keep: DecimalValue } | undefined;
  readonly threshold:
    | {
        readonly absolute: DecimalValue | undefined;
        readonly percent: DecimalValue | undefined;
        readonly exactUpTo: DecimalValue;
      }
    | undefined;
}

const ZERO = decimal('0');
const HUNDRED = decimal('100');
const QUANTITY = /^\d{1,18}(\.\d{1,10})?$/;

/** Throws CONFIG_INVALID (permanent), with the setting's name, for a policy that cannot be. */
export function checkedPolicy(policy: ChannelPolicy): Policy {
  const shares = sharesOf(policy, 'channel', undefined);
  const bundles = new Map<string, { sku: string; quantity: DecimalValue }[]>();
  for (const { sku, parts } of policy.bundles ?? []) {
    if (bundles.has(sku)) throw invalid(`The bundle ${sku} is defined twice.`, 'bundles');
    if (parts.length === 0) throw invalid(`The bundle ${sku} has no parts.`, 'bundles');
    bundles.set(
      sku,
      parts.map((part) => ({
        sku: part.sku,
        quantity: above(part.quantity, `quantity of ${part.sku} in ${sku}`, 'bundles'),
      })),
    );
  }
  const bundlesOf = new Map<string, string[]>();
  for (const [sku, parts] of bundles) {
    for (const part of parts) {
      if (bundles.has(part.sku))
        throw invalid(
          `The bundle ${sku} contains the bundle ${part.sku}: name its parts instead.`,
          'bundles',
        );
      bundlesOf.set(part.sku, [...(bundlesOf.get(part.sku) ?? []), sku]);
    }
  }
  const { sites, pools } = sitesOf(policy.sites ?? []);
  return {
    sites,
    pools,
    shares,
    items: itemsOf(policy, shares),
    bundles,
    bundlesOf,
    conditions: new Set(policy.conditions ?? ['sellable']),
    minDaysToExpiry: policy.minDaysToExpiry,
    age: ageOf(policy.age),
    threshold: thresholdOf(policy.threshold),
  };
}

function sitesOf(list: readonly SitePolicy[]): Pick<Policy, 'sites' | 'pools'> {
  const sites = new Map<string, { publishAs: string; authority: string }>();
  const pools = new Map<string, string[]>();
  for (const { site, authority = '', publishAs = '' } of list) {
    if (site === '') throw invalid('A site has no name.', 'sites');
    if (sites.has(site))
      throw invalid(`The site ${site} is named twice: it can have one system of record.`, 'sites');
    const name = publishAs === '' ? site : publishAs;
    sites.set(site, { publishAs: name, authority });
    pools.set(name, [...(pools.get(name) ?? []), site]);
  }
  return { sites: list.length === 0 ? undefined : sites, pools };
}

function itemsOf(policy: ChannelPolicy, channel: Shares): Policy['items'] {
  const items = new Map<string, { shares: Shares; unit?: string; perUnit?: DecimalValue }>();
  for (const item of policy.items ?? []) {
    if (items.has(item.sku)) throw invalid(`The item ${item.sku} is named twice.`, 'items');
    if (item.unit !== undefined && item.perUnit === undefined)
      throw invalid(`${item.sku} is sold in ${item.unit}, but how many pieces that is, is missing.`, 'items');
    items.set(item.sku, {
      shares: sharesOf(item, item.sku, channel),
      ...(item.unit === undefined ? {} : { unit: item.unit }),
      ...(item.perUnit === undefined
        ? {}
        : { perUnit: above(item.perUnit, `${item.sku}: pieces per unit`, 'items') }),
    });
  }
  return items;
}

/** What an item does not say, the channel says. */
function sharesOf(from: Allocation, what: string, fallback: Shares | undefined): Shares {
  const read = <T>(value: Decimal | undefined, name: string, otherwise: T): DecimalValue | T =>
    value === undefined || value.trim() === '' ? otherwise : from0(value, `${name} (${what})`, name);
  const percent = read(from.percent, 'percent', fallback?.percent ?? HUNDRED);
  if (percent.gt(HUNDRED))
    throw invalid(`The share of a channel (${what}) is at most 100 percent.`, 'percent');
  return {
    buffer: read(from.buffer, 'buffer', fallback?.buffer ?? ZERO),
    reserve: read(from.reserve, 'reserve', fallback?.reserve ?? ZERO),
    percent,
    cap: read(from.cap, 'cap', fallback?.cap),
    minimum: read(from.minimum, 'minimum', fallback?.minimum),
  };
}

function ageOf(age: AgePolicy | undefined): Policy['age'] {
  if (age === undefined) return undefined;
  if (!Number.isFinite(age.limitMs) || age.limitMs <= 0)
    throw invalid('The time after which a silent source counts as stale must be above 0.', 'age');
  const keep =
    age.show === 'nothing'
      ? ZERO
      : age.show === 'all'
        ? HUNDRED
        : from0(age.percent ?? '50', 'percent of a stale source', 'age');
  if (keep.gt(HUNDRED)) throw invalid('Of a stale source, at most 100 percent can be shown.', 'age');
  return { limitMs: age.limitMs, keep: keep.div(HUNDRED) };
}

function thresholdOf(threshold: Threshold | undefined): Policy['threshold'] {
  if (threshold === undefined) return undefined;
  const read = (value: Decimal | undefined, what: string): DecimalValue | undefined =>
    value === undefined || value.trim() === '' ? undefined : from0(value, what, 'threshold');
  const absolute = read(threshold.absolute, 'smallest change');
  const percent = read(threshold.percent, 'smallest change in percent');
  if (absolute === undefined && percent === undefined) return undefined;
  return {
    absolute,
    percent,
    exactUpTo: read(threshold.exactUpTo, 'quantity up to which every change is published') ?? ZERO,
  };
}

function from0(value: Decimal, what: string, setting: string): DecimalValue {
  const text = value.trim();
  if (QUANTITY.test(text)) return decimal(text);
  throw invalid(`The ${what} must be a number such as 0, 5 or 2.5, and not negative.`, setting);
}

function above(value: Decimal, what: string, setting: string): DecimalValue {
  const text = value.trim();
  if (QUANTITY.test(text) && decimal(text).gt(0)) return decimal(text);
  throw invalid(`The ${what} must be a number above 0.`, setting);
}

function invalid(message: string, setting: string): CrossdockError {
  return new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { setting } });
}

/** How the channel sees a site of a source; undefined when it does not sell from there. */
export function siteOf(
  policy: Policy,
  site: string,
): { readonly publishAs: string; readonly authority: string } | undefined {
  return policy.sites === undefined ? { publishAs: site, authority: '' } : policy.sites.get(site);
}

/** The sources' sites whose stock is offered under one of the channel's names. */
export function sitesBehind(policy: Policy, publishedAs: string): readonly string[] {
  return policy.sites === undefined ? [publishedAs] : (policy.pools.get(publishedAs) ?? []);
}
