import type { Row } from '../database';
import type { Environment } from '../environment';
import { type Compute, num, str } from '../model';
import { updateRow } from '../rows';
import { create } from '../writing';
import { converted, rounded } from './goods';

/** Sets how much of a sales line was delivered, from its done moves: to the customer, less what came back for refund. */
export function refreshDelivered(env: Environment, lineId: number): void {
  const line = env.db.get('SELECT * FROM sale_order_line WHERE id = ?', lineId);
  if (line === undefined) return;
  const moves = env.db.all(
    `SELECT m.*, t.usage AS target, f.usage AS source FROM stock_move m
     JOIN stock_location t ON t.id = m.location_dest_id JOIN stock_location f ON f.id = m.location_id
     WHERE m.sale_line_id = ? AND m.state = 'done' AND m.product_id = ?`,
    lineId,
    line.product_id ?? null,
  );
  let delivered = 0;
  for (const move of moves) {
    const quantity = converted(env, num(move.quantity), num(move.product_uom), num(line.product_uom_id));
    const goesOut = move.target === 'customer' || move.target === 'supplier';
    const comesIn = move.source === 'customer' || move.source === 'supplier';
    if (move.target === 'inventory') continue;
    if (goesOut) {
      if (!move.origin_returned_move_id || move.to_refund) delivered += quantity;
    } else if (move.to_refund && comesIn) delivered -= quantity;
  }
  updateRow(env, 'sale_order_line', line, { qty_delivered: rounded(delivered) });
}

/**
 * Goods that were added to an order's delivery belong to the order's line of that product; without one the order gets a
 * line that orders nothing and delivers them.
 */
export function joinOrder(env: Environment, move: Row): void {
  const picking = env.row('stock.picking', num(move.picking_id));
  const target = env.row('stock.location', num(move.location_dest_id)).usage;
  if (!picking.sale_id || move.sale_line_id || target !== 'customer') return;
  const order = num(picking.sale_id);
  const product = num(move.product_id);
  const same = env.db.get(
    'SELECT id FROM sale_order_line WHERE order_id = ? AND product_id = ? ORDER BY sequence, id LIMIT 1',
    ...[order, product],
  );
  const last = env.db.get('SELECT MAX(sequence) AS at FROM sale_order_line WHERE order_id = ?', order);
  const template = env.row('product.template', num(env.row('product.product', product).product_tmpl_id));
  const line =
    same === undefined
      ? create(env.withContext({ skip_procurement: true }), env.model('sale.order.line'), {
          name: String(env.displayNames('product.product', [product]).get(product)),
          order_id: order,
          product_id: product,
          product_uom_id: num(move.product_uom),
          product_uom_qty: 0,
          sequence: num(last?.at) + 1,
          ...(template.invoice_policy === 'order' && { price_unit: 0 }),
        })
      : num(same.id);
  updateRow(env, 'stock_move', move, { sale_line_id: line });
  refreshDelivered(env, line);
}

/** Sets an order's delivery status, and when its first delivery was done. */
export function refreshDeliveryStatus(env: Environment, orderId: number): void {
  const order = env.db.get('SELECT * FROM sale_order WHERE id = ?', orderId);
  if (order === undefined) return;
  const pickings = env.db.all('SELECT * FROM stock_picking WHERE sale_id = ?', orderId);
  const states = pickings.map((picking) => str(picking.state));
  const delivered = () =>
    env.db.get('SELECT 1 FROM sale_order_line WHERE order_id = ? AND qty_delivered <> 0', orderId) !==
    undefined;
  let status: string | null = 'pending';
  if (states.every((state) => state === 'cancel')) status = null;
  else if (states.every((state) => state === 'done' || state === 'cancel')) status = 'full';
  else if (states.includes('done')) status = delivered() ? 'partial' : 'started';
  const dates = pickings.flatMap((picking) => {
    const goesOut =
      picking.state === 'done' &&
      picking.date_done &&
      env.row('stock.location', num(picking.location_dest_id)).usage === 'customer';
    return goesOut ? [str(picking.date_done)] : [];
  });
  updateRow(env, 'sale_order', order, { delivery_status: status, effective_date: dates.sort()[0] ?? null });
}

/** Whether a sales line's delivered quantity comes from moves of goods, or is written by hand. */
export const deliveredMethod: Compute = (env, ids, rows) =>
  new Map(
    ids.map((id) => {
      const product = num(rows.get(id)?.product_id);
      if (product === 0) return [id, 'manual'];
      const template = num(env.row('product.product', product).product_tmpl_id);
      return [id, env.row('product.template', template).type === 'consu' ? 'stock_move' : 'manual'];
    }),
  );

/** What of sales lines is still to be delivered. */
export const toDeliver: Compute = (_env, ids, rows) =>
  new Map(
    ids.map((id) => {
      const row = rows.get(id);
      return [id, rounded(num(row?.product_uom_qty) - num(row?.qty_delivered))];
    }),
  );
