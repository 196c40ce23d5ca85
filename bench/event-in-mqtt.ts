/**
 * Bench `event-in-mqtt`: messages that wait in a session of Mosquitto, taken into the store by event in, beside a bare
 * mqtt.js client that inserts each into the same table before its PUBACK. See lib/event-in.ts.
 */
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { openMqttChannel } from '../core/channel';
import { startMosquitto, UNSAVED } from './lib/brokers';
import { benchEventIn, type Insert, WINDOW } from './lib/event-in';
import { publishAll } from './lib/events';
import { run } from './lib/measure';

const MESSAGES = Number(process.argv[2] ?? 20_000);

run('event-in-mqtt', async () => {
  const broker = await startMosquitto(UNSAVED);
  // A session keeps what is published for it alone, so each side has its own topics.
  const publishers = {
    ours: openMqttChannel({ url: broker.url, topicPrefix: 'bench/ours' }),
    bare: openMqttChannel({ url: broker.url, topicPrefix: 'bench/bare' }),
  };
  try {
    await (await openSession(broker.url)).endAsync();
    return await benchEventIn(
      {
        channel: { kind: 'mqtt', url: broker.url, topicPrefix: 'bench/ours', clientId: 'bench' },
        fillOurs: (name, count) => publishAll(publishers.ours, name, count),
        fillBare: (name, count) => publishAll(publishers.bare, name, count),
        drainBare: (count, insert) => drain(broker.url, count, insert),
        left: async () => undefined,
      },
      MESSAGES,
    );
  } finally {
    await publishers.ours.close();
    await publishers.bare.close();
    await broker.stop();
  }
});

const SESSION: IClientOptions = {
  protocolVersion: 5,
  clientId: 'bench-bare',
  clean: false,
  properties: { sessionExpiryInterval: 86_400, receiveMaximum: WINDOW },
};

/** Connects once so that the broker keeps messages for it. */
async function openSession(url: string): Promise<MqttClient> {
  const client = await mqtt.connectAsync(url, SESSION);
  await client.subscribeAsync('bench/bare/#', { qos: 1 });
  return client;
}

async function drain(url: string, count: number, insert: Insert): Promise<number> {
  let first = 0n;
  let taken = 0;
  const client = mqtt.connect(url, SESSION);
  await new Promise<void>((resolve, reject) => {
    client.on('error', reject);
    client.handleMessage = (packet, done) => {
      if (taken === 0) first = process.hrtime.bigint();
      const attributes = packet.properties?.userProperties ?? {};
      insert({
        id: String(attributes['id']),
        key: String(attributes['subject']),
        headers: JSON.stringify({ address: packet.topic, ...attributes }),
        body: Buffer.from(packet.payload),
      });
      taken += 1;
      done();
      if (taken === count) resolve();
    };
  });
  const time = Number(process.hrtime.bigint() - first) / 1e9;
  await client.endAsync();
  return time;
}
