import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import {
  type ChannelState,
  type CloudEvent,
  type EventChannel,
  fromMqtt,
  type MqttChannelConfig,
  makeEvent,
  openMqttChannel,
} from '../../core/channel';
import { CrossdockError } from '../../core/errors';
import { startTcpProxy, waitFor } from '../support';

/** A broker as the suite needs it. */
export interface TestBroker {
  /** Anonymous access. */
  readonly url: string;
  /** Access for `user` / `secret` only. */
  readonly securedUrl: string;
  readonly protocol: 'MQTT 5' | 'MQTT 3.1.1';
}

/** A backoff and bounds that do not keep tests waiting. */
export const QUICK = { backoff: { baseMs: 20, capMs: 100 }, connectTimeoutMs: 2000 } as const;

export function sampleEvent(sequence: number, prefix = 'A'): CloudEvent<{ n: number; name: string }> {
  return makeEvent({
    type: 'com.crossdock.distribution.inventory.changed.v1',
    source: '/systems/odoo/main',
    subject: `${prefix}-${sequence}`,
    time: '2026-11-23T08:15:00.000Z',
    sequence,
    partitionkey: `${prefix}-${sequence}`,
    dataschema: 'https://crossdock.dev/contracts/inventory-level/1.0',
    extensions: { site: 'main' },
    data: { n: sequence, name: 'Größe M ✓' },
  });
}

export interface Received {
  readonly topic: string;
  readonly packet: IPublishPacket;
  readonly event: CloudEvent;
}

/** A subscriber that keeps what it gets. */
export async function subscribe(
  url: string,
  filter: string,
  version: 4 | 5,
  more: { clientId?: string; clean?: boolean } = {},
): Promise<{ client: MqttClient; received: Received[]; ids(): Set<string>; close(): Promise<void> }> {
  const options = {
    protocolVersion: version,
    reconnectPeriod: 50,
    ...(version === 5 ? { properties: { sessionExpiryInterval: 3600 } } : {}),
    ...more,
  } as IClientOptions;
  const client = mqtt.connect(url, options);
  client.on('error', () => undefined);
  const received: Received[] = [];
  client.on('message', (topic, payload, packet) => {
    received.push({ topic, packet, event: fromMqtt(messageOf(payload, packet)) });
  });
  await new Promise((connected) => client.once('connect', connected));
  await client.subscribeAsync(filter, { qos: 1 });
  return {
    client,
    received,
    ids: () => new Set(received.map(({ event }) => event.id)),
    close: () => client.endAsync(true),
  };
}

function messageOf(payload: Buffer, packet: IPublishPacket): Parameters<typeof fromMqtt>[0] {
  const { contentType, userProperties } = packet.properties ?? {};
  if (contentType === undefined && userProperties === undefined) return { payload };
  return {
    payload,
    properties: {
      ...(contentType === undefined ? {} : { contentType }),
      ...(userProperties === undefined ? {} : { userProperties: { ...userProperties } }),
    },
  };
}

export function failsWith(code: string, kind: string, sentence?: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof CrossdockError, String(error));
    assert.equal(`${error.code} ${error.kind}`, `${code} ${kind}`, error.message);
    if (sentence !== undefined) assert.match(error.message, sentence);
    return true;
  };
}

