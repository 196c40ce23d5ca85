/**
 * Bench `scale-out`: orders per second through two Node-RED processes that compete on one queue of RabbitMQ and share a
 * PostgreSQL store, beside one such process. Each order is committed to the inbox and acknowledged, claimed in the
 * idempotency guard, worked on, and settled, inbox and claim in one commit. A checker then looks into the store: every
 * order settled once, every claim done. `ratio` is two processes over one, the smaller one of two settings:
 *
 * - `compute`: the work is 5 ms of computing in a function node (the same number of steps everywhere, so that it takes
 *   longer when the machine is busy). The limit is the process's one thread of JavaScript. The machine has two cores,
 *   and RabbitMQ, PostgreSQL and the sender run on them too, so two processes cannot have twice as much of it: what
 *   all others need per order is a part of what two could gain. With less work per order that part grows until the
 *   machine and not the process is the limit, and nothing can be shown any more; 5 ms is what mapping and checking an
 *   order with a few lines may take.
 * - `wait`: the work is 25 ms of waiting (an answer of a partner, of a warehouse), four orders at a time, which is what
 *   the limit is: a process does 160 orders/s at most, however fast its machine.
 *
 * Odoo is no part of this: it would be the limit (bench `odoo-order`).
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import { type EventChannel, openAmqpChannel, planTopology } from '../core/channel';
import { openPostgresStore, type Store } from '../core/store';
import type { NodeRed } from '../test/support';
import { rabbitmq } from './lib/brokers';
import { publishAll } from './lib/events';
import { ask, at, startNodeRed } from './lib/feed';
import { compared, median, type Rates, round, run, seconds, sideBySide } from './lib/measure';

const TARGET = 1.6;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const ORDERS = Number(process.argv[2] ?? 1500);
/** Some 5 ms on the machine where the figures of docs/bench.md were seen. */
const STEPS = 5_000_000;
const WAIT_MS = 25;
/** Ms between two looks at how far the processes are. */
const LOOK_MS = 20;

type Work = 'compute' | 'wait';

/** How many orders may be at work at once in a process. */
const CONCURRENCY = { compute: 8, wait: 4 } as const;

/** A global, looked up in a function node's sandbox, takes twenty times as long as the step itself. */
const COMPUTE = `
const { imul } = Math;
let hash = 0;
for (let step = 0; step < ${STEPS}; step += 1) hash = imul(hash ^ step, 16777619);
msg.hash = hash;
return msg;`;
const WAIT = `setTimeout(() => { node.send(msg); node.done(); }, ${WAIT_MS});`;
const COUNT = `
const done = global.get('done') ?? { n: 0 };
if (done.n === 0) global.set('done', done);
done.n += 1;`;

interface Shared {
  readonly exchange: string;
  readonly topicPrefix: string;
  readonly schema: string;
}

