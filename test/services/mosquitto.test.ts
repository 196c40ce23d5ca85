import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type EventChannel, type MqttChannelConfig, openMqttChannel as open } from '../../core/channel';
import { CrossdockError } from '../../core/errors';
import { channelSuite, failsWith, subscribe as listen, QUICK, sampleEvent } from '../core/channel-suite';
import { freePort, type TempDir, tempDir, waitFor } from '../support';

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
    const rights = write('rights', 'user user\ntopic readwrite t/#\n');
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
    const confirmed = new Set<string>();
    // As a durable caller does: what was rejected is published again, with the same id.
    const untilConfirmed = async (n: number): Promise<void> => {
      const event = sampleEvent(n, 'kill');
      for (;;) {
        try {
          await channel.publish(event, { timeoutMs: 1000 });
          confirmed.add(event.id);
          return;
        } catch (error) {
          assert.ok(error instanceof CrossdockError && error.kind === 'transient', String(error));
        }
      }
    };
    const all = Promise.all(Array.from({ length: 600 }, (_, index) => untilConfirmed(index + 1)));
    for (const share of [100, 300, 450]) {
      // Mosquitto writes to disk just after it acknowledges, so only what a connected subscriber got is safe at once.
      await waitFor(() => confirmed.size >= share && subscriber.client.connected);
      await broker.kill();
      await broker.start();
    }
    await all;
    await waitFor(() => subscriber.ids().size === 600, {
      what: 'all 600 events',
      timeoutMs: 20_000,
    });
    assert.deepEqual(subscriber.ids(), confirmed);
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
