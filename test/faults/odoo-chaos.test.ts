/**
 * Must show 4 of issue 6: orders into a real Odoo while gateway and Odoo are killed twice and restarted, with 30 %
 * duplicates (as messages of their own, and no guard before the node) and time-outs on both sides. Every order is there
 * once, with its lines once, confirmed once, with one picking.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OdooClient } from '../../core/odoo';
import { openSqliteStore } from '../../core/store';
import type { Rng } from '../../sandbox/storefront/rng';
import { adminClient, createSalesFixture, makeOrder, type SalesFixture } from '../conformance/sales-fixture';
import { node } from '../runtime/flow';
import {
  type NodeRed,
  spawnNodeRed,
  startTcpProxy,
  type TcpProxy,
  type TempDir,
  tempDir,
  waitFor,
} from '../support';
import { choices, SEED, tell, turns } from './support/campaign';
import { type OwnOdoo, ownOdoo } from './support/own-odoo';

const ORDERS = turns(40, 500);
const DUPLICATES = 0.3;
const LANES = 16;
/** Of the gateway's calls to Odoo. */
const TIMEOUT_S = 5;
/** The gateway's deaths: after a load, and after a confirmation, before Odoo's answer is there. */
const POINTS = ['odoo.afterSendBeforeReply:3', 'odoo.afterConfirmBeforeReply:2'];
const LINES = 2;

interface Row {
  readonly origin: string;
  readonly state: string;
  readonly order_line: readonly number[];
  readonly picking_ids: readonly number[];
  readonly amount_total: number;
}

