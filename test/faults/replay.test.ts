import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { OdooClient } from '../../core/odoo';
import type { Basket, BasketCreated, GroupsAnswer, StoresAnswer } from '../../core/replay';
import { openSqliteStore } from '../../core/store';
import { currency } from '../../sandbox/catalogue';
import { type OdooStandIn, seedDemoCompany, startOdooStandIn } from '../../sandbox/odoo';
import type { Rng } from '../../sandbox/storefront/rng';
import { adminClient, createOne, makeOrder } from '../conformance/sales-fixture';
import { type FlowNode, node, postUntilTaken } from '../runtime/flow';
import { type NodeRed, spawnNodeRed, type TempDir, tempDir, waitFor } from '../support';
import { choices, LONG, SEED, tell } from './support/campaign';

const SKU = 'NEW-ARTICLE';
const STORE_FILE = 'replay.sqlite';
const KILLS = 3;
/** Senders at once. */
const LANES = 32;
const CONSOLE = '/crossdock/console/store';

/**
 * Proves that a replay may die anywhere: thousands of orders for an article that Odoo does not know become dead
 * letters, the article is created, the letters are replayed, and the process is killed in the middle, three times.
 */
describe('a replay that is killed in its middle', function () {
  this.timeout(LONG ? 3_600_000 : 600_000);
  const count = LONG ? 10_000 : 400;
  const name = `replay-${SEED}`;
  let dir: TempDir;
  let odoo: OdooStandIn;
  let client: OdooClient;
  let red: NodeRed | undefined;

  before(async () => {
    dir = tempDir('crossdock-replay-faults-');
    odoo = await startOdooStandIn();
    await seedDemoCompany(odoo);
    client = adminClient(odoo);
    red = await spawnNodeRed({ userDir: dir.path, flows: flowsOf(odoo) });
  });
  after(async () => {
    await red?.remove();
    await client?.close();
    await odoo?.close();
    dir?.remove();
  });

  it('becomes one order per letter, none lost and none doubled', async () => {
    const running = red as NodeRed;
    const rng = choices(name);
    await send(running, name, count);
    const parked = async (): Promise<number> => {
      const { stores } = (await running.admin('/crossdock/console/stores')) as StoresAnswer;
      return stores[0]?.deadLetters.parked ?? 0;
    };
    await waitFor(async () => (await parked()) === count, {
      what: `${count} dead letters`,
      timeoutMs: 600_000,
      intervalMs: 200,
    });
    const { groups } = (await running.admin(`${CONSOLE}/groups`)) as GroupsAnswer;
    assert.deepEqual(
      groups.map((group) => [group.code, group.count]),
      [['UNKNOWN_SKU', count]],
      'one cause, one group',
    );
    assert.equal(await ordersIn(client, name), 0);
    await createOne(client, 'product.product', {
      name: 'The article that was missing',
      default_code: SKU,
      list_price: 10,
      type: 'consu',
      is_storable: true,
    });

    const body = { name: 'mended', filter: { cause: groups[0]?.cause } };
    const made = (await running.admin(`${CONSOLE}/baskets`, { method: 'POST', body })) as BasketCreated;
    assert.equal(made.count, count);
    const path = `${CONSOLE}/baskets/${made.id}`;
    // Some ten seconds of sending, so that there is a middle to be killed in.
    const start = { method: 'POST', body: { ratePerSecond: Math.ceil(count / 10) } };
    const begun = performance.now();
    await running.admin(`${path}/start`, start);
    const killedAt: string[] = [];
    for (let kill = 1; kill <= KILLS; kill += 1) {
      killedAt.push(await killInTheMiddle(running, path, kill, count, rng));
      await running.restart();
      // Whoever sees it standing still after the crash starts it again; that must not matter.
      await waitFor(() => running.admin(`${path}/start`, start), { what: 'the store', timeoutMs: 30_000 });
    }
    const finished = await waitFor(
      async () => {
        const basket = (await running.admin(path)) as Basket;
        return basket.state === 'finished' ? basket : undefined;
      },
      { what: 'the basket to finish', timeoutMs: 1_200_000, intervalMs: 250 },
    );
    const seconds = Math.round((performance.now() - begun) / 1000);
    assert.deepEqual(finished.progress, {
      total: count,
      pending: 0,
      sent: 0,
      done: count,
      failedAgain: 0,
      skipped: 0,
      discarded: 0,
    });
    const again = (await running.admin(`${path}/start`, start)) as Basket;
    assert.equal(again.state, 'finished', 'a second replay does nothing');

    const refs = await refsIn(client, name);
    const doubled = refs.length - new Set(refs).size;
    tell(
      `${count} dead letters, replayed in ${seconds} s, killed at ${killedAt.join('; ')}: ${new Set(refs).size} orders, ${doubled} doubled`,
    );
    assert.equal(new Set(refs).size, count, 'lost');
    assert.equal(doubled, 0, 'doubled');
    assert.equal(await parked(), 0);
    await running.stop();
    const left = await leftIn(join(dir.path, STORE_FILE));
    assert.deepEqual(left, { unsettled: 0, integrity: 'ok' });
  });
});

