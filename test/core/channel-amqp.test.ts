import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { Channel, ConsumeMessage, Message } from 'amqplib';
import { openAmqpChannel, planTopology } from '../../core/channel';
import { Acknowledger } from '../../core/channel/amqp-acks';
import {
  addressOfKey,
  bindingKeyOf,
  fromAmqp,
  optionsNow,
  prefixKeyOf,
  routingKeyOf,
  toAmqp,
} from '../../core/channel/amqp-binding';
import { amqpSettings } from '../../core/channel/amqp-config';
import { reasonOfChannel } from '../../core/channel/amqp-reasons';
import { surplus } from '../../core/channel/amqp-session';
import { PublishQueue } from '../../core/channel/publish-queue';
import { CrossdockError } from '../../core/errors';
import { waitFor } from '../support';
import { failsWith, QUICK, sampleEvent } from './channel-suite';

const prefix = prefixKeyOf('dist/v1/main');

describe('AMQP: routing keys', () => {
  for (const address of [
    'sales/order/created/main/4711',
    'a.b/c*d/e f/g\th/i%2Fj',
    'a%2Eb/%25/%',
    'Größe M ✓/\u2003x\u00a0/-',
    'a//b',
  ]) {
    it(`reads "${address}" back from its key`, () => {
      const key = routingKeyOf(address, prefix);
      assert.equal(addressOfKey(key, prefix), address);
      assert.ok(!/[*#\s]/u.test(key), key);
      // A level is always one word, or bindings would count wrongly.
      assert.equal(key.split('.').length, 3 + address.split('/').length);
    });
  }

  it('gives different keys to different addresses', () => {
    assert.notEqual(routingKeyOf('a.b', prefix), routingKeyOf('a/b', prefix));
    assert.notEqual(routingKeyOf('a%2Eb', prefix), routingKeyOf('a.b', prefix));
  });

  it('does not let the keys of other publishers become levels or wildcards', () => {
    assert.equal(addressOfKey('other.a%2Fb.c+#', prefix), 'other/a%2Fb/c%2B%23');
    assert.equal(addressOfKey('x.%zz', prefix), 'x/%zz');
  });

  it('refuses a key that is longer than the protocol allows', () => {
    const room = 255 - Buffer.byteLength(`${prefix}.`);
    routingKeyOf('x'.repeat(room), prefix);
    assert.throws(
      () => routingKeyOf('x'.repeat(room + 1), prefix),
      failsWith('CHANNEL_REFUSED', 'permanent', /256 bytes/),
    );
    assert.throws(
      () => routingKeyOf('ü'.repeat(room / 2 + 1), prefix),
      failsWith('CHANNEL_REFUSED', 'permanent'),
    );
  });

  it('translates filters', () => {
    assert.equal(bindingKeyOf('order/#', prefix), 'dist.v1.main.order.#');
    assert.equal(bindingKeyOf('+/order/+/a.b', prefix), 'dist.v1.main.*.order.*.a%2Eb');
  });
});

describe('AMQP: messages', () => {
  const received = (
    content: Buffer,
    properties: Record<string, unknown>,
  ): Pick<Message, 'content' | 'properties'> => ({
    content,
    properties: properties as unknown as Message['properties'],
  });

  it('carries the event unchanged, with the properties that brokers and tools look at', () => {
    const event = sampleEvent(7);
    const message = toAmqp(event, prefix);
    assert.deepEqual(
      { ...message.options, contentType: undefined },
      {
        mandatory: true,
        deliveryMode: 2,
        contentType: undefined,
        messageId: event.id,
        type: event.type,
        timestamp: Date.parse('2026-11-23T08:15:00Z') / 1000,
        headers: { partitionkey: 'A-7' },
      },
    );
    assert.match(String(message.options.contentType), /^application\/cloudevents\+json/);
    const body = Buffer.isBuffer(message.body) ? message.body : Buffer.from(message.body);
    assert.deepEqual(fromAmqp(received(body, message.options as Record<string, unknown>)), event);
  });

  it('makes an id of any length fit', () => {
    const message = toAmqp({ ...sampleEvent(1), id: 'ü'.repeat(200) }, prefix);
    assert.match(message.messageId, /^sha256:[0-9a-f]{64}$/);
  });

  it('gives it the time that it has left when it is sent', () => {
    const expiring = (at: string) => toAmqp({ ...sampleEvent(1), expirytime: at }, prefix);
    const now = Date.parse('2026-11-23T08:00:00Z');
    assert.equal(optionsNow(expiring('2026-11-23T08:00:30Z'), now).expiration, '30000');
    assert.equal(optionsNow(expiring('2026-11-22T08:00:00Z'), now).expiration, '1');
    // Beyond 32 bits the broker would close the channel.
    assert.equal(optionsNow(expiring('2027-11-22T08:00:00Z'), now).expiration, undefined);
    assert.equal(optionsNow(toAmqp(sampleEvent(1), prefix), now).expiration, undefined);
  });

  for (const separator of [':', '_']) {
    it(`understands binary mode with cloudEvents${separator} headers`, () => {
      const attributes = { specversion: '1.0', id: '1', source: '/x', type: 't', site: 'main' };
      const headers = Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [`cloudEvents${separator}${name}`, value]),
      );
      const event = fromAmqp(
        received(Buffer.from('{"n":1}'), {
          contentType: 'application/json',
          headers: { ...headers, other: 'x' },
        }),
      );
      assert.deepEqual(event, { ...attributes, datacontenttype: 'application/json', data: { n: 1 } });
    });
  }

  it('says why something is not an event', () => {
    const invalid = failsWith('EVENT_INVALID', 'permanent');
    assert.throws(() => fromAmqp(received(Buffer.from('hello'), {})), invalid);
    assert.throws(
      () => fromAmqp(received(Buffer.from('{}'), { contentType: 'text/plain' })),
      failsWith('EVENT_INVALID', 'permanent', /content type is text\/plain/),
    );
    assert.throws(
      () => fromAmqp(received(Buffer.from('{'), { contentType: 'application/cloudevents+json' })),
      invalid,
    );
  });
});