function flows({ exchange, topicPrefix, schema }: Shared, work: Work, enabled: boolean): object[] {
  const { plainUrl, user, password } = rabbitmq();
  return [
    { id: 'tab', type: 'tab', label: 'bench' },
    { id: 'store', type: 'crossdock-store', kind: 'postgres', url: postgresUrl(), schema },
    {
      id: 'channel',
      type: 'crossdock-event-channel',
      kind: 'amqp',
      url: plainUrl,
      topicPrefix,
      exchange,
      // Both receive at once. (With order per key the broker sends to one of them, which shares it by the store.)
      order: 'none',
      credentials: { user, password },
    },
    {
      id: 'in',
      type: 'crossdock-event-in',
      channel: 'channel',
      store: 'store',
      filter: '#',
      subscription: 'orders',
      acknowledge: 'inbox',
      window: 32,
      concurrency: CONCURRENCY[work],
      wires: [['guard']],
      ...(enabled ? {} : { d: true }),
      ...at,
    },
    {
      id: 'guard',
      type: 'crossdock-idempotency-guard',
      store: 'store',
      scope: 'orders',
      keyType: 'msg',
      key: 'event.subject',
      wires: [['work'], [], []],
      ...at,
    },
    {
      id: 'work',
      type: 'function',
      func: work === 'wait' ? WAIT : COMPUTE,
      outputs: 1,
      wires: [['count']],
      ...at,
    },
    { id: 'count', type: 'function', func: COUNT, outputs: 0, wires: [], ...at },
    { id: 'ask', type: 'http in', url: '/done', method: 'get', wires: [['tell']], ...at },
    {
      id: 'tell',
      type: 'function',
      func: `msg.payload = String((global.get('done') ?? { n: 0 }).n); return msg;`,
      outputs: 1,
      wires: [['answer']],
      ...at,
    },
    { id: 'answer', type: 'http response', wires: [], ...at },
    { id: 'status', type: 'status', scope: ['in'], wires: [['say']], ...at },
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

function postgresUrl(): string {
  const url = process.env['POSTGRES_TEST_URL'];
  if (url === undefined || url === '') throw new Error('POSTGRES_TEST_URL is not set (npm run services)');
  return url;
}

/** Two processes, of which one or both take orders. */
class Gateways {
  private constructor(
    private readonly shared: Shared,
    private readonly reds: readonly NodeRed[],
    private readonly publisher: EventChannel,
    private readonly store: Store,
  ) {}

  static async start(): Promise<Gateways> {
    const id = randomUUID().slice(0, 8);
    const shared = { exchange: `crossdock.bench.${id}`, topicPrefix: `bench/${id}`, schema: `bench_${id}` };
    const { url } = rabbitmq();
    const { exchange, topicPrefix, schema } = shared;
    const reds = [
      await startNodeRed(flows(shared, 'wait', true)),
      await startNodeRed(flows(shared, 'wait', true)),
    ];
    for (const red of reds) await red.waitForLog(/bench connected/, { timeoutMs: 30_000 });
    const store = await openPostgresStore({ url: postgresUrl(), schema });
    return new Gateways(shared, reds, openAmqpChannel({ url, topicPrefix, exchange }), store);
  }

  /** Which of the processes take orders from now on. */
  async use(work: Work, processes: number): Promise<void> {
    for (const [index, red] of this.reds.entries()) {
      const from = red.log.length;
      const enabled = index < processes;
      await red.deploy(flows(this.shared, work, enabled));
      if (enabled) await red.waitForLog(/bench connected/, { from, timeoutMs: 30_000 });
    }
  }

  /** Sends so many orders and waits until all are settled. @returns orders per second */
  async through(run: string, orders: number): Promise<number> {
    const before = await this.#done();
    const taken = await seconds(async () => {
      await publishAll(this.publisher, run, orders);
      while ((await this.#done()) - before < orders) await sleep(LOOK_MS);
      while ((await this.#count("SELECT count(*) AS n FROM crossdock_inbox WHERE state <> 'done'")) > 0) {
        await sleep(LOOK_MS);
      }
    });
    // Each once: more would have gone through the flow, fewer would have left claims.
    const claims = await this.#count("SELECT count(*) AS n FROM crossdock_idempotency WHERE state = 'done'");
    const settled = await this.#count('SELECT count(*) AS n FROM crossdock_inbox');
    const done = await this.#done();
    if (claims !== settled || done !== settled) {
      throw new Error(`${settled} orders are settled, ${claims} claims are done, ${done} went through`);
    }
    return orders / taken;
  }

  async remove(): Promise<void> {
    for (const red of this.reds) await red.remove();
    await this.publisher.close();
    const { schema, exchange, topicPrefix } = this.shared;
    await this.store.run([{ sql: `DROP SCHEMA "${schema}" CASCADE` }]);
    await this.store.close();
    const admin = await connect(rabbitmq().url);
    const channel = await admin.createChannel();
    for (const item of planTopology({ exchange, topicPrefix }, [{ name: 'orders', filter: '#' }])) {
      if (item.kind === 'queue') await channel.deleteQueue(item.name);
      if (item.kind === 'exchange') await channel.deleteExchange(item.name);
    }
    await admin.close();
  }

  /** Orders that went through the flows so far. */
  async #done(): Promise<number> {
    const told = await Promise.all(this.reds.map(async (red) => (await ask(red, '/done')).text()));
    return told.reduce((sum, text) => sum + Number(text), 0);
  }

  async #count(sql: string): Promise<number> {
    const [result] = await this.store.run([{ sql }]);
    return Number(result?.rows[0]?.['n']);
  }
}

/** Ms that the work of an order takes while nothing else runs. */
function workMs(): number {
  const once = new Function(`const msg = {}; ${COMPUTE}`);
  const times = Array.from({ length: 15 }, () => {
    const begun = performance.now();
    once();
    return performance.now() - begun;
  });
  return round(median(times), 1);
}

function summary(rates: Rates) {
  const { oursPerSecond: twoPerSecond, barePerSecond: onePerSecond, ratio, ratios } = compared(rates, TARGET);
  return { ratio, ratios, twoPerSecond, onePerSecond };
}

run('scale-out', async () => {
  const computeMs = workMs();
  const gateways = await Gateways.start();
  try {
    const measure = (work: Work) =>
      sideBySide(ROUNDS, async (side, turn) => {
        await gateways.use(work, side === 'ours' ? 2 : 1);
        return gateways.through(`${work}-${side}-${turn}`, turn === 0 ? Math.ceil(ORDERS / 10) : ORDERS);
      });
    const compute = summary(await measure('compute'));
    const wait = summary(await measure('wait'));
    const ratio = Math.min(compute.ratio, wait.ratio);
    return {
      ratio,
      target: TARGET,
      ok: ratio >= TARGET,
      compute: { ...compute, workMs: computeMs, concurrency: CONCURRENCY.compute },
      wait: { ...wait, workMs: WAIT_MS, concurrency: CONCURRENCY.wait },
      orders: ORDERS,
      rounds: ROUNDS,
    };
  } finally {
    await gateways.remove();
  }
});
