/** What an adjustment means in Odoo: which product, which place, which lot, how much. */
import { type DecimalValue, decimal, toPlain } from '../../../canonical/decimal';
import type { InventoryAdjustment, InventoryLocation, Item } from '../../../canonical/generated';
import { CrossdockError } from '../../../errors/index';
import { fieldMap } from '../../client/field-map';
import { idOf, type Link } from '../../client/rows';
import type { OdooClient } from '../../client/types';
import { searchReadAll } from '../rows';
import { findLocation, readWarehouses, type Site } from '../sites';
import type { StockUnits } from '../units';
import type { Place } from './types';

export interface CountedProduct {
  readonly id: number;
  /** For people. */
  readonly sku: string;
  readonly tracking: 'none' | 'lot' | 'serial';
  readonly unitId: number | undefined;
}

interface ProductRow {
  readonly id: number;
  readonly default_code: string | false;
  readonly barcode: string | false;
  readonly name: string;
  readonly tracking: CountedProduct['tracking'];
  readonly uom_id: Link;
  readonly active: boolean;
  readonly [storable: string]: unknown;
}

/**
 * @throws CrossdockError, all business: SKU_UNKNOWN, SKU_AMBIGUOUS, PRODUCT_ARCHIVED, PRODUCT_NOT_STORED
 */
export async function findProduct(client: OdooClient, item: Item): Promise<CountedProduct> {
  const { storable } = fieldMap(await client.version()).product;
  const values = (scheme: string) =>
    item.identifiers.filter((one) => one.scheme === scheme).map(({ value }) => value);
  const ids = values('odoo:product.product').map(Number).filter(Number.isInteger);
  const skus = values('sku');
  const rows = await searchReadAll<ProductRow>(client, 'product.product', {
    domain: ['|', '|', ['id', 'in', ids], ['default_code', 'in', skus], ['barcode', 'in', values('gtin')]],
    fields: ['id', 'default_code', 'barcode', 'name', 'tracking', 'uom_id', 'active', storable.field],
    context: { active_test: false },
  });
  const isStored = (row: ProductRow) => row[storable.field] === storable.domain[2];
  // What is surest comes first: Odoo's id, then the SKU, then the barcode.
  const groups = [
    rows.filter(({ id }) => ids.includes(id)),
    rows.filter(({ default_code: sku }) => typeof sku === 'string' && skus.includes(sku)),
    rows,
  ];
  const named = groups.find((group) => group.length > 0) ?? [];
  const live = named.filter((row) => row.active && isStored(row));
  const [found, second] = live;
  const text = (item.identifiers.find(({ scheme }) => scheme === 'sku') ?? item.identifiers[0])?.value ?? '';
  if (found === undefined) throw notCounted(text.slice(0, 80), named);
  if (second !== undefined) {
    throw refused(
      'SKU_AMBIGUOUS',
      `Several products in Odoo have the SKU or barcode ${text.slice(0, 80)} (ids ${live
        .map(({ id }) => id)
        .slice(0, 5)
        .join(', ')}).`,
      { sku: text.slice(0, 80) },
    );
  }
  return {
    id: found.id,
    sku: found.default_code || found.name.slice(0, 80),
    tracking: found.tracking,
    unitId: idOf(found.uom_id),
  };
}

function notCounted(sku: string, candidates: readonly ProductRow[]): CrossdockError {
  if (candidates.some(({ active }) => active))
    return refused(
      'PRODUCT_NOT_STORED',
      `Odoo does not count ${sku} in stock: it is a service or a consumable.`,
      { sku },
    );
  return candidates.length > 0
    ? refused('PRODUCT_ARCHIVED', `The product ${sku} is archived in Odoo.`, { sku })
    : refused('SKU_UNKNOWN', `Odoo has no product with the SKU or barcode ${sku}.`, { sku });
}

/**
 * The place of a location: Odoo's location or warehouse id, else a warehouse's code or name, else a location's full name or
 * barcode. A warehouse means all that lies in it; differences are booked at its stock location.
 *
 * @throws CrossdockError LOCATION_UNKNOWN, CONDITION_NEEDS_LOCATION (business)
 */
export async function findPlace(
  client: OdooClient,
  location: InventoryLocation,
  condition: InventoryAdjustment['condition'],
): Promise<Place> {
  const site = await findSite(client, location);
  if (site.warehouseId !== undefined && condition !== undefined && condition !== 'sellable') {
    throw refused(
      'CONDITION_NEEDS_LOCATION',
      `Odoo keeps ${condition} stock at a location of its own: the adjustment names the warehouse ${site.code}, which has sellable stock too.`,
      { location: site.code, condition },
    );
  }
  return { name: site.code, rootId: site.rootId, stockId: site.stockId };
}

async function findSite(client: OdooClient, location: InventoryLocation): Promise<Site> {
  const { odooLocationId, odooWarehouseId, code } = location;
  if (odooLocationId !== undefined) {
    const site = await findLocation(client, odooLocationId);
    if (site !== undefined) return site;
    throw unknownPlace(String(odooLocationId), []);
  }
  const warehouses = await readWarehouses(client);
  const warehouse =
    odooWarehouseId === undefined
      ? (warehouses.find((one) => one.code === code) ?? warehouses.find(({ name }) => name === code))
      : warehouses.find(({ warehouseId }) => warehouseId === odooWarehouseId);
  const site = warehouse ?? (await findLocation(client, code));
  if (site !== undefined) return site;
  throw unknownPlace(code, warehouses);
}

function unknownPlace(name: string, warehouses: readonly Site[]): CrossdockError {
  const known = warehouses.map(({ code }) => code).slice(0, 10);
  const hint = known.length === 0 ? '' : `; its warehouses are ${known.join(', ')}`;
  return refused(
    'LOCATION_UNKNOWN',
    `Odoo has no warehouse with the code or name "${name.slice(0, 80)}", nor a location with that full name or barcode${hint}.`,
    { location: name.slice(0, 80) },
  );
}

/** A quantity of the adjustment, in the product's unit. Throws what StockUnits.fromCode throws. */
export function inOdoo(units: StockUnits, adjustment: InventoryAdjustment, product: CountedProduct) {
  return (quantity: string): DecimalValue => units.fromCode(quantity, adjustment.unit, product.unitId);
}

/** A quantity of Odoo, in the adjustment's unit. */
export function inMessage(units: StockUnits, adjustment: InventoryAdjustment, product: CountedProduct) {
  const one = units.fromCode('1', adjustment.unit, product.unitId);
  return (quantity: DecimalValue): string => toPlain(quantity.div(one.eq(0) ? decimal('1') : one).round(6));
}

export function refused(
  code: string,
  message: string,
  facts: Readonly<Record<string, string | number>>,
): CrossdockError {
  return new CrossdockError(message, { code, kind: 'business', facts });
}
