/** The levels of a page of products: in total, per site, per location, per lot. */
import type { InventoryLevel, InventoryLocation } from '../../canonical/generated';
import { fieldMap } from '../client/field-map';
import { requireFields } from '../client/fields';
import type { OdooClient } from '../client/types';
import { figuresKey, type Quant, readFigures, readQuants } from './figures';
import { type LevelContext, type Lot, partLevel, siteLevel } from './level';
import type { Product } from './products';
import { searchReadAll } from './rows';
import { type Location, locationCode, readLocations, type Site } from './sites';
import type { Figures, StockRequest } from './types';

/** Computed by Odoo for the warehouses of the context. */
export const COMPUTED = ['qty_available', 'free_qty', 'incoming_qty', 'outgoing_qty'];
const NOTHING: Figures = { onHand: 0, reserved: 0, incoming: 0, outgoing: 0 };

export interface ComputedProduct extends Product {
  readonly qty_available?: number;
  readonly free_qty?: number;
  readonly incoming_qty?: number;
  readonly outgoing_qty?: number;
}

export type Leveller = (
  context: LevelContext,
  products: readonly ComputedProduct[],
) => Promise<InventoryLevel[]>;

/** What makes the levels of a page, with all that is the same for every page already read. */
export async function leveller(
  client: OdooClient,
  request: StockRequest,
  sites: readonly Site[],
): Promise<Leveller> {
  const levelOf = request.levelOf ?? 'total';
  if (levelOf === 'total') {
    const only = request.sites?.length === 1 || sites.length === 1 ? sites[0] : undefined;
    const code = request.totalCode ?? only?.code ?? 'main';
    const location = only === undefined ? { code, kind: 'warehouse' as const } : { ...siteOf(only), code };
    return async (context, products) =>
      products.map((product) => siteLevel(context, product, location, computed(product)));
  }
  await requireFields(client, {
    'stock.quant': ['location_id', 'lot_id', 'quantity', 'reserved_quantity'],
    move: ['location_id', 'location_dest_id', 'product_qty', 'state'],
  });
  const locations = await readLocations(client, sites);
  if (levelOf === 'site')
    return (context, products) => siteLevels(client, context, products, sites, locations);
  if (levelOf === 'location')
    return (context, products) => locationLevels(client, context, products, sites, locations);
  const known = await requireFields(client, { lot: ['name'] }, { lot: ['expiration_date'] });
  const lotFields = known.has('lot', 'expiration_date') ? ['expiration_date'] : [];
  return (context, products) => lotLevels(client, context, products, sites, locations, lotFields);
}

export function computed(product: ComputedProduct): Figures {
  const { qty_available: onHand = 0, free_qty: free = 0, incoming_qty = 0, outgoing_qty = 0 } = product;
  return { onHand, reserved: onHand - free, incoming: incoming_qty, outgoing: outgoing_qty };
}

async function siteLevels(
  client: OdooClient,
  context: LevelContext,
  products: readonly Product[],
  sites: readonly Site[],
  locations: ReadonlyMap<number, Location>,
): Promise<InventoryLevel[]> {
  const figures = await readFigures(
    client,
    products.map(({ id }) => id),
    sites,
    locations,
  );
  return products.flatMap((product) =>
    sites.map((site) =>
      siteLevel(context, product, siteOf(site), figures.get(figuresKey(site, product.id)) ?? NOTHING),
    ),
  );
}

async function locationLevels(
  client: OdooClient,
  context: LevelContext,
  products: readonly Product[],
  sites: readonly Site[],
  locations: ReadonlyMap<number, Location>,
): Promise<InventoryLevel[]> {
  const quants = await readQuants(
    client,
    products.map(({ id }) => id),
    sites,
    locations,
  );
  const groups = grouped(quants, ({ productId, location }) => `${productId} ${location.id}`);
  return products.flatMap((product) =>
    (groups.get(product.id) ?? []).map(({ location, ...figures }) =>
      partLevel(context, product, placeOf(location), figures),
    ),
  );
}

async function lotLevels(
  client: OdooClient,
  context: LevelContext,
  products: readonly Product[],
  sites: readonly Site[],
  locations: ReadonlyMap<number, Location>,
  lotFields: readonly string[],
): Promise<InventoryLevel[]> {
  const quants = await readQuants(
    client,
    products.map(({ id }) => id),
    sites,
    locations,
  );
  const lots = await readLots(
    client,
    quants.flatMap(({ lotId }) => lotId ?? []),
    lotFields,
  );
  const groups = grouped(
    quants,
    ({ productId, location, lotId }) => `${productId} ${siteId(location)} ${lotId}`,
  );
  return products.flatMap((product) =>
    (groups.get(product.id) ?? []).flatMap(({ location, lotId, ...figures }) => {
      const [site] = location.sites;
      const lot = lotId === undefined ? undefined : lots.get(lotId);
      return site === undefined ? [] : [partLevel(context, product, siteOf(site), figures, lot)];
    }),
  );
}

const siteId = ({ sites }: Location) => sites[0]?.rootId;

/** Adds up what has the same key, and gives the sums by product, in the order in which they were found. */
function grouped(quants: readonly Quant[], key: (quant: Quant) => string): ReadonlyMap<number, Quant[]> {
  const sums = new Map<string, Quant>();
  for (const quant of quants) {
    const same = sums.get(key(quant));
    const { onHand = 0, reserved = 0 } = same ?? {};
    sums.set(key(quant), {
      ...(same ?? quant),
      onHand: onHand + quant.onHand,
      reserved: reserved + quant.reserved,
    });
  }
  const byProduct = new Map<number, Quant[]>();
  for (const sum of sums.values())
    byProduct.set(sum.productId, [...(byProduct.get(sum.productId) ?? []), sum]);
  return byProduct;
}

interface LotRow {
  readonly id: number;
  readonly name: string;
  readonly expiration_date?: string | false;
}

async function readLots(
  client: OdooClient,
  ids: readonly number[],
  lotFields: readonly string[],
): Promise<ReadonlyMap<number, Lot>> {
  if (ids.length === 0) return new Map();
  const { models } = fieldMap(await client.version());
  const rows = await searchReadAll<LotRow>(client, models.lot, {
    domain: [['id', 'in', [...new Set(ids)]]],
    fields: ['id', 'name', ...lotFields],
    context: { active_test: false },
  });
  return new Map(rows.map((row) => [row.id, { name: row.name, expires: row.expiration_date || undefined }]));
}

function siteOf(site: Site): InventoryLocation {
  const { code, name, warehouseId, rootId } = site;
  return {
    code,
    kind: 'warehouse',
    name,
    ...(warehouseId === undefined ? { odooLocationId: rootId } : { odooWarehouseId: warehouseId }),
  };
}

function placeOf({ id, name, sites }: Location): InventoryLocation {
  const warehouseId = sites.find((site) => site.warehouseId !== undefined)?.warehouseId;
  return {
    code: locationCode(id, name),
    kind: 'warehouse',
    name: name.slice(0, 255),
    odooLocationId: id,
    ...(warehouseId === undefined ? {} : { odooWarehouseId: warehouseId }),
  };
}
