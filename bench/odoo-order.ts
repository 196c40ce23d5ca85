/**
 * Orders per second into a real Odoo, three sides in turn, several rounds, medians:
 * - `node`: the order writer as the odoo order node uses it (look-ups, keyed load, read-back and total check);
 * - `loginCreate`: log in and create, message by message, as existing Node-RED nodes for Odoo do;
 * - `bare`: a bare client's keyed load of prepared rows in batches of the same size, with nothing around it.
 *
 * Needs ODOO_TEST_URL, ODOO_TEST_DB, ODOO_TEST_LOGIN, ODOO_TEST_API_KEY. Prints one JSON line; `ratio` is node over
 * loginCreate, `ratioBare` node over bare. Orders stay quotations and are deleted at the end.
 */
import { randomBytes } from 'node:crypto';
import axios from 'axios';
import { createOdooClient, OrderWriter } from '../core/odoo';
import {
  adminClient,
  createSalesFixture,
  makeOrder,
  type OdooUnderTest,
  odooFromEnvironment,
  type SalesFixture,
} from '../test/conformance/sales-fixture';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const ORDERS = Number(process.env.BENCH_ORDERS ?? 150);
const BATCH = Number(process.env.BENCH_BATCH ?? 50);
/** Message by message is slow; its rate needs fewer orders. */
const SLOW_ORDERS = Number(process.env.BENCH_SLOW_ORDERS ?? 10);

async function main(): Promise<Record<string, unknown>> {
  const server = odooFromEnvironment();
  if (server === undefined) return { error: 'ODOO_TEST_URL, ODOO_TEST_DB and ODOO_TEST_API_KEY are not set' };
  const admin = adminClient(server);
  const fixture = await createSalesFixture(admin);
  const client = createOdooClient(server);
  // One writer for all rounds, as a deployed node has one: it knows its products and its customer by then.
  const writer = new OrderWriter(client, {
    customer: 'fixed',
    customerRef: fixture.customerRef,
    confirm: false,
    chargeSku: fixture.chargeSku,
    discountSku: fixture.discountSku,
    batchSize: BATCH,
  });
  try {
    const rates: Record<'node' | 'loginCreate' | 'bare', number[]> = { node: [], loginCreate: [], bare: [] };
    await runNode(writer, fixture, 'warm-up', 10);
    await runBare(server, fixture, 10);
    for (let round = 0; round < ROUNDS; round += 1) {
      const sides = [
        async () => rates.node.push(await runNode(writer, fixture, `round-${round}`, ORDERS)),
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
    const ids = await admin.call<number[]>('sale.order', 'search', {
      args: { domain: [['origin', '=like', `shop:${fixture.prefix}:%`]] },
    });
    if (ids.length > 0) await admin.call('sale.order', 'unlink', { ids });
    await client.close();
    await admin.close();
  }
}

/** Orders per second of the order writer, all submitted at once. */
async function runNode(
  writer: OrderWriter,
  fixture: SalesFixture,
  run: string,
  count: number,
): Promise<number> {
  // To the customer's own address: the look-up of delivery addresses is not part of what the other sides do.
  const buyer = { name: 'Buyer', identifiers: [] };
  const orders = Array.from({ length: count }, (_, index) =>
    makeOrder(fixture, `${run}-${index}`, undefined, { parties: { buyer, shipTo: buyer } }),
  );
  const start = performance.now();
  const placed = await Promise.all(orders.map((order) => writer.submit(order)));
  const seconds = (performance.now() - start) / 1000;
  if (new Set(placed.map((order) => order.odooId)).size !== count) throw new Error('orders are missing');
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

/** Orders per second when each message logs in and creates its order. */
async function runLoginCreate(server: OdooUnderTest, fixture: SalesFixture, count: number): Promise<number> {
  const rpc = async <T>(service: string, method: string, args: unknown[]): Promise<T> => {
    const payload = { jsonrpc: '2.0', method: 'call', id: 1, params: { service, method, args } };
    const reply = await axios.post<{ result: T; error?: unknown }>(`${server.url}/jsonrpc`, payload, {
      proxy: false,
    });
    if (reply.data.error) throw new Error('the create was refused');
    return reply.data.result;
  };
  const { database, login, apiKey } = server;
  const start = performance.now();
  for (let index = 0; index < count; index += 1) {
    const name = randomBytes(8).toString('hex');
    const uid = await rpc<number>('common', 'authenticate', [database, login, apiKey, {}]);
    const values = {
      partner_id: fixture.customerId,
      client_order_ref: `#${name}`,
      origin: `shop:${fixture.prefix}:${name}`,
      date_order: '2026-11-20 22:30:05',
      order_line: fixture.skus.map((sku, line) => [
        0,
        0,
        { product_id: fixture.productIds[line], name: `Item ${sku}`, product_uom_qty: 2, price_unit: 10.5 },
      ]),
    };
    await rpc<number>('object', 'execute_kw', [database, uid, apiKey, 'sale.order', 'create', [values]]);
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
