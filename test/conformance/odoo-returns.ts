import { type Bench, nameOf } from './odoo-server';
import { makeStockWorld, type StockWorld, table } from './stock-world';

/** The return wizard: what it offers, what it makes, and what it does to the order. */
export function describeReturns(bench: Bench): void {
  const { check } = bench;

  describe('returns', () => {
    let world: StockWorld;
    before(async () => {
      world = await makeStockWorld(bench, bench.api('JSON-2'));
    });
    after(() => world?.hide());

    const LINE = ['product_id', 'quantity', 'move_id', 'move_quantity', 'to_refund'];
    const offered = (wizard: number) =>
      world.api.searchRead('stock.return.picking.line', [['wizard_id', '=', wizard]], LINE, { order: 'id' });
    const make = async (wizard: number, method = 'action_create_returns') =>
      world.api.get<Record<string, unknown>>('stock.return.picking', method, { ids: [wizard] });
    const order = async (id: number) => {
      const head = await world.api.read('sale.order', id, ['delivery_status', 'delivery_count']);
      const rows = await world.api.searchRead('sale.order.line', [['order_id', '=', id]], ['qty_delivered'], {
        order: 'id',
      });
      return [head.delivery_status, head.delivery_count, ...rows.map((row) => row.qty_delivered)];
    };

    it('brings goods back in part, with their lot, for refund or not', async () => {
      const { api, byLot, plain } = world;
      const { id, picking } = await world.order([byLot, 4], [plain, 3]);
      check.equal(await world.validate(picking), true);
      check.deepEqual(await order(id), ['full', 1, 4, 3]);
      const wizard = await api.create('stock.return.picking', { picking_id: picking });
      const lines = await offered(wizard);
      check.deepEqual(table(lines, 'quantity', 'move_quantity', 'to_refund'), [
        [0, 4, true],
        [0, 3, true],
      ]);
      check.equal(
        await world.refusal('stock.return.picking', 'action_create_returns', [wizard]),
        'Please specify at least one non-zero quantity.',
      );
      const set = (at: number, vals: Record<string, unknown>) =>
        api.get('stock.return.picking.line', 'write', { ids: [Number(lines[at]?.id)], args: { vals } });
      await set(0, { quantity: 1 });
      await set(1, { quantity: 2, to_refund: false });
      const made = await make(wizard);
      check.deepEqual(
        [made.name, made.res_model, made.type],
        ['Returned Picking', 'stock.picking', 'ir.actions.act_window'],
      );
      const back = Number(made.res_id);
      const head = await api.read('stock.picking', back, [
        ...[
          'name',
          'state',
          'origin',
          'return_id',
          'sale_id',
          'picking_type_code',
          'location_id',
          'location_dest_id',
        ],
        ...['backorder_id', 'date_deadline', 'carrier_tracking_ref'],
      ]);
      const {
        name,
        return_ids: returns,
        return_count: count,
      } = await api.read('stock.picking', picking, [...['name', 'return_ids', 'return_count']]);
      check.match(String(head.name), /\/IN\/\d{5,}$/);
      check.deepEqual(
        [
          head.state,
          head.origin,
          nameOf(head.return_id),
          head.picking_type_code,
          head.backorder_id,
          head.date_deadline,
        ],
        ['assigned', `Return of ${String(name)}`, name, 'incoming', false, false],
      );
      check.deepEqual([nameOf(head.location_id), nameOf(head.location_dest_id)], ['Customers', 'WH/Stock']);
      check.deepEqual([returns, count], [[back], 1]);
      const moves = await world.moves(back, [
        'product_uom_qty',
        'quantity',
        'to_refund',
        'origin_returned_move_id',
        'state',
      ]);
      check.deepEqual(table(moves, 'product_uom_qty', 'quantity', 'to_refund', 'state'), [
        [1, 1, true, 'assigned'],
        [2, 2, false, 'assigned'],
      ]);
      check.deepEqual(
        moves.map((move) => Array.isArray(move.origin_returned_move_id) && move.origin_returned_move_id[0]),
        lines.map((line) => Array.isArray(line.move_id) && line.move_id[0]),
      );
      const coming = await world.lines(back, ['lot_id', 'lot_name', 'quantity']);
      check.deepEqual(
        coming.map((line) => [nameOf(line.lot_id), line.lot_name]),
        [
          [`${world.prefix}-1`, `${world.prefix}-1`],
          ['', false],
        ],
      );
      check.deepEqual(await order(id), ['partial', 2, 4, 3], 'an open return opens the order again');
      check.equal(await world.validate(back), true);
      check.deepEqual(await order(id), ['full', 2, 3, 3], 'only what is for refund counts as not delivered');
      check.deepEqual((await world.quants(byLot))[1], ['WH/Stock', '1', '', 2, 0]);
      const all = await api.create(
        'stock.return.picking',
        {},
        { active_id: picking, active_model: 'stock.picking' },
      );
      const rest = Number((await make(all, 'action_create_returns_all')).res_id);
      check.deepEqual(table(await world.moves(rest, ['product_uom_qty']), 'product_uom_qty'), [[3], [1]]);
      check.equal(await api.get('stock.picking', 'action_cancel', { ids: [rest] }), true);
      check.deepEqual(await order(id), ['full', 3, 3, 3]);
    });

    it('keeps a package that comes back whole, takes the given lines and the label from the context', async () => {
      const { api, byLot, lots, prefix } = world;
      const { id, picking } = await world.order([byLot, 2]);
      const [pack] = await api.get<number[]>('stock.picking', 'action_put_in_pack', {
        ids: [picking],
        args: { package_name: `${prefix}-BOX` },
      });
      check.equal(await world.validate(picking), true);
      const [move] = await world.moves(picking, ['id']);
      const line = { product_id: byLot, move_id: Number(move?.id), quantity: 2, to_refund: true };
      const wizard = await api.create('stock.return.picking', {
        picking_id: picking,
        product_return_moves: [[0, 0, line]],
      });
      check.equal((await offered(wizard)).length, 1);
      const made = await api.get<{ res_id: number }>('stock.return.picking', 'action_create_returns', {
        ids: [wizard],
        context: { default_carrier_tracking_ref: 'RMA-1' },
      });
      const head = await api.read('stock.picking', made.res_id, ['carrier_tracking_ref', 'state']);
      check.deepEqual([head.carrier_tracking_ref, head.state], ['RMA-1', 'assigned']);
      const [coming] = await world.lines(made.res_id, ['lot_id', 'package_id', 'result_package_id']);
      check.deepEqual(
        [coming?.package_id, coming?.result_package_id].map((value) => Array.isArray(value) && value[0]),
        [pack, pack],
      );
      check.equal(Array.isArray(coming?.lot_id) && coming.lot_id[0], lots[0]);
      check.equal(await world.validate(made.res_id), true);
      check.deepEqual(await order(id), ['full', 2, 0]);
      const box = await api.read('stock.package', pack ?? 0, ['location_id']);
      check.equal(nameOf(box.location_id), 'WH/Stock');
      const again = await api.create('stock.return.picking', { picking_id: made.res_id });
      await api.get('stock.return.picking.line', 'write', {
        ids: (await offered(again)).map((row) => Number(row.id)),
        args: { vals: { quantity: 1 } },
      });
      const out = Number((await make(again)).res_id);
      check.equal(await world.validate(out), true);
      check.deepEqual(await order(id), ['full', 3, 1], 'a return of a return is delivered');
      const third = await api.create('stock.return.picking', { picking_id: made.res_id });
      await api.get('stock.return.picking.line', 'write', {
        ids: (await offered(third)).map((row) => Number(row.id)),
        args: { vals: { quantity: 1, to_refund: false } },
      });
      check.equal(await world.validate(Number((await make(third)).res_id)), true);
      check.deepEqual(await order(id), ['full', 4, 1], 'unless it is not for refund');
    });

    it('offers nothing of a transfer that is not done and belongs to no order', async () => {
      const { api, plain } = world;
      const [type] = await api.searchRead('stock.picking.type', [['code', '=', 'incoming']], ['name'], {
        limit: 1,
        order: 'id',
      });
      const receipt = await api.create('stock.picking', {
        picking_type_id: Number(type?.id),
        move_ids: [[0, 0, { product_id: plain, product_uom_qty: 1 }]],
      });
      const { fault } = await api.call('stock.return.picking', 'create', {
        args: { vals_list: [{ picking_id: receipt }] },
      });
      check.equal(fault?.message, 'You may only return Done pickings.');
      check.equal(await api.get('stock.picking', 'unlink', { ids: [receipt] }), true);
    });
  });
}
