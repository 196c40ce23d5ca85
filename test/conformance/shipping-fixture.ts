/** Products with stock, lots and serial numbers, and canonical shipments and returns over orders of them. */
import type { CanonicalOrder, CanonicalReturn, Shipment } from '../../core/canonical';
import { type OdooClient, OrderWriter, type PlacedOrder } from '../../core/odoo';
import { createOne, createSalesFixture, type LineSpec, makeOrder, type SalesFixture } from './sales-fixture';

export interface StockFixture extends SalesFixture {
  /** Internal references: not tracked, by lot, by serial number. */
  readonly plain: string;
  readonly lotted: string;
  readonly serial: string;
  /** Of the lotted product, 20 of each on hand. */
  readonly lots: readonly [string, string];
  /** Of the serial product, all on hand. */
  readonly serials: readonly string[];
  readonly stockLocation: number;
  readonly products: { readonly plain: number; readonly lotted: number; readonly serial: number };
}

/** 100 plain pieces, 20 of each lot, and 12 serial numbers on hand in the first warehouse. */
export async function createStockFixture(client: OdooClient): Promise<StockFixture> {
  const sales = await createSalesFixture(client);
  const { prefix } = sales;
  const [warehouse] = await client.call<readonly { lot_stock_id: readonly [number, string] }[]>(
    'stock.warehouse',
    'search_read',
    { args: { domain: [], fields: ['lot_stock_id'], order: 'id', limit: 1 } },
  );
  const stockLocation = warehouse?.lot_stock_id[0] ?? 0;
  const product = (kind: string, tracking: string) =>
    createOne(client, 'product.product', {
      name: `Fixture ${prefix}-${kind}`,
      default_code: `${prefix}-${kind}`,
      list_price: 10,
      type: 'consu',
      is_storable: true,
      tracking,
    });
  const products = {
    plain: await product('PLAIN', 'none'),
    lotted: await product('LOT', 'lot'),
    serial: await product('SERIAL', 'serial'),
  };
  const lots = [`${prefix}-L1`, `${prefix}-L2`] as const;
  const serials = Array.from({ length: 12 }, (_each, index) => `${prefix}-S${index + 1}`);
  const count = (productId: number, quantity: number, lotId?: number) => ({
    product_id: productId,
    location_id: stockLocation,
    inventory_quantity: quantity,
    ...(lotId === undefined ? {} : { lot_id: lotId }),
  });
  const makeLots = (productId: number, names: readonly string[]) =>
    client.call<readonly number[]>('stock.lot', 'create', {
      args: { vals_list: names.map((name) => ({ name, product_id: productId })) },
    });
  const [lotIds, serialIds] = [
    await makeLots(products.lotted, lots),
    await makeLots(products.serial, serials),
  ];
  const quants = await client.call<number[]>('stock.quant', 'create', {
    args: {
      vals_list: [
        count(products.plain, 100),
        ...lotIds.map((id) => count(products.lotted, 20, id)),
        ...serialIds.map((id) => count(products.serial, 1, id)),
      ],
    },
    context: { inventory_mode: true },
  });
  await client.call('stock.quant', 'action_apply_inventory', { ids: quants });
  return {
    ...sales,
    plain: `${prefix}-PLAIN`,
    lotted: `${prefix}-LOT`,
    serial: `${prefix}-SERIAL`,
    lots,
    serials,
    stockLocation,
    products,
  };
}

export interface OrderUnderTest {
  readonly order: CanonicalOrder;
  readonly placed: PlacedOrder;
}

let orders = 0;

/** A confirmed order of those lines. */
export async function placeOrder(
  client: OdooClient,
  fixture: StockFixture,
  specs: readonly LineSpec[],
): Promise<OrderUnderTest> {
  const writer = new OrderWriter(client, { customer: 'fixed', customerRef: fixture.customerRef });
  orders += 1;
  // Without an address nothing is to be made but the order: the plain account may not create contacts.
  const buyer = { name: 'Buyer', identifiers: [] };
  const order = makeOrder(fixture, `${Date.now()}-${orders}`, specs, { parties: { buyer, shipTo: buyer } });
  try {
    return { order, placed: await writer.submit(order) };
  } finally {
    await writer.close();
  }
}

