/**
 * Compares what the senders know with what is in Odoo and in the dead letters. The rules, for every distinct order:
 * - good and acknowledged: exactly once in Odoo, confirmed, with its lines and its total; not in the dead letters;
 * - bad and acknowledged: not in Odoo, and in the dead letters with a reason;
 * - not acknowledged: at most once in Odoo, and if so, right.
 */
import Big from 'big.js';
import type { History } from './history';
import type { ExpectedOrder, PlannedOrder } from './plan';
import { deliveryId } from './senders';

/** A sales order as it stands in Odoo. */
export interface PlacedOrder {
  /** The canonical order's id, from the order's source document. */
  readonly origin: string;
  readonly name: string;
  /** draft, sent, sale, cancel. */
  readonly state: string;
  readonly currency: string;
  readonly total: string;
  readonly lines: readonly PlacedLine[];
}

export interface PlacedLine {
  readonly sku: string;
  readonly quantity: string;
  readonly price: string;
}

/** A parked message as the gateway shows it. */
export interface ParkedMessage {
  readonly deliveryId: string | null;
  readonly businessKey: string | null;
  readonly code: string;
  readonly reason: string;
  readonly occurrences: number;
}

/** The two places to look at. */
export interface Evidence {
  /** The orders with these ids that Odoo has, duplicates included. */
  placed(ids: readonly string[]): Promise<readonly PlacedOrder[]>;
  parked(): Promise<readonly ParkedMessage[]>;
}

export interface Finding {
  readonly id: string;
  readonly what: string;
}

export interface Verdict {
  readonly ok: boolean;
  /** Distinct orders that were sent; good ones, bad ones. */
  readonly orders: { readonly good: number; readonly bad: number; readonly unacknowledged: number };
  readonly messages: ReturnType<History['counts']>;
  readonly placed: number;
  readonly parked: number;
  /** Good, acknowledged, and not in Odoo. */
  readonly lost: readonly Finding[];
  readonly doubled: readonly Finding[];
  /** In Odoo and not as ordered, or in Odoo though it is bad. */
  readonly wrong: readonly Finding[];
  /** Bad, acknowledged, and not in the dead letters, or there without a reason that fits. */
  readonly unparked: readonly Finding[];
  /** Good, and in the dead letters. */
  readonly wronglyParked: readonly Finding[];
  /** Orders in Odoo whose total is within the tolerance, and not exactly as ordered. */
  readonly roundedOtherwise: number;
  /** How often each reason was given, by code. */
  readonly reasons: Readonly<Record<string, number>>;
}

export interface CheckOptions {
  /** Ms to wait for the gateway to come to rest. Default 120,000. */
  readonly deadlineMs?: number;
  /** Ms without any change after which it is at rest. Default 2000. */
  readonly quietMs?: number;
  /** Ms between two looks. Default 250. */
  readonly intervalMs?: number;
  /**
   * How far a total may be from the ordered one, as the odoo order node is set. Default 0.01: shops round the tax of
   * each line, Odoo 19 by default that of the whole order.
   */
  readonly tolerance?: string;
  /** The products that stand for charges and discounts: their lines are covered by the total. */
  readonly otherSkus?: readonly string[];
}

/**
 * Waits until the gateway has come to rest (everything expected is there and nothing has changed for a while; when
 * something is missing, until the deadline), then judges.
 */
export async function check(
  history: History,
  evidence: Evidence,
  options: CheckOptions = {},
): Promise<Verdict> {
  const rules: Rules = {
    tolerance: options.tolerance ?? '0.01',
    otherSkus: options.otherSkus ?? ['SHIPPING', 'DISCOUNT'],
  };
  const deadline = Date.now() + (options.deadlineMs ?? 120_000);
  const quietMs = options.quietMs ?? 2000;
  let seen = '';
  let since = Date.now();
  for (;;) {
    const verdict = await judge(history, evidence, rules);
    const now = Date.now();
    const state = JSON.stringify(verdict);
    if (state !== seen) {
      seen = state;
      since = now;
    }
    const complete = verdict.lost.length === 0 && verdict.unparked.length === 0 && verdict.wrong.length === 0;
    if ((complete && now - since >= quietMs) || now >= deadline) return verdict;
    await new Promise((resolve) => setTimeout(resolve, options.intervalMs ?? 250));
  }
}

type Rules = Required<Pick<CheckOptions, 'tolerance' | 'otherSkus'>>;