describe('AMQP: topology', () => {
  const orders = { name: 'orders', filter: 'sales/order/#' };
  const find = (items: ReturnType<typeof planTopology>, name: string) =>
    items.find((item) => item.name === name && item.kind !== 'unbinding');

  it('plans a quorum queue with order, delivery limit and dead letters', () => {
    const items = planTopology({}, [orders]);
    assert.deepEqual(
      items.map(({ kind, name }) => `${kind} ${name}`),
      [
        'exchange crossdock.events',
        'exchange crossdock.events.dlx',
        'queue crossdock.events.orders.dead',
        'binding crossdock.events.dlx → crossdock.events.orders.dead',
        'queue crossdock.events.orders',
        'binding crossdock.events → crossdock.events.orders',
      ],
    );
    assert.deepEqual(find(items, 'crossdock.events.orders')?.arguments, {
      'x-queue-type': 'quorum',
      'x-dead-letter-exchange': 'crossdock.events.dlx',
      'x-dead-letter-routing-key': 'crossdock.events.orders',
      'x-single-active-consumer': true,
      'x-delivery-limit': 20,
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    });
    const last = items.at(-1);
    assert.equal(last?.kind === 'binding' && last.key, 'dist.v1.main.sales.order.#');
    for (const { sentence } of items) assert.match(sentence, /^[A-Z].*\.$/);
  });

  it('leaves out of a classic queue what only quorum queues know, and the single consumer where order is none', () => {
    const items = planTopology({ queueType: 'classic', order: 'none', exchange: 'e' }, [orders]);
    assert.deepEqual(Object.keys(find(items, 'e.orders')?.arguments ?? {}), [
      'x-queue-type',
      'x-dead-letter-exchange',
      'x-dead-letter-routing-key',
    ]);
  });

  it('divides by partition key among shards, of which the first keeps the queue that was there', () => {
    const items = planTopology({ exchange: 'e', shards: 3 }, [orders]);
    assert.deepEqual(find(items, 'e.orders.hash')?.arguments, { 'hash-header': 'partitionkey' });
    assert.deepEqual(
      items.filter(({ kind }) => kind === 'queue').map(({ name }) => name),
      ['e.orders.dead', 'e.orders', 'e.orders.2', 'e.orders.3', 'e.orders.members'],
    );
    assert.ok(find(items, 'e → e.orders.hash'));
    // Else the first shard would get everything twice.
    assert.ok(items.some(({ kind, name }) => kind === 'unbinding' && name === 'e → e.orders'));
  });

  it('takes the earlier filter away, unless it is the same', () => {
    const gone = (previousFilter: string) =>
      planTopology({}, [{ ...orders, previousFilter }]).filter(({ kind }) => kind === 'unbinding');
    const [item] = gone('stock/#');
    assert.equal(item?.kind === 'unbinding' && item.key, 'dist.v1.main.stock.#');
    assert.deepEqual(gone('sales/order/#'), []);
  });

  it('refuses names and filters that cannot be', () => {
    const refused = failsWith('CONFIG_INVALID', 'permanent');
    assert.throws(() => planTopology({}, [{ name: ' ', filter: '#' }]), refused);
    assert.throws(() => planTopology({}, [{ name: 'x'.repeat(250), filter: '#' }]), refused);
    assert.throws(() => planTopology({}, [{ name: 'x', filter: 'a/#/b' }]), refused);
    assert.throws(() => planTopology({ exchange: 'amq.topic' }, []), refused);
    assert.throws(() => planTopology({ exchange: 'a b' }, []), refused);
  });
});

