import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { type CloudEvent, openMqttChannel, topicOf, topicSegment } from '../../core/channel';
import { type Broker, startBroker } from '../../sandbox/broker';
import { waitFor } from '../support';
import { channelSuite, failsWith, QUICK, sampleEvent } from './channel-suite';

describe('channel: MQTT over aedes (speaks 3.1.1 only)', () => {
  let open: Broker;
  let secured: Broker;
  before(async () => {
    open = await startBroker();
    secured = await startBroker({ user: 'user', password: 'secret' });
  });
  after(async () => {
    await open.close();
    await secured.close();
  });
  channelSuite(() => ({ url: open.url, securedUrl: secured.url, protocol: 'MQTT 3.1.1' }));

  it('survives a restart of the broker on its port', async () => {
    const first = await startBroker();
    const channel = openMqttChannel({ url: first.url, ...QUICK });
    await channel.publish(sampleEvent(1));
    await first.close();
    await waitFor(() => channel.state.status === 'reconnecting');
    const waiting = channel.publish(sampleEvent(2));
    const second = await startBroker({ port: first.port });
    await waiting;
    await channel.close();
    await second.close();
  });
});

describe('channel: settings and hostile peers', () => {
  it('names the environment variable that is missing', () => {
    assert.throws(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: what Node-RED leaves when a variable is not set
      () => openMqttChannel({ url: '${MQTT_URL}' }),
      failsWith('CONFIG_ENV_MISSING', 'permanent', /MQTT_URL, which is not set/),
    );
    assert.throws(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: see above
      () => openMqttChannel({ url: 'mqtt://127.0.0.1', password: '${MQTT_PASSWORD}' }),
      failsWith('CONFIG_ENV_MISSING', 'permanent', /MQTT_PASSWORD/),
    );
  });

  for (const url of ['', 'broker:1883', 'http://127.0.0.1', 'mqtt://', '127.0.0.1:1883']) {
    it(`refuses the address "${url}"`, () => {
      assert.throws(() => openMqttChannel({ url }), failsWith('CONFIG_INVALID', 'permanent', /mqtt:\/\//));
    });
  }

  for (const topicPrefix of ['', '/', 'a//b', 'a/#', '+/a', '$SYS/a']) {
    it(`refuses the topic prefix "${topicPrefix}"`, () => {
      assert.throws(
        () => openMqttChannel({ url: 'mqtt://127.0.0.1', topicPrefix }),
        failsWith('CONFIG_INVALID', 'permanent', /topic prefix/),
      );
    });
  }

  it('never shows a password that stands in the address', async () => {
    const channel = openMqttChannel({ url: 'mqtt://user:hunter2@127.0.0.1:1', ...QUICK });
    const error = await channel.publish(sampleEvent(1), { timeoutMs: 50 }).catch((thrown: unknown) => thrown);
    await channel.close();
    assert.ok(error instanceof Error);
    assert.doesNotMatch(JSON.stringify([error, error.message, channel.state]), /hunter2/);
  });

  it('takes a server that hangs up, babbles or stays silent for an unavailable broker, and never throws', async () => {
    const behaviours = ['hang up', 'babble', 'silence'] as const;
    for (const behaviour of behaviours) {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.resume();
        if (behaviour === 'hang up') socket.end();
        if (behaviour === 'babble') socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
      });
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : 0;
      const channel = openMqttChannel({ url: `mqtt://127.0.0.1:${port}`, ...QUICK, connectTimeoutMs: 100 });
      await assert.rejects(
        channel.publish(sampleEvent(1), { timeoutMs: 400 }),
        failsWith('CHANNEL_OFFLINE', 'transient', /./),
      );
      await waitFor(() => channel.state.reason !== undefined, { what: behaviour });
      await channel.close();
      await new Promise<void>((done) => server.close(() => done()));
    }
  });

  it('falls back to MQTT 3.1.1 also when the broker hangs up on version 5 without a word', async () => {
    const broker = await startBroker();
    const offered: number[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (first: Buffer) => {
        // CONNECT: fixed header (2), length (2), "MQTT" (4), protocol level.
        const level = first[8] ?? 0;
        offered.push(level);
        if (level === 5) {
          socket.end();
          return;
        }
        const upstream = connect(broker.port, '127.0.0.1', () => upstream.write(first));
        upstream.on('error', () => socket.destroy());
        socket.pipe(upstream).pipe(socket);
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const channel = openMqttChannel({ url: `mqtt://127.0.0.1:${port}`, ...QUICK });
    await channel.publish(sampleEvent(1));
    assert.equal(channel.state.protocol, 'MQTT 3.1.1');
    // The last but one proves that it is silent about version 5 while it answers.
    assert.deepEqual(offered, [5, 5, 5, 4, 5, 4]);
    await channel.close();
    await broker.close();
    await new Promise<void>((done) => server.close(() => done()));
  });

  it('a listener that throws does not harm the channel', async () => {
    const broker = await startBroker();
    const channel = openMqttChannel({ url: broker.url, ...QUICK });
    channel.onState(() => {
      throw new Error('a fault of a listener');
    });
    await channel.publish(sampleEvent(1));
    await channel.close();
    await broker.close();
  });
});

describe('channel: topics', () => {
  it('escapes what is not safe in a level, reversibly', () => {
    for (const text of ['a/b', '+', '#', '50%', 'tab\there', 'nul\0', 'Größe', '$x', '-', ' ']) {
      const level = topicSegment(text);
      assert.doesNotMatch(level, /[+#/\0\t]/);
      assert.equal(decodeURIComponent(level), text);
    }
    assert.equal(topicSegment(''), '-');
    assert.notEqual(topicSegment('-'), topicSegment(''));
  });

  it('is built from type, site and subject', () => {
    const event = (more: Partial<CloudEvent>): CloudEvent => ({ ...sampleEvent(1), ...more });
    assert.equal(topicOf(event({}), 'p/q'), 'p/q/distribution/inventory/changed/main/A-1');
    assert.equal(topicOf(event({ site: '' }), 'p'), 'p/distribution/inventory/changed/-/A-1');
    assert.equal(
      topicOf(event({ type: 'com.acme.x.y.order.placed.v2' }), 'p'),
      'p/x.y/order/placed/main/A-1',
    );
    assert.equal(topicOf(event({ type: 'ping' }), 'p'), 'p/-/-/ping/main/A-1');
  });
});
