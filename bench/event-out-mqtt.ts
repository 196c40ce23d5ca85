/**
 * Bench `event-out-mqtt`: event out over Mosquitto (MQTT 5, QoS 1, binary CloudEvents), beside a bare mqtt.js client
 * that publishes the same packets in a loop. A subscriber on a thread of its own counts what arrives. See
 * lib/event-out.ts.
 */
import { randomUUID } from 'node:crypto';
import mqtt from 'mqtt';
import { startMosquitto } from './lib/brokers';
import { attributesOf, benchEventOut } from './lib/event-out';
import { orderData } from './lib/events';
import { inWindow, run } from './lib/measure';
import { countMqtt } from './lib/mqtt-counter';

const MESSAGES = Number(process.argv[2] ?? 20_000);
/** What an MQTT channel has by itself. */
const WINDOW = 64;

run('event-out-mqtt', async () => {
  const broker = await startMosquitto();
  const counter = await countMqtt(broker.url, 'bench/#');
  const bare = await mqtt.connectAsync(broker.url, { protocolVersion: 5, clientId: 'bench-bare' });
  try {
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
        arrived: (count) => counter.next(count),
      },
      MESSAGES,
    );
  } finally {
    await bare.endAsync();
    await counter.stop();
    await broker.stop();
  }
});
