import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type NodeRed, projectFolders, spawnNodeRed, waitFor } from '../support';
import { type FlowNode, node, post, press, record, STORE, TAB, webhook } from './flow';

/** A service that answers as it is told: a status code, or `hangs up`, at once or after half a second. */
interface Service {
  readonly url: string;
  readonly bodies: readonly string[];
  answer: (request: IncomingMessage, times: number) => number | 'hangs up' | 'hangs up late';
  /** Resolves when nobody is connected. */
  quiet(): Promise<void>;
  close(): void;
}

async function startService(): Promise<Service> {
  const bodies: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(body);
      const status = service.answer(request, bodies.length);
      if (status === 'hangs up') request.socket.destroy();
      else if (status === 'hangs up late') setTimeout(() => request.socket.destroy(), 500);
      else response.writeHead(status).end('answered');
    });
  };
  const server: Server = createServer(answer).listen(0, '127.0.0.1');
  await waitFor(() => server.listening, { what: 'the service' });
  const service: Service = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    answer: () => 200,
    async quiet() {
      const connections = (): Promise<number> =>
        new Promise((resolve, reject) => {
          server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
        });
      await waitFor(async () => (await connections()) === 0, { what: 'the end of all connections' });
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return service;
}

interface Letter {
  readonly code: string;
  readonly kind: string;
  readonly attempts: number;
}

