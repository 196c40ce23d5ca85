import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect, type MqttClient } from 'mqtt';
import { openInventoryPublisher } from '../../core/inventory';
import { openSqliteStore } from '../../core/store';
import type { SharedChannel } from '../../nodes/shared/channel';
import type { SharedNode } from '../../nodes/shared/config-node';
import { type Broker, startBroker } from '../../sandbox/broker';
import { catalogue } from '../../sandbox/catalogue';
import { type OdooStandIn, seedDemoCompany, startOdooStandIn } from '../../sandbox/odoo';
import { waitFor } from '../support';
import { crossdock, eventChannel, level, odooServer, STORE } from './fixtures';
import { type FlowNode, observers, type Running, sink, useFlows } from './harness';

interface Heard {
  readonly topic: string;
  readonly body: Record<string, unknown>;
}

/** Listens to everything on a broker, from before the nodes publish. */
async function subscriber(url: string): Promise<{ heard: Heard[]; client: MqttClient }> {
  const heard: Heard[] = [];
  const client = connect(url, { protocolVersion: 4, reconnectPeriod: 100 });
  client.on('message', (topic, payload) => {
    heard.push({ topic, body: JSON.parse(payload.toString()) as Record<string, unknown> });
  });
  client.on('error', () => undefined);
  await once(client as unknown as NodeJS.EventEmitter, 'connect');
  await client.subscribeAsync('#', { qos: 1 });
  return { heard, client };
}

/** The published quantity per article, newest last. */
function published(heard: readonly Heard[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const { body } of heard) {
    const data = (body['data'] ?? body) as { item: { identifiers: { value: string }[] }; published: string };
    const sku = data.item.identifiers[0]?.value ?? '?';
    found[sku] = [...(found[sku] ?? []), data.published];
  }
  return found;
}

