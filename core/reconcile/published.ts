/** What channels were told about stock, as inventory publish keeps it in the store: a source like any other. */
import { inventoryMigration } from '../inventory/schema';
import type { Row, Store } from '../store';
import type { Pages } from './spool';

const PAGE = 500;

/** Rows of one channel, by site and SKU: `sku`, `location`, `onHand` (what the channel has confirmed), `desired`, `asOf`. */
export async function publishedPages(store: Store, channel: string): Promise<Pages> {
  await store.migrate(inventoryMigration);
  return pages(store, channel);
}

async function* pages(store: Store, channel: string): AsyncGenerator<readonly unknown[], void, void> {
  for (let [site, sku] = ['', '']; ; ) {
    const [result] = await store.run([
      {
        sql: `SELECT site, sku, quantity, published_quantity, as_of FROM crossdock_inventory_level
          WHERE channel = ? AND (site, sku) > (?, ?) ORDER BY site, sku LIMIT ?`,
        params: [channel, site, sku, PAGE],
      },
    ]);
    const rows = result?.rows ?? [];
    const last = rows.at(-1);
    // What the channel has never confirmed it does not know.
    yield rows.filter((row) => row['published_quantity'] !== null).map(toldOf);
    if (last === undefined || rows.length < PAGE) return;
    site = String(last['site']);
    sku = String(last['sku']);
  }
}

function toldOf(row: Row): unknown {
  return {
    sku: row['sku'],
    location: row['site'],
    onHand: row['published_quantity'],
    desired: row['quantity'],
    asOf: new Date(Number(row['as_of'])).toISOString(),
  };
}
