/** Counts and adjustments: what Odoo has afterwards, whoever delivers twice, dies, counts or sells meanwhile. */
import assert from 'node:assert/strict';
import { createOdooClient, type OdooClient, StockAdjuster } from '../../core/odoo';
import { adminClient, type OdooUnderTest } from './sales-fixture';
import { adjustmentOf, createStockFixture, mortal, type StockFixture } from './stock-fixture';

export function describeStockAdjustments(
  name: string,
  connect: () => Promise<{ admin: OdooUnderTest; account: OdooUnderTest } | undefined>,
): void {
  describe(`stock adjustments in ${name}`, () => {
    let admin: OdooClient;
    let client: OdooClient;
    let fixture: StockFixture;
    let adjuster: StockAdjuster;

    before(async function () {
      const found = await connect();
      if (found === undefined) return this.skip();
      admin = adminClient(found.admin);
      client = createOdooClient(found.account);
      fixture = await createStockFixture(admin);
      adjuster = new StockAdjuster(client);
    });

    after(async () => {
      await fixture?.close();
      await client?.close();
      await admin?.close();
    });

    const onHand = async (productId: number, locationId = fixture.warehouse.viewId): Promise<number> => {
      const rows = await admin.call<{ quantity: number }[]>('stock.quant', 'search_read', {
        args: {
          domain: [
            ['product_id', '=', productId],
            ['location_id', 'child_of', locationId],
          ],
          fields: ['quantity'],
        },
      });
      return Math.round(rows.reduce((all, row) => all + row.quantity, 0) * 1e6) / 1e6;
    };
    const openCounts = (productId: number) =>
      admin.call<number>('stock.quant', 'search_count', {
        args: {
          domain: [
            ['product_id', '=', productId],
            ['inventory_quantity_set', '=', true],
          ],
        },
      });
    const at = () => fixture.warehouse.code;

    it('a count sets what is there, a change adds to it, and each is applied once', async () => {
      const { id, sku } = await fixture.product();
      const count = adjustmentOf(sku, at(), { quantity: '12.5', previous: '0' });
      const first = await adjuster.apply(count);
      assert.deepEqual([first.applied, first.difference, first.quantity], [true, '12.5', '12.5']);
      assert.equal(await onHand(id), 12.5);
      const change = adjustmentOf(sku, at(), {
        mode: 'delta',
        quantity: '-2',
        previous: '12.5',
        reason: 'damage',
        reasonText: 'Wet #1',
      });
      const second = await adjuster.apply(change);
      assert.deepEqual([second.applied, second.difference, second.quantity], [true, '-2', '10.5']);
      for (const [again, moves] of [
        [count, first.moveIds],
        [change, second.moveIds],
      ] as const) {
        const repeated = await adjuster.apply(again);
        assert.deepEqual([repeated.applied, repeated.moveIds], [false, moves]);
      }
      assert.equal(await onHand(id), 10.5);
      const [move] = await admin.call<{ reference: string }[]>('stock.move', 'read', {
        ids: second.moveIds,
        args: { fields: ['reference'] },
      });
      assert.match(
        move?.reference ?? '',
        new RegExp(`^${change.adjustmentId} \\(damage: Wet 1\\) #[0-9a-f]{32}$`),
      );
    });

    it('a count that finds what is there is on record, once', async () => {
      const { id, sku } = await fixture.product();
      await fixture.put(id, fixture.warehouse.stockId, 3);
      const count = adjustmentOf(sku, at(), { quantity: '3' });
      const first = await adjuster.apply(count);
      assert.deepEqual([first.applied, first.difference, first.moveIds.length], [true, '0', 1]);
      assert.equal((await adjuster.apply(count)).applied, false);
    });

    it('fractions stay what they are, and a dozen is twelve', async () => {
      const { id, sku } = await fixture.product();
      for (const quantity of ['0.1', '0.2']) {
        await adjuster.apply(adjustmentOf(sku, at(), { mode: 'delta', quantity, reason: 'found' }));
      }
      const dozen = await adjuster.apply(
        adjustmentOf(sku, at(), { mode: 'delta', quantity: '2', unit: 'DZN', reason: 'found' }),
      );
      assert.equal(await onHand(id), 24.3);
      assert.deepEqual([dozen.difference, dozen.quantity], ['2', '2.025']);
      await assert.rejects(adjuster.apply(adjustmentOf(sku, at(), { unit: 'KGM' })), {
        code: 'UNIT_KINDS_DIFFER',
      });
    });

    it('stock that moved since is a conflict with both figures; a rule decides otherwise', async () => {
      const { id, sku } = await fixture.product();
      await fixture.put(id, fixture.warehouse.stockId, 55);
      const count = adjustmentOf(sku, at(), { quantity: '58', previous: '60' });
      await assert.rejects(adjuster.apply(count), {
        code: 'STOCK_CONFLICT',
        kind: 'business',
        facts: { sku, location: at(), previous: '60', now: '55', quantity: '58' },
      });
      assert.equal(await onHand(id), 55);
      assert.equal(await openCounts(id), 0, 'nothing is left that somebody would apply');
      const byDifference = await new StockAdjuster(client, { whenMoved: 'difference' }).apply(count);
      assert.deepEqual([byDifference.difference, byDifference.quantity], ['-2', '53']);
      const recount = { ...count, adjustmentId: `${count.adjustmentId}-2` };
      const counted = await new StockAdjuster(client, { whenMoved: 'recount' }).apply(recount);
      assert.deepEqual([counted.difference, counted.quantity], ['5', '58']);
      assert.equal((await adjuster.apply(recount)).applied, false, 'once, by whatever rule');
    });

    it('applies once when the process dies after any call', async () => {
      const { id, sku } = await fixture.product();
      await fixture.put(id, fixture.warehouse.stockId, 100);
      let there = 100;
      const process = mortal(client);
      // What it asks once (units, fields) it knows by then, so that each death hits what happens every time.
      await new StockAdjuster(process).apply(adjustmentOf(sku, at(), { quantity: '100' }));
      // From the count that is written down to the look after it is applied; what comes before only reads.
      for (let calls = 5; calls <= 10; calls += 1) {
        const change = adjustmentOf(sku, at(), {
          mode: 'delta',
          quantity: '-1',
          previous: String(there),
          reason: 'loss',
        });
        process.dieAfter(calls, true);
        await assert.rejects(new StockAdjuster(process).apply(change));
        const result = await adjuster.apply(change);
        there -= 1;
        assert.equal(result.difference, '-1', `after ${calls} calls`);
        assert.equal(await onHand(id), there, `after ${calls} calls`);
        assert.equal(await openCounts(id), 0);
      }
    });

    it('two processes, many changes of one product, each delivered twice at once: all are there, once', async () => {
      const { id, sku } = await fixture.product();
      const other = new StockAdjuster({ ...client });
      const changes = Array.from({ length: 4 }, (_, index) =>
        adjustmentOf(sku, at(), { mode: 'delta', quantity: String(index + 1), reason: 'found' }),
      );
      const persist = async (who: StockAdjuster, change: (typeof changes)[number]) => {
        for (let attempt = 0; ; attempt += 1) {
          try {
            return await who.apply(change);
          } catch (error) {
            if (attempt === 20 || !(error as { retryable?: boolean }).retryable) throw error;
          }
        }
      };
      await Promise.all(changes.flatMap((change) => [persist(adjuster, change), persist(other, change)]));
      assert.equal(await onHand(id), 10);
      assert.equal(await openCounts(id), 0);
    });

    it("leaves somebody's open count alone", async () => {
      const { id, sku } = await fixture.product();
      await admin.call('stock.quant', 'create', {
        args: {
          vals_list: [{ product_id: id, location_id: fixture.warehouse.stockId, inventory_quantity: 7 }],
        },
        context: { inventory_mode: true },
      });
      await assert.rejects(adjuster.apply(adjustmentOf(sku, at())), {
        code: 'STOCK_COUNT_OPEN',
        kind: 'transient',
      });
      assert.equal(await openCounts(id), 1);
    });

    it('a warehouse means all that lies in it, a location what lies there', async () => {
      const { id, sku } = await fixture.product();
      await fixture.put(id, fixture.shelf.id, 4);
      const all = await adjuster.apply(adjustmentOf(sku, at(), { quantity: '10', previous: '4' }));
      assert.deepEqual([all.difference, all.quantity], ['6', '10']);
      assert.equal(await onHand(id, fixture.shelf.id), 4);
      const shelf = await adjuster.apply(adjustmentOf(sku, fixture.shelf.name, { quantity: '1' }));
      assert.deepEqual([shelf.difference, shelf.quantity], ['-3', '1']);
      await assert.rejects(adjuster.apply(adjustmentOf(sku, at(), { quantity: '0' })), {
        code: 'STOCK_NEGATIVE',
      });
      const moved = await adjuster.apply(
        adjustmentOf(sku, at(), {
          mode: 'delta',
          quantity: '-2',
          reason: 'transfer',
          toLocation: { code: fixture.shelf.name },
        }),
      );
      assert.equal(moved.moveIds.length, 2);
      assert.equal(await onHand(id, fixture.shelf.id), 3);
      assert.equal(await onHand(id), 7);
    });

    it('counts lots and serial numbers; makes what comes in, and refuses what cannot be', async () => {
      const lots = await fixture.product({ tracking: 'lot' });
      const serials = await fixture.product({ tracking: 'serial' });
      await assert.rejects(adjuster.apply(adjustmentOf(lots.sku, at())), { code: 'LOT_REQUIRED' });
      const counted = adjustmentOf(lots.sku, at(), { lot: 'L1', quantity: '5' });
      assert.equal((await adjuster.apply(counted)).quantity, '5');
      assert.equal((await adjuster.apply(counted)).applied, false);
      assert.equal(
        (await adjuster.apply(adjustmentOf(lots.sku, at(), { lot: 'L2', quantity: '2' }))).quantity,
        '2',
      );
      await assert.rejects(
        adjuster.apply(
          adjustmentOf(lots.sku, at(), { lot: 'L9', mode: 'delta', quantity: '-1', reason: 'loss' }),
        ),
        { code: 'LOT_UNKNOWN' },
      );
      const pieces = adjustmentOf(serials.sku, at(), {
        mode: 'delta',
        quantity: '2',
        reason: 'found',
        serials: ['S1', 'S2'],
      });
      assert.equal((await adjuster.apply(pieces)).quantity, '2');
      assert.equal((await adjuster.apply(pieces)).applied, false);
      await assert.rejects(adjuster.apply({ ...pieces, adjustmentId: 'other', serials: ['S3', 'S3'] }), {
        code: 'SERIALS_DIFFER',
      });
      assert.equal(await onHand(serials.id), 2);
    });

    it('says clearly what is wrong with an adjustment', async () => {
      const { sku } = await fixture.product();
      const archived = await fixture.product({ active: false });
      const service = await fixture.product({ type: 'service', is_storable: false });
      const twin = await fixture.product();
      await fixture.product({ default_code: twin.sku });
      const location = { code: `Nowhere ${fixture.prefix}` };
      for (const [adjustment, code] of [
        [adjustmentOf(`${fixture.prefix}-none`, at()), 'SKU_UNKNOWN'],
        [adjustmentOf(archived.sku, at()), 'PRODUCT_ARCHIVED'],
        [adjustmentOf(service.sku, at()), 'PRODUCT_NOT_STORED'],
        [adjustmentOf(twin.sku, at()), 'SKU_AMBIGUOUS'],
        [adjustmentOf(sku, at(), { location }), 'LOCATION_UNKNOWN'],
        [adjustmentOf(sku, at(), { condition: 'damaged' }), 'CONDITION_NEEDS_LOCATION'],
        [adjustmentOf(sku, at(), { mode: 'delta', quantity: '-1', reason: 'loss' }), 'STOCK_NEGATIVE'],
      ] as const) {
        await assert.rejects(adjuster.apply(adjustment), { code, kind: 'business' }, code);
      }
    });
  });
}
