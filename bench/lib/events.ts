/** The events of the benchmarks: of the size of a small order message, each with a key of its own. */
import { type CloudEvent, type EventChannel, makeEvent } from '../../core/channel';

/** What a sales order's event holds; about 420 bytes of JSON. */
export function orderData(n: number): Record<string, unknown> {
  return {
    number: `SO-${n}`,
    currency: 'EUR',
    lines: Array.from({ length: 4 }, (_, line) => ({
      sku: `CHAIR-${line}`,
      quantity: '2',
      price: '19.90',
      tax: '0.19',
    })),
    note: 'Deliver to the back door, please.',
  };
}

/** The nth event of a run. */
export function orderEvent(run: string, n: number): CloudEvent {
  return makeEvent({
    type: 'com.crossdock.sales.order.placed.v1',
    source: '/bench',
    subject: `${run}-${n}`,
    time: '2026-11-02T09:30:00Z',
    id: `${run}-${n}`,
    data: orderData(n),
  });
}

/** Publishes events 1 to `count` of a run and waits for the confirmations. */
export async function publishAll(channel: EventChannel, run: string, count: number): Promise<void> {
  for (let from = 1; from <= count; from += 1000) {
    const size = Math.min(1000, count - from + 1);
    await Promise.all(Array.from({ length: size }, (_, at) => channel.publish(orderEvent(run, from + at))));
  }
}
