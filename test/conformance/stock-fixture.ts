/** What the tests of stock need in an Odoo, under a random prefix: products, a shelf, and stock on them. */
import { randomBytes } from 'node:crypto';
import type { InventoryAdjustment } from '../../core/canonical';
import type { OdooClient } from '../../core/odoo';
import { createOne, newPrefix } from './sales-fixture';

export interface StockFixture {
  readonly prefix: string;
  /** The first warehouse. */
  readonly warehouse: {
    readonly id: number;
    readonly code: string;
    readonly stockId: number;
    readonly viewId: number;
  };
  /** A location below the warehouse's stock location. */
  readonly shelf: { readonly id: number; readonly name: string };
  product(values?: Record<string, unknown>): Promise<{ readonly id: number; readonly sku: string }>;
  /** Counts without any of our own code. */
  put(productId: number, locationId: number, quantity: number, lotId?: number): Promise<void>;
  /** Counts everything at a location as gone: one that holds stock cannot be archived. */
  empty(locationId: number): Promise<void>;
  /** Archives what was made. */
  close(): Promise<void>;
}

export async function createStockFixture(admin: OdooClient): Promise<StockFixture> {
  const prefix = newPrefix();
  const [row] = await admin.call<
    { id: number; code: string; lot_stock_id: [number, string]; view_location_id: [number, string] }[]
  >('stock.warehouse', 'search_read', {
    args: {
      domain: [],
      fields: ['id', 'code', 'lot_stock_id', 'view_location_id'],
      order: 'id',
      limit: 1,
    },
  });
  if (row === undefined) throw new Error('there is no warehouse');
  const shelfId = await createOne(admin, 'stock.location', {
    name: `Shelf ${prefix}`,
    location_id: row.lot_stock_id[0],
    usage: 'internal',
  });
  const products: number[] = [];
  return {
    prefix,
    warehouse: {
      id: row.id,
      code: row.code,
      stockId: row.lot_stock_id[0],
      viewId: row.view_location_id[0],
    },
    shelf: { id: shelfId, name: `${row.lot_stock_id[1]}/Shelf ${prefix}` },
    async product(values = {}) {
      const sku = `${prefix}-${products.length}`;
      const id = await createOne(admin, 'product.product', {
        name: `Fixture ${sku}`,
        default_code: sku,
        type: 'consu',
        is_storable: true,
        ...values,
      });
      products.push(id);
      return { id, sku: typeof values.default_code === 'string' ? values.default_code : sku };
    },
    async put(productId, locationId, quantity, lotId) {
      const ids = await admin.call<number[]>('stock.quant', 'create', {
        args: {
          vals_list: [
            {
              product_id: productId,
              location_id: locationId,
              inventory_quantity: quantity,
              ...(lotId === undefined ? {} : { lot_id: lotId }),
            },
          ],
        },
        context: { inventory_mode: true },
      });
      await admin.call('stock.quant', 'action_apply_inventory', { ids });
    },
    async empty(locationId) {
      const ids = await admin.call<number[]>('stock.quant', 'search', {
        args: { domain: [['location_id', 'child_of', locationId]] },
      });
      if (ids.length === 0) return;
      const zero = { vals: { inventory_quantity: 0, inventory_quantity_set: true } };
      await admin.call('stock.quant', 'write', { ids, args: zero, context: { inventory_mode: true } });
      await admin.call('stock.quant', 'action_apply_inventory', { ids });
    },
    async close() {
      if (products.length > 0)
        await admin.call('product.product', 'write', { ids: products, args: { vals: { active: false } } });
    },
  };
}

/** A valid adjustment of a SKU; `changes` replaces members. */
export function adjustmentOf(
  sku: string,
  location: string,
  changes: Partial<InventoryAdjustment> = {},
): InventoryAdjustment {
  const adjustmentId = `ADJ-${randomBytes(6).toString('hex')}`;
  return {
    schemaVersion: '1.0',
    adjustmentId,
    item: { identifiers: [{ scheme: 'sku', value: sku }] },
    location: { code: location },
    unit: 'C62',
    mode: 'absolute',
    quantity: '10',
    reason: 'count',
    occurredAt: '2026-11-20T08:15:00Z',
    authority: 'wms:main',
    provenance: {
      system: 'wms',
      partnerId: 'warehouse',
      externalId: adjustmentId,
      receivedAt: '2026-11-20T08:16:00Z',
      mappingVersion: 'wms-adjustment@1.0.0',
    },
    ...changes,
  };
}

/** A client of a process that can be killed between any two calls. */
export interface Mortal extends OdooClient {
  /** After so many calls none is answered any more; the next one still happens when `sent`. */
  dieAfter(calls: number, sent: boolean): void;
}

export function mortal(client: OdooClient): Mortal {
  let left = Number.POSITIVE_INFINITY;
  let last = false;
  return {
    ...client,
    dieAfter(calls, sent) {
      left = calls;
      last = sent;
    },
    async call<T>(...args: Parameters<OdooClient['call']>): Promise<T> {
      left -= 1;
      if (left >= 0) return client.call<T>(...args);
      if (last) {
        last = false;
        await client.call<T>(...args);
      }
      throw new Died();
    },
  };
}

export class Died extends Error {}
