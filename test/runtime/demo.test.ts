import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { createOdooClient, type OdooClient } from '../../core/odoo';
import { type Broker, startBroker } from '../../sandbox/broker';
import { catalogue, currency } from '../../sandbox/catalogue';
import { countStock, readOnHand, STOCK_ALLOW } from '../../sandbox/demo/activity';
import { EVIDENCE_ALLOW, evidenceOf } from '../../sandbox/demo/evidence';
import { type OdooStandIn, seedOdoo, startOdooStandIn } from '../../sandbox/odoo';
import type { Evidence } from '../../sandbox/storefront/checker';
import { type PlannedOrder, planRun } from '../../sandbox/storefront/plan';
import { createRng } from '../../sandbox/storefront/rng';
import { deliveryId, headersOf, PATHS, type Webhook } from '../../sandbox/storefront/senders';
import { startWarehouse, type Warehouse } from '../../sandbox/warehouse/warehouse';
import { type NodeRed, projectFolders, spawnNodeRed, waitFor } from '../support';

interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly z?: string;
  readonly name?: string;
  readonly repeat?: string;
  readonly once?: boolean;
  readonly wires?: readonly (readonly string[])[];
}

const flowFile = join(projectFolders().root, 'flows', 'demo.json');
const demoFlows = JSON.parse(readFileSync(flowFile, 'utf8')) as FlowNode[];

function nodeNamed(type: string, name: string): FlowNode {
  const found = demoFlows.find((node) => node.type === type && node.name === name);
  assert.ok(found, `the demo has a ${type} named ${name}`);
  return found;
}

const everyTenSeconds = nodeNamed('inject', 'Every 10 s');
const everyMinute = nodeNamed('inject', 'Every minute');
const guard = nodeNamed('crossdock-idempotency-guard', 'Each order once');
const reconciler = nodeNamed('crossdock-reconciler', 'Compare with Odoo');

/** The demo's flows as they are, but that the clock does not start them, and some of what comes out is kept. */
function flowsForTest(): object[] {
  const keep = (from: FlowNode, output: number, property: string, name: string): FlowNode & object => {
    const id = `keep-${name}`;
    const rules = [{ t: 'set', p: name, pt: 'flow', to: property, tot: 'msg' }];
    const wires = from.wires?.map((targets, index) => (index === output ? [...targets, id] : targets)) ?? [];
    flows.splice(flows.indexOf(from), 1, { ...from, wires });
    return { id, type: 'change', ...(from.z === undefined ? {} : { z: from.z }), wires: [[]], ...{ rules } };
  };
  const flows = [...demoFlows];
  flows.push(keep(guard, 1, 'duplicateOf.key', 'duplicate'), keep(reconciler, 0, 'payload', 'report'));
  return flows.map((node) => (node.type === 'inject' ? { ...node, repeat: '', once: false } : node));
}

