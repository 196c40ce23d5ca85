import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import {
  type AmqpChannelConfig,
  type ChannelState,
  checkTopology,
  type EventChannel,
  openAmqpChannel,
  type ReceivedMessage,
  type Subscription,
} from '../../core/channel';
import { failsWith, QUICK, sampleEvent } from '../core/channel-suite';
import { startTcpProxy, type TcpProxy, waitFor } from '../support';
import { OwnRabbit } from './own-rabbit';
import { PersistentSender } from './persistent-sender';

/** What a test has opened is closed also when it fails, in the order of opening, and its things at the broker go. */
class Bench {
  readonly exchange = `t-${randomUUID()}`;
  readonly #opened: Array<{ close(): Promise<void> }> = [];

  constructor(readonly url: string) {}

  channel(config: Partial<AmqpChannelConfig> = {}): EventChannel {
    const channel = openAmqpChannel({ url: this.url, exchange: this.exchange, ...QUICK, ...config });
    this.#opened.push(channel);
    return channel;
  }

  async proxy(): Promise<TcpProxy> {
    const proxy = await startTcpProxy({ target: this.url });
    this.#opened.push(proxy);
    return proxy;
  }

  /** Asks the broker itself, beside our code. */
  async ask<T>(action: (channel: Channel, model: ChannelModel) => Promise<T>): Promise<T> {
    const model = await connect(this.url);
    model.on('error', () => undefined);
    try {
      const channel = await model.createChannel();
      channel.on('error', () => undefined);
      return await action(channel, model);
    } finally {
      await model.close().catch(() => undefined);
    }
  }

  /** Messages that wait in a queue of this bench. */
  waiting(queue: string): Promise<number> {
    return this.ask(async (channel) => (await channel.checkQueue(`${this.exchange}.${queue}`)).messageCount);
  }

