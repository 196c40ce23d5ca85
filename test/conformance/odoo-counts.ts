import { type Bench, nameOf } from './odoo-server';
import { COUNTING, makeStockWorld, type StockWorld, table } from './stock-world';

/** Counts: how they are set and applied, what happens when stock moves in between, and what is on record. */
export function describeCounts(bench: Bench): void {
  const { check } = bench;

  describe('counts', () => {
    let world: StockWorld;
    before(async () => {
      world = await makeStockWorld(bench, bench.api('JSON-2'));
    });
    after(() => world?.hide());

    const read = async (quant: number) => {
      const row = await world.api.read('stock.quant', quant, [
        ...[
          'quantity',
          'inventory_quantity',
          'inventory_diff_quantity',
          'inventory_quantity_set',
          'is_outdated',
        ],
      ]);
      return [
        ...[row.quantity, row.inventory_quantity, row.inventory_diff_quantity],
        ...[row.inventory_quantity_set, row.is_outdated],
      ];
    };
    const apply = (quant: number, context: Record<string, unknown> = COUNTING) =>
      world.api.get<Record<string, unknown> | null>('stock.quant', 'action_apply_inventory', {
        ids: [quant],
        context,
      });
    const ship = async (quantity: number) => {
      const { picking } = await world.order([world.plain, quantity]);
      await world.validate(picking);
    };
    const write = (quant: number, vals: Record<string, unknown>) =>
      world.api.get('stock.quant', 'write', { ids: [quant], args: { vals }, context: COUNTING });

    it('reports a conflict when stock moved since, and settles it either way', async () => {
      const { api, plain } = world;
      const quant = await world.count(plain, 12);
      check.deepEqual(await read(quant), [10, 12, 2, true, false]);
      await ship(3);
      check.deepEqual(await read(quant), [7, 12, 2, true, true]);
      const conflict = await apply(quant);
      check.deepEqual(
        [conflict?.res_model, conflict?.name, conflict?.type],
        ['stock.inventory.conflict', 'Conflict in Inventory Adjustment', 'ir.actions.act_window'],
      );
      check.deepEqual(conflict?.context, {
        inventory_mode: true,
        default_quant_ids: [quant],
        default_quant_to_fix_ids: [quant],
      });
      check.deepEqual(await read(quant), [7, 12, 2, true, true], 'a conflict applies nothing');
      const wizard = await api.create(
        'stock.inventory.conflict',
        {},
        conflict?.context as Record<string, unknown>,
      );
      const dialog = await api.read('stock.inventory.conflict', wizard, ['quant_ids', 'quant_to_fix_ids']);
      check.deepEqual([dialog.quant_ids, dialog.quant_to_fix_ids], [[quant], [quant]]);
      check.equal(
        await api.get('stock.inventory.conflict', 'action_keep_counted_quantity', { ids: [wizard] }),
        null,
      );
      check.deepEqual(await read(quant), [12, 0, 0, false, false]);
      await world.count(plain, 14);
      await ship(3);
      const other = await api.create('stock.inventory.conflict', { quant_ids: [[6, 0, [quant]]] });
      check.equal(
        await api.get('stock.inventory.conflict', 'action_keep_difference', { ids: [other] }),
        null,
      );
      check.deepEqual(await read(quant), [11, 0, 0, false, false]);
    });

    it('writes a move for every count, also for one that finds nothing', async () => {
      const { api, plain } = world;
      const quant = await world.count(plain, 11);
      check.equal(await apply(quant, { ...COUNTING, inventory_name: `Count ${world.prefix}` }), null);
      const domain = [
        ['product_id', '=', plain],
        ['is_inventory', '=', true],
      ];
      const fields = [
        'reference',
        'state',
        'quantity',
        'picked',
        'inventory_name',
        'location_id',
        'location_dest_id',
      ];
      const moves = await api.searchRead('stock.move', domain, fields, { order: 'id' });
      const [first] = moves;
      check.match(String(first?.reference), /^Product Quantity Updated \(.+\)$/);
      check.deepEqual(
        [
          first?.state,
          first?.quantity,
          first?.picked,
          nameOf(first?.location_id),
          nameOf(first?.location_dest_id),
        ],
        ['done', 10, true, 'Inventory adjustment', 'WH/Stock'],
      );
      const last = moves.at(-1);
      check.deepEqual(
        [last?.reference, last?.quantity, nameOf(last?.location_id)],
        [`Count ${world.prefix}`, 0, 'WH/Stock'],
      );
      await write(quant, { inventory_quantity: 9 });
      const wizard = await api.create('stock.inventory.adjustment.name', {
        quant_ids: [[6, 0, [quant]]],
        inventory_adjustment_name: `Why ${world.prefix}`,
        counting_date: '2026-01-02 03:04:05',
      });
      check.equal(await api.get('stock.inventory.adjustment.name', 'action_apply', { ids: [wizard] }), null);
      const [dated] = await api.searchRead(
        'stock.move',
        [['reference', '=', `Why ${world.prefix}`]],
        [...['date', 'quantity', 'location_dest_id']],
      );
      check.deepEqual([dated?.date, dated?.quantity], ['2026-01-02 03:04:05', 2]);
    });

    it('takes counts back, and applies others at once', async () => {
      const { api, plain } = world;
      const quant = await world.count(plain, 4);
      check.equal(await api.get('stock.quant', 'action_clear_inventory_quantity', { ids: [quant] }), null);
      check.deepEqual(await read(quant), [9, 0, 0, false, false]);
      check.equal(await api.get('stock.quant', 'action_set_inventory_quantity_zero', { ids: [quant] }), null);
      check.deepEqual(await read(quant), [9, 0, -9, true, false]);
      await write(quant, { inventory_quantity_set: false });
      check.deepEqual(await read(quant), [9, 0, 0, false, false]);
      await write(quant, { inventory_quantity_auto_apply: 20 });
      check.deepEqual(await read(quant), [20, 0, 0, false, false]);
      const create = (vals: Record<string, unknown>) =>
        api.call('stock.quant', 'create', {
          args: { vals_list: [{ product_id: plain, location_id: world.place, ...vals }] },
          context: COUNTING,
        });
      check.deepEqual((await create({ inventory_quantity_auto_apply: 21 })).value, [quant]);
      check.deepEqual(await read(quant), [21, 0, 0, false, false]);
      check.equal(
        (await create({ inventory_quantity: 1, quantity: 4 })).fault?.message,
        "Quant's creation is restricted, you can't do this operation.",
      );
      check.match(
        (await create({ inventory_quantity: 1, lot_id: world.lots[0] })).fault?.message ?? '',
        /^The Lot\/Serial number \(.*-1\) is linked to another product\.$/,
      );
      const moved = { ids: [quant], args: { vals: { lot_id: world.lots[0] } }, context: COUNTING };
      check.equal(
        (await api.call('stock.quant', 'write', moved)).fault?.message,
        "Quant's editing is restricted, you can't do this operation.",
      );
    });

    it('counts lots, serial numbers and packages', async () => {
      const { api, byLot, bySerial, lots, serials } = world;
      const twice = await world.count(bySerial, 2, { lot_id: serials[0] });
      const { fault } = await api.call('stock.quant', 'action_apply_inventory', {
        ids: [twice],
        context: COUNTING,
      });
      check.match(fault?.message ?? '', /^The serial number has already been assigned: \n Product: /);
      const box = await api.create('stock.package', { name: `${world.prefix}-BOX` });
      const quant = await world.count(byLot, 4, { lot_id: lots[0], package_id: box });
      check.equal(await apply(quant), null);
      const { picking } = await world.order([byLot, 14]);
      const reserved = async () =>
        (await world.lines(picking, ['lot_id', 'package_id', 'quantity', 'result_package_id'])).map(
          (line) => [nameOf(line.lot_id).slice(-1), nameOf(line.package_id).slice(-3), line.quantity],
        );
      check.deepEqual(await reserved(), [
        ['1', '', 5],
        ['2', '', 7],
        ['1', 'BOX', 2],
      ]);
      await write(quant, { inventory_quantity: 1 });
      check.equal(await apply(quant), null);
      check.deepEqual(await reserved(), [
        ['1', '', 5],
        ['2', '', 7],
        ['1', 'BOX', 1],
      ]);
      const levels = async (context: Record<string, unknown>) => {
        const row = await api.read(
          'product.product',
          byLot,
          ['qty_available', 'free_qty', 'outgoing_qty'],
          context,
        );
        return [row.qty_available, row.free_qty, row.outgoing_qty];
      };
      check.deepEqual(await levels({}), [13, 0, 14]);
      check.deepEqual(await levels({ lot_id: lots[1] }), [7, 0, 14]);
      check.deepEqual(await levels({ location: [world.place] }), [13, 0, 14]);
      check.deepEqual(
        await levels({ warehouse_id: [bench.fixtures().warehouse], location: world.place }),
        [13, 0, 14],
      );
      const groups = await api.get<Record<string, unknown>[]>('stock.quant', 'formatted_read_group', {
        args: {
          domain: [
            ['product_id', '=', byLot],
            ['location_id.usage', '=', 'internal'],
          ],
          groupby: ['lot_id'],
          aggregates: ['quantity:sum', 'reserved_quantity:sum', '__count'],
        },
      });
      check.deepEqual(
        groups.map((group) => [
          nameOf(group.lot_id).slice(-1),
          group['quantity:sum'],
          group['reserved_quantity:sum'],
          group.__count,
        ]),
        [
          ['1', 6, 6, 2],
          ['2', 7, 7, 1],
        ],
      );
      check.deepEqual(groups[0]?.__extra_domain, [['lot_id', '=', lots[0]]]);
      const scrap = await api.create('stock.scrap', { product_id: byLot, lot_id: lots[1], scrap_qty: 1 });
      check.equal(await api.get('stock.scrap', 'action_validate', { ids: [scrap] }), true);
      const scrapped = await api.read('stock.scrap', scrap, ['state', 'name', 'move_ids']);
      check.equal(scrapped.state, 'done');
      check.match(String(scrapped.name), /^SP\/\d+$/);
      check.deepEqual((await world.quants(byLot)).at(-1), ['WH/Stock', '2', '', 6, 6]);
      check.equal(table(await world.moves(picking, ['quantity']), 'quantity').length, 1);
      await api.get('stock.picking', 'action_cancel', { ids: [picking] });
    });
  });
}
