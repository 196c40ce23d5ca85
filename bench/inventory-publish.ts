/**
 * Bench `inventory-publish`: a message with so many changed levels goes through inventory publish (compared with what was
 * observed, committed, published retained over Mosquitto with MQTT 5 and QoS 1, confirmed, marked), beside a bare mqtt.js
 * client that publishes the same events (the same bytes) in a loop with the same window and keeps nothing. Both count from
 * the first level until the broker has confirmed the last.
 */
import { randomUUID } from 'node:crypto';
import mqtt from 'mqtt';
import type { ObservedInventoryLevel } from '../core/canonical';
import { INVENTORY_EVENT_TYPE, INVENTORY_SCHEMA } from '../core/inventory';
import { startMosquitto, UNSAVED } from './lib/brokers';
import { ask, at, startNodeRed } from './lib/feed';
import { compared, inWindow, run, seconds, sideBySide } from './lib/measure';

const KEYS = Number(process.argv[2] ?? 20_000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const TARGET = 0.8;
/** What an MQTT channel has in flight by itself. */
const WINDOW = 256;

function level(n: number, available: number, asOf: number): ObservedInventoryLevel {
  return {
    schemaVersion: '1.0',
    item: { identifiers: [{ scheme: 'sku', value: `SKU-${n}` }], description: `Article ${n}` },
    location: { code: 'main', kind: 'warehouse' },
    asOf: new Date(asOf).toISOString(),
    unit: 'C62',
    onHand: String(available),
    reserved: '0',
    available: String(available),
    authority: 'odoo:main',
  };
}

run('inventory-publish', async () => {
  // What is retained is the whole catalogue: saving the whole file at each change would measure only that.
  const broker = await startMosquitto(UNSAVED);
  const red = await startNodeRed(flows(broker.url)).catch((error: unknown) =>
    broker.stop().then(() => Promise.reject(error)),
  );
  const bare = await mqtt.connectAsync(broker.url, { protocolVersion: 5, clientId: 'bench-bare' });
  let sent = 0;
  try {
    await red.waitForLog(/bench up to date/, { timeoutMs: 30_000 });
    const rates = await sideBySide(ROUNDS, async (side) => {
      sent += 1;
      const taken = await seconds(() => (side === 'bare' ? publishBare(sent) : publishOurs(sent)));
      return KEYS / taken;
    });
    return { ...compared(rates, TARGET), keys: KEYS, window: WINDOW, rounds: ROUNDS, synchronous: 'FULL' };
  } finally {
    await bare.endAsync();
    await red.remove();
    await broker.stop();
  }

  function publishBare(round: number): Promise<void> {
    return inWindow(KEYS, WINDOW, (n, confirmed) => {
      const data = {
        ...level(n, (n + round) % 50, Date.now()),
        buffer: '0',
        published: String((n + round) % 50),
        sequence: round,
      };
      const { datacontenttype: contentType = '', ...attributes } = attributesOf(n, round, data.asOf);
      bare.publish(
        `bench/inventory/inventory/changed/main/SKU-${n}`,
        JSON.stringify(data),
        {
          qos: 1,
          retain: true,
          properties: { contentType, userProperties: attributes, payloadFormatIndicator: true },
        },
        confirmed,
      );
    });
  }

  async function publishOurs(round: number): Promise<void> {
    const response = await ask(red, `/publish/${round}`);
    const { published } = (await response.json()) as { published: number };
    if (published !== KEYS) throw new Error(`${published} of ${KEYS} were published`);
  }
});

function attributesOf(n: number, round: number, time: string): Record<string, string> {
  return {
    specversion: '1.0',
    id: randomUUID(),
    source: '/bench',
    type: INVENTORY_EVENT_TYPE,
    subject: `SKU-${n}`,
    time,
    datacontenttype: 'application/json',
    dataschema: INVENTORY_SCHEMA,
    partitionkey: `main/SKU-${n}`,
    sequence: String(round),
    site: 'main',
    // Sold out, or back in stock.
    ...((n + round) % 50 < 2 ? { priority: '1' } : {}),
  };
}

function flows(url: string): object[] {
  const levels = `
const round = Number(msg.req.params.round);
const asOf = new Date().toISOString();
msg.payload = Array.from({ length: ${KEYS} }, (_, index) => {
  const n = index + 1;
  const available = String((n + round) % 50);
  return { schemaVersion: '1.0', item: { identifiers: [{ scheme: 'sku', value: 'SKU-' + n }], description: 'Article ' + n },
    location: { code: 'main', kind: 'warehouse' }, asOf, unit: 'C62', onHand: available, reserved: '0', available, authority: 'odoo:main' };
});
return msg;`;
  return [
    { id: 'tab', type: 'tab', label: 'bench' },
    { id: 'store', type: 'crossdock-store', path: 'bench.sqlite' },
    {
      id: 'channel',
      type: 'crossdock-event-channel',
      kind: 'mqtt',
      url,
      topicPrefix: 'bench',
      clientId: 'bench',
      source: '/bench',
    },
    { id: 'http', type: 'http in', url: '/publish/:round', method: 'get', wires: [['levels']], ...at },
    { id: 'levels', type: 'function', func: levels, outputs: 1, wires: [['publish']], ...at },
    {
      id: 'publish',
      type: 'crossdock-inventory-publish',
      store: 'store',
      channel: 'channel',
      from: 'msg',
      property: 'payload',
      location: 'main',
      wires: [['answer']],
      ...at,
    },
    { id: 'answer', type: 'http response', wires: [], ...at },
    { id: 'status', type: 'status', scope: ['publish'], wires: [['say']], ...at },
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
