import { type Api, type Bench, idOf, loadOrder, TRANSPORTS } from './odoo-server';

const LEVELS = ['qty_available', 'free_qty', 'incoming_qty', 'outgoing_qty', 'virtual_available'];
const COUNTING = { inventory_mode: true };

/** What is on hand, promised and free, how a count changes it, and what an order's delivery reserves. */
export function describeStock(bench: Bench): void {
  const { check } = bench;

  for (const transport of TRANSPORTS) {
    describe(`stock over ${transport}`, () => {
      const api = () => bench.api(transport);
      let product = 0;

      before(async () => {
        const code = `${bench.fixtures().prefix}-${bench.key().slice(-6)}`;
        product = await api().create('product.product', {
          name: code,
          default_code: code,
          type: 'consu',
          is_storable: true,
        });
      });

      after(async () => {
        await bench
          .api('JSON-2')
          .call('product.product', 'write', { ids: [product], args: { vals: { active: false } } });
      });

      const levels = async (context?: Record<string, unknown>) => {
        const row = await api().read('product.product', product, LEVELS, context);
        return LEVELS.map((field) => row[field]);
      };
      const quant = async () => {
        const [row] = await api().searchRead(
          'stock.quant',
          [
            ['product_id', '=', product],
            ['location_id', '=', bench.fixtures().stock],
          ],
          [
            'quantity',
            'reserved_quantity',
            'available_quantity',
            'inventory_quantity',
            'inventory_diff_quantity',
            'inventory_quantity_set',
          ],
        );
        return row;
      };
      const count = async (quantity: number, on: Api = api()) => {
        const vals = {
          product_id: product,
          location_id: bench.fixtures().stock,
          inventory_quantity: quantity,
        };
        return on.create('stock.quant', vals, COUNTING);
      };
      const order = (quantity: string, key = bench.key()) =>
        loadOrder(api(), [[key, String(bench.fixtures().partner), 'ST', String(product), quantity, '1', '']]);
      const movesOf = (id: number, fields: string[]) =>
        api().searchRead('stock.move', [['sale_line_id.order_id', '=', id]], fields, { order: 'id' });

      it('starts from nothing', async () => {
        check.deepEqual(await levels(), [0, 0, 0, 0, 0]);
        check.equal(await quant(), undefined);
      });

      it('changes on hand only when a count is applied', async () => {
        const id = await count(25);
        check.deepEqual(await levels(), [0, 0, 0, 0, 0]);
        const counted = await quant();
        check.equal(counted?.id, id);
        check.equal(counted?.inventory_quantity, 25);
        check.equal(counted?.inventory_diff_quantity, 25);
        check.equal(counted?.inventory_quantity_set, true);
        check.equal(await api().get('stock.quant', 'action_apply_inventory', { ids: [id] }), null);
        check.deepEqual(await levels(), [25, 25, 0, 0, 25]);
        const applied = await quant();
        check.equal(applied?.quantity, 25);
        check.equal(applied?.inventory_quantity_set, false);
        check.equal(await count(30), id, 'counting again finds the same quant');
        check.equal(
          await api().get('stock.quant', 'write', {
            ids: [id],
            args: { vals: { inventory_quantity: 22 } },
            context: COUNTING,
          }),
          true,
        );
        check.equal((await quant())?.inventory_diff_quantity, -3);
        await api().get('stock.quant', 'action_apply_inventory', { ids: [id] });
        check.deepEqual(await levels(), [22, 22, 0, 0, 22]);
        const all = await api().searchRead('stock.quant', [['product_id', '=', product]], ['quantity'], {
          order: 'id',
        });
        check.deepEqual(
          all.map((row) => row.quantity),
          [22, -22],
          'what was found came from the adjustment location',
        );
      });

      it('answers per warehouse and per location; nothing for a warehouse that is not there', async () => {
        const { warehouse, stock } = bench.fixtures();
        check.deepEqual(await levels({ warehouse_id: warehouse }), [22, 22, 0, 0, 22]);
        check.deepEqual(await levels({ location: stock }), [22, 22, 0, 0, 22]);
        const call = { ids: [product], args: { fields: LEVELS }, context: { warehouse_id: 99_999_999 } };
        check.deepEqual(await api().get('product.product', 'read', call), []);
      });

      it('promises stock to a confirmed order: free and outgoing change, on hand does not', async () => {
        const id = await order('4');
        check.deepEqual(await levels(), [22, 22, 0, 0, 22], 'a quotation promises nothing');
        await api().get('sale.order', 'action_confirm', { ids: [id] });
        check.deepEqual(await levels(), [22, 18, 0, 4, 18]);
        check.deepEqual(await levels({ warehouse_id: bench.fixtures().warehouse }), [22, 18, 0, 4, 18]);
        const reserved = await quant();
        check.equal(reserved?.reserved_quantity, 4);
        check.equal(reserved?.available_quantity, 18);
        const head = await api().read('sale.order', id, [
          'name',
          'picking_ids',
          'delivery_status',
          'delivery_count',
        ]);
        check.equal((head.picking_ids as number[]).length, 1);
        check.equal(head.delivery_status, 'pending');
        check.equal(head.delivery_count, 1);
        const picking = await api().read('stock.picking', (head.picking_ids as number[])[0] ?? 0, [
          'name',
          'state',
          'origin',
          'sale_id',
          'picking_type_code',
          'move_ids',
        ]);
        check.match(String(picking.name), /\/OUT\/\d{5,}$/);
        check.equal(picking.state, 'assigned');
        check.equal(picking.origin, head.name);
        check.deepEqual(picking.sale_id, [id, head.name]);
        check.equal(picking.picking_type_code, 'outgoing');
        const [move] = await movesOf(id, [
          'state',
          'product_uom_qty',
          'quantity',
          'reference',
          'origin',
          'picked',
        ]);
        check.deepEqual(picking.move_ids, [move?.id]);
        check.equal(move?.state, 'assigned');
        check.equal(move?.product_uom_qty, 4);
        check.equal(move?.quantity, 4);
        check.equal(move?.reference, picking.name);
        check.equal(move?.origin, head.name);
        check.equal(move?.picked, false);
        check.equal(await api().get('sale.order', 'action_cancel', { ids: [id] }), true);
        check.deepEqual(await levels(), [22, 22, 0, 0, 22]);
        const cancelled = await api().read('stock.picking', (head.picking_ids as number[])[0] ?? 0, [
          'state',
        ]);
        check.equal(cancelled.state, 'cancel');
        check.equal((await movesOf(id, ['state']))[0]?.state, 'cancel');
      });

      it('reserves what there is, and the rest when it comes', async () => {
        const first = await order('20');
        const second = await order('10');
        await api().get('sale.order', 'action_confirm', { ids: [first] });
        await api().get('sale.order', 'action_confirm', { ids: [second] });
        check.deepEqual(await levels(), [22, 0, 0, 30, -8]);
        const partly = (await movesOf(second, ['state', 'quantity']))[0];
        check.equal(partly?.state, 'partially_available');
        check.equal(partly?.quantity, 2);
        const id = await count(40);
        await api().get('stock.quant', 'action_apply_inventory', { ids: [id] });
        check.deepEqual(await levels(), [40, 10, 0, 30, 10]);
        check.equal((await movesOf(second, ['state']))[0]?.state, 'assigned');
        await count(5);
        await api().get('stock.quant', 'action_apply_inventory', { ids: [id] });
        check.deepEqual(await levels(), [5, 0, 0, 30, -25]);
        check.equal((await quant())?.reserved_quantity, 5);
        await api().get('sale.order', 'action_cancel', { ids: [first] });
        await api().get('sale.order', 'action_cancel', { ids: [second] });
        check.deepEqual(await levels(), [5, 5, 0, 0, 5]);
        await count(0);
        await api().get('stock.quant', 'action_apply_inventory', { ids: [id] });
        check.deepEqual(await levels(), [0, 0, 0, 0, 0]);
      });

      it('confirms an order for which there is nothing on hand', async () => {
        const id = await order('6');
        await api().get('sale.order', 'action_confirm', { ids: [id] });
        check.deepEqual(await levels(), [0, 0, 0, 6, -6]);
        const [move] = await movesOf(id, ['state', 'quantity']);
        check.equal(move?.state, 'confirmed');
        check.equal(move?.quantity, 0);
        const [picking] = await api().searchRead('stock.picking', [['sale_id', '=', id]], ['state']);
        check.equal(picking?.state, 'confirmed');
        check.equal((await api().read('sale.order', id, ['delivery_status'])).delivery_status, 'pending');
        await api().get('sale.order', 'action_cancel', { ids: [id] });
      });

      it('does not count services, nor at a location that only groups others', async () => {
        const { service, warehouse } = bench.fixtures();
        const on = { location_id: bench.fixtures().stock, inventory_quantity: 1 };
        const refused = await api().call('stock.quant', 'create', {
          args: { vals_list: [{ product_id: service, ...on }] },
          context: COUNTING,
        });
        check.equal(refused.fault?.name, 'odoo.exceptions.ValidationError');
        check.equal(refused.fault?.message, 'Quants cannot be created for consumables or services.');
        const view = await api().read('stock.warehouse', warehouse, ['view_location_id', 'code']);
        const vals = {
          product_id: product,
          location_id: idOf(view.view_location_id),
          inventory_quantity: 1,
        };
        const grouped = await api().call('stock.quant', 'create', {
          args: { vals_list: [vals] },
          context: COUNTING,
        });
        check.match(
          grouped.fault?.message ?? '',
          /^You cannot take products from or deliver products to a location of type "view"/,
        );
        const missing = await api().call('stock.quant', 'action_apply_inventory', { ids: [99_999_999] });
        check.equal(missing.fault?.name, 'odoo.exceptions.MissingError');
      });
    });
  }
}
