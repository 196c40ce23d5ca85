/**
 * The reference flow "marketplace orders of a day against Odoo" as it is shipped, with a simulated marketplace. What it
 * must come to in an Odoo is the same on a real one and on the stand-in.
 */
import assert from 'node:assert/strict';
import type { OdooClient } from '../../core/odoo';
import { type Marketplace, startMarketplace } from '../../sandbox/marketplace/marketplace';
import { type MiraklOrder, makeMiraklOrder } from '../../sandbox/marketplace/orders';
import type { CatalogueItem } from '../../sandbox/storefront/basket';
import { createRng } from '../../sandbox/storefront/rng';
import { startTcpProxy, type TcpProxy, waitFor } from '../support';
import { type ReferenceFlow, type Run, startReferenceFlow } from '../support/reference-flow';
import { adminClient, newPrefix, type OdooUnderTest } from './sales-fixture';

export interface OrdersWorld {
  readonly server: OdooUnderTest;
  readonly catalogue: readonly CatalogueItem[];
  readonly currency: string;
}

/** In Berlin this day has 25 hours: from 22:00 UTC of the day before to 23:00 UTC. */
const DAY = '2026-10-25';
const FROM = Date.UTC(2026, 9, 24, 22);
const TO = Date.UTC(2026, 9, 25, 23);
/** So that there are two pages. */
const MATCHING = 3;
const LOST = 105;

