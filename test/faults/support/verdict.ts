/**
 * The checker: what the senders know against what is in Odoo, as in a Jepsen test. Acknowledged and not there is lost;
 * more than one order, or an order with another number of lines, is doubled; per lane the orders must have been created
 * in the order in which they were acknowledged.
 */
import type { Feeder } from './feeder';
import type { OdooRow } from './pipeline';
import type { Delivered } from './recorder';

export interface Verdict {
  readonly counts: ReturnType<Feeder['counts']>;
  /** Orders in Odoo. */
  readonly placed: number;
  /** Deliveries into the flow beyond the first of each message. */
  readonly redelivered: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** Orders that were created before an earlier one of their lane. */
  readonly unordered: readonly string[];
  /** In Odoo, and nobody sent it or it is not confirmed. */
  readonly wrong: readonly string[];
}

/** What of a verdict must be nothing. */
export const FLAWLESS = { lost: [], doubled: [], unordered: [], wrong: [] };

export function flawsOf({ lost, doubled, unordered, wrong }: Verdict): typeof FLAWLESS | object {
  return { lost, doubled, unordered, wrong };
}

export function judge(
  feeder: Pick<Feeder, 'history' | 'counts'>,
  orders: readonly OdooRow[],
  deliveries: readonly Delivered[],
): Verdict {
  const sent = new Map(feeder.history.map((message) => [message.id, message]));
  const copies = new Map<string, OdooRow[]>();
  for (const order of orders) {
    const id = order.client_order_ref.slice(1);
    copies.set(id, [...(copies.get(id) ?? []), order]);
  }
  const lost = feeder.history
    .filter(({ acknowledged, id }) => acknowledged && !copies.has(id))
    .map(({ id }) => id);
  const doubled: string[] = [];
  const wrong: string[] = [];
  for (const [id, found] of copies) {
    if (found.length > 1 || found.some(({ order_line: lines }) => lines.length > 1)) doubled.push(id);
    if (!sent.has(id) || found.some(({ state }) => state !== 'sale')) wrong.push(id);
  }
  return {
    counts: feeder.counts(),
    placed: orders.length,
    redelivered: deliveries.length - new Set(deliveries.map(({ id }) => id)).size,
    lost,
    doubled,
    unordered: unorderedOf(orders, sent),
    wrong,
  };
}

function unorderedOf(
  orders: readonly OdooRow[],
  sent: ReadonlyMap<string, { readonly lane: string; readonly n: number }>,
): string[] {
  const last = new Map<string, number>();
  const found: string[] = [];
  for (const order of orders.toSorted((a, b) => a.id - b.id)) {
    const id = order.client_order_ref.slice(1);
    const message = sent.get(id);
    if (message === undefined) continue;
    const before = last.get(message.lane) ?? 0;
    if (message.n < before) found.push(id);
    else last.set(message.lane, message.n);
  }
  return found;
}
