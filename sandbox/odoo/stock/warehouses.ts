import type { Environment } from '../environment';
import { DatabaseError, notSupported } from '../errors';
import { type Model, num, str } from '../model';
import { insertRow } from '../rows';

/** The places and kinds of transfers of a new warehouse. Odoo makes more, which are hidden in one step. */
function furnish(env: Environment, id: number): void {
  const row = env.row('stock.warehouse', id);
  const code = str(row.code);
  const company = row.company_id ?? null;
  const place = { active: 1, company_id: company, warehouse_id: id };
  const view = insertRow(env, 'stock_location', { ...place, name: code, complete_name: code, usage: 'view' });
  env.db.run('UPDATE stock_location SET parent_path = ? WHERE id = ?', `${view}/`, view);
  const stock = insertRow(env, 'stock_location', {
    ...place,
    ...{ name: 'Stock', complete_name: `${code}/Stock`, usage: 'internal', location_id: view },
  });
  env.db.run('UPDATE stock_location SET parent_path = ? WHERE id = ?', `${view}/${stock}/`, stock);
  const end = (usage: string) =>
    num(env.db.get('SELECT id FROM stock_location WHERE usage = ? ORDER BY id', usage)?.id);
  const type = (name: string, kind: string, sequenceCode: string, from: number, to: number) =>
    insertRow(env, 'stock_picking_type', {
      ...{ name, code: kind, sequence_code: sequenceCode, warehouse_id: id, company_id: company },
      ...{ default_location_src_id: from, default_location_dest_id: to, sequence: 10 + id, active: 1 },
      ...{ create_backorder: 'ask', reservation_method: 'at_confirm', is_favorite: 0 },
      ...{ use_create_lots: kind === 'incoming' ? 1 : 0, use_existing_lots: kind === 'incoming' ? 0 : 1 },
      barcode: `${code}${sequenceCode}`,
    });
  const receipts = type('Receipts', 'incoming', 'IN', end('supplier'), stock);
  const internal = type('Internal Transfers', 'internal', 'INT', stock, stock);
  const deliveries = type('Delivery Orders', 'outgoing', 'OUT', stock, end('customer'));
  const backWith = 'UPDATE stock_picking_type SET return_picking_type_id = ? WHERE id = ?';
  env.db.run(backWith, deliveries, receipts);
  env.db.run(backWith, receipts, deliveries);
  env.db.run(
    'UPDATE stock_warehouse SET view_location_id = ?, lot_stock_id = ?, in_type_id = ?, out_type_id = ?, int_type_id = ? WHERE id = ?',
    ...[view, stock, receipts, deliveries, internal, id],
  );
}

export const warehouse: Model = {
  name: 'stock.warehouse',
  table: 'stock_warehouse',
  title: 'Warehouse',
  order: 'sequence, id',
  columns: [
    ...['name', 'code', 'active', 'company_id', 'partner_id', 'view_location_id', 'lot_stock_id', 'sequence'],
    ...['delivery_steps', 'reception_steps', 'in_type_id', 'out_type_id', 'int_type_id'],
  ],
  nameColumn: 'name',
  creatable: true,
  defaults(env, vals) {
    for (const [name, simple] of [
      ['delivery_steps', 'ship_only'],
      ['reception_steps', 'one_step'],
    ] as const) {
      vals[name] ??= simple;
      if (vals[name] !== simple) throw notSupported(`a warehouse with ${name} ${String(vals[name])}`);
    }
    vals.active ??= true;
    vals.company_id ??= 1;
    vals.partner_id ??= num(env.row('res.company', 1).partner_id);
    vals.sequence ??= 10;
    const [place] = env.db.all('SELECT id FROM stock_location WHERE usage = ?', 'view');
    // Both are required; `furnish` replaces them.
    vals.view_location_id ??= num(place?.id);
    vals.lot_stock_id ??= num(place?.id);
    for (const name of ['in_type_id', 'out_type_id', 'int_type_id']) vals[name] ??= 1;
    if (env.db.get('SELECT 1 FROM stock_warehouse WHERE name = ?', String(vals.name))) {
      throw new DatabaseError('unique', 'The name of the warehouse must be unique per company!');
    }
  },
  created: (env, id) => furnish(env, id),
  beforeWrite(_env, _ids, vals) {
    for (const name of ['code', 'delivery_steps', 'reception_steps', 'view_location_id', 'lot_stock_id']) {
      if (name in vals) throw notSupported(`writing ${name} of a warehouse`);
    }
  },
};
