import type { Row } from '../database';
import type { Environment } from '../environment';
import { notSupported, userError } from '../errors';
import { type Model, num, str } from '../model';
import { unlink } from '../records';
import { goodsOf } from './goods';
import { linesOf } from './lines';
import { demandChanged, setMoveQuantity, weigh } from './move-done';
import { cancelMoves } from './moves';
import { refreshPicking, weighPicking } from './picking-state';
import { setPicked } from './pickings';
import { moveFacts } from './valuation';

/** Demand before a write, to tell what it changes; within one call only. */
const before = new WeakMap<Environment, Map<number, Row>>();

function displayName(env: Environment, row: Row): string {
  const code = str(env.row('product.product', num(row.product_id)).default_code);
  const place = (at: number) => str(env.row('stock.location', at).name);
  const picking = row.picking_id ? env.row('stock.picking', num(row.picking_id)) : undefined;
  const origin = picking?.origin ? `${str(picking.origin)}/` : '';
  const way = `${place(num(row.location_id))}>${place(num(row.location_dest_id))}`;
  return `${origin}${code === '' ? '' : `${code}: `}${way}`;
}

export const move: Model = {
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
      'product_qty',
      'product_uom',
      'quantity',
      'picked',
    ],
    ...[
      'picking_id',
      'picking_type_id',
      'location_id',
      'location_dest_id',
      'location_final_id',
      'sale_line_id',
    ],
    ...['origin', 'reference', 'warehouse_id', 'company_id', 'partner_id', 'date', 'date_deadline'],
    ...[
      'procure_method',
      'is_inventory',
      'inventory_name',
      'origin_returned_move_id',
      'to_refund',
      'priority',
    ],
    ...['price_unit', 'weight', 'rule_id', 'description_picking', 'scrap_id', 'reservation_date'],
    'value',
  ],
  one2many: ['move_line_ids', 'returned_move_ids'],
  related: {
    has_tracking: 'product_id.tracking',
    location_usage: 'location_id.usage',
    location_dest_usage: 'location_dest_id.usage',
    picking_code: 'picking_type_id.code',
  },
  computed: {
    ...moveFacts,
    lot_ids: (env, ids) =>
      new Map(
        ids.map((id) => {
          const lots = linesOf(env, id).filter((line) => line.lot_id && num(line.quantity) !== 0);
          return [id, [...new Set(lots.map((line) => num(line.lot_id)))].sort((a, b) => a - b)];
        }),
      ),
    move_orig_ids: (_env, ids, rows) =>
      new Map(
        ids.map((id) => {
          const origin = num(rows.get(id)?.origin_returned_move_id);
          return [id, origin > 0 ? [origin] : []];
        }),
      ),
    move_dest_ids: (env, ids) =>
      new Map(
        ids.map((id) => [
          id,
          env.db
            .all('SELECT id FROM stock_move WHERE origin_returned_move_id = ? ORDER BY id', id)
            .map((row) => num(row.id)),
        ]),
      ),
  },
  inverse: {
    quantity(env, ids, value) {
      for (const id of ids) setMoveQuantity(env, id, Number(value || 0));
    },
    picked(env, ids, value) {
      for (const id of ids) setPicked(env, id, Boolean(value));
    },
  },
  nameColumn: 'reference',
  creatable: true,
  loadable: true,
  displayName: (env, ids, rows) => new Map(ids.map((id) => [id, displayName(env, rows.get(id) ?? {})])),
  defaults(env, vals) {
    const picking = vals.picking_id ? env.row('stock.picking', Number(vals.picking_id)) : undefined;
    const product = Number(vals.product_id || 0);
    if (product > 0) vals.product_uom ??= goodsOf(env, product).unit;
    vals.sequence ??= 10;
    vals.state ??= 'draft';
    vals.product_uom_qty ??= 0;
    vals.company_id ??= picking?.company_id ?? 1;
    vals.date ??= picking?.scheduled_date ?? env.now;
    vals.procure_method ??= 'make_to_stock';
    vals.to_refund ??= true;
    vals.priority ??= '0';
    if (picking !== undefined) {
      vals.picking_type_id ??= picking.picking_type_id;
      vals.partner_id ??= picking.partner_id;
      vals.location_id ??= picking.location_id;
      vals.location_dest_id ??= picking.location_dest_id;
      vals.reference ??= picking.name;
    }
    if ('lot_ids' in vals) throw notSupported('creating a move with lot_ids');
  },
  created(env, id, vals) {
    // The column starts empty where the caller gave no quantity.
    env.db.run(
      'UPDATE stock_move SET quantity = COALESCE(quantity, 0), picked = COALESCE(picked, 0) WHERE id = ?',
      id,
    );
    if (vals.picked) setPicked(env, id, true);
    weigh(env, id);
    const row = env.row('stock.move', id);
    if (row.picking_id) refreshPicking(env, num(row.picking_id));
  },
  beforeWrite(env, ids, vals) {
    for (const key of ['product_id', 'picking_id', 'state', 'lot_ids', 'location_id', 'location_dest_id']) {
      if (key in vals) throw notSupported(`writing ${key} of a move`);
    }
    const rows = env.rows('stock.move', ids);
    if ('quantity' in vals && [...rows.values()].some((row) => row.state === 'cancel')) {
      throw userError('You cannot change a cancelled stock move, create a new line instead.');
    }
    if ('product_uom' in vals) {
      for (const row of rows.values()) {
        if (row.state === 'done') {
          throw userError("You cannot change the UoM for a stock move that has been set to 'Done'.");
        }
        if (num(row.product_uom) !== Number(vals.product_uom))
          throw notSupported('writing another unit of a move');
      }
    }
    if ('product_uom_qty' in vals) before.set(env, rows);
  },
  written(env, ids, vals) {
    for (const id of ids) {
      const old = before.get(env)?.get(id);
      if (old !== undefined && 'product_uom_qty' in vals) demandChanged(env, old);
      const row = env.row('stock.move', id);
      if (row.picking_id) refreshPicking(env, num(row.picking_id));
    }
    before.delete(env);
  },
  beforeUnlink(env, ids) {
    for (const id of ids) {
      const row = env.row('stock.move', id);
      if (!['draft', 'cancel'].includes(str(row.state)) && row.origin_returned_move_id)
        throw userError('You can not delete moves linked to another operation');
      const lines = linesOf(env, id).map((line) => num(line.id));
      if (lines.length > 0) unlink(env, env.model('stock.move.line'), lines);
    }
  },
  unlinked(env, rows) {
    for (const id of new Set(rows.map((row) => num(row.picking_id))))
      if (id > 0 && env.exists('stock.picking', id)) {
        weighPicking(env, id);
        refreshPicking(env, id);
      }
  },
};

/** Deletes moves that were never done. */
export function dropMoves(env: Environment, ids: readonly number[]): void {
  cancelMoves(env, ids);
  if (ids.length > 0) unlink(env, move, ids);
}
