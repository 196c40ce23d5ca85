/** What the tests of invoicing need in an Odoo: taxed orders of one customer, shipped and taken back. */
import type { CanonicalOrder } from '../../core/canonical/order';
import type { OdooClient } from '../../core/odoo';
import { createOne, createSalesFixture, type LineSpec, makeOrder, type SalesFixture } from './sales-fixture';

export interface InvoicingFixture {
  readonly sales: SalesFixture;
  /** Percent of the tax that is not in the price, and one that is. */
  readonly rate: string;
  readonly includedRate: string;
  readonly taxIds: readonly [plain: number, included: number];
  /** Places a confirmed order; `user` is whose key is used. */
  order(externalId: string, specs?: readonly LineSpec[], changes?: OrderChanges): Promise<PlacedFixture>;
  /** Orders of five pieces at 10.50 that were shipped whole, made in as few calls as possible. */
  shippedOrders(count: number, next: () => string): Promise<(PlacedFixture & { readonly picking: number })[]>;
  /** Ships quantities by SKU out of the order's open delivery; what is left becomes a backorder. */
  ship(orderId: number, quantities: Readonly<Record<string, number>>): Promise<number>;
  /** Takes quantities back that the picking delivered. */
  takeBack(pickingId: number, quantities: Readonly<Record<string, number>>): Promise<number>;
}

export interface OrderChanges {
  /** Odoo's prices, where they are to differ from the canonical order's. */
  readonly prices?: Readonly<Record<string, number>>;
  readonly discount?: number;
  readonly included?: boolean;
  readonly as?: OdooClient;
  readonly confirm?: boolean;
}

export interface PlacedFixture {
  readonly odooId: number;
  readonly name: string;
  readonly order: CanonicalOrder;
}

/** A rate that no other suite uses, so that a look-up by rate finds this fixture's own tax. */
const RATE = '19.37';
const INCLUDED_RATE = '7.13';

export async function createInvoicingFixture(client: OdooClient): Promise<InvoicingFixture> {
  const sales = await createSalesFixture(client);
  const productOf = new Map<string, number>();
  [...sales.skus, sales.chargeSku, sales.discountSku].forEach((sku, index) => {
    productOf.set(sku, sales.productIds[index] ?? 0);
  });
  const goods = [sales.productIds[0], sales.productIds[1]] as const;
  await client.call('product.product', 'write', {
    ids: goods.map(Number),
    args: { vals: { invoice_policy: 'delivery' } },
  });
  for (const product of goods) await stockUp(client, Number(product), 1_000);
  const tax = (name: string, amount: string, more: object = {}) =>
    createOne(client, 'account.tax', {
      ...{
        name: `${sales.prefix} ${name}`,
        amount: Number(amount),
        amount_type: 'percent',
        type_tax_use: 'sale',
      },
      ...more,
    });
  const plain = await tax('plain', RATE);
  const included = await tax('included', INCLUDED_RATE, { price_include_override: 'tax_included' });

  return {
    sales,
    rate: RATE,
    includedRate: INCLUDED_RATE,
    taxIds: [plain, included],
    async order(externalId, specs = [{ sku: sales.skus[0], quantity: '5' }], changes = {}) {
      const rate = changes.included ? INCLUDED_RATE : RATE;
      const order = makeOrder(
        sales,
        externalId,
        specs.map((spec) => ({ rate, ...spec })),
      );
      const canonical = { ...order, pricesIncludeTax: changes.included === true };
      const as = changes.as ?? client;
      const odooId = await createOne(as, 'sale.order', {
        partner_id: sales.customerId,
        client_order_ref: order.orderNumber,
        origin: order.id,
        order_line: order.lines.map((line) => {
          const sku = line.item.identifiers[0]?.value ?? '';
          return [
            ...[0, 0],
            {
              product_id: productOf.get(sku),
              product_uom_qty: Number(line.quantity.current),
              price_unit: changes.prices?.[sku] ?? Number(line.unitPrice.amount),
              discount: changes.discount ?? 0,
              tax_ids: [[6, 0, [changes.included ? included : plain]]],
            },
          ];
        }),
      });
      if (changes.confirm !== false) await as.call('sale.order', 'action_confirm', { ids: [odooId] });
      const [row] = await client.call<readonly { name: string }[]>('sale.order', 'read', {
        ids: [odooId],
        args: { fields: ['name'] },
      });
      return { odooId, name: row?.name ?? '', order: canonical };
    },
    shippedOrders: (count, next) => shippedOrders(client, sales, plain, count, next),
    ship: (orderId, quantities) => ship(client, orderId, quantities, productOf),
    takeBack: (pickingId, quantities) => takeBack(client, pickingId, quantities, productOf),
  };
}

