/** What is reserved for an order in Odoo, and reserving or releasing it. */
import { type DecimalValue, sum, toPlain } from '../../canonical/decimal';
import type { Decimal } from '../../canonical/order';
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { fieldMap } from '../client/field-map';
import { requireFields } from '../client/fields';
import { CALL_RETRY, withRetry } from '../client/retry';
import { idOf, type Link } from '../client/rows';
import type { OdooClient } from '../client/types';
import { hashKey } from '../load/keys';
import { searchReadAll } from './rows';
import { type StockUnits, stockUnits } from './units';

export interface ReservationOptions {
  /** Module part of the orders' external ids. Default `crossdock`. */
  readonly namespace?: string | undefined;
  /** As the orders were placed with. Default ''. */
  readonly tenant?: string | undefined;
}

export interface Reservation {
  /** Odoo's id and number of the order. */
  readonly orderId: number;
  readonly name: string;
  /** Nothing of what is still to go out is missing. */
  readonly complete: boolean;
  readonly lines: readonly ReservedLine[];
  readonly pickings: readonly { readonly id: number; readonly name: string; readonly state: string }[];
}

/** Quantities are decimal strings in `unit`. */
export interface ReservedLine {
  /** Id of the order line in Odoo. */
  readonly odooLineId: number;
  readonly productId: number;
  readonly sku: string;
  readonly unit: string;
  /** Still to go out to the customer. */
  readonly open: Decimal;
  readonly reserved: Decimal;
  /** Open and not reserved. */
  readonly short: Decimal;
}

interface OrderRow {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly origin: string | false;
}

interface PickingRow {
  readonly id: number;
  readonly name: string;
  readonly state: string;
}

interface MoveRow {
  readonly id: number;
  readonly sale_line_id: Link;
  readonly product_id: Link;
  readonly product_uom: Link;
  readonly location_dest_id: Link;
  readonly product_uom_qty: number;
  readonly picking_id: Link;
  readonly [reserved: string]: unknown;
}

/** States in which a move still waits for goods, or holds them. */
const OPEN = ['draft', 'waiting', 'confirmed', 'partially_available', 'assigned'];

/**
 * Reserves what is there for an order's open moves, releases it, or only looks; then says what is reserved and what is
 * missing, line by line. Reserving what is reserved changes nothing, so a repeated message does no harm.
 *
 * @param order Odoo's id, or the order's key, Odoo's number, or the buyer's
 * @throws CrossdockError ORDER_NOT_FOUND, ORDER_AMBIGUOUS, ORDER_NOT_CONFIRMED, ORDER_DONE (business), and what
 *   OdooClient.call throws
 */
export async function reservation(
  client: OdooClient,
  action: 'reserve' | 'release' | 'look',
  order: string | number,
  options: ReservationOptions = {},
): Promise<Reservation> {
  await requireFields(client, { picking: ['sale_id'], move: ['sale_line_id', 'reserved'] });
  const found = await findOrder(client, order, options);
  const pickings = await openPickings(client, found.id);
  if (action !== 'look') {
    if (pickings.length === 0) throw nothingOpen(found);
    const method = action === 'reserve' ? 'action_assign' : 'do_unreserve';
    await withRetry(CALL_RETRY, () =>
      client.call('stock.picking', method, { ids: pickings.map(({ id }) => id) }),
    );
  }
  return report(client, found, action === 'look' ? pickings : await openPickings(client, found.id));
}

async function report(
  client: OdooClient,
  order: OrderRow,
  pickings: readonly PickingRow[],
): Promise<Reservation> {
  const { move } = fieldMap(await client.version());
  const moves = await searchReadAll<MoveRow>(client, 'stock.move', {
    domain: [
      ['picking_id', 'in', pickings.map(({ id }) => id)],
      ['state', 'in', OPEN],
    ],
    fields: [
      ...['id', 'sale_line_id', 'product_id', 'product_uom', 'location_dest_id', 'product_uom_qty'],
      ...['picking_id', move.reserved],
    ],
  });
  const outside = await customerLocations(client, moves);
  const skus = await skusOf(client, moves);
  const units = await stockUnits(client);
  const byLine = new Map<number, MoveRow[]>();
  for (const row of moves) {
    const line = idOf(row.sale_line_id) ?? 0;
    byLine.set(line, [...(byLine.get(line) ?? []), row]);
  }
  const lines = [...byLine].map(([id, ofLine]) => lineOf(id, ofLine, units, skus, outside, move.reserved));
  return {
    orderId: order.id,
    name: order.name,
    complete: lines.every(({ short }) => short === '0'),
    lines,
    pickings: pickings.map(({ id, name, state }) => ({ id, name, state })),
  };
}

