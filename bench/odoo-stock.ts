/**
 * Products per second when the stock of 10,000 products is read from a real Odoo in pages, sides in turn, medians:
 * - `node`: what the odoo stock node does for one level per product: contract-valid inventory levels, page by page;
 * - `bare`: a bare client's loop over the same fields in pages of the same size, with nothing around it;
 * - `sites`: one level per product and warehouse, for information.
 *
 * Needs ODOO_TEST_URL, ODOO_TEST_DB, ODOO_TEST_LOGIN, ODOO_TEST_API_KEY. Prints one JSON line; `ratio` is node over
 * bare. The products are made at the first run, and archived at the end of each.
 */
import axios from 'axios';
import { createOdooClient, type OdooClient, readLevels } from '../core/odoo';
import { adminClient, type OdooUnderTest, odooFromEnvironment } from '../test/conformance/sales-fixture';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const PRODUCTS = Number(process.env.BENCH_PRODUCTS ?? 10_000);
const PAGE = Number(process.env.BENCH_PAGE ?? 500);
const PREFIX = 'bench-stock-';
const FIELDS = [
  'id',
  'default_code',
  'barcode',
  'name',
  'uom_id',
  'qty_available',
  'free_qty',
  'incoming_qty',
  'outgoing_qty',
];
/** Records per write while the products are made. */
const CHUNK = 500;

async function main(): Promise<Record<string, unknown>> {
  const server = odooFromEnvironment();
  if (server === undefined) return { error: 'ODOO_TEST_URL, ODOO_TEST_DB and ODOO_TEST_API_KEY are not set' };
  const admin = adminClient(server);
  const client = createOdooClient(server);
  const ids = await makeProducts(admin);
  try {
    const rates: Record<'node' | 'bare' | 'sites', number[]> = { node: [], bare: [], sites: [] };
    await runBare(server);
    await runNode(client, 'total');
    for (let round = 0; round < ROUNDS; round += 1) {
      const sides = [
        async () => rates.node.push(await runNode(client, 'total')),
        async () => rates.bare.push(await runBare(server)),
        async () => rates.sites.push(await runNode(client, 'site')),
      ];
      // Whoever goes first finds other caches than whoever goes last: the order of the sides turns.
      for (let turn = 0; turn < sides.length; turn += 1) await sides[(turn + round) % sides.length]?.();
    }
    const [node, bare, sites] = [median(rates.node), median(rates.bare), median(rates.sites)];
    return {
      ratio: round2(node / bare),
      nodePerSecond: Math.round(node),
      barePerSecond: Math.round(bare),
      sitesPerSecond: Math.round(sites),
      products: PRODUCTS,
      page: PAGE,
      rounds: ROUNDS,
      ...(process.env.BENCH_VERBOSE ? { rates } : {}),
    };
  } finally {
    await setActive(admin, ids, false);
    await client.close();
    await admin.close();
  }
}

/** Products per second; a product that no level is about would make this meaningless. */
async function runNode(client: OdooClient, levelOf: 'total' | 'site'): Promise<number> {
  const start = performance.now();
  const products = new Set<string>();
  for await (const page of readLevels(client, { levelOf, pageSize: PAGE })) {
    for (const level of page.levels) products.add(level.item.identifiers.at(-1)?.value ?? '');
  }
  return rate(products.size, start);
}

async function runBare(server: OdooUnderTest): Promise<number> {
  const http = axios.create({
    baseURL: server.url,
    proxy: false,
    headers: { Authorization: `bearer ${server.apiKey}`, 'X-Odoo-Database': server.database },
  });
  const start = performance.now();
  let products = 0;
  for (let after = 0; ; ) {
    const { data } = await http.post<{ id: number }[]>('/json/2/product.product/search_read', {
      domain: [
        ['id', '>', after],
        ['is_storable', '=', true],
      ],
      fields: FIELDS,
      order: 'id',
      limit: PAGE,
    });
    products += data.length;
    after = data.at(-1)?.id ?? 0;
    if (data.length < PAGE) return rate(products, start);
  }
}

function rate(products: number, start: number): number {
  if (products < PRODUCTS) throw new Error(`only ${products} products were read`);
  return products / ((performance.now() - start) / 1000);
}

/** Every second product is on hand. */
async function makeProducts(admin: OdooClient): Promise<number[]> {
  const ids = await admin.call<number[]>('product.product', 'search', {
    args: { domain: [['default_code', '=like', `${PREFIX}%`]], order: 'id' },
    context: { active_test: false },
  });
  await setActive(admin, ids, true);
  const [warehouse] = await admin.call<{ lot_stock_id: [number, string] }[]>(
    'stock.warehouse',
    'search_read',
    { args: { domain: [], fields: ['lot_stock_id'], limit: 1 } },
  );
  while (ids.length < PRODUCTS) {
    const first = ids.length;
    const count = Math.min(CHUNK, PRODUCTS - first);
    const made = await admin.call<number[]>('product.product', 'create', {
      args: {
        vals_list: Array.from({ length: count }, (_, index) => ({
          name: `Bench ${first + index}`,
          default_code: `${PREFIX}${first + index}`,
          type: 'consu',
          is_storable: true,
        })),
      },
      context: { tracking_disable: true },
    });
    const quants = await admin.call<number[]>('stock.quant', 'create', {
      args: {
        vals_list: made
          .filter((_, index) => index % 2 === 0)
          .map((id, index) => ({
            product_id: id,
            location_id: warehouse?.lot_stock_id[0],
            inventory_quantity: 1 + (index % 90),
          })),
      },
      context: { inventory_mode: true },
    });
    await admin.call('stock.quant', 'action_apply_inventory', { ids: quants });
    ids.push(...made);
  }
  return ids;
}

async function setActive(admin: OdooClient, ids: readonly number[], active: boolean): Promise<void> {
  for (let from = 0; from < ids.length; from += CHUNK) {
    await admin.call('product.product', 'write', {
      ids: ids.slice(from, from + CHUNK),
      args: { vals: { active } },
      context: { tracking_disable: true },
    });
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}

main()
  .then((result) => {
    console.log(JSON.stringify({ bench: 'odoo-stock', ...result }));
    if ('error' in result) process.exitCode = 1;
  })
  .catch((error: unknown) => {
    console.log(
      JSON.stringify({ bench: 'odoo-stock', error: error instanceof Error ? error.message : String(error) }),
    );
    process.exitCode = 1;
  });
