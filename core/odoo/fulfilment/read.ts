/** An order with its pickings, moves and lines, read in a few calls whatever their number. */
import { decimal } from '../../canonical/decimal';
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { isOutage } from '../client/errors';
import { externalIds } from '../client/external-ids';
import { type Fields, requireFields } from '../client/fields';
import { CALL_RETRY, withRetry } from '../client/retry';
import { search } from '../client/rows';
import type { OdooClient } from '../client/types';
import { flagOf, idOf, linkOf, numberOf, type Row, textOf, timeOf } from './rows';
import type { Move, MoveLine, OrderLineFacts, Picking, StockOrder, StockProduct } from './types';
import type { Units, UnitTable } from './units';

/** What reading needs in every Odoo; apps may add the rest. */
const NEEDED = {
  picking: [
    'name',
    'state',
    'origin',
    'picking_type_id',
    'picking_type_code',
    'backorder_id',
    'scheduled_date',
    'date_done',
    'create_date',
    'note',
    'partner_id',
    'company_id',
    'location_id',
    'location_dest_id',
    'moves',
    { field: 'sale_id', app: 'Sales with Inventory' },
  ],
  move: [
    'product_id',
    'product_uom_qty',
    'done',
    'unit',
    'state',
    'picking_id',
    'location_id',
    'location_dest_id',
    'origin_returned_move_id',
    { field: 'sale_line_id', app: 'Sales with Inventory' },
  ],
  moveLine: [
    'move_id',
    'done',
    'unit',
    'lot_id',
    'package_id',
    'result_package_id',
    'owner_id',
    'location_id',
    'location_dest_id',
  ],
  order: ['name', 'origin', 'client_order_ref', 'state', 'order_line'],
  orderLine: ['product_id', 'product_uom_qty', 'qty_delivered', 'unit'],
  product: ['default_code', 'barcode', 'display_name', 'tracking', 'storable', 'uom_id'],
} as const;

const WANTED = {
  picking: ['returnOf', 'carrier_id', 'carrier_tracking_ref', 'carrier_tracking_url'],
  move: ['picked', 'to_refund'],
  moveLine: ['picked', 'reserved'],
  order: ['delivery_status', 'locked', 'invoice_ids'],
} as const;

/** Fields of deliveries as this Odoo has them. Throws ODOO_FIELD_MISSING, ODOO_MODEL_MISSING (permanent). */
export function stockFields(client: OdooClient): Promise<Fields> {
  return requireFields(client, NEEDED, WANTED);
}

export interface ReadContext {
  readonly client: OdooClient;
  readonly fields: Fields;
  readonly units: Units;
  readonly namespace: string;
}

/** Throws ORDER_NOT_FOUND (business) when the order is gone. */
export async function readStockOrder(context: ReadContext, orderId: number): Promise<StockOrder> {
  const { fields } = context;
  const [row] = await rowsOf(context, 'sale.order', {
    domain: [['id', '=', orderId]],
    fields: present(fields, 'order', [...NEEDED.order, ...WANTED.order]).filter(
      (name) => name !== 'invoice_ids',
    ),
  });
  if (row === undefined) {
    throw new CrossdockError(`Order ${orderId} does not exist in Odoo any more.`, {
      code: 'ORDER_NOT_FOUND',
      kind: 'business',
      facts: { odooId: orderId },
    });
  }
  // Pickings before lines: a line that is read is never older than the state of its picking.
  const pickingRows = await rowsOf(context, 'stock.picking', {
    domain: [['sale_id', '=', orderId]],
    fields: present(fields, 'picking', [...NEEDED.picking, ...WANTED.picking]),
    order: 'id',
  });
  const [moveRows, lineRows, orderLineRows] = await Promise.all([
    readMoves(context, pickingRows.map(idOf)),
    readLines(context, pickingRows.map(idOf)),
    rowsOf(context, 'sale.order.line', {
      domain: [['order_id', '=', orderId]],
      fields: present(fields, 'orderLine', NEEDED.orderLine),
      order: 'sequence, id',
    }),
  ]);
  const productIds = [...moveRows, ...orderLineRows].flatMap((each) => linkOf(each, 'product_id')?.id ?? []);
  const [products, keys, units] = await Promise.all([
    readProducts(context, [...new Set(productIds)]),
    ownKeys(context, lineRows.map(idOf)),
    context.units.table(),
  ]);
  const facts: Facts = { fields, products, keys, units };
  const lines = lineRows.map((line) => lineOf(line, moveRows, facts));
  const moves = moveRows.map((move) => moveOf(move, lines, facts));
  const pickings = pickingRows.map((picking) => pickingOf(picking, moveRows, moves, fields));
  return {
    id: orderId,
    name: textOf(row, 'name') ?? String(orderId),
    origin: textOf(row, 'origin'),
    customerRef: textOf(row, 'client_order_ref'),
    state: textOf(row, 'state') ?? '',
    locked: flagOf(row, fields.name('order', 'locked')),
    deliveryStatus: textOf(row, fields.name('order', 'delivery_status')),
    credited: await isCredited(context, orderId, pickings),
    lines: orderLineRows.map((line) => orderLineOf(line, facts)),
    pickings,
    products,
  };
}

