import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type NodeRed, spawnNodeRed, waitFor } from '../support';
import { type FlowNode, node, post, STORE, TAB, webhook } from './flow';

const note = (what: string): string =>
  `const all = global.get('${what}') || []; all.push(msg.crossdock.deliveryId); global.set('${what}', all); return msg;`;

/** Nodes that hold a message and let go of it, with `done()`, when they are stopped; each as it holds and as it passes. */
const HOLDERS: Readonly<Record<string, { holds: FlowNode; passes: FlowNode }>> = {
  delay: both('delay', { pauseType: 'delay', timeout: '3600', timeoutUnits: 'seconds' }, { timeout: '0.1' }),
  rate: both(
    'delay',
    { pauseType: 'queue', rate: '1', nbRateUnits: '1', rateUnits: 'hour' },
    { rate: '10', rateUnits: 'second' },
  ),
  batch: both('batch', { mode: 'count', count: 2, overlap: 0 }, { count: 1 }),
  join: both('join', { mode: 'custom', build: 'array', count: '2', property: 'payload' }, { count: '1' }),
  // Ends its work after it was stopped: what it sends then goes nowhere, and its `done` comes all the same.
  late: both('http request', { method: 'GET', ret: 'txt', url: '/slow' }, { url: '/fast' }),
};

function both(type: string, config: object, passing: object): { holds: FlowNode; passes: FlowNode } {
  return { holds: node(type, 'n', config), passes: node(type, 'n', { ...config, ...passing }) };
}

function flows(state: 'holds' | 'passes'): FlowNode[] {
  return [
    TAB,
    STORE,
    ...Object.entries(HOLDERS).flatMap(([name, holder]) => [
      webhook(name, {}, [[`${name}Enter`]]),
      node('function', `${name}Enter`, { func: note('entered') }, [[`${name}Holder`]]),
      { ...holder[state], id: `${name}Holder`, wires: [['rec']], ...at(holder[state]) },
    ]),
    node('function', 'rec', { func: note('seen') }),
  ];
}

let server: Server;

/** The address of a holder that asks a server. */
function at({ url }: FlowNode): object {
  return url === undefined ? {} : { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${url}` };
}

describe('automatic ends when nodes stop', () => {
  let red: NodeRed;
  const names = Object.keys(HOLDERS);

  async function noted(what: string): Promise<string[]> {
    const { msg, format } = (await red.admin(`/context/global/${what}`)) as { msg: string; format: string };
    return (format === 'undefined' ? [] : JSON.parse(msg)) as string[];
  }

  async function sendAll(round: string): Promise<string[]> {
    const ids = names.map((name) => `idempotency-key:${name}-${round}`);
    for (const name of names) {
      await waitFor(
        async () =>
          (await post(red, `/${name}`, {}, { 'idempotency-key': `${name}-${round}` })).status === 202,
        { what: `the acknowledgement of ${name}` },
      );
    }
    await waitFor(
      async () => {
        const entered = await noted('entered');
        return ids.every((id) => entered.includes(id));
      },
      { what: 'all messages in their nodes' },
    );
    return ids;
  }

  /** A deploy of changed nodes only: the sources go on, the holders are replaced. */
  async function deployNodes(state: 'holds' | 'passes'): Promise<void> {
    const from = red.log.length;
    const response = await fetch(`${red.url}/flows`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'node-red-deployment-type': 'nodes' },
      body: JSON.stringify(flows(state)),
    });
    assert.ok(response.ok, `${response.status}`);
    await red.waitForLog(/Started modified nodes/, { from, timeoutMs: 20_000 });
  }

  before(async () => {
    server = createServer((request, response) => {
      if (request.url === '/slow') setTimeout(() => response.end('late'), 1500);
      else response.end('at once');
    }).listen(0, '127.0.0.1');
    await waitFor(() => server.listening, { what: 'the server' });
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(async () => {
    red = await spawnNodeRed({ flows: flows('holds') });
  });
  afterEach(() => red.remove());

  for (const [how, deploy] of [
    ['a full deploy', () => red.deploy(flows('passes'))],
    ['a deploy of changed nodes', () => deployNodes('passes')],
    [
      'a restart',
      async () => {
        await red.stop();
        await red.restart();
        await red.deploy(flows('passes'));
      },
    ],
  ] as const) {
    it(`delivers again after ${how} what ${names.join(', ')} held`, async () => {
      const ids = await sendAll('first');
      await deploy();
      let seen: string[] = [];
      await waitFor(
        async () => {
          seen = await noted('seen');
          return ids.every((id) => seen.includes(id));
        },
        { what: 'all messages behind their nodes', timeoutMs: 20_000 },
      ).catch((error: unknown) => {
        throw new Error(`Only ${seen.join(', ')} went on.`, { cause: error });
      });
      await red.stop();
      const database = new DatabaseSync(join(red.userDir, 'test.sqlite'), { readOnly: true });
      const rows = database.prepare('SELECT id, state FROM crossdock_inbox').all();
      database.close();
      for (const { id, state } of rows) assert.equal(state, 'done', String(id));
      assert.equal(rows.length, ids.length);
    });
  }
});
