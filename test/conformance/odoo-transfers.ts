import { type Bench, nameOf } from './odoo-server';
import { COUNTING, makeStockWorld, type StockWorld, table } from './stock-world';

const SKIP = { skip_backorder: true };

/** What a delivery reserves, how it is done in part, packed and numbered, and what becomes of the rest. */
export function describeTransfers(bench: Bench): void {
  const { check } = bench;

  describe('transfers', () => {
    let world: StockWorld;
    before(async () => {
      world = await makeStockWorld(bench, bench.api('JSON-2'));
    });
    after(() => world?.hide());

    const head = (picking: number, ...fields: string[]) => world.api.read('stock.picking', picking, fields);
    const status = async (order: number) => {
      const { delivery_status, picking_ids } = await world.api.read('sale.order', order, [
        'delivery_status',
        'picking_ids',
      ]);
      return { delivery_status, pickings: [...(picking_ids as number[])].sort((a, b) => a - b) };
    };
    const delivered = async (order: number) => {
      const fields = ['qty_delivered', 'qty_to_deliver'];
      const rows = await world.api.searchRead('sale.order.line', [['order_id', '=', order]], fields, {
        order: 'id',
      });
      return table(rows, 'qty_delivered', 'qty_to_deliver');
    };

    it('ships a part with a lot, a package and a tracking number, and leaves the rest to a backorder', async () => {
      const { api, plain, byLot, bySerial, lots, serials, prefix } = world;
      const { id, picking } = await world.order([byLot, 8], [bySerial, 2], [plain, 4]);
      const reserved = await world.lines(picking, ['lot_id', 'quantity', 'picked', 'state']);
      check.deepEqual(
        reserved.map((row) => [
          Array.isArray(row.lot_id) && row.lot_id[0],
          row.quantity,
          row.picked,
          row.state,
        ]),
        [
          [lots[0], 5, false, 'assigned'],
          [lots[1], 3, false, 'assigned'],
          [serials[0], 1, false, 'assigned'],
          [serials[1], 1, false, 'assigned'],
          [false, 4, false, 'assigned'],
        ],
      );
      const first = await head(picking, 'state', 'weight', 'shipping_weight', 'has_tracking', 'move_type');
      check.deepEqual(
        [first.state, first.weight, first.shipping_weight, first.has_tracking, first.move_type],
        ['assigned', 20, 20, true, 'direct'],
      );
      const [lotLine] = reserved;
      await api.get('stock.move.line', 'write', {
        ids: [Number(lotLine?.id)],
        args: { vals: { quantity: 2, picked: true } },
      });
      const [lotMove, , plainMove] = await world.moves(picking, ['state', 'quantity', 'picked', 'lot_ids']);
      check.deepEqual([lotMove?.state, lotMove?.quantity, lotMove?.picked], ['partially_available', 5, true]);
      check.deepEqual(lotMove?.lot_ids, [...lots]);
      check.deepEqual((await world.quants(byLot))[0], ['WH/Stock', '1', '', 5, 2]);
      const asked = (await world.validate(picking)) as Record<string, unknown>;
      check.deepEqual(
        [asked.res_model, asked.name, asked.type, asked.target],
        ['stock.backorder.confirmation', 'Create Backorder?', 'ir.actions.act_window', 'new'],
      );
      check.deepEqual(asked.context, {
        skip_sms: true,
        button_validate_picking_ids: [picking],
        default_show_transfers: false,
        default_pick_ids: [[4, picking]],
      });
      check.equal((await head(picking, 'state')).state, 'assigned', 'a question changes nothing');
      await api.get('stock.move', 'write', {
        ids: [Number(plainMove?.id)],
        args: { vals: { quantity: 1, picked: true } },
      });
      const [carrier] = await api.searchRead('delivery.carrier', [], ['name'], { limit: 1, order: 'id' });
      const vals = { carrier_id: Number(carrier?.id), carrier_tracking_ref: 'TR-1', note: 'x' };
      check.equal(await api.get('stock.picking', 'write', { ids: [picking], args: { vals } }), true);
      const dialog = (await api.get('stock.picking', 'action_put_in_pack', { ids: [picking] })) as {
        res_model?: unknown;
      };
      check.equal(dialog.res_model, 'stock.put.in.pack', 'with a carrier, packing asks into what');
      const sscc = `${prefix}-SSCC`;
      const [pack] = await api.get<number[]>('stock.picking', 'action_put_in_pack', {
        ids: [picking],
        args: { package_name: sscc },
      });
      check.equal((await head(picking, 'shipping_weight')).shipping_weight, 4.5, 'packed goods do not count');
      check.equal(await world.validate(picking, SKIP), true);

      const { delivery_status, pickings } = await status(id);
      check.equal(delivery_status, 'partial');
      check.equal(pickings.length, 2);
      check.deepEqual(await delivered(id), [
        [2, 6],
        [0, 2],
        [1, 3],
      ]);
      const rest = pickings[1] ?? 0;
      const done = await head(picking, 'state', 'weight', 'packages_count', 'backorder_ids', 'date_done');
      check.deepEqual([done.state, done.weight, done.packages_count], ['done', 5, 1]);
      check.deepEqual(done.backorder_ids, [rest]);
      check.match(String(done.date_done), /^\d{4}-/);
      const backorder = await head(
        rest,
        ...[
          'state',
          'backorder_id',
          'origin',
          'carrier_id',
          'carrier_tracking_ref',
          'note',
          'sale_id',
          'weight',
        ],
      );
      check.deepEqual(
        [backorder.state, backorder.carrier_tracking_ref, backorder.note, backorder.weight],
        ['assigned', false, '<p>x</p>', 15],
      );
      check.equal(nameOf(backorder.carrier_id), carrier?.name);
      check.equal(nameOf(backorder.backorder_id), (await head(picking, 'name')).name);
      check.equal(nameOf(backorder.sale_id), backorder.origin);
      const packed = await world.lines(picking, ['result_package_id', 'state', 'quantity', 'picked']);
      check.deepEqual(
        packed.map((row) => [nameOf(row.result_package_id), row.state, row.quantity, row.picked]),
        [
          [sscc, 'done', 2, true],
          [sscc, 'done', 1, true],
        ],
      );
      const box = await api.read('stock.package', pack ?? 0, ['location_id', 'quant_ids', 'weight']);
      check.deepEqual(
        [nameOf(box.location_id), (box.quant_ids as number[]).length, box.weight],
        ['Customers', 2, 5],
      );
      check.deepEqual(await world.quants(byLot), [
        ['Customers', '1', 'SSCC', 2, 0],
        ['WH/Stock', '1', '', 3, 3],
        ['WH/Stock', '2', '', 7, 3],
      ]);
      check.equal(await world.validate(picking), true, 'what is done stays done');

      check.equal(await api.get('stock.picking', 'do_unreserve', { ids: [rest] }), null);
      check.deepEqual(table(await world.moves(rest, ['state', 'quantity']), 'state', 'quantity'), [
        ['confirmed', 0],
        ['confirmed', 0],
        ['confirmed', 0],
      ]);
      check.match(
        await world.refusal('stock.picking', 'button_validate', [rest]),
        /^Transfer trouble alert! Validating a zero quantity transfer\?/,
      );
      check.equal(await api.get('stock.picking', 'action_assign', { ids: [rest] }), true);
      const again = await world.lines(rest, ['quantity']);
      await api.get('stock.move.line', 'write', {
        ids: [Number(again[0]?.id)],
        args: { vals: { picked: true } },
      });
      const without = { ...SKIP, picking_ids_not_to_backorder: [rest] };
      check.equal(await world.validate(rest, without), true);
      check.deepEqual(table(await world.moves(rest, ['state', 'product_uom_qty']), 'state'), [
        ['done'],
        ['cancel'],
        ['cancel'],
      ]);
      check.deepEqual(await status(id), { delivery_status: 'full', pickings });
      check.equal(
        await world.refusal('stock.picking', 'action_assign', [rest]),
        'Nothing to check the availability for.',
      );
      check.match(
        await world.refusal('stock.picking', 'action_cancel', [rest]),
        /^You cannot cancel a stock move that has been set to 'Done'\. Create a return/,
      );
      check.equal(
        await world.refusal('stock.move.line', 'unlink', [Number(packed[0]?.id)]),
        "Deleting product moves after the transfer is done?\n\nThat would be like going back in time to revert all operations triggered after this move. Who knows what the end result would be, So let's not do it.\n\nTry changing the “done” quantity to 0 instead.",
      );
    });

    it('refuses serial numbers that are missing, used twice or of other goods', async () => {
      const { api, byLot, bySerial, lots, prefix } = world;
      // Serial numbers that never left: one that left and is counted in again could not leave twice.
      const vals_list = ['s3', 's4'].map((name) => ({ name: `${prefix}-${name}`, product_id: bySerial }));
      const serials = await api.get<number[]>('stock.lot', 'create', { args: { vals_list } });
      const old = await api.searchRead(
        'stock.quant',
        [
          ['product_id', '=', bySerial],
          ['location_id', '=', world.place],
        ],
        ['id'],
      );
      const counts = old.map((row) => Number(row.id));
      await api.get('stock.quant', 'write', {
        ids: counts,
        args: { vals: { inventory_quantity: 0 } },
        context: COUNTING,
      });
      for (const lot_id of serials) counts.push(await world.count(bySerial, 1, { lot_id }));
      await api.get('stock.quant', 'action_apply_inventory', { ids: counts });
      const { id, picking } = await world.order([bySerial, 3]);
      const [move] = await world.moves(picking, ['state', 'quantity']);
      check.deepEqual([move?.state, move?.quantity], ['partially_available', 2]);
      const line = await api.create('stock.move.line', {
        ...{ move_id: Number(move?.id), picking_id: picking, product_id: bySerial, quantity: 1 },
      });
      check.match(
        await world.refusal('stock.picking', 'button_validate', [picking]),
        /^You need to supply a Lot\/Serial Number for product:\n- \[.*-S\]/,
      );
      const write = (vals: Record<string, unknown>) =>
        world.refusal('stock.move.line', 'write', [line], { vals });
      check.match(
        await write({ lot_id: lots[0] }),
        /^The Lot\/Serial number \(.*-1\) is linked to another product\.$/,
      );
      check.equal(await write({ quantity: -1 }), 'Reserving a negative quantity is not allowed.');
      check.equal(await write({ lot_id: serials[0] }), 'no refusal', 'reserving takes any number');
      check.match(
        await world.refusal('stock.picking', 'button_validate', [picking]),
        /^The serial number has already been assigned: \n Product: \[.*-S\] .*, Serial Number: .*-s3$/,
      );
      check.equal((await head(picking, 'state')).state, 'assigned');
      await api.get('stock.move.line', 'unlink', { ids: [line] });
      check.equal(await world.validate(picking, SKIP), true);
      check.deepEqual(await delivered(id), [[2, 1]]);
      const twice = { vals_list: [{ name: `${world.prefix}-1`, product_id: byLot }] };
      const { fault } = await api.call('stock.lot', 'create', { args: twice });
      check.match(
        fault?.message ?? '',
        /^The combination of lot\/serial number and product must be unique within a company including when no company is defined\.\nThe following combinations contain duplicates:\n - Product: \[.*-L\] .*, Lot\/Serial Number: .*-1$/,
      );
      check.match(
        await world.refusal('stock.lot', 'unlink', [lots[0]]),
        /^The operation cannot be completed: Another model is using the record you are trying to delete\./,
      );
    });

    it('takes reserved goods from others when a transfer is forced', async () => {
      const { api, plain } = world;
      const id = await world.count(plain, 10);
      await api.get('stock.quant', 'action_apply_inventory', { ids: [id] });
      const patient = await world.order([plain, 8]);
      const pushy = await world.order([plain, 5]);
      const [move] = await world.moves(pushy.picking, ['quantity']);
      check.equal(move?.quantity, 2);
      const vals = { quantity: 5, picked: true };
      await api.get('stock.move', 'write', { ids: [Number(move?.id)], args: { vals } });
      check.equal(await world.validate(pushy.picking), true);
      const [waits] = await world.moves(patient.picking, ['state', 'quantity']);
      check.deepEqual([waits?.state, waits?.quantity], ['partially_available', 5]);
      check.deepEqual((await world.quants(plain)).at(-1), ['WH/Stock', '', '', 5, 5]);
      check.equal(await api.get('stock.picking', 'action_cancel', { ids: [patient.picking] }), true);
      check.deepEqual(await status(patient.id), { delivery_status: false, pickings: [patient.picking] });
      check.equal(
        await world.refusal('stock.move', 'write', [Number(waits?.id)], { vals: { quantity: 1 } }),
        'You cannot change a cancelled stock move, create a new line instead.',
      );
    });

    it('receives goods with typed numbers, and gives them to who waits', async () => {
      const { api, plain, byLot, bySerial, prefix } = world;
      await api.get('stock.quant', 'action_apply_inventory', { ids: [await world.count(plain, 0)] });
      const waiting = await world.order([plain, 3]);
      check.equal((await head(waiting.picking, 'state')).state, 'confirmed');
      const [type] = await api.searchRead('stock.picking.type', [['code', '=', 'incoming']], ['name'], {
        limit: 1,
        order: 'id',
      });
      const wanted = [
        [byLot, 5],
        [bySerial, 2],
        [plain, 3],
      ] as const;
      const receipt = await api.create('stock.picking', {
        picking_type_id: Number(type?.id),
        move_ids: wanted.map(([product_id, product_uom_qty]) => [0, 0, { product_id, product_uom_qty }]),
      });
      check.equal((await head(receipt, 'state')).state, 'draft');
      check.equal(await api.get('stock.picking', 'action_confirm', { ids: [receipt] }), true);
      check.equal((await head(receipt, 'state')).state, 'assigned');
      const { incoming_qty, virtual_available } = await api.read('product.product', plain, [
        'incoming_qty',
        'virtual_available',
      ]);
      check.deepEqual([incoming_qty, virtual_available], [3, 0]);
      const lines = await world.lines(receipt, ['product_id', 'quantity']);
      check.deepEqual(table(lines, 'quantity'), [[5], [1], [1], [3]]);
      const name = (at: number, lot: string) =>
        api.get('stock.move.line', 'write', {
          ids: [Number(lines[at]?.id)],
          args: { vals: { lot_name: `${prefix}-${lot}` } },
        });
      await name(0, '9');
      await name(1, 's9');
      await name(2, 's9');
      check.match(
        await world.refusal('stock.picking', 'button_validate', [receipt]),
        /^The combination of lot\/serial number and product must be unique/,
      );
      await name(2, 's8');
      check.equal(await world.validate(receipt), true);
      const [lot] = await api.searchRead(
        'stock.lot',
        [['name', '=', `${prefix}-9`]],
        ['product_qty', 'location_id'],
      );
      check.deepEqual([lot?.product_qty, nameOf(lot?.location_id)], [5, 'WH/Stock']);
      const [served] = await world.moves(waiting.picking, ['state', 'quantity']);
      check.deepEqual([served?.state, served?.quantity], ['assigned', 3]);
      check.equal(await api.get('stock.picking', 'action_cancel', { ids: [waiting.picking] }), true);
    });

    it('asks about the rest in a dialog, which does it', async () => {
      const { api, byLot, plain } = world;
      await api.get('stock.quant', 'action_apply_inventory', { ids: [await world.count(plain, 6)] });
      const { id, picking } = await world.order([plain, 6]);
      const part = async (of: number, quantity: number) => {
        const [move] = await world.moves(of, ['id']);
        await api.get('stock.move', 'write', { ids: [Number(move?.id)], args: { vals: { quantity } } });
        const { context } = (await world.validate(of)) as { context: Record<string, unknown> };
        const wizard = await api.create('stock.backorder.confirmation', {}, context);
        return { ids: [wizard], context };
      };
      check.equal(await api.get('stock.backorder.confirmation', 'process', await part(picking, 4)), true);
      const [, rest = 0] = (await status(id)).pickings;
      check.deepEqual(
        table(await world.moves(rest, ['product_uom_qty', 'state']), 'product_uom_qty', 'state'),
        [[2, 'assigned']],
      );
      const last = await part(rest, 1);
      check.equal(await api.get('stock.backorder.confirmation', 'process_cancel_backorder', last), true);
      check.equal((await status(id)).delivery_status, 'full');
      check.deepEqual(await delivered(id), [[5, 1]]);
      // Goods that were not ordered join the order when they leave with it.
      const other = await world.order([byLot, 1]);
      await api.create('stock.move.line', {
        ...{ picking_id: other.picking, product_id: plain, quantity: 1, picked: true },
      });
      await api.get('stock.move.line', 'write', {
        ids: (await world.lines(other.picking, ['id'])).map((row) => Number(row.id)),
        args: { vals: { picked: true } },
      });
      check.equal(await world.validate(other.picking, SKIP), true);
      check.deepEqual(await delivered(other.id), [
        [1, 0],
        [1, -1],
      ]);
    });
  });
}
