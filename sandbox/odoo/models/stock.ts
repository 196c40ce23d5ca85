import type { Row } from '../database';
import type { Environment } from '../environment';
import { missingError, notSupported, validationError } from '../errors';
import { type Model, num, str, type Vals } from '../model';
import { roundHalfUp } from '../python';
import { OPEN, quantAt, refreshMove, reserve, unreserve } from './stock-levels';

const location: Model = {
  name: 'stock.location',
  table: 'stock_location',
  title: 'Inventory Locations',
  order: 'complete_name, id',
  columns: ['name', 'complete_name', 'usage', 'location_id', 'company_id', 'active', 'warehouse_id'],
  nameColumn: 'complete_name',
};

const warehouse: Model = {
  name: 'stock.warehouse',
  table: 'stock_warehouse',
  title: 'Warehouse',
  order: 'sequence, id',
  columns: [
    ...['name', 'code', 'active', 'company_id', 'partner_id', 'view_location_id', 'lot_stock_id', 'sequence'],
    'delivery_steps',
  ],
  nameColumn: 'name',
};

/** Whether the call counts stock; without it, `stock.quant` takes quantities as they are. */
const counting = (env: Environment) => Boolean(env.context.inventory_mode);

function checkCountable(env: Environment, productId: number, locationId: number): void {
  const product = env.row('product.product', productId);
  if (!env.row('product.template', num(product.product_tmpl_id)).is_storable) {
    throw validationError('Quants cannot be created for consumables or services.');
  }
  const place = env.row('stock.location', locationId);
  if (place.usage === 'view') {
    throw validationError(
      `You cannot take products from or deliver products to a location of type "view" (${str(place.name)}).`,
    );
  }
}

/** Puts a counted quantity on a quant; it changes nothing on hand until it is applied. */
function setCount(env: Environment, id: number, counted: number, onCreate: boolean): void {
  const quant = env.row('stock.quant', id);
  env.db.run(
    'UPDATE stock_quant SET inventory_quantity = ?, inventory_diff_quantity = ?, inventory_quantity_set = 1, write_date = ? WHERE id = ?',
    ...[counted, roundHalfUp(counted - num(quant.quantity), 2), env.now, id],
  );
  if (onCreate) {
    env.db.run(
      'UPDATE stock_quant SET inventory_date = ?, user_id = ? WHERE id = ?',
      env.now.slice(0, 10),
      env.uid,
      id,
    );
  }
}

/** Moves the counted difference between the location and the inventory adjustment, and settles reservations. */
function applyCount(env: Environment, id: number): void {
  const quant = env.row('stock.quant', id);
  const product = num(quant.product_id);
  const place = num(quant.location_id);
  const difference = num(quant.inventory_diff_quantity);
  if (difference !== 0) {
    const adjustment = env.db.get(
      "SELECT id FROM stock_location WHERE usage = 'inventory' AND active = 1 ORDER BY id",
    );
    if (adjustment === undefined) throw notSupported('a database without an inventory adjustment location');
    addQuantity(env, id, difference);
    addQuantity(env, quantAt(env, product, num(adjustment.id)), -difference);
    let short = num(quant.reserved_quantity) - (num(quant.quantity) + difference);
    const moves = `SELECT id FROM stock_move WHERE product_id = ? AND location_id = ? AND state IN ${OPEN}`;
    if (short > 0) {
      for (const move of env.db.all(`${moves} ORDER BY id DESC`, product, place)) {
        short -= unreserve(env, num(move.id), short);
        refreshMove(env, num(move.id));
        if (short <= 0) break;
      }
    } else {
      for (const move of env.db.all(`${moves} ORDER BY date, id`, product, place)) reserve(env, num(move.id));
    }
  }
  env.db.run(
    'UPDATE stock_quant SET inventory_quantity = 0, inventory_diff_quantity = 0, inventory_quantity_set = 0, inventory_date = ?, user_id = NULL, write_date = ? WHERE id = ?',
    ...[`${env.now.slice(0, 4)}-12-31`, env.now, id],
  );
}

function addQuantity(env: Environment, quantId: number, difference: number): void {
  const quantity = roundHalfUp(num(env.row('stock.quant', quantId).quantity) + difference, 2);
  env.db.run('UPDATE stock_quant SET quantity = ?, write_date = ? WHERE id = ?', quantity, env.now, quantId);
}

/** The quantity moved since it was counted: the real one opens a dialog instead of applying. */
const isOutdated = (quant: Row) =>
  Boolean(quant.inventory_quantity_set) &&
  roundHalfUp(num(quant.inventory_quantity) - num(quant.inventory_diff_quantity), 2) !== num(quant.quantity);

