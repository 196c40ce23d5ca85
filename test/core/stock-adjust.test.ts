import assert from 'node:assert/strict';
import { checkCanonical, decimal } from '../../core/canonical';
import { contracts } from '../../core/contract';
import { createOdooClient, type OdooClient, readLevels, reservation, StockAdjuster } from '../../core/odoo';
import { partLevel } from '../../core/odoo/stock/level';
import { StockUnits } from '../../core/odoo/stock/units';
import { adjustmentOf, mortal } from '../conformance/stock-fixture';
import { CUT } from './odoo-scripted';
import { type ScriptedStock, startScriptedStock } from './stock-scripted';

const APPLY = 'action_apply';

describe('stock adjustments', () => {
  let stock: ScriptedStock;
  let client: OdooClient;
  let adjuster: StockAdjuster;

  beforeEach(async () => {
    stock = await startScriptedStock();
    client = createOdooClient({ url: stock.odoo.url, database: 'db', login: 'bot', apiKey: 'key' });
    adjuster = new StockAdjuster(client);
  });

  afterEach(async () => {
    await client.close();
    await stock.odoo.close();
  });

  const loss = (quantity = '-2') => adjustmentOf('A-1', 'WH', { mode: 'delta', quantity, reason: 'loss' });
  /** Does something just before the nth call of a method is answered. */
  const onCall = (method: string, nth: number, act: () => unknown): void => {
    let seen = 0;
    stock.before = (call) => {
      if (call.method !== method) return undefined;
      seen += 1;
      return seen === nth ? act() : undefined;
    };
  };

  it('applies once when the process dies at any call', async () => {
    const process = mortal(client);
    for (const sent of [false, true]) {
      for (let calls = 0, died = true; died; calls += 1) {
        const change = loss('-1');
        stock.quant.quantity = 10;
        process.dieAfter(calls, sent);
        died = await new StockAdjuster(process).apply(change).then(
          () => false,
          () => true,
        );
        const result = await adjuster.apply(change);
        assert.equal(result.difference, '-1', `after ${calls} calls`);
        assert.equal(
          stock.quant.quantity,
          9,
          `after ${calls} calls, the next one ${sent ? 'sent' : 'not sent'}`,
        );
        assert.equal(stock.quant.counted, undefined);
      }
    }
  });

  it('a call of a dead process that arrives late changes nothing any more', async () => {
    const change = loss();
    // The first delivery has written the count down and asked to apply it, and that answer never came.
    let late: (() => unknown) | undefined;
    onCall(APPLY, 1, () => {
      late = () => {
        if (stock.quant.counted === undefined) return;
        stock.quant.quantity += stock.quant.counted.difference;
        delete stock.quant.counted;
      };
      return CUT;
    });
    const result = await adjuster.apply(change);
    assert.deepEqual([result.applied, result.difference, stock.quant.quantity], [true, '-2', 8]);
    late?.();
    assert.equal(stock.quant.quantity, 8);
  });

  it('a call of a dead process that arrives between our look and our count is seen before we apply', async () => {
    onCall('create', 1, () => {
      const look = stock.odoo.calls.findLast(({ model }) => model === 'stock.move');
      const key = JSON.stringify(look?.args.domain).match(/#([0-9a-f]{32})/)?.[1];
      assert.ok(key);
      // It took two away; two others came back, so that the figures alone say nothing.
      stock.moves.push({ id: 1, reference: `earlier #${key}`, difference: -2 });
      return undefined;
    });
    const result = await adjuster.apply(loss());
    assert.deepEqual([result.applied, stock.quant.quantity, stock.moves.length], [false, 10, 1]);
    assert.equal(stock.quant.counted, undefined);
  });

  it("somebody's open count is left alone", async () => {
    stock.quant.counted = { quantity: 4, difference: -6, by: 2 };
    await assert.rejects(adjuster.apply(loss()), { code: 'STOCK_COUNT_OPEN', kind: 'transient' });
    assert.deepEqual([stock.quant.counted.quantity, stock.quant.quantity], [4, 10]);
  });

  it('an answer that was lost is looked up, not guessed', async () => {
    const change = loss();
    onCall(APPLY, 1, () => {
      const { counted } = stock.quant;
      assert.ok(counted);
      const wizard = stock.odoo.calls.findLast(({ args }) => args.vals_list !== undefined);
      assert.ok(wizard);
      const [values] = wizard.args.vals_list as [{ inventory_adjustment_name: string }];
      const reference = values.inventory_adjustment_name;
      stock.moves.push({ id: 1, reference, difference: counted.difference });
      stock.quant.quantity = counted.quantity;
      delete stock.quant.counted;
      return CUT;
    });
    assert.equal((await adjuster.apply(change)).difference, '-2');
    assert.deepEqual([stock.quant.quantity, stock.moves.length], [8, 1]);
  });

  it('stock that moves between two calls is read again: a change is added, a count meets what it was told before', async () => {
    for (const method of ['create', APPLY]) {
      stock.quant.quantity = 10;
      let sold = false;
      stock.before = (call) => {
        if (call.method === method && !sold) {
          sold = true;
          stock.quant.quantity -= 1;
        }
        return undefined;
      };
      assert.equal((await adjuster.apply(loss())).quantity, '7', method);
      sold = false;
      stock.quant.quantity = 10;
      const count = adjustmentOf('A-1', 'WH', { quantity: '9', previous: '10' });
      await assert.rejects(adjuster.apply(count), {
        code: 'STOCK_CONFLICT',
        facts: { sku: 'A-1', location: 'WH', previous: '10', now: '9', quantity: '9' },
      });
      assert.equal(stock.quant.counted, undefined, 'nothing stays that somebody would apply');
    }
  });

  it("somebody else's count on the same quant is not taken for ours, and what it changed is made up for", async () => {
    // Another process writes its own count of +5 down between our look and our apply; our apply books it as ours.
    onCall(APPLY, 1, () => {
      stock.quant.counted = { quantity: stock.quant.quantity + 5, difference: 5, by: 7 };
      return undefined;
    });
    const result = await adjuster.apply(loss());
    assert.deepEqual([result.difference, stock.quant.quantity], ['-2', 8]);
  });

  it('gives up as transient when it never holds still', async () => {
    stock.before = (call) => {
      if (call.method === APPLY) stock.quant.quantity += 1;
      return undefined;
    };
    await assert.rejects(adjuster.apply(loss()), { code: 'STOCK_BUSY', kind: 'transient' });
    assert.equal(stock.quant.counted, undefined);
  });

  it('before 15 there are no counts on quants: refused with the version', async () => {
    stock.odoo.version = [14, 0];
    const old = createOdooClient({ url: stock.odoo.url, database: 'db', login: 'bot', apiKey: 'key' });
    await assert.rejects(new StockAdjuster(old).apply(loss()), {
      code: 'ODOO_VERSION_UNSUPPORTED',
      kind: 'business',
    });
    await old.close();
  });

  it('levels: one page ahead of the reader and no more; who stops leaves nothing behind', async () => {
    stock.before = stock.products(9);
    const asked = () =>
      stock.odoo.calls.filter(({ model, method }) => model === 'product.product' && method === 'search_read')
        .length;
    const pages = readLevels(client, { pageSize: 2 });
    for (let page = 0; page < 3; page += 1) {
      assert.equal((await pages.next()).value?.index, page);
      assert.ok(asked() <= page + 2, `${asked()} pages at page ${page}`);
    }
    // The page ahead fails when nobody waits for it any more.
    stock.before = () => CUT;
    await pages.return();
    const rest: number[] = [];
    stock.before = stock.products(9);
    for await (const { levels, last } of readLevels(client, { pageSize: 3 })) {
      rest.push(levels.length);
      assert.equal(last, rest.length === 3);
    }
    assert.deepEqual(rest, [3, 3, 3], 'no empty page at the end');
  });

  it('levels: what an expired lot holds is not for sale', () => {
    const units = new StockUnits(new Map(), 19);
    const asOf = new Date('2026-11-27T10:00:00Z');
    const context = { units, authority: 'odoo:db', asOf, buffer: decimal('0') };
    const product = { id: 11, default_code: 'A-1', barcode: false, name: 'Milk', uom_id: 1 } as const;
    const place = { code: 'WH', kind: 'warehouse' } as const;
    for (const [expires, condition, available, unavailable] of [
      ['2026-11-27 09:59:59', 'expired', '0', '3'],
      ['2026-11-27 10:00:01', undefined, '3', undefined],
      [undefined, undefined, '3', undefined],
    ] as const) {
      const level = partLevel(context, product, place, { onHand: 5, reserved: 2 }, { name: 'L1', expires });
      assert.deepEqual(
        [level.condition, level.available, level.unavailable],
        [condition, available, unavailable],
      );
      assert.equal(level.expiry, expires?.slice(0, 10));
      assert.deepEqual(contracts().validate('inventory-level', '1.0', level), []);
      assert.deepEqual(checkCanonical('inventory-level', level), []);
    }
  });

  it('reservation over the names of older versions', async () => {
    stock.odoo.version = [16, 0];
    const older = createOdooClient({ url: stock.odoo.url, database: 'db', login: 'bot', apiKey: 'key' });
    stock.before = ({ model, method, args }) =>
      model === 'stock.move' &&
      method === 'search_read' &&
      (args.fields as string[]).includes('reserved_availability')
        ? [
            {
              ...{ id: 50, sale_line_id: [70, 'x'], product_id: [11, 'x'], product_uom: [1, 'x'] },
              ...{
                location_dest_id: [8, 'x'],
                picking_id: [60, 'x'],
                product_uom_qty: 8,
                reserved_availability: 3,
              },
            },
          ]
        : undefined;
    const { lines } = await reservation(older, 'look', 'S00001');
    assert.deepEqual([lines[0]?.reserved, lines[0]?.short], ['3', '5']);
    await older.close();
  });
});
