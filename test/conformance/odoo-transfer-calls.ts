import { Api, type Bench, nameOf } from './odoo-server';
import { makeStockWorld, type StockWorld, table } from './stock-world';

const SKIP = { skip_backorder: true };

/** How transfers are written: in one import, over the other transport, and what else it changes. */
export function describeTransferCalls(bench: Bench): void {
  const { check } = bench;

  describe('calls that move goods', () => {
    let world: StockWorld;
    before(async () => {
      world = await makeStockWorld(bench, bench.api('JSON-2'));
    });
    after(() => world?.hide());

    const head = (picking: number, ...fields: string[]) => world.api.read('stock.picking', picking, fields);
    const delivered = async (order: number) => {
      const fields = ['qty_delivered', 'qty_to_deliver'];
      const rows = await world.api.searchRead('sale.order.line', [['order_id', '=', order]], fields);
      return table(rows, 'qty_delivered', 'qty_to_deliver');
    };

    it('counts as a change of everything that follows from it', async function () {
      const server = bench.server();
      if (server.clerk === undefined) return this.skip();
      const clerk = new Api({ ...server, ...server.clerk }, 'JSON-2');
      const { api, byLot } = world;
      const { id, picking } = await world.order([byLot, 1]);
      const lines = (await api.read('sale.order', id, ['order_line'])).order_line as number[];
      const moves = (await world.moves(picking, ['id'])).map((row) => Number(row.id));
      const writers = async () => {
        const who = async (model: string, of: number) =>
          nameOf((await api.read(model, of, ['write_uid'])).write_uid);
        return [
          await who('sale.order', id),
          await who('sale.order.line', lines[0] ?? 0),
          await who('stock.picking', picking),
          await who('stock.move', moves[0] ?? 0),
          await who('stock.move.line', Number((await world.lines(picking, ['id']))[0]?.id)),
        ];
      };
      check.equal(new Set(await writers()).size, 1);
      check.equal(await clerk.get('stock.picking', 'button_validate', { ids: [picking] }), true);
      const [order, line, ...others] = await writers();
      check.deepEqual(new Set([order, line, ...others]).size, 1);
      check.match(String(order), /clerk/i);
      const head = await api.read('sale.order', id, ['effective_date']);
      check.equal(head.effective_date, (await api.read('stock.picking', picking, ['date_done'])).date_done);
    });

    it('imports what was shipped in one call: by database id, each line under its own key', async () => {
      const { api, byLot, lots } = world;
      const { id, picking } = await world.order([byLot, 3]);
      const [move] = await world.moves(picking, ['product_uom']);
      const unit = Array.isArray(move?.product_uom) ? move.product_uom[0] : 0;
      const key = bench.key();
      const fields = ['.id', 'carrier_tracking_ref', 'move_ids/.id', 'move_ids/product_uom/.id'];
      const inner = [
        'id',
        'picking_id/.id',
        'product_id/.id',
        'product_uom_id/.id',
        'quantity',
        'picked',
        'lot_id/.id',
      ];
      const row = (...cells: unknown[]) => cells.map(String);
      const data = [
        row(picking, 'TR-9', move?.id, unit, `${key}-1`, picking, byLot, unit, 1, 1, lots[0]),
        row('', '', '', '', `${key}-2`, picking, byLot, unit, 1, 1, lots[1]),
      ];
      const columns = [...fields, ...inner.map((name) => `move_ids/move_line_ids/${name}`)];
      const load = () =>
        api.get<{ ids: unknown; messages: { message: string }[] }>('stock.picking', 'load', {
          args: { fields: columns, data },
          context: {
            module: 'crossdock_conformance',
            mode: 'update',
            noupdate: true,
            tracking_disable: true,
          },
        });
      const first = await load();
      check.deepEqual([first.ids, first.messages], [[picking], []]);
      const picked = () => world.lines(picking, ['lot_id', 'quantity', 'picked']);
      const lines = (await picked()).filter((line) => line.picked);
      check.deepEqual(table(lines, 'quantity'), [[1], [1]]);
      check.deepEqual((await load()).ids, [picking], 'the same again finds its lines');
      check.equal((await picked()).filter((line) => line.picked).length, 2);
      const meta = await api.get<{ xmlid: string }[]>('stock.move.line', 'get_metadata', {
        ids: lines.map((line) => Number(line.id)),
      });
      check.deepEqual(
        meta.map(({ xmlid }) => xmlid),
        [`crossdock_conformance.${key}-1`, `crossdock_conformance.${key}-2`],
      );
      check.equal((await head(picking, 'carrier_tracking_ref')).carrier_tracking_ref, 'TR-9');
      check.equal(await world.validate(picking, SKIP), true);
      check.deepEqual(await delivered(id), [[2, 1]]);
      const late = await load();
      check.deepEqual(
        [late.ids, late.messages.map(({ message }) => message)],
        [false, ["You cannot change the UoM for a stock move that has been set to 'Done'."]],
      );
    });

    it('knows kinds of package by the code of a carrier, and a package outlives its kind', async () => {
      const { api, prefix } = world;
      const fields = ['name', 'barcode', 'shipper_package_code', 'package_carrier_type', 'package_use'];
      const facts = await api.get<Record<string, unknown>>('stock.package.type', 'fields_get', {
        args: {
          allfields: ['barcode', 'shipper_package_code', 'no_such_field'],
          attributes: ['type', 'string'],
        },
      });
      check.deepEqual(facts, {
        barcode: { type: 'char', string: 'Barcode' },
        shipper_package_code: { type: 'char', string: 'Carrier Code' },
      });
      const plain = await api.create('stock.package.type', { name: `${prefix} Box` });
      const coded = await api.create('stock.package.type', {
        ...{ name: `${prefix} Carton`, barcode: `${prefix}-CT`, shipper_package_code: `${prefix}-4G` },
        ...{ sequence: 2, package_use: 'reusable' },
      });
      const kinds = await api.searchRead('stock.package.type', [['id', 'in', [coded, plain]]], fields, {
        order: 'sequence, id',
      });
      check.deepEqual(kinds, [
        {
          ...{ id: plain, name: `${prefix} Box`, barcode: false, shipper_package_code: false },
          ...{ package_carrier_type: 'none', package_use: 'disposable' },
        },
        {
          ...{ id: coded, name: `${prefix} Carton`, barcode: `${prefix}-CT` },
          ...{ shipper_package_code: `${prefix}-4G`, package_carrier_type: 'none', package_use: 'reusable' },
        },
      ]);
      const byCode = [['shipper_package_code', '=', `${prefix}-4G`]];
      check.deepEqual(await api.searchRead('stock.package.type', byCode, ['id']), [{ id: coded }]);
      const pack = await api.create('stock.package', { name: `${prefix}-P`, package_type_id: coded });
      const kindOf = async () => (await api.read('stock.package', pack, ['package_type_id'])).package_type_id;
      check.deepEqual(await kindOf(), [coded, `${prefix} Carton`]);
      check.equal(await api.get('stock.package.type', 'unlink', { ids: [plain, coded] }), true);
      check.equal(await kindOf(), false);
      check.equal(await api.get('stock.package', 'unlink', { ids: [pack] }), true);
    });

    it('answers the same over JSON-RPC', async () => {
      const rpc = bench.api('JSON-RPC');
      const { picking } = await world.order([world.byLot, 2]);
      check.equal(await rpc.get('stock.picking', 'do_unreserve', { ids: [picking] }), null);
      check.equal(await rpc.get('stock.picking', 'action_assign', { ids: [picking] }), true);
      const [line] = await world.lines(picking, ['id']);
      const ids = [Number(line?.id)];
      const vals = { quantity: 1, picked: true };
      check.equal(await rpc.get('stock.move.line', 'write', { ids, args: { vals } }), true);
      const asked = await rpc.get<{ res_model: string }>('stock.picking', 'button_validate', {
        ids: [picking],
      });
      check.equal(asked.res_model, 'stock.backorder.confirmation');
      check.equal(await rpc.get('stock.picking', 'button_validate', { ids: [picking], context: SKIP }), true);
    });
  });
}
