/** What can be sold now, as plain rows: what a publisher or a comparison needs of a level. */

import { decimal, toPlain } from '../../canonical/decimal';
import type { Decimal } from '../../canonical/order';
import { fieldMap } from '../client/field-map';
import { requireFields } from '../client/fields';
import { idOf } from '../client/rows';
import type { OdooClient } from '../client/types';
import { COMPUTED, type ComputedProduct, computed } from './levellers';
import { PAGE_SIZE } from './levels';
import { PRODUCT_FIELDS, productPages, wantedProducts } from './products';
import { findSites, warehouseContext } from './sites';
import { type StockUnits, stockUnits } from './units';

export interface AvailabilityOptions {
  /** Code or name of a warehouse; all warehouses together when empty or left out. */
  readonly warehouse?: string | undefined;
  /** Only these internal references. */
  readonly skus?: readonly string[] | undefined;
  /** Products per call. Default 500. */
  readonly pageSize?: number | undefined;
  /** Called for an internal reference that a second product has too; only the first product's figures are given. */
  readonly onDuplicate?: ((sku: string, productIds: readonly number[]) => void) | undefined;
}

/** Quantities are decimal strings in `unit`. */
export interface Availability {
  readonly sku: string;
  readonly productId: number;
  readonly name: string;
  readonly onHand: Decimal;
  /** On hand but promised to somebody. */
  readonly reserved: Decimal;
  /** On hand and not reserved. */
  readonly free: Decimal;
  /** All that is still to go out, reserved or not. */
  readonly outgoing: Decimal;
  /** On hand + incoming - outgoing. */
  readonly forecast: Decimal;
  /** Available to sell without overselling: max(0, min(free, onHand - outgoing)). */
  readonly available: Decimal;
  /** UN/ECE code: the product's unit, or what its unit is made of. */
  readonly unit: string;
  /** When Odoo was asked, RFC 3339 UTC. */
  readonly asOf: string;
}

/**
 * The availability of every storable product that has an internal reference, in pages (arrays) by ascending id, so
 * that products that are added meanwhile disturb nothing.
 *
 * Throws WAREHOUSE_UNKNOWN (business), ODOO_FIELD_MISSING (permanent, for example without the inventory app), and
 * what OdooClient.call throws.
 */
export async function* readAvailability(
  client: OdooClient,
  options: AvailabilityOptions = {},
): AsyncGenerator<readonly Availability[], void, void> {
  const { storable } = fieldMap(await client.version()).product;
  await requireFields(client, { 'product.product': [storable.field, ...COMPUTED] });
  const units = await stockUnits(client);
  const context = options.warehouse
    ? warehouseContext(await findSites(client, [options.warehouse], false))
    : undefined;
  const { ids } = await wantedProducts(client, { skus: options.skus });
  const fields = [...PRODUCT_FIELDS, ...COMPUTED];
  const pageSize = Math.max(1, Math.floor(options.pageSize ?? PAGE_SIZE));
  const seen = new Map<string, number>();
  let asOf = new Date().toISOString();
  for await (const { rows } of productPages<ComputedProduct>(client, ids, fields, pageSize, context)) {
    const page: Availability[] = [];
    for (const row of rows) {
      if (row.default_code === false) continue;
      const first = seen.get(row.default_code);
      if (first !== undefined) {
        options.onDuplicate?.(row.default_code, [first, row.id]);
        continue;
      }
      seen.set(row.default_code, row.id);
      page.push(toAvailability(row, row.default_code, units, asOf));
    }
    if (page.length > 0) yield page;
    asOf = new Date().toISOString();
  }
}

function toAvailability(row: ComputedProduct, sku: string, units: StockUnits, asOf: string): Availability {
  const figures = computed(row);
  const unitId = idOf(row.uom_id);
  const [onHand, reserved] = [units.toCode(figures.onHand, unitId), units.toCode(figures.reserved, unitId)];
  const [incoming, outgoing] = [
    units.toCode(figures.incoming, unitId),
    units.toCode(figures.outgoing, unitId),
  ];
  const free = onHand.minus(reserved);
  const promised = onHand.minus(outgoing);
  const lower = free.lt(promised) ? free : promised;
  return {
    sku,
    productId: row.id,
    name: row.name,
    onHand: toPlain(onHand),
    reserved: toPlain(reserved),
    free: toPlain(free),
    outgoing: toPlain(outgoing),
    forecast: toPlain(onHand.plus(incoming).minus(outgoing)),
    available: lower.lt(0) ? toPlain(decimal('0')) : toPlain(lower),
    unit: units.codeOf(unitId),
    asOf,
  };
}