describe('inventory publish', () => {
  const flows = useFlows();
  let broker: Broker;
  let shop: Awaited<ReturnType<typeof subscriber>>;
  const startAt = async (port?: number): Promise<void> => {
    broker = await startBroker(port === undefined ? {} : { port });
    shop = await subscriber(broker.url);
  };
  beforeEach(() => startAt());
  afterEach(async () => {
    await shop.client.endAsync(true);
    await broker.close();
  });

  const flow = (config: Record<string, unknown> = {}, url = broker.url): FlowNode[] => [
    ...observers('pub'),
    STORE,
    eventChannel(url),
    crossdock('inventory-publish', 'pub', { from: 'msg', ...config }, [['report']]),
    sink('report'),
  ];
  /** Loads the flow and waits for its first flush, so that a report counts what its own message has published. */
  const connected = async (nodes: FlowNode[] = flow()): Promise<Running> => {
    const run = await flows.load(nodes);
    await run.untilStatus('pub', 'up to date');
    return run;
  };
  const report = async (run: Running, n = 1): Promise<Record<string, unknown>> =>
    (await run.nth('report', n)).payload as Record<string, unknown>;

  it('publishes what changed, and only that', async () => {
    const run = await connected(flow({ buffer: '2' }));
    run.send('pub', { payload: [level('A', '10'), level('B', '1')] });
    const first = await report(run);
    assert.deepEqual([first['changed'], first['published'], first['pending']], [2, 2, 0]);
    await waitFor(() => shop.heard.length === 2, { what: 'both events' });
    assert.deepEqual(published(shop.heard), { A: ['8'], B: ['0'] });
    assert.ok(shop.heard.every(({ topic }) => topic.startsWith('dist/v1/main/')));
    run.send('pub', { payload: [level('A', '10'), level('B', '4')] });
    const second = await report(run, 2);
    assert.deepEqual([second['changed'], second['unchanged'], second['published']], [1, 1, 1]);
    await waitFor(() => shop.heard.length === 3, { what: 'the changed one' });
    assert.deepEqual(published(shop.heard), { A: ['8'], B: ['0', '2'] });
    run.send('pub', { payload: level('A', '10') });
    assert.equal((await report(run, 3))['published'], 0);
    await run.untilStatus('pub', 'up to date');
    assert.equal(shop.heard.length, 3);
    await run.nth('completed', 3);
    assert.equal(run.got('completed').length, 3);
  });

  it('does not publish an older reading over a newer one', async () => {
    const run = await connected();
    run.send('pub', { payload: level('A', '7', '2026-11-20T10:00:00Z') });
    await report(run);
    run.send('pub', { payload: level('A', '9', '2026-11-20T09:00:00Z') });
    const late = await report(run, 2);
    assert.deepEqual([late['stale'], late['published']], [1, 0]);
  });

  it('publishes nothing again after a redeploy', async () => {
    const run = await connected();
    run.send('pub', { payload: level('A', '7') });
    await report(run);
    await run.redeploy(flow());
    await run.untilStatus('pub', 'up to date');
    run.send('pub', { payload: level('A', '7') });
    const second = await report(run, 2);
    assert.deepEqual([second['unchanged'], second['published'], second['pending']], [1, 0, 0]);
    assert.equal(shop.heard.length, 1);
  });

  it('holds quantities while the broker is away, and publishes the newest by itself when it is back', async () => {
    const { port, url } = broker;
    const run = await connected();
    run.send('pub', { payload: level('A', '5') });
    await report(run);
    await shop.client.endAsync(true);
    await broker.close();
    await run.untilStatus('pub', 'yellow');
    run.send('pub', { payload: level('A', '4') });
    run.send('pub', { payload: level('A', '3') });
    await startAt(port);
    assert.equal(broker.url, url);
    await waitFor(() => published(shop.heard)['A']?.at(-1) === '3', {
      what: 'the newest quantity',
      timeoutMs: 30_000,
    });
    // The reports came, too: a broker that is away is no failure of the message.
    await run.nth('report', 3);
    assert.equal(run.got('caught').length, 0);
  }).timeout(40_000);

  it('publishes what was held before it started, without a message, on a channel that is connected already', async () => {
    const store = await openSqliteStore(join(flows.userDir, 'test.sqlite'));
    const channelId = 'channel';
    const earlier = await openInventoryPublisher({
      store,
      channel: { publish: () => Promise.reject(new Error('away')) },
      channelId,
      source: '/test',
    });
    await earlier.accept([level('A', '5')]);
    await earlier.close();
    await store.close();
    // Another user has the channel open before our node starts.
    const run = await flows.load(flow().filter(({ id }) => id !== 'pub'));
    let done: () => void = () => undefined;
    const inUse = new Promise<void>((resolve) => {
      done = resolve;
    });
    const { channel } = await (run.node(channelId) as unknown as SharedNode<SharedChannel>).open(inUse);
    await waitFor(() => channel.state.status === 'connected', { what: 'the connection' });
    await run.redeploy(flow(), 'nodes');
    await waitFor(() => published(shop.heard)['A']?.at(-1) === '5', {
      what: 'the held quantity at the shop',
    });
    done();
  });

  for (const { what, payload } of [
    { what: 'nothing', payload: undefined },
    { what: 'a text', payload: 'A: 5' },
    { what: 'a level without an article', payload: { ...level('A', '5'), item: { identifiers: [] } } },
    { what: 'a level with a number', payload: { ...level('A', '5'), available: 5 } },
    { what: 'a level from the future', payload: level('A', '5', '2099-01-01T00:00:00Z') },
  ]) {
    it(`refuses ${what}, and says why`, async () => {
      const run = await flows.load(flow());
      run.send('pub', { payload });
      const caught = await run.nth('caught');
      assert.equal(caught.error?.code, 'INVENTORY_LEVEL_INVALID');
      assert.ok((caught.crossdock?.failure?.problems.length ?? 0) > 0);
      assert.equal(shop.heard.length, 0);
    });
  }

  it('publishes the good ones of a mixed list and counts the others', async () => {
    const run = await connected();
    run.send('pub', { payload: [level('A', '5'), null, { ...level('B', '1'), available: 'x' }] });
    const counted = await report(run);
    assert.deepEqual([counted['published'], counted['invalid']], [1, 2]);
  });

  describe('from Odoo', () => {
    let odoo: OdooStandIn;
    before(async () => {
      odoo = await startOdooStandIn();
      await seedDemoCompany(odoo);
    });
    after(() => odoo.close());
    const fromOdoo = (config: Record<string, unknown> = {}): FlowNode[] => [
      odooServer(odoo.url, { database: odoo.database }),
      ...flow({ from: 'odoo', server: 'server', ...config }),
    ];
    const credentials = (): { credentials: Record<string, object> } => ({
      credentials: { server: { apiKey: odoo.apiKey } },
    });

    it('publishes every storable product of the company once', async () => {
      const run = await flows.load(fromOdoo(), credentials());
      await run.untilStatus('pub', 'up to date');
      run.send('pub', { payload: 'now' });
      assert.equal((await report(run))['published'], catalogue.length);
      await waitFor(() => shop.heard.length === catalogue.length, { what: 'all events' });
      const [first] = catalogue;
      assert.ok(first);
      assert.deepEqual(published(shop.heard)[first.sku], [String(first.onHand)]);
      run.send('pub', { payload: 'again' });
      assert.equal((await report(run, 2))['published'], 0);
    });

    it('reads only the products that a message names, and leaves the others on offer', async () => {
      const run = await flows.load(fromOdoo(), credentials());
      await run.untilStatus('pub', 'up to date');
      const skus = catalogue.slice(0, 2).map(({ sku }) => sku);
      run.send('pub', { payload: { products: skus.map((sku, id) => ({ id, sku })), skus } });
      assert.equal((await report(run))['changed'], 2);
      await waitFor(() => shop.heard.length === 2, { what: 'two events' });
      assert.deepEqual(Object.keys(published(shop.heard)).toSorted(), skus.toSorted());
      run.send('pub', { payload: 'all' });
      const { changed, unchanged } = await report(run, 2);
      assert.deepEqual([changed, unchanged], [catalogue.length - 2, 2]);
      run.send('pub', { payload: { skus } });
      const partial = await report(run, 3);
      assert.deepEqual([partial['changed'], partial['published']], [0, 0]);
      run.send('pub', { payload: { skus: [] } });
      assert.equal((await report(run, 4))['unchanged'], 0);
    });

    it('joins triggers that come while a pass runs', async () => {
      const run = await flows.load(fromOdoo(), credentials());
      await run.untilStatus('pub', 'green');
      for (let n = 0; n < 5; n += 1) run.send('pub', { payload: n });
      await run.nth('completed', 5);
      assert.ok(run.got('report').length < 5);
      await waitFor(() => shop.heard.length >= catalogue.length, { what: 'all events' });
      assert.equal(shop.heard.length, catalogue.length);
    });

    it('refuses a warehouse that Odoo does not have', async () => {
      const run = await flows.load(fromOdoo({ warehouse: 'NOWHERE' }), credentials());
      run.send('pub', { payload: 1 });
      assert.equal((await run.nth('caught')).error?.code, 'WAREHOUSE_UNKNOWN');
    });
  });
});
