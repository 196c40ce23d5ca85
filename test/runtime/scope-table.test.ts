import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  freePort,
  type NodeRed,
  projectFolders,
  spawnNodeRed,
  type TempDir,
  tempDir,
  waitFor,
} from '../support';
import { type FlowNode, post, STORE } from './flow';
import { CASES, type Case, markdownTable, outcomesOf, type Surroundings } from './scope-table';

const WORK_MS = 500;
const MAJOR = process.env.CROSSDOCK_NODE_RED?.startsWith('4') ? 4 : 5;
const PLAYED = CASES.filter(({ since = 4 }) => since <= MAJOR);
/** Of the cases that only their time in the flow ends. */
const LEASE_SECONDS = 2;

const ID_FIELDS = new Set(['id', 'z', 'wires', 'scope', 'links', 'broker', 'store', 'in', 'out']);

/** A case on a tab of its own, with its source `in`, its recorder `rec` and a witness of the source's status. */
function tabOf(each: Case, index: number, around: Surroundings): FlowNode[] {
  const prefix = `c${index}`;
  const inside = each.flow(around);
  const known = new Set([...inside.map(({ id }) => id), 'rec', 'in', 'witness', 'noted', 'enter']);
  const name = (id: string): string => {
    if (id === '/store') return 'store';
    if (id.startsWith('subflow:')) return `subflow:${name(id.slice(8))}`;
    return known.has(id) ? `${prefix}.${id}` : id;
  };
  /** Local ids become those of this case, in the fields that hold ids. */
  const placed = (value: unknown, isId: boolean): unknown => {
    if (typeof value === 'string') return isId ? name(value) : value;
    if (Array.isArray(value)) return value.map((item) => placed(item, isId));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, placed(inner, isId || ID_FIELDS.has(key))]),
    );
  };
  const note = (what: string, value: string): string =>
    `const all = global.get('${what}') || {}; (all['${prefix}'] = all['${prefix}'] || []).push(${value}); global.set('${what}', all);`;
  const leased = outcomesOf(each).includes('lease');
  const nodes: FlowNode[] = [
    {
      id: 'in',
      type: 'crossdock-webhook-in',
      x: 1,
      y: 1,
      store: '/store',
      path: `/${prefix}`,
      source: prefix,
      partitionKey: '',
      // One at a time: the second message enters when the time of the first is over.
      ...(leased ? { holdSeconds: LEASE_SECONDS, concurrency: 1 } : {}),
      wires: [[leased ? 'enter' : 'n']],
    },
    {
      id: 'enter',
      type: 'function',
      x: 1,
      y: 1,
      func: `${note('entered', '1')} return msg;`,
      wires: [['n']],
    },
    {
      id: 'rec',
      type: 'function',
      x: 1,
      y: 1,
      func: note('seen', '{ at: Date.now(), id: (msg.crossdock || {}).deliveryId || null }'),
      wires: [],
    },
    { id: 'witness', type: 'status', x: 1, y: 1, scope: ['in'], wires: [['noted']] },
    { id: 'noted', type: 'function', x: 1, y: 1, func: note('status', 'msg.status.text'), wires: [] },
    ...inside,
  ];
  const onTab = nodes.map((node) => {
    const config = node.type === 'subflow' || !('x' in node) ? {} : { z: node['z'] ?? prefix };
    return {
      ...(placed({ ...config, ...node }, false) as FlowNode),
      type: node.type.startsWith('subflow:') ? name(node.type) : node.type,
    };
  });
  return [{ id: prefix, type: 'tab', label: `${each.node}: ${each.when}` }, ...onTab];
}

/** A message that the recorder got. */
interface Seen {
  readonly at: number;
  /** Its delivery id, if it still knows it. */
  readonly id: string | null;
}

interface InboxRow {
  readonly id: string;
  readonly state: string;
  readonly failures: number;
  readonly attempts: number;
  readonly error: string | null;
  readonly settled_at: number | null;
}