function applyInventory(env: Environment, ids: readonly number[]): unknown {
  const quants = ids.map((id) => env.row('stock.quant', id));
  const outdated = quants.filter(isOutdated).map((quant) => num(quant.id));
  if (outdated.length > 0) {
    return {
      name: 'Conflict in Inventory Adjustment',
      type: 'ir.actions.act_window',
      view_mode: 'form',
      views: [[false, 'form']],
      res_model: 'stock.inventory.conflict',
      target: 'new',
      context: { default_quant_ids: ids, default_quant_to_fix_ids: outdated },
    };
  }
  for (const id of ids) applyCount(env, id);
  return null;
}

function countFrom(vals: Vals): number | undefined {
  const counted = vals.inventory_quantity;
  return typeof counted === 'number' ? roundHalfUp(counted, 2) : undefined;
}

const quant: Model = {
  name: 'stock.quant',
  table: 'stock_quant',
  title: 'Quants',
  order: 'id',
  columns: [
    ...['product_id', 'location_id', 'company_id', 'quantity', 'reserved_quantity', 'inventory_quantity'],
    ...['inventory_diff_quantity', 'inventory_quantity_set', 'inventory_date', 'in_date', 'user_id'],
  ],
  computed: {
    available_quantity: (_env, ids, rows) =>
      new Map(
        ids.map((id) => {
          const row = rows.get(id);
          return [id, roundHalfUp(num(row?.quantity) - num(row?.reserved_quantity), 2)];
        }),
      ),
    lot_id: () => new Map(),
  },
  nameColumn: '',
  creatable: true,
  insteadOfCreate(env, vals) {
    const product = Number(vals.product_id);
    const place = Number(vals.location_id);
    for (const key of Object.keys(vals)) {
      if (!['product_id', 'location_id', 'inventory_quantity', 'quantity', 'company_id'].includes(key)) {
        throw notSupported(`creating a quant with ${key}`);
      }
    }
    checkCountable(env, product, place);
    const counted = countFrom(vals);
    const id = quantAt(env, product, place);
    if (counting(env) && counted !== undefined) setCount(env, id, counted, true);
    else if (!counting(env) && typeof vals.quantity === 'number') addQuantity(env, id, vals.quantity);
    else
      throw notSupported(
        'creating a quant without a counted quantity in inventory mode, or a quantity outside it',
      );
    return id;
  },
  beforeWrite(env, ids, vals) {
    for (const key of Object.keys(vals)) {
      if (key !== 'inventory_quantity') throw notSupported(`writing ${key} of a quant`);
    }
    const counted = countFrom(vals);
    if (counted === undefined) throw notSupported('a counted quantity that is no number');
    for (const id of ids) setCount(env, id, counted, false);
  },
  beforeUnlink() {
    throw notSupported('deleting quants');
  },
  methods: {
    action_apply_inventory: {
      params: [{ name: 'date', default: null }],
      run(env, ids, { date }) {
        if (date) throw notSupported('action_apply_inventory with a date');
        for (const id of ids)
          if (!env.exists('stock.quant', id)) throw missingError('stock.quant', id, env.uid);
        return applyInventory(env, ids);
      },
    },
  },
};

const picking: Model = {
  name: 'stock.picking',
  table: 'stock_picking',
  title: 'Transfer',
  order: 'priority desc, scheduled_date asc, id desc',
  columns: [
    ...[
      'name',
      'state',
      'origin',
      'partner_id',
      'picking_type_id',
      'location_id',
      'location_dest_id',
      'priority',
    ],
    ...['scheduled_date', 'date_deadline', 'date_done', 'sale_id', 'company_id', 'backorder_id'],
  ],
  one2many: ['move_ids'],
  computed: {
    picking_type_code: (_env, ids) => new Map(ids.map((id) => [id, 'outgoing'])),
    // Nothing is taken back in the stand-in.
    return_id: (_env, ids) => new Map(ids.map((id) => [id, false])),
  },
  nameColumn: 'name',
};

const move: Model = {
  name: 'stock.move',
  table: 'stock_move',
  title: 'Stock Move',
  order: 'sequence, id',
  columns: [
    ...[
      'sequence',
      'state',
      'product_id',
      'product_uom_qty',
      'product_uom',
      'quantity',
      'picked',
      'picking_id',
    ],
    ...[
      'location_id',
      'location_dest_id',
      'sale_line_id',
      'origin',
      'reference',
      'warehouse_id',
      'company_id',
    ],
    ...['date', 'procure_method'],
  ],
  computed: {
    product_qty: (_env, ids, rows) => new Map(ids.map((id) => [id, rows.get(id)?.product_uom_qty])),
  },
  nameColumn: 'reference',
  displayName: (env, ids, rows) =>
    new Map(
      ids.map((id) => {
        const row = rows.get(id);
        const code = str(env.row('product.product', num(row?.product_id)).default_code);
        const place = (at: number) => str(env.row('stock.location', at).name);
        const way = `${place(num(row?.location_id))}>${place(num(row?.location_dest_id))}`;
        const origin = row?.origin ? `${str(row.origin)}/` : '';
        return [id, `${origin}${code === '' ? '' : `${code}: `}${way}`];
      }),
    ),
};

export const stockModels: readonly Model[] = [location, warehouse, quant, picking, move];
