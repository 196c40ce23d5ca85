import type { Row } from '../database';
import type { Environment } from '../environment';
import { notSupported } from '../errors';
import { num, str } from '../model';
import { insertRow, updateRow } from '../rows';
import { converted, goodsOf, rounded } from './goods';
import { demandChanged, weigh } from './move-done';
import { assign, cancelMoves, setState } from './moves';
import { refreshPicking } from './picking-state';
import { movesOf } from './pickings';
import { nextName } from './places';
import { refreshDeliveryStatus } from './sales';
import { dateReservation } from './valuation';

const OUT = "code = 'outgoing'";
/** The rule of a fresh Odoo that delivers from its warehouse. */
const FIRST_WAREHOUSE = 1;
const DELIVERY_RULE = 2;

/** When an order's goods are to leave: what was promised, else now. */
const due = (env: Environment, order: Row): string =>
  order.commitment_date ? str(order.commitment_date) : env.now;

/** The order's delivery that can still take moves, or a new one. */
function openPicking(env: Environment, order: Row): Row {
  const warehouse = num(order.warehouse_id);
  const type = env.db.get(`SELECT * FROM stock_picking_type WHERE warehouse_id = ? AND ${OUT}`, warehouse);
  if (type === undefined) throw notSupported('a warehouse without deliveries');
  const open = env.db.get(
    `SELECT * FROM stock_picking WHERE sale_id = ? AND picking_type_id = ? AND state NOT IN ('cancel', 'done')
     AND COALESCE(printed, 0) = 0 ORDER BY priority DESC, scheduled_date, id DESC`,
    num(order.id),
    num(type.id),
  );
  if (open !== undefined) return open;
  const id = insertRow(env, 'stock_picking', {
    name: nextName(env, type),
    ...{ state: 'confirmed', priority: '0', is_locked: 1 },
    origin: str(order.name),
    partner_id: num(order.partner_shipping_id),
    picking_type_id: num(type.id),
    location_id: num(type.default_location_src_id),
    location_dest_id: num(type.default_location_dest_id),
    move_type: order.picking_policy === 'one' ? 'one' : 'direct',
    scheduled_date: due(env, order),
    date_deadline: due(env, order),
    sale_id: num(order.id),
    company_id: num(order.company_id),
  });
  return env.row('stock.picking', id);
}

/** The moves of a sales line that ask for goods of it, in or out. */
const movesFor = (env: Environment, line: number): Row[] =>
  env.db.all("SELECT * FROM stock_move WHERE sale_line_id = ? AND state <> 'cancel' ORDER BY id", line);

/** How much of a sales line is under way or delivered already, in the line's unit. */
function procured(env: Environment, line: Row): number {
  let sum = 0;
  for (const move of movesFor(env, num(line.id))) {
    const quantity = num(move.state === 'done' ? move.quantity : move.product_uom_qty);
    const inLineUnit = converted(env, quantity, num(move.product_uom), num(line.product_uom_id));
    const usage = (place: unknown) => env.row('stock.location', num(place as number)).usage;
    if (usage(move.location_dest_id) === 'customer') {
      if (!move.origin_returned_move_id || move.to_refund) sum += inLineUnit;
    } else if (move.to_refund && usage(move.location_id) === 'customer') sum -= inLineUnit;
  }
  return rounded(sum);
}

/** Takes what is not wanted any more off the line's open deliveries. */
function withdraw(env: Environment, line: Row, quantity: number): void {
  let left = quantity;
  const open = movesFor(env, num(line.id)).filter((move) => move.state !== 'done');
  for (const move of open) {
    if (left <= 0) return;
    const less = Math.min(num(move.product_uom_qty), left);
    left = rounded(left - less);
    const rest = rounded(num(move.product_uom_qty) - less);
    updateRow(env, 'stock_move', move, { product_uom_qty: rest });
    if (rest === 0) cancelMoves(env, [num(move.id)]);
    else {
      demandChanged(env, move);
      assign(env, [num(move.id)]);
    }
    refreshPicking(env, num(move.picking_id));
  }
  if (left > 0) throw notSupported('taking back delivered goods by lowering an order line');
}

/** The open move of a line that more of the same can be added to. */
const growing = (env: Environment, line: Row, picking: Row): Row | undefined =>
  movesFor(env, num(line.id)).find(
    (move) => move.state !== 'done' && num(move.picking_id) === num(picking.id),
  );

/**
 * Makes the moves that a confirmed order's lines ask for, in one delivery, and reserves what is free. What is under way
 * already is not asked for again; what is under way and not wanted any more is taken back.
 */
export function deliver(env: Environment, order: Row, lines: readonly Row[]): void {
  if (env.context.skip_procurement) return;
  const pickings = new Set<number>();
  for (const line of lines) {
    if (!line.product_id) continue;
    const goods = goodsOf(env, num(line.product_id));
    const product = env.row('product.product', goods.id);
    if (env.row('product.template', num(product.product_tmpl_id)).type !== 'consu') continue;
    const missing = rounded(num(line.product_uom_qty) - procured(env, line));
    if (missing === 0) continue;
    if (!order.warehouse_id) throw notSupported('confirming an order without a warehouse');
    if (num(line.product_uom_qty) < 0)
      throw notSupported('confirming a line of goods with a negative quantity');
    const quantity = converted(env, missing, num(line.product_uom_id), goods.unit);
    if (quantity < 0) {
      withdraw(env, line, -quantity);
      continue;
    }
    const picking = openPicking(env, order);
    pickings.add(num(picking.id));
    const same = growing(env, line, picking);
    if (same !== undefined) {
      updateRow(env, 'stock_move', same, { product_uom_qty: rounded(num(same.product_uom_qty) + quantity) });
      demandChanged(env, same);
      assign(env, [num(same.id)]);
      continue;
    }
    const id = insertRow(env, 'stock_move', {
      ...{ sequence: 10, state: 'draft', procure_method: 'make_to_stock', priority: '0' },
      ...{ quantity: 0, picked: 0, is_inventory: 0, to_refund: 1, price_unit: 0 },
      product_id: goods.id,
      product_uom: goods.unit,
      product_uom_qty: quantity,
      picking_id: num(picking.id),
      picking_type_id: num(picking.picking_type_id),
      location_id: num(picking.location_id),
      location_dest_id: num(picking.location_dest_id),
      location_final_id: num(picking.location_dest_id),
      partner_id: num(order.partner_shipping_id),
      sale_line_id: num(line.id),
      origin: str(order.name),
      reference: str(picking.name),
      warehouse_id: num(order.warehouse_id),
      rule_id: num(order.warehouse_id) === FIRST_WAREHOUSE ? DELIVERY_RULE : null,
      company_id: num(order.company_id),
      date: due(env, order),
      date_deadline: due(env, order),
    });
    weigh(env, id);
    setState(env, env.row('stock.move', id), 'confirmed');
    dateReservation(env, id);
    assign(env, [id]);
  }
  for (const id of pickings) refreshPicking(env, id);
  if (pickings.size > 0) refreshDeliveryStatus(env, num(order.id));
}

/** Cancels what of an order's deliveries is still open, and gives back its reservations. */
export function cancelDeliveries(env: Environment, orderId: number): void {
  const open = env.db.all("SELECT id FROM stock_picking WHERE sale_id = ? AND state <> 'done'", orderId);
  for (const picking of open) {
    const moves = movesOf(env, num(picking.id)).filter((move) => move.state !== 'done');
    cancelMoves(
      env,
      moves.map((move) => num(move.id)),
    );
    refreshPicking(env, num(picking.id));
  }
}
