import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import mqtt from 'mqtt';
import {
  type EventChannel,
  type MqttChannelConfig,
  openMqttChannel as open,
  type ReceivedMessage,
} from '../../core/channel';
import { CrossdockError } from '../../core/errors';
import { subscriptionSuite } from '../core/channel-subscription-suite';
import { channelSuite, failsWith, subscribe as listen, QUICK, sampleEvent } from '../core/channel-suite';
import { freePort, type TempDir, tempDir, waitFor } from '../support';
import { PersistentSender } from './persistent-sender';

const binary = [
  process.env['MOSQUITTO_BIN'],
  '/usr/sbin/mosquitto',
  '/usr/bin/mosquitto',
  '/usr/local/sbin/mosquitto',
].find((path) => path !== undefined && path !== '' && existsSync(path));

/** A line of Mosquitto's password file (PBKDF2-SHA512, 101 rounds). */
function passwordLine(user: string, password: string): string {
  const salt = randomBytes(12);
  const hash = pbkdf2Sync(password, salt, 101, 64, 'sha512');
  return `${user}:$7$101$${salt.toString('base64')}$${hash.toString('base64')}\n`;
}

/** What we document as durable (reliability: without these, Mosquitto loses what it has acknowledged). */
const DURABLE = `persistence true
autosave_interval 1
autosave_on_changes true
max_queued_messages 0
max_inflight_messages 0
max_packet_size 100000
allow_anonymous true
`;

/** A real Mosquitto of this test's own, on a free port, with files in a temporary folder. */
class Mosquitto {
  readonly dir: TempDir = tempDir('crossdock-mosquitto-');
  port = 0;
  #process: ChildProcess | undefined;

  /** `conf`: settings but for the listener, which comes first unless settings of the listener follow it. */
  constructor(readonly conf: string) {}

  file(name: string, content: string): string {
    const path = join(this.dir.path, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  async start(): Promise<void> {
    if (this.port === 0) this.port = await freePort();
    // As root, Mosquitto would become the user "mosquitto", who may not write into the temporary folder.
    const user = process.getuid?.() === 0 ? 'user root\n' : '';
    const listener = `listener ${this.port} 127.0.0.1\n`;
    const text = `${user}persistence_location ${this.dir.path}/\nlog_dest stderr\n${listener}${this.conf}`;
    const child = spawn(binary ?? 'mosquitto', ['-c', this.file('mosquitto.conf', text)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-4000);
    });
    this.#process = child;
    await waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`Mosquitto ended: ${log}`);
        const socket = connect(this.port, '127.0.0.1');
        try {
          await once(socket, 'connect');
          return true;
        } finally {
          socket.destroy();
        }
      },
      { what: 'Mosquitto to listen' },
    );
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async remove(): Promise<void> {
    await this.kill();
    this.dir.remove();
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }
}

