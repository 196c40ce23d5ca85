import assert from 'node:assert/strict';
import { scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import type { PlacedOrder } from '../../core/odoo';
import { StatementExpectationError } from '../../core/store';
import type { Message } from '../../nodes/shared/red';
import { type OdooStandIn, seedDemoCompany, startOdooStandIn } from '../../sandbox/odoo';
import { adminClient } from '../conformance/sales-fixture';
import { startTcpProxy, type TcpProxy, waitFor } from '../support';
import { canonicalOrder, crossdock, odooServer, STORE } from './fixtures';
import { type FlowNode, observers, sink, useFlows } from './harness';

describe('odoo order', () => {
  const flows = useFlows();
  let odoo: OdooStandIn;
  let proxy: TcpProxy;
  before(async () => {
    odoo = await startOdooStandIn();
    await seedDemoCompany(odoo);
    proxy = await startTcpProxy({ target: odoo.url });
  });
  after(async () => {
    await proxy.close();
    await odoo.close();
  });
  afterEach(() => proxy.restore());

  const credentials = (): { credentials: Record<string, object> } => ({
    credentials: { server: { apiKey: odoo.apiKey } },
  });
  const flow = (config: Record<string, unknown> = {}): FlowNode[] => [
    ...observers('order', 'guard'),
    STORE,
    odooServer(proxy.url, { database: odoo.database, login: odoo.login }),
    crossdock('idempotency-guard', 'guard', {}, [['order'], ['duplicate'], []]),
    sink('duplicate'),
    crossdock('odoo-order', 'order', config, [['placed']]),
    sink('placed'),
  ];
  const inOdoo = async (orderNumber: string): Promise<readonly Record<string, unknown>[]> => {
    const client = adminClient(odoo);
    try {
      return await client.call<readonly Record<string, unknown>[]>('sale.order', 'search_read', {
        args: { domain: [['client_order_ref', '=', orderNumber]], fields: ['name', 'state', 'amount_total'] },
      });
    } finally {
      await client.close();
    }
  };

  it('places an order once and confirms it; a copy gets the same answer from the guard', async () => {
    const run = await flows.load(flow(), credentials());
    const order = canonicalOrder('2001');
    run.send('guard', { payload: order, topic: 'kept' });
    const placed = await run.nth('placed');
    const result = placed.payload as PlacedOrder;
    assert.equal(result.state, 'sale');
    assert.equal(Number(result.amountTotal), 37.5);
    assert.equal(result.created, true);
    assert.deepEqual(placed['order'], order);
    assert.equal(placed.topic, 'kept');
    assert.equal(scopes.isOpen(placed), false);
    run.send('guard', { payload: canonicalOrder('2001') });
    assert.deepEqual((await run.nth('duplicate')).payload, result);
    assert.equal((await inOdoo('#2001')).length, 1);
    await run.untilStatus('order', '1 placed');
    await run.nth('completed', 3);
    assert.equal(run.got('completed').length, 3);
  });

  it('finds an order that was placed before, without a guard', async () => {
    const run = await flows.load(flow(), credentials());
    for (let copy = 0; copy < 3; copy += 1) run.send('order', { payload: canonicalOrder('2002') });
    await run.nth('placed', 3);
    const names = new Set(run.got('placed').map(({ payload }) => (payload as PlacedOrder).name));
    assert.equal(names.size, 1);
    assert.equal((await inOdoo('#2002')).length, 1);
  });

  it('leaves the order as a quotation when it is not to confirm', async () => {
    const run = await flows.load(flow({ confirm: false }), credentials());
    run.send('order', { payload: canonicalOrder('2003') });
    assert.equal(((await run.nth('placed')).payload as PlacedOrder).state, 'draft');
  });

  it('fails an unknown SKU as business, orders nothing, and lets its neighbours through', async () => {
    const run = await flows.load(flow(), credentials());
    run.send('guard', { payload: canonicalOrder('2004', { sku: 'NO-SUCH-SKU' }) });
    run.send('guard', { payload: canonicalOrder('2005') });
    const caught = await run.nth('caught');
    assert.equal(caught.error?.code, 'UNKNOWN_SKU');
    assert.equal(caught.crossdock?.failure?.kind, 'business');
    assert.match(String(caught.error?.message), /NO-SUCH-SKU/);
    await run.nth('placed');
    assert.equal((await inOdoo('#2004')).length, 0);
    assert.equal(run.got('caught').length, 1);
  });

  for (const { what, payload } of [
    { what: 'nothing', payload: undefined },
    { what: 'a raw shop order', payload: { id: 1, line_items: [] } },
    { what: 'an order without lines', payload: { ...canonicalOrder('2006'), lines: undefined } },
    {
      what: 'an order with a number as amount',
      payload: { ...canonicalOrder('2006'), totals: { payable: 1 } },
    },
  ]) {
    it(`refuses ${what} before it asks Odoo`, async () => {
      const before = proxy.accepted;
      const run = await flows.load(flow(), credentials());
      run.send('order', { payload });
      const caught = await run.nth('caught');
      assert.equal(caught.error?.code, 'CANONICAL_CONTRACT');
      assert.ok((caught.crossdock?.failure?.problems.length ?? 0) > 0);
      assert.equal(proxy.accepted, before);
      assert.equal((await inOdoo('#2006')).length, 0);
    });
  }

  it('orders for the fixed customer only when that customer is known', async () => {
    const run = await flows.load(flow({ customer: 'fixed', customerRef: 'NOBODY' }), credentials());
    run.send('order', { payload: canonicalOrder('2007') });
    const caught = await run.nth('caught');
    assert.equal(caught.error?.code, 'CUSTOMER_NOT_FOUND');
    assert.equal(caught.crossdock?.failure?.kind, 'business');
  });

  it('fails as transient while Odoo is away, releases the claim, and places the next try', async () => {
    proxy.cut();
    const run = await flows.load(flow(), credentials());
    run.send('guard', { payload: canonicalOrder('2008') });
    const caught = await waitFor(() => run.got('caught')[0], { what: 'the failure', timeoutMs: 18_000 });
    assert.ok(['transient', 'ambiguous'].includes(String(caught.crossdock?.failure?.kind)));
    await run.untilStatus('order', 'red');
    proxy.restore();
    // A claim that a passing failure left behind would keep this copy waiting; the final end of the failed one frees it.
    const error = new CrossdockError('away', { code: 'AWAY', kind: 'transient' });
    await scopes.settle(caught, { type: 'failed', error });
    run.send('guard', { payload: canonicalOrder('2008') });
    await run.nth('placed');
    assert.equal((await inOdoo('#2008')).length, 1);
  });

  it('gives the order to nobody when the claim was lost meanwhile', async () => {
    const run = await flows.load(flow(), credentials());
    const message: Message = { payload: canonicalOrder('2009') };
    scopes.open(
      message,
      {
        kind: 'inbox',
        store: { run: () => Promise.reject(new StatementExpectationError(0, 1, 0)) } as never,
        statements: () => [{ sql: 'SELECT 1' }],
        ended: () => undefined,
      },
      60_000,
    );
    run.send('order', message);
    await run.nth('completed');
    assert.equal(run.got('placed').length, 0);
  });

  it('a wrong API key is a sentence and passes once it is right again', async () => {
    const run = await flows.load(flow(), { credentials: { server: { apiKey: 'wrong' } } });
    run.send('order', { payload: canonicalOrder('2010') });
    const caught = await waitFor(() => run.got('caught')[0], { what: 'the failure', timeoutMs: 18_000 });
    assert.equal(caught.error?.code, 'ODOO_AUTH');
    assert.ok(!JSON.stringify(caught).includes('wrong'));
  });
});

describe('odoo server', () => {
  const flows = useFlows();
  let odoo: OdooStandIn;
  before(async () => {
    odoo = await startOdooStandIn();
  });
  after(() => odoo.close());

  const test = async (url: string, id: string): Promise<Record<string, unknown>> => {
    const response = await fetch(`${url}/crossdock/odoo-server/${id}/test`, { method: 'POST' });
    assert.equal(response.status, 200);
    return (await response.json()) as Record<string, unknown>;
  };

  it('tells what it found when it is tested, and what is wrong when it fails', async () => {
    const run = await flows.load(
      [
        ...observers(),
        STORE,
        odooServer(odoo.url, { database: odoo.database, login: odoo.login }),
        { ...odooServer('http://127.0.0.1:9'), id: 'away' },
        { ...odooServer(odoo.url, { database: odoo.database }), id: 'keyless' },
        { ...odooServer(odoo.url, { database: odoo.database }), id: 'wrong' },
      ],
      {
        credentials: {
          server: { apiKey: odoo.apiKey },
          away: { apiKey: 'k' },
          wrong: { apiKey: 'nope-1234' },
        },
      },
    );
    const url = await run.http('admin');
    const good = await test(url, 'server');
    assert.equal(good['ok'], true);
    assert.equal(good['version'], '19.0');
    assert.equal(good['database'], odoo.database);
    assert.equal(good['canCreateOrders'], true);
    assert.ok(!JSON.stringify(good).includes(odoo.apiKey));
    for (const [id, code] of [
      ['away', 'ODOO_UNREACHABLE'],
      ['keyless', 'CONFIG_INVALID'],
      ['wrong', 'ODOO_AUTH'],
      ['store', 'NODE_UNKNOWN'],
      ['nobody', 'NODE_UNKNOWN'],
    ] as const) {
      const bad = await test(url, id);
      assert.deepEqual([bad['ok'], bad['code']], [false, code], id);
      assert.ok(String(bad['message']).length > 10);
      assert.ok(!JSON.stringify(bad).includes('nope-1234'));
    }
  });
});
