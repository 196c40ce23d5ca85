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
const reconciler = nodeNamed('crossdock-reconciler', 'Compare with Odoo');

/** The demo's flows as they are, but that the clock does not start them, and what the reconciler says is kept. */
function flowsForTest(): object[] {
  const keep = { id: 'keep-report', type: 'change', z: reconciler.z, wires: [[]] };
  const rules = [{ t: 'set', p: 'report', pt: 'flow', to: 'payload', tot: 'msg' }];
  const flows = demoFlows.map((node) => {
    if (node.type === 'inject') return { ...node, repeat: '', once: false };
    if (node.id !== reconciler.id) return node;
    return { ...node, wires: [[...(node.wires?.[0] ?? []), keep.id], node.wires?.[1] ?? []] };
  });
  return [...flows, { ...keep, rules }];
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
    const plan = { seed: 'runtime', run: 'runtime', catalogue, currency, duplicates: 0, malformed: 0, unknownSku: 0 };
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

  const post = async ({ shop: name, ...webhook }: Webhook): Promise<number> => {
    const headers = headersOf({ shop: name, ...webhook });
    const response = await fetch(red.url + PATHS[name], { method: 'POST', headers, body: webhook.body });
    await response.arrayBuffer();
    return response.status;
  };
  const firstOf = (order: PlannedOrder): Webhook => (order.deliveries[0] ?? assert.fail()).webhook;
  const orderOf = (name: Webhook['shop']): PlannedOrder => {
    const index = orders.findIndex((order) => order.shop === name);
    const [order] = orders.splice(index, 1);
    return order ?? assert.fail(`no ${name} order is left`);
  };
  const inject = async (node: FlowNode): Promise<void> => {
    const response = await fetch(`${red.url}/inject/${node.id}`, { method: 'POST' });
    assert.equal(response.status, 200, await response.text());
  };
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
      // A later order of the same shop is through: the repeated one, taken in before it, is too.
      const next = orderOf(name);
      assert.equal(await post(firstOf(next)), 202);
      await waitFor(() => placed(next), { what: 'the next order in Odoo' });
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
    await inject(everyTenSeconds);
    await waitFor(() => events.length > 0, { what: 'the event' });
    // The pass after it has nothing to say: whatever the first had to say is here when the second's event is.
    await countStock(odoo, 'GL-WRK-9', 3);
    await inject(everyTenSeconds);
    await waitFor(() => events.some(({ body }) => JSON.stringify(body).includes('GL-WRK-9')));
    const texts = events.map(({ body }) => JSON.stringify(body));
    assert.equal(texts.filter((text) => text.includes('PAL-EPAL')).length, 1);
    assert.equal(events.length, 2, texts.join('\n'));
    await countStock(odoo, product.sku, product.onHand);
    await countStock(odoo, 'GL-WRK-9', catalogue.find(({ sku }) => sku === 'GL-WRK-9')?.onHand ?? 0);
  });

  it('reports exactly the differences between Odoo and the warehouse', async () => {
    await inject(everyMinute);
    const report = await waitFor(
      async () => {
        const found = (await red.admin(`/context/flow/${reconciler.z}/report`)) as { msg?: string };
        return found.msg === undefined ? undefined : (JSON.parse(found.msg) as Report);
      },
      { what: 'the report' },
    );
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
    const next = orderOf('shopify');
    assert.equal(await post(firstOf(next)), 202);
    await waitFor(() => placed(next), { what: 'the next order in Odoo' });
    assert.equal((await evidence.placed([order.id])).length, 1);
    assert.deepEqual(await evidence.parked(), letters);
  });
});

interface Report {
  readonly differences: readonly { readonly key: string }[];
}
