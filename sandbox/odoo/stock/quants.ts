import type { Row } from '../database';
import type { Environment } from '../environment';
import { validationError } from '../errors';
import { num, str } from '../model';
import { insertRow, updateRow } from '../rows';
import { type Goods, goodsOf, productName, rounded } from './goods';
import { placePackage } from './packages';
import { outside, within } from './places';

/** What tells one quant from another. */
export interface QuantKey {
  readonly product: number;
  readonly location: number;
  readonly lot?: number;
  readonly pack?: number;
  readonly owner?: number;
}

/**
 * The quants of a product that match, in the order in which they are taken: first in, first out, those with a lot
 * before those without.
 * @param strict only the very place and package, and the lot or no lot; otherwise every place within, any lot
 */
export function gather(env: Environment, key: QuantKey, strict: boolean): Row[] {
  const matching = strict ? strictly(env, key) : loosely(env, key);
  return [...matching.filter((row) => row.lot_id), ...matching.filter((row) => !row.lot_id)];
}

const ORDER = 'ORDER BY in_date, id';

function strictly(env: Environment, { product, location, lot, pack, owner }: QuantKey): Row[] {
  return env.db.all(
    `SELECT * FROM stock_quant WHERE product_id = ? AND location_id = ? AND package_id IS ? AND owner_id IS ?
     AND (lot_id IS NULL OR lot_id IS ?) ${ORDER}`,
    ...[product, location, pack || null, owner || null, lot || null],
  );
}

function loosely(env: Environment, { product, location, lot, pack, owner }: QuantKey): Row[] {
  const places = [...within(env, [location])];
  const rows = env.db.all(
    `SELECT * FROM stock_quant WHERE product_id = ? AND location_id IN (${places.map(() => '?').join(', ')}) ${ORDER}`,
    ...[product, ...places],
  );
  return rows.filter(
    (row) =>
      (!lot || !row.lot_id || num(row.lot_id) === lot) &&
      (!pack || num(row.package_id) === pack) &&
      (!owner || num(row.owner_id) === owner),
  );
}

const free = (quant: Row): number => rounded(num(quant.quantity) - num(quant.reserved_quantity));

/** How much of the gathered quants is free. */
function availableOf(
  goods: Goods,
  quants: readonly Row[],
  key: QuantKey,
  strict: boolean,
  negative: boolean,
) {
  if (goods.tracking === 'none') {
    const all = rounded(quants.reduce((sum, quant) => sum + free(quant), 0));
    return negative ? all : Math.max(0, all);
  }
  const byLot = new Map<number, number>();
  for (const quant of quants) {
    const lot = num(quant.lot_id);
    if (lot === 0 && strict && key.lot) continue;
    byLot.set(lot, (byLot.get(lot) ?? 0) + free(quant));
  }
  return rounded([...byLot.values()].reduce((sum, part) => sum + (negative || part > 0 ? part : 0), 0));
}

/** How much is free at one place, of one lot and package. */
export const availableAt = (env: Environment, key: QuantKey): number =>
  availableOf(goodsOf(env, key.product), gather(env, key, true), key, true, false);

/** Refuses a quant that cannot be. */
export function checkQuant(env: Environment, { product, location, lot }: QuantKey): void {
  if (!goodsOf(env, product).storable)
    throw validationError('Quants cannot be created for consumables or services.');
  const place = env.row('stock.location', location);
  if (place.usage === 'view') {
    throw validationError(
      `You cannot take products from or deliver products to a location of type "view" (${str(place.name)}).`,
    );
  }
  const itsLot = lot ? env.row('stock.lot', lot) : undefined;
  if (itsLot !== undefined && num(itsLot.product_id) !== product) {
    throw validationError(`The Lot/Serial number (${str(itsLot.name)}) is linked to another product.`);
  }
}

/** Makes a quant with nothing in it. Returns its id. */
export function makeQuant(env: Environment, key: QuantKey, inDate: string = env.now): number {
  checkQuant(env, key);
  const place = env.row('stock.location', key.location);
  const counted = ['internal', 'transit'].includes(str(place.usage));
  return insertRow(env, 'stock_quant', {
    product_id: key.product,
    location_id: key.location,
    lot_id: key.lot || null,
    package_id: key.pack || null,
    owner_id: key.owner || null,
    company_id: place.company_id ?? null,
    quantity: 0,
    reserved_quantity: 0,
    inventory_quantity: 0,
    inventory_diff_quantity: 0,
    inventory_quantity_set: 0,
    inventory_date: counted ? `${env.now.slice(0, 4)}-12-31` : null,
    in_date: inDate,
  });
}

