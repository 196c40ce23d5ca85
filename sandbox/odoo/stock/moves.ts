import type { Row } from '../database';
import type { Environment } from '../environment';
import { userError } from '../errors';
import { num, str } from '../model';
import { unlink } from '../records';
import { updateRow } from '../rows';
import { converted, goodsOf, rounded } from './goods';
import { addLine, linesOf, unreserved } from './lines';
import { keepEntirePacks } from './packages';
import { refreshPicking } from './picking-state';
import { pickQuants } from './quants';
import { refreshDelivered } from './sales';

/** Move states that still promise or expect stock. */
export const OPEN = "('waiting', 'confirmed', 'partially_available', 'assigned')";

const isOpen = (move: Row): boolean => move.state !== 'done' && move.state !== 'cancel';

/** Sets a move's state; its lines carry it too. */
export function setState(env: Environment, move: Row, state: string): void {
  const changed = updateRow(env, 'stock_move', move, { state });
  if (!changed) return;
  env.db.run(
    'UPDATE stock_move_line SET write_date = ?, write_uid = ? WHERE move_id = ?',
    ...[env.now, env.uid, num(move.id)],
  );
  if (move.picking_id) refreshPicking(env, num(move.picking_id));
  if (move.sale_line_id) refreshDelivered(env, num(move.sale_line_id));
}

/** What a move's lines make of it: its quantity, whether it is picked, and its state while it is open. */
export function refreshMove(env: Environment, id: number): void {
  const move = env.row('stock.move', id);
  const lines = linesOf(env, id);
  const unit = num(move.product_uom);
  const quantity = rounded(
    lines.reduce((sum, line) => sum + converted(env, num(line.quantity), num(line.product_uom_id), unit), 0),
  );
  const picked =
    move.state === 'done' || lines.some((line) => line.picked) ? 1 : lines.length > 0 ? 0 : num(move.picked);
  const had = num(move.quantity);
  // What is corrected after it was done is worth as much apiece as before.
  const value = move.state === 'done' && had > 0 ? (num(move.value) * quantity) / had : (move.value ?? null);
  const changed = updateRow(env, 'stock_move', move, { quantity, picked, value });
  recomputeState(env, id);
  if (changed && move.state === 'done' && move.sale_line_id) refreshDelivered(env, num(move.sale_line_id));
}

/** Sets an open move's state from what it has of what it wants. */
export function recomputeState(env: Environment, id: number): void {
  const move = env.row('stock.move', id);
  const has = num(move.quantity);
  if (!isOpen(move) || (move.state === 'draft' && has === 0)) return;
  const before = num(move.origin_returned_move_id);
  const waits = before > 0 && isOpen(env.row('stock.move', before));
  const none = move.procure_method === 'make_to_order' || waits ? 'waiting' : 'confirmed';
  const state = has >= num(move.product_uom_qty) ? 'assigned' : has > 0 ? 'partially_available' : none;
  setState(env, move, state);
}

/** What a move that follows another one may take: what that one brought, less what others took of it. */
function broughtBy(env: Environment, move: Row): { place: Row; left: number }[] {
  const origin = num(move.origin_returned_move_id);
  const key = (place: unknown, line: Row, pack: unknown) =>
    [place, line.lot_id, pack, line.owner_id].map((part) => num(part as number | null)).join('/');
  const brought = new Map<string, { place: Row; left: number }>();
  for (const line of linesOf(env, origin)) {
    const at = key(line.location_dest_id, line, line.result_package_id);
    const entry = brought.get(at) ?? { place: line, left: 0 };
    brought.set(at, { ...entry, left: entry.left + num(line.quantity_product_uom) });
  }
  const others = env.db.all(
    `SELECT l.* FROM stock_move_line l JOIN stock_move m ON m.id = l.move_id WHERE m.origin_returned_move_id = ?
     AND m.id <> ? AND m.state IN ('done', 'assigned', 'partially_available')`,
    ...[origin, num(move.id)],
  );
  for (const line of others) {
    const entry = brought.get(key(line.location_id, line, line.package_id));
    if (entry !== undefined) entry.left -= num(line.quantity_product_uom);
  }
  return [...brought.values()].filter(({ left }) => rounded(left) > 0);
}

