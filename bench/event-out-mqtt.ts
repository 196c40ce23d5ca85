/**
 * Bench `event-out-mqtt`: event out over Mosquitto (MQTT 5, QoS 1, binary CloudEvents), beside a bare mqtt.js client
 * that publishes the same packets in a loop. A subscriber gets the last message of each run; one who gets all of them
 * would take a good part of the machine that is measured. See lib/event-out.ts.
 */
import { randomUUID } from 'node:crypto';
import mqtt from 'mqtt';
import { startMosquitto } from './lib/brokers';
import { attributesOf, benchEventOut } from './lib/event-out';
import { orderData } from './lib/events';
import { inWindow, run } from './lib/measure';

const MESSAGES = Number(process.argv[2] ?? 40_000);
/** What an MQTT channel has by itself. */
const WINDOW = 256;

run('event-out-mqtt', async () => {
  const broker = await startMosquitto();
  const subscriber = await mqtt.connectAsync(broker.url, {
    protocolVersion: 5,
    clientId: 'bench-subscriber',
  });
  const bare = await mqtt.connectAsync(broker.url, { protocolVersion: 5, clientId: 'bench-bare' });
  try {
    await subscriber.subscribeAsync(`bench/sales/order/placed/-/SO-${MESSAGES}`);
    return await benchEventOut(
      {
        channel: { kind: 'mqtt', url: broker.url, topicPrefix: 'bench', clientId: 'bench' },
        window: WINDOW,
        publishBare: (count) =>
          inWindow(count, WINDOW, (n, confirmed) => {
            const { datacontenttype: contentType = '', ...attributes } = attributesOf(n, randomUUID());
            bare.publish(
              `bench/sales/order/placed/-/${attributes['subject']}`,
              JSON.stringify(orderData(n)),
              {
                qos: 1,
                properties: { contentType, userProperties: attributes, payloadFormatIndicator: true },
              },
              confirmed,
            );
          }),
        arrived: async () => {
          const last = new Promise<void>((resolve) => {
            subscriber.once('message', () => resolve());
          });
          return () => last;
        },
      },
      MESSAGES,
    );
  } finally {
    await bare.endAsync();
    await subscriber.endAsync();
    await broker.stop();
  }
});
