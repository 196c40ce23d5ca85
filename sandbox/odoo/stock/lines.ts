import type { Row } from '../database';
import type { Environment } from '../environment';
import { userError } from '../errors';
import { num, str } from '../model';
import { unlink } from '../records';
import { insertRow, updateRow } from '../rows';
import { create } from '../writing';
import { converted, type Goods, goodsOf, productName, rounded } from './goods';
import { assign, refreshMove } from './moves';
import { outside } from './places';
import { availableAt, changeQuant, type QuantKey } from './quants';

/** A line that the engine adds to a move. */
export interface LineSpec {
  readonly move: Row;
  /** In `unit`. */
  readonly quantity: number;
  /** Without it the move's. */
  readonly unit?: number;
  readonly location?: number;
  readonly lot?: number;
  readonly lotName?: string;
  readonly pack?: number;
  readonly owner?: number;
}

/** The lines of a move, oldest first. */
export const linesOf = (env: Environment, move: number): Row[] =>
  env.db.all('SELECT * FROM stock_move_line WHERE move_id = ? ORDER BY id', move);

/** Where a line takes its goods from. */
export const sourceOf = (line: Row): QuantKey => ({
  product: num(line.product_id),
  location: num(line.location_id),
  lot: num(line.lot_id),
  pack: num(line.package_id),
  owner: num(line.owner_id),
});

/** Where a line brings its goods. */
const targetOf = (line: Row): QuantKey => ({
  ...sourceOf(line),
  location: num(line.location_dest_id),
  pack: num(line.result_package_id),
});

const inProductUnit = (env: Environment, goods: Goods, quantity: number, unit: number) =>
  converted(env, quantity, unit, goods.unit);

/** Whether lines at that place promise nothing: no stock of ours, or goods whose stock is not kept. */
export const unreserved = (env: Environment, goods: Goods, location: number): boolean =>
  !goods.storable || outside(env.row('stock.location', location));

/** Promises what a line takes (or gives it back, with a negative quantity). */
export function promise(env: Environment, goods: Goods, key: QuantKey, quantity: number): void {
  if (rounded(quantity) === 0 || unreserved(env, goods, key.location)) return;
  changeQuant(env, key, { reserved: quantity });
}

/** Adds a line to a move and promises its goods. Returns its id. */
export function addLine(env: Environment, spec: LineSpec): number {
  const { move } = spec;
  const id = insertRow(env, 'stock_move_line', {
    move_id: num(move.id),
    picking_id: move.picking_id ?? null,
    product_id: num(move.product_id),
    product_uom_id: spec.unit ?? num(move.product_uom),
    location_id: spec.location ?? num(move.location_id),
    location_dest_id: num(move.location_dest_id),
    lot_id: spec.lot || null,
    lot_name: spec.lotName ?? null,
    package_id: spec.pack || null,
    owner_id: spec.owner || null,
    company_id: move.company_id ?? null,
    quantity: rounded(spec.quantity),
    picked: num(move.picked),
    date: env.now,
  });
  lineAdded(env, id);
  return id;
}

/** What follows from a new line: its move is found or made, its goods are promised (or moved, when the move is done). */
export function lineAdded(env: Environment, id: number): void {
  let line = env.row('stock.move.line', id);
  if (!line.move_id && line.picking_id) {
    attachToMove(env, line);
    line = env.row('stock.move.line', id);
  }
  const goods = goodsOf(env, num(line.product_id));
  const quantity = inProductUnit(env, goods, num(line.quantity), num(line.product_uom_id));
  env.db.run('UPDATE stock_move_line SET quantity_product_uom = ? WHERE id = ?', quantity, id);
  const done = line.move_id !== null && env.row('stock.move', num(line.move_id)).state === 'done';
  if (done) carry(env, { ...line, quantity_product_uom: quantity });
  else promise(env, goods, sourceOf(line), quantity);
  if (line.move_id) refreshMove(env, num(line.move_id));
}

