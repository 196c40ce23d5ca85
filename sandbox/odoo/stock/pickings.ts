import type { Row } from '../database';
import type { Environment } from '../environment';
import { userError } from '../errors';
import { num, str } from '../model';
import { insertRow, updateRow } from '../rows';
import { productName, rounded } from './goods';
import { confirmMoves, finishMoves, setMoveQuantity } from './move-done';
import { assign, assignWaiting, recomputeState } from './moves';
import { refreshPicking, weighPicking } from './picking-state';
import { nextName } from './places';
import { joinOrder, refreshDeliveryStatus } from './sales';

/** The moves of a transfer, in the order in which they are shown. */
export const movesOf = (env: Environment, picking: number): Row[] =>
  env.db.all('SELECT * FROM stock_move WHERE picking_id = ? ORDER BY sequence, id', picking);

const isOpen = (move: Row): boolean => move.state !== 'done' && move.state !== 'cancel';
const idOf = (row: Row): number => num(row.id);

const COPIED = [
  ...[
    'origin',
    'partner_id',
    'picking_type_id',
    'location_id',
    'location_dest_id',
    'move_type',
    'company_id',
  ],
  ...['note', 'carrier_id', 'sale_id', 'owner_id'],
] as const;

/** A new transfer like another one, without its moves. Returns its id. */
export function copyPicking(
  env: Environment,
  picking: Row,
  values: Readonly<Record<string, Row[string]>>,
): number {
  const copied = Object.fromEntries(COPIED.map((name) => [name, picking[name] ?? null]));
  const type = env.row('stock.picking.type', num(values.picking_type_id ?? picking.picking_type_id));
  const tracking = env.context.default_carrier_tracking_ref;
  return insertRow(env, 'stock_picking', {
    ...copied,
    ...(typeof tracking === 'string' && { carrier_tracking_ref: tracking }),
    ...{ name: nextName(env, type), state: 'draft', priority: '0', is_locked: 1 },
    ...values,
  });
}

/** Confirms a transfer's moves. */
export function confirmPicking(env: Environment, id: number): void {
  confirmMoves(
    env,
    movesOf(env, id)
      .filter((move) => move.state === 'draft')
      .map(idOf),
  );
}

/** Reserves for a transfer's moves. Refuses when nothing is open. */
export function assignPicking(env: Environment, id: number): void {
  confirmPicking(env, id);
  const moves = movesOf(env, id).filter(isOpen);
  if (moves.length === 0) throw userError('Nothing to check the availability for.');
  const order = (move: Row) =>
    `${9 - num(move.priority)} ${move.date_deadline ? str(move.date_deadline) : 'z'} ${str(move.date)} ${String(move.id).padStart(12, '0')}`;
  assign(env, moves.sort((a, b) => (order(a) < order(b) ? -1 : 1)).map(idOf));
}

/** What a picked move has picked; lines that are not picked do not count then. */
function pickedQuantity(env: Environment, move: Row): number {
  if (!move.picked) return num(move.quantity);
  const lines = env.db.all('SELECT quantity, picked FROM stock_move_line WHERE move_id = ?', idOf(move));
  return lines.some((line) => !line.picked)
    ? rounded(lines.reduce((sum, line) => sum + (line.picked ? num(line.quantity) : 0), 0))
    : num(move.quantity);
}

function checkSane(env: Environment, pickings: readonly Row[]): void {
  const several = pickings.length > 1;
  const withoutMoves = pickings.filter((picking) => movesOf(env, idOf(picking)).length === 0);
  const withoutQuantity = pickings.filter((picking) => {
    const open = movesOf(env, idOf(picking)).filter(isOpen);
    const picks = open.some((move) => move.picked);
    return open.filter((move) => !picks || move.picked).every((move) => num(move.quantity) === 0);
  });
  const lotless = new Set<number>();
  for (const picking of pickings) {
    const type = env.row('stock.picking.type', num(picking.picking_type_id));
    if (!type.use_create_lots && !type.use_existing_lots) continue;
    const lines = env.db.all(
      `SELECT l.product_id FROM stock_move_line l JOIN product_product p ON p.id = l.product_id
       JOIN product_template t ON t.id = p.product_tmpl_id
       WHERE l.picking_id = ? AND t.tracking IN ('lot', 'serial') AND l.picked = 1 AND l.quantity <> 0
       AND l.lot_id IS NULL AND COALESCE(l.lot_name, '') = ''`,
      idOf(picking),
    );
    for (const line of lines) lotless.add(num(line.product_id));
  }
  const names = [...lotless].map((product) => productName(env, product)).join(', ');
  if (several) {
    const empty = withoutMoves.map((picking) => str(picking.name)).join(', ');
    if (empty !== '') throw userError(`Transfers ${empty}: Please add some items to move.`);
    if (names !== '') {
      const list = pickings.map((picking) => `'${str(picking.name)}'`).join(', ');
      throw userError(`Transfers [${list}]: You need to supply a Lot/Serial number for products ${names}.`);
    }
    return;
  }
  if (withoutMoves.length > 0) {
    throw userError(
      'You can’t validate an empty transfer. Please add some products to move before proceeding.',
    );
  }
  if (withoutQuantity.length > 0) {
    throw userError(
      "Transfer trouble alert! Validating a zero quantity transfer? You're not moving invisible goods around are you?\nSet some quantities and let's get moving!",
    );
  }
  if (names !== '') throw userError(`You need to supply a Lot/Serial number for products ${names}.`);
}

