import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import mqtt from 'mqtt';
import {
  type EventChannel,
  type MqttChannelConfig,
  openMqttChannel,
  type ReceivedMessage,
  type Subscription,
} from '../../core/channel';
import { type Broker, startBroker } from '../../sandbox/broker';
import { startTcpProxy, waitFor } from '../support';
import { subscriptionSuite } from './channel-subscription-suite';
import { failsWith, QUICK } from './channel-suite';
import { Packet, WireBroker, type WireOptions } from './mqtt-wire';

describe('subscription: MQTT over aedes (speaks 3.1.1 only)', () => {
  let broker: Broker;
  before(async () => {
    broker = await startBroker();
  });
  after(() => broker.close());
  subscriptionSuite(() => ({
    url: broker.url,
    open: (topicPrefix, url) => {
      // Two clients of one id would throw each other out: who goes through a proxy is another one.
      const clientId = `c-${topicPrefix}${url === undefined ? '' : '-proxied'}`;
      return openMqttChannel({ url: url ?? broker.url, topicPrefix, clientId, probe: false, ...QUICK });
    },
    publishBytes: async (prefix, address, body) => {
      const client = await mqtt.connectAsync(broker.url);
      await client.publishAsync(`${prefix}/${address}`, body, { qos: 1 });
      await client.endAsync();
    },
    // aedes does not set the flag.
    marksRedelivered: false,
  }));
});

