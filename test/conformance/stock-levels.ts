/** Levels read from an Odoo: against what Odoo itself computes, and against the contract. */
import assert from 'node:assert/strict';
import { checkCanonical, type InventoryLevel } from '../../core/canonical';
import { contracts } from '../../core/contract';
import {
  createOdooClient,
  type LevelPage,
  type OdooClient,
  readLevels,
  reservation,
  type StockRequest,
} from '../../core/odoo';
import { adminClient, createOne, type OdooUnderTest } from './sales-fixture';
import { createStockFixture, type StockFixture } from './stock-fixture';

const COMPUTED = ['qty_available', 'free_qty', 'incoming_qty', 'outgoing_qty', 'virtual_available'] as const;

export function describeStockLevels(
  name: string,
  connect: () => Promise<{ admin: OdooUnderTest; account: OdooUnderTest } | undefined>,
): void {
  describe(`stock levels of ${name}`, () => {
    let admin: OdooClient;
    let client: OdooClient;
    let fixture: StockFixture;
    /** A second warehouse, archived at the end. */
    let other: { id: number; code: string; stockId: number };
    const orders: number[] = [];

    before(async function () {
      const found = await connect();
      if (found === undefined) return this.skip();
      admin = adminClient(found.admin);
      client = createOdooClient(found.account);
      fixture = await createStockFixture(admin);
      const code = fixture.prefix.slice(2, 7).toUpperCase();
      const id = await createOne(admin, 'stock.warehouse', { name: `Second ${fixture.prefix}`, code });
      const [row] = await admin.call<{ lot_stock_id: [number, string] }[]>('stock.warehouse', 'read', {
        ids: [id],
        args: { fields: ['lot_stock_id'] },
      });
      other = { id, code, stockId: row?.lot_stock_id[0] ?? 0 };
    });

    after(async () => {
      // A warehouse with open transfers or stock cannot be archived.
      if (orders.length > 0) await admin.call('sale.order', 'action_cancel', { ids: orders });
      if (other !== undefined) {
        await fixture.empty(other.stockId);
        await admin.call('stock.warehouse', 'write', {
          ids: [other.id],
          args: { vals: { active: false } },
        });
      }
      await fixture?.close();
      await client?.close();
      await admin?.close();
    });

    async function read(request: StockRequest): Promise<LevelPage[]> {
      const pages: LevelPage[] = [];
      for await (const page of readLevels(client, request)) pages.push(page);
      for (const level of pages.flatMap(({ levels }) => levels)) assertCanonical(level);
      return pages;
    }
    const levelsOf = async (request: StockRequest) => (await read(request)).flatMap(({ levels }) => levels);

    function assertCanonical(level: InventoryLevel): void {
      assert.deepEqual(contracts().validate('inventory-level', '1.0', level), []);
      assert.deepEqual(checkCanonical('inventory-level', level), []);
    }

    /** An order for a product from a warehouse, confirmed. */
    async function order(productId: number, quantity: number, warehouse: number): Promise<number> {
      const customer = await createOne(admin, 'res.partner', { name: `Customer ${fixture.prefix}` });
      const id = await createOne(admin, 'sale.order', {
        partner_id: customer,
        warehouse_id: warehouse,
        order_line: [[0, 0, { product_id: productId, product_uom_qty: quantity, price_unit: 1 }]],
      });
      await admin.call('sale.order', 'action_confirm', { ids: [id] });
      orders.push(id);
      return id;
    }

    it('agrees with what Odoo computes, in total and for each warehouse, also when oversold', async () => {
      const products = [await fixture.product(), await fixture.product(), await fixture.product()];
      const [plenty, oversold, negative] = products as [
        (typeof products)[0],
        (typeof products)[0],
        (typeof products)[0],
      ];
      await fixture.put(plenty.id, fixture.warehouse.stockId, 10.5);
      await fixture.put(plenty.id, fixture.shelf.id, 4);
      await fixture.put(plenty.id, other.stockId, 7);
      await fixture.put(oversold.id, other.stockId, 2);
      await fixture.put(negative.id, fixture.shelf.id, 0.3);
      await order(plenty.id, 12, fixture.warehouse.id);
      await order(oversold.id, 5, other.id);
      await admin.call('stock.quant', 'create', {
        args: {
          vals_list: [{ product_id: negative.id, location_id: fixture.warehouse.stockId, quantity: -3 }],
        },
      });
      for (const [levelOf, sites, contexts] of [
        ['total', [], [{}]],
        ['total', [other.code], [{ warehouse_id: other.id }]],
        [
          'site',
          [fixture.warehouse.code, other.code, fixture.shelf.name],
          [
            { warehouse_id: fixture.warehouse.id },
            { warehouse_id: other.id },
            { location: fixture.shelf.id },
          ],
        ],
      ] as const) {
        const levels = await levelsOf({
          levelOf,
          sites,
          productIds: products.map(({ id }) => id),
          buffer: '1',
        });
        for (const [at, context] of contexts.entries()) {
          const rows = await admin.call<Record<(typeof COMPUTED)[number], number>[]>(
            'product.product',
            'read',
            {
              ids: products.map(({ id }) => id),
              args: { fields: [...COMPUTED] },
              context,
            },
          );
          for (const [index, row] of rows.entries()) {
            const level = levels[index * contexts.length + at];
            const close = (found: string | undefined, wanted: number, what: string) =>
              assert.ok(
                Math.abs(Number(found) - wanted) < 1e-6,
                `${what} of ${index} at ${at}: ${found}, ${wanted}`,
              );
            close(level?.onHand, row.qty_available, 'on hand');
            close(level?.reserved, row.qty_available - row.free_qty, 'reserved');
            close(level?.incoming, row.incoming_qty, 'incoming');
            close(level?.forecast, row.virtual_available, 'forecast');
            const available = Math.min(row.free_qty, row.qty_available - row.outgoing_qty);
            close(level?.available, available, 'available');
            close(level?.published, Math.max(0, available - 1), 'published');
          }
        }
      }
      assert.deepEqual(
        (await levelsOf({ levelOf: 'site', sites: [other.code], productIds: [oversold.id] })).map(
          ({ onHand, reserved, available, demand, published, location }) => [
            ...[onHand, reserved, available, demand, published],
            ...[location.code, location.odooWarehouseId],
          ],
        ),
        [['2', '2', '-3', '3', '0', other.code, other.id]],
      );
    });

    it('tells each location and each lot that holds stock', async () => {
      const { id, sku } = await fixture.product({ tracking: 'lot' });
      const lots: number[] = [];
      for (const lot of ['L1', 'L2'])
        lots.push(await createOne(admin, 'stock.lot', { name: lot, product_id: id }));
      await fixture.put(id, fixture.warehouse.stockId, 3, lots[0]);
      await fixture.put(id, fixture.shelf.id, 2, lots[0]);
      await fixture.put(id, fixture.shelf.id, 5, lots[1]);
      const places = await levelsOf({ levelOf: 'location', skus: [sku] });
      assert.deepEqual(
        places.map(({ location, onHand, published }) => [location.odooLocationId, onHand, published]),
        [
          [fixture.warehouse.stockId, '3', undefined],
          [fixture.shelf.id, '7', undefined],
        ],
      );
      const byLot = await levelsOf({ levelOf: 'lot', skus: [sku] });
      assert.deepEqual(
        byLot.map(({ lot, onHand, location }) => [lot, onHand, location.code]),
        [
          ['L1', '5', fixture.warehouse.code],
          ['L2', '5', fixture.warehouse.code],
        ],
      );
    });

    it("is told in the product's own unit, and a pack in what it is made of", async () => {
      const units = await admin.call<{ id: number; name: string }[]>('uom.uom', 'search_read', {
        args: { domain: [['name', 'in', ['kg', 'Units', 'Unit']]], fields: ['name'] },
      });
      const kilo = units.find((unit) => unit.name === 'kg');
      const piece = units.find((unit) => unit.name !== 'kg');
      assert.ok(kilo && piece);
      const tray = await createOne(admin, 'uom.uom', {
        name: `Tray ${fixture.prefix}`,
        relative_factor: 24,
        relative_uom_id: piece.id,
      });
      const fish = await fixture.product({ uom_id: kilo.id });
      const eggs = await fixture.product({ uom_id: tray });
      await fixture.put(fish.id, fixture.warehouse.stockId, 1.25);
      await fixture.put(eggs.id, fixture.warehouse.stockId, 2);
      // Units are remembered; this one is new.
      const fresh = { ...client };
      const found: InventoryLevel[] = [];
      for await (const { levels } of readLevels(fresh, { productIds: [fish.id, eggs.id] }))
        found.push(...levels);
      assert.deepEqual(
        found.map(({ unit, onHand }) => [unit, onHand]),
        [
          ['KGM', '1.25'],
          ['C62', '48'],
        ],
      );
    });

    it('tells what has no level, page by page in order of ids, and reads the rest', async () => {
      const twin = await fixture.product();
      const wanted = [twin, await fixture.product(), await fixture.product()];
      const second = await fixture.product({ default_code: twin.sku });
      const archived = await fixture.product({ active: false });
      const service = await fixture.product({ type: 'service', is_storable: false });
      const nameless = await fixture.product({ default_code: false });
      const missing = Array.from({ length: 10_000 }, (_, index) => `${fixture.prefix}-missing-${index}`);
      const pages = await read({
        skus: [...missing, ...wanted.map(({ sku }) => sku).reverse(), archived.sku, service.sku, twin.sku],
        productIds: [nameless.id, 2_000_000_000],
        pageSize: 2,
      });
      assert.deepEqual(
        pages.map(({ index, last }) => [index, last]),
        [
          [0, false],
          [1, false],
          [2, true],
        ],
      );
      const ids = pages.flatMap(({ levels }) =>
        levels.map((level) => Number(level.item.identifiers.at(-1)?.value)),
      );
      assert.deepEqual(
        ids,
        wanted.map(({ id }) => id),
      );
      const problems = pages.flatMap((page) => page.problems);
      const counts = new Map<string, number>();
      for (const { code } of problems) counts.set(code, (counts.get(code) ?? 0) + 1);
      assert.deepEqual(Object.fromEntries(counts), {
        SKU_UNKNOWN: 10_000,
        PRODUCT_ARCHIVED: 1,
        PRODUCT_NOT_STORED: 1,
        SKU_AMBIGUOUS: 1,
        PRODUCT_WITHOUT_SKU: 1,
        PRODUCT_UNKNOWN: 1,
      });
      assert.deepEqual(problems.find(({ code }) => code === 'SKU_AMBIGUOUS')?.productIds, [
        twin.id,
        second.id,
      ]);
    });

    it('a warehouse is known by its code, whatever its name is now; another is refused with those there are', async () => {
      const { id } = await fixture.product();
      await fixture.put(id, other.stockId, 1);
      await admin.call('stock.warehouse', 'write', {
        ids: [other.id],
        args: { vals: { name: `Renamed ${fixture.prefix}` } },
      });
      for (const site of [other.code, `Renamed ${fixture.prefix}`]) {
        const [level] = await levelsOf({ levelOf: 'total', sites: [site], productIds: [id] });
        assert.deepEqual([level?.location.code, level?.onHand], [other.code, '1']);
      }
      await assert.rejects(read({ sites: [`Second ${fixture.prefix}`] }), {
        code: 'WAREHOUSE_UNKNOWN',
        kind: 'business',
      });
    });

    it('reserves what is there for an order, says what is short, and gives it back', async () => {
      const { id, sku } = await fixture.product();
      const orderId = await order(id, 8, fixture.warehouse.id);
      await fixture.put(id, fixture.warehouse.stockId, 5);
      await reservation(client, 'release', orderId);
      const [row] = await admin.call<{ name: string }[]>('sale.order', 'read', {
        ids: [orderId],
        args: { fields: ['name'] },
      });
      const figures = async (action: 'reserve' | 'release' | 'look', which: string | number) => {
        const { complete, lines } = await reservation(client, action, which);
        return [
          complete,
          ...lines.map((line) => [line.sku, line.unit, line.open, line.reserved, line.short]),
        ];
      };
      const number = row?.name ?? '';
      assert.deepEqual(await figures('look', orderId), [false, [sku, 'C62', '8', '0', '8']]);
      assert.deepEqual(await figures('reserve', number), [false, [sku, 'C62', '8', '5', '3']]);
      assert.deepEqual(await figures('reserve', number), [false, [sku, 'C62', '8', '5', '3']]);
      await fixture.put(id, fixture.shelf.id, 10);
      assert.deepEqual(await figures('reserve', orderId), [true, [sku, 'C62', '8', '8', '0']]);
      assert.deepEqual(await figures('release', number), [false, [sku, 'C62', '8', '0', '8']]);
      await assert.rejects(reservation(client, 'look', `${fixture.prefix}:none`), {
        code: 'ORDER_NOT_FOUND',
      });
      const quotation = await createOne(admin, 'sale.order', {
        partner_id: await createOne(admin, 'res.partner', { name: `Customer ${fixture.prefix}` }),
      });
      await assert.rejects(reservation(client, 'reserve', quotation), { code: 'ORDER_NOT_CONFIRMED' });
    });
  });
}