/** Adds to the line of the same place, lot and package when there is one, else adds a line. */
function take(env: Environment, move: Row, quant: Row, quantity: number): void {
  const goods = goodsOf(env, num(move.product_id));
  const like = linesOf(env, num(move.id)).find(
    (line) =>
      goods.tracking !== 'serial' &&
      !line.result_package_id &&
      num(line.location_id) === num(quant.location_id) &&
      num(line.lot_id) === num(quant.lot_id) &&
      num(line.package_id) === num(quant.package_id) &&
      num(line.owner_id) === num(quant.owner_id),
  );
  const from = {
    location: num(quant.location_id),
    lot: num(quant.lot_id),
    pack: num(quant.package_id),
    owner: num(quant.owner_id),
  };
  if (like !== undefined) {
    growLine(env, like, quantity);
    return;
  }
  const pieces = goods.tracking === 'serial' ? Math.trunc(quantity) : 1;
  for (let piece = 0; piece < pieces; piece += 1) {
    addLine(env, { move, quantity: goods.tracking === 'serial' ? 1 : quantity, unit: goods.unit, ...from });
  }
}

function growLine(env: Environment, line: Row, quantity: number): void {
  const { unit } = goodsOf(env, num(line.product_id));
  const more = converted(env, quantity, unit, num(line.product_uom_id));
  env.model('stock.move.line').beforeWrite?.(env, [num(line.id)], { quantity: num(line.quantity) + more });
  updateRow(env, 'stock_move_line', line, {
    quantity: rounded(num(line.quantity) + more),
    quantity_product_uom: rounded(num(line.quantity_product_uom) + quantity),
  });
  refreshMove(env, num(line.move_id));
}

/** Lines for goods that are always there: nothing is promised. */
function takeFreely(env: Environment, move: Row, wanted: number): void {
  const goods = goodsOf(env, num(move.product_id));
  let left = wanted;
  if (move.origin_returned_move_id) {
    for (const { place, left: brought } of broughtBy(env, move)) {
      const quantity = Math.min(left, brought);
      addLine(env, {
        move,
        quantity,
        unit: goods.unit,
        location: num(place.location_dest_id),
        lot: num(place.lot_id),
        ...(place.lot_id && { lotName: str(env.row('stock.lot', num(place.lot_id)).name) }),
        pack: num(place.result_package_id),
        owner: num(place.owner_id),
      });
      left = rounded(left - quantity);
      if (left <= 0) return;
    }
  }
  if (left <= 0) return;
  if (goods.tracking === 'serial') {
    for (let piece = 0; piece < Math.trunc(left); piece += 1)
      addLine(env, { move, quantity: 1, unit: goods.unit });
    return;
  }
  const like = linesOf(env, num(move.id)).find(
    (line) => !line.picked && !line.lot_id && !line.result_package_id && !line.package_id && !line.owner_id,
  );
  if (like !== undefined) growLine(env, like, left);
  else addLine(env, { move, quantity: converted(env, left, goods.unit, num(move.product_uom)) });
}

