/** Life in the demo: now and then somebody counts stock in the warehouse and books the count in Odoo. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OdooClient } from '../../core/odoo';
import { currency as catalogueCurrency } from '../catalogue';
import type { Rng } from '../storefront/rng';
import type { StockedProduct, Warehouse } from '../warehouse/warehouse';

/** Models and methods that counting needs. */
export const STOCK_ALLOW = {
  'product.product': ['search_read'],
  'res.company': ['search_read'],
  'stock.quant': ['search_read', 'write', 'action_apply_inventory'],
} as const;

/** What Odoo has on hand of these products, by its own count. Unknown products are left out. */
export async function readOnHand(odoo: OdooClient, skus: readonly string[]): Promise<StockedProduct[]> {
  const rows = await odoo.call<readonly { default_code: string; qty_available: number }[]>(
    'product.product',
    'search_read',
    { args: { domain: [['default_code', 'in', skus]], fields: ['default_code', 'qty_available'] } },
  );
  return rows.map((row) => ({ sku: row.default_code, onHand: row.qty_available }));
}

/** What the (first) company sells in, as ISO 4217: an order in another currency is refused. */
export async function readCurrency(odoo: OdooClient): Promise<string> {
  const [company] = await odoo.call<readonly { currency_id: readonly [number, string] | false }[]>(
    'res.company',
    'search_read',
    { args: { domain: [], fields: ['currency_id'], limit: 1, order: 'id' } },
  );
  return company?.currency_id ? company.currency_id[1] : catalogueCurrency;
}

/**
 * Books a count of one product in Odoo, at its first internal location, as a person does in "Physical Inventory".
 * @returns false when the product lies nowhere
 */
export async function countStock(odoo: OdooClient, sku: string, onHand: number): Promise<boolean> {
  const domain = [
    ['product_id.default_code', '=', sku],
    ['location_id.usage', '=', 'internal'],
  ];
  const [quant] = await odoo.call<readonly { id: number }[]>('stock.quant', 'search_read', {
    args: { domain, fields: ['id'], limit: 1, order: 'id' },
  });
  if (quant === undefined) return false;
  const ids = [quant.id];
  const context = { inventory_mode: true };
  await odoo.call('stock.quant', 'write', { ids, args: { vals: { inventory_quantity: onHand } }, context });
  await odoo.call('stock.quant', 'action_apply_inventory', { ids, context });
  return true;
}

export interface CountingOptions {
  readonly odoo: OdooClient;
  readonly warehouse: Warehouse;
  readonly rng: Rng;
  readonly everyMs: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Something goes wrong in the warehouse once in so many counts. */
const COUNTS_PER_DRIFT = 6;

/** Counts one product after the other until the signal aborts. Never rejects. */
export async function countNowAndThen(options: CountingOptions): Promise<void> {
  const { odoo, warehouse, rng, signal } = options;
  let told = false;
  for (let turn = 1; ; turn += 1) {
    await sleep(options.everyMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    if (turn % COUNTS_PER_DRIFT === 0) warehouse.drift();
    const agreeing = warehouse.stock().filter(({ sku }) => !warehouse.differences.has(sku));
    if (agreeing.length === 0) continue;
    const { sku, onHand } = rng.pick(agreeing);
    const counted = Math.max(0, onHand + rng.pick([-4, -3, -2, -1, 1, 2, 5, 10]));
    try {
      if (await countStock(odoo, sku, counted)) warehouse.count(sku, counted);
      told = false;
    } catch (error) {
      // Once per outage: Odoo being away is a thing that the demo is there to show.
      if (!told && !signal.aborted) options.say(`A stock count could not be booked: ${message(error)}`);
      told = true;
    }
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