  async end(queues: readonly string[]): Promise<void> {
    for (const thing of this.#opened.splice(0)) await thing.close();
    await this.ask(async (channel) => {
      for (const queue of queues) {
        for (const suffix of ['', '.2', '.3', '.4', '.members', '.dead'])
          await channel.deleteQueue(`${this.exchange}.${queue}${suffix}`);
        await channel.deleteExchange(`${this.exchange}.${queue}.hash`);
      }
      await channel.deleteExchange(this.exchange);
      await channel.deleteExchange(`${this.exchange}.dlx`);
    });
  }
}

/** A subscription that keeps what it gets. */
function keep(
  channel: EventChannel,
  options: {
    name?: string;
    filter?: string;
    previousFilter?: string;
    window?: number;
    each?: (message: ReceivedMessage) => void;
  } = {},
) {
  const { name = 'q', filter = '#', window = 50, each, previousFilter } = options;
  const messages: ReceivedMessage[] = [];
  const states: ChannelState[] = [];
  const subscription: Subscription = channel.subscribe(
    { name, filter, window, ...(previousFilter === undefined ? {} : { previousFilter }) },
    (message) => {
      messages.push(message);
      each?.(message);
    },
  );
  subscription.onState((state) => states.push(state));
  return {
    subscription,
    messages,
    states,
    ids: () => new Set(messages.map(({ event }) => event?.id)),
    subjects: () => messages.map(({ event }) => event?.subject),
    ready: () =>
      waitFor(() => subscription.state.status === 'connected', {
        what: `consuming (${subscription.state.reason?.message})`,
        timeoutMs: 20_000,
      }),
  };
}

const acknowledge = (message: ReceivedMessage): void => message.acknowledge();
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('channel: AMQP over a real RabbitMQ', function () {
  this.timeout(60_000);
  const url = process.env['RABBITMQ_TEST_URL'] ?? '';
  let bench: Bench;
  before(function () {
    if (url === '') this.skip();
  });
  beforeEach(() => {
    bench = new Bench(url);
  });
  afterEach(() => bench?.end(['q', 'other']));

  describe('publishes', () => {
    it('delivers the event unchanged, under its address, in order', async () => {
      const events = bench.channel({ maxInFlight: 3 });
      const consumer = keep(events, { each: acknowledge });
      await consumer.ready();
      await Promise.all(numbers(200).map((n) => events.publish(sampleEvent(n, 'A/B.+#'))));
      await waitFor(() => consumer.messages.length === 200);
      assert.deepEqual(
        consumer.messages.map(({ event }) => Number(event?.sequence)),
        numbers(200),
      );
      const [first] = consumer.messages;
      assert.equal(first?.address, 'distribution/inventory/changed/main/A%2FB.%2B%23-1');
      assert.deepEqual(first?.event, sampleEvent(1, 'A/B.+#'));
      assert.equal(first?.messageId, sampleEvent(1, 'A/B.+#').id);
      assert.equal(first?.problem, undefined);
      assert.equal(first?.redelivered, false);
      assert.deepEqual(events.state, { status: 'connected', protocol: 'AMQP 0-9-1' });
      await waitFor(async () => (await bench.waiting('q')) === 0);
    });

    it('reports every event that nobody is subscribed to, and none other', async () => {
      const events = bench.channel();
      const results = await Promise.allSettled(numbers(500).map((n) => events.publish(sampleEvent(n))));
      for (const result of results) {
        assert.equal(result.status, 'rejected');
        failsWith('CHANNEL_UNROUTABLE', 'transient', /subscribed to distribution\/inventory/)(result.reason);
      }
      const half = keep(events, { name: 'other', filter: 'half/#', each: acknowledge });
      await half.ready();
      const mixed = await Promise.all(
        numbers(500).map((n) =>
          events.publish(sampleEvent(n), { address: n % 2 === 0 ? `half/${n}` : `none/${n}` }).then(
            () => true,
            (error: unknown) => failsWith('CHANNEL_UNROUTABLE', 'transient')(error) && false,
          ),
        ),
      );
      assert.deepEqual(
        mixed,
        numbers(500).map((n) => n % 2 === 0),
      );
      await waitFor(() => half.messages.length === 250);
    });

    it('tells apart two sendings of one event of which one is unroutable', async () => {
      const events = bench.channel();
      const consumer = keep(events, { filter: 'here', each: acknowledge });
      await consumer.ready();
      const event = sampleEvent(1);
      const [lost, kept] = await Promise.allSettled([
        events.publish(event, { address: 'nowhere' }),
        events.publish(event, { address: 'here' }),
      ]);
      assert.deepEqual([lost.status, kept.status], ['rejected', 'fulfilled']);
    });

    it('resolves only after the broker has confirmed', async () => {
      const proxy = await bench.proxy();
      await keep(bench.channel()).ready();
      const events = bench.channel({ url: proxy.url });
      await events.publish(sampleEvent(1));
      proxy.holdReplies();
      let done = false;
      const published = events.publish(sampleEvent(2)).then(() => {
        done = true;
      });
      // The broker has it, its confirmation is held back.
      await waitFor(async () => (await bench.waiting('q')) >= 0 && proxy.bytes.up > 0);
      await new Promise((turn) => setImmediate(turn));
      assert.equal(done, false);
      proxy.restore();
      await published;
    });

    it('says that user name or password are wrong, keeps trying, and rejects as offline', async () => {
      const events = bench.channel({ password: 'wrong' });
      await waitFor(() => events.state.reason !== undefined);
      assert.equal(events.state.status, 'reconnecting');
      assert.equal(events.state.reason?.code, 'CHANNEL_CREDENTIALS');
      assert.doesNotMatch(events.state.reason?.message ?? '', /wrong/);
      await assert.rejects(
        events.publish(sampleEvent(1), { timeoutMs: 50 }),
        failsWith('CHANNEL_OFFLINE', 'transient', /user name/),
      );
    });

    it('says that the virtual host is refused', async () => {
      const events = bench.channel({ vhost: 'no-such-host' });
      await waitFor(() => events.state.reason !== undefined);
      assert.equal(events.state.reason?.code, 'CHANNEL_VHOST');
      assert.match(events.state.reason?.message ?? '', /virtual host "no-such-host"/);
    });

    it('waits for the broker within the bound; what it rejected is not sent later', async () => {
      const proxy = await bench.proxy();
      proxy.cut();
      const consumer = keep(bench.channel(), { each: acknowledge });
      await consumer.ready();
      const events = bench.channel({ url: proxy.url, maxWaiting: 2 });
      await assert.rejects(
        events.publish(sampleEvent(1), { timeoutMs: 60 }),
        failsWith('CHANNEL_OFFLINE', 'transient', /No connection/),
      );
      const waiting = [events.publish(sampleEvent(2)), events.publish(sampleEvent(3))];
      await assert.rejects(events.publish(sampleEvent(4)), failsWith('CHANNEL_OFFLINE', 'transient'));
      proxy.restore();
      await Promise.all(waiting);
      await waitFor(() => consumer.messages.length === 2);
      assert.deepEqual(consumer.subjects(), ['A-2', 'A-3']);
    });

    it('loses nothing that it confirmed, and keeps the order, when the network cuts again and again', async () => {
      const proxy = await bench.proxy();
      const consumer = keep(bench.channel(), { each: acknowledge });
      await consumer.ready();
      const events = bench.channel({ url: proxy.url, maxInFlight: 8 });
      const confirmed = new Set<string>();
      const published = Promise.all(
        numbers(300).map(async (n) => {
          await events.publish(sampleEvent(n), { timeoutMs: 30_000 });
          confirmed.add(sampleEvent(n).id);
        }),
      );
      for (const share of [40, 120, 200]) {
        await waitFor(() => confirmed.size >= share);
        proxy.reset();
      }
      await published;
      await waitFor(() => consumer.ids().size === 300);
      // Repeats are allowed, but nothing may overtake: the first sight of each is in order.
      assert.deepEqual(
        [...new Set(consumer.messages.map(({ event }) => Number(event?.sequence)))],
        numbers(300),
      );
    });

    it('gives up on a broker that went silent, and sends again by itself', async () => {
      const proxy = await bench.proxy();
      await keep(bench.channel()).ready();
      const events = bench.channel({ url: proxy.url });
      await events.publish(sampleEvent(1));
      proxy.blackhole();
      const patient = events.publish(sampleEvent(3));
      await assert.rejects(
        events.publish(sampleEvent(2), { timeoutMs: 100 }),
        failsWith('CHANNEL_TIMEOUT', 'transient'),
      );
      assert.equal(events.state.status, 'reconnecting');
      proxy.restore();
      await patient;
      assert.equal(events.state.status, 'connected');
    });

    it('declares the exchange again when somebody has deleted it', async () => {
      const events = bench.channel();
      const consumer = keep(events, { each: acknowledge });
      await consumer.ready();
      await events.publish(sampleEvent(1));
      await bench.ask((channel) => channel.deleteExchange(bench.exchange));
      // Bindings go with the exchange: until the subscription has bound again, nobody is subscribed.
      await waitFor(() =>
        events.publish(sampleEvent(2)).then(
          () => true,
          (error: unknown) => failsWith('CHANNEL_UNROUTABLE', 'transient')(error) && false,
        ),
      );
      await waitFor(() => consumer.subjects().includes('A-2'));
    });

    it('tells that a full queue refuses the event', async () => {
      const events = bench.channel();
      await waitFor(() => events.state.status === 'connected');
      await bench.ask(async (channel) => {
        const queue = `${bench.exchange}.q`;
        await channel.assertQueue(queue, { maxLength: 1, overflow: 'reject-publish' });
        await channel.bindQueue(queue, bench.exchange, '#');
      });
      await events.publish(sampleEvent(1));
      await assert.rejects(events.publish(sampleEvent(2)), failsWith('CHANNEL_BUSY', 'transient', /full/));
    });

    it('refuses for good what is not an event, not an address, or too large, and goes on', async () => {
      const events = bench.channel({ maxMessageBytes: 2000 });
      await keep(events, { each: acknowledge }).ready();
      const { id: _id, ...noId } = sampleEvent(1);
      await assert.rejects(events.publish(noId as never), failsWith('EVENT_INVALID', 'permanent', /id/));
      await assert.rejects(
        events.publish(sampleEvent(1), { address: 'a/+/b' }),
        failsWith('CHANNEL_REFUSED', 'permanent'),
      );
      await assert.rejects(
        events.publish(sampleEvent(1, 'x'.repeat(300))),
        failsWith('CHANNEL_REFUSED', 'permanent', /255/),
      );
      await assert.rejects(
        events.publish({ ...sampleEvent(1), data: 'x'.repeat(3000) }),
        failsWith('CHANNEL_REFUSED', 'permanent', /larger/),
      );
      await events.publish(sampleEvent(2));
    });

    it('lets what is in flight be confirmed when it closes, and refuses everything after that', async () => {
      const events = bench.channel();
      const consumer = keep(bench.channel(), { each: acknowledge });
      await consumer.ready();
      await events.publish(sampleEvent(1));
      const last = events.publish(sampleEvent(2));
      const closed = events.close();
      await assert.rejects(
        events.publish(sampleEvent(3)),
        failsWith('CHANNEL_OFFLINE', 'transient', /closed/),
      );
      await last;
      await closed;
      await events.close();
      assert.equal(events.state.status, 'closed');
      assert.equal(keep(events).subscription.state.status, 'closed');
      await waitFor(() => consumer.messages.length === 2);
    });
  });

  describe('subscribes', () => {
    it('keeps for a subscriber what comes while it is away', async () => {
      const events = bench.channel();
      const first = keep(events);
      await first.ready();
      await first.subscription.close();
      assert.equal(first.subscription.state.status, 'closed');
      await Promise.all(numbers(20).map((n) => events.publish(sampleEvent(n))));
      const second = keep(events, { each: acknowledge });
      await waitFor(() => second.messages.length === 20);
      assert.equal(first.messages.length, 0);
    });

    it('has no more messages open than its window', async () => {
      const events = bench.channel();
      const consumer = keep(events, { window: 3 });
      await consumer.ready();
      await Promise.all(numbers(10).map((n) => events.publish(sampleEvent(n))));
      await waitFor(() => consumer.messages.length === 3);
      // The others are seen waiting at the broker, and one leaves for each acknowledgement.
      await waitFor(async () => (await bench.waiting('q')) === 7);
      consumer.messages[0]?.acknowledge();
      await waitFor(async () => (await bench.waiting('q')) === 6);
      assert.equal(consumer.messages.length, 4);
    });

    it('gives back what was not acknowledged when it closes, and not what was', async () => {
      const events = bench.channel();
      const first = keep(events);
      await first.ready();
      await Promise.all(numbers(10).map((n) => events.publish(sampleEvent(n))));
      await waitFor(() => first.messages.length === 10);
      for (const message of first.messages.slice(0, 4)) message.acknowledge();
      await first.subscription.close();
      for (const message of first.messages.slice(4)) message.acknowledge();
      assert.equal(first.subscription.staleAcknowledgements, 6);
      const second = keep(bench.channel(), { each: acknowledge });
      await waitFor(() => second.messages.length === 6);
      assert.deepEqual(
        second.subjects(),
        first.messages.slice(4).map(({ event }) => event?.subject),
      );
      assert.ok(second.messages.every(({ redelivered, deliveries }) => redelivered && deliveries === 1));
      await waitFor(async () => (await bench.waiting('q')) === 0);
    });

    it('drops late acknowledgements of an earlier connection: nothing is lost by them', async () => {
      const proxy = await bench.proxy();
      const events = bench.channel();
      const consumer = keep(bench.channel({ url: proxy.url }));
      await consumer.ready();
      await Promise.all(numbers(5).map((n) => events.publish(sampleEvent(n))));
      await waitFor(() => consumer.messages.length === 5);
      const early = consumer.messages.slice();
      proxy.reset();
      await waitFor(() => consumer.messages.length === 10);
      for (const message of early) {
        message.acknowledge();
        message.acknowledge();
      }
      assert.equal(consumer.subscription.staleAcknowledgements, 5);
      // The same tags are open on the new channel: had the late ones been sent, these would be gone.
      await consumer.subscription.close();
      const after = keep(events, { each: acknowledge });
      await waitFor(() => after.messages.length === 5);
      assert.deepEqual(after.ids(), new Set(early.map(({ event }) => event?.id)));
    });

    it('delivers again what was requeued, and counts', async () => {
      const events = bench.channel();
      const consumer = keep(events, {
        each: (message) => (message.redelivered ? message.acknowledge() : message.requeue()),
      });
      await consumer.ready();
      await events.publish(sampleEvent(1));
      await waitFor(() => consumer.messages.length === 2);
      assert.equal(consumer.messages[1]?.deliveries, 1);
      await waitFor(async () => (await bench.waiting('q')) === 0);
    });

    it('brings what was discarded to the dead letters, with its history', async () => {
      const events = bench.channel();
      const consumer = keep(events, { each: (message) => message.discard() });
      await consumer.ready();
      await events.publish(sampleEvent(1));
      await waitFor(async () => (await bench.waiting('q.dead')) === 1);
      const dead = await bench.ask((channel) => channel.get(`${bench.exchange}.q.dead`));
      assert.ok(dead !== false);
      const [death] = dead.properties.headers?.['x-death'] ?? [];
      assert.equal(death?.reason, 'rejected');
      assert.equal(death?.queue, `${bench.exchange}.q`);
      assert.equal(dead.properties.messageId, sampleEvent(1).id);
    });

    it('brings to the dead letters what was delivered too often', async () => {
      const events = bench.channel({ deliveryLimit: 3 });
      const consumer = keep(events, { each: (message) => message.requeue() });
      await consumer.ready();
      await events.publish(sampleEvent(1));
      await waitFor(async () => (await bench.waiting('q.dead')) === 1);
      assert.equal(consumer.messages.length, 4);
      const dead = await bench.ask((channel) => channel.get(`${bench.exchange}.q.dead`));
      assert.equal(dead !== false && dead.properties.headers?.['x-death']?.[0]?.reason, 'delivery_limit');
    });

    it('delivers to one process at a time, in order, also when that one goes', async () => {
      const events = bench.channel();
      const one = keep(bench.channel(), { each: acknowledge });
      await one.ready();
      const two = keep(bench.channel(), { each: acknowledge });
      await two.ready();
      for (const n of numbers(30)) await events.publish(sampleEvent(n));
      await waitFor(() => one.messages.length === 30);
      assert.equal(two.messages.length, 0);
      await one.subscription.close();
      for (const n of numbers(30)) await events.publish(sampleEvent(30 + n));
      await waitFor(() => two.messages.length === 30);
      assert.deepEqual(
        [...one.messages, ...two.messages].map(({ event }) => Number(event?.sequence)),
        numbers(60),
      );
    });

    it('hands over what one had not acknowledged before what follows, also to one that stands by', async () => {
      const events = bench.channel();
      const one = keep(bench.channel(), { window: 10 });
      await one.ready();
      const two = keep(bench.channel(), { each: acknowledge });
      await two.ready();
      for (const n of numbers(30)) await events.publish(sampleEvent(n));
      await waitFor(() => one.messages.length === 10);
      await one.subscription.close();
      await waitFor(() => two.messages.length === 30);
      assert.deepEqual(
        two.messages.map(({ event }) => Number(event?.sequence)),
        numbers(30),
      );
    });

    it('divides the messages among all processes when no order is wanted', async () => {
      const events = bench.channel({ order: 'none' });
      const both = [keep(bench.channel({ order: 'none' }), { window: 2 }), keep(events, { window: 2 })];
      for (const consumer of both) await consumer.ready();
      await Promise.all(numbers(4).map((n) => events.publish(sampleEvent(n))));
      await waitFor(() => both.every(({ messages }) => messages.length === 2));
    });

    it('delivers what is not an event, with what is wrong', async () => {
      const events = bench.channel();
      const consumer = keep(events, { each: acknowledge });
      await consumer.ready();
      await bench.ask(async (channel, model) => {
        const confirming = await model.createConfirmChannel();
        confirming.publish(bench.exchange, 'dist.v1.main.a%2Eb.c', Buffer.from('hello'), {
          contentType: 'text/plain',
          headers: { count: 3, yes: true, text: 'x', list: [1] },
        });
        await confirming.waitForConfirms();
        assert.ok(channel);
      });
      await waitFor(() => consumer.messages.length === 1);
      const [got] = consumer.messages;
      assert.equal(got?.event, undefined);
      assert.equal(got?.problem?.code, 'EVENT_INVALID');
      assert.equal(got?.address, 'a.b/c');
      assert.equal(got?.body.toString(), 'hello');
      assert.deepEqual(got?.headers, { count: '3', yes: 'true', text: 'x' });
    });

    it('takes the earlier filter away at the broker', async () => {
      const events = bench.channel();
      const first = keep(events, { filter: 'old/#' });
      await first.ready();
      await first.subscription.close();
      const second = keep(events, { filter: 'new/#', previousFilter: 'old/#', each: acknowledge });
      await second.ready();
      await events.publish(sampleEvent(1), { address: 'new/1' });
      await assert.rejects(
        events.publish(sampleEvent(2), { address: 'old/1' }),
        failsWith('CHANNEL_UNROUTABLE', 'transient'),
      );
    });

    it('consumes again by itself when somebody has deleted its queue', async () => {
      const events = bench.channel();
      const consumer = keep(events, { each: acknowledge });
      await consumer.ready();
      await bench.ask((channel) => channel.deleteQueue(`${bench.exchange}.q`));
      await waitFor(() => consumer.states.some(({ reason }) => reason?.code === 'CHANNEL_TOPOLOGY'));
      await consumer.ready();
      await events.publish(sampleEvent(1));
      await waitFor(() => consumer.messages.length === 1);
    });

    it('notices by itself that the connection is half open, and comes back', async () => {
      const proxy = await bench.proxy();
      const events = bench.channel({ url: proxy.url, heartbeatSeconds: 1 });
      const consumer = keep(events, { each: acknowledge });
      await consumer.ready();
      proxy.blackhole();
      await waitFor(() => consumer.subscription.state.status === 'reconnecting');
      await waitFor(() => events.state.status === 'reconnecting');
      assert.ok(consumer.states.some(({ reason }) => /went silent/.test(reason?.message ?? '')));
      proxy.restore();
      await consumer.ready();
      await events.publish(sampleEvent(1));
      await waitFor(() => consumer.messages.length === 1);
    });

    const exists = (queue: string) =>
      bench.waiting(queue).then(
        () => true,
        () => false,
      );

    it('removes its queue and empty dead letters, but not under another process', async () => {
      const [one, two] = [keep(bench.channel()), keep(bench.channel())];
      await one.ready();
      await two.ready();
      await one.subscription.remove();
      assert.equal(await exists('q'), true);
      await two.subscription.remove();
      assert.deepEqual([await exists('q'), await exists('q.dead')], [false, false]);
    });

    it('removes its queue also while the broker still counts its consumer', async () => {
      const events = bench.channel();
      const kept: number[] = [];
      // The broker takes a consumer off its queue a moment after the channel has closed: not every time seen.
      for (const n of numbers(12)) {
        const consumer = keep(events);
        await consumer.ready();
        await Promise.all(numbers(20).map((m) => events.publish(sampleEvent(m))));
        await waitFor(() => consumer.messages.length >= 20);
        await consumer.subscription.remove();
        if (await exists('q')) kept.push(n);
      }
      assert.deepEqual(kept, []);
    });
  });

  describe('topology', () => {
    it('says what to do when the queue exists with another type, and works once that is done', async () => {
      const classic = keep(bench.channel({ queueType: 'classic' }));
      await classic.ready();
      await classic.subscription.close();
      const events = bench.channel();
      const consumer = keep(events, { each: acknowledge });
      await waitFor(() => consumer.subscription.state.reason !== undefined);
      const { status, reason } = consumer.subscription.state;
      assert.deepEqual([status, reason?.code], ['reconnecting', 'CHANNEL_TOPOLOGY']);
      assert.match(reason?.message ?? '', /wanted quorum, there is classic.*delete the queue/);
      // The channel itself and others on it are not held up.
      assert.equal(events.state.status, 'connected');
      const other = keep(events, { name: 'other', each: acknowledge });
      await other.ready();
      await events.publish(sampleEvent(1));
      await waitFor(() => other.messages.length === 1);
      await bench.ask(async (channel) => {
        for (const queue of ['q', 'q.dead']) await channel.deleteQueue(`${bench.exchange}.${queue}`);
      });
      await consumer.ready();
    });

    it('compares without declaring', async () => {
      const config = { url, exchange: bench.exchange };
      const wanted = [{ name: 'q', filter: '#' }];
      const states = async (more: Partial<AmqpChannelConfig> = {}) =>
        (await checkTopology({ ...config, ...more }, wanted))
          .filter(({ state }) => state !== 'unknown')
          .map(({ item, state }) => [item.name.slice(bench.exchange.length), state]);
      assert.deepEqual(await states(), [
        ['', 'missing'],
        ['.dlx', 'missing'],
        ['.q.dead', 'missing'],
        ['.q', 'missing'],
      ]);
      assert.deepEqual((await states())[3], ['.q', 'missing']);
      await keep(bench.channel()).ready();
      assert.deepEqual((await states())[3], ['.q', 'present']);
      const different = await checkTopology({ ...config, deliveryLimit: 5 }, wanted);
      const queue = different.find(({ item }) => item.name === `${bench.exchange}.q`);
      assert.equal(queue?.state, 'different');
      assert.match(queue?.message ?? '', /x-delivery-limit: wanted 5, there is 20/);
    });

    it('declares nothing when somebody else does, and works once they have', async () => {
      const events = bench.channel({ declare: 'check' });
      const consumer = keep(events, { each: acknowledge });
      await waitFor(() => events.state.reason !== undefined);
      assert.equal(events.state.reason?.code, 'CHANNEL_TOPOLOGY');
      assert.match(events.state.reason?.message ?? '', /there is no exchange t-/);
      await waitFor(() => /no exchange/.test(consumer.subscription.state.reason?.message ?? ''));
      await keep(bench.channel()).ready();
      await consumer.ready();
      await waitFor(() => events.state.status === 'connected');
    });

    it('explains what shards need where the broker does not have it', async () => {
      const consumer = keep(bench.channel({ shards: 2 }));
      await waitFor(
        () =>
          consumer.subscription.state.reason !== undefined ||
          consumer.subscription.state.status === 'connected',
      );
      // With the plugin there is nothing to explain; a broker without it is the usual one here.
      if (consumer.subscription.state.status === 'connected') return;
      assert.match(consumer.subscription.state.reason?.message ?? '', /rabbitmq_consistent_hash_exchange/);
    });
  });
});

describe('channel: AMQP over a RabbitMQ that is killed, short of memory, or strict', function () {
  this.timeout(120_000);
  const broker = new OwnRabbit(['rabbitmq_consistent_hash_exchange']);
  let bench: Bench;
  before(async function () {
    if ((process.env['RABBITMQ_TEST_URL'] ?? '') === '' || !OwnRabbit.available) this.skip();
    await broker.start();
  });
  after(() => broker.remove());
  beforeEach(() => {
    bench = new Bench(broker.url);
  });
  afterEach(() => bench?.end(['q']));

  it('divides by partition key among shards, in order per key', async () => {
    const config = { shards: 3 };
    const events = bench.channel();
    const consumer = keep(bench.channel(config), { window: 30, each: acknowledge });
    await consumer.ready();
    const keys = numbers(12).map((n) => `key-${n}`);
    for (const n of numbers(10)) {
      await Promise.all(
        keys.map((key) => events.publish({ ...sampleEvent(n, key), partitionkey: key, id: `${key}/${n}` })),
      );
    }
    await waitFor(() => consumer.messages.length === 120);
    for (const key of keys) {
      const seen = consumer.messages.filter(({ event }) => event?.partitionkey === key);
      assert.deepEqual(
        seen.map(({ event }) => Number(event?.sequence)),
        numbers(10),
      );
    }
    // All of a key in one queue, and more than one queue used.
    await consumer.subscription.close();
    for (const key of keys) await events.publish({ ...sampleEvent(1, key), partitionkey: key });
    for (const key of keys) await events.publish({ ...sampleEvent(2, key), partitionkey: key });
    const found: string[][] = await bench.ask(async (channel) => {
      const perQueue = ['', '.2', '.3'].map(() => [] as string[]);
      for (const [index, suffix] of ['', '.2', '.3'].entries()) {
        await channel.consume(`${bench.exchange}.q${suffix}`, (message) => {
          perQueue[index]?.push(String(message?.properties.headers?.['partitionkey']));
        });
      }
      await waitFor(() => perQueue.flat().length === 24);
      return perQueue;
    });
    assert.ok(found.filter((seen) => seen.length > 0).length > 1);
    for (const seen of found) {
      for (const key of seen) assert.equal(seen.filter((other) => other === key).length, 2, key);
    }
  });

  it('shares the shards with a process that comes later, and takes them back when it goes', async () => {
    const config = { shards: 4 };
    const events = bench.channel();
    const one = keep(bench.channel(config), { each: acknowledge });
    await one.ready();
    const keys = numbers(40).map((n) => `key-${n}`);
    let round = 0;
    const publish = (): Promise<unknown> => {
      round += 1;
      return Promise.all(
        keys.map((key) => events.publish({ ...sampleEvent(round, key), partitionkey: key })),
      );
    };
    await publish();
    await waitFor(() => one.ids().size === 40);
    const two = keep(bench.channel(config), { each: acknowledge });
    await two.ready();
    await waitFor(async () => {
      await publish();
      return two.messages.length > 0;
    });
    const all = () => new Set([...one.ids(), ...two.ids()]).size;
    await waitFor(() => all() === round * 40);
    assert.ok(one.subscription.state.status === 'connected' && two.subscription.state.status === 'connected');
    await two.subscription.close();
    await publish();
    await waitFor(() => all() === round * 40);
  });

  it('kill -9 of the broker while publishing and consuming: everything confirmed is received', async () => {
    const consumer = keep(bench.channel(), { each: acknowledge });
    await consumer.ready();
    const events = bench.channel({ maxInFlight: 16 });
    await broker.quorumOnDisk();
    const sender = new PersistentSender(events, 5000);
    try {
      const all = Promise.all(numbers(900).map((n) => sender.untilConfirmed(sampleEvent(n, 'kill'))));
      for (const share of [200, 500]) {
        await waitFor(() => sender.confirmed.size >= share, {
          timeoutMs: 60_000,
          what: `${share} confirmed`,
        });
        await broker.kill();
        await broker.start();
      }
      await all;
    } finally {
      sender.stop();
    }
    await waitFor(() => [...sender.confirmed].every((id) => consumer.ids().has(id)), {
      what: 'all that was confirmed',
      timeoutMs: 60_000,
    });
    assert.equal(sender.confirmed.size, 900);
  });

  it('waits while the broker is short of memory, says so, and goes on', async () => {
    const events = bench.channel();
    const consumer = keep(events, { each: acknowledge });
    await consumer.ready();
    await events.publish(sampleEvent(1));
    await broker.control('set_vm_memory_high_watermark', 'absolute', '1MB');
    // The broker tells it to a connection when that publishes.
    const first = events.publish(sampleEvent(2), { timeoutMs: 100_000 });
    await waitFor(() => events.state.warning?.code === 'BROKER_BLOCKED');
    assert.equal(events.state.status, 'connected');
    await assert.rejects(
      events.publish(sampleEvent(3), { timeoutMs: 50 }),
      failsWith('CHANNEL_BUSY', 'transient', /memory or disk/),
    );
    await broker.control('set_vm_memory_high_watermark', 'absolute', '1GB');
    await first;
    await waitFor(() => events.state.warning === undefined);
    await waitFor(() => consumer.subjects().includes('A-2'));
    assert.ok(!consumer.subjects().includes('A-3'));
  });

  it('refuses for good what the user may not publish, and says what rights are missing', async () => {
    const consumer = keep(bench.channel(), { each: acknowledge });
    await consumer.ready();
    await broker.control('add_user', 'reader', 'secret');
    await broker.control('set_permissions', 'reader', '', '', '.*');
    const login = { username: 'reader', password: 'secret' };
    const cannotDeclare = bench.channel(login);
    await waitFor(() => cannotDeclare.state.reason !== undefined);
    assert.equal(cannotDeclare.state.reason?.code, 'CHANNEL_CREDENTIALS');
    assert.match(cannotDeclare.state.reason?.message ?? '', /right to declare the exchange/);
    const events = bench.channel({ ...login, declare: 'check' });
    await assert.rejects(
      events.publish(sampleEvent(1)),
      failsWith('CHANNEL_REFUSED', 'permanent', /may not publish/),
    );
  });
});
