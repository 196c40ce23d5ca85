/**
 * Bench `event-in-amqp`: messages that wait in a quorum queue of RabbitMQ, taken into the store by event in, beside a
 * bare amqplib consumer that inserts each into the same table and acknowledges it. See lib/event-in.ts.
 */
import { randomUUID } from 'node:crypto';
import { type ConsumeMessage, connect } from 'amqplib';
import { openAmqpChannel } from '../core/channel';
import { rabbitmq } from './lib/brokers';
import { benchEventIn, type Insert, WINDOW } from './lib/event-in';
import { publishAll } from './lib/events';
import { run, seconds } from './lib/measure';

const MESSAGES = Number(process.argv[2] ?? 20_000);

run('event-in-amqp', async () => {
  const { url, plainUrl, user, password } = rabbitmq();
  const id = randomUUID().slice(0, 8);
  const exchange = `crossdock.bench.${id}`;
  const queue = `${exchange}.bench`;
  const topicPrefix = `bench/${id}`;
  const publisher = openAmqpChannel({ url, topicPrefix, exchange });
  const admin = await connect(url);
  const channel = await admin.createChannel();
  // Both sides read the same queue, in turn.
  const fill = (name: string, count: number) => publishAll(publisher, `${id}-${name}`, count);
  try {
    return await benchEventIn(
      {
        channel: { kind: 'amqp', url: plainUrl, topicPrefix, exchange, credentials: { user, password } },
        fillOurs: fill,
        fillBare: fill,
        drainBare: (count, insert) => drain(url, queue, count, insert),
        left: async () => (await channel.checkQueue(queue)).messageCount,
      },
      MESSAGES,
    );
  } finally {
    await channel.deleteQueue(queue);
    await channel.deleteQueue(`${queue}.dead`);
    await channel.deleteExchange(exchange);
    await publisher.close();
    await admin.close();
  }
});

async function drain(url: string, queue: string, count: number, insert: Insert): Promise<number> {
  const connection = await connect(url, { noDelay: true });
  const channel = await connection.createChannel();
  await channel.prefetch(WINDOW);
  let first = 0n;
  let taken = 0;
  await new Promise<void>((resolve, reject) => {
    const take = ({ content, properties, ...message }: ConsumeMessage): void => {
      if (taken === 0) first = process.hrtime.bigint();
      const { messageId, contentType, headers } = properties;
      insert({
        id: String(messageId),
        key: String(headers?.['partitionkey']),
        headers: JSON.stringify({ address: message.fields.routingKey, contentType }),
        body: content,
      });
      channel.ack({ content, properties, ...message });
      taken += 1;
      if (taken === count) resolve();
    };
    channel
      .consume(queue, (message) => (message === null ? reject(new Error('cancelled')) : take(message)))
      .catch(reject);
  });
  const time = Number(process.hrtime.bigint() - first) / 1e9;
  // The last acknowledgements leave with the answer to the close.
  const rest = await seconds(() => channel.close());
  await connection.close();
  return time + rest;
}