describe('automatic ends through every core node', () => {
  let red: NodeRed;
  let folder: TempDir;
  let http: Server;
  let tcp: TcpServer;
  const rows = new Map<string, InboxRow[]>();
  let seen: Record<string, Seen[]> = {};

  async function context(name: string): Promise<Record<string, unknown[]>> {
    const { msg } = (await red.admin(`/context/global/${name}`)) as { msg: string };
    return JSON.parse(msg) as Record<string, unknown[]>;
  }

  before(async function () {
    this.timeout(120_000);
    folder = tempDir();
    writeFileSync(join(folder.path, 'lines.txt'), 'one\ntwo\nthree');
    http = createServer((request, response) => {
      if (request.url === '/never') return;
      response.statusCode = request.url === '/ok' ? 200 : 500;
      setTimeout(() => response.end('answer'), WORK_MS);
    }).listen(0, '127.0.0.1');
    tcp = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => setTimeout(() => socket.end('answer'), WORK_MS));
    }).listen(0, '127.0.0.1');
    await waitFor(() => http.listening && tcp.listening, { what: 'the servers' });
    const around: Surroundings = {
      httpUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
      tcpPort: (tcp.address() as AddressInfo).port,
      deadPort: await freePort(),
      folder: folder.path,
    };
    red = await spawnNodeRed({
      flows: [STORE, ...PLAYED.flatMap((each, index) => tabOf(each, index, around))],
    });
    for (const [index, each] of PLAYED.entries()) {
      const times = outcomesOf(each).includes('lease') ? 2 : outcomesOf(each).length;
      for (let n = 0; n < times; n += 1) {
        await waitFor(
          async () => {
            const headers = { 'idempotency-key': `m${n}` };
            return (await post(red, `/c${index}`, { n: 1, kind: 'order' }, headers)).status === 202;
          },
          { what: `${each.node} ready`, timeoutMs: 20_000 },
        );
      }
    }
    await waitFor(
      async () => {
        seen = (await context('seen')) as Record<string, Seen[]>;
        const statuses = await context('status');
        const entered = await context('entered');
        const waiting = PLAYED.flatMap((each, index) => {
          const name = `c${index}`;
          const ends = outcomesOf(each);
          const last = String(statuses[name]?.at(-1));
          const ended = ends.includes('lease')
            ? entered[name]?.length === 2
            : ends.includes('again') || last === 'ready';
          const count = seen[name]?.length ?? 0;
          if (ended && count >= each.seen) return [];
          return [`${each.node} (${each.when}): ${last}, ${count} of ${each.seen} seen`];
        });
        if (waiting.length > 0) throw new Error(waiting.join('\n'));
        return true;
      },
      { what: 'all cases', timeoutMs: 20_000, intervalMs: 200 },
    ).catch((error: unknown) => {
      // Each case says below what became of it; this says it for all at once.
      console.error(error instanceof Error ? error.message : error);
    });
    await red.stop();
    const database = new DatabaseSync(join(red.userDir, 'test.sqlite'), { readOnly: true });
    const found = database
      .prepare(
        // What no dead letter node parks is parked by its source.
        `SELECT source, id, failures, attempts, error, settled_at,
          CASE WHEN state = 'parked' AND EXISTS (
            SELECT 1 FROM crossdock_dead_letter l JOIN crossdock_dead_letter_group g ON g.cause = l.cause
            WHERE l.source = i.source AND l.delivery_id = i.id AND g.dead_letter_node = '') THEN 'dead' ELSE state END AS state
        FROM crossdock_inbox i ORDER BY seq`,
      )
      .all() as unknown as (InboxRow & { source: string })[];
    database.close();
    for (const row of found) rows.set(row.source, [...(rows.get(row.source) ?? []), row]);
  });
  after(async () => {
    await red?.remove();
    http?.closeAllConnections();
    http?.close();
    tcp?.close();
    folder?.remove();
  });

  /** What the store says, and whether it was said before the last of the message's work was seen. */
  function found(row: InboxRow, each: Case, all: readonly Seen[]): string {
    const { state, failures, attempts } = row;
    const own = all.filter(({ id }) => each.shared === true || id === null || id === row.id);
    // The same clock on both sides; the store cuts off fractions of a millisecond.
    const early = Math.max(0, ...own.map(({ at }) => at)) > Number(row.settled_at) + 2;
    if (state === 'done') return early ? 'early' : 'done';
    if (state === 'dead') return early && each.sendsOn !== true ? 'failed too early' : 'failed';
    if (state === 'parked') return 'parked';
    if (failures > 0) return 'again';
    return state === 'leased' ? 'lease' : `${state} after ${attempts} deliveries`;
  }

  for (const [index, each] of PLAYED.entries()) {
    it(`${each.node}, ${each.when}: ${outcomesOf(each).join(', ')}`, () => {
      const got = rows.get(`c${index}`) ?? [];
      const all = seen[`c${index}`] ?? [];
      const states = got.slice(0, outcomesOf(each).length).map((row) => found(row, each, all));
      assert.deepEqual(states, [...outcomesOf(each)], JSON.stringify({ got, all }));
      assert.ok(all.length >= each.seen, `${all.length} of ${each.seen} were seen`);
    });
  }

  it('LIFECYCLE.md shows this table', () => {
    const page = readFileSync(join(projectFolders().root, 'LIFECYCLE.md'), 'utf8');
    assert.ok(page.includes(markdownTable()), `Its table differs. It is to be:\n${markdownTable()}`);
  });
});
