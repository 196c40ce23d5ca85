/** Milestones of a shipment: all are kept, whenever they come; the state follows from them. */
import type { Milestone, Shipment } from '../generated';
import { canonicalJson } from '../identity';

type State = Shipment['status'];

/**
 * How far a milestone is. A higher rank outweighs any lower one, however late that happened: a scan in the depot after
 * the delivery is a slow clock, not a new journey. Within a rank the latest counts.
 */
const RANK: Readonly<Record<State, number>> = {
  labelCreated: 0,
  pickedUp: 1,
  inTransit: 2,
  atHub: 2,
  exception: 2,
  outForDelivery: 2,
  attemptFailed: 2,
  returning: 3,
  lost: 3,
  delivered: 4,
  returned: 4,
  cancelled: 4,
};

/** Of two milestones at one moment within a rank, the one further on the list. */
const ORDER = Object.keys(RANK) as State[];

export interface Merged {
  /** All milestones by the time at which they happened. */
  readonly milestones: Milestone[];
  /** The state of the shipment; undefined without milestones. */
  readonly status: State | undefined;
  /** Of the added ones, those that happened before one that was known. */
  readonly late: Milestone[];
  /** Of the added ones, those that say the same as another report: kept, but nothing new. */
  readonly repeated: Milestone[];
}

/**
 * Adds reported milestones to those that are known. The result does not depend on the order of the reports. A report
 * that is equal in every field, its time of reporting included, is the same message once more and is not added.
 * @param packages ids of the packages that must all arrive; those that milestones name when left out
 */
export function mergeMilestones(
  known: readonly Milestone[],
  added: readonly Milestone[],
  packages?: readonly string[],
): Merged {
  const milestones = new Map(known.map((each) => [canonicalJson(each), each]));
  const meanings = new Set(known.map(meaningOf));
  const newest = Math.max(...known.map(({ at }) => Date.parse(at)));
  const late: Milestone[] = [];
  const repeated: Milestone[] = [];
  for (const each of added) {
    const key = canonicalJson(each);
    if (milestones.has(key)) continue;
    milestones.set(key, each);
    if (meanings.has(meaningOf(each))) repeated.push(each);
    else if (Date.parse(each.at) < newest) late.push(each);
    meanings.add(meaningOf(each));
  }
  const all = [...milestones].sort(([a, one], [b, two]) => compare(one, two) || (a < b ? -1 : 1));
  const sorted = all.map(([, each]) => each);
  return { milestones: sorted, status: shipmentState(sorted, packages), late, repeated };
}

/**
 * The state that follows from milestones; undefined without any. A milestone that names no package is of all of them; the
 * shipment is as far as its last package: delivered when all are.
 */
export function shipmentState(
  milestones: readonly Milestone[],
  packages?: readonly string[],
): State | undefined {
  const named =
    packages ?? milestones.flatMap(({ packageId }) => (packageId === undefined ? [] : [packageId]));
  const ids = new Set(named);
  let whole: Milestone | undefined;
  const own = new Map<string, Milestone>();
  for (const each of milestones) {
    const before = each.packageId === undefined ? whole : own.get(each.packageId);
    if (before !== undefined && !outweighs(each, before)) continue;
    // A package that is not of the shipment says nothing about it.
    if (each.packageId === undefined) whole = each;
    else if (ids.has(each.packageId)) own.set(each.packageId, each);
  }
  if (ids.size === 0 || milestones.length === 0) return whole?.code;
  let last: Milestone | undefined;
  for (const id of ids) {
    const mine = own.get(id);
    const state = mine === undefined || (whole !== undefined && outweighs(whole, mine)) ? whole : mine;
    // A package that nobody has seen yet has only a label.
    if (state === undefined) return 'labelCreated';
    if (last === undefined || outweighs(last, state)) last = state;
  }
  return last?.code;
}

function outweighs(one: Milestone, other: Milestone): boolean {
  const rank = RANK[one.code] - RANK[other.code];
  return rank !== 0 ? rank > 0 : compare(one, other) > 0;
}

/** By time, then by how far along they are. */
function compare(one: Milestone, other: Milestone): number {
  return Date.parse(one.at) - Date.parse(other.at) || ORDER.indexOf(one.code) - ORDER.indexOf(other.code);
}

/** What a report says, whoever reported it when and in which words. */
function meaningOf({ code, at, packageId }: Milestone): string {
  return JSON.stringify([code, Date.parse(at), packageId]);
}
