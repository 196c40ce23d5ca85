import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OdooClient } from '../../core/odoo';
import { currency } from '../../sandbox/catalogue';
import { type OdooStandIn, seedDemoCompany, startOdooStandIn } from '../../sandbox/odoo';
import { adminClient, makeOrder } from '../conformance/sales-fixture';
import { type NodeRed, spawnNodeRed, startTcpProxy, type TcpProxy, waitFor } from '../support';
import {
  deadLetters,
  type FlowNode,
  node,
  parked,
  post,
  postUntilTaken,
  record,
  STORE,
  TAB,
  webhook,
} from './flow';
import { type OdooGate, startOdooGate } from './odoo-gate';

const SKU = 'PAL-EPAL';
const order = (number: string, account = 'runtime') =>
  makeOrder({ prefix: account, currency, skus: [SKU, SKU, SKU] }, number, [{ sku: SKU, price: '18.75' }]);

/** Accepted means it will have its effect, once, whatever happens in between. */
describe('delivery, from the acknowledgement to the effect', () => {
  let odoo: OdooStandIn;
  let proxy: TcpProxy;
  let gate: OdooGate;
  let client: OdooClient;
  let red: NodeRed;

  const flows = (name = 'as deployed'): FlowNode[] => [
    TAB,
    STORE,
    {
      id: 'server',
      type: 'crossdock-odoo-server',
      url: gate.url,
      database: odoo.database,
      login: odoo.login,
      timeoutSeconds: 10,
      credentials: { apiKey: odoo.apiKey },
    },
    webhook('orders', { name, partitionKey: 'externalId' }, [['guard']]),
    node('crossdock-idempotency-guard', 'guard', { store: 'store' }, [['place'], [], []]),
    node('crossdock-odoo-order', 'place', { server: 'server' }, [['record']]),
    ...record('record', 'placed.jsonl', '{"number": order.orderNumber}'),
    ...deadLetters('orders', 'guard', 'place'),
  ];
  const lines = <T>(file: string): T[] => {
    const path = join(red.userDir, file);
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  };
  const inOdoo = async (account: string): Promise<string[]> => {
    const rows = await client.call<readonly { client_order_ref: string }[]>('sale.order', 'search_read', {
      args: { domain: [['client_order_ref', 'like', `#${account}-`]], fields: ['client_order_ref'] },
    });
    return rows.map(({ client_order_ref }) => client_order_ref).toSorted();
  };
  const accepting = (): Promise<unknown> =>
    waitFor(async () => (await post(red, '/orders', {}, { 'idempotency-key': 'is-it-up' })).status < 300, {
      what: 'the webhook',
      timeoutMs: 20_000,
    });

  before(async () => {
    odoo = await startOdooStandIn();
    await seedDemoCompany(odoo);
    client = adminClient(odoo);
    proxy = await startTcpProxy({ target: odoo.url });
    gate = await startOdooGate(proxy.url);
    red = await spawnNodeRed({ flows: flows() });
    await accepting();
  });
  after(async () => {
    await red?.remove();
    await client.close();
    await gate.close();
    await proxy.close();
    await odoo.close();
  });
  afterEach(() => proxy.restore());

  it('repeats an order by itself until Odoo is back, and parks it nowhere', async () => {
    proxy.cut();
    assert.equal((await post(red, '/orders', order('away-1'))).status, 202);
    await waitFor(() => lines('again.jsonl').length > 0, {
      what: 'a failure that is repeated',
      timeoutMs: 40_000,
    });
    proxy.restore();
    await waitFor(async () => (await inOdoo('away')).length === 1, {
      what: 'the order in Odoo',
      timeoutMs: 40_000,
    });
    assert.equal((await parked(red)).filter(({ code }) => code.startsWith('ODOO_')).length, 0);
  });

  it('places an order once when the process dies after Odoo has it and before anybody knows', async () => {
    const carriedOut = gate.swallowAnswerTo('/sale.order/load');
    assert.equal((await post(red, '/orders', order('cut-1'))).status, 202);
    await carriedOut;
    assert.deepEqual(await inOdoo('cut'), ['#cut-1']);
    await red.kill9();
    await red.restart();
    await waitFor(() => lines<{ number: string }>('placed.jsonl').some(({ number }) => number === '#cut-1'), {
      what: 'the end of the order',
      timeoutMs: 40_000,
    });
    assert.deepEqual(await inOdoo('cut'), ['#cut-1']);
  });

  it('loses and doubles nothing when flows are deployed and killed under load', async () => {
    await accepting();
    const numbers = Array.from({ length: 60 }, (_, n) => `load-${n + 1}`);
    const sent = (async () => {
      for (let at = 0; at < numbers.length; at += 6) {
        const wave = numbers.slice(at, at + 6);
        await Promise.all(wave.map((number) => postUntilTaken(red, '/orders', number, order(number))));
      }
    })();
    await red.deploy(flows('deployed under load'));
    await waitFor(async () => (await inOdoo('load')).length > 10, { what: 'some orders', timeoutMs: 40_000 });
    await red.deploy(flows('deployed again'));
    await waitFor(async () => (await inOdoo('load')).length > 25, { what: 'more orders', timeoutMs: 40_000 });
    const killed = red.kill9().then(() => red.restart());
    await Promise.all([sent.catch((error: unknown) => error), killed]);
    await sent;
    await waitFor(async () => (await inOdoo('load')).length >= numbers.length, {
      what: 'all orders',
      timeoutMs: 50_000,
    });
    assert.deepEqual(await inOdoo('load'), numbers.map((number) => `#${number}`).toSorted());
    assert.deepEqual(
      (await parked(red)).filter(({ code }) => code !== 'IDEMPOTENCY_KEY_MISSING'),
      [],
    );
  }).timeout(120_000);

  it('parks what will never work, with its reason, and goes on', async () => {
    await accepting();
    const bad = makeOrder({ prefix: 'bad', currency, skus: ['X', 'X', 'X'] }, 'bad-1', [
      { sku: 'NO-SUCH-SKU' },
    ]);
    await post(red, '/orders', bad, { 'idempotency-key': 'bad-1' });
    await post(red, '/orders', order('good-1'));
    const letter = await waitFor(
      async () => (await parked(red)).find(({ deliveryId }) => deliveryId === 'idempotency-key:bad-1'),
      { what: 'the letter', timeoutMs: 20_000 },
    );
    assert.deepEqual([letter.code, letter.kind], ['UNKNOWN_SKU', 'business']);
    assert.match(letter.reason, /NO-SUCH-SKU/);
    await waitFor(async () => (await inOdoo('good')).length === 1, { what: 'the good one' });
    assert.deepEqual(await inOdoo('bad'), []);
  });

  it('keeps messages of one key in order, whatever the flow does to their speed', async () => {
    await red.deploy([
      TAB,
      STORE,
      webhook('keyed', { partitionKey: 'key' }, [['speed']]),
      node(
        'delay',
        'speed',
        {
          pauseType: 'random',
          randomFirst: '1',
          randomLast: '40',
          randomUnits: 'milliseconds',
          timeout: '1',
          timeoutUnits: 'milliseconds',
          rate: '1',
          nbRateUnits: '1',
          rateUnits: 'second',
        },
        [['order']],
      ),
      ...record('order', 'keyed.jsonl', 'payload', [['dead']]),
      ...deadLetters('keyed'),
    ]);
    await waitFor(async () => (await post(red, '/keyed', { key: 'warm', n: 0 })).status === 202, {
      what: 'the node',
    });
    for (let n = 1; n <= 12; n += 1) {
      await Promise.all(['a', 'b', 'c'].map((key) => post(red, '/keyed', { key, n })));
    }
    const seen = await waitFor(
      () => {
        const found = lines<{ key: string; n: number }>('keyed.jsonl').filter(({ key }) => key !== 'warm');
        return found.length === 36 ? found : undefined;
      },
      { what: 'all messages', timeoutMs: 20_000 },
    );
    for (const key of ['a', 'b', 'c']) {
      const numbers = seen.filter((line) => line.key === key).map(({ n }) => n);
      assert.deepEqual(
        numbers,
        Array.from({ length: 12 }, (_, n) => n + 1),
        `key ${key}`,
      );
    }
    // They ran side by side all the same: in one single file they would stand a, b, c, a, b, c.
    assert.notDeepEqual(
      seen.map(({ key }) => key).slice(0, 36),
      Array.from({ length: 36 }, (_, n) => 'abc'[n % 3]),
    );
  });
});