/** A line that was put on a transfer belongs to the move of its product there; without one it makes it. */
function attachToMove(env: Environment, line: Row): void {
  const picking = env.row('stock.picking', num(line.picking_id));
  const found = env.db.get(
    "SELECT * FROM stock_move WHERE picking_id = ? AND product_id = ? AND state NOT IN ('done', 'cancel') ORDER BY id",
    num(picking.id),
    num(line.product_id),
  );
  const move =
    found === undefined
      ? create(env, env.model('stock.move'), {
          product_id: num(line.product_id),
          product_uom: num(line.product_uom_id),
          product_uom_qty: picking.state === 'done' ? num(line.quantity) : 0,
          picking_id: num(picking.id),
          location_id: num(line.location_id),
          location_dest_id: num(line.location_dest_id),
          ...(picking.state === 'done' && { state: 'done' }),
        })
      : num(found.id);
  env.db.run(
    'UPDATE stock_move_line SET move_id = ?, picked = MAX(COALESCE(picked, 0), ?) WHERE id = ?',
    move,
    num(found?.picked),
    num(line.id),
  );
}

/** Moves a line's goods: out of where they are, into where they go. Returns what is free at the source afterwards. */
function carry(env: Environment, line: Row): number {
  const goods = goodsOf(env, num(line.product_id));
  const quantity = num(line.quantity_product_uom);
  if (!goods.storable || rounded(quantity) === 0) return 0;
  const from = sourceOf(line);
  let { available, inDate } = changeQuant(env, from, { quantity: -quantity });
  if (available < 0 && from.lot) {
    // What was there without a lot makes up for it.
    const without = availableAt(env, { ...from, lot: 0 });
    if (without > 0) {
      const taken = Math.min(without, quantity);
      changeQuant(env, { ...from, lot: 0 }, { quantity: -taken, inDate });
      available = changeQuant(env, from, { quantity: taken, inDate }).available;
    }
  }
  changeQuant(env, targetOf(line), { quantity, inDate });
  return available;
}

/** Undoes what a done line moved, so that it can be moved again with other values. */
export function carryBack(env: Environment, line: Row): void {
  const quantity = num(line.quantity_product_uom);
  if (!goodsOf(env, num(line.product_id)).storable || rounded(quantity) === 0) return;
  const { inDate } = changeQuant(env, targetOf(line), { quantity: -quantity });
  changeQuant(env, sourceOf(line), { quantity, inDate });
}

/** Moves a done line's goods (again), at the cost of others' reservations where there is not enough. */
export function carryAgain(env: Environment, line: Row): void {
  const available = carry(env, line);
  if (available < 0) freeReservations(env, line, -available, new Set([num(line.id)]));
}

/** Takes back what others had reserved of goods that are gone now: this transfer's first, then the latest. */
function freeReservations(env: Environment, line: Row, missing: number, ignored: ReadonlySet<number>): void {
  const goods = goodsOf(env, num(line.product_id));
  const key = sourceOf(line);
  if (unreserved(env, goods, key.location)) return;
  const candidates = env.db
    .all(
      `SELECT l.*, p.scheduled_date AS scheduled FROM stock_move_line l JOIN stock_move m ON m.id = l.move_id
       LEFT JOIN stock_picking p ON p.id = l.picking_id
       WHERE l.product_id = ? AND l.location_id = ? AND m.state NOT IN ('done', 'cancel')
       AND l.quantity_product_uom > 0 AND COALESCE(l.picked, 0) = 0
       ORDER BY (l.picking_id IS NOT ?), p.scheduled_date DESC, l.id DESC`,
      key.product,
      key.location,
      line.picking_id ?? null,
    )
    .filter(
      (row) =>
        !ignored.has(num(row.id)) &&
        num(row.lot_id) === (key.lot ?? 0) &&
        num(row.package_id) === (key.pack ?? 0) &&
        num(row.owner_id) === (key.owner ?? 0),
    );
  const touched = new Set<number>();
  let left = missing;
  for (const row of candidates) {
    if (left <= 0) break;
    touched.add(num(row.move_id));
    const has = num(row.quantity_product_uom);
    if (has <= left) {
      left = rounded(left - has);
      unlink(env, env.model('stock.move.line'), [num(row.id)]);
    } else {
      promise(env, goods, sourceOf(row), -left);
      setQuantity(env, row, rounded(has - left));
      refreshMove(env, num(row.move_id));
      left = 0;
    }
  }
  assign(env, [...touched]);
}

