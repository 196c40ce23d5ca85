/** What can be sold now, read from Odoo. */

import { decimal } from '../../canonical/decimal';
import type { Decimal } from '../../canonical/order';
import { CrossdockError } from '../../errors/index';
import { fromFloat } from '../client/decimals';
import { fieldMap } from '../client/field-map';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';

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

/** Quantities are decimal strings in pieces (Odoo's unit of the product). */
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
  readonly unit: 'C62';
  /** When Odoo was asked, RFC 3339 UTC. */
  readonly asOf: string;
}

interface ProductRow {
  readonly id: number;
  readonly default_code: string;
  readonly name: string;
  readonly qty_available: number;
  readonly free_qty: number;
  readonly outgoing_qty: number;
  readonly virtual_available: number;
}

const QUANTITIES = ['qty_available', 'free_qty', 'outgoing_qty', 'virtual_available'];

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
  await assertFields(client, [storable.field, ...QUANTITIES]);
  const warehouse = options.warehouse ? await findWarehouse(client, options.warehouse) : undefined;
  // The key is called `warehouse` up to Odoo 17 and `warehouse_id` after.
  const context = warehouse === undefined ? {} : { warehouse_id: warehouse, warehouse };
  const pageSize = Math.max(1, Math.floor(options.pageSize ?? 500));
  const wanted =
    options.skus === undefined ? ['default_code', '!=', false] : ['default_code', 'in', options.skus];
  const seen = new Map<string, number>();
  let lastId = 0;
  for (;;) {
    const asOf = new Date().toISOString();
    const domain = [['id', '>', lastId], storable.domain, wanted];
    const rows = await withRetry(CALL_RETRY, () =>
      client.call<readonly ProductRow[]>('product.product', 'search_read', {
        args: { domain, fields: ['id', 'default_code', 'name', ...QUANTITIES], order: 'id', limit: pageSize },
        context,
      }),
    );
    const page: Availability[] = [];
    for (const row of rows) {
      lastId = row.id;
      const first = seen.get(row.default_code);
      if (first !== undefined) {
        options.onDuplicate?.(row.default_code, [first, row.id]);
        continue;
      }
      seen.set(row.default_code, row.id);
      page.push(toAvailability(row, asOf));
    }
    if (page.length > 0) yield page;
    if (rows.length < pageSize) return;
  }
}

function toAvailability(row: ProductRow, asOf: string): Availability {
  const onHand = decimal(fromFloat(row.qty_available));
  const free = decimal(fromFloat(row.free_qty));
  const outgoing = decimal(fromFloat(row.outgoing_qty));
  const promised = onHand.minus(outgoing);
  const lower = free.lt(promised) ? free : promised;
  return {
    sku: row.default_code,
    productId: row.id,
    name: row.name,
    onHand: onHand.toFixed(),
    reserved: onHand.minus(free).toFixed(),
    free: free.toFixed(),
    outgoing: outgoing.toFixed(),
    forecast: fromFloat(row.virtual_available),
    available: lower.lt(0) ? '0' : lower.toFixed(),
    unit: 'C62',
    asOf,
  };
}

async function findWarehouse(client: OdooClient, name: string): Promise<number> {
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly { id: number; code: string }[]>('stock.warehouse', 'search_read', {
      args: { domain: ['|', ['code', '=', name], ['name', '=', name]], fields: ['id', 'code'] },
    }),
  );
  const found = rows.find((row) => row.code === name) ?? rows[0];
  if (found) return found.id;
  throw new CrossdockError(`Odoo has no warehouse with the code or name "${name}".`, {
    code: 'WAREHOUSE_UNKNOWN',
    kind: 'business',
    facts: { warehouse: name },
  });
}

/** Fails before the first page, by name, when a field is not there (another version, an app not installed). */
async function assertFields(client: OdooClient, fields: readonly string[]): Promise<void> {
  const known = await withRetry(CALL_RETRY, () =>
    client.call<Record<string, unknown>>('product.product', 'fields_get', {
      args: { allfields: fields, attributes: ['type'] },
    }),
  );
  const missing = fields.find((field) => !Object.hasOwn(known, field));
  if (missing === undefined) return;
  throw new CrossdockError(
    `Odoo's products have no field "${missing}": is the inventory app installed, and may the API key's user see stock?`,
    { code: 'ODOO_FIELD_MISSING', kind: 'permanent', facts: { model: 'product.product', field: missing } },
  );
}
