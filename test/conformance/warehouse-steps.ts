/** Shipping from a warehouse that picks, packs and ships in steps of its own. */
import assert from 'node:assert/strict';
import type { CanonicalOrder } from '../../core/canonical';
import { crashingAt } from './crashing-client';
import { codeOf, leftWarehouse, withFulfilment } from './fulfilment';
import { createOne, makeOrder, type OdooUnderTest } from './sales-fixture';
import { makeShipment } from './shipping-fixture';

export function describeWarehouseSteps(
  name: string,
  getServer: () => Promise<OdooUnderTest | undefined>,
): void {
  describe(`shipping in steps on ${name}`, function () {
    this.timeout(120_000);
    withFulfilment(getServer, {}, (bench) => {
      let warehouse = 0;
      let view = 0;

      before(async () => {
        const { admin, fixture } = bench();
        warehouse = await createOne(admin, 'stock.warehouse', {
          name: `Fixture ${fixture.prefix}`,
          code: fixture.prefix.slice(-5),
          delivery_steps: 'pick_pack_ship',
        });
        bench().atEnd(closeWarehouse);
        const [row] = await admin.call<
          readonly { lot_stock_id: [number, string]; view_location_id: [number, string] }[]
        >('stock.warehouse', 'read', {
          ids: [warehouse],
          args: { fields: ['lot_stock_id', 'view_location_id'] },
        });
        view = row?.view_location_id[0] ?? 0;
        const quants = await admin.call<number[]>('stock.quant', 'create', {
          args: {
            vals_list: [
              {
                product_id: fixture.products.plain,
                location_id: row?.lot_stock_id[0],
                inventory_quantity: 20,
              },
            ],
          },
          context: { inventory_mode: true },
        });
        await admin.call('stock.quant', 'action_apply_inventory', { ids: quants });
      });

      async function closeWarehouse(): Promise<void> {
        const { admin } = bench();
        const open = await admin.call<number[]>('stock.picking', 'search', {
          args: {
            domain: [
              ['picking_type_id.warehouse_id', '=', warehouse],
              ['state', 'not in', ['done', 'cancel']],
            ],
          },
        });
        if (open.length > 0) await admin.call('stock.picking', 'action_cancel', { ids: open });
        const quants = await admin.call<number[]>('stock.quant', 'search', {
          args: { domain: [['location_id', 'child_of', view]] },
        });
        if (quants.length > 0) {
          const context = { inventory_mode: true };
          await admin.call('stock.quant', 'write', {
            ids: quants,
            args: { vals: { inventory_quantity: 0 } },
            context,
          });
          await admin.call('stock.quant', 'action_apply_inventory', { ids: quants });
        }
        await admin.call('stock.warehouse', 'write', { ids: [warehouse], args: { vals: { active: false } } });
      }

      async function orderOf(quantity: number): Promise<{ order: CanonicalOrder; id: number }> {
        const { client, admin, fixture } = bench();
        const externalId = bench().shipmentId();
        const order = makeOrder(fixture, externalId, [{ sku: fixture.plain, quantity: String(quantity) }]);
        const id = await createOne(admin, 'sale.order', {
          partner_id: fixture.customerId,
          warehouse_id: warehouse,
          origin: order.id,
          order_line: [[0, 0, { product_id: fixture.products.plain, product_uom_qty: quantity }]],
        });
        await client.call('sale.order', 'action_confirm', { ids: [id] });
        return { order, id };
      }

      it('says which step must be done first', async () => {
        const { fixture } = bench();
        const { order } = await orderOf(3);
        const shipment = makeShipment(order, bench().shipmentId(), [{ sku: fixture.plain, quantity: '3' }]);
        await assert.rejects(
          bench().fulfilment().ship(shipment),
          (error) => codeOf(error) === 'SHIPMENT_NOT_PICKED' && /PICK/.test(String(error)),
        );
        const status = await bench()
          .fulfilment()
          .status({ ref: { id: order.id } });
        assert.equal(status.fulfilment, 'allocated');
      });

      it('does the steps with the shipment where it may, once, wherever the process dies', async () => {
        const { fixture, client, admin } = bench();
        const { order, id } = await orderOf(5);
        const shipment = makeShipment(order, bench().shipmentId(), [
          { sku: fixture.plain, quantity: '3', in: `${fixture.prefix}-steps` },
        ]);
        const options = { earlierSteps: 'validate' } as const;
        // Every third place, since each takes a delivery through all steps.
        for (let call = 1; ; call += 3) {
          try {
            await bench()
              .fulfilment(options, crashingAt(client, call, 'reply'))
              .ship(shipment);
            break;
          } catch (error) {
            assert.equal(codeOf(error), 'TEST_CRASH', String(error));
          }
        }
        const result = await bench().fulfilment(options).ship(shipment);
        assert.equal(result.applied, false);
        assert.equal(result.pickings.length, 1);
        assert.deepEqual(await leftWarehouse(admin, id), { [fixture.products.plain]: 3 });
        assert.equal(result.orders[0]?.fulfilment, 'partiallyShipped');
        assert.equal(result.shipments[0]?.packages[0]?.packageId, `${fixture.prefix}-steps`);
        const rest = makeShipment(order, bench().shipmentId(), [{ sku: fixture.plain, quantity: '2' }]);
        const second = await bench().fulfilment(options).ship(rest);
        assert.equal(second.orders[0]?.fulfilment, 'shipped');
        assert.deepEqual(await leftWarehouse(admin, id), { [fixture.products.plain]: 5 });
      });

      it('divides a shipment over the deliveries of an order, once, wherever the process dies', async () => {
        const { fixture, client, admin } = bench();
        const of = await bench().order([{ sku: fixture.plain, quantity: '5' }]);
        const pickings = () =>
          admin.call<readonly { id: number; state: string; move_line_ids: number[] }[]>(
            'stock.picking',
            'search_read',
            {
              args: {
                domain: [['sale_id', '=', of.placed.odooId]],
                fields: ['state', 'move_line_ids'],
                order: 'id',
              },
            },
          );
        const [whole] = await pickings();
        await admin.call('stock.move.line', 'write', {
          ids: whole?.move_line_ids ?? [],
          args: { vals: { quantity: 2 } },
        });
        await admin.call('stock.picking', 'action_split_transfer', { ids: [whole?.id ?? 0] });
        assert.equal((await pickings()).length, 2);
        const shipment = makeShipment(of.order, bench().shipmentId(), [
          { sku: fixture.plain, quantity: '4' },
        ]);
        for (let call = 8; ; call += 4) {
          try {
            await bench()
              .fulfilment({}, crashingAt(client, call, 'reply'))
              .ship(shipment);
            break;
          } catch (error) {
            assert.equal(codeOf(error), 'TEST_CRASH', String(error));
          }
        }
        const { pickings: into } = await bench().fulfilment().ship(shipment);
        assert.equal(into.length, 2);
        assert.deepEqual(await leftWarehouse(admin, of.placed.odooId), { [fixture.products.plain]: 4 });
        assert.deepEqual(
          (await pickings()).map(({ state }) => state),
          ['done', 'done', 'assigned'],
        );
      });
    });
  });
}
