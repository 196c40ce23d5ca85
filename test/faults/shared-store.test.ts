import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openPostgresStore } from '../../core/store';
import { type FlowNode, node } from '../runtime/flow';
import { type NodeRed, spawnNodeRed, waitFor } from '../support';
import { choices, SEED, tell, turns } from './support/campaign';
import { killRepeatedly, planKills } from './support/kills';
import { Pipeline } from './support/pipeline';
import { postgresForTests, rabbitForTests, type SharedPostgres } from './support/shared-services';

/** Two processes on one PostgreSQL store, of which one dies or is stopped. */
describe('two processes that share a PostgreSQL store', function () {
  this.timeout(1_800_000);
  const ends: (() => Promise<void>)[] = [];
  let postgres: SharedPostgres;

  beforeEach(function () {
    const found = postgresForTests(`${SEED}_${ends.length}_${process.hrtime.bigint() % 100000n}`);
    if (found === undefined) this.skip();
    postgres = found;
    ends.push(() => postgres.remove());
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  it('one is killed again and again (RabbitMQ between): the other goes on, nothing lost, nothing doubled', async function () {
    const name = `two-${SEED}`;
    const rabbit = rabbitForTests(name);
    if (rabbit === undefined) this.skip();
    ends.push(() => rabbit.remove());
    const rng = choices(name);
    const pipeline = await Pipeline.start({
      kind: 'amqp',
      brokerUrl: rabbit.url,
      postgres,
      processes: 2,
      name,
    });
    ends.push(() => pipeline.remove());
    const [, second] = pipeline.gateways;
    assert.ok(second);
    const feeder = pipeline.feed(rng);
    await feeder.more(20);
    const points = ['inbox.afterCommitBeforeAck', 'lease.taken', 'done.beforeCommit', 'odoo.afterReply'];
    const kills = await killRepeatedly(second, planKills(points, turns(3, 20)), feeder, rng);
    tell(
      `${name}: killed ${JSON.stringify(kills.at)}, not reached in time: ${kills.missed.join(', ') || 'none'}`,
    );
    await second.red.restart();
    await feeder.finish();
    await pipeline.mustBeFlawless(feeder, 180_000, { kills });
  });

  it('one is stopped past its leases and wakes up: its late results are discarded, and it says so', async () => {
    const messages = turns(10, 50);
    const work = await startWork();
    ends.push(async () => work.close());
    const flows: FlowNode[] = [
      { id: 'tab', type: 'tab', label: 'stopped' },
      { id: 'store', type: 'crossdock-store', kind: 'postgres', url: postgres.url, schema: postgres.schema },
      node(
        'crossdock-webhook-in',
        'feed',
        { store: 'store', path: '/feed', source: 'feed', end: 'explicit', concurrency: messages },
        [['work']],
      ),
      // Work that takes as long as the test wants: within it one process is stopped.
      node('change', 'work', { rules: [{ t: 'set', p: 'kept', pt: 'msg', to: 'payload', tot: 'msg' }] }, [
        ['ask'],
      ]),
      node('http request', 'ask', { method: 'GET', ret: 'txt', url: work.url, paytoqs: 'ignore' }, [
        ['back'],
      ]),
      node('change', 'back', { rules: [{ t: 'set', p: 'payload', pt: 'msg', to: 'kept', tot: 'msg' }] }, [
        ['settle'],
      ]),
      node('crossdock-settle', 'settle', { outcome: 'completed', resultType: 'msg', result: 'payload' }, [
        ['line'],
      ]),
      node(
        'function',
        'line',
        {
          func: 'msg.payload = JSON.stringify([msg.payload.n, msg.settled]); return msg;',
          outputs: 1,
          libs: [],
        },
        [['file']],
      ),
      node('file', 'file', {
        filename: 'settled.jsonl',
        filenameType: 'str',
        appendNewline: true,
        overwriteFile: 'false',
      }),
    ];
    const first = await spawnNodeRed({ flows });
    ends.push(() => first.remove());
    const second = await spawnNodeRed({ flows });
    ends.push(() => second.remove());
    const stopped = new Set<number>();
    const signal = (red: NodeRed, name: 'SIGSTOP' | 'SIGCONT'): void => {
      const { pid = 0 } = red;
      process.kill(pid, name);
      stopped[name === 'SIGSTOP' ? 'add' : 'delete'](pid);
    };
    // A stopped process would not hear the SIGTERM of its removal.
    ends.push(async () => {
      for (const pid of stopped) process.kill(pid, 'SIGCONT');
    });
    await accepting(first);
    await accepting(second);

    signal(second, 'SIGSTOP');
    for (let n = 1; n <= messages; n += 1) {
      const response = await fetch(`${first.url}/feed`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': `stopped-${n}` },
        body: JSON.stringify({ n }),
      });
      assert.equal(response.status, 202);
    }
    // What it has taken in and not leased yet would have no late result.
    const store = await openPostgresStore(postgres);
    ends.push(() => store.close());
    await waitFor(
      async () => {
        const [result] = await store.run([{ sql: "SELECT 1 FROM crossdock_inbox WHERE state = 'ready'" }]);
        return result?.rows.length === 0;
      },
      { what: 'all to be in the flow', timeoutMs: 60_000 },
    );
    await waitFor(() => work.held.length === messages, { what: 'all to be at work', timeoutMs: 60_000 });
    signal(first, 'SIGSTOP');
    // Its answers are there when it wakes up; whoever works from now on gets them at once.
    work.go();
    signal(second, 'SIGCONT');
    const bySecond = (): Settled[] => linesOf(second);
    await waitFor(() => distinct(bySecond(), 'settled') + distinct(linesOf(first), 'settled') >= messages, {
      what: 'the other process to do the work',
      timeoutMs: 180_000,
      intervalMs: 200,
    });
    signal(first, 'SIGCONT');
    await waitFor(() => linesOf(first).length >= messages, {
      what: 'the late results',
      timeoutMs: 120_000,
      intervalMs: 200,
    });
    const early = distinct(linesOf(first), 'settled');
    const stale = distinct(linesOf(first), 'stale');
    tell(`${messages} messages: ${early} settled before the stop, ${stale} late results stale`);
    const all = [...linesOf(first), ...bySecond()]
      .filter(([, settled]) => settled === 'settled')
      .map(([n]) => n);
    assert.equal(all.length, messages, 'each settled once');
    assert.equal(new Set(all).size, messages, 'each settled');
    assert.equal(stale, messages - early, 'every late result was discarded, and shown as such');
    assert.ok(stale > 0, 'there were late results');
  });
});

interface Work {
  readonly url: string;
  /** What has asked and has no answer yet. */
  readonly held: readonly ServerResponse[];
  /** Answers what is held, and from now on at once. */
  go(): void;
  close(): void;
}

/** A service that answers when it is told to. */
async function startWork(): Promise<Work> {
  const held: ServerResponse[] = [];
  let going = false;
  const server: Server = createServer((_request, response) => {
    if (going) response.end('done');
    else held.push(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/work`,
    held,
    go() {
      going = true;
      for (const response of held.splice(0)) response.end('done');
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

type Settled = readonly [n: number, settled: string];

function linesOf(red: NodeRed): Settled[] {
  try {
    const text = readFileSync(join(red.userDir, 'settled.jsonl'), 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Settled);
  } catch {
    return [];
  }
}

function distinct(lines: readonly Settled[], settled: string): number {
  return new Set(lines.filter(([, how]) => how === settled).map(([n]) => n)).size;
}

async function accepting(red: NodeRed): Promise<void> {
  await waitFor(async () => (await fetch(`${red.url}/feed`)).status === 405, {
    what: 'the webhook',
    timeoutMs: 60_000,
  });
}