/** The promises of a channel over MQTT, whatever the broker. */
export function channelSuite(broker: () => TestBroker): void {
  const open: Array<{ close(): Promise<void> }> = [];
  const channel = (config: Partial<MqttChannelConfig> = {}): EventChannel => {
    const opened = openMqttChannel({
      url: broker().url,
      topicPrefix: `t/${randomUUID()}`,
      ...QUICK,
      ...config,
    });
    open.push(opened);
    return opened;
  };
  const listen = async (url: string, filter: string) => {
    const subscriber = await subscribe(url, filter, broker().protocol === 'MQTT 5' ? 5 : 4);
    open.push(subscriber);
    return subscriber;
  };
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close();
  });

  it('delivers the event unchanged, under its topic, and resolves after the broker has it', async () => {
    const topicPrefix = `t/${randomUUID()}`;
    const subscriber = await listen(broker().url, `${topicPrefix}/#`);
    const events = channel({ topicPrefix });
    await events.publish(sampleEvent(7, 'A/B+#'));
    await waitFor(() => subscriber.received.length === 1);
    const [got] = subscriber.received;
    assert.equal(got?.topic, `${topicPrefix}/distribution/inventory/changed/main/A%2FB%2B%23-7`);
    assert.deepEqual(got?.event, sampleEvent(7, 'A/B+#'));
    assert.equal(events.state.status, 'connected');
    assert.equal(events.state.protocol, broker().protocol);
  });

  it('keeps the latest state for those who subscribe later, when asked', async () => {
    const topicPrefix = `t/${randomUUID()}`;
    const events = channel({ topicPrefix });
    await events.publish(sampleEvent(1, 'kept'), { retain: true });
    await events.publish(sampleEvent(1, 'gone'));
    const subscriber = await listen(broker().url, `${topicPrefix}/#`);
    await events.publish(sampleEvent(2, 'last'));
    await waitFor(() => subscriber.received.length >= 2);
    assert.deepEqual(
      subscriber.received.map(({ event, packet }) => [event.subject, packet.retain]),
      [
        ['kept-1', true],
        ['last-2', false],
      ],
    );
  });

  it('publishes in order and within its window, however many are handed over at once', async () => {
    const topicPrefix = `t/${randomUUID()}`;
    const subscriber = await listen(broker().url, `${topicPrefix}/#`);
    const events = channel({ topicPrefix, maxInFlight: 3 });
    const numbers = Array.from({ length: 200 }, (_, index) => index + 1);
    await Promise.all(numbers.map((n) => events.publish(sampleEvent(n))));
    await waitFor(() => subscriber.received.length === 200);
    assert.deepEqual(
      subscriber.received.map(({ event }) => Number(event.sequence)),
      numbers,
    );
  });

  it('says that user name or password are wrong, keeps trying, and rejects as offline', async () => {
    const events = channel({ url: broker().securedUrl, username: 'user', password: 'wrong' });
    await waitFor(() => events.state.reason !== undefined);
    assert.equal(events.state.reason?.code, 'CHANNEL_CREDENTIALS');
    await assert.rejects(
      events.publish(sampleEvent(1), { timeoutMs: 50 }),
      failsWith('CHANNEL_OFFLINE', 'transient', /user name/),
    );
    const good = channel({ url: broker().securedUrl, username: 'user', password: 'secret' });
    await good.publish(sampleEvent(1));
  });

  it('waits for the broker within the bound, then rejects as offline; what it rejected is not sent later', async () => {
    const proxy = await startTcpProxy({ target: broker().url });
    open.push(proxy);
    proxy.cut();
    const topicPrefix = `t/${randomUUID()}`;
    const subscriber = await listen(broker().url, `${topicPrefix}/#`);
    const events = channel({ url: proxy.url, topicPrefix });
    await assert.rejects(
      events.publish(sampleEvent(1), { timeoutMs: 60 }),
      failsWith('CHANNEL_OFFLINE', 'transient', /No connection/),
    );
    const second = events.publish(sampleEvent(2));
    proxy.restore();
    await second;
    await waitFor(() => subscriber.received.length === 1);
    assert.equal(subscriber.received[0]?.event.subject, 'A-2');
  });

  it('loses nothing that it confirmed when the network cuts again and again', async () => {
    const proxy = await startTcpProxy({ target: broker().url });
    open.push(proxy);
    const topicPrefix = `t/${randomUUID()}`;
    const subscriber = await listen(broker().url, `${topicPrefix}/#`);
    const events = channel({ url: proxy.url, topicPrefix, maxInFlight: 8 });
    const states: ChannelState[] = [];
    events.onState((state) => states.push(state));
    const confirmed = new Set<string>();
    const all = Array.from({ length: 300 }, (_, index) => sampleEvent(index + 1));
    const published = Promise.all(
      all.map(async (event) => {
        await events.publish(event, { timeoutMs: 30_000 });
        confirmed.add(event.id);
        // Cut right here: whoever looks now and then may come when all is done.
        if ([40, 120, 200].includes(confirmed.size)) proxy.reset();
      }),
    );
    await published;
    await waitFor(() => subscriber.ids().size === 300);
    assert.deepEqual(subscriber.ids(), confirmed);
    assert.ok(states.some(({ status }) => status === 'reconnecting'));
    // The last cut may have come after the last confirmation.
    await waitFor(() => events.state.status === 'connected');
  });

  it('gives up on a broker that went silent, and comes back by itself', async () => {
    const proxy = await startTcpProxy({ target: broker().url });
    open.push(proxy);
    const events = channel({ url: proxy.url });
    await events.publish(sampleEvent(1));
    proxy.blackhole();
    const patient = events.publish(sampleEvent(3));
    await assert.rejects(
      events.publish(sampleEvent(2), { timeoutMs: 100 }),
      failsWith('CHANNEL_TIMEOUT', 'transient'),
    );
    assert.equal(events.state.status, 'reconnecting');
    proxy.restore();
    // What is still wanted is sent again, without waiting for TCP or the keep-alive to notice.
    await patient;
    await events.publish(sampleEvent(2));
    assert.equal(events.state.status, 'connected');
  });

  it('refuses more than may wait, and everything after close', async () => {
    const proxy = await startTcpProxy({ target: broker().url });
    open.push(proxy);
    proxy.cut();
    const events = channel({ url: proxy.url, maxWaiting: 2 });
    const waiting = [1, 2].map((n) =>
      assert.rejects(events.publish(sampleEvent(n)), failsWith('CHANNEL_OFFLINE', 'transient')),
    );
    await assert.rejects(events.publish(sampleEvent(3)), failsWith('CHANNEL_OFFLINE', 'transient'));
    await events.close();
    await events.close();
    await Promise.all(waiting);
    assert.equal(events.state.status, 'closed');
    await assert.rejects(events.publish(sampleEvent(4)), failsWith('CHANNEL_OFFLINE', 'transient', /closed/));
  });

  it('lets what is in flight be confirmed when it closes', async () => {
    const topicPrefix = `t/${randomUUID()}`;
    const subscriber = await listen(broker().url, `${topicPrefix}/#`);
    const events = channel({ topicPrefix });
    await events.publish(sampleEvent(1));
    const last = events.publish(sampleEvent(2));
    await events.close();
    await last;
    await waitFor(() => subscriber.received.length === 2);
  });

  it('refuses what is not an event or not a topic before anything is sent', async () => {
    const events = channel();
    const { id: _id, ...noId } = sampleEvent(1);
    await assert.rejects(events.publish(noId as CloudEvent), failsWith('EVENT_INVALID', 'permanent', /id/));
    await assert.rejects(
      events.publish(sampleEvent(1), { address: 'a/+/b' }),
      failsWith('CHANNEL_REFUSED', 'permanent', /address/),
    );
    const long = { ...sampleEvent(1), correlationid: 'x'.repeat(70_000) };
    if (broker().protocol === 'MQTT 5') {
      await assert.rejects(events.publish(long), failsWith('CHANNEL_REFUSED', 'permanent', /correlationid/));
    } else await events.publish(long);
    await events.publish(sampleEvent(2));
  });
}
