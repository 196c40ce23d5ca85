import type { Environment } from '../environment';
import { userError, validationError } from '../errors';
import { type Compute, type Model, num, str } from '../model';
import { productName, rounded } from './goods';

/** Places where a lot is on hand, with how much. */
const onHand = (env: Environment, lot: number) =>
  env.db.all(
    `SELECT q.location_id, SUM(q.quantity) AS quantity FROM stock_quant q JOIN stock_location l ON l.id = q.location_id
     WHERE q.lot_id = ? AND (l.usage = 'internal' OR (l.usage = 'transit' AND l.company_id IS NOT NULL))
     GROUP BY q.location_id`,
    lot,
  );

const quantity: Compute = (env, ids) =>
  new Map(ids.map((id) => [id, rounded(onHand(env, id).reduce((sum, row) => sum + num(row.quantity), 0))]));

function checkUnique(env: Environment, id: number): void {
  const { product_id: product = null, name = null } = env.row('stock.lot', id);
  const same = env.db.all('SELECT id FROM stock_lot WHERE product_id = ? AND name = ?', product, name);
  if (same.length < 2) return;
  throw validationError(
    `The combination of lot/serial number and product must be unique within a company including when no company is defined.\nThe following combinations contain duplicates:\n - Product: ${productName(env, num(product))}, Lot/Serial Number: ${str(name)}`,
  );
}

export const lot: Model = {
  name: 'stock.lot',
  table: 'stock_lot',
  title: 'Lot/Serial',
  order: 'name, id',
  columns: ['name', 'ref', 'product_id', 'company_id', 'note'],
  one2many: ['quant_ids'],
  computed: {
    product_qty: quantity,
    product_uom_id: (env, ids, rows) =>
      new Map(
        ids.map((id) => {
          const product = env.row('product.product', num(rows.get(id)?.product_id));
          return [id, env.row('product.template', num(product.product_tmpl_id)).uom_id];
        }),
      ),
    location_id: (env, ids) =>
      new Map(
        ids.map((id) => {
          const places = env.db.all(
            'SELECT DISTINCT location_id FROM stock_quant WHERE lot_id = ? AND quantity > 0',
            id,
          );
          return [id, places.length === 1 ? places[0]?.location_id : null];
        }),
      ),
  },
  nameColumn: 'name',
  creatable: true,
  loadable: true,
  restrictedBy: [
    ['stock.quant', 'lot_id'],
    ['stock.move.line', 'lot_id'],
  ],
  defaults(env, vals) {
    if (!('name' in vals)) vals.name = String(env.db.next('lot number')).padStart(7, '0');
  },
  created: (env, id) => checkUnique(env, id),
  beforeWrite(env, ids, vals) {
    if (!vals.product_id) return;
    for (const id of ids) {
      const used = env.db.get(
        'SELECT 1 FROM stock_move_line WHERE lot_id = ? AND product_id <> ?',
        id,
        Number(vals.product_id),
      );
      if (used === undefined) continue;
      throw userError(
        'You are not allowed to change the product linked to a serial or lot number if some stock moves have already been created with that number. This would lead to inconsistencies in your stock.',
      );
    }
  },
  written(env, ids) {
    for (const id of ids) checkUnique(env, id);
  },
};