export function referenceOrdersSuite(prepare: () => Promise<OrdersWorld>): void {
  const prefix = newPrefix();
  const rng = createRng(prefix);
  const orders: MiraklOrder[] = [];
  let world: OrdersWorld;
  let admin: OdooClient;
  let marketplace: Marketplace;
  /** Between the flow's odoo order and Odoo; what is compared is read past it. */
  let line: TcpProxy;
  let flow: ReferenceFlow;

  const make = (name: string, at: number): MiraklOrder => {
    const { catalogue, currency } = world;
    const order = makeMiraklOrder(rng, {
      id: `${prefix}-${name}`,
      createdAt: new Date(at),
      catalogue,
      currency,
    });
    orders.push(order);
    return order;
  };
  const send = (order: MiraklOrder): Promise<number> =>
    waitFor(async () => {
      const response = await fetch(`${flow.red.url}/marketplace/orders`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': order.order_id,
          connection: 'close',
        },
        body: JSON.stringify(order),
      });
      await response.arrayBuffer();
      return response.status === 503 || response.status === 404 ? undefined : response.status;
    });
  const inOdoo = async (name: string): Promise<{ state: string; amount_total: number }[]> =>
    admin.call('sale.order', 'search_read', {
      args: {
        domain: [['client_order_ref', '=', `${prefix}-${name}`]],
        fields: ['state', 'amount_total'],
      },
    });
  const placed = (name: string): Promise<unknown> =>
    waitFor(async () => (await inOdoo(name))[0]?.state === 'sale', {
      what: `order ${name} in Odoo`,
      timeoutMs: 30_000,
    });
  const compare = async (): Promise<Run> => {
    const since = Date.now();
    await flow.press('A day of your choice', { day: DAY });
    return flow.run('Marketplace against Odoo', since);
  };
  const keyOf = (name: string): string => `${prefix}-${name}`;
  const start = async (userDir?: string): Promise<void> => {
    const { server } = world;
    flow = await startReferenceFlow('marketplace orders of a day against Odoo', {
      env: {
        ODOO_URL: server.url,
        ODOO_DB: server.database,
        ODOO_LOGIN: server.login,
        ODOO_API_KEY: server.apiKey,
        MARKETPLACE_URL: marketplace.url,
        MARKETPLACE_KEY: 'key',
      },
      addresses: { 'Place in Odoo': line.url },
      ...(userDir === undefined ? {} : { userDir }),
    });
  };

  before(async () => {
    world = await prepare();
    admin = adminClient(world.server);
    marketplace = await startMarketplace({ orders: () => orders, apiKey: 'key' });
    line = await startTcpProxy({ target: world.server.url });
    await start();
    for (let n = 0; n < MATCHING; n += 1) make(`MATCHED${n}`, FROM + n * 3_600_000);
    // Of the evening before, and in Odoo dated today.
    make('BEFORE', FROM - 1000);
    make('AFTER', TO);
    for (let n = 0; n < LOST; n += 1) make(`LOST${n}`, TO - 1 - n * 1000);
  });
  after(async () => {
    await flow?.red.remove();
    await line?.close();
    await marketplace?.close();
    await admin?.close();
  });

  it('names what is missing, changed, in flight and dead, and nothing of other days', async () => {
    for (const order of orders.slice(0, MATCHING + 1)) assert.equal(await send(order), 202);
    const broken = make('BROKEN', FROM + 1);
    const [first] = broken.order_lines;
    assert.ok(first);
    Object.assign(first, { offer_sku: `${prefix}-NO-SUCH-SKU` });
    assert.equal(await send(broken), 202);
    await Promise.all(['MATCHED0', 'MATCHED1', 'MATCHED2', 'BEFORE'].map(placed));
    await flow.seen<{ code: string }>('parked', ({ code }) => code === 'UNKNOWN_SKU');
    // Changed at the marketplace after it was placed.
    const changed = orders[1];
    assert.ok(changed);
    Object.assign(changed, { total_price: changed.total_price + 1 });
    line.cut();
    const flying = make('FLYING', TO - 1);
    assert.equal(await send(flying), 202);
    marketplace.limit(2, 1);
    const run = await compare();
    const found = await flow.differences(run);
    const facts = found.map(({ key, kind, cause, correction }) => [
      key.slice(prefix.length + 1),
      kind,
      cause,
      correction.type,
      correction.state,
    ]);
    assert.deepEqual(
      facts.filter(([key]) => !String(key).startsWith('LOST')),
      [
        ['BROKEN', 'missing', 'DEAD_LETTER', 'letter', 'none'],
        ['FLYING', 'pending', 'IN_FLIGHT', null, 'none'],
        // It would be a difference of value; Odoo's row is younger than 30 minutes.
        ['MATCHED1', 'pending', 'IN_TIME', null, 'none'],
      ],
    );
    const lost = facts.filter(([key]) => String(key).startsWith('LOST'));
    assert.equal(lost.length, LOST);
    for (const [key, ...rest] of lost)
      assert.deepEqual(rest, ['missing', 'NOT_TOLD', 'redrive', 'proposed'], String(key));
    assert.deepEqual([run.counts.keys, run.counts.matched], [MATCHING + LOST + 2, MATCHING - 1]);
    // Two pages, from seven days before on.
    assert.equal(marketplace.asked.length, 2);
    assert.match(
      marketplace.asked[0] ?? '',
      /start_date=2026-10-17T22%3A00%3A00\.000Z&end_date=2026-10-25T23/,
    );
    line.restore();
    await placed('FLYING');
  });

  it('places an approved order once, though it is approved twice and the gateway is killed in between', async () => {
    const run = await compare();
    const found = await flow.differences(run, '&correction=proposed');
    const number = (name: string): number =>
      found.find(({ key }) => key === keyOf(name))?.number ?? assert.fail(`${name} is not proposed`);
    // At once: the second may be taken, or refused because nothing waits any more.
    const answers = await Promise.all([1, 2].map(() => flow.approve(run, [number('LOST0')])));
    assert.ok(
      answers.includes(200) && answers.every((status) => [200, 409].includes(status)),
      String(answers),
    );
    await placed('LOST0');
    assert.equal(await flow.approve(run, [number('LOST0')]), 409);
    // Approved, in the inbox, and not in Odoo: then the process goes.
    line.cut();
    assert.equal(await flow.approve(run, [number('LOST1')]), 200);
    await waitFor(async () => (await flow.differences(run, '&correction=approved')).length === 2, {
      what: 'the second approval',
    });
    await flow.red.kill9();
    line.restore();
    await flow.red.restart();
    await placed('LOST1');
    assert.equal(await flow.approve(run, [number('LOST1')]), 409);
    // The marketplace sends it after all, and another run finds nothing of these two.
    const again = orders.find(({ order_id: id }) => id === keyOf('LOST1'));
    assert.ok(again);
    assert.equal(await send(again), 202);
    await flow.seen('came before', () => true);
    const after = await compare();
    const left = await flow.differences(after);
    assert.deepEqual(
      left.filter(({ key }) => [keyOf('LOST0'), keyOf('LOST1'), keyOf('FLYING')].includes(key)),
      [],
    );
    for (const name of ['LOST0', 'LOST1', 'FLYING', 'MATCHED0']) {
      const copies = await inOdoo(name);
      const order = orders.find(({ order_id: id }) => id === keyOf(name));
      assert.deepEqual(
        copies.map(({ state, amount_total: total }) => [state, total]),
        [['sale', order?.total_price]],
        name,
      );
    }
  });

  it('tells somebody when the marketplace does not give the orders', async () => {
    marketplace.changeKey('another');
    await flow.press('A day of your choice', { day: DAY });
    const said = await flow.seen<string>('tell somebody', (text) => text.includes('answered 401'));
    assert.equal(said, `The marketplace answered 401 for ${DAY}; nothing was compared.`);
  });
}
