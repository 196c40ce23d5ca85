import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { OdooClient } from '../../core/odoo';
import { currency } from '../../sandbox/catalogue';
import { type OdooStandIn, seedDemoCompany, startOdooStandIn } from '../../sandbox/odoo';
import { adminClient, makeOrder } from '../conformance/sales-fixture';
import { type NodeRed, spawnNodeRed, startTcpProxy, type TcpProxy, waitFor } from '../support';
import { type FlowNode, node, post, press, record, STORE, TAB, webhook } from './flow';

const SKU = 'PAL-EPAL';
const PROBE_SECONDS = 3;
const ORDERS = 40;

/** Odoo is down: at most five orders fail of it, then one probe at a time asks whether it is back. */
describe('a circuit breaker in front of Odoo', () => {
  let odoo: OdooStandIn;
  let proxy: TcpProxy;
  let client: OdooClient;
  let red: NodeRed;

  const flows = (config: object = {}, fallback: string[] = []): FlowNode[] => [
    TAB,
    STORE,
    {
      id: 'server',
      type: 'crossdock-odoo-server',
      url: proxy.url,
      database: odoo.database,
      login: odoo.login,
      timeoutSeconds: 10,
      credentials: { apiKey: odoo.apiKey },
    },
    webhook('orders', {}, [['retry']]),
    node('crossdock-retry', 'retry', { store: 'store', attempts: 50, baseSeconds: 1, capSeconds: 1 }, [
      ['breaker'],
      [],
    ]),
    node(
      'crossdock-circuit-breaker',
      'breaker',
      { store: 'store', target: 'Odoo', probeSeconds: PROBE_SECONDS, ...config },
      [['place'], fallback],
    ),
    node('crossdock-odoo-order', 'place', { server: 'server' }, [[]]),
    node('status', 'state', { scope: ['breaker'] }, [['stateLine']]),
    ...record('stateLine', 'state.jsonl', '{"text": status.text}'),
    node('status', 'source', { scope: ['orders'] }, [['sourceLine']]),
    ...record('sourceLine', 'source.jsonl', '{"text": status.text}'),
    node('catch', 'catch', { scope: ['place', 'breaker'] }, [['failed']]),
    ...record('failed', 'failed.jsonl', '{"code": error.code, "node": error.source.id}'),
    ...record('instead', 'instead.jsonl', 'circuit'),
  ];
  const lines = <T>(file: string): T[] => {
    const path = join(red.userDir, file);
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  };
  const shown = (file: string): string[] => lines<{ text: string }>(file).map(({ text }) => text);
  const send = async (account: string, count: number): Promise<void> => {
    const numbers = Array.from({ length: count }, (_, n) => `${account}-${n + 1}`);
    await Promise.all(
      numbers.map((number) =>
        waitFor(async () => {
          const order = makeOrder({ prefix: account, currency, skus: [SKU, SKU, SKU] }, number, [
            { sku: SKU },
          ]);
          const { status } = await post(red, '/orders', order, { 'idempotency-key': number });
          return status === 202 || status === 200;
        }),
      ),
    );
  };
  const inOdoo = async (account: string): Promise<number> =>
    client.call<number>('sale.order', 'search_count', {
      args: { domain: [['client_order_ref', 'like', `#${account}-`]] },
    });
  const failures = (): { code: string; node: string }[] => lines('failed.jsonl');
  const until = (pattern: RegExp, from = 0): Promise<unknown> =>
    waitFor(
      () =>
        shown('state.jsonl')
          .slice(from)
          .some((line) => pattern.test(line)),
      {
        what: `the state ${pattern}`,
        timeoutMs: 30_000,
      },
    );

  before(async () => {
    odoo = await startOdooStandIn();
    await seedDemoCompany(odoo);
    client = adminClient(odoo);
  });
  after(async () => {
    await client.close();
    await odoo.close();
  });
  beforeEach(async () => {
    proxy = await startTcpProxy({ target: odoo.url });
  });
  afterEach(async () => {
    await red?.remove();
    await proxy.close();
  });

  it('lets at most five orders fail and one probe per interval, pauses the source, and goes on by itself', async () => {
    red = await spawnNodeRed({ flows: flows() });
    await send('warm', 1);
    await waitFor(async () => (await inOdoo('warm')) === 1, {
      what: 'an order while all is well',
      timeoutMs: 30_000,
    });
    await waitFor(() => shown('source.jsonl').at(-1) === 'ready', { what: 'the end of that order' });
    proxy.cut();
    const from = proxy.accepted;
    const since = performance.now();
    // What was heard in the last 100 ms lets two more in (Gate): it has to be dead for longer than that.
    await waitFor(() => performance.now() - since > 200, { what: 'a silence' });
    await send('storm', ORDERS);
    await until(/^open since/);
    assert.ok(failures().length <= 5, `${failures().length} failed`);
    await waitFor(
      () => shown('source.jsonl').some((line) => /^paused: Odoo is down, \d+ waiting/.test(line)),
      {
        what: 'the paused source',
      },
    );
    const atOpen = failures().length;
    // Three probes, each of which is one order that fails.
    await waitFor(() => failures().length >= atOpen + 3, {
      what: 'three probes',
      timeoutMs: 40_000,
      intervalMs: 50,
    });
    const elapsed = performance.now() - since;
    const probes = failures().length - atOpen;
    assert.ok(probes <= Math.ceil(elapsed / (PROBE_SECONDS * 1000)), `${probes} probes in ${elapsed} ms`);
    // Each order that fails may knock several times (odoo order repeats a call within seconds): the knocks come in
    // bunches, one per probe, and between two bunches there is silence.
    const knocks = proxy.acceptedAt.slice(from);
    const bunches = knocks.filter((at, index) => index === 0 || at - (knocks[index - 1] ?? 0) > 500).length;
    assert.ok(bunches <= probes + 3, `${bunches} bunches of ${knocks.length} connections`);
    proxy.restore();
    await waitFor(async () => (await inOdoo('storm')) === ORDERS, { what: 'all orders', timeoutMs: 40_000 });
    await until(/^closed$/, lines('state.jsonl').length - 3);
    assert.deepEqual(
      failures().filter(({ code }) => !code.startsWith('ODOO_')),
      [],
      'nothing failed of the breaker itself',
    );
    const failed = failures().length;
    await red.stop();
    const db = new DatabaseSync(join(red.userDir, 'test.sqlite'));
    const [row] = db.prepare('SELECT sum(failures) AS failures FROM crossdock_inbox').all();
    db.close();
    assert.equal(row?.['failures'], failed, 'no attempt was used up while the source was paused');
  }).timeout(120_000);

  it('stays open over a kill -9', async () => {
    red = await spawnNodeRed({ flows: flows({ probeSeconds: 3600 }) });
    proxy.cut();
    await send('kill', 10);
    await until(/^open since/);
    await red.kill9();
    const before = failures().length;
    const states = lines('state.jsonl').length;
    await red.restart();
    await until(/^open since/, states);
    await send('kill-again', 5);
    await waitFor(() => shown('source.jsonl').some((line) => /15 waiting/.test(line)), {
      what: 'all of them waiting',
      timeoutMs: 20_000,
    });
    assert.equal(failures().length, before);
  }).timeout(90_000);

  it('gives the messages to the second output, when there is one, and pauses nothing', async () => {
    red = await spawnNodeRed({ flows: flows({ probeSeconds: 3600 }, ['instead']) });
    proxy.cut();
    await send('instead', 12);
    await until(/^open since/);
    await send('instead-later', 4);
    const got = await waitFor(
      () => {
        const found = lines<{ target: string; state: string; reason: string }>('instead.jsonl');
        return found.length >= 4 ? found : undefined;
      },
      { what: 'the second output', timeoutMs: 20_000 },
    );
    assert.deepEqual([got[0]?.target, got[0]?.state], ['Odoo', 'open']);
    assert.match(String(got[0]?.reason), /Odoo/);
    assert.deepEqual(
      shown('source.jsonl').filter((line) => line.startsWith('paused')),
      [],
    );
  }).timeout(90_000);

  it('refuses a message of no source, and says until when', async () => {
    red = await spawnNodeRed({
      flows: [
        ...flows({ probeSeconds: 3600, failures: 1 }).filter(({ id }) => id !== 'retry'),
        node('inject', 'go', { props: [{ p: 'payload' }], payload: '{}', payloadType: 'json' }, [['order']]),
        node(
          'change',
          'order',
          {
            rules: [
              {
                t: 'set',
                p: 'payload',
                pt: 'msg',
                to: JSON.stringify(
                  makeOrder({ prefix: 'x', currency, skus: [SKU, SKU, SKU] }, 'x-1', [{ sku: SKU }]),
                ),
                tot: 'json',
              },
            ],
          },
          [['breaker']],
        ),
      ],
    });
    proxy.cut();
    await press(red, 'go');
    await until(/^open since/);
    await press(red, 'go');
    await waitFor(
      () => failures().some(({ code, node: at }) => code === 'CIRCUIT_OPEN' && at === 'breaker'),
      {
        what: 'the refusal',
      },
    );
  }).timeout(90_000);
});
