import assert from 'node:assert/strict';
import { contentOf, incomingOf, makeEvent, type ReceivedMessage, rawContent } from '../../core/channel';
import { CrossdockError } from '../../core/errors';

const usual = { format: 'cloudevents', laneOf: () => 5 } as const;
const plain = { format: 'plain', laneOf: () => 5 } as const;
const event = (more: Record<string, string> = {}) =>
  makeEvent({
    type: 'com.crossdock.orders.order.placed.v1',
    source: '/shops/eu',
    subject: 'O-1',
    time: '2026-11-02T09:30:00Z',
    sequence: 1,
    data: { id: 'O-1' },
    extensions: more,
  });
const received = (more: Partial<ReceivedMessage>): ReceivedMessage => ({
  address: 'orders/order/placed/-/O-1',
  body: Buffer.from(''),
  contentType: undefined,
  headers: {},
  messageId: undefined,
  event: undefined,
  problem: undefined,
  redelivered: false,
  deliveries: undefined,
  acknowledge: () => undefined,
  requeue: () => undefined,
  discard: () => undefined,
  ...more,
});
const code = (wanted: string) => (error: unknown) => error instanceof CrossdockError && error.code === wanted;

describe('channel: what is kept of a message, and what a flow gets of it', () => {
  it('an event: identity, order by its subject, attributes and data', () => {
    const original = event();
    const incoming = incomingOf(received({ event: original }), usual);
    assert.equal(incoming.id, `/shops/eu ${original.id}`);
    assert.equal(incoming.partitionKey, 'O-1');
    assert.equal(incoming.priority, 5);
    const content = contentOf(incoming);
    assert.deepEqual(content.payload, { id: 'O-1' });
    assert.equal(content.event?.['type'], 'com.crossdock.orders.order.placed.v1');
    assert.equal(content.event?.['id'], original.id);
    assert.equal('data' in (content.event ?? {}), false);
    assert.equal(content.address, 'orders/order/placed/-/O-1');
  });

  it('takes the partition key before the subject, the lane before the event’s own priority', () => {
    const marked = event({ partitionkey: 'route 7', priority: '2' });
    assert.equal(incomingOf(received({ event: marked }), usual).partitionKey, 'route 7');
    assert.equal(incomingOf(received({ event: marked }), usual).priority, 2);
    assert.equal(incomingOf(received({ event: marked }), { ...usual, laneOf: () => 9 }).priority, 9);
  });

  it('an event that is no longer wanted says when it ends', () => {
    const gone = event({ expirytime: new Date(Date.now() - 60_000).toISOString() });
    assert.ok((incomingOf(received({ event: gone }), usual).expiresInMs ?? 0) < -50_000);
    assert.equal(incomingOf(received({ event: event() }), usual).expiresInMs, undefined);
  });

  it('keeps an id that no index could hold as its hash, always the same', () => {
    const long = { ...event(), id: 'x'.repeat(5000) };
    const first = incomingOf(received({ event: long }), usual).id;
    assert.match(first, /^sha256:[0-9a-f]{64}$/);
    assert.equal(incomingOf(received({ event: { ...long } }), usual).id, first);
    assert.notEqual(incomingOf(received({ event: { ...long, id: `y${long.id}` } }), usual).id, first);
  });

  it('what should have been an event and is none is kept as it came, and fails when it is read', () => {
    const problem = new CrossdockError('The event is not a valid CloudEvent: id is missing.', {
      code: 'EVENT_INVALID',
      kind: 'permanent',
    });
    const incoming = incomingOf(received({ body: Buffer.from('{"no":"event"}'), problem }), usual);
    assert.equal(rawContent(incoming), '{"no":"event"}');
    assert.throws(
      () => contentOf(incoming),
      (error) => code('EVENT_INVALID')(error) && /id is missing/.test((error as Error).message),
    );
  });

  it('plain content by its type', () => {
    const read = (body: string | Buffer, contentType?: string) =>
      contentOf(incomingOf(received({ body: Buffer.from(body), contentType }), plain)).payload;
    assert.deepEqual(read('{"a":1}', 'application/json; charset=utf-8'), { a: 1 });
    assert.deepEqual(read('[1]', 'application/vnd.partner+json'), [1]);
    assert.equal(read('{"a":1}', 'text/plain'), '{"a":1}');
    assert.ok(Buffer.isBuffer(read('{"a":1}', 'application/octet-stream')));
    // Without a type it is looked at.
    assert.deepEqual(read('{"a":1}'), { a: 1 });
    assert.equal(read('{ not json'), '{ not json');
    assert.equal(read('12.5'), '12.5');
    assert.ok(Buffer.isBuffer(read(Buffer.from([0xff, 0xfe, 0x00]))));
    assert.throws(() => read('{', 'application/json'), code('JSON_INVALID'));
    assert.throws(() => read('{"__proto__":{"admin":true}}'), code('JSON_UNSAFE'));
  });

  it('plain messages keep their headers, bounded; no name takes the place of ours', () => {
    const headers = {
      format: 'cloudevents',
      address: 'elsewhere',
      long: 'x'.repeat(5000),
      ...Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`h${n}`, 'v'])),
    };
    const incoming = incomingOf(received({ body: Buffer.from('text'), headers }), plain);
    const content = contentOf(incoming);
    assert.equal(content.payload, 'text');
    assert.equal(content.address, 'orders/order/placed/-/O-1');
    assert.equal(content.headers?.['format'], 'cloudevents');
    assert.equal(content.headers?.['long']?.length, 1000);
    assert.equal(Object.keys(content.headers ?? {}).length, 50);
    assert.equal(content.event, undefined);
  });

  it('plain messages are known again by their sender’s id only', () => {
    const withId = received({ messageId: 'm-1' });
    assert.equal(incomingOf(withId, plain).id, 'm-1');
    assert.notEqual(incomingOf(received({}), plain).id, incomingOf(received({}), plain).id);
  });

  it('refuses data that could change prototypes once it is copied', () => {
    const body = Buffer.from(
      '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"__proto__":{"admin":true}}}',
    );
    assert.throws(
      () => contentOf({ body, headers: { format: 'cloudevents', address: 'a' } }),
      code('JSON_UNSAFE'),
    );
  });
});
