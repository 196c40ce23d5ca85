import type { Environment } from '../environment';
import { notSupported } from '../errors';
import { num, str } from '../model';
import { roundHalfUp } from '../python';

/** Move states that still promise or expect stock. */
export const OPEN = "('waiting', 'confirmed', 'partially_available', 'assigned')";

/** Quantities of a product as `product.product` computes them. */
export interface Quantities {
  qty_available: number;
  free_qty: number;
  incoming_qty: number;
  outgoing_qty: number;
  virtual_available: number;
}

/** The internal locations that the context asks about: one location, one warehouse, or every warehouse. */
function locationsInScope(env: Environment): Set<number> {
  const { location, warehouse_id: warehouse } = env.context;
  for (const key of ['lot_id', 'owner_id', 'package_id', 'from_date', 'to_date']) {
    if (env.context[key]) throw notSupported(`context ${key}`);
  }
  let roots: number[];
  if (typeof location === 'number') roots = [location];
  else if (location) throw notSupported('context location that is not one id');
  else if (typeof warehouse === 'number')
    roots = [num(env.row('stock.warehouse', warehouse).view_location_id)];
  else if (warehouse) throw notSupported('context warehouse_id that is not one id');
  else roots = env.db.all('SELECT view_location_id AS id FROM stock_warehouse').map((row) => num(row.id));
  const scope = new Set<number>();
  const queue = [...roots];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    scope.add(id);
    queue.push(
      ...env.db.all('SELECT id FROM stock_location WHERE location_id = ?', id).map((row) => num(row.id)),
    );
  }
  return scope;
}

/** What is on hand, reserved, expected and promised of one product, under the context's warehouse or location. */
export function quantities(env: Environment, productId: number): Quantities {
  const scope = locationsInScope(env);
  const storable = env.db.get(
    'SELECT t.is_storable AS s FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id WHERE p.id = ?',
    productId,
  );
  let onHand = 0;
  let reserved = 0;
  if (storable?.s) {
    for (const quant of env.db.all('SELECT * FROM stock_quant WHERE product_id = ?', productId)) {
      if (!scope.has(num(quant.location_id))) continue;
      onHand += num(quant.quantity);
      reserved += num(quant.reserved_quantity);
    }
  }
  let incoming = 0;
  let outgoing = 0;
  for (const move of env.db.all(
    `SELECT * FROM stock_move WHERE product_id = ? AND state IN ${OPEN}`,
    productId,
  )) {
    const from = scope.has(num(move.location_id));
    const to = scope.has(num(move.location_dest_id));
    if (from && !to) outgoing += num(move.product_uom_qty);
    if (to && !from) incoming += num(move.product_uom_qty);
  }
  const round = (value: number) => roundHalfUp(value, 2);
  return {
    qty_available: round(onHand),
    free_qty: round(onHand - reserved),
    incoming_qty: round(incoming),
    outgoing_qty: round(outgoing),
    virtual_available: round(onHand + incoming - outgoing),
  };
}

/** Finds or makes the quant of a product at a location. Returns its id. */
export function quantAt(env: Environment, productId: number, locationId: number): number {
  const row = env.db.get(
    'SELECT id FROM stock_quant WHERE product_id = ? AND location_id = ?',
    productId,
    locationId,
  );
  if (row !== undefined) return num(row.id);
  const id = env.db.next('stock_quant');
  env.db.run(
    `INSERT INTO stock_quant (id, product_id, location_id, company_id, quantity, reserved_quantity, inventory_quantity,
      inventory_diff_quantity, inventory_quantity_set, in_date, create_uid, create_date, write_uid, write_date)
     VALUES (?, ?, ?, 1, 0, 0, 0, 0, 0, ?, ?, ?, ?, ?)`,
    ...[id, productId, locationId, env.now, env.uid, env.now, env.uid, env.now],
  );
  return id;
}

/** Sets a move's state, and its picking's, from what it has reserved. */
export function refreshMove(env: Environment, moveId: number): void {
  const move = env.row('stock.move', moveId);
  const wanted = num(move.product_uom_qty);
  const has = num(move.quantity);
  const state = has <= 0 ? 'confirmed' : has < wanted ? 'partially_available' : 'assigned';
  env.db.run('UPDATE stock_move SET state = ?, write_date = ? WHERE id = ?', state, env.now, moveId);
  refreshPicking(env, num(move.picking_id));
}

/** Sets a picking's state from its moves: ready as soon as something can be shipped. */
export function refreshPicking(env: Environment, pickingId: number): void {
  if (pickingId === 0) return;
  const states = env.db
    .all('SELECT state FROM stock_move WHERE picking_id = ?', pickingId)
    .map((row) => str(row.state));
  const open = states.filter((state) => state !== 'cancel');
  const ready = open.some((state) => state === 'assigned' || state === 'partially_available');
  const state = open.length === 0 ? 'cancel' : ready ? 'assigned' : 'confirmed';
  env.db.run('UPDATE stock_picking SET state = ?, write_date = ? WHERE id = ?', state, env.now, pickingId);
}

/** Reserves what is free for an open move, up to its demand. Goods that are not tracked in stock are always there. */
export function reserve(env: Environment, moveId: number): void {
  const move = env.row('stock.move', moveId);
  const missing = num(move.product_uom_qty) - num(move.quantity);
  if (missing <= 0) return;
  const product = env.row('product.product', num(move.product_id));
  const template = env.row('product.template', num(product.product_tmpl_id));
  let take = missing;
  if (template.is_storable) {
    const quant = env.db.get(
      'SELECT * FROM stock_quant WHERE product_id = ? AND location_id = ?',
      num(move.product_id),
      num(move.location_id),
    );
    take = quant === undefined ? 0 : Math.min(missing, num(quant.quantity) - num(quant.reserved_quantity));
    if (quant !== undefined && take > 0) {
      const reserved = roundHalfUp(num(quant.reserved_quantity) + take, 2);
      env.db.run(
        'UPDATE stock_quant SET reserved_quantity = ?, write_date = ? WHERE id = ?',
        reserved,
        env.now,
        num(quant.id),
      );
    }
  }
  if (take > 0) {
    const quantity = roundHalfUp(num(move.quantity) + take, 2);
    env.db.run('UPDATE stock_move SET quantity = ? WHERE id = ?', quantity, moveId);
  }
  refreshMove(env, moveId);
}

/** Gives back up to `amount` of what a move has reserved. Returns how much it gave. */
export function unreserve(env: Environment, moveId: number, amount: number): number {
  const move = env.row('stock.move', moveId);
  const give = Math.min(num(move.quantity), amount);
  if (give <= 0) return 0;
  env.db.run(
    'UPDATE stock_move SET quantity = ? WHERE id = ?',
    roundHalfUp(num(move.quantity) - give, 2),
    moveId,
  );
  env.db.run(
    'UPDATE stock_quant SET reserved_quantity = MAX(0, ROUND(reserved_quantity - ?, 2)), write_date = ? WHERE product_id = ? AND location_id = ?',
    ...[give, env.now, num(move.product_id), num(move.location_id)],
  );
  return give;
}
