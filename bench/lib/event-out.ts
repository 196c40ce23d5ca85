/**
 * What the benchmarks of event out share. A node (feed-node.ts) sends so many messages into event out as fast as it takes
 * them; each becomes an event, is committed to the outbox (SQLite, with fsync), published, confirmed by the broker and
 * marked as sent. Beside it a bare client that publishes the same messages (the same bytes) in a loop with the same
 * window, and keeps nothing.
 *
 * Both sides' time runs from the first message until the broker has taken the last one, as seen by somebody else than
 * the two: at RabbitMQ the queue is asked how many it has, at Mosquitto there is a subscriber to the last one (at most
 * a window of others may then be on their way). Ours is then waited for until its outbox is empty, that is until
 * everything is confirmed and marked; an error or a lost message ends the benchmark.
 */
import type { NodeRed } from '../../test/support';
import { at, feed, said, startNodeRed } from './feed';
import { compared, type Side, seconds, sideBySide } from './measure';

const TARGET = 0.8;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);

export const EVENT_TYPE = 'com.crossdock.sales.order.placed.v1';
export const SOURCE = '/bench';

/** The attributes of the nth event as event out makes them. */
export function attributesOf(n: number, id: string): Record<string, string> {
  return {
    specversion: '1.0',
    id,
    source: SOURCE,
    type: EVENT_TYPE,
    subject: `SO-${n}`,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
  };
}

export interface EventOutSides {
  /** The channel's config node without its id. */
  readonly channel: Readonly<Record<string, unknown>>;
  /** Events published and not yet confirmed, on both sides. */
  readonly window: number;
  /** Publishes so many and resolves when all are confirmed. */
  publishBare(count: number): Promise<void>;
  /** Begins to count anew what comes to the broker. @returns resolves when `count` messages have come */
  arrived(count: number): Promise<() => Promise<void>>;
}

/** @returns the benchmark's line */
export async function benchEventOut(
  sides: EventOutSides,
  messages: number,
): Promise<Record<string, unknown>> {
  const red = await startNodeRed(flows(sides.channel));
  let published = 0;
  const publish = {
    bare: () => sides.publishBare(messages),
    ours: async () => {
      const from = red.log.length;
      await feed(red, 'feed', messages);
      await said(red, /bench ended/, from);
    },
  };
  const measure = async (side: Side): Promise<number> => {
    const arrived = await sides.arrived(messages);
    const from = red.log.length;
    const taken = await seconds(() => Promise.all([publish[side](), arrived()]));
    if (side === 'ours') {
      published += messages;
      await emptied(red, published, from);
    }
    return messages / taken;
  };
  try {
    await red.waitForLog(/bench (connected|The broker)/, { timeoutMs: 30_000 });
    const rates = await sideBySide(ROUNDS, measure);
    return {
      ...compared(rates, TARGET),
      messages,
      window: sides.window,
      rounds: ROUNDS,
      synchronous: 'FULL',
    };
  } finally {
    await red.remove();
  }
}

/** Everything that was ever given to event out is confirmed and marked. */
async function emptied(red: NodeRed, published: number, from: number): Promise<void> {
  const line = await said(red, /bench (sent|.*refused|.*held)/, from);
  if (!line.includes(`bench sent ${published}`)) throw new Error(`event out says ${line}`);
}

function flows(channel: Readonly<Record<string, unknown>>): object[] {
  return [
    { id: 'tab', type: 'tab', label: 'bench' },
    { id: 'store', type: 'crossdock-store', path: 'bench.sqlite' },
    { id: 'channel', type: 'crossdock-event-channel', source: SOURCE, ...channel },
    { id: 'feed', type: 'bench-feed', wires: [['out']], ...at },
    {
      id: 'out',
      type: 'crossdock-event-out',
      channel: 'channel',
      store: 'store',
      eventType: EVENT_TYPE,
      eventTypeType: 'str',
      subject: 'subject',
      subjectType: 'msg',
      wires: [['feed']],
      ...at,
    },
    { id: 'status', type: 'status', scope: ['out'], wires: [['say']], ...at },
    {
      id: 'say',
      type: 'function',
      func: `node.warn('bench ' + msg.status.text);`,
      outputs: 0,
      wires: [],
      ...at,
    },
  ];
}
