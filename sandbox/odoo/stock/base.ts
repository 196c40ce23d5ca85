import type { Value } from '../database';

/** Inserts a record of a new database under Odoo's own id, with its external id. */
export type Insert = (table: string, id: number, values: Record<string, Value>, xmlid?: string) => void;

/** Columns that the stock engine looks rows up by; several with a comma. */
export const STOCK_INDEXES: readonly (readonly [table: string, columns: string])[] = [
  ['stock_location', 'location_id'],
  ['stock_quant', 'product_id,location_id,package_id'],
  ['stock_quant', 'lot_id'],
  ['stock_quant', 'package_id'],
  ['stock_lot', 'product_id'],
  ['stock_lot', 'name'],
  ['stock_move', 'product_id,state'],
  ['stock_move', 'picking_id'],
  ['stock_move', 'sale_line_id'],
  ['stock_move', 'origin_returned_move_id'],
  ['stock_move_line', 'move_id'],
  ['stock_move_line', 'picking_id'],
  ['stock_move_line', 'product_id'],
  ['stock_move_line', 'lot_id'],
  ['stock_move_line', 'package_id'],
  ['stock_move_line', 'result_package_id'],
  ['stock_package', 'name'],
  ['stock_picking', 'sale_id'],
  ['stock_picking', 'name'],
  ['stock_picking', 'backorder_id'],
  ['stock_picking', 'return_id'],
  ['stock_picking', 'carrier_tracking_ref'],
  ['stock_return_picking_line', 'wizard_id'],
  ['stock_backorder_confirmation_line', 'backorder_confirmation_id'],
];

/** The places, the warehouse and the kinds of transfers of a new database. */
export function fillStock(insert: Insert): void {
  const place = (name: string, usage: string, more: Record<string, Value>) => ({
    ...{ name, complete_name: name, usage, active: 1, ...more },
  });
  const inWarehouse = { location_id: 4, company_id: 1, warehouse_id: 1, parent_path: '4/5/' };
  insert(
    'stock_location',
    1,
    place('Vendors', 'supplier', { parent_path: '1/' }),
    'stock.stock_location_suppliers',
  );
  insert(
    'stock_location',
    2,
    place('Customers', 'customer', { parent_path: '2/' }),
    'stock.stock_location_customers',
  );
  insert('stock_location', 4, place('WH', 'view', { company_id: 1, warehouse_id: 1, parent_path: '4/' }));
  const stock = { ...place('Stock', 'internal', inWarehouse), complete_name: 'WH/Stock' };
  insert('stock_location', 5, stock, 'stock.stock_location_stock');
  insert(
    'stock_location',
    11,
    place('Inventory adjustment', 'inventory', { company_id: 1, parent_path: '11/' }),
  );
  insert('stock_location', 12, place('Production', 'production', { company_id: 1, parent_path: '12/' }));
  const warehouse = { name: 'My Company', code: 'WH', active: 1, company_id: 1, partner_id: 1, sequence: 10 };
  const steps = { delivery_steps: 'ship_only', reception_steps: 'one_step' };
  const places = { view_location_id: 4, lot_stock_id: 5, in_type_id: 1, out_type_id: 2, int_type_id: 7 };
  insert('stock_warehouse', 1, { ...warehouse, ...steps, ...places }, 'stock.warehouse0');
  fillTransfers(insert);
}

/** The kinds of transfers of a new database, and how they are carried. */
export function fillTransfers(insert: Insert): void {
  const type = (name: string, code: string, sequenceCode: string, more: Record<string, Value>) => ({
    ...{ name, code, sequence_code: sequenceCode, warehouse_id: 1, company_id: 1, sequence: 1 },
    ...{ create_backorder: 'ask', reservation_method: 'at_confirm', is_favorite: 0, active: 1, ...more },
  });
  const receipt = { default_location_src_id: 1, default_location_dest_id: 5, return_picking_type_id: 2 };
  const delivery = { default_location_src_id: 5, default_location_dest_id: 2, return_picking_type_id: 1 };
  insert(
    'stock_picking_type',
    1,
    type('Receipts', 'incoming', 'IN', { ...receipt, use_create_lots: 1, use_existing_lots: 0 }),
    'stock.picking_type_in',
  );
  insert(
    'stock_picking_type',
    2,
    type('Delivery Orders', 'outgoing', 'OUT', { ...delivery, use_create_lots: 0, use_existing_lots: 1 }),
    'stock.picking_type_out',
  );
  // Odoo hides internal transfers until several locations are switched on.
  const internal = { default_location_src_id: 5, default_location_dest_id: 5, active: 0 };
  insert(
    'stock_picking_type',
    7,
    type('Internal Transfers', 'internal', 'INT', { ...internal, use_create_lots: 0, use_existing_lots: 1 }),
    'stock.picking_type_internal',
  );
  const carrier = {
    ...{ name: 'Standard delivery', active: 1, sequence: 1, delivery_type: 'fixed', fixed_price: 0 },
    ...{ integration_level: 'rate_and_ship', invoice_policy: 'estimated' },
  };
  insert('delivery_carrier', 1, carrier, 'delivery.free_delivery_carrier');
}