describe('the demo flows, deployed as they are shipped', () => {
  let standIn: OdooStandIn;
  let broker: Broker;
  let warehouse: Warehouse;
  let odoo: OdooClient;
  let red: NodeRed;
  let shop: MqttClient;
  let evidence: Evidence;
  const events: { topic: string; body: Record<string, unknown> }[] = [];
  let orders: PlannedOrder[];

  before(async () => {
    [standIn, broker] = await Promise.all([startOdooStandIn(), startBroker()]);
    await seedOdoo(standIn);
    odoo = createOdooClient({ ...standIn, allow: { ...STOCK_ALLOW, ...EVIDENCE_ALLOW } });
    const stock = await readOnHand(
      odoo,
      catalogue.map(({ sku }) => sku),
    );
    warehouse = await startWarehouse({ stock, rng: createRng('runtime'), differing: 3 });
    shop = await connectAsync(broker.url, { protocolVersion: 4 });
    shop.on('message', (topic, payload) =>
      events.push({ topic, body: JSON.parse(payload.toString()) as Record<string, unknown> }),
    );
    await shop.subscribeAsync('dist/v1/main/#', { qos: 1 });
    red = await spawnNodeRed({
      flows: flowsForTest(),
      env: {
        ODOO_URL: standIn.url,
        ODOO_DB: standIn.database,
        ODOO_LOGIN: standIn.login,
        ODOO_API_KEY: standIn.apiKey,
        MQTT_URL: broker.url,
        WAREHOUSE_URL: warehouse.url,
      },
    });
    evidence = evidenceOf(odoo, red.url);
    const plan = {
      seed: 'runtime',
      run: 'runtime',
      catalogue,
      currency,
      duplicates: 0,
      malformed: 0,
      unknownSku: 0,
    };
    orders = [...planRun({ ...plan, count: 12 }).orders];
  });
  after(async () => {
    await red?.remove();
    await shop?.endAsync(true);
    await odoo?.close();
    await warehouse?.close();
    await broker?.close();
    await standIn?.close();
  });

  /** Posts once, but for "come back later", which a gateway says while it opens its store. */
  const post = async (webhook: Webhook): Promise<number> =>
    waitFor(async () => {
      const url = red.url + PATHS[webhook.shop];
      const headers = { ...headersOf(webhook), connection: 'close' };
      const response = await fetch(url, { method: 'POST', headers, body: webhook.body });
      await response.arrayBuffer();
      return response.status === 503 ? undefined : response.status;
    });
  const firstOf = (order: PlannedOrder): Webhook => (order.deliveries[0] ?? assert.fail()).webhook;
  const orderOf = (name: Webhook['shop']): PlannedOrder => {
    const index = orders.findIndex((order) => order.shop === name);
    const [order] = orders.splice(index, 1);
    return order ?? assert.fail(`no ${name} order is left`);
  };
  const inject = async (node: FlowNode): Promise<void> => {
    const init = { method: 'POST', headers: { connection: 'close' } };
    const response = await fetch(`${red.url}/inject/${node.id}`, init);
    assert.equal(response.status, 200, await response.text());
  };
  /** What the flow has kept of a node's output: a text as it is, anything else as JSON. */
  const kept = async (from: FlowNode, name: string): Promise<string | undefined> => {
    const found = await red.admin(`/context/flow/${from.z}/${name}`);
    const { msg, format } = found as { msg?: string; format?: string };
    return format === 'undefined' ? undefined : msg;
  };
  /** Lets the clock tick until an event shows: a tick during a pass joins that pass, which may have read already. */
  const tickUntil = (condition: () => boolean): Promise<boolean> =>
    waitFor(
      async () => {
        await inject(everyTenSeconds);
        return condition();
      },
      { what: 'the event', intervalMs: 50 },
    );
  const placed = async (order: PlannedOrder): Promise<boolean> =>
    (await evidence.placed([order.id])).length > 0;

  for (const name of ['shopify', 'woocommerce'] as const) {
    it(`places a ${name} order exactly once, whatever the shop repeats`, async () => {
      const order = orderOf(name);
      const webhook = firstOf(order);
      assert.equal(await post(webhook), 202);
      await waitFor(() => placed(order), { what: 'the order in Odoo' });
      assert.equal(await post(webhook), 200, 'a retry of the same webhook is known');
      assert.equal(await post({ ...webhook, id: `${webhook.id}-again` }), 202, 'another webhook is taken in');
      await waitFor(async () => (await kept(guard, 'duplicate')) === order.id, { what: 'the duplicate' });
      const copies = await evidence.placed([order.id]);
      assert.equal(copies.length, 1);
      const [copy] = copies;
      assert.deepEqual(
        [copy?.state, copy?.currency, Number(copy?.total)],
        ['sale', order.expected?.currency, Number(order.expected?.total)],
      );
    });
  }

  it('parks a message that is not JSON, with a reason that a person understands', async () => {
    const webhook = { ...firstOf(orderOf('shopify')), body: '{"id": 4711, "line_items": [{"sku": ' };
    assert.equal(await post(webhook), 202);
    const letter = await waitFor(
      async () => (await evidence.parked()).find((parked) => parked.deliveryId === deliveryId(webhook)),
      { what: 'the dead letter' },
    );
    assert.equal(letter.code, 'JSON_INVALID');
    assert.match(letter.reason, /JSON/);
    assert.doesNotMatch(letter.reason, /SyntaxError|undefined|\bat .*\.js/);
  });

  it('parks an order for a product that Odoo does not have, naming it', async () => {
    const order = orderOf('shopify');
    const body = JSON.parse(firstOf(order).body) as { line_items: { sku: string }[] };
    for (const line of body.line_items) line.sku = 'NO-SUCH-THING';
    assert.equal(await post({ ...firstOf(order), body: JSON.stringify(body) }), 202);
    const letter = await waitFor(
      async () => (await evidence.parked()).find((parked) => parked.businessKey === order.id),
      { what: 'the dead letter' },
    );
    assert.equal(letter.code, 'UNKNOWN_SKU');
    assert.match(letter.reason, /NO-SUCH-THING/);
    assert.deepEqual(await evidence.placed([order.id]), []);
  });

  it('publishes a changed quantity as an event, and an unchanged one not again', async () => {
    await inject(everyTenSeconds);
    await waitFor(() => events.length >= catalogue.length, { what: 'the first levels' });
    events.length = 0;
    const [product] = await readOnHand(odoo, ['PAL-EPAL']);
    assert.ok(product);
    await countStock(odoo, product.sku, product.onHand + 7);
    await tickUntil(() => events.length > 0);
    // The pass after it has nothing to say: whatever the first had to say is here when the second's event is.
    await countStock(odoo, 'GL-WRK-9', 3);
    await tickUntil(() => events.some(({ body }) => JSON.stringify(body).includes('GL-WRK-9')));
    const texts = events.map(({ body }) => JSON.stringify(body));
    assert.equal(texts.filter((text) => text.includes('PAL-EPAL')).length, 1);
    assert.equal(events.length, 2, texts.join('\n'));
    await countStock(odoo, product.sku, product.onHand);
    await countStock(odoo, 'GL-WRK-9', catalogue.find(({ sku }) => sku === 'GL-WRK-9')?.onHand ?? 0);
  });

  it('reports exactly the differences between Odoo and the warehouse', async () => {
    await inject(everyMinute);
    const text = await waitFor(() => kept(reconciler, 'report'), { what: 'the report' });
    const report = JSON.parse(text) as Report;
    const skus = report.differences.map(({ key }) => key).sort();
    assert.deepEqual(skus, [...warehouse.differences.keys()].sort());
  });

  it('knows after a restart what came before it', async () => {
    const order = orderOf('shopify');
    assert.equal(await post(firstOf(order)), 202);
    await waitFor(() => placed(order), { what: 'the order in Odoo' });
    const letters = await evidence.parked();
    await red.restart();
    const webhook = firstOf(order);
    await waitFor(async () => (await post(webhook)) === 200, { what: 'the path and what was taken in' });
    assert.equal(await post({ ...webhook, id: `${webhook.id}-late` }), 202);
    await waitFor(async () => (await kept(guard, 'duplicate')) === order.id, { what: 'the duplicate' });
    assert.equal((await evidence.placed([order.id])).length, 1);
    assert.deepEqual(await evidence.parked(), letters);
  });
});

interface Report {
  readonly differences: readonly { readonly key: string }[];
}