describe('AMQP: settings', () => {
  it('reads the URL, and never shows the password', () => {
    const settings = amqpSettings({ url: 'amqps://us%40er:p%2Fw@broker.example/my%2Fhost' });
    assert.equal(settings.port, 5671);
    assert.deepEqual([settings.username, settings.password, settings.vhost], ['us@er', 'p/w', 'my/host']);
    assert.equal(settings.shownAddress, 'broker.example:5671/my/host');
    assert.equal(amqpSettings({ url: 'amqp://h/' }).vhost, '/');
    assert.equal(amqpSettings({ url: 'amqp://h', tls: {} }).protocol, 'amqps');
  });

  it('names the environment variable that is missing', () => {
    assert.throws(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: what Node-RED leaves when a variable is not set
      () => openAmqpChannel({ url: '${AMQP_URL}' }),
      failsWith('CONFIG_ENV_MISSING', 'permanent', /AMQP_URL, which is not set/),
    );
    assert.throws(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: see above
      () => openAmqpChannel({ url: 'amqp://h', password: '${AMQP_PASSWORD}' }),
      failsWith('CONFIG_ENV_MISSING', 'permanent', /AMQP_PASSWORD/),
    );
  });

  for (const url of ['', 'broker:5672', 'http://127.0.0.1', 'amqp://', '127.0.0.1:5672']) {
    it(`refuses the address "${url}"`, () => {
      assert.throws(() => openAmqpChannel({ url }), failsWith('CONFIG_INVALID', 'permanent'));
    });
  }

  it('refuses numbers and words that cannot be', () => {
    const refused = failsWith('CONFIG_INVALID', 'permanent');
    assert.throws(() => amqpSettings({ url: 'amqp://h', shards: 0 }), refused);
    assert.throws(() => amqpSettings({ url: 'amqp://h', maxInFlight: 1.5 }), refused);
    assert.throws(() => amqpSettings({ url: 'amqp://h', order: 'some' as 'key' }), refused);
  });
});