export interface ShipSpec {
  readonly sku: string;
  readonly quantity: string;
  readonly lot?: string;
  readonly serials?: readonly string[];
  /** packageId; goods without one lie in no package. */
  readonly in?: string;
}

/** A valid canonical shipment of that order; `changes` replaces members. */
export function makeShipment(
  order: CanonicalOrder,
  shipmentId: string,
  specs: readonly ShipSpec[],
  changes: Partial<Shipment> = {},
): Shipment {
  const packed = specs.some((spec) => spec.lot ?? spec.serials ?? spec.in);
  const ids = [...new Set(specs.map((spec) => spec.in ?? `${shipmentId}-loose`))];
  return {
    schemaVersion: '1.0',
    channel: order.channel,
    account: order.account,
    shipmentId,
    kind: '351',
    orderRefs: [{ id: order.id, orderNumber: order.orderNumber }],
    shippedAt: '2026-11-25T10:00:00Z',
    tracking: [{ number: `1Z${shipmentId}` }],
    lines: specs.map((spec, index) => ({
      lineId: String(index + 1),
      item: { identifiers: [{ scheme: 'sku', value: spec.sku }] },
      unit: 'C62',
      quantity: spec.quantity,
    })),
    packages: packed
      ? ids.map((packageId) => ({
          packageId,
          contents: specs.flatMap((spec, index) =>
            (spec.in ?? `${shipmentId}-loose`) === packageId
              ? [
                  {
                    lineId: String(index + 1),
                    quantity: spec.quantity,
                    ...(spec.lot === undefined ? {} : { lot: spec.lot }),
                    ...(spec.serials === undefined ? {} : { serials: [...spec.serials] }),
                  },
                ]
              : [],
          ),
        }))
      : [],
    status: 'pickedUp',
    milestones: [],
    notes: [],
    provenance: order.provenance,
    ...changes,
  };
}

export interface ReturnSpec {
  readonly sku: string;
  readonly requested: string;
  readonly received?: string;
  readonly accepted?: string;
  readonly rejected?: string;
  readonly lot?: string;
  readonly serials?: readonly string[];
  readonly disposition?: 'restock' | 'quarantine' | 'scrap';
}

/** A valid canonical return of goods of that order. */
export function makeReturn(
  order: CanonicalOrder,
  returnId: string,
  specs: readonly ReturnSpec[],
  changes: Partial<CanonicalReturn> = {},
): CanonicalReturn {
  return {
    schemaVersion: '1.0',
    channel: order.channel,
    account: order.account,
    returnId,
    orderRef: { id: order.id },
    requestedAt: '2026-11-26T09:00:00Z',
    reason: 'unwanted',
    remedy: 'refund',
    lines: specs.map((spec, index) => ({
      lineId: String(index + 1),
      orderLineId: String(index + 1),
      item: { identifiers: [{ scheme: 'sku', value: spec.sku }] },
      unit: 'C62',
      quantity: {
        requested: spec.requested,
        ...(spec.received === undefined ? {} : { received: spec.received }),
        ...(spec.accepted === undefined ? {} : { accepted: spec.accepted }),
        ...(spec.rejected === undefined ? {} : { rejected: spec.rejected }),
      },
      ...(spec.disposition === undefined ? {} : { disposition: spec.disposition }),
      ...(spec.lot === undefined ? {} : { lot: spec.lot }),
      ...(spec.serials === undefined ? {} : { serials: [...spec.serials] }),
    })),
    status: 'requested',
    notes: [],
    provenance: order.provenance,
    ...changes,
  };
}