/** When nothing is picked, everything that is reserved is. */
function pickAll(env: Environment, picking: Row): void {
  const moves = movesOf(env, idOf(picking));
  const scrapped = (move: Row) => env.row('stock.location', num(move.location_dest_id)).usage === 'inventory';
  const picked = moves.some((move) => move.picked && !scrapped(move));
  if (picked || !moves.some((move) => num(move.quantity) !== 0)) return;
  for (const move of moves) setPicked(env, idOf(move), true);
}

/** Marks a move and its lines as picked, or not. */
export function setPicked(env: Environment, moveId: number, picked: boolean): void {
  const value = picked ? 1 : 0;
  for (const line of env.db.all('SELECT * FROM stock_move_line WHERE move_id = ?', moveId))
    updateRow(env, 'stock_move_line', line, { picked: value });
  updateRow(env, 'stock_move', env.row('stock.move', moveId), { picked: value });
}

function needsBackorder(env: Environment, picking: Row): boolean {
  const type = env.row('stock.picking.type', num(picking.picking_type_id));
  if (type.create_backorder !== 'ask') return false;
  return movesOf(env, idOf(picking)).some(
    (move) =>
      move.state !== 'cancel' &&
      ((num(move.product_uom_qty) !== 0 && !move.picked) ||
        pickedQuantity(env, move) < num(move.product_uom_qty)),
  );
}

/** Puts what is still open of a transfer into a new one, and reserves for it. */
function createBackorder(env: Environment, picking: Row): void {
  const rest = movesOf(env, idOf(picking)).filter(isOpen);
  if (rest.length === 0) return;
  for (const move of rest) recomputeState(env, idOf(move));
  const id = copyPicking(env, picking, { backorder_id: idOf(picking) });
  const name = str(env.row('stock.picking', id).name);
  for (const move of rest) {
    updateRow(env, 'stock_move', env.row('stock.move', idOf(move)), { picking_id: id, reference: name });
    setPicked(env, idOf(move), false);
    for (const line of env.db.all('SELECT * FROM stock_move_line WHERE move_id = ?', idOf(move)))
      updateRow(env, 'stock_move_line', line, { picking_id: id });
  }
  weighPicking(env, id);
  weighPicking(env, idOf(picking));
  refreshPicking(env, id);
  assignPicking(env, id);
  refreshPicking(env, id);
}

function finish(env: Environment, picking: Row, cancelRest: boolean): void {
  const id = idOf(picking);
  const done = finishMoves(env, movesOf(env, id).filter(isOpen).map(idOf), cancelRest);
  if (done.length > 0 && !cancelRest) createBackorder(env, picking);
  for (const move of done) joinOrder(env, env.row('stock.move', move));
  updateRow(env, 'stock_picking', env.row('stock.picking', id), { date_done: env.now, priority: '0' });
  refreshPicking(env, id);
  if (picking.sale_id) refreshDeliveryStatus(env, num(picking.sale_id));
  const type = env.row('stock.picking.type', num(picking.picking_type_id));
  if (type.code !== 'incoming' && type.code !== 'internal') return;
  const arrived = done.map((move) => env.row('stock.move', move));
  assignWaiting(
    env,
    arrived.map((move) => ({ product: num(move.product_id), location: num(move.location_dest_id) })),
  );
}

/** The dialog that asks whether the rest is to wait. */
const backorderDialog = (env: Environment, ids: readonly number[], several: boolean) => ({
  name: 'Create Backorder?',
  type: 'ir.actions.act_window',
  view_mode: 'form',
  res_model: 'stock.backorder.confirmation',
  views: [[1, 'form']],
  view_id: 1,
  target: 'new',
  context: {
    ...env.context,
    default_show_transfers: several,
    default_pick_ids: ids.map((id) => [4, id]),
  },
});

/**
 * `button_validate`: does the transfers. What is not done waits in a backorder.
 * @returns true, or the dialog that asks about backorders unless the context has `skip_backorder`
 */
export function validate(caller: Environment, ids: readonly number[]): unknown {
  const open = ids.filter((id) => caller.row('stock.picking', id).state !== 'done');
  const env =
    caller.context.button_validate_picking_ids === undefined
      ? caller.withContext({ button_validate_picking_ids: open })
      : caller;
  for (const id of open) {
    if (env.row('stock.picking', id).state !== 'draft') continue;
    confirmPicking(env, id);
    for (const move of movesOf(env, id)) {
      if (num(move.quantity) === 0 && num(move.product_uom_qty) !== 0)
        setMoveQuantity(env, idOf(move), num(move.product_uom_qty));
    }
  }
  const pickings = () => open.map((id) => env.row('stock.picking', id));
  if (!env.context.skip_sanity_check) checkSane(env, pickings());
  for (const picking of pickings()) pickAll(env, picking);
  if (!env.context.skip_backorder) {
    const asking = pickings().filter((picking) => needsBackorder(env, picking));
    if (asking.length > 0) return backorderDialog(env, asking.map(idOf), open.length > 1);
  }
  const without = env.context.picking_ids_not_to_backorder;
  for (const picking of pickings()) {
    const type = env.row('stock.picking.type', num(picking.picking_type_id));
    const told = Array.isArray(without) && without.includes(idOf(picking));
    finish(env, picking, type.create_backorder === 'never' || (told && type.create_backorder !== 'always'));
  }
  return true;
}