async function shippedOrders(
  client: OdooClient,
  sales: SalesFixture,
  tax: number,
  count: number,
  next: () => string,
): Promise<(PlacedFixture & { picking: number })[]> {
  const [sku] = sales.skus;
  const orders = Array.from({ length: count }, () =>
    makeOrder(sales, next(), [{ sku, quantity: '5', rate: RATE }]),
  );
  const ids = await client.call<readonly number[]>('sale.order', 'create', {
    args: {
      vals_list: orders.map((order) => ({
        ...{ partner_id: sales.customerId, client_order_ref: order.orderNumber, origin: order.id },
        order_line: [
          [
            0,
            0,
            {
              product_id: sales.productIds[0],
              product_uom_qty: 5,
              price_unit: 10.5,
              tax_ids: [[6, 0, [tax]]],
            },
          ],
        ],
      })),
    },
  });
  await client.call('sale.order', 'action_confirm', { ids });
  const rows = await client.call<readonly { id: number; name: string; picking_ids: readonly number[] }[]>(
    'sale.order',
    'read',
    { ids, args: { fields: ['name', 'picking_ids'] } },
  );
  const pickings = rows.flatMap(({ picking_ids }) => picking_ids);
  await client.call('stock.picking', 'button_validate', { ids: pickings, context: { skip_backorder: true } });
  return orders.map((order, index) => {
    const row = rows.find(({ id }) => id === ids[index]);
    return { order, odooId: ids[index] ?? 0, name: row?.name ?? '', picking: row?.picking_ids[0] ?? 0 };
  });
}

async function stockUp(client: OdooClient, product: number, quantity: number): Promise<void> {
  const [warehouse] = await client.call<readonly { lot_stock_id: readonly [number, string] }[]>(
    'stock.warehouse',
    'search_read',
    { args: { domain: [], fields: ['lot_stock_id'], limit: 1, order: 'id' } },
  );
  const values = {
    product_id: product,
    location_id: warehouse?.lot_stock_id[0],
    inventory_quantity: quantity,
  };
  const context = { inventory_mode: true };
  const [quant] = await client.call<readonly number[]>('stock.quant', 'create', {
    args: { vals_list: [values] },
    context,
  });
  await client.call('stock.quant', 'action_apply_inventory', { ids: [quant ?? 0] });
}

interface Move {
  readonly id: number;
  readonly product_id: readonly [number, string];
  readonly product_uom_qty: number;
}

function movesOf(client: OdooClient, pickingId: number): Promise<readonly Move[]> {
  return client.call<readonly Move[]>('stock.move', 'search_read', {
    args: {
      domain: [['picking_id', '=', pickingId]],
      fields: ['product_id', 'product_uom_qty'],
    },
  });
}

async function ship(
  client: OdooClient,
  orderId: number,
  quantities: Readonly<Record<string, number>>,
  productOf: ReadonlyMap<string, number>,
): Promise<number> {
  const [picking] = await client.call<readonly { id: number }[]>('stock.picking', 'search_read', {
    args: {
      domain: [
        ['sale_id', '=', orderId],
        ['state', 'not in', ['done', 'cancel']],
      ],
      fields: ['id'],
      order: 'id',
      limit: 1,
    },
  });
  const id = picking?.id ?? 0;
  for (const move of await movesOf(client, id)) {
    const sku = [...productOf].find(([, product]) => product === move.product_id[0])?.[0] ?? '';
    const quantity = quantities[sku] ?? 0;
    await client.call('stock.move', 'write', {
      ids: [move.id],
      args: { vals: { quantity, picked: quantity > 0 } },
    });
  }
  await client.call('stock.picking', 'button_validate', { ids: [id], context: { skip_backorder: true } });
  return id;
}

async function takeBack(
  client: OdooClient,
  pickingId: number,
  quantities: Readonly<Record<string, number>>,
  productOf: ReadonlyMap<string, number>,
): Promise<number> {
  const wizard = await createOne(client, 'stock.return.picking', { picking_id: pickingId });
  const lines = await client.call<readonly { id: number; product_id: readonly [number, string] }[]>(
    'stock.return.picking.line',
    'search_read',
    { args: { domain: [['wizard_id', '=', wizard]], fields: ['product_id'] } },
  );
  const commands = lines.map((line) => {
    const sku = [...productOf].find(([, product]) => product === line.product_id[0])?.[0] ?? '';
    return [1, line.id, { quantity: quantities[sku] ?? 0, to_refund: true }];
  });
  await client.call('stock.return.picking', 'write', {
    ids: [wizard],
    args: { vals: { product_return_moves: commands } },
  });
  const action = await client.call<{ res_id: number }>('stock.return.picking', 'action_create_returns', {
    ids: [wizard],
  });
  for (const move of await movesOf(client, action.res_id)) {
    await client.call('stock.move', 'write', {
      ids: [move.id],
      args: { vals: { quantity: move.product_uom_qty, picked: true } },
    });
  }
  await client.call('stock.picking', 'button_validate', { ids: [action.res_id] });
  return action.res_id;
}
