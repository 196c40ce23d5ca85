/** The promises of a durable subscription, whatever the broker and its protocol. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { CloudEvent, EventChannel, ReceivedMessage, Subscription } from '../../core/channel';
import { startTcpProxy, waitFor } from '../support';
import { failsWith, sampleEvent } from './channel-suite';

export interface SubscriptionSubject {
  /** Where the broker is, for a proxy in front of it. */
  readonly url: string;
  /** A channel with this address prefix; at the broker or, through a proxy, at `url`. Reconnects quickly. */
  open(prefix: string, url?: string): EventChannel;
  /** Publishes any bytes, as some other program would. */
  publishBytes(prefix: string, address: string, body: Buffer): Promise<void>;
  /** Whether a message that comes again says so. */
  readonly marksRedelivered: boolean;
}

/** A subscriber that keeps what it gets, and settles it as told. */
interface Listener {
  readonly subscription: Subscription;
  readonly got: ReceivedMessage[];
  /** Subjects of the events, in the order of their arrival. */
  subjects(): string[];
}

const acknowledge = (message: ReceivedMessage): void => message.acknowledge();
const keep = (): void => undefined;

export function subscriptionSuite(subject: () => SubscriptionSubject): void {
  const opened: Array<{ close(): Promise<void> }> = [];
  let prefix = '';
  beforeEach(() => {
    prefix = `t/${randomUUID()}`;
  });
  afterEach(async () => {
    for (const thing of opened.splice(0).reverse()) await thing.close();
  });
  const open = (url?: string): EventChannel => {
    const channel = subject().open(prefix, url);
    opened.push(channel);
    return channel;
  };
  const connected = ({ state }: { readonly state: { readonly status: string } }): boolean =>
    state.status === 'connected';
  /** Subscribes and waits until messages can arrive. */
  const listen = async (
    channel: EventChannel,
    settle: (message: ReceivedMessage, count: number) => void = acknowledge,
    more: { name?: string; filter?: string; previousFilter?: string; window?: number } = {},
  ): Promise<Listener> => {
    const got: ReceivedMessage[] = [];
    const subscription = channel.subscribe(
      { name: 'orders', filter: '#', window: 20, ...more },
      (message) => {
        got.push(message);
        settle(message, got.length);
      },
    );
    await waitFor(() => connected(subscription), { what: 'the subscription' });
    return { subscription, got, subjects: () => got.map(({ event }) => event?.subject ?? '?') };
  };
  const publish = async (channel: EventChannel, from: number, to: number): Promise<void> => {
    const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
    await Promise.all(numbers.map((n) => channel.publish(sampleEvent(n), { timeoutMs: 30_000 })));
  };
  const subjects = (from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, index) => `A-${from + index}`);

  it('delivers the event and its address, once when it is acknowledged', async () => {
    const channel = open();
    const { subscription, got } = await listen(channel);
    await channel.publish(sampleEvent(1));
    await waitFor(() => got.length === 1);
    assert.deepEqual(got[0]?.event, sampleEvent(1));
    assert.equal(got[0]?.address, 'distribution/inventory/changed/main/A-1');
    assert.equal(got[0]?.problem, undefined);
    assert.equal(got[0]?.redelivered, false);
    await subscription.close();
    const again = await listen(channel);
    await channel.publish(sampleEvent(2));
    await waitFor(() => again.got.length > 0);
    assert.deepEqual(again.subjects(), ['A-2']);
    assert.equal(subscription.staleAcknowledgements, 0);
  });

  it('writes the acknowledgements of the last moment when it closes', async () => {
    const channel = open();
    const first = await listen(channel, keep);
    await publish(channel, 1, 10);
    await waitFor(() => first.got.length === 10);
    for (const message of first.got) message.acknowledge();
    await first.subscription.close();
    await first.subscription.close();
    assert.equal(first.subscription.state.status, 'closed');
    const second = await listen(channel);
    await channel.publish(sampleEvent(11));
    await waitFor(() => second.got.length > 0);
    assert.deepEqual(second.subjects(), ['A-11']);
  });

  it('gets again, in order, what it had not acknowledged when it closed', async () => {
    const channel = open();
    const first = await listen(channel, (message, count) => count === 2 && message.acknowledge());
    await publish(channel, 1, 5);
    await waitFor(() => first.got.length === 5);
    await first.subscription.close();
    const second = await listen(channel);
    await waitFor(() => second.got.length === 4);
    assert.deepEqual(second.subjects(), ['A-1', 'A-3', 'A-4', 'A-5']);
    if (subject().marksRedelivered) assert.ok(second.got.every(({ redelivered }) => redelivered));
    // The verbs of the first one's messages mean nothing any more, but they are counted.
    first.got[0]?.acknowledge();
    first.got[0]?.acknowledge();
    first.got[2]?.requeue();
    assert.equal(first.subscription.staleAcknowledgements, 1);
  });

  it('gets what was published while it was away, also over a restart of the channel', async () => {
    const channel = open();
    await (await listen(channel)).subscription.close();
    await channel.close();
    const other = open();
    await publish(other, 1, 50);
    const { got, subjects: arrived } = await listen(other);
    await waitFor(() => got.length === 50);
    assert.deepEqual(arrived(), subjects(1, 50));
  });

  it('takes the addresses of its filter and no others', async () => {
    const channel = open();
    const cases = {
      'order/#': ['order', 'order/a', 'order/a/b'],
      'order/+': ['order/a'],
      '+/a/#': ['order/a', 'order/a/b'],
      'order/a/b': ['order/a/b'],
    } as const;
    const listeners = await Promise.all(
      Object.keys(cases).map((filter) => listen(channel, acknowledge, { name: `f ${filter}`, filter })),
    );
    const all = await listen(channel, acknowledge, { name: 'all' });
    for (const address of ['order', 'order/a', 'order/a/b', 'orders/x', 'x/order']) {
      await channel.publish(sampleEvent(1), { address });
    }
    for (const name of Object.keys(cases)) {
      await channel.publish(sampleEvent(2), { address: name.replaceAll(/[+#]/g, 'a') });
    }
    await waitFor(
      () => all.got.length === 9 && listeners.every(({ subjects: got }) => got().includes('A-2')),
    );
    for (const [index, expected] of Object.values(cases).entries()) {
      const got = listeners[index]?.got.filter(({ event }) => event?.subject === 'A-1') ?? [];
      assert.deepEqual(
        got.map(({ address }) => address),
        expected,
      );
    }
  });

  it('keeps the order of a publisher, whatever the order of the acknowledgements', async () => {
    const channel = open();
    const held: ReceivedMessage[] = [];
    const { got, subjects: arrived } = await listen(channel, (message) => {
      held.push(message);
      // By sevens, and backwards.
      if (held.length === 7) for (const one of held.splice(0).reverse()) one.acknowledge();
    });
    await publish(channel, 1, 210);
    await waitFor(() => got.length === 210);
    assert.deepEqual(arrived(), subjects(1, 210));
  });

  it('never has more than its window open', async () => {
    const channel = open();
    const { got } = await listen(channel, keep, { window: 5 });
    const fence = await listen(channel, acknowledge, { name: 'fence', window: 100 });
    await publish(channel, 1, 30);
    await waitFor(() => fence.got.length === 30 && got.length === 5);
    let most = 0;
    for (let settled = 0; settled < 30; settled += 1) {
      await waitFor(() => got.length > settled);
      most = Math.max(most, got.length - settled);
      got[settled]?.acknowledge();
    }
    assert.equal(got.length, 30);
    assert.equal(most, 5);
  });

  it('delivers again what was given back, and only that', async () => {
    const channel = open();
    let refused = 0;
    const { got, subjects: arrived } = await listen(channel, (message) => {
      if (message.event?.subject === 'A-2' && refused < 2) {
        refused += 1;
        message.requeue();
      } else message.acknowledge();
    });
    await publish(channel, 1, 4);
    await waitFor(() => got.length === 6);
    assert.deepEqual(arrived().sort(), ['A-1', 'A-2', 'A-2', 'A-2', 'A-3', 'A-4']);
    await channel.publish(sampleEvent(5));
    await waitFor(() => arrived().includes('A-5'));
    assert.equal(got.length, 7);
  });

  it('goes on when its whole window was given back', async () => {
    const channel = open();
    const { got, subjects: arrived } = await listen(
      channel,
      (message, count) => (count <= 3 ? message.requeue() : message.acknowledge()),
      { window: 3 },
    );
    await publish(channel, 1, 9);
    await waitFor(() => new Set(arrived().slice(3)).size === 9);
    assert.deepEqual(new Set(arrived()), new Set(subjects(1, 9)));
    assert.ok(got.length >= 12);
  });

  it('does not get again what it discarded', async () => {
    const channel = open();
    const first = await listen(channel, (message) => message.discard());
    await publish(channel, 1, 3);
    await waitFor(() => first.got.length === 3);
    await first.subscription.close();
    const second = await listen(channel);
    await channel.publish(sampleEvent(4));
    await waitFor(() => second.got.length > 0);
    assert.deepEqual(second.subjects(), ['A-4']);
  });

  it('delivers what is no event with the reason, byte for byte, and goes on', async () => {
    const channel = open();
    const { got } = await listen(channel);
    const bodies = ['', 'plain text', '{"specversion":"1.0"}', 'null', '[]', '{"a":', '\u0000'].map((text) =>
      Buffer.from(text),
    );
    bodies.push(Buffer.from([0xc3, 0x28, 0xff, 0xfe, 0x00]), Buffer.alloc(70_000, 0xff));
    for (const body of bodies) await subject().publishBytes(prefix, 'any/thing', body);
    await waitFor(() => got.length === bodies.length);
    assert.deepEqual(
      got.map(({ body }) => body),
      bodies,
    );
    for (const { event, problem, address } of got) {
      assert.equal(event, undefined);
      assert.equal(`${problem?.code} ${problem?.kind}`, 'EVENT_INVALID permanent');
      assert.equal(address, 'any/thing');
    }
    await channel.publish(sampleEvent(1));
    await waitFor(() => got.at(-1)?.event?.subject === 'A-1');
  });

  it('a cut makes open messages stale: their acknowledgements are counted, and they come again', async () => {
    const proxy = await startTcpProxy({ target: subject().url });
    opened.push(proxy);
    const publisher = open();
    const { subscription, got, subjects: arrived } = await listen(open(proxy.url), keep);
    await publish(publisher, 1, 4);
    await waitFor(() => got.length === 4);
    const early = [...got];
    // A warning that comes late (who the broker is) tells `connected` once more: that is no change.
    const states: string[] = [subscription.state.status];
    subscription.onState(({ status }) => {
      if (status !== states.at(-1)) states.push(status);
    });
    proxy.reset();
    await waitFor(() => got.length === 8);
    for (const message of early) message.acknowledge();
    assert.equal(subscription.staleAcknowledgements, 4);
    assert.deepEqual(arrived(), [...subjects(1, 4), ...subjects(1, 4)]);
    for (const message of got.slice(4)) message.acknowledge();
    assert.equal(subscription.staleAcknowledgements, 4);
    await waitFor(() => states.length >= 3);
    assert.deepEqual(states.slice(0, 3), ['connected', 'reconnecting', 'connected']);
    await publisher.publish(sampleEvent(5));
    await waitFor(() => got.length === 9);
    assert.equal(arrived().at(-1), 'A-5');
  });

  it('loses nothing while its connection is cut again and again', async () => {
    const proxy = await startTcpProxy({ target: subject().url });
    opened.push(proxy);
    const publisher = open();
    const done = new Set<string>();
    const late: ReceivedMessage[] = [];
    const { subscription, got } = await listen(open(proxy.url), (message) => {
      // Acknowledged some time later, as an inbox does after its commit.
      late.push(message);
      setImmediate(() => {
        for (const one of late.splice(0)) {
          done.add(one.event?.subject ?? '?');
          one.acknowledge();
        }
      });
    });
    const all = publish(publisher, 1, 400);
    for (const share of [20, 80, 140, 200, 260, 320, 380]) {
      await waitFor(() => done.size >= share);
      proxy.reset();
    }
    await all;
    await waitFor(() => done.size === 400, { what: 'all 400 events' });
    assert.deepEqual(done, new Set(subjects(1, 400)));
    assert.ok(got.length >= 400);
    await waitFor(() => connected(subscription));
  });

  it('says why it is not connected, and comes back by itself', async () => {
    const proxy = await startTcpProxy({ target: subject().url });
    opened.push(proxy);
    proxy.cut();
    const got: ReceivedMessage[] = [];
    const subscription = open(proxy.url).subscribe({ name: 'orders', filter: '#', window: 5 }, (message) => {
      got.push(message);
      message.acknowledge();
    });
    await waitFor(() => subscription.state.reason !== undefined);
    assert.equal(subscription.state.status, 'connecting');
    assert.equal(subscription.state.reason?.code, 'CHANNEL_UNREACHABLE');
    proxy.restore();
    await waitFor(() => connected(subscription));
    assert.equal(subscription.state.reason, undefined);
    await open().publish(sampleEvent(1));
    await waitFor(() => got.length === 1);
    proxy.cut();
    await waitFor(() => subscription.state.status === 'reconnecting');
  });

  it('forgets its previous filter when it has changed', async () => {
    const channel = open();
    const first = await listen(channel, acknowledge, { filter: 'order/#' });
    await first.subscription.close();
    const second = await listen(channel, acknowledge, { filter: 'stock/#', previousFilter: 'order/#' });
    await channel.publish(sampleEvent(2), { address: 'stock/a' });
    await second.subscription.close();
    // An address that only the earlier filter takes has nobody left, which some brokers say.
    await channel
      .publish(sampleEvent(1), { address: 'order/a' })
      .catch(failsWith('CHANNEL_UNROUTABLE', 'transient'));
    const third = await listen(channel, acknowledge, { filter: 'stock/#' });
    await channel.publish(sampleEvent(3), { address: 'stock/a' });
    await waitFor(() => third.subjects().includes('A-3'));
    const got = [...second.subjects(), ...third.subjects()];
    assert.deepEqual(got, ['A-2', 'A-3']);
  });

  it('ends at the broker when it is removed', async () => {
    const channel = open();
    const first = await listen(channel, keep);
    await publish(channel, 1, 2);
    await waitFor(() => first.got.length === 2);
    await first.subscription.remove();
    assert.equal(first.subscription.state.status, 'closed');
    await channel.publish(sampleEvent(3)).catch(failsWith('CHANNEL_UNROUTABLE', 'transient'));
    const second = await listen(channel);
    await channel.publish(sampleEvent(4));
    await waitFor(() => second.got.length > 0);
    assert.deepEqual(second.subjects(), ['A-4']);
  });

  it('a subscriber that throws against its contract gets the message again', async () => {
    const channel = open();
    const { subjects: arrived } = await listen(channel, (message, count) => {
      if (count === 1) throw new Error('a fault of the subscriber');
      message.acknowledge();
    });
    await channel.publish(sampleEvent(1));
    await waitFor(() => arrived().length === 2);
    assert.deepEqual(arrived(), ['A-1', 'A-1']);
  });

  it('refuses filters that cannot be, and ends with its channel', async () => {
    const channel = open();
    for (const filter of ['', 'a//b', '#/a', 'a+', 'a/#/b', '/a', 'a\u0000']) {
      assert.throws(
        () => channel.subscribe({ name: 'x', filter, window: 1 }, keep),
        failsWith('CONFIG_INVALID', 'permanent', /filter/),
      );
    }
    const { subscription } = await listen(channel);
    await channel.close();
    assert.equal(subscription.state.status, 'closed');
    const event: CloudEvent = sampleEvent(1);
    await assert.rejects(channel.publish(event), failsWith('CHANNEL_OFFLINE', 'transient'));
  });
}
