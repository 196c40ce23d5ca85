import assert from 'node:assert/strict';
import type { CanonicalOrder, OrderResponse } from '../../core/canonical';
import { fingerprint } from '../../core/canonical';
import { contracts } from '../../core/contract';
import { CrossReferenceBook } from '../../core/cross-reference';
import { scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import type { PlacedOrder } from '../../core/odoo';
import { StatementExpectationError, type Store } from '../../core/store';
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
    const told = placed['order'] as CanonicalOrder;
    assert.equal(told.id, order.id);
    assert.equal(told.sellerOrderNumber, result.name);
    assert.equal(told.status.order, 'accepted');
    const { sellerOrderNumber: _number, ...rest } = told;
    assert.equal(fingerprint({ ...rest, lines: order.lines, status: order.status }), fingerprint(order));
    const ids = told.extensions?.['odoo'] as { 'sale.order': number; 'sale.order.line': object };
    assert.equal(ids['sale.order'], result.odooId);
    assert.deepEqual(Object.keys(ids['sale.order.line']), ['1']);
    const response = placed['response'] as OrderResponse;
    assert.deepEqual([response.code, response.orderRef.id], ['AP', order.id]);
    assert.deepEqual(contracts().validate('order-response', '1.0', response), []);
    assert.deepEqual(contracts().validate('order', '1.0', told), []);
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

  it('does what the message says with the order that it names', async () => {
    const run = await flows.load(
      [
        ...flow({ confirm: false }),
        crossdock(
          'odoo-order',
          'desk',
          { operation: 'do.what', operationType: 'msg', order: 'which', unlock: true },
          [['done']],
        ),
        sink('done'),
      ],
      credentials(),
    );
    const order = canonicalOrder('2101');
    run.send('order', { payload: order });
    const placed = (await run.nth('placed')).payload as PlacedOrder;
    let n = 0;
    const ask = async (what: string, which: unknown, more: object = {}): Promise<Message> => {
      run.send('desk', { payload: 'untouched', do: { what }, which, ...more });
      n += 1;
      return run.nth('done', n);
    };
    const more = { ...canonicalOrder('2101', { quantity: 3 }), externalRevision: '2' };
    assert.equal(((await ask('amend', more)).payload as PlacedOrder).amountTotal, '56.25');
    assert.equal(((await ask('confirm', placed)).payload as PlacedOrder).state, 'sale');
    assert.equal(((await ask('lock', placed.name)).payload as PlacedOrder).state, 'sale');
    const status = (await ask('status', order.id)).payload as Record<string, unknown>;
    assert.deepEqual(
      [status['odooId'], status['order'], status['payment']],
      [placed.odooId, 'released', 'unpaid'],
    );
    const read = (await ask('read', placed.odooId)).payload as CanonicalOrder;
    assert.deepEqual([read.id, read.lines[0]?.quantity.original], [order.id, '3']);
    assert.equal(
      ((await ask('unlock', { odooId: placed.odooId })).payload as PlacedOrder).odooId,
      placed.odooId,
    );
    assert.equal(
      ((await ask('cancel', order, { reason: 'no more' })).payload as PlacedOrder).state,
      'cancel',
    );
    await run.untilStatus('desk', /1 amended, 1 confirmed, 1 locked, 2 read, 1 unlocked/);
    for (const [index, [what, which, code]] of (
      [
        ['destroy', order, 'OPERATION_UNKNOWN'],
        ['cancel', {}, 'ORDER_UNNAMED'],
        ['read', 'S99999', 'ORDER_NOT_FOUND'],
        ['confirm', { ...order, lines: [] }, 'CANONICAL_CONTRACT'],
        ['confirm', order, 'ORDER_CANCELLED'],
      ] as const
    ).entries()) {
      run.send('desk', { payload: 1, do: { what }, which });
      assert.equal((await run.nth('caught', index + 1)).error?.code, code);
    }
  });

  it('reading ends nothing; a write ends the delivery', async () => {
    const run = await flows.load(
      [...flow(), crossdock('odoo-order', 'reader', { operation: 'read' }, [['done']]), sink('done')],
      credentials(),
    );
    run.send('order', { payload: canonicalOrder('2102') });
    const placed = await run.nth('placed');
    const message: Message = { payload: placed.payload };
    scopes.open(
      message,
      {
        kind: 'inbox',
        store: { run: async () => [] } as never,
        statements: () => [],
        ended: () => undefined,
      },
      60_000,
    );
    run.send('reader', message);
    assert.equal(scopes.isOpen(await run.nth('done')), true);
    await scopes.settle(message, { type: 'completed', result: undefined });
  });

  it('refused orders leave by the second output when that is chosen, with an answer for the partner', async () => {
    const run = await flows.load(
      [
        ...observers('order'),
        STORE,
        odooServer(proxy.url, { database: odoo.database, login: odoo.login }),
        crossdock('odoo-order', 'order', { refused: 'output', outputs: 2 }, [['placed'], ['refused']]),
        sink('placed'),
        sink('refused'),
      ],
      credentials(),
    );
    const unknown = canonicalOrder('2103', { sku: 'NO-SUCH-SKU' });
    run.send('order', { payload: unknown, topic: 'kept' });
    const refused = await run.nth('refused');
    assert.equal((refused['refusal'] as { code: string }).code, 'UNKNOWN_SKU');
    assert.deepEqual([refused.payload, refused.topic], [unknown, 'kept']);
    const response = refused['response'] as OrderResponse;
    assert.deepEqual([response.code, response.lines], ['RE', []]);
    assert.deepEqual(contracts().validate('order-response', '1.0', response), []);
    await run.untilStatus('order', '1 refused');
    const wrong = canonicalOrder('2104');
    run.send('order', {
      payload: { ...wrong, totals: { ...wrong.totals, taxInclusive: '1.00', payable: '1.00' } },
    });
    const held = (await run.nth('refused', 2))['response'] as OrderResponse;
    assert.deepEqual([held.code, /^S\d+$/.test(held.sellerOrderNumber ?? '')], ['AB', true]);
    assert.equal(run.got('caught').length, 0);
    // What no rule refused is an error all the same.
    run.send('order', { payload: 'nonsense' });
    assert.equal((await run.nth('caught')).error?.code, 'CANONICAL_CONTRACT');
  });

  it('an order beyond the credit limit takes the second output, any other refusal is an error', async () => {
    const run = await flows.load(
      [
        ...observers('order'),
        STORE,
        odooServer(proxy.url, { database: odoo.database, login: odoo.login }),
        crossdock('odoo-order', 'order', { credit: 'route', creditLimit: '50', outputs: 2 }, [
          ['placed'],
          ['held'],
        ]),
        sink('placed'),
        sink('held'),
      ],
      credentials(),
    );
    const by = (id: string, quantity: number): CanonicalOrder => {
      const order = canonicalOrder(id, { quantity });
      const buyer = { ...order.parties.buyer, email: 'credit@example.com' };
      return { ...order, parties: { buyer, shipTo: buyer } };
    };
    run.send('order', { payload: by('2105', 2) });
    await run.nth('placed');
    run.send('order', { payload: by('2106', 1) });
    const held = await run.nth('held');
    const { code, facts } = held['refusal'] as { code: string; facts: Record<string, unknown> };
    assert.deepEqual([code, facts['limit'], facts['exposure']], ['CREDIT_HOLD', '50.00', '56.25']);
    const response = held['response'] as OrderResponse;
    assert.equal(response.code, 'AB');
    assert.ok(!JSON.stringify(response).includes('56.25'), 'the partner learns no figures of ours');
    run.send('order', { payload: canonicalOrder('2107', { sku: 'NO-SUCH-SKU' }) });
    assert.equal((await run.nth('caught')).error?.code, 'UNKNOWN_SKU');
  });

  it('finds a line by the code that a partner taught, in the packaging that it stands for', async () => {
    const run = await flows.load(
      [
        ...observers('order'),
        STORE,
        odooServer(proxy.url, { database: odoo.database, login: odoo.login }),
        crossdock('odoo-order', 'order', { store: 'store', confirm: false }, [['placed']]),
        sink('placed'),
      ],
      credentials(),
    );
    const store = await (
      run.node('store') as unknown as { open(closed: Promise<void>): Promise<{ store: Store }> }
    ).open(new Promise(() => undefined));
    const book = await CrossReferenceBook.open(store.store);
    const order = canonicalOrder('2108', { quantity: 1 });
    await book.save(
      [
        {
          ...{
            partner: order.provenance.partnerId,
            kind: 'item',
            scheme: 'buyerSku',
            code: 'ACME-1',
            item: '',
          },
          ...{
            targetScheme: 'sku',
            target: 'PAL-EPAL',
            packLevel: 'XPX',
            quantityPerUnit: '15',
            ofUnit: 'C62',
          },
          ...{ validFrom: null, validTo: null, steward: 'test', note: '' },
        },
      ],
      { who: 'test', replace: false },
    );
    const lines = order.lines.map((line) => ({
      ...line,
      item: { identifiers: [{ scheme: 'buyerSku', value: 'ACME-1' }] },
    }));
    run.send('order', { payload: { ...order, lines } });
    const placed = (await run.nth('placed')).payload as PlacedOrder;
    const client = adminClient(odoo);
    const [line] = await client.call<readonly { product_uom_qty: number }[]>(
      'sale.order.line',
      'search_read',
      {
        args: { domain: [['order_id', '=', placed.odooId]], fields: ['product_uom_qty', 'price_unit'] },
      },
    );
    await client.close();
    assert.deepEqual(line, { ...line, product_uom_qty: 15, price_unit: 1.25 });
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
