/** The three kinds of subscribers that are told of stock: over MQTT, over AMQP, and a shop's own server over HTTP. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect as connectAmqp } from 'amqplib';
import mqtt from 'mqtt';
import type { InventoryLevel } from '../../../core/canonical';
import type { CloudEvent } from '../../../core/channel';

/** Everything that one channel was told, in the order in which it was. */
export class Subscriber {
  readonly shows = new Map<string, { quantity: string; sequence: number }>();
  /** Told something older after something newer. */
  readonly stale: string[] = [];
  readonly order: { sku: string; quantity: string; before: string | undefined }[] = [];
  readonly arrived = new Map<string, number>();

  constructor(readonly name: string) {}

  take(level: InventoryLevel): void {
    const sku = level.item.identifiers[0]?.value ?? '';
    const before = this.shows.get(sku);
    const quantity = level.published ?? '';
    if (before !== undefined && level.sequence < before.sequence)
      this.stale.push(`${sku}: ${before.sequence} then ${level.sequence}`);
    this.order.push({ sku, quantity, before: before?.quantity });
    this.shows.set(sku, { quantity, sequence: level.sequence });
    if (quantity === '0') this.arrived.set(sku, performance.now());
  }
}

export async function listenMqtt(url: string): Promise<{ told: Subscriber; close(): Promise<void> }> {
  const told = new Subscriber('MQTT');
  const client = await mqtt.connectAsync(url, {
    protocolVersion: 5,
    clean: false,
    clientId: 'market',
    properties: { sessionExpiryInterval: 3600 },
  });
  client.on('message', (_topic, payload) => told.take(JSON.parse(payload.toString()) as InventoryLevel));
  await client.subscribeAsync('#', { qos: 1 });
  return { told, close: () => client.endAsync(true) };
}

export async function listenAmqp(
  url: string,
  name: string,
): Promise<{ told: Subscriber; close(): Promise<void> }> {
  const told = new Subscriber('AMQP');
  const connection = await connectAmqp(url);
  const channel = await connection.createChannel();
  await channel.assertExchange(`faults.${name}`, 'topic', { durable: true });
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, `faults.${name}`, '#');
  await channel.consume(
    queue,
    (message) => {
      if (message === null) return;
      told.take(
        (JSON.parse(message.content.toString()) as CloudEvent<InventoryLevel>).data as InventoryLevel,
      );
    },
    { noAck: true },
  );
  return { told, close: () => connection.close() };
}

/** The shop's own server: takes a level per request, or answers 503 while it is broken. */
export async function startShop(): Promise<{
  told: Subscriber;
  url: string;
  broken: boolean;
  close(): Promise<void>;
}> {
  const told = new Subscriber('HTTP');
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (!shop.broken) told.take(JSON.parse(Buffer.concat(chunks).toString()) as InventoryLevel);
      response.writeHead(shop.broken ? 503 : 204).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const shop = {
    told,
    url: `http://127.0.0.1:${port}/stock`,
    broken: false,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return shop;
}