describe('channel: MQTT over a real Mosquitto (speaks 5)', function () {
  this.timeout(60_000);
  const broker = new Mosquitto(DURABLE);
  let secured: Mosquitto | undefined;
  before(async function () {
    if (binary === undefined) this.skip();
    await broker.start();
    const files = tempDir('crossdock-mosquitto-');
    const write = (name: string, content: string): string => {
      writeFileSync(join(files.path, name), content, { mode: 0o600 });
      return join(files.path, name);
    };
    const passwords = write('passwords', passwordLine('user', 'secret'));
    const rights = write('rights', 'user user\ntopic deny t/limits/forbidden/#\ntopic readwrite t/#\n');
    secured = new Mosquitto(`allow_anonymous false\npassword_file ${passwords}\nacl_file ${rights}\n`);
    await secured.start();
  });
  after(async () => {
    await broker.remove();
    await secured?.remove();
  });
  // What a test has opened is closed also when it fails.
  const opened: Array<{ close(): Promise<void> }> = [];
  const openMqttChannel = (config: MqttChannelConfig): EventChannel => {
    const channel = open(config);
    opened.push(channel);
    return channel;
  };
  const subscribe: typeof listen = async (...args) => {
    const subscriber = await listen(...args);
    opened.push(subscriber);
    return subscriber;
  };
  afterEach(async () => {
    for (const thing of opened.splice(0)) await thing.close();
  });
  channelSuite(() => ({ url: broker.url, securedUrl: secured?.url ?? '', protocol: 'MQTT 5' }));

  it('carries the attributes as MQTT 5 properties that any subscriber sees', async () => {
    const subscriber = await subscribe(broker.url, 't/v5/#', 5);
    const channel = openMqttChannel({ url: broker.url, topicPrefix: 't/v5', ...QUICK });
    await channel.publish(sampleEvent(1));
    await waitFor(() => subscriber.received.length === 1);
    const [got] = subscriber.received;
    assert.equal(got?.packet.properties?.contentType, 'application/json');
    assert.equal(got?.packet.properties?.userProperties?.['id'], sampleEvent(1).id);
    assert.equal(got?.packet.properties?.userProperties?.['site'], 'main');
    assert.deepEqual(JSON.parse(String(got?.packet.payload)), sampleEvent(1).data);
  });

  it('does not take a network that cuts every connection for a broker of MQTT 3.1.1', async () => {
    // The network is back just when 3.1.1 is offered.
    let cut = true;
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (first: Buffer) => {
        // CONNECT: fixed header (2), length (2), "MQTT" (4), protocol level.
        if (first[8] === 4) cut = false;
        if (cut) {
          socket.resetAndDestroy();
          return;
        }
        const upstream = connect(broker.port, '127.0.0.1', () => upstream.write(first));
        upstream.on('error', () => socket.destroy());
        socket.pipe(upstream).pipe(socket);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const channel = openMqttChannel({ url: `mqtt://127.0.0.1:${port}`, topicPrefix: 't/cut', ...QUICK });
    opened.push({ close: async () => void server.close() });
    await channel.publish(sampleEvent(1));
    assert.equal(cut, false);
    assert.equal(channel.state.protocol, 'MQTT 5');
  });

  it('refuses for good what the user may not publish, and goes on', async () => {
    const login = { username: 'user', password: 'secret' };
    const channel = openMqttChannel({ url: secured?.url ?? '', ...login, topicPrefix: 't/limits', ...QUICK });
    await assert.rejects(
      channel.publish(sampleEvent(1), { address: 'forbidden/topic' }),
      failsWith('CHANNEL_REFUSED', 'permanent', /may not publish/),
    );
    // No matching subscribers (PUBACK 0x10) is a success.
    await channel.publish(sampleEvent(2));
  });

  it('refuses for good what the broker calls too large, without being cut off for it', async () => {
    const channel = openMqttChannel({ url: broker.url, topicPrefix: 't/limits', ...QUICK });
    await channel.publish(sampleEvent(1));
    const states: string[] = [];
    channel.onState(({ status }) => states.push(status));
    const large = { ...sampleEvent(2), data: 'x'.repeat(200_000) };
    await assert.rejects(channel.publish(large), failsWith('CHANNEL_REFUSED', 'permanent', /larger/));
    await channel.publish(sampleEvent(3));
    assert.deepEqual(states, []);
  });

  it('suspects another client with the same client id when the broker keeps hanging up', async () => {
    const config = { url: broker.url, clientId: 'same', topicPrefix: 't/x', ...QUICK };
    const reasons: string[] = [];
    const channels = [openMqttChannel(config), openMqttChannel(config)];
    for (const channel of channels) channel.onState(({ reason }) => reasons.push(reason?.message ?? ''));
    await waitFor(() => reasons.some((reason) => /client id/.test(reason)));
  });

  it('kill -9 of the broker while publishing: everything confirmed is received', async () => {
    const session = { clientId: 'kill-subscriber', clean: false };
    const subscriber = await subscribe(broker.url, 't/kill/#', 5, session);
    const channel = openMqttChannel({ url: broker.url, topicPrefix: 't/kill', maxInFlight: 16, ...QUICK });
    const sender = new PersistentSender(channel, 1000);
    try {
      const events = Array.from({ length: 600 }, (_, index) => sampleEvent(index + 1, 'kill'));
      const all = Promise.all(events.map((event) => sender.untilConfirmed(event)));
      for (const share of [100, 300, 450]) {
        // Mosquitto writes to disk just after it acknowledges, so only what a connected subscriber got is safe at once.
        await waitFor(() => sender.confirmed.size >= share && subscriber.client.connected);
        await broker.kill();
        await broker.start();
      }
      await all;
    } finally {
      sender.stop();
    }
    await waitFor(() => subscriber.ids().size === 600, {
      what: 'all 600 events',
      timeoutMs: 20_000,
    });
    assert.deepEqual(subscriber.ids(), sender.confirmed);
  });

  it('kill -9 of the broker while the subscriber is away: everything confirmed waits for it', async () => {
    const session = { clientId: 'away-subscriber', clean: false };
    await (await subscribe(broker.url, 't/away/#', 5, session)).close();
    const channel = openMqttChannel({ url: broker.url, topicPrefix: 't/away', ...QUICK });
    const all = Array.from({ length: 200 }, (_, index) => sampleEvent(index + 1, 'away'));
    await Promise.all(all.map((event) => channel.publish(event)));
    // Mosquitto 2.0 saves after it has acknowledged, and with autosave_interval 1 only when two changes have gathered:
    // its very last message is not on disk yet. So some more go behind those that are to survive.
    for (const n of [201, 202]) await channel.publish(sampleEvent(n, 'away'));
    await broker.kill();
    await broker.start();
    const subscriber = await subscribe(broker.url, 't/away/#', 5, session);
    await waitFor(() => all.every(({ id }) => subscriber.ids().has(id)), { what: 'all 200 events' });
  });

  it('checks the certificate, and encrypts when TLS options are given', async function () {
    const key = join(broker.dir.path, 'key.pem');
    const cert = join(broker.dir.path, 'cert.pem');
    try {
      execFileSync(
        'openssl',
        [
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '2',
          '-subj',
          '/CN=localhost',
          '-addext',
          'subjectAltName=IP:127.0.0.1',
          '-keyout',
          key,
          '-out',
          cert,
        ],
        { stdio: 'ignore' },
      );
    } catch {
      this.skip();
    }
    const secure = new Mosquitto(`allow_anonymous true\ncertfile ${cert}\nkeyfile ${key}\n`);
    await secure.start();
    const distrusting = openMqttChannel({ url: `mqtts://127.0.0.1:${secure.port}`, ...QUICK });
    await waitFor(() => distrusting.state.reason !== undefined);
    assert.equal(distrusting.state.reason?.code, 'CHANNEL_TLS');
    assert.match(distrusting.state.reason?.message ?? '', /certificate .* is not trusted/);
    await distrusting.close();
    const trusting = openMqttChannel({ url: secure.url, tls: { ca: readFileSync(cert) }, ...QUICK });
    await trusting.publish(sampleEvent(1));
    await secure.remove();
  });
});

describe('subscription: MQTT over a real Mosquitto (speaks 5)', function () {
  this.timeout(60_000);
  const broker = new Mosquitto(DURABLE);
  before(async function () {
    if (binary === undefined) this.skip();
    await broker.start();
  });
  after(() => broker.remove());
  const opened: Array<{ close(): Promise<void> }> = [];
  const openMqttChannel = (config: Partial<MqttChannelConfig>): EventChannel => {
    // Two clients of one id would throw each other out: who goes through a proxy is another one.
    const clientId = `c-${config.topicPrefix}${config.url === undefined ? '' : '-proxied'}`;
    const channel = open({ url: broker.url, clientId, ...QUICK, ...config });
    opened.push(channel);
    return channel;
  };
  afterEach(async () => {
    for (const thing of opened.splice(0)) await thing.close();
  });
  subscriptionSuite(() => ({
    url: broker.url,
    open: (topicPrefix, url) => openMqttChannel({ topicPrefix, ...(url === undefined ? {} : { url }) }),
    publishBytes: async (prefix, address, body) => {
      const client = await mqtt.connectAsync(broker.url);
      await client.publishAsync(`${prefix}/${address}`, body, { qos: 1 });
      await client.endAsync();
    },
    marksRedelivered: true,
  }));
  const orders = { name: 'orders', filter: '#', window: 5 };

  it('asks who the broker is, and tells of the settings that cannot be seen from outside', async () => {
    const subscription = openMqttChannel({ topicPrefix: 't/who' }).subscribe(orders, () => undefined);
    await waitFor(() => subscription.state.warning !== undefined);
    assert.equal(subscription.state.status, 'connected');
    assert.equal(subscription.state.warning?.code, 'BROKER_CHECK_PERSISTENCE');
    assert.match(subscription.state.warning?.message ?? '', /Mosquitto 2\.\d.*autosave_interval 1/);
  });

  it('gets the latest states once, when it is new', async () => {
    const channel = openMqttChannel({ topicPrefix: 't/latest' });
    await channel.publish(sampleEvent(1, 'kept'), { retain: true });
    const got: ReceivedMessage[] = [];
    const take = (message: ReceivedMessage): void => {
      got.push(message);
      message.acknowledge();
    };
    const first = channel.subscribe(orders, take);
    await waitFor(() => got.length === 1);
    await first.close();
    const second = channel.subscribe(orders, take);
    await waitFor(() => second.state.status === 'connected');
    await channel.publish(sampleEvent(2, 'new'));
    await waitFor(() => got.length === 2);
    assert.deepEqual(
      got.map(({ event }) => event?.subject),
      ['kept-1', 'new-2'],
    );
    await second.close();
    const never = openMqttChannel({ topicPrefix: 't/latest', clientId: 'never', retainHandling: 2 });
    const third = never.subscribe(orders, take);
    await waitFor(() => third.state.status === 'connected');
    await channel.publish(sampleEvent(3, 'new'));
    await waitFor(() => got.length === 3);
    assert.equal(got[2]?.event?.subject, 'new-3');
  });

  // Where a PUBACK is delayed inside mqtt.js, the connection ends here by a keep-alive time-out, again and again.
  it('keeps its connection while work takes longer than the keep-alive', async () => {
    const channel = openMqttChannel({ topicPrefix: 't/slow', keepAliveSeconds: 2 });
    const got: ReceivedMessage[] = [];
    const subscription = channel.subscribe(orders, (message) => {
      got.push(message);
      setTimeout(() => message.acknowledge(), 4000);
    });
    await waitFor(() => subscription.state.status === 'connected');
    const states: string[] = [];
    subscription.onState(({ status }) => states.push(status));
    await Promise.all([1, 2, 3, 4, 5, 6].map((n) => channel.publish(sampleEvent(n, 'slow'))));
    // The sixth comes only when the first five are acknowledged.
    await waitFor(() => got.length === 6);
    assert.equal(subscription.staleAcknowledgements, 0);
    assert.ok(!states.includes('reconnecting'), states.join());
  });

  it('kill -9 of the broker while messages wait and are open: all of them come', async () => {
    const channel = openMqttChannel({ topicPrefix: 't/killed' });
    const got: ReceivedMessage[] = [];
    const done = new Set<string>();
    let working = false;
    const subscription = channel.subscribe({ ...orders, window: 20 }, (message) => {
      got.push(message);
      if (!working) return;
      done.add(message.event?.subject ?? '?');
      message.acknowledge();
    });
    await waitFor(() => subscription.state.status === 'connected');
    // Two more than are to survive: Mosquitto 2.0 writes its last change with the next ones (see above).
    await Promise.all(
      Array.from({ length: 202 }, (_, index) => channel.publish(sampleEvent(index + 1, 'K'))),
    );
    await waitFor(() => got.length === 20);
    await broker.kill();
    await waitFor(() => subscription.state.status === 'reconnecting');
    working = true;
    await broker.start();
    const wanted = Array.from({ length: 200 }, (_, index) => `K-${index + 1}`);
    await waitFor(() => wanted.every((subject) => done.has(subject)), { what: 'all 200', timeoutMs: 20_000 });
    assert.notEqual(subscription.state.warning?.code, 'BROKER_SESSION_LOST');
  });

  it('kill -9 of the broker again and again while it works: everything published is done', async () => {
    const channel = openMqttChannel({ topicPrefix: 't/again' });
    const done = new Set<string>();
    const subscription = channel.subscribe({ ...orders, window: 20 }, (message) => {
      setImmediate(() => {
        done.add(message.event?.subject ?? '?');
        message.acknowledge();
      });
    });
    await waitFor(() => subscription.state.status === 'connected');
    const untilDone = async (n: number): Promise<void> => {
      const event = sampleEvent(n, 'R');
      // What is only half on the broker's disk may be lost with it (see above): a durable caller has an outbox.
      while (subscription.state.status !== 'closed' && !done.has(`R-${n}`)) {
        await channel.publish(event, { timeoutMs: 1000 }).catch(failsTransiently);
        await waitFor(() => done.has(`R-${n}`), { timeoutMs: 1000 }).catch(() => undefined);
      }
    };
    const all = Promise.all(Array.from({ length: 400 }, (_, index) => untilDone(index + 1)));
    for (const share of [50, 150, 250, 350]) {
      await waitFor(() => done.size >= share);
      await broker.kill();
      await broker.start();
    }
    await all;
    assert.equal(done.size, 400);
    await waitFor(() => subscription.state.status === 'connected');
  });
});

function failsTransiently(error: unknown): void {
  assert.ok(error instanceof CrossdockError && error.kind === 'transient', String(error));
}