/** A change of a quant: of what is there, or of what is promised. */
interface Change {
  readonly quantity?: number;
  readonly reserved?: number;
  readonly inDate?: string;
}

/**
 * Adds to (or takes from) the quant of a product, place, lot and package; makes it where there is none.
 * @returns what is free there afterwards (below zero when too much was taken), and since when it is there
 */
export function changeQuant(
  env: Environment,
  key: QuantKey,
  { quantity = 0, reserved = 0, inDate }: Change,
): { available: number; inDate: string } {
  const goods = goodsOf(env, key.product);
  let quants = gather(env, key, true);
  if (key.lot) {
    quants = quants.filter((row) => row.lot_id || (quantity <= 0 && num(row.quantity) > 0));
  }
  const place = env.row('stock.location', key.location);
  const dates = outside(place)
    ? []
    : quants.filter((row) => num(row.quantity) > 0).map((row) => str(row.in_date));
  if (inDate !== undefined) dates.push(inDate);
  const since = dates.sort()[0] ?? env.now;
  const id = quants[0] === undefined ? makeQuant(env, key, since) : num(quants[0].id);
  const row = env.row('stock.quant', id);
  updateRow(env, 'stock_quant', row, {
    in_date: since,
    ...(quantity !== 0 && { quantity: rounded(num(row.quantity) + quantity) }),
    ...(reserved !== 0 && { reserved_quantity: Math.max(0, rounded(num(row.reserved_quantity) + reserved)) }),
  });
  if (key.pack && quantity !== 0) placePackage(env, key.pack);
  return { available: availableOf(goods, gather(env, key, true), key, true, true), inDate: since };
}

/** Which quants a wanted quantity would be taken from, and how much of each; less than wanted when there is not enough. */
export function pickQuants(
  env: Environment,
  key: QuantKey,
  wanted: number,
  strict: boolean,
): { quant: Row; quantity: number }[] {
  const goods = goodsOf(env, key.product);
  const quants = gather(env, key, strict);
  let left = Math.min(wanted, availableOf(goods, quants, key, strict, false));
  if (goods.tracking === 'serial' && left !== Math.trunc(left)) left = 0;
  const same = (row: Row) =>
    `${num(row.location_id)}/${num(row.lot_id)}/${num(row.package_id)}/${num(row.owner_id)}`;
  const owed = new Map<string, number>();
  for (const quant of quants) {
    if (free(quant) < 0) owed.set(same(quant), (owed.get(same(quant)) ?? 0) - free(quant));
  }
  const taken: { quant: Row; quantity: number }[] = [];
  for (const quant of quants) {
    if (left <= 0) break;
    const held = Math.min(owed.get(same(quant)) ?? 0, Math.max(0, free(quant)));
    if (held > 0) owed.set(same(quant), (owed.get(same(quant)) ?? 0) - held);
    const quantity = Math.min(rounded(free(quant) - held), left);
    if (quantity <= 0) continue;
    taken.push({ quant, quantity });
    left = rounded(left - quantity);
  }
  return taken;
}

/** Refuses a serial number that would be in more than one piece at a place. */
export function checkSerials(
  env: Environment,
  product: number,
  location: number,
  lots: readonly number[],
): void {
  if (lots.length === 0 || goodsOf(env, product).tracking !== 'serial') return;
  if (env.row('stock.location', location).usage === 'inventory') return;
  const places = within(env, [location]);
  for (const lot of lots) {
    const sums = new Map<number, number>();
    for (const row of env.db.all('SELECT * FROM stock_quant WHERE lot_id = ?', lot)) {
      const place = num(row.location_id);
      if (places.has(place)) sums.set(place, (sums.get(place) ?? 0) + num(row.quantity));
    }
    if ([...sums.values()].every((sum) => Math.abs(sum) <= 1)) continue;
    throw validationError(
      `The serial number has already been assigned: \n Product: ${productName(env, product)}, Serial Number: ${str(env.row('stock.lot', lot).name)}`,
    );
  }
}