describe('chaos on a real Odoo', function () {
  this.timeout(1_800_000);
  let odoo: OwnOdoo;
  let admin: OdooClient;
  let fixture: SalesFixture;
  let proxy: TcpProxy;
  let dir: TempDir;
  let red: NodeRed | undefined;
  const env: Record<string, string | undefined> = {};
  /** Ends senders and disturbances, also when the run has failed. */
  const stop = new AbortController();

  before(async function () {
    const own = await ownOdoo();
    if (own === undefined) return this.skip();
    odoo = own;
    dir = tempDir('crossdock-chaos-');
    await odoo.start();
    proxy = await startTcpProxy({ target: odoo.url });
  });

  after(async () => {
    stop.abort();
    await odoo?.kill();
    await red?.remove();
    await proxy?.close();
    dir?.remove();
    if (fixture === undefined) return;
    // The shared server is there whatever happened to ours.
    const rows = await own('state');
    const ids = (wanted: (state: string) => boolean) =>
      rows.filter(({ state }) => wanted(state)).map(({ id }) => id);
    for (let from = 0; from < rows.length; from += 100) {
      const confirmed = ids((state) => state === 'sale').slice(from, from + 100);
      const context = { tracking_disable: true };
      if (confirmed.length > 0) await admin.call('sale.order', 'action_cancel', { ids: confirmed, context });
    }
    if (rows.length > 0) await admin.call('sale.order', 'unlink', { ids: rows.map(({ id }) => id) });
    await admin.close();
  });

  const own = (...fields: string[]) =>
    admin.call<readonly (Row & { readonly id: number })[]>('sale.order', 'search_read', {
      args: { domain: [['origin', '=like', `shop:${fixture.prefix}:%`]], fields: ['origin', ...fields] },
    });

  it(`${ORDERS} orders: each once, its lines once, confirmed once, one picking each`, async () => {
    const rng = choices('odoo chaos');
    // The shared server: it may be asked also while ours is dead.
    admin = adminClient({ ...odoo, url: process.env['ODOO_TEST_URL'] ?? odoo.url });
    fixture = await createSalesFixture(admin);
    red = await spawnNodeRed({ userDir: dir.path, env, flows: flows() });
    const gateway = red;
    const sent = send(rng, gateway.url);
    const noise = disturb(rng);
    const begun = performance.now();
    const kills: string[] = [];

    for (const [round, point] of POINTS.entries()) {
      await sent.reached(Math.round((ORDERS * (round * 2 + 1)) / 5));
      await odoo.kill();
      kills.push('Odoo');
      // Long enough for calls to fail, and for some to be in the air when it is back.
      await sleep(rng.int(500, 2500));
      env['CROSSDOCK_CRASH_AT'] = point;
      await Promise.all([odoo.start(), restartArmed(gateway)]);
      await sent.reached(Math.round((ORDERS * (round * 2 + 2)) / 5));
      const died = await waitFor(() => gateway.pid === undefined, { timeoutMs: 20_000, what: point }).catch(
        () => false,
      );
      if (!died) await gateway.kill9();
      kills.push(died ? point : 'a random moment');
      env['CROSSDOCK_CRASH_AT'] = undefined;
      await gateway.restart();
    }
    const { messages, unknown } = await sent.finished();
    await noise.stop();
    await waitFor(async () => (await own('state')).filter(({ state }) => state === 'sale').length >= ORDERS, {
      what: 'the orders in Odoo',
      timeoutMs: turns(120_000, 600_000),
      intervalMs: 1000,
    });
    // The last messages may wait for their next try.
    let left = await leftBehind(gateway);
    for (
      let look = 0;
      (left.states['done'] ?? 0) < messages && left.refused.length === 0 && look < 60;
      look += 1
    ) {
      await gateway.restart();
      await sleep(3000);
      left = await leftBehind(gateway);
    }
    assert.deepEqual(left, { states: { done: messages }, refused: [], integrity: 'ok' }, `seed ${SEED}`);
    const rows = await own('state', 'order_line', 'picking_ids', 'amount_total');
    const seconds = Math.round((performance.now() - begun) / 1000);
    tell(
      `chaos: ${messages} messages of ${ORDERS} orders (${unknown} tries without an answer), killed: ${kills.join(', ')}; ` +
        `${noise.cuts()} answers of Odoo cut, ${noise.holds()} held beyond the time-out; ${rows.length} orders in Odoo after ${seconds} s`,
    );
    assert.equal(kills.length, 4);
    const by = (count: (row: Row) => unknown): Record<string, number> => {
      const counts: Record<string, number> = {};
      for (const row of rows) counts[String(count(row))] = (counts[String(count(row))] ?? 0) + 1;
      return counts;
    };
    assert.equal(new Set(rows.map(({ origin }) => origin)).size, ORDERS, `seed ${SEED}`);
    assert.deepEqual(
      {
        orders: rows.length,
        states: by((row) => row.state),
        lines: by((row) => row.order_line.length),
        pickings: by((row) => row.picking_ids.length),
        totals: by((row) => row.amount_total),
      },
      {
        orders: ORDERS,
        states: { sale: ORDERS },
        lines: { [LINES]: ORDERS },
        pickings: { 1: ORDERS },
        totals: { 42: ORDERS },
      },
      `seed ${SEED}`,
    );
    const moves = await admin.call<number>('stock.move', 'search_count', {
      args: { domain: [['picking_id', 'in', rows.flatMap(({ picking_ids: ids }) => ids)]] },
    });
    assert.equal(moves, ORDERS * LINES);
  });

  function flows(): object[] {
    return [
      { id: 'tab', type: 'tab', label: 'chaos' },
      { id: 'store', type: 'crossdock-store', kind: 'sqlite', path: 'chaos.sqlite' },
      {
        id: 'server',
        type: 'crossdock-odoo-server',
        url: proxy.url,
        database: odoo.database,
        login: odoo.login,
        timeoutSeconds: TIMEOUT_S,
        credentials: { apiKey: odoo.apiKey },
      },
      node(
        'crossdock-webhook-in',
        'feed',
        { store: 'store', path: '/feed', source: 'feed', maxAttempts: 1000 },
        [['place']],
      ),
      node(
        'crossdock-odoo-order',
        'place',
        { server: 'server', customer: 'fixed', customerRef: fixture.customerRef, batchSize: 10 },
        [[]],
      ),
    ];
  }

  /** Posts every order, and some of them again as a message of their own, each until it is acknowledged. */
  function send(rng: Rng, url: string) {
    const [a, b] = fixture.skus;
    const ids = Array.from({ length: ORDERS }, (_, index) => String(index));
    const again = ids.filter(() => rng.int(1, 100) <= DUPLICATES * 100);
    const queue = [
      ...ids.map((id) => ({ id, message: id })),
      ...again.map((id) => ({ id, message: `${id}-again` })),
    ];
    // A duplicate comes soon after, or long after.
    for (let at = queue.length - 1; at > 0; at -= 1) {
      const other = Math.max(0, at - rng.int(0, ORDERS));
      [queue[at], queue[other]] = [queue[other] as (typeof queue)[0], queue[at] as (typeof queue)[0]];
    }
    let acknowledged = 0;
    let unknown = 0;
    const lane = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined && !stop.signal.aborted; next = queue.shift()) {
        const body = JSON.stringify(
          makeOrder(fixture, next.id, [{ sku: a }, { sku: b }], {
            parties: {
              buyer: { name: 'Buyer', identifiers: [] },
              shipTo: { name: 'Buyer', identifiers: [] },
            },
          }),
        );
        while (!stop.signal.aborted) {
          const status = await post(url, next.message, body, rng.int(1, 10) === 1 ? rng.int(1, 30) : 15_000);
          if (status === 200 || status === 202) break;
          if (status === undefined) unknown += 1;
          await sleep(rng.int(20, 300));
        }
        acknowledged += 1;
        await sleep(rng.int(1, 40));
      }
    };
    const messages = queue.length;
    const lanes = Promise.all(Array.from({ length: LANES }, lane));
    lanes.catch(() => undefined);
    return {
      reached: (count: number) =>
        waitFor(() => acknowledged >= count, { what: `${count} acknowledgements`, timeoutMs: 120_000 }),
      async finished() {
        await lanes;
        return { messages, unknown };
      },
    };
  }

  /** Cuts answers of Odoo after it has done the work, and holds them beyond the gateway's time-out. */
  function disturb(rng: Rng) {
    const controller = new AbortController();
    stop.signal.addEventListener('abort', () => controller.abort());
    let cuts = 0;
    let holds = 0;
    const work = (async () => {
      while (!controller.signal.aborted) {
        await sleep(rng.int(200, 1500), undefined, { signal: controller.signal });
        if (rng.int(1, 6) === 1) {
          holds += 1;
          proxy.holdReplies();
          await sleep(TIMEOUT_S * 1000 + rng.int(0, 2000), undefined, { signal: controller.signal });
          proxy.restore();
        } else {
          cuts += 1;
          proxy.cutReplyAfter(rng.int(0, 1) * rng.int(0, 400));
        }
      }
    })().catch(() => undefined);
    return {
      cuts: () => cuts,
      holds: () => holds,
      async stop() {
        controller.abort();
        await work;
        proxy.restore();
      },
    };
  }

  /** What is left in the gateway's store, which is the gateway's alone: it is stopped for the look. */
  async function leftBehind(gateway: NodeRed) {
    await gateway.stop();
    const store = await openSqliteStore(join(dir.path, 'chaos.sqlite'));
    try {
      const [states, refused, integrity] = await store.run([
        { sql: 'SELECT state, count(*) AS n FROM crossdock_inbox GROUP BY state ORDER BY state' },
        { sql: "SELECT id, attempts, error FROM crossdock_inbox WHERE state IN ('dead', 'parked') LIMIT 5" },
        { sql: 'PRAGMA integrity_check' },
      ]);
      return {
        states: Object.fromEntries((states?.rows ?? []).map(({ state, n }) => [String(state), Number(n)])),
        refused: refused?.rows ?? [],
        integrity: Object.values(integrity?.rows[0] ?? {})[0],
      };
    } finally {
      await store.close();
    }
  }
});

/** Starts it with a crash point, which may be reached before it has said that it runs. */
async function restartArmed(gateway: NodeRed): Promise<void> {
  try {
    await gateway.restart();
  } catch (error) {
    if (gateway.pid !== undefined) throw error;
  }
}

async function post(url: string, id: string, body: string, timeoutMs: number): Promise<number | undefined> {
  try {
    const response = await fetch(`${url}/feed`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': id, connection: 'close' },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return undefined;
  }
}