describe('subscription: MQTT, byte by byte', () => {
  const opened: Array<{ close(): Promise<void> }> = [];
  afterEach(async () => {
    for (const thing of opened.splice(0).reverse()) await thing.close();
  });
  const start = async (options: WireOptions = {}): Promise<WireBroker> => {
    const broker = await WireBroker.start(options);
    opened.push(broker);
    return broker;
  };
  const subscribe = (
    broker: { readonly url: string },
    config: Partial<MqttChannelConfig> = {},
    more: { window?: number; previousFilter?: string } = {},
  ): { channel: EventChannel; subscription: Subscription; got: ReceivedMessage[] } => {
    // Its publishing side connects to the broker as well.
    const channel = openMqttChannel({
      url: broker.url,
      topicPrefix: 't',
      clientId: randomUUID(),
      probe: false,
      ...QUICK,
      ...config,
    });
    opened.push(channel);
    const got: ReceivedMessage[] = [];
    const request = { name: 'orders', filter: '#', window: 10, ...more };
    return { channel, subscription: channel.subscribe(request, (message) => got.push(message)), got };
  };
  const ready = ({ subscription }: { subscription: Subscription }) =>
    waitFor(() => subscription.state.status === 'connected', { what: 'the subscription' });

  // This is the test that guards the way of acknowledging by hand against a new mqtt.js (see mqtt-connection.ts).
  it('sends no PUBACK before the message is acknowledged, and PUBACKs in the order of receipt', async () => {
    const broker = await start();
    const subscriber = subscribe(broker, { keepAliveSeconds: 1 });
    await ready(subscriber);
    const { got } = subscriber;
    // PUBACKs that mqtt.js sent by itself would come before the next ping on the same connection.
    const pinged = async (): Promise<void> => {
      const { length } = broker.ofSessions(Packet.pingreq);
      await waitFor(() => broker.ofSessions(Packet.pingreq).length > length);
    };
    broker.publish({ id: 7 }, { id: 300 }, { id: 9 }, { id: 65_535 });
    await waitFor(() => got.length === 4);
    await pinged();
    assert.deepEqual(broker.acknowledged, []);
    got[1]?.acknowledge();
    got[3]?.acknowledge();
    got[2]?.acknowledge();
    broker.publish({ id: 10 });
    await waitFor(() => got.length === 5);
    await pinged();
    assert.deepEqual(broker.acknowledged, []);
    got[0]?.acknowledge();
    await waitFor(() => broker.acknowledged.length === 4);
    assert.deepEqual(broker.acknowledged, [7, 300, 9, 65_535]);
    assert.ok(broker.of(Packet.puback).every(({ body }) => body.length === 2));
  });

  it('does not let a message that was given back hold up the PUBACKs behind it', async () => {
    const broker = await start();
    const subscriber = subscribe(broker, { backoff: { baseMs: 60_000, capMs: 60_000 } });
    await ready(subscriber);
    broker.publish({ id: 1 }, { id: 2 }, { id: 3 });
    await waitFor(() => subscriber.got.length === 3);
    subscriber.got[0]?.requeue();
    subscriber.got[2]?.acknowledge();
    subscriber.got[1]?.acknowledge();
    await waitFor(() => broker.acknowledged.length === 2);
    assert.deepEqual(broker.acknowledged, [2, 3]);
  });

  it('hands over messages of QoS 0, whose acknowledgement is nothing', async () => {
    const broker = await start();
    const subscriber = subscribe(broker);
    await ready(subscriber);
    broker.publish({ id: 0, qos: 0, payload: 'zero' }, { id: 5 });
    await waitFor(() => subscriber.got.length === 2);
    for (const message of subscriber.got) message.acknowledge();
    await waitFor(() => broker.acknowledged.length === 1);
    assert.deepEqual(broker.acknowledged, [5]);
    assert.equal(subscriber.got[0]?.body.toString(), 'zero');
  });

  it('asks for a durable session, QoS 1, its window, and retained messages for new subscriptions only', async () => {
    const broker = await start();
    await ready(subscribe(broker, { sessionExpiryDays: 2 }, { window: 33, previousFilter: 'old/#' }));
    const connects = broker.ofSessions(Packet.connect);
    assert.equal(connects.length, 1);
    const body = connects[0]?.body ?? Buffer.alloc(0);
    // 0x11: session expiry, 0x21: receive maximum.
    const properties = body.subarray(11, 11 + (body[10] ?? 0));
    assert.ok(properties.includes(Buffer.from([0x11, 0, 2, 0xa3, 0])), properties.toString('hex'));
    assert.ok(properties.includes(Buffer.from([0x21, 0, 33])), properties.toString('hex'));
    const [asked] = broker.of(Packet.subscribe);
    assert.equal(asked?.body.subarray(5, 8).toString(), 't/#');
    // Options: QoS 1 with retain handling 1.
    assert.equal(asked?.body[8], 0x11);
    assert.equal(broker.of(Packet.unsubscribe)[0]?.body.subarray(5).toString(), 't/old/#');
  });

  it('hands over at most its window when the broker knows none, and stops reading beyond four', async () => {
    const broker = await start({ levels: [4] });
    const subscriber = subscribe(broker, { keepAliveSeconds: 1 }, { window: 3 });
    await ready(subscriber);
    const { got, subscription } = subscriber;
    const payload = Buffer.alloc(60_000, 0x20);
    broker.publish(...Array.from({ length: 1000 }, (_, index) => ({ id: index + 1, payload })));
    await waitFor(() => got.length === 3);
    // It goes on talking to the broker while it reads nothing, so that nobody takes it for dead.
    const pings = broker.ofSessions(Packet.pingreq).length;
    await waitFor(() => broker.ofSessions(Packet.pingreq).length >= pings + 4);
    assert.equal(got.length, 3);
    assert.ok(broker.unsent > 10_000_000, String(broker.unsent));
    assert.equal(subscription.state.status, 'connected');
    for (let settled = 0; settled < 1000; settled += 1) {
      await waitFor(() => got.length > settled, { intervalMs: 1 });
      assert.ok(got.length - settled <= 3);
      got[settled]?.acknowledge();
    }
    await waitFor(() => broker.acknowledged.length === 1000);
    assert.equal(broker.connections, 2);
  });

  it('survives names and values that senders make up', async () => {
    const broker = await start();
    const subscriber = subscribe(broker);
    await ready(subscriber);
    const huge = 'x'.repeat(60_000);
    broker.publish(
      {
        id: 1,
        userProperties: [
          ['__proto__', 'polluted'],
          ['constructor', 'c'],
          ['a', '1'],
          ['a', '2'],
        ],
      },
      { id: 2, userProperties: Array.from({ length: 50 }, (_, index) => [`p${index}`, huge] as const) },
      { id: 3, topic: 't', payload: '' },
      { id: 4, topic: 'elsewhere/x', userProperties: [['', '']] },
    );
    await waitFor(() => subscriber.got.length === 4);
    const [first, second, third, fourth] = subscriber.got;
    assert.deepEqual(first?.headers, { constructor: 'c', a: '2' });
    assert.equal(Object.getPrototypeOf(first?.headers), Object.prototype);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    assert.equal(first?.problem?.code, 'EVENT_INVALID');
    assert.equal(second?.headers['p49'], huge);
    assert.equal(second?.problem?.code, 'EVENT_INVALID');
    assert.equal(third?.address, '');
    assert.equal(third?.problem?.code, 'EVENT_INVALID');
    assert.equal(fourth?.address, 'elsewhere/x');
    for (const message of subscriber.got) message.acknowledge();
    await waitFor(() => broker.acknowledged.length === 4);
  });

  it('says that the subscription was refused, and keeps asking', async () => {
    const broker = await start({ suback: 0x87, sessionPresent: () => false });
    const { subscription } = subscribe(broker);
    await waitFor(() => subscription.state.reason !== undefined);
    assert.equal(subscription.state.status, 'reconnecting');
    assert.equal(subscription.state.reason?.code, 'CHANNEL_SUBSCRIPTION_REFUSED');
    assert.match(subscription.state.reason?.message ?? '', /may not read/);
    await waitFor(() => broker.of(Packet.subscribe).length > 1);
  });

  it('takes a message of QoS 2 for a fault of the broker', async () => {
    const broker = await start();
    const subscriber = subscribe(broker);
    await ready(subscriber);
    const reasons: unknown[] = [];
    subscriber.subscription.onState(({ reason }) => reasons.push(reason?.code));
    broker.publish({ id: 1, qos: 2 });
    await waitFor(() => reasons.includes('CHANNEL_PROTOCOL'));
    assert.deepEqual(subscriber.got, []);
  });

  it('notices a connection that is dead without a word, and gets what was open again', async () => {
    const broker = await start();
    const proxy = await startTcpProxy({ target: broker.url });
    opened.push(proxy);
    const subscriber = subscribe(proxy, { keepAliveSeconds: 1, connectTimeoutMs: 300 });
    await ready(subscriber);
    broker.publish({ id: 1 });
    await waitFor(() => subscriber.got.length === 1);
    proxy.blackhole();
    await waitFor(() => subscriber.subscription.state.status === 'reconnecting');
    assert.equal(subscriber.subscription.state.reason?.code, 'CHANNEL_UNREACHABLE');
    subscriber.got[0]?.acknowledge();
    assert.equal(subscriber.subscription.staleAcknowledgements, 1);
    proxy.restore();
    await ready(subscriber);
  });

  it('goes on after a peer that talks nonsense in the middle of it', async () => {
    const broker = await start();
    const subscriber = subscribe(broker);
    await ready(subscriber);
    const states: string[] = [];
    subscriber.subscription.onState(({ status }) => states.push(status));
    // A PUBLISH whose topic is longer than the packet.
    broker.nonsense(Buffer.from([0x32, 0x04, 0xff, 0xff, 0x41, 0x41]));
    await waitFor(() => states.join() === 'reconnecting,connected');
    broker.publish({ id: 1 });
    await waitFor(() => subscriber.got.length === 1);
  });

  describe('what it warns of', () => {
    const warning = async (options: WireOptions): Promise<string | undefined> => {
      const broker = await start(options);
      const subscriber = subscribe(broker, { probe: true });
      await ready(subscriber);
      return subscriber.subscription.state.warning?.code;
    };

    it('a broker that keeps no session: connects twice at its first start to see that', async () => {
      const broker = await start({ sessionPresent: () => false });
      const subscriber = subscribe(broker, { probe: true });
      await ready(subscriber);
      assert.equal(subscriber.subscription.state.warning?.code, 'BROKER_VOLATILE');
      assert.equal(broker.ofSessions(Packet.connect).length, 2);
    });

    it('nothing when the session was there, and it then connects only once', async () => {
      const broker = await start({ sessionPresent: () => true });
      const subscriber = subscribe(broker, { probe: true });
      await ready(subscriber);
      assert.equal(subscriber.subscription.state.warning, undefined);
      assert.equal(broker.ofSessions(Packet.connect).length, 1);
    });

    it('a broker that grants QoS 0 only', async () => {
      assert.equal(await warning({ suback: 0, sessionPresent: () => true }), 'BROKER_VOLATILE');
    });

    it('a session that is kept for a shorter time than asked', async () => {
      const hour = [0x11, 0, 0, 0x0e, 0x10];
      assert.equal(await warning({ connack: hour, sessionPresent: () => true }), 'BROKER_SESSION_SHORT');
    });

    it('a session that the broker has lost meanwhile', async () => {
      const first = await startBroker();
      const subscriber = subscribe(first, { probe: true });
      await ready(subscriber);
      const before = subscriber.subscription.state;
      assert.equal(before.warning, undefined);
      await first.close();
      await waitFor(() => subscriber.subscription.state.status === 'reconnecting');
      const second = await startBroker({ port: first.port });
      opened.push(second);
      await ready(subscriber);
      const { warning: lost } = subscriber.subscription.state;
      assert.equal(lost?.code, 'BROKER_SESSION_LOST');
      assert.match(lost.message, /forgotten/);
    });
  });

  it('needs a client id of its own, a sensible window, and a name that is free', () => {
    const channel = openMqttChannel({ url: 'mqtt://127.0.0.1:1', clientId: 'c', ...QUICK });
    const nameless = openMqttChannel({ url: 'mqtt://127.0.0.1:1', ...QUICK });
    opened.push(channel, nameless);
    const request = { name: 'x', filter: '#', window: 1 };
    const refused = (sentence: RegExp) => failsWith('CONFIG_INVALID', 'permanent', sentence);
    assert.throws(() => nameless.subscribe(request, () => undefined), refused(/client id/));
    for (const window of [0, 1.5, 65_536, Number.NaN]) {
      assert.throws(() => channel.subscribe({ ...request, window }, () => undefined), refused(/65,535/));
    }
    channel.subscribe(request, () => undefined);
    assert.throws(() => channel.subscribe(request, () => undefined), refused(/name/));
  });

  it('is removed within its bound also when the broker is away', async () => {
    const { subscription } = subscribe({ url: 'mqtt://127.0.0.1:1' });
    await subscription.remove();
    assert.equal(subscription.state.status, 'closed');
  });
});