function lines<T>(red: NodeRed, file: string): T[] {
  const path = join(red.userDir, file);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

async function letters(red: NodeRed, id: string): Promise<readonly Letter[]> {
  return waitFor(
    async () => ((await red.admin(`/crossdock/dead-letters/${id}`)) as { items: Letter[] }).items,
    { what: 'the dead letters' },
  );
}

/** What the store of a stopped gateway holds. */
function inStore(red: NodeRed, file: string, sql: string): Record<string, unknown>[] {
  const db = new DatabaseSync(join(red.userDir, file));
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

/** FlowFuse's recipe for dead letters and retries, as the example ships it: two nodes and no function node. */
describe('the example "Try five times, then park it"', () => {
  const file = join(projectFolders().root, 'examples', 'retry', '01 - Try five times, then park it.json');
  const example = JSON.parse(readFileSync(file, 'utf8')) as FlowNode[];
  const named = (type: string, name = ''): FlowNode => {
    const found = example.find((each) => each.type === type && (name === '' || each['name'] === name));
    assert.ok(found, `${type} ${name}`);
    return found;
  };
  const retry = named('crossdock-retry');
  const dead = named('crossdock-dead-letter');
  // Looks on from the same tab: the example itself stays as it is.
  const watch = [
    node('status', 'watch', { scope: [retry.id] }, [['seen']]),
    ...record('seen', 'status.jsonl', '{"text": status.text}'),
  ].map((each) => ({ ...each, z: retry['z'] }));
  let service: Service;
  let red: NodeRed;
  const env: Record<string, string | undefined> = {};

  before(async () => {
    service = await startService();
    env['ERP_URL'] = service.url;
  });
  after(() => service.close());
  beforeEach(async () => {
    service.answer = () => 'hangs up';
    env['NODE_OPTIONS'] = '';
    red = await spawnNodeRed({ flows: [...example, ...watch], env });
  });
  afterEach(() => red.remove());

  const pressed = (name: string): Promise<void> => press(red, named('inject', name).id);
  const shown = (): string[] => lines<{ text: string }>(red, 'status.jsonl').map(({ text }) => text);
  const asked = (from: number): number => service.bodies.length - from;

  it('is the recipe: 5 attempts, 1 s base, 30 s cap, and no function node', () => {
    assert.deepEqual([retry['attempts'], retry['baseSeconds'], retry['capSeconds']], [5, 1, 30]);
    const types = example.map(({ type }) => type);
    assert.deepEqual(
      types.filter((type) => type.startsWith('crossdock-')),
      ['crossdock-store', 'crossdock-retry', 'crossdock-dead-letter'],
    );
    assert.ok(!types.includes('function') && !types.includes('catch') && !types.includes('delay'));
  });

  it('tries five times what may pass, and parks it once', async () => {
    const from = service.bodies.length;
    await pressed('an order');
    const found = await waitFor(
      async () => {
        const items = await letters(red, dead.id);
        return items.length > 0 ? items : undefined;
      },
      { what: 'the letter', timeoutMs: 40_000 },
    );
    assert.equal(asked(from), 5);
    assert.deepEqual(
      found.map(({ code, kind, attempts }) => [code, kind, attempts]),
      [['NODE_NETWORK', 'transient', 5]],
    );
    assert.deepEqual(
      service.bodies.slice(from).map((body) => JSON.parse(body) as unknown),
      new Array(5).fill({ order: '1001' }),
      'each try has the message as it came',
    );
  });

  it('is done when a try goes well', async () => {
    const from = service.bodies.length;
    service.answer = (_request, times) => (times - from < 3 ? 'hangs up' : 200);
    await pressed('an order');
    await waitFor(() => shown().includes('2 tried again, 0 exhausted'), {
      what: 'the end',
      timeoutMs: 30_000,
    });
    assert.equal(asked(from), 3);
    assert.deepEqual(await letters(red, dead.id), []);
    await red.stop();
    const rows = inStore(red, 'crossdock-example-retry-1.sqlite', 'SELECT state FROM crossdock_inbox');
    assert.deepEqual(
      rows.map(({ state }) => state),
      ['done'],
    );
  });

  it('parks at once what can never work', async () => {
    const from = service.bodies.length;
    await pressed('no JSON');
    await waitFor(async () => (await letters(red, dead.id)).length > 0, { what: 'the letter' });
    const [letter] = await letters(red, dead.id);
    assert.deepEqual([letter?.code, letter?.kind, letter?.attempts], ['NODE_FAILED', 'permanent', 1]);
    assert.equal(asked(from), 0);
  });

  it('goes on after kill -9 during a wait: five tries in all, over both lives', async () => {
    // A wait is anything from nothing to its ceiling; here it is most of that, so that a kill can fall into it.
    const slow = join(red.userDir, 'long-waits.js');
    writeFileSync(slow, 'const { random } = Math;\nMath.random = () => 0.75 + random() / 4;\n');
    env['NODE_OPTIONS'] = `--require ${slow}`;
    await red.restart();
    // A try is long enough to be shown: then the wait after it is shown as well.
    service.answer = () => 'hangs up late';
    const from = service.bodies.length;
    const text = '0 in the flow, 1 waiting';
    const waits = (): number => shown().filter((line) => line === text).length;
    await pressed('an order');
    let state: unknown;
    let tries = 0;
    // What a kill cut off between its request and its end is no try that counts: it is delivered and made again.
    let cutOff = 0;
    let inTheFlow = 0;
    // Even so a wait may be over by the moment of the kill: then the next one is taken.
    for (let kills = 0; state !== 'waiting'; kills += 1) {
      assert.ok(kills < 4, 'no kill fell into a wait');
      const begun = kills === 0 ? 0 : asked(from);
      // What is shown after a start is what was left: a wait is what comes after a try.
      await waitFor(() => asked(from) > begun, { what: 'a try', timeoutMs: 30_000 });
      const before = waits();
      await waitFor(() => waits() > before, { what: 'a wait', timeoutMs: 30_000 });
      await red.kill9();
      const [row] = inStore(
        red,
        'crossdock-example-retry-1.sqlite',
        'SELECT state, tries FROM crossdock_inbox',
      );
      state = row?.['state'];
      tries = Number(JSON.parse(String(row?.['tries'] ?? '{}'))[retry.id] ?? 0);
      // What it has sent is read when its connections have ended.
      await service.quiet();
      cutOff = asked(from) - tries;
      assert.ok(cutOff >= 0 && cutOff <= kills + 1, `${asked(from)} requests, ${tries} tries`);
      if (state === 'leased') inTheFlow += 1;
      if (state !== 'waiting') await red.restart();
    }
    assert.ok(tries >= 1 && tries <= 4, `${tries} tries`);
    await red.restart();
    await waitFor(async () => (await letters(red, dead.id)).length > 0, {
      what: 'the letter',
      timeoutMs: 40_000,
    });
    assert.equal(asked(from), 5 + cutOff);
    assert.equal((await letters(red, dead.id)).length, 1);
    await red.stop();
    const rows = inStore(
      red,
      'crossdock-example-retry-1.sqlite',
      'SELECT state, attempts FROM crossdock_inbox',
    );
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [{ state: 'parked', attempts: 5 + inTheFlow }],
    );
  }).timeout(120_000);
});

describe('retry, in a flow', () => {
  let service: Service;
  let red: NodeRed;

  beforeEach(async () => {
    service = await startService();
  });
  afterEach(async () => {
    await red?.remove();
    service.close();
  });

  const request = (id: string, wires: string[][]): FlowNode =>
    node('http request', id, { method: 'POST', ret: 'txt', url: service.url, senderr: true }, wires);
  const retryNode = (id: string, config: object, wires: string[][]): FlowNode =>
    node(
      'crossdock-retry',
      id,
      { store: 'store', attempts: 3, baseSeconds: 1, capSeconds: 1, ...config },
      wires,
    );
  const dead = (id: string): FlowNode[] => [
    node('crossdock-dead-letter', id, { store: 'store' }, [[`${id}Parked`], [`${id}Alive`]]),
    ...record(
      `${id}Parked`,
      `${id}-parked.jsonl`,
      '{"code": error.code, "source": error.source.id, "retry": crossdock.retry, "payload": payload}',
    ),
    ...record(`${id}Alive`, `${id}-alive.jsonl`, 'crossdock.retry'),
  ];
  const send = async (path: string, body: unknown, id: string): Promise<void> => {
    const taken = await waitFor(
      async () => {
        const { status } = await post(red, path, body, { 'idempotency-key': id });
        return status === 503 || status === 404 ? undefined : status;
      },
      { what: 'the webhook', timeoutMs: 20_000 },
    );
    assert.equal(taken, 202);
  };
  const rows = (sql: string): Record<string, unknown>[] =>
    inStore(red, 'test.sqlite', sql).map((row) => ({ ...row }));

  it('delivers again from the source, through the guard; a Catch node’s dead letter parks nothing of it', async () => {
    service.answer = () => 'hangs up';
    red = await spawnNodeRed({
      flows: [
        TAB,
        STORE,
        webhook('hook', {}, [['count', 'guard']]),
        ...record('count', 'delivered.jsonl', 'crossdock.attempt'),
        node('crossdock-idempotency-guard', 'guard', { store: 'store', keyType: 'msg', key: 'payload.id' }, [
          ['spoil'],
          [],
          [],
        ]),
        node('change', 'spoil', { rules: [{ t: 'set', p: 'before', pt: 'msg', to: 'x', tot: 'str' }] }, [
          ['retry'],
        ]),
        retryNode('retry', {}, [['change'], ['out']]),
        node(
          'change',
          'change',
          { rules: [{ t: 'set', p: 'payload.id', pt: 'msg', to: 'spoilt', tot: 'str' }] },
          [['request']],
        ),
        request('request', [[]]),
        node('catch', 'catch', { scope: null, uncaught: false }, [['caught']]),
        ...dead('caught'),
        ...dead('out'),
      ],
    });
    await send('/hook', { id: 'g-1' }, '1');
    const parked = await waitFor(
      () => {
        const found = lines<{ code: string; source: string; retry: unknown; payload: unknown }>(
          red,
          'out-parked.jsonl',
        );
        return found.length > 0 ? found : undefined;
      },
      { what: 'the letter', timeoutMs: 20_000 },
    );
    assert.deepEqual(parked, [
      {
        code: 'NODE_NETWORK',
        source: 'request',
        retry: { attempt: 3, exhausted: true },
        payload: { id: 'g-1' },
      },
    ]);
    assert.equal(service.bodies.length, 3);
    assert.deepEqual(lines(red, 'delivered.jsonl'), [1, 2, 3]);
    assert.deepEqual(lines(red, 'caught-parked.jsonl'), []);
    const alive = lines<{ inMs?: number; leavesBy?: string }>(red, 'caught-alive.jsonl');
    assert.deepEqual(
      alive.map(({ inMs, leavesBy }) => (leavesBy === undefined ? inMs !== undefined : leavesBy)),
      [true, true, 'retry'],
    );
    await red.stop();
    assert.deepEqual(rows('SELECT state, attempts, failures FROM crossdock_inbox'), [
      { state: 'parked', attempts: 3, failures: 2 },
    ]);
    assert.deepEqual(rows("SELECT state FROM crossdock_idempotency WHERE state <> 'failed'"), []);
  });

  it('leaves by the second output once, when two branches fail', async () => {
    service.answer = () => 'hangs up';
    red = await spawnNodeRed({
      flows: [
        TAB,
        STORE,
        webhook('hook', {}, [['retry']]),
        retryNode('retry', { attempts: 1 }, [['one', 'two'], ['out']]),
        request('one', [[]]),
        node('delay', 'two', { pauseType: 'delay', timeout: '0.3', timeoutUnits: 'seconds' }, [['three']]),
        request('three', [[]]),
        ...record('out', 'out.jsonl', 'crossdock.retry'),
      ],
    });
    await send('/hook', { id: 1 }, '1');
    await waitFor(() => lines(red, 'out.jsonl').length > 0, { what: 'the second output' });
    await red.stop();
    assert.deepEqual(lines(red, 'out.jsonl'), [{ attempt: 1, exhausted: true }]);
    assert.deepEqual(rows('SELECT state FROM crossdock_inbox'), [{ state: 'done' }]);
  });

  it('waits as long as an answer asks for', async () => {
    red = await spawnNodeRed({
      flows: [
        TAB,
        STORE,
        webhook('hook', {}, [['retry']]),
        retryNode('retry', {}, [['answer'], []]),
        node(
          'change',
          'answer',
          { rules: [{ t: 'set', p: 'headers', pt: 'msg', to: '{"retry-after":"7200"}', tot: 'json' }] },
          [['again']],
        ),
        node(
          'crossdock-settle',
          'again',
          { outcome: 'failed', code: 'ERP_BUSY', sentence: 'busy', retry: true },
          [['settled']],
        ),
        ...record('settled', 'settled.jsonl', '{"settled": settled}'),
      ],
    });
    await send('/hook', { id: 1 }, '1');
    await waitFor(() => lines(red, 'settled.jsonl').length > 0, { what: 'the end of the first try' });
    await red.stop();
    const [row] = rows('SELECT state, next_at - received_at AS wait FROM crossdock_inbox');
    assert.equal(row?.['state'], 'waiting');
    assert.ok(Number(row?.['wait']) >= 7_200_000, String(row?.['wait']));
  });

  for (const end of ['automatic', 'explicit'] as const) {
    it(`makes a failure of an answer, with a settle node, ${end} ends`, async () => {
      service.answer = (_request, times) => (times < 3 ? 503 : 400);
      red = await spawnNodeRed({
        flows: [
          TAB,
          STORE,
          webhook('hook', { end }, [['retry']]),
          retryNode('retry', { attempts: 9 }, [['request'], ['out']]),
          request('request', [['which']]),
          node(
            'switch',
            'which',
            {
              property: 'statusCode',
              propertyType: 'msg',
              rules: [{ t: 'gte', v: '500', vt: 'num' }, { t: 'else' }],
              outputs: 2,
            },
            [['again'], ['no']],
          ),
          node('crossdock-settle', 'again', {
            outcome: 'failed',
            code: 'ERP_BUSY',
            sentence: 'busy',
            retry: true,
          }),
          node('crossdock-settle', 'no', { outcome: 'failed', code: 'ERP_REFUSED', sentence: 'refused' }),
          ...dead('out'),
        ],
      });
      await send('/hook', { id: 1 }, '1');
      const [parked] = await waitFor(
        () => {
          const found = lines<{ code: string; retry: { attempt: number } }>(red, 'out-parked.jsonl');
          return found.length > 0 ? found : undefined;
        },
        { what: 'the letter', timeoutMs: 20_000 },
      );
      assert.deepEqual([parked?.code, parked?.retry.attempt], ['ERP_REFUSED', 3]);
      assert.equal(service.bodies.length, 3);
      await red.stop();
      assert.deepEqual(rows('SELECT state, attempts FROM crossdock_inbox'), [
        { state: 'parked', attempts: 3 },
      ]);
    });
  }

  it('keeps the caller of an http in waiting through the tries, and answers it', async () => {
    service.answer = (_request, times) => (times < 2 ? 'hangs up' : 200);
    red = await spawnNodeRed({
      flows: [
        TAB,
        STORE,
        node('http in', 'in', { url: '/ask', method: 'post' }, [['retry']]),
        retryNode('retry', {}, [['request'], []]),
        request('request', [['reply']]),
        node('http response', 'reply', { statusCode: '201' }),
      ],
    });
    const answer = await waitFor(
      async () => {
        const got = await post(red, '/ask', { id: 1 });
        return got.status === 404 ? undefined : got;
      },
      { what: 'the answer', timeoutMs: 20_000 },
    );
    assert.equal(answer.status, 201);
    assert.equal(service.bodies.length, 2);
  });

  it('holds nothing in memory of 1,000 messages that fail, and lets no second have over 3 times the mean', async () => {
    service.answer = () => 'hangs up';
    red = await spawnNodeRed({
      flows: [
        TAB,
        STORE,
        node('inject', 'go', { props: [{ p: 'payload' }], payload: '[1..1000]', payloadType: 'jsonata' }, [
          ['split'],
        ]),
        node('split', 'split', { arraySplt: 1, arraySpltType: 'len' }, [['retry']]),
        // Their second try is so far away that none of them has it before all have failed.
        retryNode('retry', { baseSeconds: 1, capSeconds: 1, attempts: 2 }, [['request'], ['out']]),
        request('request', [[]]),
        ...record('out', 'out.jsonl', 'payload'),
      ],
    });
    const at: number[] = [];
    const seen = new Map<string, number>();
    service.answer = (_request) => {
      const body = service.bodies.at(-1) ?? '';
      const times = (seen.get(body) ?? 0) + 1;
      seen.set(body, times);
      if (times === 2) at.push(performance.now());
      return 'hangs up';
    };
    await press(red, 'go');
    await waitFor(() => at.length === 1000, { what: 'all second tries', timeoutMs: 50_000, intervalMs: 200 });
    const first = Math.min(...at);
    const counts: number[] = [];
    for (const time of at) {
      const second = Math.floor((time - first) / 1000);
      counts[second] = (counts[second] ?? 0) + 1;
    }
    const mean = at.length / counts.length;
    assert.ok(Math.max(...counts.map((count) => count ?? 0)) <= 3 * mean, `${counts} (mean ${mean})`);
    await waitFor(() => lines(red, 'out.jsonl').length === 1000, {
      what: 'all exhausted',
      timeoutMs: 30_000,
    });
    await red.stop();
    assert.deepEqual(rows('SELECT state, count(*) AS n FROM crossdock_inbox GROUP BY state'), [
      { state: 'done', n: 1000 },
    ]);
  }).timeout(120_000);
});
