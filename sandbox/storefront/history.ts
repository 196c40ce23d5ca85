/**
 * What the senders know: for every message that it was sent, and whether it was acknowledged. As in a Jepsen test, the
 * history is the only witness: what was acknowledged must be there once, what was not acknowledged may be there once.
 */
import type { PlannedDelivery, PlannedOrder } from './plan';
import type { SendResult } from './senders';

export type Outcome = 'acknowledged' | 'unknown';

export interface HistoryEntry {
  readonly order: PlannedOrder;
  readonly delivery: PlannedDelivery;
  readonly outcome: Outcome;
  readonly attempts: number;
  /** The last HTTP status, undefined when there was no answer. */
  readonly status: number | undefined;
}

export interface HistoryCounts {
  readonly messages: number;
  readonly attempts: number;
  readonly acknowledged: number;
  readonly unknown: number;
}

export class History {
  private readonly entries: HistoryEntry[] = [];

  record(order: PlannedOrder, delivery: PlannedDelivery, result: SendResult): void {
    const outcome = result.acknowledged ? 'acknowledged' : 'unknown';
    this.entries.push({ order, delivery, outcome, attempts: result.attempts, status: result.status });
  }

  all(): readonly HistoryEntry[] {
    return this.entries;
  }

  /** The orders that were sent, each with what is known about it: acknowledged when any of its messages was. */
  orders(): ReadonlyMap<PlannedOrder, Outcome> {
    const orders = new Map<PlannedOrder, Outcome>();
    for (const { order, outcome } of this.entries) {
      if (outcome === 'acknowledged' || !orders.has(order)) orders.set(order, outcome);
    }
    return orders;
  }

  counts(): HistoryCounts {
    const acknowledged = this.entries.filter(({ outcome }) => outcome === 'acknowledged').length;
    return {
      messages: this.entries.length,
      attempts: this.entries.reduce((sum, { attempts }) => sum + attempts, 0),
      acknowledged,
      unknown: this.entries.length - acknowledged,
    };
  }
}
