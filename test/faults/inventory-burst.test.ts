import assert from 'node:assert/strict';
import type { Rng } from '../../sandbox/storefront/rng';
import { type FlowNode, node } from '../runtime/flow';
import { type NodeRed, spawnNodeRed, type TempDir, tempDir, waitFor } from '../support';
import { mosquittoBinary, ownMosquitto, SAVED_AT_ITS_END } from './support/brokers';
import { choices, keep, LONG, SEED, tell, turns } from './support/campaign';
import { postgresForTests, proxied, rabbitForTests } from './support/shared-services';
import { listenAmqp, listenMqtt, type Subscriber, startShop } from './support/stock-subscribers';

const KEYS = turns(600, 20_000);
const CHANGES = turns(6000, 100_000);
const PER_MESSAGE = 100;
/** Items whose sale to the last one is timed. */
const HOT = turns(20, 150);
/** Timed ones under way at once: so much of the burst is before each of them. */
const PROBES_AT_ONCE = 4;
/** What may be in flight when something becomes urgent (the channel's window), on both sides of the line. */
const IN_FLIGHT = 512;

/**
 * A burst of stock changes reaches every channel exactly, whatever happens to the lines and to the gateway: warehouse
 * messages come in by HTTP, three channels are told (MQTT, AMQP, and a webhook behind a local channel).
 */
describe('a burst of stock changes', function () {
  this.timeout(1_800_000);
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  // A shared store is the same code with leases: once in the long form is enough.
  for (const kind of LONG ? (['sqlite', 'postgres'] as const) : (['sqlite'] as const)) {
    it(`ends with the exact quantity of every key in every channel, sold out first, nothing old after new (${kind})`, async function () {
      const name = `burst-${kind}-${SEED}`;
      const rabbit = rabbitForTests(name);
      const postgres = kind === 'postgres' ? postgresForTests(name) : undefined;
      if (mosquittoBinary === undefined || rabbit === undefined) this.skip();
      if (kind === 'postgres' && postgres === undefined) this.skip();
      ends.push(async () => postgres?.remove());
      const store: FlowNode = {
        id: 'store',
        type: 'crossdock-store',
        ...(postgres === undefined
          ? { kind: 'sqlite', path: 'burst.sqlite' }
          : { kind: 'postgres', url: postgres.url, schema: postgres.schema }),
      };
      const rng = choices('burst');
      const mosquitto = await ownMosquitto(SAVED_AT_ITS_END);
      ends.push(() => mosquitto.remove());
      await mosquitto.start();
      const lines = [await proxied(mosquitto.url), await proxied(rabbit.url)] as const;
      for (const { proxy } of lines) ends.push(() => proxy.close());
      ends.push(() => rabbit.remove());
      const shop = await startShop();
      ends.push(() => shop.close());
      const market = await listenMqtt(mosquitto.url);
      ends.push(() => market.close());

      const dir: TempDir = tempDir('crossdock-burst-');
      ends.push(async () => dir.remove());
      const red = await spawnNodeRed({
        userDir: dir.path,
        flows: flowsOf(name, store, lines[0].url, lines[1].url, shop.url),
      });
      ends.push(() => red.remove());
      await red.waitForLog(/MARK .* connected/, { timeoutMs: 30_000 });
      const portal = await listenAmqp(rabbit.url, name);
      ends.push(() => portal.close());
      const subscribers = [market.told, portal.told, shop.told];
      const warehouse = new Warehouse(red, rng);
      let begun = performance.now();
      const done = (what: string): void => {
        tell(`${what}: ${Math.round((performance.now() - begun) / 1000)} s`);
        begun = performance.now();
      };
      try {
        await warehouse.initial();
        await settled(subscribers, warehouse.truth, 'the first quantities');
        done(`${warehouse.truth.size} first quantities`);

        await warehouse.change(CHANGES * 0.4);
        for (const { proxy } of lines) proxy.cut();
        shop.broken = true;
        await warehouse.change(CHANGES * 0.15);
        await red.kill9();
        await red.restart();
        await warehouse.change(CHANGES * 0.15);
        await warehouse.mark('c');
        done('changes before and while the lines are down, killed once');
        const before = new Map(subscribers.map((subscriber) => [subscriber, subscriber.order.length]));
        for (const { proxy } of lines) proxy.restore();
        shop.broken = false;
        await settled(subscribers, warehouse.truth, 'what was held while the lines were down');
        // A local channel takes each change at once, in order: what waits there waits in the inbox of event in.
        for (const subscriber of [market.told, portal.told])
          urgentFirst(subscriber, before.get(subscriber) ?? 0);

        done('what was held is told');
        const latencies = await warehouse.changeWithProbes(CHANGES * 0.3, market.told);
        await settled(subscribers, warehouse.truth, 'the final quantities');
        for (const subscriber of subscribers)
          assert.deepEqual(subscriber.stale, [], `${subscriber.name}: old after new`);
        done('the last part of the burst');
        latencies.sort((a, b) => a - b);
        const at = (share: number): string =>
          `${Math.round(latencies[Math.floor(latencies.length * share)] ?? Number.NaN)} ms`;
        tell(
          `${kind}, seed ${SEED}: ${CHANGES} changes over ${KEYS} keys, killed once: ${subscribers.map(({ name, order }) => `${name} was told ${order.length}`).join(', ')}; of ${latencies.length} sold out during the burst, MQTT was told in ${at(0.5)} (p50), ${at(0.99)} (p99)`,
        );
      } catch (error) {
        const file = keep(name, { log: red.log.slice(-300), sent: warehouse.sent });
        throw new Error(`${(error as Error).message} (${file})`, { cause: error });
      }
    });
  }
});

