/** Warehouses and locations: which are meant, and which locations lie below them. */
import { CrossdockError } from '../../errors/index';
import { idOf, type Link } from '../client/rows';
import type { OdooClient } from '../client/types';
import { searchReadAll } from './rows';

/** A warehouse, or a location with all that lies below it. */
export interface Site {
  /** What channels know it by: the warehouse's short code, or the location's full name. */
  readonly code: string;
  readonly name: string;
  /** Undefined: a location. */
  readonly warehouseId: number | undefined;
  /** The location that everything of the site lies below. */
  readonly rootId: number;
  /** Where goods are put by default: the warehouse's stock location, or the location itself. */
  readonly stockId: number;
}

export interface Location {
  readonly id: number;
  /** Full name, for example `WH/Stock/Shelf 1`. */
  readonly name: string;
  readonly usage: string;
  readonly sites: readonly Site[];
}

interface WarehouseRow {
  readonly id: number;
  readonly code: string;
  readonly name: string;
  readonly view_location_id: Link;
  readonly lot_stock_id: Link;
}

interface LocationRow {
  readonly id: number;
  readonly complete_name: string;
  readonly usage: string;
  readonly parent_path: string;
}

/** Longest code of a location in the contract. */
const MAX_CODE = 100;

export async function readWarehouses(client: OdooClient): Promise<readonly Site[]> {
  const rows = await searchReadAll<WarehouseRow>(client, 'stock.warehouse', {
    domain: [],
    fields: ['id', 'code', 'name', 'view_location_id', 'lot_stock_id'],
  });
  return rows.map((row) => ({
    code: row.code,
    name: row.name,
    warehouseId: row.id,
    rootId: idOf(row.view_location_id) ?? 0,
    stockId: idOf(row.lot_stock_id) ?? 0,
  }));
}

/**
 * The sites with these names: warehouses by code or name, locations by full name or barcode. All warehouses for no names.
 *
 * @throws CrossdockError WAREHOUSE_UNKNOWN (business) for a name that is neither
 */
export async function findSites(
  client: OdooClient,
  names: readonly string[],
  locationsToo: boolean,
): Promise<readonly Site[]> {
  const warehouses = await readWarehouses(client);
  if (names.length === 0) return warehouses;
  const sites = new Map<number, Site>();
  for (const name of names) {
    const site =
      warehouses.find(({ code }) => code === name) ??
      warehouses.find((warehouse) => warehouse.name === name) ??
      (locationsToo ? await findLocation(client, name) : undefined);
    if (site === undefined) throw unknown(name, warehouses, locationsToo);
    sites.set(site.rootId, site);
  }
  return [...sites.values()];
}

/** A location by full name or barcode, or by id, as a site. */
export async function findLocation(client: OdooClient, name: string | number): Promise<Site | undefined> {
  const rows = await searchReadAll<LocationRow>(client, 'stock.location', {
    domain:
      typeof name === 'number'
        ? [['id', '=', name]]
        : ['|', ['complete_name', '=', name], ['barcode', '=', name]],
    fields: ['id', 'complete_name', 'usage', 'parent_path'],
  });
  const row = rows.find(({ complete_name }) => complete_name === name) ?? rows[0];
  return row === undefined ? undefined : locationSite(row.id, row.complete_name);
}

export function locationSite(id: number, name: string): Site {
  return { code: locationCode(id, name), name, warehouseId: undefined, rootId: id, stockId: id };
}

export function locationCode(id: number, name: string): string {
  return name.length <= MAX_CODE ? name : `location ${id}`;
}

/** Every location at or below the sites, by id, with the sites that it belongs to. Archived ones hold stock too. */
export async function readLocations(
  client: OdooClient,
  sites: readonly Site[],
): Promise<ReadonlyMap<number, Location>> {
  const roots = new Map(sites.map((site) => [String(site.rootId), site]));
  const rows = await searchReadAll<LocationRow>(client, 'stock.location', {
    domain: [['id', 'child_of', sites.map(({ rootId }) => rootId)]],
    fields: ['id', 'complete_name', 'usage', 'parent_path'],
    context: { active_test: false },
  });
  return new Map(
    rows.map(({ id, complete_name: name, usage, parent_path: path }) => {
      const above = path.split('/').flatMap((step) => roots.get(step) ?? []);
      return [id, { id, name, usage, sites: above }];
    }),
  );
}

function unknown(name: string, warehouses: readonly Site[], locationsToo: boolean): CrossdockError {
  const what = locationsToo ? 'warehouse or location' : 'warehouse';
  const known = warehouses.map(({ code }) => code).slice(0, 10);
  return new CrossdockError(
    `Odoo has no ${what} with the code or name "${name.slice(0, 80)}"; its warehouses are ${known.join(', ') || 'none that the account may see'}.`,
    { code: 'WAREHOUSE_UNKNOWN', kind: 'business', facts: { warehouse: name.slice(0, 80) } },
  );
}

/** The key is called `warehouse` up to Odoo 17 and `warehouse_id` after. */
export function warehouseContext(sites: readonly Site[]): Readonly<Record<string, unknown>> {
  const ids = sites.flatMap(({ warehouseId }) => warehouseId ?? []);
  const value = ids.length === 1 ? ids[0] : ids;
  return { warehouse_id: value, warehouse: value };
}
