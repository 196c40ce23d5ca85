/**
 * From capture to the confirmed order in a real Odoo, three sides in turn, several rounds, medians:
 * - `node`: the odoo order node's desk with everything switched on (customers matched, terms, tags, total, credit gate,
 *   keyed load, confirmation, read-back, canonical order and response);
 * - `quiet`: the same without Odoo's chatter (nothing logged, no follower told);
 * - `loginCreateConfirm`: log in, create and confirm, message by message, as existing Node-RED nodes for Odoo do.
 *
 * A confirmation costs Odoo itself 15 to 25 ms (a delivery with its moves and reservations), in one Python process one
 * after the other. So this runs against an Odoo with worker processes, as it is run in production, started for the
 * benchmark on the database of the shared one; BENCH_WORKERS=0 takes the shared one as it is (threads).
 *
 * Needs ODOO_TEST_URL, ODOO_TEST_DB, ODOO_TEST_LOGIN, ODOO_TEST_API_KEY. Prints one JSON line; `ratio` is node over
 * loginCreateConfirm. Orders are cancelled and deleted after each round.
 */
import { loadavg } from 'node:os';
import { createOdooClient, OrderDesk } from '../core/odoo';
import {
  adminClient,
  createSalesFixture,
  type OdooUnderTest,
  odooFromEnvironment,
} from '../test/conformance/sales-fixture';
import { ownOdoo } from '../test/faults/support/own-odoo';
import { freePort } from '../test/support';
import { median, round } from './lib/measure';
import { type BenchFixture, clean, EVERYTHING, richOrder, runLoginCreate, withCustomers } from './lib/odoo';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const ORDERS = Number(process.env.BENCH_ORDERS ?? 200);
const BATCH = Number(process.env.BENCH_BATCH ?? 25);
const WORKERS = Number(process.env.BENCH_WORKERS ?? 2);
/** Batches under way at once. */
const LANES = Number(process.env.BENCH_LANES ?? 2);
const SLOW_ORDERS = Number(process.env.BENCH_SLOW_ORDERS ?? 10);

async function main(): Promise<Record<string, unknown>> {
  const shared = odooFromEnvironment();
  if (shared === undefined) return { error: 'ODOO_TEST_URL, ODOO_TEST_DB and ODOO_TEST_API_KEY are not set' };
  const own =
    WORKERS > 0
      ? await ownOdoo(['--workers', String(WORKERS), '--gevent-port', String(await freePort())])
      : undefined;
  await own?.start();
  try {
    return { ...(await measure(own ?? shared)), workers: own === undefined ? 0 : WORKERS };
  } finally {
    await own?.stop();
  }
}

async function measure(server: OdooUnderTest): Promise<Record<string, unknown>> {
  const admin = adminClient(server);
  const fixture = await withCustomers(admin, await createSalesFixture(admin));
  const client = createOdooClient(server);
  const open = (chatter: boolean): OrderDesk =>
    new OrderDesk(client, {
      ...EVERYTHING,
      chatter,
      chargeSku: fixture.chargeSku,
      discountSku: fixture.discountSku,
      batchSize: BATCH,
      lanes: LANES,
    });
  const desks = { node: open(true), quiet: open(false) };
  try {
    const rates: Record<'node' | 'quiet' | 'loginCreateConfirm', number[]> = {
      node: [],
      quiet: [],
      loginCreateConfirm: [],
    };
    // Every worker process builds caches of its own.
    await runDesk(desks.node, fixture, 'warm-up', 100);
    await clean(admin, fixture);
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      const sides = [
        async () => rates.node.push(await runDesk(desks.node, fixture, `node-${turn}`, ORDERS)),
        async () => rates.loginCreateConfirm.push(await runLoginCreate(server, fixture, SLOW_ORDERS, true)),
        async () => rates.quiet.push(await runDesk(desks.quiet, fixture, `quiet-${turn}`, ORDERS)),
      ];
      for (let step = 0; step < sides.length; step += 1) {
        await sides[(step + turn) % sides.length]?.();
        await clean(admin, fixture);
      }
    }
    const slow = median(rates.loginCreateConfirm);
    return {
      ratio: round(median(rates.node) / slow, 2),
      ratioQuiet: round(median(rates.quiet) / slow, 2),
      nodePerSecond: round(median(rates.node), 1),
      quietPerSecond: round(median(rates.quiet), 1),
      loginCreateConfirmPerSecond: round(slow, 2),
      batch: BATCH,
      lanes: LANES,
      orders: ORDERS,
      rounds: ROUNDS,
      load: round(loadavg()[0] ?? 0, 1),
      ...(process.env.BENCH_VERBOSE ? { rates } : {}),
    };
  } finally {
    await clean(admin, fixture);
    await client.close();
    await admin.close();
  }
}

/** Confirmed orders per second, all submitted at once. */
async function runDesk(desk: OrderDesk, fixture: BenchFixture, run: string, count: number): Promise<number> {
  const orders = Array.from({ length: count }, (_, index) => richOrder(fixture, run, index));
  const start = performance.now();
  const results = await Promise.all(orders.map((order) => desk.place(order)));
  const seconds = (performance.now() - start) / 1000;
  const good = results.filter(({ placed, response }) => placed.state === 'sale' && response.code === 'AP');
  if (new Set(good.map(({ placed }) => placed.odooId)).size !== count) throw new Error('orders are missing');
  return count / seconds;
}

main()
  .then((result) => {
    console.log(JSON.stringify({ bench: 'odoo-confirm', ...result }));
    if ('error' in result) process.exitCode = 1;
  })
  .catch((error: unknown) => {
    console.log(
      JSON.stringify({
        bench: 'odoo-confirm',
        error: error instanceof Error ? error.message : String(error),
      }),
    );
    process.exitCode = 1;
  });
