/**
 * A simulated warehouse: what a small WMS answers when asked for its stock. It begins with what Odoo believes, and
 * differs at a few products, as every warehouse does: a mis-pick, a breakage, a carton that nobody booked.
 *
 * GET /stock -> 200 [{ sku, onHand, location, countedAt }], quantities as numbers, times RFC 3339 UTC.
 * GET /export/stock.csv and GET /inventory/stocksummaries: the same in the shapes of exports.ts.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Rng } from '../storefront/rng';
import { stockFile, stockPage } from './exports';

/** One product's stock, as Odoo has it. */
export interface StockedProduct {
  readonly sku: string;
  readonly onHand: number;
}

/** One line of the warehouse's answer. */
export interface WarehouseStock {
  readonly sku: string;
  readonly onHand: number;
  /** Where it lies, for example `A-03-2`. */
  readonly location: string;
  readonly countedAt: string;
}

export interface WarehouseOptions {
  readonly stock: readonly StockedProduct[];
  /** Decides which products differ, by how much, and where things lie. */
  readonly rng: Rng;
  /** How many products differ from the start. Default 3. */
  readonly differing?: number;
  /** Most rows of a page of stock summaries, whatever is asked for. Default 500. */
  readonly perPage?: number;
  /** Default 0: the system chooses. */
  readonly port?: number;
}

export interface Warehouse {
  /** http://127.0.0.1:<port>, without a path. */
  readonly url: string;
  /** The products that differ from Odoo now: warehouse minus Odoo, by SKU. */
  readonly differences: ReadonlyMap<string, number>;
  /** The stock as it would be answered now. */
  stock(): readonly WarehouseStock[];
  /** Somebody has counted, in Odoo too: from now on this is what lies there, plus what nobody has noticed. */
  count(sku: string, onHand: number): void;
  /** Something goes wrong with one more product; of many, the oldest difference is put right. */
  drift(): void;
  /** Ends the server and its connections. Safe to call twice. */
  close(): Promise<void>;
}

/** More differences than this would be a warehouse out of control, not one of everyday. */
const MOST_DIFFERENCES = 5;

export async function startWarehouse(options: WarehouseOptions): Promise<Warehouse> {
  const { rng } = options;
  const onHand = new Map(options.stock.map((product) => [product.sku, product.onHand]));
  const skus = [...onHand.keys()].sort();
  const location = new Map(
    skus.map((sku) => [
      sku,
      `${rng.pick(['A', 'B', 'C'])}-${String(rng.int(1, 12)).padStart(2, '0')}-${rng.int(1, 4)}`,
    ]),
  );
  const countedAt = new Map<string, string>();
  const openedAt = new Date().toISOString();
  const differences = new Map<string, number>();

  const drift = (): void => {
    const agreeing = skus.filter((sku) => !differences.has(sku) && (onHand.get(sku) ?? 0) > 0);
    if (agreeing.length === 0) return;
    const sku = rng.pick(agreeing);
    // More is missing than found, and never more than there was.
    const amount = rng.pick([-3, -2, -1, -1, 1, 2]);
    differences.set(sku, Math.max(amount, -(onHand.get(sku) ?? 0)));
    const [oldest] = differences.keys();
    if (differences.size > MOST_DIFFERENCES && oldest !== undefined) differences.delete(oldest);
  };
  for (let index = 0; index < (options.differing ?? 3); index += 1) drift();

  const stock = (): WarehouseStock[] =>
    skus.map((sku) => ({
      sku,
      onHand: (onHand.get(sku) ?? 0) + (differences.get(sku) ?? 0),
      location: location.get(sku) ?? '',
      countedAt: countedAt.get(sku) ?? openedAt,
    }));

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://warehouse');
    const allowed = request.method === 'GET' || request.method === 'HEAD';
    if (allowed && pathname === '/export/stock.csv') {
      response.setHeader('Content-Type', 'text/csv; charset=windows-1252');
      response.end(stockFile(stock(), new Date()));
      return;
    }
    if (allowed && pathname === '/inventory/stocksummaries') {
      const { status, body } = stockPage(stock(), searchParams, options.perPage);
      response.writeHead(status, { 'Content-Type': 'application/hal+json' });
      response.end(JSON.stringify(body));
      return;
    }
    const found = pathname === '/stock';
    response.statusCode = !found ? 404 : allowed ? 200 : 405;
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.end(
      JSON.stringify(found && allowed ? stock() : { error: found ? 'Only GET.' : 'No such page.' }),
    );
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  let closing: Promise<void> | undefined;

  return {
    url: `http://127.0.0.1:${port}`,
    differences,
    stock,
    drift,
    count(sku, quantity) {
      if (!onHand.has(sku)) return;
      onHand.set(sku, quantity);
      countedAt.set(sku, new Date().toISOString());
    },
    close() {
      closing ??= (async () => {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      })();
      return closing;
    },
  };
}
