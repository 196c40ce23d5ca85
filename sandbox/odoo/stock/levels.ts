import type { Environment } from '../environment';
import { notSupported } from '../errors';
import { num } from '../model';
import { search } from '../records';
import { rounded } from './goods';
import { OPEN } from './moves';
import { within } from './places';

/** Quantities of a product as `product.product` computes them. */
export interface Quantities {
  qty_available: number;
  free_qty: number;
  incoming_qty: number;
  outgoing_qty: number;
  virtual_available: number;
}

/** Ids that the context names by number or by name, one or several. */
function named(env: Environment, model: string, value: unknown): number[] {
  const list = Array.isArray(value) ? value : [value];
  return list.flatMap((item) =>
    typeof item === 'number'
      ? [item]
      : search(env, env.model(model), [
          [model === 'stock.location' ? 'complete_name' : 'name', 'ilike', item],
        ]),
  );
}

/** The locations that the context asks about: some locations, some warehouses, or every warehouse. */
function placesInScope(env: Environment): Set<number> {
  const { location, warehouse_id: warehouse, strict } = env.context;
  for (const key of [
    'owner_id',
    'package_id',
    'from_date',
    'to_date',
    'search_location',
    'search_warehouse',
  ]) {
    if (env.context[key]) throw notSupported(`context ${key}`);
  }
  const views = (ids: readonly number[]) =>
    ids.map((id) => num(env.row('stock.warehouse', id).view_location_id));
  const all = () =>
    env.db
      .all('SELECT view_location_id AS id FROM stock_warehouse WHERE active = 1')
      .map((row) => num(row.id));
  let roots: number[];
  if (warehouse) {
    roots = views(named(env, 'stock.warehouse', warehouse));
    if (location) {
      const inside = within(env, roots);
      roots = named(env, 'stock.location', location).filter((id) => inside.has(id));
    }
  } else roots = location ? named(env, 'stock.location', location) : all();
  return strict ? new Set(roots) : within(env, roots);
}

/** What is on hand, reserved, expected and promised of products, under the context's places and lot. */
export function quantities(env: Environment, products: readonly number[]): Map<number, Quantities> {
  const scope = placesInScope(env);
  const lot = env.context.lot_id;
  const found = new Map<number, Quantities>();
  const places = [...scope];
  const marks = places.map(() => '?').join(', ');
  for (const product of products) {
    let onHand = 0;
    let reserved = 0;
    const inScope = `SELECT * FROM stock_quant WHERE product_id = ? AND location_id IN (${marks})`;
    for (const quant of env.db.all(inScope, product, ...places)) {
      if (lot !== undefined && lot !== null && num(quant.lot_id) !== Number(lot)) continue;
      onHand += num(quant.quantity);
      reserved += num(quant.reserved_quantity);
    }
    let incoming = 0;
    let outgoing = 0;
    for (const move of env.db.all(
      `SELECT * FROM stock_move WHERE product_id = ? AND state IN ${OPEN}`,
      product,
    )) {
      const from = scope.has(num(move.location_id));
      const to = scope.has(num(move.location_final_id ?? move.location_dest_id));
      if (from && !to) outgoing += num(move.product_qty);
      if (to && !from) incoming += num(move.product_qty);
    }
    found.set(product, {
      qty_available: rounded(onHand),
      free_qty: rounded(onHand - reserved),
      incoming_qty: rounded(incoming),
      outgoing_qty: rounded(outgoing),
      virtual_available: rounded(onHand + incoming - outgoing),
    });
  }
  return found;
}
