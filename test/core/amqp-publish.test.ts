import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Options } from 'amqplib';
import { type OutgoingMessage, PARTITION_HEADER } from '../../core/channel/amqp-binding';
import { ChannelWriter, PublishBatch } from '../../core/channel/amqp-publish';

const CHANNEL = 3;
const EXCHANGE = 'crossdock';
const FRAME_MAX = 4096;

const amqplib = createRequire(__filename);
const library = join(dirname(amqplib.resolve('amqplib')), 'lib');
/** amqplib's own encoders: what they write is what brokers have always got. */
const { BasicPublish, BasicProperties, encodeMethod, encodeProperties } = amqplib(
  join(library, 'defs.js'),
) as {
  readonly BasicPublish: number;
  readonly BasicProperties: number;
  encodeMethod(id: number, channel: number, fields: object): Buffer;
  encodeProperties(id: number, channel: number, size: number, fields: object): Buffer;
};

function bodyFrames(body: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < body.length; at += FRAME_MAX - 8) {
    const part = body.subarray(at, at + FRAME_MAX - 8);
    const head = Buffer.alloc(7);
    head.writeUInt8(3, 0);
    head.writeUInt16BE(CHANNEL, 1);
    head.writeUInt32BE(part.length, 3);
    frames.push(head, part, Buffer.from([0xce]));
  }
  return frames;
}

function byAmqplib({ routingKey, body }: OutgoingMessage, options: Options.Publish): Buffer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
  const method = { exchange: EXCHANGE, routingKey, mandatory: true, immediate: false, ticket: 0 };
  return Buffer.concat([
    encodeMethod(BasicPublish, CHANNEL, method),
    encodeProperties(BasicProperties, CHANNEL, bytes.length, options),
    ...bodyFrames(bytes),
  ]);
}

function message(body: Buffer | string, routingKey = 'dist.order.placed'): OutgoingMessage {
  const size = Buffer.byteLength(body);
  return { address: '', routingKey, messageId: '', body, size, options: {}, expiresAt: undefined };
}

function options(more: Options.Publish = {}, key = 'SO-1'): Options.Publish {
  return { mandatory: true, headers: { [PARTITION_HEADER]: key }, ...more };
}

const FULL: Options.Publish = {
  deliveryMode: 2,
  contentType: 'application/cloudevents+json; charset=utf-8',
  messageId: 'a'.repeat(255),
  type: 'com.crossdock.sales.order.placed.v1',
  timestamp: 1_790_000_000,
};

describe('AMQP publishing: messages as bytes', () => {
  const CASES: Readonly<Record<string, [OutgoingMessage, Options.Publish]>> = {
    'all properties': [message('{"a":1}'), options(FULL)],
    'time left': [message('{"a":1}'), options({ ...FULL, expiration: '4294967295' })],
    'no more than the header': [message('{}'), options()],
    'a time beyond 32 bits': [message('{}'), options({ timestamp: 99_999_999_999 })],
    'any script': [
      message('{"a":"Größe-€-😀"}', 'dist.größe.😀'),
      options({ ...FULL, type: 'größe', messageId: '€'.repeat(85) }, 'Schlüssel-€'),
    ],
    'a body of bytes': [message(Buffer.from([0, 255, 206, 1])), options(FULL)],
    'an empty body': [message(''), options(FULL)],
    'a body that just fits into a frame': [message('x'.repeat(FRAME_MAX - 8)), options(FULL)],
    'a body of several frames': [message('ö'.repeat(FRAME_MAX * 2)), options(FULL)],
    'a long key': [message('{}'), options(FULL, 'k'.repeat(3000))],
  };

  for (const [what, [one, its]] of Object.entries(CASES)) {
    it(`writes what amqplib writes: ${what}`, () => {
      const batch = new PublishBatch(CHANNEL, FRAME_MAX, EXCHANGE);
      assert.ok(batch.add(one, its));
      assert.equal(batch.take().toString('hex'), byAmqplib(one, its).toString('hex'));
      assert.equal(batch.length, 0);
    });
  }

  it('knows this amqplib: with another one every message goes the slow way', () => {
    const { ConfirmChannel } = amqplib(join(library, 'channel_model.js')) as {
      ConfirmChannel: { prototype: { pushConfirmCallback: unknown } };
    };
    const channel = Object.assign(Object.create(ConfirmChannel.prototype), {
      ch: CHANNEL,
      connection: { frameMax: FRAME_MAX, stream: { write: () => true } },
    });
    assert.ok(ChannelWriter.of(channel, EXCHANGE) instanceof ChannelWriter);
    for (const missing of ['ch', 'connection', 'pushConfirmCallback']) {
      const other = Object.create(channel, { [missing]: { value: undefined } });
      assert.equal(ChannelWriter.of(other, EXCHANGE), undefined, missing);
    }
  });

  it('gathers many, also more than it has room for, and leaves those alone that were taken', () => {
    const batch = new PublishBatch(CHANNEL, FRAME_MAX, EXCHANGE);
    const all = Array.from({ length: 500 }, (_, n) => message(`${n} ${'y'.repeat(n)}`, `key.${n}`));
    for (const one of all.slice(0, 400)) batch.add(one, options(FULL));
    const first = batch.take();
    for (const one of all.slice(400)) batch.add(one, options(FULL));
    const bytes = Buffer.concat([first, batch.take()]);
    assert.ok(bytes.equals(Buffer.concat(all.map((one) => byAmqplib(one, options(FULL))))));
  });

  it('refuses properties that do not fit into a frame, and is as it was', () => {
    const batch = new PublishBatch(CHANNEL, FRAME_MAX, EXCHANGE);
    assert.equal(batch.add(message('{}'), options(FULL, 'k'.repeat(FRAME_MAX))), false);
    assert.equal(batch.length, 0);
    assert.ok(batch.add(message('{}'), options(FULL)));
    assert.ok(batch.take().equals(byAmqplib(message('{}'), options(FULL))));
  });
});