describe('AMQP: what brokers say', () => {
  const reason = (code: number, message: string) =>
    reasonOfChannel(Object.assign(new Error(message), { code }), 'h:5672', 'receive from the queue q');

  it('explains a message that was held for too long', () => {
    const text =
      'Channel closed by server: 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms."';
    const { code, message } = reason(406, text);
    assert.equal(code, 'CHANNEL_ACK_TIMEOUT');
    assert.match(message, /consumer_timeout/);
  });

  it('treats an internal error as one that passes', () => {
    assert.equal(reason(541, 'x').code, 'CHANNEL_UNAVAILABLE');
    assert.equal(reason(541, 'x').slow, undefined);
  });

  it('says so when the other side is not an AMQP broker', async () => {
    const server = createServer((socket) =>
      socket.on('error', () => undefined).end('HTTP/1.1 400 Bad\r\n\r\n'),
    );
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const channel = openAmqpChannel({ url: `amqp://127.0.0.1:${port}`, ...QUICK });
    await waitFor(() => channel.state.reason !== undefined);
    assert.equal(channel.state.reason?.code, 'CHANNEL_PROTOCOL');
    await channel.close();
    server.close();
  });

  it('says so when the other side does not speak TLS', async () => {
    const server = createServer((socket) =>
      socket.on('error', () => undefined).end('AMQP is spoken here, without TLS'),
    );
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const channel = openAmqpChannel({ url: `amqps://127.0.0.1:${port}`, ...QUICK });
    await waitFor(() => channel.state.reason !== undefined);
    assert.equal(channel.state.reason?.code, 'CHANNEL_TLS');
    await channel.close();
    server.close();
  });

  it('does not connect for ever to a port that takes connections and says nothing', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const channel = openAmqpChannel({ url: `amqp://127.0.0.1:${port}`, ...QUICK, connectTimeoutMs: 100 });
    await waitFor(() => channel.state.reason !== undefined);
    assert.match(channel.state.reason?.message ?? '', /No answer/);
    await channel.close();
    server.close();
  });
});

describe('AMQP: acknowledgements', () => {
  const message = (deliveryTag: number): ConsumeMessage => ({ fields: { deliveryTag } }) as ConsumeMessage;
  /** Writes down the frames, and what they settle at the broker; checks that nothing is settled twice. */
  const recorder = (delivered: number) => {
    const open = new Set(Array.from({ length: delivered }, (_, index) => index + 1));
    const frames: string[] = [];
    const channel = {
      ack(frame: Message, upTo = false) {
        const tag = frame.fields.deliveryTag;
        frames.push(`ack ${tag}${upTo ? '+' : ''}`);
        assert.ok(open.delete(tag), `${tag} was not open`);
        if (upTo) for (const other of [...open]) if (other < tag) open.delete(other);
      },
      reject(frame: Message, requeue?: boolean) {
        frames.push(`reject ${frame.fields.deliveryTag} ${requeue}`);
        assert.ok(open.delete(frame.fields.deliveryTag));
      },
    };
    return { frames, open, acks: new Acknowledger(channel as unknown as Channel) };
  };

  it('writes one frame for a run, and none for what is still open', () => {
    const { acks, frames, open } = recorder(6);
    for (const tag of [3, 1, 2, 5]) acks.acknowledge(message(tag));
    acks.flush();
    assert.deepEqual(frames, ['ack 3+', 'ack 5']);
    acks.acknowledge(message(4));
    acks.flush();
    assert.deepEqual(frames.slice(2), ['ack 4']);
    acks.acknowledge(message(6));
    acks.flush();
    assert.deepEqual([...open], []);
  });

  it('never settles what nobody has settled, whatever the order of the verbs', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      let state = seed;
      const random = (): number => {
        state = (state * 1103515245 + 12345) % 2147483648;
        return state / 2147483648;
      };
      const { acks, open } = recorder(40);
      const expected = new Set(open);
      for (let step = 0; step < 35; step += 1) {
        const left = [...expected];
        const tag = left[Math.floor(random() * Math.min(left.length, 8))] ?? 0;
        expected.delete(tag);
        if (random() < 0.2) acks.reject(message(tag), random() < 0.5);
        else acks.acknowledge(message(tag));
        if (random() < 0.3) acks.flush();
      }
      acks.flush();
      assert.deepEqual([...open].sort(), [...expected].sort(), `seed ${seed}`);
    }
  });
});