async function judge(history: History, evidence: Evidence, rules: Rules): Promise<Verdict> {
  const known = history.orders();
  const ids = [...known.keys()].map((order) => order.id);
  const [placedOrders, letters] = await Promise.all([evidence.placed(ids), evidence.parked()]);
  const placed = groupBy(placedOrders, (order) => order.origin);
  const lettersOf = letterIndex(letters);
  const findings = {
    lost: [] as Finding[],
    doubled: [] as Finding[],
    wrong: [] as Finding[],
    unparked: [] as Finding[],
    wronglyParked: [] as Finding[],
  };
  const counts = { good: 0, bad: 0, unacknowledged: 0, placed: 0, parked: 0, rounded: 0 };
  const reasons: Record<string, number> = {};

  for (const [order, outcome] of known) {
    const { id } = order;
    const acknowledged = outcome === 'acknowledged';
    const copies = placed.get(id) ?? [];
    const parked = lettersOf(order);
    if (!acknowledged) counts.unacknowledged += 1;
    counts[order.expected === undefined ? 'bad' : 'good'] += 1;
    if (copies.length > 1) {
      findings.doubled.push({
        id,
        what: `${copies.length} times in Odoo: ${copies.map((copy) => copy.name).join(', ')}`,
      });
    }
    const [copy] = copies;
    if (order.expected === undefined) {
      judgeBad(order, acknowledged, copy, parked, findings);
      if (parked[0] !== undefined) {
        counts.parked += 1;
        reasons[parked[0].code] = (reasons[parked[0].code] ?? 0) + 1;
      }
      continue;
    }
    if (copy !== undefined) {
      counts.placed += 1;
      if (offBy(order.expected, copy).gt(0)) counts.rounded += 1;
      for (const what of differences(order.expected, copy, rules)) findings.wrong.push({ id, what });
    } else if (acknowledged) {
      const letter = parked[0];
      const where = letter === undefined ? '' : `; parked as ${letter.code}: ${letter.reason}`;
      findings.lost.push({ id, what: `acknowledged and not in Odoo${where}` });
    }
    if (copy !== undefined && parked[0] !== undefined) {
      findings.wronglyParked.push({
        id,
        what: `in Odoo and parked as ${parked[0].code}: ${parked[0].reason}`,
      });
    }
  }
  const { placed: placedCount, parked: parkedCount, rounded: roundedOtherwise, ...orders } = counts;
  const ok = Object.values(findings).every((list) => list.length === 0);
  return {
    ok,
    orders,
    messages: history.counts(),
    placed: placedCount,
    parked: parkedCount,
    ...findings,
    roundedOtherwise,
    reasons,
  };
}

function judgeBad(
  order: PlannedOrder,
  acknowledged: boolean,
  copy: PlacedOrder | undefined,
  parked: readonly ParkedMessage[],
  findings: { wrong: Finding[]; unparked: Finding[] },
): void {
  const { id, fault } = order;
  if (copy !== undefined)
    findings.wrong.push({ id, what: `in Odoo as ${copy.name} though it is bad (${fault?.kind})` });
  if (!acknowledged) return;
  const [letter] = parked;
  if (letter === undefined)
    findings.unparked.push({ id, what: `bad (${fault?.kind}) and not in the dead letters` });
  else if (letter.reason.trim() === '')
    findings.unparked.push({ id, what: `parked as ${letter.code} without a reason` });
  else if (fault !== undefined && !fault.codes.includes(letter.code)) {
    findings.unparked.push({
      id,
      what: `parked for another reason than ${fault.kind}: ${letter.code}: ${letter.reason}`,
    });
  }
}

/** Finds an order's letters: by its key when it was readable, else by the ids of its deliveries. */
function letterIndex(letters: readonly ParkedMessage[]): (order: PlannedOrder) => readonly ParkedMessage[] {
  const byKey = groupBy(letters, (letter) => letter.businessKey);
  const byDelivery = groupBy(letters, (letter) => letter.deliveryId);
  return (order) => [
    ...new Set([
      ...(byKey.get(order.id) ?? []),
      ...order.deliveries.flatMap(({ webhook }) => byDelivery.get(deliveryId(webhook)) ?? []),
    ]),
  ];
}

function differences(expected: ExpectedOrder, placed: PlacedOrder, rules: Rules): string[] {
  const found: string[] = [];
  if (placed.state !== 'sale') found.push(`is ${placed.state}, not confirmed`);
  if (placed.currency !== expected.currency)
    found.push(`is in ${placed.currency}, ordered in ${expected.currency}`);
  if (offBy(expected, placed).gt(rules.tolerance))
    found.push(`total ${placed.total}, ordered ${expected.total}`);
  const items = placed.lines.filter((line) => !rules.otherSkus.includes(line.sku));
  const wanted = expected.lines.map(lineText).sort().join(' + ');
  const got = items.map(lineText).sort().join(' + ');
  if (wanted !== got) found.push(`lines ${got}, ordered ${wanted}`);
  return found;
}

function offBy(expected: ExpectedOrder, placed: PlacedOrder): Big {
  return new Big(placed.total).minus(expected.total).abs();
}

/** Equal numbers give equal text: `2.0` and `2` are the same quantity. */
function lineText(line: PlacedLine): string {
  return `${line.sku} ${new Big(line.quantity).toFixed()} x ${new Big(line.price).toFixed()}`;
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
