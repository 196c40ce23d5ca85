import type { Row } from '../database';
import type { Environment } from '../environment';
import { userError } from '../errors';
import { num, str } from '../model';
import { unlink } from '../records';
import { insertRow, updateRow } from '../rows';
import { write } from '../writing';
import { converted, goodsOf, rounded } from './goods';
import { addLine, finishLines, linesOf } from './lines';
import { assign, cancelMoves, recomputeState, setState, unreserve } from './moves';
import { weighPicking } from './picking-state';
import { checkSerials, pickQuants } from './quants';
import { dateReservation, valueEntering, valueLeaving } from './valuation';

/** Confirms draft moves and reserves for them. */
export function confirmMoves(env: Environment, ids: readonly number[]): void {
  for (const id of ids) {
    const move = env.row('stock.move', id);
    if (move.state !== 'draft') continue;
    setState(env, move, move.origin_returned_move_id ? 'waiting' : 'confirmed');
    dateReservation(env, id);
    recomputeState(env, id);
  }
  assign(env, ids);
}

/** Sets how much of a move is (to be) done, in its own unit: takes lines away from the end, or adds to them. */
export function setMoveQuantity(env: Environment, id: number, wanted: number): void {
  const move = env.row('stock.move', id);
  if (move.state === 'cancel')
    throw userError('You cannot change a cancelled stock move, create a new line instead.');
  const delta = rounded(wanted - num(move.quantity));
  if (delta < 0) shrink(env, move, -delta);
  else if (delta > 0) grow(env, move, delta);
}

function shrink(env: Environment, move: Row, quantity: number): void {
  const model = env.model('stock.move.line');
  let left = quantity;
  for (const line of linesOf(env, num(move.id)).reverse()) {
    if (left <= 0) return;
    const less = Math.min(num(line.quantity), left);
    if (less === 0) continue;
    if (less === num(line.quantity) && move.state !== 'done') unlink(env, model, [num(line.id)]);
    else write(env, model, [num(line.id)], { quantity: rounded(num(line.quantity) - less) });
    left = rounded(left - less);
  }
}

function grow(env: Environment, move: Row, quantity: number): void {
  const model = env.model('stock.move.line');
  const goods = goodsOf(env, num(move.product_id));
  let left = quantity;
  const add = (line: Row, more: number) => {
    write(env, model, [num(line.id)], { quantity: rounded(num(line.quantity) + more) });
    left = rounded(left - more);
  };
  if (goods.storable) {
    const key = { product: goods.id, location: num(move.location_id) };
    for (const { quant, quantity: free } of pickQuants(env, key, left, false)) {
      const like = linesOf(env, num(move.id)).find(
        (line) =>
          !line.result_package_id &&
          num(line.location_id) === num(quant.location_id) &&
          num(line.lot_id) === num(quant.lot_id) &&
          num(line.package_id) === num(quant.package_id),
      );
      if (like !== undefined && goods.tracking !== 'serial') add(like, Math.min(free, left));
      else {
        const from = {
          location: num(quant.location_id),
          lot: num(quant.lot_id),
          pack: num(quant.package_id),
        };
        addLine(env, { move, quantity: Math.min(free, left), unit: goods.unit, ...from });
        left = rounded(left - Math.min(free, left));
      }
    }
  }
  if (left <= 0) return;
  // There is not enough: the rest is done all the same.
  if (goods.tracking === 'serial') {
    for (let piece = 0; piece < Math.trunc(left); piece += 1)
      addLine(env, { move, quantity: 1, unit: goods.unit });
    return;
  }
  const like = linesOf(env, num(move.id)).find((line) => !line.lot_id && !line.result_package_id);
  if (like !== undefined && goods.storable === false) add(like, left);
  else addLine(env, { move, quantity: left });
}

const COPIED = [
  ...['sequence', 'product_id', 'product_uom', 'location_id', 'location_dest_id', 'location_final_id'],
  ...['picking_id', 'picking_type_id', 'partner_id', 'company_id', 'warehouse_id', 'sale_line_id', 'origin'],
  ...[
    'date',
    'date_deadline',
    'procure_method',
    'origin_returned_move_id',
    'to_refund',
    'price_unit',
    'rule_id',
    'value',
  ],
  ...['description_picking', 'priority', 'reference'],
] as const;

