/**
 * Bench `event-out-amqp`: event out over RabbitMQ, beside a bare amqplib confirm channel in a loop. Both publish
 * mandatory and persistent to the same exchange and quorum queue. See lib/event-out.ts.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import { rabbitmq } from './lib/brokers';
import { attributesOf, benchEventOut, EVENT_TYPE } from './lib/event-out';
import { orderData } from './lib/events';
import { inWindow, run } from './lib/measure';

const MESSAGES = Number(process.argv[2] ?? 20_000);
/** What an AMQP channel has by itself. */
const WINDOW = 256;
/** Ms to the next question how many messages the queue has: the sooner the fewer are left, 5 at least. */
const pause = (left: number): number => Math.max(5, Math.min(200, left / 100));

run('event-out-amqp', async () => {
  const { url, plainUrl, user, password } = rabbitmq();
  const id = randomUUID().slice(0, 8);
  const exchange = `crossdock.bench.${id}`;
  const queue = `${exchange}.sink`;
  const topicPrefix = `bench/${id}`;
  const admin = await connect(url);
  const channel = await admin.createChannel();
  const bare = await connect(url, { noDelay: true });
  const confirming = await bare.createConfirmChannel();
  try {
    await channel.assertExchange(exchange, 'topic', { durable: true });
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    await channel.bindQueue(queue, exchange, '#');
    return await benchEventOut(
      {
        channel: { kind: 'amqp', url: plainUrl, topicPrefix, exchange, credentials: { user, password } },
        window: WINDOW,
        publishBare: (count) =>
          inWindow(count, WINDOW, (n, confirmed) => {
            const messageId = randomUUID();
            const attributes = attributesOf(n, messageId);
            const { subject = '', time = '' } = attributes;
            confirming.publish(
              exchange,
              `bench.${id}.sales.order.placed.-.${subject}`,
              Buffer.from(JSON.stringify({ ...attributes, data: orderData(n) })),
              {
                mandatory: true,
                deliveryMode: 2,
                contentType: 'application/cloudevents+json; charset=utf-8',
                messageId,
                headers: { partitionkey: subject },
                type: EVENT_TYPE,
                timestamp: Math.floor(Date.parse(time) / 1000),
              },
              confirmed,
            );
          }),
        arrived: async (count) => {
          await channel.purgeQueue(queue);
          return async () => {
            for (;;) {
              const left = count - (await channel.checkQueue(queue)).messageCount;
              if (left <= 0) return;
              await sleep(pause(left));
            }
          };
        },
      },
      MESSAGES,
    );
  } finally {
    await channel.deleteQueue(queue);
    await channel.deleteExchange(exchange);
    await bare.close();
    await admin.close();
  }
});