async function told(channel: Subscriber, sku: string): Promise<void> {
  await waitFor(() => channel.arrived.has(sku), { what: `${sku} to be told`, timeoutMs: 60_000 });
}

/** What is sold out or back is told before all else that waited; what was in flight when the line broke may go again. */
function urgentFirst({ name, order }: Subscriber, from: number): void {
  const since = order.slice(from);
  const urgent = since.map(
    ({ quantity, before }) => before !== undefined && (quantity === '0') !== (before === '0'),
  );
  const last = urgent.lastIndexOf(true);
  const count = urgent.filter(Boolean).length;
  assert.ok(count > 0, `${name}: nothing became sold out or came back while the line was down`);
  assert.ok(
    last < count + IN_FLIGHT,
    `${name}: the last of ${count} urgent ones was told as number ${last + 1}`,
  );
}

async function settled(
  subscribers: readonly Subscriber[],
  truth: ReadonlyMap<string, string>,
  what: string,
): Promise<void> {
  for (const { name, shows } of subscribers) {
    const wrong = (): string[] =>
      [...truth].filter(([sku, quantity]) => shows.get(sku)?.quantity !== quantity).map(([sku]) => sku);
    await waitFor(() => wrong().length === 0, {
      what: `${what} (${name})`,
      timeoutMs: turns(120_000, 900_000),
      intervalMs: 100,
    }).catch((error: unknown) => {
      const some = wrong()
        .slice(0, 5)
        .map((sku) => `${sku} is ${truth.get(sku)} and shown as ${shows.get(sku)?.quantity}`);
      throw new Error(`${(error as Error).message}: ${wrong().length} wrong, such as ${some.join(', ')}`);
    });
    assert.equal([...shows.keys()].filter((sku) => !truth.has(sku)).length, 0);
  }
}

/** The system of record: it knows what is true and tells the gateway until the gateway has it. */
class Warehouse {
  readonly truth = new Map<string, string>();
  sent = 0;
  /** One message after the other, so that a mark is taken in last; else side by side, as `asOf` allows. */
  #inOrder = true;

  constructor(
    readonly red: NodeRed,
    readonly rng: Rng,
  ) {}

  async initial(): Promise<void> {
    const skus = [
      ...Array.from({ length: KEYS }, (_, n) => `K${n}`),
      ...Array.from({ length: HOT }, (_, n) => `HOT${n}`),
    ];
    for (let from = 0; from < skus.length; from += PER_MESSAGE) {
      await this.#post(
        skus.slice(from, from + PER_MESSAGE).map((sku) => [sku, String(5 + this.rng.int(0, 9))]),
      );
    }
  }

  /** Random changes, of which a good part makes sold out or brings back. */
  async change(count: number): Promise<void> {
    for (let done = 0; done < count; done += PER_MESSAGE)
      await this.#post(this.#some(Math.min(PER_MESSAGE, count - done)));
  }

  /** Changes, and again and again one that makes a hot item sold out: ms from its sending to the channel, of each. */
  async changeWithProbes(count: number, channel: Subscriber): Promise<number[]> {
    this.#inOrder = false;
    const sent: { readonly sku: string; readonly at: number }[] = [];
    const every = Math.max(PER_MESSAGE, Math.floor(count / HOT / PER_MESSAGE) * PER_MESSAGE);
    for (let done = 0; done < count; done += PER_MESSAGE) {
      await this.#post(this.#some(PER_MESSAGE));
      if (done % every !== 0 || sent.length >= HOT) continue;
      const sku = `HOT${sent.length}`;
      sent.push({ sku, at: performance.now() });
      await this.#post([[sku, '0']]);
      // The burst goes on meanwhile.
      const waited = sent.at(-PROBES_AT_ONCE);
      if (waited !== undefined) await told(channel, waited.sku);
    }
    for (const { sku } of sent) await told(channel, sku);
    return sent.map(({ sku, at }) => (channel.arrived.get(sku) ?? Number.NaN) - at);
  }

  /** Resolves when everything that was acknowledged before was taken in by all three. */
  async mark(name: string): Promise<void> {
    const from = this.red.log.length;
    await this.#post([], name);
    for (const channel of ['mqtt', 'amqp', 'local'])
      await this.red.waitForLog(new RegExp(`MARK ${name} ${channel}`), {
        from,
        timeoutMs: turns(60_000, 600_000),
      });
  }

  #some(count: number): [string, string][] {
    return Array.from({ length: count }, () => [
      `K${this.rng.int(0, KEYS - 1)}`,
      String(Math.max(0, this.rng.int(-4, 12))),
    ]);
  }

  async #post(changes: readonly (readonly [string, string])[], mark?: string): Promise<void> {
    this.sent += 1;
    const id = `M${this.sent}`;
    // Newer by a millisecond at least: within one message the last one of a key counts.
    const asOf = START + this.sent;
    const newest = new Map(changes);
    const levels = [...newest].map(([sku, available]) => level(sku, available, asOf));
    for (const [sku, available] of newest) this.truth.set(sku, available);
    const body = JSON.stringify({
      lane: this.#inOrder ? 'all' : id,
      id,
      levels,
      ...(mark === undefined ? {} : { mark }),
    });
    await waitFor(
      async () => {
        try {
          const response = await fetch(`${this.red.url}/changes`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', 'webhook-id': id, connection: 'close' },
            body,
          });
          return response.ok;
        } catch {
          return false;
        }
      },
      { what: `message ${id} to be taken`, timeoutMs: 120_000 },
    );
  }
}