/** A new draft move like another one. Returns its id. */
export function copyMove(env: Environment, move: Row, values: Readonly<Record<string, Row[string]>>): number {
  const copied = Object.fromEntries(COPIED.map((name) => [name, move[name] ?? null]));
  return insertRow(env, 'stock_move', {
    ...copied,
    ...{ state: 'draft', quantity: 0, picked: 0, is_inventory: 0, product_uom_qty: 0 },
    ...values,
  });
}

/** Leaves what a move did not do to a new move of the same transfer. */
function splitRest(env: Environment, move: Row): void {
  const rest = rounded(num(move.product_uom_qty) - num(move.quantity));
  if (rest <= 0) return;
  const id = copyMove(env, move, { product_uom_qty: rest });
  updateRow(env, 'stock_move', move, { product_uom_qty: num(move.quantity) });
  recomputeState(env, num(move.id));
  weigh(env, id);
  weigh(env, num(move.id));
  confirmMoves(env, [id]);
}

/** Sets a move's weight from its demand. */
export function weigh(env: Environment, id: number): void {
  const move = env.row('stock.move', id);
  const goods = goodsOf(env, num(move.product_id));
  const wanted = converted(env, num(move.product_uom_qty), num(move.product_uom), goods.unit);
  const weight = rounded(wanted * goods.weight);
  updateRow(env, 'stock_move', move, { product_qty: wanted, weight });
  if (weight !== num(move.weight) && move.picking_id) weighPicking(env, num(move.picking_id));
}

function checkPackages(env: Environment, packages: ReadonlySet<number>): void {
  for (const id of packages) {
    const places = env.db.all(
      'SELECT DISTINCT location_id FROM stock_quant WHERE package_id = ? AND quantity > 0',
      id,
    );
    if (places.length > 1) {
      throw userError(
        'You cannot move the same package content more than once in the same transfer or split the same package into two location.',
      );
    }
  }
}

/**
 * Does moves: what is picked goes, the rest waits in new moves, or is cancelled.
 * @param cancelRest nothing waits: what is not done is not wanted any more
 * @returns the moves that are done now
 */
export function finishMoves(env: Environment, ids: readonly number[], cancelRest = false): number[] {
  confirmMoves(
    env,
    ids.filter((id) => env.row('stock.move', id).state === 'draft'),
  );
  const lineModel = env.model('stock.move.line');
  for (const id of ids) {
    const move = env.row('stock.move', id);
    if (move.state === 'done' || move.state === 'cancel') continue;
    const idle = (num(move.quantity) <= 0 || !move.picked) && !move.is_inventory;
    if (idle && (num(move.product_uom_qty) === 0 || cancelRest)) cancelMoves(env, [id]);
    else if (move.picked) {
      const left = linesOf(env, id).filter((line) => !line.picked);
      if (left.length > 0)
        unlink(
          env,
          lineModel,
          left.map((line) => num(line.id)),
        );
    }
  }
  const todo = ids.filter((id) => {
    const move = env.row('stock.move', id);
    const empty = num(move.quantity) <= 0 && !move.is_inventory;
    return move.state !== 'cancel' && move.state !== 'done' && !empty && Boolean(move.picked);
  });
  for (const id of todo) valueLeaving(env, id);
  if (!cancelRest) for (const id of todo) splitRest(env, env.row('stock.move', id));
  const lines = todo.flatMap((id) => linesOf(env, id));
  finishLines(
    env,
    lines.map((line) => num(line.id)),
  );
  checkPackages(env, new Set(lines.map((line) => num(line.result_package_id)).filter((id) => id > 0)));
  for (const id of todo) {
    const move = env.row('stock.move', id);
    updateRow(env, 'stock_move', move, { date: env.now });
    setState(env, move, 'done');
    valueEntering(env, id);
  }
  for (const id of todo) {
    const move = env.row('stock.move', id);
    const lots = linesOf(env, id).map((line) => num(line.lot_id));
    const target = num(move.location_dest_id);
    checkSerials(env, num(move.product_id), target, [...new Set(lots.filter((lot) => lot > 0))]);
  }
  return todo;
}

/** Changes how much a move wants; what it has reserved beyond that is given back. */
export function demandChanged(env: Environment, before: Row): void {
  const id = num(before.id);
  const move = env.row('stock.move', id);
  weigh(env, id);
  if (!['draft', 'done', 'cancel'].includes(str(move.state))) {
    if (num(move.quantity) > num(move.product_uom_qty)) unreserve(env, [id]);
    recomputeState(env, id);
  }
}