/** Kills the process once a random part of what is left has been sent. */
async function killInTheMiddle(
  red: NodeRed,
  path: string,
  kill: number,
  count: number,
  rng: Rng,
): Promise<string> {
  const slice = count / (KILLS + 1);
  const goal = Math.round(slice * (kill - 1) + rng.int(Math.round(slice * 0.2), Math.round(slice * 0.8)));
  const { progress } = await waitFor(
    async () => {
      const basket = (await red.admin(path)) as Basket;
      return count - basket.progress.pending >= goal ? basket : undefined;
    },
    { what: `${goal} letters sent`, timeoutMs: 600_000, intervalMs: 20 },
  );
  await red.kill9();
  const { pending, sent, done } = progress;
  return `${pending} pending, ${sent} in the flow, ${done} done`;
}

async function send(red: NodeRed, account: string, count: number): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (;;) {
      next += 1;
      if (next > count) return;
      const id = `${account}-${next}`;
      const order = makeOrder({ prefix: account, currency, skus: [SKU, SKU, SKU] }, id, [
        { sku: SKU, price: '18.75' },
      ]);
      await postUntilTaken(red, '/feed', id, order);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

const domainOf = (account: string) => [['client_order_ref', 'like', `#${account}-`]];

function ordersIn(client: OdooClient, account: string): Promise<number> {
  return client.call<number>('sale.order', 'search_count', { args: { domain: domainOf(account) } });
}

async function refsIn(client: OdooClient, account: string): Promise<string[]> {
  const rows = await client.call<readonly { client_order_ref: string; state: string }[]>(
    'sale.order',
    'search_read',
    {
      args: { domain: [...domainOf(account), ['state', '=', 'sale']], fields: ['client_order_ref', 'state'] },
    },
  );
  return rows.map((row) => row.client_order_ref);
}

async function leftIn(file: string): Promise<{ unsettled: number; integrity: string }> {
  const store = await openSqliteStore(file);
  try {
    const [waiting, whole] = await store.run([
      { sql: 'SELECT count(*) AS n FROM crossdock_inbox WHERE settled_at IS NULL' },
      { sql: 'PRAGMA integrity_check' },
    ]);
    return {
      unsettled: Number(waiting?.rows[0]?.['n']),
      integrity: String(Object.values(whole?.rows[0] ?? {})[0]),
    };
  } finally {
    await store.close();
  }
}

function flowsOf(odoo: OdooStandIn): FlowNode[] {
  return [
    { id: 'tab', type: 'tab', label: 'Orders' },
    { id: 'store', type: 'crossdock-store', kind: 'sqlite', path: STORE_FILE },
    {
      id: 'server',
      type: 'crossdock-odoo-server',
      url: odoo.url,
      database: odoo.database,
      login: odoo.login,
      timeoutSeconds: 10,
      credentials: { apiKey: odoo.apiKey },
    },
    node('crossdock-webhook-in', 'feed', { store: 'store', path: '/feed', source: 'feed' }, [['guard']]),
    node('crossdock-idempotency-guard', 'guard', { store: 'store', scope: 'orders' }, [['place'], [], []]),
    node('crossdock-odoo-order', 'place', { server: 'server' }, [[]]),
    node('catch', 'caught', { scope: null, uncaught: false }, [['dead']]),
    node('crossdock-dead-letter', 'dead', { store: 'store' }, [[], [], []]),
  ];
}
