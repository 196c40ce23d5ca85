import type { Row } from '../database';
import type { Environment } from '../environment';
import { num, str } from '../model';
import { updateRow } from '../rows';
import { rounded } from './goods';
import { outside } from './places';
import { refreshDeliveryStatus } from './sales';

const IMPORTANCE: Readonly<Record<string, number>> = {
  assigned: 4,
  waiting: 3,
  partially_available: 2,
  confirmed: 1,
};

/** The state that open moves of one transfer make together. */
function together(moves: readonly Row[], allAtOnce: boolean): string {
  const todo = moves
    .filter((move) => !(move.state === 'assigned' && num(move.product_uom_qty) === 0))
    .sort(
      (a, b) =>
        (IMPORTANCE[str(a.state)] ?? 0) - (IMPORTANCE[str(b.state)] ?? 0) ||
        num(a.product_uom_qty) - num(b.product_uom_qty),
    );
  const [first] = todo;
  const last = todo.at(-1);
  if (first === undefined || last === undefined) return 'assigned';
  if (allAtOnce) {
    if (todo.every((move) => num(move.product_uom_qty) === 0)) return 'assigned';
    return first.state === 'partially_available' ? 'confirmed' : str(first.state);
  }
  const some = todo.some((move) => move.state === 'assigned' || move.state === 'partially_available');
  if (first.state !== 'assigned' && some) return 'partially_available';
  return last.state === 'confirmed' && num(last.product_uom_qty) === 0 ? 'assigned' : str(last.state);
}

function stateOf(env: Environment, picking: Row, moves: readonly Row[]): string {
  if (moves.length === 0) return picking.state === 'cancel' ? 'cancel' : 'draft';
  if (moves.some((move) => move.state === 'draft')) return 'draft';
  if (moves.every((move) => move.state === 'cancel')) return 'cancel';
  const open = moves.filter((move) => move.state !== 'cancel' && move.state !== 'done');
  if (open.length === 0) {
    const scrapped = (move: Row) =>
      env.row('stock.location', num(move.location_dest_id)).usage === 'inventory';
    const onlyScrap = moves.every((move) => move.state !== 'done' || scrapped(move));
    const cancelled = moves.some((move) => move.state === 'cancel' && !scrapped(move));
    return onlyScrap && cancelled ? 'cancel' : 'done';
  }
  if (
    outside(env.row('stock.location', num(picking.location_id))) &&
    moves.every((move) => move.procure_method === 'make_to_stock')
  ) {
    return 'assigned';
  }
  const state = together(open, picking.move_type === 'one');
  return state === 'partially_available' ? 'assigned' : state;
}

/** Sets a transfer's weight from its moves'. Odoo does not when one is only cancelled. */
export function weighPicking(env: Environment, id: number): void {
  if (id === 0) return;
  const row = env.db.get(
    "SELECT COALESCE(SUM(weight), 0) AS weight FROM stock_move WHERE picking_id = ? AND state <> 'cancel'",
    id,
  );
  updateRow(env, 'stock_picking', env.row('stock.picking', id), { weight: rounded(num(row?.weight)) });
}

/** Sets what a transfer's moves make of it: state and dates. */
export function refreshPicking(env: Environment, id: number): void {
  if (id === 0) return;
  const picking = env.row('stock.picking', id);
  const moves = env.db.all('SELECT * FROM stock_move WHERE picking_id = ?', id);
  const pick = picking.move_type === 'one' ? 'last' : 'first';
  const dates = (column: string, rows: readonly Row[]) => {
    const sorted = rows.flatMap((move) => (move[column] ? [str(move[column])] : [])).sort();
    return (pick === 'last' ? sorted.at(-1) : sorted[0]) ?? null;
  };
  const open = moves.filter((move) => move.state !== 'done' && move.state !== 'cancel');
  const sale = moves.find((move) => move.sale_line_id);
  const changed = updateRow(env, 'stock_picking', picking, {
    state: stateOf(env, picking, moves),
    scheduled_date: dates('date', open) ?? picking.scheduled_date ?? env.now,
    date_deadline: dates('date_deadline', moves),
    ...(sale !== undefined && {
      sale_id: num(env.row('sale.order.line', num(sale.sale_line_id)).order_id),
    }),
  });
  const after = changed ? env.row('stock.picking', id) : picking;
  if (changed && after.sale_id) refreshDeliveryStatus(env, num(after.sale_id));
}
