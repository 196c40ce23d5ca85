import type { Row } from '../database';
import type { Environment } from '../environment';
import { num } from '../model';
import { asRecord } from '../python';
import { insertRow, updateRow } from '../rows';
import { goodsOf, rounded } from './goods';
import { addLine, linesOf } from './lines';
import { finishMoves, weigh } from './move-done';
import { assignWaiting } from './moves';
import { adjustmentPlace } from './places';

/** Puts a counted quantity on a quant; it changes nothing on hand until it is applied. */
export function setCount(env: Environment, id: number, counted: number): void {
  const quant = env.row('stock.quant', id);
  updateRow(env, 'stock_quant', quant, {
    inventory_quantity: rounded(counted),
    inventory_diff_quantity: rounded(counted - num(quant.quantity)),
    inventory_quantity_set: 1,
  });
}

/** Takes a count off a quant. */
export function clearCount(env: Environment, id: number): void {
  updateRow(env, 'stock_quant', env.row('stock.quant', id), {
    inventory_quantity: 0,
    inventory_diff_quantity: 0,
    inventory_quantity_set: 0,
    user_id: null,
  });
}

/** The quantity moved since it was counted. */
export const isOutdated = (quant: Row): boolean =>
  Boolean(quant.inventory_quantity_set) &&
  rounded(num(quant.inventory_quantity) - num(quant.inventory_diff_quantity)) !== num(quant.quantity);

/** What a move of a count is called. */
function referenceOf(env: Environment, quantity: number): string {
  const name = env.context.inventory_name;
  if (typeof name === 'string' && name !== '') return name;
  const user = env.row('res.users', env.uid);
  const what = quantity === 0 ? 'Product Quantity Confirmed' : 'Product Quantity Updated';
  return `${what} (${String(user.name ?? '')})`;
}

/** The move that brings a quant to what was counted. */
function countMove(env: Environment, quant: Row): number {
  const difference = num(quant.inventory_diff_quantity);
  const adjustment = adjustmentPlace(env);
  const place = num(quant.location_id);
  const found = difference > 0;
  const from = found ? adjustment : place;
  const to = found ? place : adjustment;
  const unit = goodsOf(env, num(quant.product_id)).unit;
  const quantity = Math.abs(difference);
  const id = insertRow(env, 'stock_move', {
    sequence: 10,
    state: 'confirmed',
    product_id: num(quant.product_id),
    product_uom: unit,
    product_uom_qty: quantity,
    quantity: 0,
    picked: 1,
    location_id: from,
    location_dest_id: to,
    is_inventory: 1,
    inventory_name: typeof env.context.inventory_name === 'string' ? env.context.inventory_name : null,
    reference: referenceOf(env, quantity),
    company_id: 1,
    date: env.now,
    procure_method: 'make_to_stock',
    to_refund: 1,
    priority: '0',
  });
  weigh(env, id);
  const line = addLine(env, {
    move: env.row('stock.move', id),
    quantity,
    lot: num(quant.lot_id),
    pack: found ? 0 : num(quant.package_id),
    owner: num(quant.owner_id),
  });
  if (found && quant.package_id) {
    env.db.run('UPDATE stock_move_line SET result_package_id = ? WHERE id = ?', num(quant.package_id), line);
  }
  return id;
}

/** Applies counts: what was found comes in, what is missing goes out, and who waits gets what came. */
export function applyCounts(env: Environment, ids: readonly number[], date?: string): void {
  const moves = ids.map((id) => {
    const quant = env.row('stock.quant', id);
    if (!quant.inventory_quantity_set) setCount(env, id, num(quant.inventory_quantity));
    return countMove(env, env.row('stock.quant', id));
  });
  finishMoves(env, moves);
  for (const id of date === undefined ? [] : moves) {
    updateRow(env, 'stock_move', env.row('stock.move', id), { date: date ?? null });
    for (const line of linesOf(env, id)) updateRow(env, 'stock_move_line', line, { date: date ?? null });
  }
  assignWaiting(
    env,
    moves.map((id) => {
      const move = env.row('stock.move', id);
      return { product: num(move.product_id), location: num(move.location_dest_id) };
    }),
  );
  for (const id of ids) {
    updateRow(env, 'stock_quant', env.row('stock.quant', id), {
      inventory_date: `${env.now.slice(0, 4)}-12-31`,
    });
    clearCount(env, id);
  }
}

/**
 * `action_apply_inventory`.
 * @param date when it was counted, `YYYY-MM-DD HH:MM:SS`; now when left out
 * @returns null, or the dialog of a conflict when a quantity moved since it was counted; nothing is applied then
 */
export function applyOrAsk(env: Environment, ids: readonly number[], date?: string): unknown {
  const outdated = ids.filter((id) => isOutdated(env.row('stock.quant', id)));
  if (outdated.length > 0) {
    return {
      name: 'Conflict in Inventory Adjustment',
      type: 'ir.actions.act_window',
      view_mode: 'form',
      views: [[false, 'form']],
      res_model: 'stock.inventory.conflict',
      target: 'new',
      context: { ...asRecord(env.context), default_quant_ids: ids, default_quant_to_fix_ids: outdated },
    };
  }
  applyCounts(env, ids, date);
  return null;
}