/** Asked only when goods came back, and a courtesy: who may not see invoices ships all the same. */
async function isCredited(
  { client, fields }: ReadContext,
  orderId: number,
  pickings: readonly Picking[],
): Promise<boolean> {
  if (!fields.has('order', 'invoice_ids')) return false;
  if (!pickings.some((picking) => isReturn(picking) && picking.state === 'done')) return false;
  try {
    const [order] = await client.call<readonly Row[]>('sale.order', 'read', {
      ids: [orderId],
      args: { fields: ['invoice_ids'] },
    });
    const invoices = order?.['invoice_ids'];
    if (!Array.isArray(invoices) || invoices.length === 0) return false;
    const domain = [
      ['id', 'in', invoices],
      ['move_type', '=', 'out_refund'],
      ['state', 'in', ['draft', 'posted']],
    ];
    const notes = await search<Row>(client, 'account.move', { domain, fields: ['state'] });
    if (notes.length === 0 || notes.some((note) => note['state'] === 'draft')) return false;
    const lines = await search<Row>(client, 'sale.order.line', {
      domain: [['order_id', '=', orderId]],
      fields: ['qty_to_invoice'],
    });
    return lines.every((line) => numberOf(line, 'qty_to_invoice').gte(0));
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    if (isOutage(error)) throw error;
    return false;
  }
}

interface Facts {
  readonly fields: Fields;
  readonly products: ReadonlyMap<number, StockProduct>;
  readonly keys: ReadonlyMap<number, string>;
  readonly units: UnitTable;
}

function rowsOf(
  { client }: ReadContext,
  model: string,
  args: Readonly<Record<string, unknown>>,
): Promise<readonly Row[]> {
  return withRetry(CALL_RETRY, () => client.call<readonly Row[]>(model, 'search_read', { args }));
}

/** Odoo's names of those fields that are there. */
function present(
  fields: Fields,
  kind: string,
  wanted: readonly (string | { readonly field: string })[],
): string[] {
  const names = wanted.flatMap((one) => fields.name(kind, typeof one === 'string' ? one : one.field) ?? []);
  return [...new Set(names)];
}

function readMoves(context: ReadContext, pickings: readonly number[]): Promise<readonly Row[]> {
  if (pickings.length === 0) return Promise.resolve([]);
  return rowsOf(context, 'stock.move', {
    domain: [['picking_id', 'in', pickings]],
    fields: present(context.fields, 'move', [...NEEDED.move, ...WANTED.move]),
    order: 'id',
  });
}

function readLines(context: ReadContext, pickings: readonly number[]): Promise<readonly Row[]> {
  if (pickings.length === 0) return Promise.resolve([]);
  return rowsOf(context, 'stock.move.line', {
    domain: [
      ['picking_id', 'in', pickings],
      ['move_id', '!=', false],
    ],
    fields: present(context.fields, 'moveLine', [...NEEDED.moveLine, ...WANTED.moveLine]),
    order: 'id',
  });
}

async function readProducts(
  context: ReadContext,
  ids: readonly number[],
): Promise<ReadonlyMap<number, StockProduct>> {
  if (ids.length === 0) return new Map();
  const { fields } = context;
  const { storable } = fields.map.product;
  const rows = await withRetry(CALL_RETRY, () =>
    context.client.call<readonly Row[]>('product.product', 'search_read', {
      args: { domain: [['id', 'in', ids]], fields: present(fields, 'product', NEEDED.product) },
      // An archived product may still have to be shipped.
      context: { active_test: false },
    }),
  );
  return new Map(
    rows.map((row) => {
      const tracking = textOf(row, 'tracking');
      return [
        idOf(row),
        {
          id: idOf(row),
          name: textOf(row, 'display_name') ?? '',
          sku: textOf(row, 'default_code'),
          barcode: textOf(row, 'barcode'),
          tracking: tracking === 'lot' || tracking === 'serial' ? tracking : 'none',
          storable: row[storable.field] === storable.domain[2],
          unitId: linkOf(row, 'uom_id')?.id ?? 0,
        },
      ];
    }),
  );
}

/** The external ids that Crossdock gave to lines: which shipment, or which return, they are of. */
async function ownKeys(
  { client, namespace }: ReadContext,
  lines: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const prefix = `${namespace}.`;
  const keys = new Map<number, string>();
  for (const [id, names] of await externalIds(client, 'stock.move.line', lines)) {
    const own = names.find((name) => name.startsWith(prefix));
    if (own !== undefined) keys.set(id, own.slice(prefix.length));
  }
  return keys;
}

