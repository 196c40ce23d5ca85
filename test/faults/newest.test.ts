/**
 * Only the newest per key, while the web shop behind it is away and Node-RED is killed: afterwards the shop knows the
 * newest of every item, was told nothing stale after something newer, and not every change one by one.
 */
import assert from 'node:assert/strict';
import {
  type CloudEvent,
  type EventChannel,
  makeEvent,
  openAmqpChannel,
  openMqttChannel,
} from '../../core/channel';
import { watchStatuses } from '../runtime/editor-channel';
import { type FlowNode, node, STORE, TAB } from '../runtime/flow';
import { type NodeRed, spawnNodeRed, waitFor } from '../support';
import { mosquittoBinary, type OwnBroker, ownMosquitto } from './support/brokers';
import { choices, tell, turns } from './support/campaign';
import { rabbitForTests, type SharedRabbit } from './support/shared-services';
import { WebShop } from './support/web-shop';

const ITEMS = 15;
/** Where Node-RED dies, in turn; `undefined` is anywhere. */
const POINTS = [
  'inbox.afterCommitBeforeAck',
  undefined,
  'lease.taken',
  'done.beforeCommit',
  undefined,
] as const;

function level(sku: string, sequence: number, quantity: number): CloudEvent {
  return makeEvent({
    type: 'com.crossdock.distribution.inventory.changed.v1',
    source: '/systems/odoo/main',
    subject: sku,
    partitionkey: `main/${sku}`,
    time: new Date(),
    sequence,
    extensions: { site: 'main', ...(quantity === 0 ? { priority: 1 } : {}) },
    data: { sku, quantity, sequence },
  });
}

function flowOf(channel: object, shop: WebShop): FlowNode[] {
  return [
    TAB,
    STORE,
    { id: 'channel', type: 'crossdock-event-channel', store: '', ...channel },
    node(
      'crossdock-event-in',
      'in',
      {
        channel: 'channel',
        store: 'store',
        subscription: 'orders',
        newestOnly: true,
        concurrency: 4,
        maxAttempts: 1000,
      },
      [['retry']],
    ),
    node('crossdock-retry', 'retry', { store: 'store', attempts: 1000, baseSeconds: 1, capSeconds: 2 }, [
      ['breaker'],
      [],
    ]),
    node(
      'crossdock-circuit-breaker',
      'breaker',
      { store: 'store', target: 'shop', failures: 3, probeSeconds: 1 },
      [['post'], []],
    ),
    node('http request', 'post', { method: 'POST', ret: 'txt', url: shop.url, senderr: true }, [[]]),
  ];
}

