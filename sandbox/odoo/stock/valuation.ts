/** What moves are worth, with Odoo's standard costs: what leaves is worth its cost of the day, what enters that of now. */
import type { Row } from '../database';
import type { Environment } from '../environment';
import { type Compute, num, str } from '../model';
import { updateRow } from '../rows';
import { linesOf } from './lines';

/** Whether stock at a place is the company's. */
function isValued(env: Environment, place: number): boolean {
  const { usage, company_id: company } = env.row('stock.location', place);
  return usage === 'internal' || (usage === 'transit' && Boolean(company));
}

/** What of a move's lines enters (or leaves) the company's stock, in the product's unit. */
function crossing(env: Environment, move: Row, way: 'in' | 'out'): number {
  const company = num(env.row('res.company', 1).partner_id);
  const [outside, inside] =
    way === 'in'
      ? (['location_id', 'location_dest_id'] as const)
      : (['location_dest_id', 'location_id'] as const);
  return linesOf(env, num(move.id))
    .filter((line) => !line.owner_id || num(line.owner_id) === company)
    .filter((line) => !isValued(env, num(line[outside])) && isValued(env, num(line[inside])))
    .reduce((sum, line) => sum + num(line.quantity_product_uom), 0);
}

const cost = (env: Environment, product: number): number =>
  num(env.row('product.product', product).standard_price);

/** Keeps what leaves with a move that is about to be done; seen on Odoo 19: what is left of it starts with the same. */
export function valueLeaving(env: Environment, id: number): void {
  const move = env.row('stock.move', id);
  const quantity = crossing(env, move, 'out');
  if (quantity > 0) updateRow(env, 'stock_move', move, { value: quantity * cost(env, num(move.product_id)) });
}

/** Keeps what enters with a move that is done: what is returned comes back for what it left with. */
export function valueEntering(env: Environment, id: number): void {
  const move = env.row('stock.move', id);
  const quantity = crossing(env, move, 'in');
  if (quantity === 0) return;
  const origin = num(move.origin_returned_move_id);
  const before = env.db.get('SELECT * FROM stock_move WHERE id = ?', origin);
  const left = before === undefined ? 0 : crossing(env, before, 'out');
  const value =
    before === undefined || left === 0
      ? quantity * cost(env, num(move.product_id))
      : (quantity * num(before.value)) / left;
  updateRow(env, 'stock_move', move, { value });
}

/** A new cost holds for what has entered before, too. */
export function costChanged(env: Environment, product: number): void {
  const moves = env.db.all(
    "SELECT id FROM stock_move WHERE product_id = ? AND state = 'done' AND origin_returned_move_id IS NULL",
    product,
  );
  for (const { id } of moves) valueEntering(env, num(id));
}

const of =
  (pick: (env: Environment, move: Row) => unknown): Compute =>
  (env, ids, rows) =>
    new Map(ids.map((id) => [id, pick(env, rows.get(id) ?? {})]));

/** What a move is to the company's stock, and in which unit it is packed: its own. */
export const moveFacts: Readonly<Record<string, Compute>> = {
  is_in: of((env, move) => move.state === 'done' && crossing(env, move, 'in') > 0),
  is_out: of((env, move) => move.state === 'done' && crossing(env, move, 'out') > 0),
  packaging_uom_id: of((_env, move) => move.product_uom),
  packaging_uom_qty: of((_env, move) => num(move.product_uom_qty)),
  // The rule that delivers an order leaves what follows alone.
  propagate_cancel: of((_env, move) => !move.sale_line_id),
};

/** Remembers the day on which a move was confirmed, where stock is reserved then. */
export function dateReservation(env: Environment, id: number): void {
  const move = env.row('stock.move', id);
  const type = num(move.picking_type_id);
  if (type === 0 || str(env.row('stock.picking.type', type).reservation_method) !== 'at_confirm') return;
  updateRow(env, 'stock_move', move, { reservation_date: env.now.slice(0, 10) });
}