describe('AMQP: shards among processes', () => {
  it('leaves what is more than our part', () => {
    assert.deepEqual(surplus([true, true, true, true], 1), []);
    assert.deepEqual(surplus([true, true, true, true], 2), [2, 3]);
    assert.deepEqual(surplus([true, true, true, true], 3), [2, 3]);
    assert.deepEqual(surplus([false, true, false, true], 2), []);
    assert.deepEqual(surplus([true, true], 5), [1]);
    assert.deepEqual(surplus([true, true], 0), []);
  });
});

describe('the queue of what is published', () => {
  const error = (code: string) => new CrossdockError(code, { code, kind: 'transient' });
  const open = (maxInFlight: number) => {
    const late = { count: 0 };
    const queue = new PublishQueue<string>({
      maxInFlight,
      timeUp: (_message, sent) => error(sent ? 'SENT' : 'WAITED'),
      overdue: () => {
        late.count += 1;
      },
    });
    return { queue, late };
  };

  it('sends what was not confirmed first again, in the same order', async () => {
    const { queue } = open(2);
    const all = ['a', 'b', 'c'].map((name) => queue.add(name, 5000, 5));
    const first = queue.take();
    const second = queue.take();
    assert.deepEqual([first?.message, second?.message, queue.take()], ['a', 'b', undefined]);
    if (first !== undefined) queue.settle(first);
    queue.again();
    const again = [queue.take(), queue.take()];
    assert.deepEqual(
      again.map((pending) => pending?.message),
      ['b', 'c'],
    );
    for (const pending of again) if (pending !== undefined) queue.settle(pending);
    await Promise.all(all);
    queue.close(() => error('X'));
  });

  it('sends by priority, in order within one, and never lets one wait for good', async () => {
    const { queue } = open(1);
    const names: string[] = [];
    const added: Promise<void>[] = [];
    const add = (name: string, priority: number): void => {
      added.push(queue.add(name, 5000, priority));
    };
    for (let n = 0; n < 3; n += 1) add(`catalogue ${n}`, 9);
    for (let n = 0; n < 20; n += 1) add(`stock ${n}`, 5);
    add('sold out', 1);
    const sendOne = (): void => {
      const next = queue.take();
      assert.ok(next !== undefined);
      names.push(next.message);
      queue.settle(next);
    };
    sendOne();
    assert.equal(names[0], 'sold out');
    const interrupted = queue.take();
    queue.again();
    while (queue.waiting > 0) sendOne();
    await Promise.all(added);
    assert.equal(names[1], interrupted?.message, 'what was under way goes first again');
    const of = (kind: string) => names.filter((name) => name.startsWith(kind));
    for (const kind of ['catalogue', 'stock']) {
      assert.deepEqual(
        of(kind),
        of(kind).map((_name, n) => `${kind} ${n}`),
        'in order within a priority',
      );
    }
    const last = names.lastIndexOf('stock 19');
    const before = names.slice(0, last).filter((name) => name.startsWith('catalogue')).length;
    assert.ok(before >= 1 && before <= 3, `${before} of the catalogue went between 20 of the stock`);
    assert.equal(queue.waiting, 0);
    queue.close(() => error('X'));
  });

  it('gives each its own time, and does not send again what has run out of it', async () => {
    const { queue, late } = open(1);
    const long = queue.add('long', 60_000, 5);
    const sent = queue.take();
    await assert.rejects(queue.add('waits', 10, 5), failsWith('WAITED', 'transient'));
    if (sent !== undefined) queue.settle(sent);
    await long;
    const short = queue.add('short', 10, 5);
    queue.take();
    await assert.rejects(short, failsWith('SENT', 'transient'));
    await waitFor(() => late.count === 2);
    queue.again();
    assert.equal(queue.take(), undefined);
    queue.close(() => error('X'));
  });

  it('keeps its order beyond thousands of waiting messages', async () => {
    const { queue } = open(1);
    const all = Array.from({ length: 10_000 }, (_, index) => queue.add(String(index), 60_000, 5));
    for (let index = 0; index < all.length; index += 1) {
      const pending = queue.take();
      assert.equal(pending?.message, String(index));
      if (pending !== undefined) queue.settle(pending);
    }
    await Promise.all(all);
    assert.equal(queue.waiting, 0);
    queue.close(() => error('X'));
  });
});
