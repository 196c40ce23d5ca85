import assert from 'node:assert/strict';
import { businessKeyOf, type CanonicalReturn, type Shipment } from '../../core/canonical';
import { scopes } from '../../core/delivery';
import type { OdooClient, OrderStatus, ReturnResult, ShipResult } from '../../core/odoo';
import { StatementExpectationError } from '../../core/store';
import type { Message } from '../../nodes/shared/red';
import { type OdooStandIn, startOdooStandIn } from '../../sandbox/odoo';
import { leftWarehouse } from '../conformance/fulfilment';
import { adminClient, createOne } from '../conformance/sales-fixture';
import {
  createStockFixture,
  makeReturn,
  makeShipment,
  type OrderUnderTest,
  placeOrder,
  type StockFixture,
} from '../conformance/shipping-fixture';
import { startTcpProxy, type TcpProxy } from '../support';
import { crossdock, odooServer, STORE } from './fixtures';
import { type FlowNode, observers, sink, useFlows } from './harness';

describe('odoo fulfilment', () => {
  const flows = useFlows();
  let odoo: OdooStandIn;
  let proxy: TcpProxy;
  let client: OdooClient;
  let fixture: StockFixture;
  before(async () => {
    odoo = await startOdooStandIn();
    proxy = await startTcpProxy({ target: odoo.url });
    client = adminClient(odoo);
    fixture = await createStockFixture(client);
  });
  after(async () => {
    await client.close();
    await proxy.close();
    await odoo.close();
  });
  afterEach(() => proxy.restore());

  const credentials = () => ({ credentials: { server: { apiKey: odoo.apiKey } } });
  const flow = (config: Record<string, unknown> = {}): FlowNode[] => [
    ...observers('fulfil', 'guard'),
    STORE,
    odooServer(proxy.url, { database: odoo.database, login: odoo.login }),
    crossdock('idempotency-guard', 'guard', { keyType: 'msg', key: 'payload.shipmentId' }, [
      ['fulfil'],
      ['duplicate'],
      [],
    ]),
    sink('duplicate'),
    crossdock('odoo-fulfilment', 'fulfil', config, [['done']]),
    sink('done'),
  ];
  const order = (quantity: string) => placeOrder(client, fixture, [{ sku: fixture.plain, quantity }]);
  let count = 0;
  const shipmentOf = ({ order: of }: OrderUnderTest, quantity: string, changes: Partial<Shipment> = {}) => {
    count += 1;
    return makeShipment(
      of,
      `node-${fixture.prefix}-${count}`,
      [{ sku: fixture.plain, quantity, in: `box-${count}` }],
      changes,
    );
  };

  it('ships once, ends the message, and a copy gets the same answer from the guard', async () => {
    const of = await order('3');
    const run = await flows.load(flow(), credentials());
    const shipment = shipmentOf(of, '2');
    run.send('guard', { payload: shipment, topic: 'kept' });
    const done = await run.nth('done');
    const result = done.payload as ShipResult;
    assert.equal(result.applied, true);
    assert.equal(result.orders[0]?.fulfilment, 'partiallyShipped');
    assert.equal(result.backorders.length, 1);
    assert.deepEqual(done['shipment'], shipment);
    assert.equal((done['shipments'] as Shipment[])[0]?.lines[0]?.quantity, '2');
    assert.equal(done.topic, 'kept');
    assert.equal(scopes.isOpen(done), false);
    run.send('guard', { payload: shipment });
    assert.deepEqual((await run.nth('duplicate')).payload, result);
    // Without the guard too: Odoo itself knows.
    run.send('fulfil', { payload: shipment });
    assert.equal(((await run.nth('done', 2)).payload as ShipResult).applied, false);
    assert.deepEqual(await leftWarehouse(client, of.placed.odooId), { [fixture.products.plain]: 2 });
    await run.untilStatus('fulfil', '2 done');
    await run.nth('completed', 4);
  });

  it('ships once when the answers are cut off', async () => {
    const of = await order('2');
    const run = await flows.load(flow(), credentials());
    run.send('fulfil', { payload: shipmentOf(of, '1') });
    await run.nth('done');
    // The connection is warm now: the next answers are those of the second shipment.
    proxy.cutReplyAfter(0);
    run.send('fulfil', { payload: shipmentOf(of, '1') });
    const result = (await run.nth('done', 2)).payload as ShipResult;
    assert.equal(result.orders[0]?.fulfilment, 'shipped');
    assert.deepEqual(await leftWarehouse(client, of.placed.odooId), { [fixture.products.plain]: 2 });
  });

  it('reads without ending the message', async () => {
    const of = await order('2');
    const run = await flows.load(flow({ operation: 'read' }), credentials());
    const message: Message = { payload: of.placed };
    scopes.open(
      message,
      {
        kind: 'inbox',
        store: { run: () => Promise.resolve([]) } as never,
        statements: () => [],
        ended: () => undefined,
      },
      60_000,
    );
    run.send('fulfil', message);
    const done = await run.nth('done');
    assert.equal(scopes.isOpen(done), true);
    const [shipment] = done['shipments'] as Shipment[];
    assert.equal(shipment?.status, 'labelCreated');
    assert.equal(businessKeyOf('shipment', shipment).startsWith('shipment:shop:'), true);
    await scopes.settle(done, { type: 'completed', result: undefined });
  });

  it('does what the message says, for every operation', async () => {
    const of = await order('4');
    const location = `${fixture.prefix} Node`;
    await createOne(client, 'stock.location', {
      name: location,
      usage: 'internal',
      location_id: fixture.stockLocation,
    });
    const [row] = await client.call<readonly { complete_name: string }[]>('stock.location', 'search_read', {
      args: { domain: [['name', '=', location]], fields: ['complete_name'] },
    });
    const run = await flows.load(flow({ operation: 'msg', quarantine: row?.complete_name }), credentials());
    let sent = 0;
    const ask = async (operation: string, payload: unknown, more: Record<string, unknown> = {}) => {
      run.send('fulfil', { payload, operation, ...more });
      sent += 1;
      return run.nth('done', sent);
    };
    const shipment = shipmentOf(of, '3', { tracking: [] });
    assert.equal(((await ask('pack', shipment)).payload as ShipResult).orders[0]?.fulfilment, 'packed');
    assert.equal(((await ask('ship', shipment)).payload as ShipResult).applied, true);
    const tracked = await ask('track', { ...shipment, tracking: [{ number: 'N-1' }] });
    assert.deepEqual((tracked['shipments'] as Shipment[])[0]?.tracking, [{ number: 'N-1' }]);
    const status = (await ask('status', of.order.id)).payload as OrderStatus;
    assert.equal(status.fulfilment, 'partiallyShipped');
    assert.equal(status.lines[0]?.shipped, '3');
    const id = `R-${fixture.prefix}`;
    const asked = makeReturn(of.order, id, [{ sku: fixture.plain, requested: '2' }]);
    const authorised = await ask('authorise', asked);
    assert.equal((authorised.payload as ReturnResult).order.return, 'authorised');
    assert.equal((authorised['return'] as CanonicalReturn).returnId, id);
    const came = makeReturn(of.order, id, [
      { sku: fixture.plain, requested: '2', received: '2', rejected: '1' },
    ]);
    assert.equal(((await ask('receive', came))['return'] as CanonicalReturn).status, 'partlyAccepted');
    const returns = (await ask('returns', { orderRef: { id: of.order.id } })).payload as CanonicalReturn[];
    assert.equal(returns[0]?.lines[0]?.quantity.rejected, '1');
    const cancelled = (await ask('cancel', of.placed, { picking: status.pickings.at(-1)?.odooId }))
      .payload as OrderStatus;
    assert.equal(cancelled.fulfilment, 'shortShipped');
    run.send('fulfil', { payload: shipment, operation: 'teleport' });
    assert.equal((await run.nth('caught')).error?.code, 'OPERATION_UNKNOWN');
  });

  for (const { operation, payload } of [
    { operation: 'ship', payload: undefined },
    { operation: 'ship', payload: { shipmentId: 'S1', lines: [] } },
    { operation: 'receive', payload: { returnId: 'R1' } },
  ]) {
    it(`refuses ${JSON.stringify(payload)} for ${operation} before it asks Odoo`, async () => {
      const run = await flows.load(flow({ operation }), credentials());
      const before = proxy.accepted;
      run.send('fulfil', { payload });
      const caught = await run.nth('caught');
      assert.equal(caught.error?.code, 'CANONICAL_CONTRACT');
      assert.equal(proxy.accepted, before);
    });
  }

  it('fails as business what a person must decide, and says it in the status', async () => {
    const of = await order('1');
    const run = await flows.load(flow(), credentials());
    run.send('guard', { payload: shipmentOf(of, '2') });
    const caught = await run.nth('caught');
    assert.equal(caught.error?.code, 'SHIPMENT_EXCEEDS_ORDER');
    assert.equal(caught.crossdock?.failure?.kind, 'business');
    await run.untilStatus('fulfil', /^2 of .+ are shipped/);
    assert.deepEqual(await leftWarehouse(client, of.placed.odooId), {});
  });

  it('writes more than ordered where the node may', async () => {
    const of = await order('1');
    const run = await flows.load(flow({ excess: 'allow' }), credentials());
    run.send('fulfil', { payload: shipmentOf(of, '2') });
    await run.nth('done');
    assert.deepEqual(await leftWarehouse(client, of.placed.odooId), { [fixture.products.plain]: 2 });
  });

  it('tells nobody when the claim was lost meanwhile', async () => {
    const of = await order('1');
    const run = await flows.load(flow(), credentials());
    const message: Message = { payload: shipmentOf(of, '1') };
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
    run.send('fulfil', message);
    await run.nth('completed');
    assert.equal(run.got('done').length, 0);
  });
});
