import type { Row } from '../database';
import type { Environment } from '../environment';
import { type Model, num, str } from '../model';

/** Whether a location is no stock of our own: nothing is reserved there, and it may run below zero. */
export const outside = (location: Row): boolean =>
  ['supplier', 'customer', 'inventory', 'production'].includes(str(location.usage));

/** A location and everything in it. */
export function within(env: Environment, roots: readonly number[]): Set<number> {
  const found = new Set<number>();
  const queue = [...roots];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    for (const row of env.db.all('SELECT id FROM stock_location WHERE location_id = ?', id))
      queue.push(num(row.id));
  }
  return found;
}

/** Where what a count finds comes from, and what it misses goes to. */
export function adjustmentPlace(env: Environment): number {
  const row = env.db.get(
    "SELECT id FROM stock_location WHERE usage = 'inventory' AND active = 1 ORDER BY id LIMIT 1",
  );
  return num(row?.id);
}

/** The next name of a transfer of that type, such as WH/OUT/00001. */
export function nextName(env: Environment, type: Row): string {
  const warehouse = env.row('stock.warehouse', num(type.warehouse_id));
  const code = str(type.sequence_code);
  const sequence = num(type.id) === 2 ? 'delivery number' : `transfer ${num(type.id)}`;
  return `${str(warehouse.code)}/${code}/${String(env.db.next(sequence)).padStart(5, '0')}`;
}

function completeName(env: Environment, row: Row): string {
  const parent = num(row.location_id);
  // Odoo leaves a parent of type "view" out, but for the one that names the warehouse.
  return parent > 0 && row.usage !== 'view'
    ? `${str(env.row('stock.location', parent).complete_name)}/${str(row.name)}`
    : str(row.name);
}

function warehouseOf(env: Environment, row: Row): number | null {
  for (let at: Row | undefined = row; at !== undefined; ) {
    const found = env.db.get('SELECT id FROM stock_warehouse WHERE view_location_id = ?', num(at.id));
    if (found !== undefined) return num(found.id);
    at = at.location_id ? env.row('stock.location', num(at.location_id)) : undefined;
  }
  return null;
}

function depth(env: Environment, id: number): number {
  const above = num(env.row('stock.location', id).location_id);
  return above > 0 ? 1 + depth(env, above) : 0;
}

/** Sets what follows from where a location lies. Those above it come first. */
function placeWithin(env: Environment, row: Row): void {
  const above = row.location_id ? str(env.row('stock.location', num(row.location_id)).parent_path) : '';
  env.db.run(
    'UPDATE stock_location SET complete_name = ?, warehouse_id = ?, parent_path = ? WHERE id = ?',
    ...[completeName(env, row), warehouseOf(env, row), `${above}${num(row.id)}/`, num(row.id)],
  );
}

const location: Model = {
  name: 'stock.location',
  table: 'stock_location',
  title: 'Inventory Locations',
  order: 'complete_name, id',
  columns: [
    'name',
    'complete_name',
    'usage',
    'location_id',
    'company_id',
    'active',
    'warehouse_id',
    'barcode',
    'parent_path',
  ],
  one2many: ['child_ids', 'quant_ids'],
  nameColumn: 'complete_name',
  creatable: true,
  restrictedBy: [['stock.quant', 'location_id']],
  defaults(_env, vals) {
    vals.usage ??= 'internal';
    vals.active ??= true;
    if (!('company_id' in vals)) vals.company_id = 1;
  },
  created(env, id) {
    placeWithin(env, env.row('stock.location', id));
  },
  written(env, ids, vals) {
    if (!('name' in vals || 'location_id' in vals)) return;
    for (const id of [...within(env, ids)].sort((a, b) => depth(env, a) - depth(env, b))) {
      placeWithin(env, env.row('stock.location', id));
    }
  },
};

const pickingType: Model = {
  name: 'stock.picking.type',
  table: 'stock_picking_type',
  title: 'Picking Type',
  order: 'is_favorite desc, sequence, id',
  columns: [
    ...['name', 'code', 'sequence_code', 'sequence', 'warehouse_id', 'company_id', 'active', 'barcode'],
    ...['default_location_src_id', 'default_location_dest_id', 'return_picking_type_id', 'create_backorder'],
    ...['use_create_lots', 'use_existing_lots', 'reservation_method', 'is_favorite'],
  ],
  nameColumn: 'name',
  displayName: (env, ids, rows) =>
    new Map(
      ids.map((id) => {
        const row = rows.get(id);
        const at = num(row?.warehouse_id);
        const prefix = at > 0 ? `${str(env.row('stock.warehouse', at).name)}: ` : '';
        return [id, `${prefix}${str(row?.name)}`];
      }),
    ),
};

const reference: Model = {
  name: 'stock.reference',
  table: 'stock_reference',
  title: 'Reference between stock documents',
  order: 'id',
  columns: ['name'],
  nameColumn: 'name',
};

export const placeModels: readonly Model[] = [location, pickingType, reference];
