import type { Row } from '../database';
import type { Environment } from '../environment';
import { notSupported } from '../errors';
import { num, str } from '../model';
import { OPEN, refreshPicking, reserve, unreserve } from './stock-levels';

const CUSTOMERS = 'customer';

function openPicking(env: Environment, order: Row): number {
  const open = env.db.get(
    "SELECT id FROM stock_picking WHERE sale_id = ? AND state NOT IN ('cancel', 'done') ORDER BY id",
    num(order.id),
  );
  if (open !== undefined) return num(open.id);
  const warehouse = env.row('stock.warehouse', num(order.warehouse_id));
  const customers = env.db.get('SELECT id FROM stock_location WHERE usage = ? ORDER BY id', CUSTOMERS);
  const id = env.db.next('stock_picking');
  const name = `${str(warehouse.code)}/OUT/${String(env.db.next('delivery number')).padStart(5, '0')}`;
  env.db.run(
    `INSERT INTO stock_picking (id, name, state, origin, partner_id, picking_type_id, location_id, location_dest_id,
      priority, scheduled_date, date_deadline, sale_id, company_id, create_uid, create_date, write_uid, write_date)
     VALUES (?, ?, 'confirmed', ?, ?, 2, ?, ?, '0', ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[
      id,
      name,
      str(order.name),
      num(order.partner_shipping_id),
      num(warehouse.lot_stock_id),
      num(customers?.id),
    ],
    ...[env.now, env.now, num(order.id), num(order.company_id), env.uid, env.now, env.uid, env.now],
  );
  return id;
}

/** Makes the moves that a confirmed order's lines ask for, in one delivery, and reserves what is free. */
export function deliver(env: Environment, order: Row, lines: readonly Row[]): void {
  for (const line of lines) {
    const quantity = num(line.product_uom_qty);
    if (!line.product_id || quantity === 0) continue;
    const product = env.row('product.product', num(line.product_id));
    const template = env.row('product.template', num(product.product_tmpl_id));
    if (template.type !== 'consu') continue;
    if (quantity < 0) throw notSupported('confirming a line of goods with a negative quantity');
    if (!order.warehouse_id) throw notSupported('confirming an order without a warehouse');
    if (num(line.product_uom_id) !== num(template.uom_id)) throw notSupported('delivering in another unit');
    const pickingId = openPicking(env, order);
    const picking = env.row('stock.picking', pickingId);
    const id = env.db.next('stock_move');
    env.db.run(
      `INSERT INTO stock_move (id, sequence, state, product_id, product_uom_qty, product_uom, quantity, picked, picking_id,
        location_id, location_dest_id, sale_line_id, origin, reference, warehouse_id, company_id, date, procure_method,
        create_uid, create_date, write_uid, write_date)
       VALUES (?, 10, 'confirmed', ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'make_to_stock', ?, ?, ?, ?)`,
      ...[id, num(line.product_id), quantity, num(line.product_uom_id), pickingId],
      ...[
        num(picking.location_id),
        num(picking.location_dest_id),
        num(line.id),
        str(order.name),
        str(picking.name),
      ],
      ...[num(order.warehouse_id), num(order.company_id), env.now, env.uid, env.now, env.uid, env.now],
    );
    reserve(env, id);
  }
}

/** Cancels what of an order's deliveries is still open, and gives back its reservations. */
export function cancelDeliveries(env: Environment, orderId: number): void {
  for (const picking of env.db.all(
    "SELECT id FROM stock_picking WHERE sale_id = ? AND state <> 'done'",
    orderId,
  )) {
    const moves = env.db.all(
      `SELECT id FROM stock_move WHERE picking_id = ? AND state IN ${OPEN}`,
      num(picking.id),
    );
    for (const move of moves) {
      unreserve(env, num(move.id), Number.POSITIVE_INFINITY);
      env.db.run(
        "UPDATE stock_move SET state = 'cancel', write_date = ? WHERE id = ?",
        env.now,
        num(move.id),
      );
    }
    refreshPicking(env, num(picking.id));
  }
}