/** Sets a line's quantity, given in the product's unit. */
function setQuantity(env: Environment, line: Row, quantity: number): void {
  const { unit } = goodsOf(env, num(line.product_id));
  updateRow(env, 'stock_move_line', line, {
    quantity: converted(env, quantity, unit, num(line.product_uom_id)),
    quantity_product_uom: quantity,
  });
}

/** The lot that a line's typed number means, made when there is none; a serial number is made for every line. */
function lotByName(env: Environment, line: Row, goods: Goods, made: Map<string, number>): number {
  const name = str(line.lot_name);
  const key = `${goods.id}/${name}`;
  const fresh = made.get(key);
  if (fresh !== undefined && goods.tracking === 'lot') return fresh;
  const known = env.db.get('SELECT id FROM stock_lot WHERE product_id = ? AND name = ?', goods.id, name);
  if (known !== undefined && fresh === undefined) return num(known.id);
  const lot = create(env, env.model('stock.lot'), { name, product_id: goods.id });
  made.set(key, lot);
  return lot;
}

/** Completes the lots of lines that are about to be done. Refuses lines that need one and have none. */
function settleLots(env: Environment, lines: readonly Row[]): void {
  const without: Row[] = [];
  const made = new Map<string, number>();
  for (const line of lines) {
    const goods = goodsOf(env, num(line.product_id));
    if (goods.tracking === 'none' || num(line.quantity) <= 0 || line.lot_id) continue;
    const move = env.row('stock.move', num(line.move_id));
    const type = move.picking_type_id ? env.row('stock.picking.type', num(move.picking_type_id)) : undefined;
    if (type === undefined) {
      if (!move.is_inventory && !move.scrap_id) without.push(line);
    } else if (type.use_create_lots && line.lot_name) {
      updateRow(env, 'stock_move_line', line, { lot_id: lotByName(env, line, goods, made) });
    } else if (type.use_create_lots || type.use_existing_lots) without.push(line);
  }
  if (without.length === 0) return;
  const names = new Set(without.map((line) => productName(env, num(line.product_id))));
  throw userError(
    `You need to supply a Lot/Serial Number for product:\n${[...names].map((name) => `- ${name}`).join('\n')}`,
  );
}

/** Does lines: gives back their promise and moves their goods. Lines without a quantity go. */
export function finishLines(env: Environment, ids: readonly number[]): void {
  const lines = ids.map((id) => env.row('stock.move.line', id));
  if (lines.some((line) => num(line.quantity) < 0)) throw userError('No negative quantities allowed');
  settleLots(env, lines);
  const empty = lines.filter(
    (line) => num(line.quantity) === 0 && !env.row('stock.move', num(line.move_id)).is_inventory,
  );
  if (empty.length > 0)
    unlink(
      env,
      env.model('stock.move.line'),
      empty.map((line) => num(line.id)),
    );
  const ignored = new Set<number>();
  for (const id of ids) {
    if (empty.some((line) => num(line.id) === id)) continue;
    const line = env.row('stock.move.line', id);
    const goods = goodsOf(env, num(line.product_id));
    promise(env, goods, sourceOf(line), -num(line.quantity_product_uom));
    const available = carry(env, line);
    ignored.add(id);
    if (available < 0) freeReservations(env, line, -available, ignored);
    updateRow(env, 'stock_move_line', line, { date: env.now });
  }
}