function lineOf(row: Row, moves: readonly Row[], { fields, keys, units, products }: Facts): MoveLine {
  const moveId = linkOf(row, 'move_id')?.id ?? 0;
  const move = moves.find((each) => idOf(each) === moveId);
  const product = products.get((move && linkOf(move, 'product_id')?.id) ?? 0);
  const { done, reserved, unit, picked } = fields.map.moveLine;
  const unitId = linkOf(row, unit)?.id ?? 0;
  const quantity = numberOf(row, done);
  const isDone = move !== undefined && textOf(move, 'state') === 'done';
  // Before 17 a line has two quantities; what is done counts as soon as there is any.
  const said = quantity.eq(0) && !isDone && reserved !== done ? numberOf(row, reserved) : quantity;
  return {
    id: idOf(row),
    moveId,
    quantity: product === undefined ? said : units.between(said, unitId, product.unitId),
    picked: isDone || (picked === undefined ? quantity.gt(0) : flagOf(row, picked)),
    lot: linkOf(row, 'lot_id'),
    source: linkOf(row, 'package_id'),
    target: linkOf(row, 'result_package_id'),
    ownerId: linkOf(row, 'owner_id')?.id,
    locationId: linkOf(row, 'location_id')?.id ?? 0,
    destination: linkOf(row, 'location_dest_id') ?? { id: 0, name: '' },
    key: keys.get(idOf(row)),
  };
}

function moveOf(row: Row, lines: readonly MoveLine[], { fields, units, products }: Facts): Move {
  const id = idOf(row);
  const productId = linkOf(row, 'product_id')?.id ?? 0;
  const unitId = linkOf(row, fields.map.move.unit)?.id ?? 0;
  const own = lines.filter((line) => line.moveId === id);
  const demand = numberOf(row, 'product_uom_qty');
  return {
    id,
    productId,
    unitId,
    demand: units.between(demand, unitId, products.get(productId)?.unitId ?? unitId),
    state: textOf(row, 'state') ?? '',
    picked: own.some((line) => line.picked),
    saleLineId: linkOf(row, 'sale_line_id')?.id,
    toRefund: flagOf(row, fields.name('move', 'to_refund')),
    returnOf: linkOf(row, 'origin_returned_move_id')?.id,
    locationId: linkOf(row, 'location_id')?.id ?? 0,
    destinationId: linkOf(row, 'location_dest_id')?.id ?? 0,
    lines: own,
  };
}

function orderLineOf(row: Row, { fields, units, products }: Facts): OrderLineFacts {
  const productId = linkOf(row, 'product_id')?.id;
  const unitId = linkOf(row, fields.map.orderLine.unit)?.id ?? 0;
  const target = (productId === undefined ? undefined : products.get(productId)?.unitId) ?? unitId;
  const inUnit = (field: string) =>
    unitId === 0 ? decimal('0') : units.between(numberOf(row, field), unitId, target);
  return {
    id: idOf(row),
    productId,
    ordered: inUnit('product_uom_qty'),
    delivered: inUnit('qty_delivered'),
  };
}

function pickingOf(row: Row, moveRows: readonly Row[], moves: readonly Move[], fields: Fields): Picking {
  const id = idOf(row);
  const own = new Set(moveRows.filter((move) => linkOf(move, 'picking_id')?.id === id).map(idOf));
  return {
    id,
    name: textOf(row, 'name') ?? String(id),
    state: textOf(row, 'state') ?? '',
    type: textOf(row, 'picking_type_code') ?? '',
    typeId: linkOf(row, 'picking_type_id')?.id ?? 0,
    origin: textOf(row, 'origin'),
    backorderOf: linkOf(row, 'backorder_id'),
    returnOf: linkOf(row, fields.name('picking', 'returnOf')),
    carrier: linkOf(row, fields.name('picking', 'carrier_id')),
    tracking: textOf(row, fields.name('picking', 'carrier_tracking_ref')),
    trackingUrl: textOf(row, fields.name('picking', 'carrier_tracking_url')),
    scheduledAt: timeOf(row, 'scheduled_date'),
    doneAt: timeOf(row, 'date_done'),
    createdAt: timeOf(row, 'create_date'),
    note: textOf(row, 'note'),
    partnerId: linkOf(row, 'partner_id')?.id,
    companyId: linkOf(row, 'company_id')?.id,
    location: linkOf(row, 'location_id') ?? { id: 0, name: '' },
    destination: linkOf(row, 'location_dest_id') ?? { id: 0, name: '' },
    moves: moves.filter((move) => own.has(move.id)),
  };
}

/** Whether a picking brings goods back. */
export function isReturn(picking: Picking): boolean {
  return picking.returnOf !== undefined || picking.moves.some((move) => move.returnOf !== undefined);
}

/** Whether nothing can be changed about a picking any more. */
export function isClosed({ state }: Picking): boolean {
  return state === 'done' || state === 'cancel';
}