describe('only the newest per key, through kill -9 and an outage of the target', function () {
  this.timeout(600_000);
  let mosquitto: OwnBroker | undefined;
  let rabbit: SharedRabbit | undefined;
  let publisher: EventChannel | undefined;
  let red: NodeRed | undefined;
  let shop: WebShop;

  beforeEach(() => {
    shop = new WebShop();
  });
  afterEach(async () => {
    await red?.remove();
    await publisher?.close();
    await Promise.allSettled([shop.shut(), mosquitto?.remove(), rabbit?.remove()]);
    red = undefined;
    publisher = undefined;
    mosquitto = undefined;
    rabbit = undefined;
  });

  async function survive(kind: 'mqtt' | 'amqp', channel: object, open: EventChannel): Promise<void> {
    const rng = choices(`newest ${kind}`);
    publisher = open;
    await shop.open();
    const env: Record<string, string | undefined> = {};
    const gateway = await spawnNodeRed({ env });
    red = gateway;
    await gateway.deploy(flowOf(channel, shop));
    // A broker confirms what nobody is subscribed to.
    const statuses = await watchStatuses(gateway);
    await waitFor(() => /^connected|is Mosquitto/.test(statuses.known.get('in') ?? ''), {
      what: 'the subscription (with a warning of an old Mosquitto)',
      timeoutMs: 30_000,
    });
    statuses.close();
    const newest = new Map<string, number>();
    let published = 0;
    const publish = async (events: number): Promise<void> => {
      for (let n = 0; n < events; n += 1) {
        const sku = `SKU-${rng.int(1, ITEMS)}`;
        const sequence = (newest.get(sku) ?? 0) + 1;
        const event = level(sku, sequence, rng.int(0, 3));
        // Until it is confirmed: AMQP returns what nobody is subscribed to yet.
        await waitFor(() => open.publish(event).then(() => true), {
          what: `event ${sku} ${sequence}`,
          timeoutMs: 30_000,
        });
        newest.set(sku, sequence);
        published += 1;
      }
    };
    await publish(ITEMS);
    await waitFor(() => shop.told.length > 0, { what: 'the first word to the shop', timeoutMs: 30_000 });

    const kills = turns(POINTS.length - 1, 60);
    for (let turn = 0; turn < kills; turn += 1) {
      if (turn % 3 === 0) await shop.shut();
      const point = POINTS[turn % POINTS.length];
      env['CROSSDOCK_CRASH_AT'] = point === undefined ? undefined : `${point}:${rng.int(2, 8)}`;
      // It may die at its point before it has said that it runs.
      await gateway.restart().catch((error: unknown) => {
        if (point === undefined || gateway.pid !== undefined) throw error;
      });
      const dies = waitFor(() => gateway.pid === undefined, { what: 'the crash', timeoutMs: 6000 });
      await Promise.all([
        publish(rng.int(20, 40)),
        point === undefined ? undefined : dies.catch(() => undefined),
      ]);
      dies.catch(() => undefined);
      await gateway.kill9();
      // Open for some of the deaths, so that it dies in the middle of deliveries, too.
      if (turn % 3 === 1) await shop.open();
    }
    await shop.shut();
    env['CROSSDOCK_CRASH_AT'] = undefined;
    await gateway.restart();
    await publish(40);
    await shop.open();

    const last = () => {
      const known = new Map(shop.told.map(({ sku, sequence }) => [sku, sequence]));
      return [...newest].filter(([sku, sequence]) => known.get(sku) !== sequence);
    };
    await waitFor(() => last().length === 0, { what: 'the newest of every item', timeoutMs: 60_000 });
    // Whatever was stale and still there would come before this one.
    await publish(1);
    await waitFor(() => last().length === 0, { what: 'the last word', timeoutMs: 60_000 });
    for (const sku of newest.keys()) {
      const told = shop.told.filter((one) => one.sku === sku).map(({ sequence }) => sequence);
      assert.deepEqual(
        told,
        told.toSorted((a, b) => a - b),
        `${sku}: nothing stale after newer`,
      );
    }
    tell(`newest ${kind}: ${kills} kills, ${published} changes, the shop was told ${shop.told.length} times`);
    assert.ok(shop.told.length < published, 'not every change one by one');
  }

  it('over MQTT (Mosquitto)', async function () {
    if (mosquittoBinary === undefined) return this.skip();
    mosquitto = await ownMosquitto();
    await mosquitto.start();
    const { url } = mosquitto;
    const topicPrefix = 'newest/v1';
    await survive('mqtt', { kind: 'mqtt', url, topicPrefix }, openMqttChannel({ url, topicPrefix }));
  });

  it('over AMQP (RabbitMQ)', async function () {
    const name = `newest-${process.pid}`;
    rabbit = rabbitForTests(name);
    if (rabbit === undefined) return this.skip();
    const place = { topicPrefix: `faults/${name}`, exchange: `faults.${name}` };
    const { host, username, password } = new URL(rabbit.url);
    const channel = {
      kind: 'amqp',
      url: `amqp://${host}`,
      credentials: { user: decodeURIComponent(username), password: decodeURIComponent(password) },
      ...place,
    };
    await survive('amqp', channel, openAmqpChannel({ url: rabbit.url, ...place }));
  });
});