/** Reserves what is free for open moves, in that order, up to what each one wants. */
export function assign(env: Environment, ids: readonly number[]): void {
  // Odoo adds lines of goods that are always there after all the others.
  const free: [id: number, wanted: number][] = [];
  for (const id of ids) {
    const move = env.row('stock.move', id);
    if (move.picked || !['confirmed', 'waiting', 'partially_available'].includes(str(move.state))) continue;
    const goods = goodsOf(env, num(move.product_id));
    const missing = rounded(num(move.product_uom_qty) - num(move.quantity));
    if (missing <= 0) {
      setState(env, move, 'assigned');
      continue;
    }
    const wanted = converted(env, missing, num(move.product_uom), goods.unit);
    if (unreserved(env, goods, num(move.location_id))) free.push([id, wanted]);
    else if (move.origin_returned_move_id) takeBrought(env, move, wanted);
    else {
      const key = { product: goods.id, location: num(move.location_id) };
      for (const { quant, quantity } of pickQuants(env, key, wanted, false)) take(env, move, quant, quantity);
    }
    recomputeState(env, id);
  }
  for (const [id, wanted] of free) {
    takeFreely(env, env.row('stock.move', id), wanted);
    recomputeState(env, id);
  }
  keepEntirePacks(env, new Set(ids.map((id) => num(env.row('stock.move', id).picking_id))));
}

function takeBrought(env: Environment, move: Row, wanted: number): void {
  let left = wanted;
  for (const { place, left: brought } of broughtBy(env, move)) {
    const key = {
      product: num(move.product_id),
      location: num(place.location_dest_id),
      lot: num(place.lot_id),
      pack: num(place.result_package_id),
      owner: num(place.owner_id),
    };
    for (const { quant, quantity } of pickQuants(env, key, Math.min(left, brought), true)) {
      take(env, move, quant, quantity);
      left = rounded(left - quantity);
    }
  }
}

/** Gives back what open moves have reserved; picked moves keep theirs. */
export function unreserve(env: Environment, ids: readonly number[]): void {
  for (const id of ids) {
    const move = env.row('stock.move', id);
    if (move.state === 'cancel' || move.picked) continue;
    if (move.state === 'done') {
      if (env.row('stock.location', num(move.location_dest_id)).usage === 'inventory') continue;
      throw userError("You cannot unreserve a stock move that has been set to 'Done'.");
    }
    const lines = linesOf(env, id).filter((line) => !line.picked);
    if (lines.length > 0)
      unlink(
        env,
        env.model('stock.move.line'),
        lines.map((line) => num(line.id)),
      );
    recomputeState(env, id);
  }
}

/** Cancels moves and gives back what they had reserved. Refuses when one is done. */
export function cancelMoves(env: Environment, ids: readonly number[]): void {
  const moves = ids.map((id) => env.row('stock.move', id));
  const scrapped = (move: Row) => env.row('stock.location', num(move.location_dest_id)).usage === 'inventory';
  if (moves.some((move) => move.state === 'done' && !scrapped(move))) {
    throw userError(
      "You cannot cancel a stock move that has been set to 'Done'. Create a return in order to reverse the moves which took place.",
    );
  }
  for (const move of moves) {
    if (move.state === 'cancel' || move.state === 'done') continue;
    const lines = linesOf(env, num(move.id)).map((line) => num(line.id));
    env.db.run('UPDATE stock_move SET picked = 0 WHERE id = ?', num(move.id));
    if (lines.length > 0) unlink(env, env.model('stock.move.line'), lines);
    setState(env, env.row('stock.move', num(move.id)), 'cancel');
  }
}

/** Reserves for moves that wait for goods that have just come to a place. */
export function assignWaiting(
  env: Environment,
  arrived: readonly { product: number; location: number }[],
): void {
  const found = new Map<number, Row>();
  for (const { product, location } of arrived) {
    const rows = env.db.all(
      `SELECT * FROM stock_move WHERE product_id = ? AND location_id = ? AND state IN ('confirmed', 'partially_available')
       AND procure_method = 'make_to_stock'`,
      ...[product, location],
    );
    for (const row of rows) found.set(num(row.id), row);
  }
  const order = (move: Row) =>
    `${9 - num(move.priority)} ${str(move.date)} ${String(move.id).padStart(12, '0')}`;
  const moves = [...found.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  assign(
    env,
    moves.map((move) => num(move.id)),
  );
}
