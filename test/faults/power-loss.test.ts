import assert from 'node:assert/strict';
import { closeSync, copyFileSync, existsSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { connect as connectAmqp } from 'amqplib';
import { connectAsync as connectMqtt } from 'mqtt';
import type { Rng } from '../../sandbox/storefront/rng';
import { type FlowNode, node } from '../runtime/flow';
import { type NodeRed, spawnNodeRed, type TempDir, tempDir, waitFor } from '../support';
import { mosquittoBinary, type OwnBroker, ownMosquitto } from './support/brokers';
import { choices, keep, SEED, tell, turns } from './support/campaign';
import { buildShim, judgeOrder, ShimLog, tokenOf, tokensIn, type Write } from './support/shim';
import { amqpAcknowledged, mqttAcknowledged, startTap, type Tap } from './support/tap';

const MESSAGES = turns(400, 3000);
const AT_ONCE = 64;

/**
 * A process that is killed loses nothing that it has written; a machine that loses its power loses what was not
 * synced. So here the order of writes, syncs and answers is looked at, and the files are broken as a power cut would.
 */
describe('power loss', function () {
  this.timeout(300_000);
  let dir: TempDir;
  let shim: string | undefined;
  let red: NodeRed | undefined;

  before(function () {
    dir = tempDir('crossdock-power-');
    shim = buildShim(dir.path);
    if (shim === undefined) this.skip();
  });
  afterEach(async () => {
    await red?.remove();
    red = undefined;
  });
  after(() => dir?.remove());

  /** Node-RED under the shim, from its first write on. */
  async function start(name: string, flows: readonly FlowNode[]): Promise<ShimLog> {
    const file = join(dir.path, `${name}.log`);
    red = await spawnNodeRed({ flows, env: { LD_PRELOAD: shim, CROSSDOCK_SHIM_LOG: file } });
    return new ShimLog(file);
  }

  function verify(
    what: string,
    log: ShimLog,
    acknowledged: ReadonlyMap<string, number>,
    expected: number,
  ): void {
    const { tooEarly, syncs } = judgeOrder(log, acknowledged);
    tell(
      `${what}: ${acknowledged.size} acknowledged, ${syncs} syncs of the log, ${tooEarly.length} too early`,
    );
    if (tooEarly.length > 0) keep(`power-loss ${what}`, { tooEarly, syncs: log.syncs, writes: log.writes });
    assert.deepEqual(tooEarly, [], 'acknowledged before their sync');
    assert.equal(acknowledged.size, expected, 'every acknowledgement was seen');
    // Each is committed three times (taken in, leased, settled). How many share a sync depends on how busy the machine is.
    assert.ok(syncs < 2 * expected, `several commits share a sync: ${syncs} syncs for ${expected} messages`);
  }

  it('no HTTP sender gets its 202 before a sync that came after the write of its message', async () => {
    const log = await start('http', webhookFlow());
    await postAll(red?.url ?? '', MESSAGES);
    // An answer's line is there before the answer; its writes' and syncs' lines are, too, since they come before it.
    const acknowledged = new Map<string, number>();
    for (const { n, ownPort, bytes } of log.read().answers) {
      if (ownPort !== red?.port || !bytes.toString('latin1', 0, 12).startsWith('HTTP/1.1 202')) continue;
      for (const token of tokensIn(bytes)) acknowledged.set(token, n);
    }
    verify('http', log, acknowledged, MESSAGES);
  });

  it('no PUBACK goes to the MQTT broker before a sync that came after the write of its message', async function () {
    if (mosquittoBinary === undefined) this.skip();
    const broker = await ownMosquitto();
    await broker.start();
    const tap = await startTap(broker.url);
    try {
      const log = await start('mqtt', eventFlow({ kind: 'mqtt', url: tap.url, topicPrefix: 'power' }));
      await waitFor(() => subscribed(tap), { what: 'the subscription', timeoutMs: 60_000 });
      const client = await connectMqtt(broker.url, { protocolVersion: 5 });
      try {
        await Promise.all(
          numbers(MESSAGES).map((n) => client.publishAsync(`power/a/b/c/d/${n}`, tokenOf(n), { qos: 1 })),
        );
        await acknowledgedAll(() => mqttAcknowledged(tap, log.read().answers));
      } finally {
        await client.endAsync(true);
      }
      verify('mqtt', log, mqttAcknowledged(tap, log.answers), MESSAGES);
    } finally {
      await end(tap, broker);
    }
  });

  it('no basic.ack goes to RabbitMQ before a sync that came after the write of its message', async function () {
    const url = process.env['RABBITMQ_TEST_URL'];
    if (url === undefined || url === '') this.skip();
    const tap = await startTap(url);
    const exchange = `power.${SEED}`;
    const connection = await connectAmqp(url);
    const channel = await connection.createConfirmChannel();
    try {
      const settings = { kind: 'amqp', url: tap.url, topicPrefix: 'power', exchange };
      const log = await start('amqp', eventFlow(settings));
      await waitFor(() => log.read().answers.some(({ bytes }) => isConsume(bytes)), {
        what: 'the subscription',
        timeoutMs: 60_000,
      });
      for (const n of numbers(MESSAGES)) {
        channel.publish(exchange, `power.a.b.c.d.${n}`, Buffer.from(tokenOf(n)), { persistent: true });
      }
      await channel.waitForConfirms();
      await acknowledgedAll(() => amqpAcknowledged(tap, log.read().answers));
      verify('amqp', log, amqpAcknowledged(tap, log.answers), MESSAGES);
    } finally {
      await red?.remove();
      red = undefined;
      for (const queue of [`${exchange}.orders`, `${exchange}.orders.dead`]) await channel.deleteQueue(queue);
      for (const name of [exchange, `${exchange}.dlx`]) await channel.deleteExchange(name);
      await connection.close();
      await tap.close();
    }
  });

  it('files as a power cut leaves them open again, with everything that was acknowledged', async () => {
    const rng = choices('power-loss');
    const copies = turns(15, 100);
    const log = await start('copies', webhookFlow());
    const acknowledged: string[] = [];
    let stop = false;
    await open(red?.url ?? '');
    const senders = numbers(16).map(async (lane) => {
      for (let n = lane; !stop; n += 16) {
        await post(red?.url ?? '', n);
        acknowledged.push(tokenOf(n));
      }
    });
    let broken = 0;
    try {
      for (let copy = 1; copy <= copies; copy += 1) {
        const goal = acknowledged.length + rng.int(1, 300);
        await waitFor(() => acknowledged.length >= goal, {
          what: 'acknowledgements',
          timeoutMs: 60_000,
          intervalMs: 1,
        });
        const file = join(dir.path, `copy-${copy}.sqlite`);
        const known = await frozen(
          red?.pid ?? 0,
          () => {
            const at = [...acknowledged];
            for (const end of ['', '-wal'])
              copyFileSync(join(red?.userDir ?? '', `power.sqlite${end}`), file + end);
            return at;
          },
          () => {
            const lost = log.read().unsynced();
            broken += breakUp(file, lost, rng);
          },
        );
        const missing = lookInto(file, known);
        if (missing.length > 0) keep('power-loss copies', { copy, missing, unsynced: log.unsynced() });
        assert.deepEqual(missing, [], `copy ${copy}, seed ${SEED}`);
      }
    } finally {
      stop = true;
      await Promise.allSettled(senders);
    }
    tell(
      `${copies} copies opened, ${broken} writes that were not synced broken, ${acknowledged.length} acknowledged`,
    );
  });
});

const STORE: FlowNode = { id: 'store', type: 'crossdock-store', kind: 'sqlite', path: 'power.sqlite' };
const TAB: FlowNode = { id: 'tab', type: 'tab', label: 'power' };
const END: FlowNode = node('function', 'end', { func: 'return null;', outputs: 1, libs: [] });

function webhookFlow(): FlowNode[] {
  return [
    TAB,
    STORE,
    node('crossdock-webhook-in', 'feed', { store: 'store', path: '/feed', source: 'feed' }, [['end']]),
    END,
  ];
}

function eventFlow(channel: object): FlowNode[] {
  return [
    TAB,
    STORE,
    { id: 'channel', type: 'crossdock-event-channel', store: 'store', source: '/power', ...channel },
    node(
      'crossdock-event-in',
      'in',
      { channel: 'channel', store: 'store', subscription: 'orders', filter: '#', format: 'plain' },
      [['end']],
    ),
    END,
  ];
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

async function post(url: string, n: number): Promise<void> {
  const response = await fetch(`${url}/feed`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': tokenOf(n), connection: 'close' },
    body: JSON.stringify({ n }),
  });
  await response.arrayBuffer();
  assert.equal(response.status, 202);
}

/** Until the webhook takes messages (503 while its store opens). */
async function open(url: string): Promise<void> {
  const options = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  await waitFor(async () => (await fetch(`${url}/feed`, options)).status === 202, {
    what: 'the webhook',
    timeoutMs: 60_000,
  });
}

async function postAll(url: string, count: number): Promise<void> {
  await open(url);
  let next = 1;
  const sender = async (): Promise<void> => {
    while (next <= count) await post(url, next++);
  };
  await Promise.all(numbers(AT_ONCE).map(sender));
}

/** Waits for the last acknowledgement: the broker has all messages, and Node-RED takes its time. */
async function acknowledgedAll(found: () => ReadonlyMap<string, number>): Promise<void> {
  await waitFor(() => found().size >= MESSAGES, {
    what: 'the acknowledgements',
    timeoutMs: 120_000,
    intervalMs: 200,
  });
}

async function end(tap: Tap, broker: OwnBroker): Promise<void> {
  await tap.close();
  await broker.remove();
}

/** SUBACK has come. */
function subscribed(tap: Tap): boolean {
  return [...tap.delivered.values()].some((chunks) => chunks.some((chunk) => chunk[0] === 0x90));
}

/** basic.consume, somewhere in what was sent. */
function isConsume(bytes: Buffer): boolean {
  return bytes.includes(Buffer.from([0, 60, 0, 20]));
}

/** Stops the process (SIGSTOP), runs both when all its threads stand still, and lets it go on. */
async function frozen<T>(pid: number, first: () => T, second: () => void): Promise<T> {
  process.kill(pid, 'SIGSTOP');
  try {
    await waitFor(() => standsStill(pid), { what: 'the process to stand still', intervalMs: 1 });
    const result = first();
    second();
    return result;
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

function standsStill(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).every((task) => {
    const text = readFileSync(join(tasks, task, 'stat'), 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).startsWith('T');
  });
}

/** Does to the copies what a power cut may do to writes that were not synced: kept, zeroed, or half of it garbage. */
function breakUp(file: string, lost: readonly Write[], rng: Rng): number {
  let broken = 0;
  for (const { file: which, offset, length } of lost) {
    const fate = rng.pick(['kept', 'zeroed', 'garbage'] as const);
    if (fate === 'kept') continue;
    const handle = openSync(which === 'wal' ? `${file}-wal` : file, 'r+');
    const from = fate === 'garbage' ? rng.int(0, length - 1) : 0;
    const bytes = Buffer.alloc(length - from, 0);
    if (fate === 'garbage')
      for (let index = 0; index < bytes.length; index += 1) bytes[index] = rng.int(0, 255);
    writeSync(handle, bytes, 0, bytes.length, offset + from);
    closeSync(handle);
    broken += 1;
  }
  return broken;
}

/** Opens the copy as the next start would; returns which of the messages are not in it. */
function lookInto(file: string, known: readonly string[]): string[] {
  assert.ok(existsSync(file));
  const db = new DatabaseSync(file);
  try {
    assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
    const rows = db.prepare('SELECT id FROM crossdock_inbox').all() as { id: string }[];
    const there = new Set(rows.map(({ id }) => id.slice(-9)));
    return known.filter((token) => !there.has(token));
  } finally {
    db.close();
  }
}
