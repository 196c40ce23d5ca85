/** Storefronts at work: a run of many orders at once, or a slow stream of them while the demo runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { History } from './history';
import type { Plan, PlannedDelivery, PlannedOrder } from './plan';
import { type SendOptions, send } from './senders';

export interface RunOptions extends SendOptions {
  /** Messages on their way at once. Default 8. */
  readonly concurrency?: number;
  /** Told after each message, for a progress line or a fault that comes at a certain point. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** Sends a whole plan, in its order, as fast as the gateway acknowledges. Resolves when every sender has ended. */
export async function runPlan(plan: Plan, options: RunOptions): Promise<History> {
  const history = new History();
  const { messages } = plan;
  let next = 0;
  let done = 0;
  const sender = async (): Promise<void> => {
    for (let message = messages[next++]; message !== undefined; message = messages[next++]) {
      if (options.signal?.aborted) return;
      const { order, delivery } = message;
      history.record(order, delivery, await send(delivery.webhook, options));
      done += 1;
      options.onProgress?.(done, messages.length);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 8 }, sender));
  return history;
}

export interface StreamOptions extends SendOptions {
  /** The next order with its deliveries; asked once per turn. */
  readonly next: () => PlannedOrder;
  /** Ms between two orders, on average. */
  readonly everyMs: number;
  /** Uniform in [0, 1), for the pauses. */
  readonly random: () => number;
}

/** A copy that comes late comes after this many turns. */
const LATE_TURNS = 6;

/** Sends orders until the signal aborts: an original, its copies at once or some turns later. Never rejects. */
export async function streamOrders(options: StreamOptions): Promise<void> {
  const { signal } = options;
  const late: { turn: number; delivery: PlannedDelivery }[] = [];
  for (let turn = 0; !signal?.aborted; turn += 1) {
    // A shop sends its next order when it has one, not when the gateway has taken the last.
    const order = options.next();
    const due = late.filter((copy) => copy.turn <= turn);
    for (const copy of due) late.splice(late.indexOf(copy), 1);
    for (const delivery of order.deliveries) {
      if (delivery.kind === 'late') late.push({ turn: turn + LATE_TURNS, delivery });
      else due.push({ turn, delivery });
    }
    for (const { delivery } of due) void send(delivery.webhook, options);
    const pause = options.everyMs * (0.5 + options.random());
    await sleep(pause, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}
