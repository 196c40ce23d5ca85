/**
 * How much there is of some products, by site, location or lot: stock.quant and open stock.move read once for all sites,
 * instead of computed fields once per warehouse (per 500 products, Odoo 19: 115 ms for any number of warehouses, against
 * 34 ms and 54 ms for each). What is in and out of a site is decided as product.product does it.
 */
import { fieldMap } from '../client/field-map';
import { idOf, type Link } from '../client/rows';
import type { OdooClient } from '../client/types';
import { searchReadAll } from './rows';
import type { Location, Site } from './sites';
import type { Figures } from './types';

/** Moves that still promise or expect stock. */
const OPEN = ['waiting', 'confirmed', 'assigned', 'partially_available'];

interface MoveRow {
  readonly id: number;
  readonly product_id: Link;
  readonly location_id: Link;
  readonly location_dest_id: Link;
  /** Where a chain of moves ends, since 18. */
  readonly location_final_id?: Link;
  /** In the product's unit. */
  readonly product_qty: number;
}

export interface Quant {
  readonly productId: number;
  readonly location: Location;
  readonly lotId: number | undefined;
  readonly onHand: number;
  readonly reserved: number;
}

interface QuantRow {
  readonly id: number;
  readonly product_id: Link;
  readonly location_id: Link;
  readonly lot_id: Link;
  readonly quantity: number;
  readonly reserved_quantity: number;
}

/** The quants of products at the given locations. Throws what OdooClient.call throws. */
export async function readQuants(
  client: OdooClient,
  productIds: readonly number[],
  sites: readonly Site[],
  locations: ReadonlyMap<number, Location>,
): Promise<Quant[]> {
  const rows = await searchReadAll<QuantRow>(client, 'stock.quant', {
    domain: [
      ['product_id', 'in', productIds],
      ['location_id', 'child_of', sites.map(({ rootId }) => rootId)],
    ],
    fields: ['id', 'product_id', 'location_id', 'lot_id', 'quantity', 'reserved_quantity'],
    context: { active_test: false },
  });
  return rows.flatMap((row) => {
    const location = locations.get(idOf(row.location_id) ?? 0);
    const productId = idOf(row.product_id);
    if (location === undefined || productId === undefined) return [];
    const { quantity: onHand, reserved_quantity: reserved } = row;
    return [{ productId, location, lotId: idOf(row.lot_id), onHand, reserved }];
  });
}

/** The figures of products per site, by `figuresKey`; what is missing is zero. */
export async function readFigures(
  client: OdooClient,
  productIds: readonly number[],
  sites: readonly Site[],
  locations: ReadonlyMap<number, Location>,
): Promise<ReadonlyMap<string, Figures>> {
  const sums = new Map<string, { -readonly [Name in keyof Figures]: Figures[Name] }>();
  const at = (site: Site, productId: number) => {
    const key = figuresKey(site, productId);
    const known = sums.get(key) ?? { onHand: 0, reserved: 0, incoming: 0, outgoing: 0 };
    sums.set(key, known);
    return known;
  };
  // Moves first: what is shipped between the two answers then counts as still to go out, never as there to sell.
  for (const move of await readMoves(client, productIds)) {
    const productId = idOf(move.product_id) ?? 0;
    const from = locations.get(idOf(move.location_id) ?? 0)?.sites ?? [];
    const to = locations.get(idOf(move.location_final_id) ?? idOf(move.location_dest_id) ?? 0)?.sites ?? [];
    for (const site of from) if (!to.includes(site)) at(site, productId).outgoing += move.product_qty;
    for (const site of to) if (!from.includes(site)) at(site, productId).incoming += move.product_qty;
  }
  for (const { productId, location, onHand, reserved } of await readQuants(
    client,
    productIds,
    sites,
    locations,
  )) {
    for (const site of location.sites) {
      const figures = at(site, productId);
      figures.onHand += onHand;
      figures.reserved += reserved;
    }
  }
  return sums;
}

export function figuresKey(site: Site, productId: number): string {
  return `${site.rootId} ${productId}`;
}

async function readMoves(client: OdooClient, productIds: readonly number[]): Promise<readonly MoveRow[]> {
  const { major } = fieldMap(await client.version());
  const final = major >= 18 ? ['location_final_id'] : [];
  return searchReadAll<MoveRow>(client, 'stock.move', {
    domain: [
      ['product_id', 'in', productIds],
      ['state', 'in', OPEN],
    ],
    fields: ['id', 'product_id', 'location_id', 'location_dest_id', ...final, 'product_qty'],
  });
}