/** In several steps (pick, pack, ship) the goods are reserved by one move at a time, and only the last one goes out. */
function lineOf(
  odooLineId: number,
  moves: readonly MoveRow[],
  units: StockUnits,
  skus: ReadonlyMap<number, string>,
  outside: ReadonlySet<number>,
  reservedField: string,
): ReservedLine {
  const unitId = idOf(moves[0]?.product_uom);
  const quantity = (value: number, row: MoveRow) => units.toCode(value, idOf(row.product_uom));
  const last = moves.filter((row) => outside.has(idOf(row.location_dest_id) ?? 0));
  const open = sum(last.map((row) => quantity(row.product_uom_qty, row)));
  const held = sum(moves.map((row) => quantity(Number(row[reservedField]) || 0, row)));
  const reserved = least(open, held);
  const productId = idOf(moves[0]?.product_id) ?? 0;
  return {
    odooLineId,
    productId,
    sku: skus.get(productId) ?? String(productId),
    unit: units.codeOf(unitId),
    open: toPlain(open),
    reserved: toPlain(reserved),
    short: toPlain(open.minus(reserved)),
  };
}

function least(a: DecimalValue, b: DecimalValue): DecimalValue {
  return a.lt(b) ? a : b;
}

async function customerLocations(
  client: OdooClient,
  moves: readonly MoveRow[],
): Promise<ReadonlySet<number>> {
  const ids = [...new Set(moves.flatMap((row) => idOf(row.location_dest_id) ?? []))];
  const rows = await searchReadAll<{ readonly id: number }>(client, 'stock.location', {
    domain: [
      ['id', 'in', ids],
      ['usage', 'not in', ['internal', 'view']],
    ],
    fields: ['id'],
    context: { active_test: false },
  });
  return new Set(rows.map(({ id }) => id));
}

async function skusOf(client: OdooClient, moves: readonly MoveRow[]): Promise<ReadonlyMap<number, string>> {
  const ids = [...new Set(moves.flatMap((row) => idOf(row.product_id) ?? []))];
  const rows = await searchReadAll<{
    readonly id: number;
    readonly default_code: string | false;
    readonly name: string;
  }>(client, 'product.product', {
    domain: [['id', 'in', ids]],
    fields: ['id', 'default_code', 'name'],
    context: { active_test: false },
  });
  return new Map(rows.map(({ id, default_code, name }) => [id, default_code || name.slice(0, 80)]));
}

function openPickings(client: OdooClient, orderId: number): Promise<PickingRow[]> {
  return searchReadAll<PickingRow>(client, 'stock.picking', {
    domain: [
      ['sale_id', '=', orderId],
      ['state', 'not in', ['done', 'cancel']],
    ],
    fields: ['id', 'name', 'state'],
  });
}

async function findOrder(
  client: OdooClient,
  order: string | number,
  options: ReservationOptions,
): Promise<OrderRow> {
  const keyed = typeof order === 'number' ? order : await byKey(client, order, options);
  const rows = await searchReadAll<OrderRow>(client, 'sale.order', {
    domain:
      keyed === undefined
        ? ['|', '|', ['name', '=', order], ['origin', '=', order], ['client_order_ref', '=', order]]
        : [['id', '=', keyed]],
    fields: ['id', 'name', 'state', 'origin'],
  });
  // What is surest comes first: the key, Odoo's own number, then the buyer's, which two buyers may share.
  const groups = [
    rows.filter(({ origin }) => origin === order),
    rows.filter(({ name }) => name === order),
    rows,
  ];
  const [found, second] = groups.find((group) => group.length > 0) ?? [];
  const text = String(order).slice(0, 80);
  if (found === undefined) {
    throw refused(
      'ORDER_NOT_FOUND',
      `Odoo has no order ${text}: neither by its key nor by its number. Was it placed, and may the API key's user see it?`,
      text,
    );
  }
  if (second === undefined) return found;
  throw refused(
    'ORDER_AMBIGUOUS',
    `Several orders in Odoo have the number ${text}: send the order's key or Odoo's own number.`,
    text,
  );
}

async function byKey(
  client: OdooClient,
  key: string,
  { namespace = 'crossdock', tenant = '' }: ReservationOptions,
): Promise<number | undefined> {
  try {
    const [model, id] = await withRetry(CALL_RETRY, () =>
      client.call<readonly [string, number | false]>('ir.model.data', 'check_object_reference', {
        args: { module: namespace, xml_id: hashKey('crossdock', tenant, key) },
      }),
    );
    return model === 'sale.order' && typeof id === 'number' ? id : undefined;
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    // Odoo says "not found" by a ValueError.
    if (error.code === 'ODOO_INVALID_CALL' || error.code === 'ODOO_ACCESS') return undefined;
    throw error;
  }
}

function nothingOpen({ name, state }: OrderRow): CrossdockError {
  if (state === 'draft' || state === 'sent')
    return refused(
      'ORDER_NOT_CONFIRMED',
      `${name} is a quotation: nothing is reserved before it is confirmed.`,
      name,
    );
  return refused(
    'ORDER_DONE',
    `Nothing of ${name} is still to be shipped, so there is nothing to reserve.`,
    name,
  );
}

function refused(code: string, message: string, order: string): CrossdockError {
  return new CrossdockError(message, { code, kind: 'business', facts: { order } });
}
