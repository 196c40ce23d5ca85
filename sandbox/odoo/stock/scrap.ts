import type { Environment } from '../environment';
import { userError } from '../errors';
import { type Model, num, str } from '../model';
import { insertRow, updateRow } from '../rows';
import { goodsOf } from './goods';
import { addLine } from './lines';
import { finishMoves, weigh } from './move-done';
import { adjustmentPlace } from './places';

/** Takes the scrapped goods out of stock. */
function scrapOut(env: Environment, id: number): void {
  const row = env.row('stock.scrap', id);
  const name = `SP/${String(env.db.next('scrap number')).padStart(5, '0')}`;
  const move = insertRow(env, 'stock_move', {
    ...{ sequence: 10, state: 'confirmed', procure_method: 'make_to_stock', priority: '0', to_refund: 1 },
    product_id: num(row.product_id),
    product_uom: num(row.product_uom_id),
    product_uom_qty: num(row.scrap_qty),
    quantity: 0,
    picked: 1,
    picking_id: row.picking_id ?? null,
    location_id: num(row.location_id),
    location_dest_id: num(row.scrap_location_id),
    origin: row.origin ?? name,
    reference: name,
    scrap_id: id,
    company_id: 1,
    date: env.now,
  });
  weigh(env, move);
  addLine(env, {
    move: env.row('stock.move', move),
    quantity: num(row.scrap_qty),
    lot: num(row.lot_id),
    pack: num(row.package_id),
  });
  finishMoves(env, [move]);
  updateRow(env, 'stock_scrap', row, { name, state: 'done', date_done: env.now });
}

function validateScrap(env: Environment, id: number): unknown {
  const row = env.row('stock.scrap', id);
  if (num(row.scrap_qty) === 0) throw userError('You can only enter positive quantities.');
  const goods = goodsOf(env, num(row.product_id));
  if (goods.storable) {
    const onHand = env.db
      .all(
        'SELECT * FROM stock_quant WHERE product_id = ? AND location_id = ?',
        goods.id,
        num(row.location_id),
      )
      .filter(
        (quant) => num(quant.lot_id) === num(row.lot_id) && num(quant.package_id) === num(row.package_id),
      )
      .reduce((sum, quant) => sum + num(quant.quantity), 0);
    if (onHand < num(row.scrap_qty)) {
      return {
        name: `${str(env.displayNames('product.product', [goods.id]).get(goods.id) as string)}: Insufficient Quantity To Scrap`,
        view_mode: 'form',
        res_model: 'stock.warn.insufficient.qty.scrap',
        type: 'ir.actions.act_window',
        target: 'new',
        context: { ...env.context, default_product_id: goods.id, default_scrap_id: id },
      };
    }
  }
  scrapOut(env, id);
  return true;
}

export const scrap: Model = {
  name: 'stock.scrap',
  table: 'stock_scrap',
  title: 'Scrap',
  order: 'id desc',
  columns: [
    ...['name', 'state', 'product_id', 'product_uom_id', 'scrap_qty', 'lot_id', 'package_id', 'picking_id'],
    ...['location_id', 'scrap_location_id', 'origin', 'date_done', 'company_id'],
  ],
  one2many: ['move_ids'],
  nameColumn: 'name',
  creatable: true,
  defaults(env, vals) {
    vals.name ??= 'New';
    vals.state ??= 'draft';
    vals.company_id ??= 1;
    const product = Number(vals.product_id || 0);
    if (product > 0) vals.product_uom_id ??= goodsOf(env, product).unit;
    vals.scrap_qty ??= 1;
    if (!vals.location_id) vals.location_id = num(env.row('stock.warehouse', 1).lot_stock_id);
    vals.scrap_location_id ??= adjustmentPlace(env);
  },
  methods: {
    action_validate: {
      params: [],
      run: (env, [id = 0]) => validateScrap(env, id),
    },
    do_scrap: {
      params: [],
      run(env, ids) {
        for (const id of ids) scrapOut(env, id);
        return true;
      },
    },
  },
};