const START = Date.now() - 3_600_000;

function level(sku: string, available: string, asOf: number): object {
  return {
    schemaVersion: '1.0',
    item: { identifiers: [{ scheme: 'sku', value: sku }] },
    location: { code: 'main', kind: 'warehouse' },
    asOf: new Date(asOf).toISOString(),
    unit: 'C62',
    onHand: available,
    reserved: '0',
    available,
    authority: 'wms:main',
  };
}

function flowsOf(
  name: string,
  store: FlowNode,
  mqttUrl: string,
  amqpUrl: string,
  shopUrl: string,
): FlowNode[] {
  const channel = (id: string, more: Record<string, unknown>): FlowNode => ({
    id,
    type: 'crossdock-event-channel',
    store: 'store',
    clientId: `${name}-gateway`,
    topicPrefix: `faults/${name}`,
    exchange: `faults.${name}`,
    source: '/faults',
    ...more,
  });
  const publish = (kind: string): FlowNode[] => [
    node(
      'crossdock-inventory-publish',
      `publish-${kind}`,
      { store: 'store', channel: `to-${kind}`, from: 'msg', property: 'payload.levels' },
      [[`mark-${kind}`]],
    ),
    node('function', `mark-${kind}`, {
      func: `if (msg.mark) node.warn('MARK ' + msg.mark + ' ${kind}');`,
      outputs: 0,
      libs: [],
    }),
  ];
  return [
    { id: 'tab', type: 'tab', label: 'burst' },
    store,
    channel('to-mqtt', { kind: 'mqtt', url: mqttUrl }),
    channel('to-amqp', { kind: 'amqp', url: amqpUrl }),
    channel('to-local', { kind: 'local' }),
    node(
      'crossdock-webhook-in',
      'changes',
      { store: 'store', path: '/changes', source: 'warehouse', partitionKey: 'lane' },
      [['split']],
    ),
    node('function', 'split', { func: 'msg.mark = msg.payload.mark; return msg;', outputs: 1, libs: [] }, [
      ['publish-mqtt', 'publish-amqp', 'publish-local'],
    ]),
    ...['mqtt', 'amqp', 'local'].flatMap(publish),
    node(
      'crossdock-event-in',
      'in',
      { channel: 'to-local', store: 'store', subscription: 'shop', filter: '#' },
      [['retry']],
    ),
    node('crossdock-retry', 'retry', { store: 'store', attempts: 100, baseSeconds: 1, capSeconds: 5 }, [
      ['request'],
      [],
    ]),
    node(
      'http request',
      'request',
      {
        method: 'POST',
        ret: 'txt',
        url: shopUrl,
        paytoqs: 'ignore',
        persist: true,
        senderr: true,
        headers: [{ keyType: 'content-type', keyValue: '', valueType: 'application/json', valueValue: '' }],
      },
      [['answer']],
    ),
    node(
      'switch',
      'answer',
      {
        property: 'statusCode',
        propertyType: 'msg',
        rules: [{ t: 'neq', v: '204', vt: 'num' }],
        checkall: 'true',
        outputs: 1,
      },
      [['refused']],
    ),
    node('crossdock-settle', 'refused', {
      outcome: 'failed',
      code: 'SHOP_BUSY',
      sentence: 'The shop is busy.',
      sentenceType: 'str',
      retry: true,
    }),
    node('status', 'status', { scope: ['publish-mqtt'] }, [['say']]),
    node('function', 'say', {
      func: "node.warn('MARK status ' + (msg.status.fill === 'green' ? 'connected' : msg.status.text));",
      outputs: 0,
      libs: [],
    }),
  ];
}
