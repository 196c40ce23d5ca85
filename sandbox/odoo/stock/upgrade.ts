import type { Database } from '../database';
import { fillTransfers, type Insert } from './base';

/**
 * Brings a database of the sandbox that knew no lines of moves up to date: a demo goes on with the orders it has. What its
 * open moves had reserved becomes a line each.
 */
export function upgradeStock(db: Database, insert: Insert, now: string): void {
  fillTransfers(insert);
  db.run(
    'UPDATE stock_warehouse SET in_type_id = 1, out_type_id = 2, int_type_id = 7 WHERE out_type_id IS NULL',
  );
  db.run("UPDATE stock_location SET parent_path = id || '/' WHERE location_id IS NULL");
  db.run(
    `UPDATE stock_location SET parent_path = (SELECT p.parent_path FROM stock_location p WHERE p.id = stock_location.location_id) || id || '/'
     WHERE location_id IS NOT NULL`,
  );
  db.run("UPDATE stock_picking SET move_type = 'direct', is_locked = 1 WHERE move_type IS NULL");
  db.run(
    `UPDATE stock_move SET picking_type_id = 2, product_qty = product_uom_qty, location_final_id = location_dest_id,
     to_refund = 1, is_inventory = 0, priority = '0', weight = 0 WHERE picking_type_id IS NULL`,
  );
  const reserved = db.all("SELECT * FROM stock_move WHERE quantity > 0 AND state NOT IN ('done', 'cancel')");
  for (const move of reserved) {
    const picking = db.get('SELECT * FROM stock_picking WHERE id = ?', move.picking_id ?? null);
    db.run('UPDATE stock_move SET partner_id = ? WHERE id = ?', picking?.partner_id ?? null, move.id ?? null);
    insert('stock_move_line', db.next('stock_move_line'), {
      move_id: move.id ?? null,
      picking_id: move.picking_id ?? null,
      product_id: move.product_id ?? null,
      product_uom_id: move.product_uom ?? null,
      quantity: move.quantity ?? 0,
      quantity_product_uom: move.quantity ?? 0,
      picked: 0,
      location_id: move.location_id ?? null,
      location_dest_id: move.location_dest_id ?? null,
      company_id: move.company_id ?? null,
      date: now,
    });
  }
  db.run(
    `UPDATE sale_order SET delivery_status = 'pending' WHERE delivery_status IS NULL AND id IN
     (SELECT sale_id FROM stock_picking WHERE state NOT IN ('cancel', 'done'))`,
  );
}
