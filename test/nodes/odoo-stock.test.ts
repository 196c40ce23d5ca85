import assert from 'node:assert/strict';
import type { InventoryLevel } from '../../core/canonical';
import { contracts } from '../../core/contract';
import { adjustmentOf } from '../conformance/stock-fixture';
import { type ScriptedStock, startScriptedStock } from '../core/stock-scripted';
import { crossdock, odooServer, STORE } from './fixtures';
import { type FlowNode, observers, sink, useFlows } from './harness';

describe('odoo stock', () => {
  const flows = useFlows();
  let stock: ScriptedStock;

  beforeEach(async () => {
    stock = await startScriptedStock();
  });
  afterEach(() => stock.odoo.close());

  const credentials = { credentials: { server: { apiKey: 'key' } } };
  const flow = (config: Record<string, unknown>): FlowNode[] => [
    ...observers('stock'),
    STORE,
    odooServer(stock.odoo.url),
    crossdock('odoo-stock', 'stock', config, [['out']]),
    sink('out'),
  ];
  it('reads levels that keep the contract, and counts them', async () => {
    const run = await flows.load(flow({ buffer: '1' }), credentials);
    run.send('stock', { payload: 'go', topic: 'kept' });
    const { payload, topic, parts, problems } = await run.nth('out');
    const [level] = payload as InventoryLevel[];
    assert.deepEqual(contracts().validate('inventory-level', '1.0', level), []);
    assert.deepEqual([level?.available, level?.published, level?.location.code], ['2', '1', 'WH']);
    assert.deepEqual([topic, problems], ['kept', []]);
    assert.deepEqual(
      { ...(parts as object), id: '' },
      { id: '', type: 'array', index: 0, len: 500, count: 1 },
    );
    await run.untilStatus('stock', '1 levels read');
  });

  it('sends all pages at once when they are to be joined', async () => {
    stock.before = stock.products(3);
    const run = await flows.load(flow({ pageSize: 1, next: 'now' }), credentials);
    run.send('stock', { payload: 'go' });
    await run.nth('out', 3);
    const parts = run.got('out').map((message) => message['parts'] as { index: number; count?: number });
    assert.deepEqual(
      parts.map(({ index, count }) => [index, count]),
      [
        [0, undefined],
        [1, undefined],
        [2, 3],
      ],
    );
  });

  it('reads the products of a message: SKUs, ids, changes, orders; and fails when none of them is there', async () => {
    const run = await flows.load(flow({ itemsType: 'msg', items: 'want' }), credentials);
    const item = { identifiers: [{ scheme: 'sku', value: 'A-1' }] };
    const wanted = [
      'A-1',
      ['A-1', 11, 'NONE'],
      { lines: [{ item }] },
      { item },
      { products: [{ id: 11, sku: 'A-1' }], skus: ['A-1'] },
      { model: 'product.product', id: 11 },
      { product_id: [11, 'Tape'] },
    ];
    for (const [index, want] of wanted.entries()) {
      run.send('stock', { want });
      const found = (await run.nth('out', index + 1)).payload as InventoryLevel[];
      assert.equal(found.length, 1, JSON.stringify(want));
    }
    assert.deepEqual(
      run
        .got('out')
        .slice(1, 2)
        .flatMap((message) => (message['problems'] as { code: string }[]).map(({ code }) => code)),
      ['SKU_UNKNOWN'],
    );
    run.send('stock', { want: 'NONE' });
    assert.equal((await run.nth('caught')).error?.code, 'SKU_UNKNOWN');
    run.send('stock', { want: { nothing: true } });
    assert.equal((await run.nth('caught', 2)).error?.code, 'STOCK_ITEMS_INVALID');
  });

  it('applies adjustments, one or a list, each once', async () => {
    const run = await flows.load(flow({ operation: 'adjust' }), credentials);
    const change = adjustmentOf('A-1', 'WH', { mode: 'delta', quantity: '-2', reason: 'loss' });
    run.send('stock', { payload: change });
    const first = await run.nth('out');
    assert.deepEqual(first['adjustment'], change);
    assert.equal((first.payload as { difference: string }).difference, '-2');
    const more = adjustmentOf('A-1', 'WH', { mode: 'delta', quantity: '5', reason: 'found' });
    run.send('stock', { payload: [change, more] });
    const results = (await run.nth('out', 2)).payload as { applied: boolean }[];
    assert.deepEqual(
      results.map(({ applied }) => applied),
      [false, true],
    );
    assert.equal(stock.quant.quantity, 13);
    await run.untilStatus('stock', '3 adjusted');
  });

  it('refuses what breaks the contract or contradicts itself, and tells which of a list failed', async () => {
    const run = await flows.load(flow({ operation: 'adjust' }), credentials);
    run.send('stock', { payload: { adjustmentId: 'x' } });
    const broken = await run.nth('caught');
    assert.deepEqual(
      [broken.error?.code, broken.crossdock?.failure?.kind],
      ['CANONICAL_CONTRACT', 'permanent'],
    );
    const zero = adjustmentOf('A-1', 'WH', { mode: 'delta', quantity: '0' });
    run.send('stock', { payload: zero });
    assert.match((await run.nth('caught', 2)).error?.message ?? '', /a delta of 0 changes nothing/);
    const good = adjustmentOf('A-1', 'WH', { mode: 'delta', quantity: '1', reason: 'found' });
    const stale = adjustmentOf('A-1', 'WH', { quantity: '3', previous: '4' });
    run.send('stock', { payload: [good, stale] });
    const conflict = await run.nth('caught', 3);
    assert.equal(conflict.error?.code, 'STOCK_CONFLICT');
    assert.deepEqual(
      conflict.crossdock?.failure?.problems?.map(({ path }) => path),
      ['/1'],
    );
    assert.equal(stock.quant.quantity, 11, 'the other one is applied, and found again');
    assert.equal(run.got('out').length, 0);
    await run.untilStatus('stock', 'red');
  });

  it('counts anyway when told so', async () => {
    const run = await flows.load(flow({ operation: 'adjust', whenMoved: 'recount' }), credentials);
    run.send('stock', { payload: adjustmentOf('A-1', 'WH', { quantity: '3', previous: '4' }) });
    await run.nth('out');
    assert.equal(stock.quant.quantity, 3);
  });

  it('reserves and releases an order, as the message says', async () => {
    const run = await flows.load(
      flow({ operationType: 'msg', operation: 'do', property: 'order' }),
      credentials,
    );
    for (const [index, [action, short]] of (
      [
        ['reserved', '8'],
        ['reserve', '0'],
        ['release', '8'],
      ] as const
    ).entries()) {
      run.send('stock', { do: action, order: index === 0 ? { name: 'S00001', odooId: 0 } : 'S00001' });
      const { payload } = await run.nth('out', index + 1);
      assert.equal((payload as { lines: { short: string }[] }).lines[0]?.short, short, action);
    }
    run.send('stock', { do: 'reserve', order: 'S99999' });
    assert.equal((await run.nth('caught')).error?.code, 'ORDER_NOT_FOUND');
    run.send('stock', { do: 'reserve' });
    assert.equal((await run.nth('caught', 2)).error?.code, 'ORDER_UNNAMED');
    run.send('stock', { do: 'fly', order: 'S00001' });
    assert.equal((await run.nth('caught', 3)).error?.code, 'OPERATION_UNKNOWN');
  });
});
