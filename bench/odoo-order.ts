/**
 * Orders per second into a real Odoo, three sides in turn, several rounds, medians:
 * - `node`: the odoo order node's desk with everything switched on (customers matched, terms, tags, keyed load, total
 *   check, read-back of orders and lines, canonical order and response); the credit gate waits for a confirmation;
 * - `loginCreate`: log in and create, message by message, as existing Node-RED nodes for Odoo do;
 * - `bare`: a bare client's keyed load of prepared rows in batches of the same size, with nothing around it.
 *
 * Needs ODOO_TEST_URL, ODOO_TEST_DB, ODOO_TEST_LOGIN, ODOO_TEST_API_KEY. Prints one JSON line; `ratio` is node over
 * loginCreate, `ratioBare` node over bare. Orders stay quotations and are deleted at the end.
 */
import { randomBytes } from 'node:crypto';
import axios from 'axios';
import { createOdooClient, OrderDesk } from '../core/odoo';
import {
  adminClient,
  createSalesFixture,
  type OdooUnderTest,
  odooFromEnvironment,
  type SalesFixture,
} from '../test/conformance/sales-fixture';
import { type BenchFixture, clean, EVERYTHING, richOrder, runLoginCreate, withCustomers } from './lib/odoo';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const ORDERS = Number(process.env.BENCH_ORDERS ?? 150);
const BATCH = Number(process.env.BENCH_BATCH ?? 50);
/** Message by message is slow; its rate needs fewer orders. */
const SLOW_ORDERS = Number(process.env.BENCH_SLOW_ORDERS ?? 10);

async function main(): Promise<Record<string, unknown>> {
  const server = odooFromEnvironment();
  if (server === undefined) return { error: 'ODOO_TEST_URL, ODOO_TEST_DB and ODOO_TEST_API_KEY are not set' };
  const admin = adminClient(server);
  const fixture = await withCustomers(admin, await createSalesFixture(admin));
  const client = createOdooClient(server);
  // One desk for all rounds, as a deployed node has one: it knows its products and its customers by then.
  const desk = new OrderDesk(client, {
    ...EVERYTHING,
    confirm: false,
    chargeSku: fixture.chargeSku,
    discountSku: fixture.discountSku,
    batchSize: BATCH,
  });
  try {
    const rates: Record<'node' | 'loginCreate' | 'bare', number[]> = { node: [], loginCreate: [], bare: [] };
    await runNode(desk, fixture, 'warm-up', 10);
    await runBare(server, fixture, 10);
    for (let round = 0; round < ROUNDS; round += 1) {
      const sides = [
        async () => rates.node.push(await runNode(desk, fixture, `round-${round}`, ORDERS)),
        async () => rates.bare.push(await runBare(server, fixture, ORDERS)),
        async () => rates.loginCreate.push(await runLoginCreate(server, fixture, SLOW_ORDERS)),
      ];
      // Whoever goes first finds other caches than whoever goes last: the order of the sides turns.
      for (let turn = 0; turn < sides.length; turn += 1) await sides[(turn + round) % sides.length]?.();
    }
    const [node, bare, loginCreate] = [median(rates.node), median(rates.bare), median(rates.loginCreate)];
    return {
      ratio: round2(node / loginCreate),
      ratioBare: round2(node / bare),
      nodePerSecond: round2(node),
      loginCreatePerSecond: round2(loginCreate),
      barePerSecond: round2(bare),
      batch: BATCH,
      orders: ORDERS,
      rounds: ROUNDS,
      ...(process.env.BENCH_VERBOSE ? { rates } : {}),
    };
  } finally {
    await clean(admin, fixture);
    await client.close();
    await admin.close();
  }
}

/** Orders per second of the node's desk, all submitted at once. */
async function runNode(desk: OrderDesk, fixture: BenchFixture, run: string, count: number): Promise<number> {
  const orders = Array.from({ length: count }, (_, index) => richOrder(fixture, run, index));
  const start = performance.now();
  const results = await Promise.all(orders.map((order) => desk.place(order)));
  const seconds = (performance.now() - start) / 1000;
  const ids = new Set(results.map(({ placed }) => placed.odooId));
  if (ids.size !== count || results.some(({ placed }) => placed.leftOut !== undefined))
    throw new Error('orders are missing, or something of them');
  return count / seconds;
}

/** The rows that the writer sends, made by hand. */
const COLUMNS = [
  'id',
  'partner_id/.id',
  'partner_shipping_id/.id',
  'client_order_ref',
  'origin',
  'date_order',
  'pricelist_id/.id',
  'order_line/product_id/.id',
  'order_line/name',
  'order_line/product_uom_qty',
  'order_line/price_unit',
  'order_line/discount',
  'order_line/tax_ids/.id',
];

/** Orders per second of a bare client: one keyed load after the other, nothing else. */
async function runBare(server: OdooUnderTest, fixture: SalesFixture, count: number): Promise<number> {
  const customer = String(fixture.customerId);
  const batches: string[][][] = [];
  for (let index = 0; index < count; index += 1) {
    if (index % BATCH === 0) batches.push([]);
    const name = randomBytes(8).toString('hex');
    const origin = `shop:${fixture.prefix}:${name}`;
    const head = [
      randomBytes(32).toString('hex'),
      customer,
      customer,
      `#${name}`,
      origin,
      '2026-11-20 22:30:05',
      '',
    ];
    fixture.skus.forEach((sku, line) => {
      const product = String(fixture.productIds[line]);
      const start = line === 0 ? head : head.map(() => '');
      batches.at(-1)?.push([...start, product, `Item ${sku}`, '2', '10.5', '0', '']);
    });
  }
  const http = axios.create({
    baseURL: server.url,
    proxy: false,
    headers: { Authorization: `bearer ${server.apiKey}`, 'X-Odoo-Database': server.database },
  });
  const context = { module: 'crossdock', mode: 'update', noupdate: true, tracking_disable: true, tz: 'UTC' };
  const start = performance.now();
  for (const data of batches) {
    const reply = await http.post<{ ids: number[] | false }>('/json/2/sale.order/load', {
      fields: COLUMNS,
      data,
      context,
    });
    if (!reply.data.ids) throw new Error('the bare load was refused');
  }
  return count / ((performance.now() - start) / 1000);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}

main()
  .then((result) => {
    console.log(JSON.stringify({ bench: 'odoo-order', ...result }));
    if ('error' in result) process.exitCode = 1;
  })
  .catch((error: unknown) => {
    console.log(
      JSON.stringify({ bench: 'odoo-order', error: error instanceof Error ? error.message : String(error) }),
    );
    process.exitCode = 1;
  });
