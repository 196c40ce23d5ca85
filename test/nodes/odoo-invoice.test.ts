import assert from 'node:assert/strict';
import type { Invoice } from '../../core/canonical';
import { scopes } from '../../core/delivery';
import { OrderWriter, type PlacedInvoice, type PlacedOrder } from '../../core/odoo';
import { StatementExpectationError } from '../../core/store';
import type { Message } from '../../nodes/shared/red';
import { type OdooStandIn, seedDemoCompany, startOdooStandIn } from '../../sandbox/odoo';
import { adminClient } from '../conformance/sales-fixture';
import { startTcpProxy, type TcpProxy, waitFor } from '../support';
import { canonicalOrder, crossdock, odooServer, STORE } from './fixtures';
import { type FlowNode, observers, sink, useFlows } from './harness';

/** What the node sends on. */
interface Result {
  readonly created: boolean;
  readonly invoices: readonly PlacedInvoice[];
}

describe('odoo invoice', () => {
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
  /** Orders are placed, then invoiced; products of the stand-in are invoiced as ordered. */
  const flow = (config: Record<string, unknown> = {}): FlowNode[] => [
    ...observers('order', 'invoice', 'guard'),
    STORE,
    odooServer(proxy.url, { database: odoo.database, login: odoo.login }),
    crossdock('odoo-order', 'order', {}, [['invoice']]),
    crossdock('odoo-invoice', 'invoice', config, [['invoiced']]),
    crossdock('idempotency-guard', 'guard', { keyType: 'msg', key: 'payload' }, [
      ['invoice'],
      ['duplicate'],
      [],
    ]),
    sink('invoiced'),
    sink('duplicate'),
  ];
  const result = (message: { payload?: unknown }): Result => message.payload as Result;
  const invoicesOf = async (orderName: string): Promise<readonly { id: number; state: string }[]> => {
    const client = adminClient(odoo);
    try {
      return await client.call('account.move', 'search_read', {
        args: { domain: [['invoice_origin', '=', orderName]], fields: ['state'], order: 'id' },
      });
    } finally {
      await client.close();
    }
  };
  /** An order in Odoo, confirmed. */
  const placed = async (orderNumber: string): Promise<PlacedOrder> => {
    const client = adminClient(odoo);
    const writer = new OrderWriter(client);
    try {
      return await writer.submit(canonicalOrder(orderNumber));
    } finally {
      await writer.close();
      await client.close();
    }
  };

  it('invoices what odoo order placed, and gives the canonical invoice out', async () => {
    const run = await flows.load(flow({ post: true }), credentials());
    run.send('order', { payload: canonicalOrder('3001'), topic: 'kept' });
    const message = await run.nth('invoiced');
    const { created, invoices } = result(message);
    const document = message['invoice'] as Invoice;
    assert.equal(created, true);
    assert.equal(invoices.length, 1);
    assert.equal(invoices[0]?.state, 'posted');
    assert.equal(document.totals.taxInclusive, '37.50');
    assert.equal(document.number, invoices[0]?.name);
    assert.deepEqual(message['invoices'], [document]);
    assert.equal(message.topic, 'kept');
    assert.equal(scopes.isOpen(message), false);
    await run.untilStatus('invoice', '1 done');
  });

  it('makes one invoice of a message that comes three times', async () => {
    const { name } = await placed('3002');
    const run = await flows.load(flow(), credentials());
    for (let copy = 0; copy < 3; copy += 1) run.send('invoice', { payload: name });
    await run.nth('invoiced', 3);
    const ids = new Set(
      run.got('invoiced').flatMap((message) => result(message).invoices.map(({ odooId }) => odooId)),
    );
    assert.equal(ids.size, 1);
    assert.equal((await invoicesOf(name)).length, 1);
  });

  it('settles a message once, with the invoice as the answer of the guard', async () => {
    const { name } = await placed('3003');
    const run = await flows.load(flow(), credentials());
    run.send('guard', { payload: name });
    const first = await run.nth('invoiced');
    run.send('guard', { payload: name });
    assert.deepEqual((await run.nth('duplicate')).payload, first.payload);
  });

  it('does what the message says: draft, post, read, credit, and never cancels what is posted', async () => {
    const { name } = await placed('3004');
    const run = await flows.load(flow({ operation: 'msg' }), credentials());
    const step = async (operation: string, payload: unknown, nth: number) => {
      run.send('invoice', { operation, payload });
      return run.nth('invoiced', nth);
    };
    const draft = result(await step('invoice', name, 1));
    assert.equal(draft.invoices[0]?.state, 'draft');
    const posted = await step('post', draft, 2);
    assert.equal(result(posted).invoices[0]?.state, 'posted');
    const read = await step('read', name, 3);
    assert.equal(result(read).invoices[0]?.status, 'posted');
    // What the node gave out is the invoice itself.
    const credit = await step('credit', posted['invoice'], 4);
    assert.equal(result(credit).invoices[0]?.kind, '381');
    assert.equal(
      (credit['invoice'] as Invoice).precedingInvoices?.[0]?.number,
      result(posted).invoices[0]?.name,
    );
    run.send('invoice', { operation: 'cancel', payload: { invoices: [result(posted).invoices[0]?.name] } });
    assert.equal((await run.nth('caught')).error?.code, 'INVOICE_POSTED');
    run.send('invoice', { operation: 'pay', payload: name });
    assert.equal((await run.nth('caught', 2)).error?.code, 'OPERATION_UNKNOWN');
    assert.deepEqual(
      (await invoicesOf(name)).map(({ state }) => state),
      ['posted', 'draft'],
    );
  });

  it('leaves the delivery of a message open when it only reads', async () => {
    const { name } = await placed('3005');
    const run = await flows.load(
      flow({ operation: 'read' }).map((node) =>
        node.id === 'guard' ? { ...node, wires: [['invoice'], ['duplicate'], []] } : node,
      ),
      credentials(),
    );
    run.send('guard', { payload: name });
    const message = await run.nth('invoiced');
    assert.deepEqual(result(message), { created: false, invoices: [] });
    assert.equal(scopes.isOpen(message), true);
  });

  it('leaves a draft, and fails, when Odoo’s price is not the order’s', async () => {
    const order = canonicalOrder('3006');
    const { name } = await placed('3006');
    const client = adminClient(odoo);
    const [line] = await client.call<readonly { id: number }[]>('sale.order.line', 'search_read', {
      args: { domain: [['order_id.name', '=', name]], fields: ['id'], limit: 1, order: 'id' },
    });
    await client.call('sale.order.line', 'write', {
      ids: [line?.id ?? 0],
      args: { vals: { price_unit: 99 } },
    });
    await client.close();
    const run = await flows.load(flow({ post: true }), credentials());
    run.send('invoice', { payload: order });
    const caught = await run.nth('caught');
    assert.equal(caught.error?.code, 'INVOICE_DIFFERS');
    assert.equal(caught.crossdock?.failure?.kind, 'business');
    assert.match(String(caught.error?.message), /were agreed/);
    assert.deepEqual(
      (await invoicesOf(name)).map(({ state }) => state),
      ['draft'],
    );
    // Sent without the canonical order there is nothing to compare with.
    run.send('invoice', { payload: name });
    assert.equal(result(await run.nth('invoiced')).invoices[0]?.state, 'posted');
  });

  for (const { what, payload, code } of [
    { what: 'nothing', payload: undefined, code: 'INVOICE_SUBJECT' },
    { what: 'an empty list', payload: [], code: 'INVOICE_SUBJECT' },
    { what: 'a raw shop order', payload: { id: 1, line_items: [] }, code: 'INVOICE_SUBJECT' },
    { what: 'lists without end', payload: [[[[[['S00001']]]]]], code: 'INVOICE_SUBJECT' },
    {
      what: 'a broken canonical order',
      payload: { ...canonicalOrder('3007'), lines: 1 },
      code: 'CANONICAL_CONTRACT',
    },
    {
      what: 'a broken canonical return',
      payload: { schemaVersion: '1.0', returnId: 7 },
      code: 'CANONICAL_CONTRACT',
    },
  ]) {
    it(`refuses ${what} before it asks Odoo`, async () => {
      const before = proxy.accepted;
      const run = await flows.load(flow(), credentials());
      run.send('invoice', { payload });
      const caught = await run.nth('caught');
      assert.equal(caught.error?.code, code);
      assert.equal(proxy.accepted, before);
    });
  }

  it('says that an order is not there, or that there is nothing to invoice', async () => {
    const nodes = flow().map((node) => (node.id === 'order' ? { ...node, confirm: false } : node));
    const run = await flows.load(nodes, credentials());
    run.send('invoice', { payload: 'S99999' });
    assert.equal((await run.nth('caught')).error?.code, 'ORDER_NOT_IN_ODOO');
    run.send('order', { payload: canonicalOrder('3008') });
    const caught = await run.nth('caught', 2);
    assert.equal(caught.error?.code, 'NOTHING_TO_INVOICE');
    assert.match(String(caught.error?.message), /still a quotation/);
  });

  it('fails as transient while Odoo is away, and invoices once it is back', async () => {
    const { name } = await placed('3009');
    const run = await flows.load(flow(), credentials());
    proxy.cut();
    run.send('invoice', { payload: name });
    const caught = await waitFor(() => run.got('caught')[0], { what: 'the failure', timeoutMs: 18_000 });
    assert.ok(['transient', 'ambiguous'].includes(String(caught.crossdock?.failure?.kind)));
    await run.untilStatus('invoice', 'red');
    proxy.restore();
    run.send('invoice', { payload: name });
    await run.nth('invoiced');
    assert.equal((await invoicesOf(name)).length, 1);
  });

  it('gives the invoice to nobody when the claim was lost meanwhile', async () => {
    const { name } = await placed('3010');
    const run = await flows.load(flow(), credentials());
    const message: Message = { payload: name };
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
    run.send('invoice', message);
    await run.nth('completed');
    assert.equal(run.got('invoiced').length, 0);
  });
});
