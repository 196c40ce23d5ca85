/** The admin API of stock over running nodes: what a person sees and does, who may, and what is noted of it. */
import assert from 'node:assert/strict';
import { connect, type MqttClient } from 'mqtt';
import type { StockDetail, StockPage } from '../../core/inventory';
import type { AuditEntry, Page } from '../../core/replay';
import { addStockRoutes } from '../../nodes/inventory-publish/routes';
import type { HttpHandler, Red } from '../../nodes/shared/red';
import { type Broker, startBroker } from '../../sandbox/broker';
import { waitFor } from '../support';
import { crossdock, eventChannel, level, STORE } from './fixtures';
import { type FlowNode, observers, type Running, sink, useFlows } from './harness';

interface Card {
  readonly id: string;
  readonly name: string;
  readonly kind: string | null;
  readonly keys: number;
  readonly waiting: number;
  readonly nodes: readonly { id: string; name: string }[];
  readonly connection: { status: string; since: number; message: string | null } | null;
  readonly clearsInMs: number | null;
}

describe('stock over the admin API', () => {
  const flows = useFlows();
  let broker: Broker;
  let heard: string[];
  let client: MqttClient;
  beforeEach(async () => {
    broker = await startBroker();
    heard = [];
    client = connect(broker.url, { protocolVersion: 4, reconnectPeriod: 100 });
    client.on('message', (_topic, payload) => {
      const { data, ...event } = JSON.parse(payload.toString()) as Record<string, unknown>;
      const said = (data ?? event) as { item: { identifiers: { value: string }[] }; published: string };
      heard.push(`${said.item.identifiers[0]?.value}=${said.published}`);
    });
    client.on('error', () => undefined);
    await client.subscribeAsync('#', { qos: 1 });
  });
  afterEach(async () => {
    await client.endAsync(true);
    await broker.close();
  });

  const flow = (): FlowNode[] => [
    ...observers('pub'),
    STORE,
    eventChannel(broker.url, { name: 'web shop' }),
    crossdock('inventory-publish', 'pub', { from: 'msg', buffer: '2', name: 'to the shop' }, [['report']]),
    sink('report'),
  ];
  async function started(): Promise<{ run: Running; base: string }> {
    const run = await flows.load(flow());
    await run.untilStatus('pub', 'up to date');
    return { run, base: `${await run.http('admin')}/crossdock/console/store` };
  }
  const get = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T;
  const post = (url: string, body: unknown): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  const publish = async (run: Running, levels: unknown[], n = 1): Promise<void> => {
    run.send('pub', { payload: levels });
    await run.nth('report', n);
  };

  it('shows channels, items and one item; gives the list as a file', async () => {
    const { run, base } = await started();
    await publish(run, [level('A/1', '10'), level('=B', '1')]);
    const { channels } = await get<{ channels: Card[] }>(`${base}/stock/channels`);
    const [card] = channels;
    assert.deepEqual(
      [card?.id, card?.name, card?.kind, card?.keys, card?.waiting, card?.clearsInMs, card?.nodes],
      ['channel', 'web shop', 'mqtt', 2, 0, null, [{ id: 'pub', name: 'to the shop' }]],
    );
    assert.deepEqual([card?.connection?.status, card?.connection?.message], ['connected', null]);
    const page = await get<StockPage>(`${base}/stock/items?channel=channel&limit=1`);
    assert.deepEqual([page.items[0]?.sku, page.total], ['=B', 2]);
    const second = await get<StockPage>(`${base}/stock/items?channel=channel&limit=1&after=${page.next}`);
    assert.deepEqual(
      second.items.map(({ sku, held, told }) => [sku, held, told?.quantity]),
      [['A/1', { buffer: '2' }, '8']],
    );
    const one = await get<StockDetail & { channels: Card[] }>(
      `${base}/stock/item?sku=${encodeURIComponent('A/1')}`,
    );
    assert.equal(one.levels[0]?.explanation?.quantity, '8');
    assert.deepEqual(one.channels[0]?.name, 'web shop');
    const csv = await fetch(`${base}/stock/items.csv?channel=channel&view=soldOut&lang=de`);
    assert.match(csv.headers.get('content-disposition') ?? '', /^attachment; filename="stock-[\d-]+\.csv"$/);
    assert.equal(csv.headers.get('x-content-type-options'), 'nosniff');
    const lines = (await csv.text()).split('\r\n');
    assert.deepEqual([lines.length, lines[1]?.startsWith("web shop,'=B,")], [3, true]);
  });

  it('refuses what it cannot understand, with a sentence', async () => {
    const { run, base } = await started();
    await publish(run, [level('A', '10')]);
    const status = async (path: string, body?: unknown): Promise<[number, string]> => {
      const answer = await (body === undefined ? fetch(`${base}/${path}`) : post(`${base}/${path}`, body));
      return [answer.status, ((await answer.json()) as { code: string }).code];
    };
    assert.deepEqual(await status('stock/items?view=odd'), [400, 'REQUEST_INVALID']);
    assert.deepEqual(await status('stock/items?after=odd'), [400, 'REQUEST_INVALID']);
    assert.deepEqual(await status(`stock/items?q=${'x'.repeat(600)}`), [400, 'REQUEST_INVALID']);
    assert.deepEqual(await status('stock/items?channel=none'), [404, 'STOCK_CHANNEL_UNKNOWN']);
    assert.deepEqual(await status('stock/items.csv?channel=none'), [404, 'STOCK_CHANNEL_UNKNOWN']);
    assert.deepEqual(await status('stock/item?sku=none'), [404, 'STOCK_ITEM_UNKNOWN']);
    assert.deepEqual(await status('stock/item'), [400, 'REQUEST_INVALID']);
    assert.deepEqual(await status('stock/marks'), [400, 'REQUEST_INVALID']);
    assert.deepEqual(await status('stock/tell-again', { channel: 'channel' }), [400, 'REQUEST_INVALID']);
    assert.deepEqual(
      await status('stock/tell-again', { channel: 'channel', site: 'main', sku: { $ne: 1 } }),
      [400, 'REQUEST_INVALID'],
    );
    assert.deepEqual(await status('stock/tell-again', { channel: 'none', site: 'main', sku: 'A' }), [
      409,
      'STOCK_CHANNEL_NOT_OPEN',
    ]);
    assert.deepEqual(await status('stock/tell-again', { channel: 'channel', site: 'main', sku: 'none' }), [
      404,
      'STOCK_ITEM_UNKNOWN',
    ]);
    assert.deepEqual(await status('stock/snapshot', { channel: 'none' }), [409, 'STOCK_CHANNEL_NOT_OPEN']);
    assert.equal((await fetch(`${base.replace(/store$/, 'none')}/stock/channels`)).status, 404);
  });

  it('tells one item again, and everything; both are noted with who did it', async () => {
    const { run, base } = await started();
    await publish(run, [level('A', '10'), level('B', '5')]);
    await waitFor(() => heard.length === 2, { what: 'both' });
    heard.length = 0;
    const answer = await post(`${base}/stock/tell-again`, { channel: 'channel', site: 'main', sku: 'A' });
    assert.deepEqual([answer.status, await answer.json()], [200, { connected: true }]);
    await waitFor(() => heard.join() === 'A=8', { what: 'A once more' });
    const all = await post(`${base}/stock/snapshot`, { channel: 'channel' });
    assert.deepEqual(await all.json(), { marked: 2, connected: true });
    await waitFor(() => heard.length === 3, { what: 'everything once more' });
    assert.deepEqual([...heard].sort(), ['A=8', 'A=8', 'B=3']);
    const audit = await get<Page<AuditEntry>>(`${base}/audit`);
    assert.deepEqual(
      audit.items.map(({ who, action, note }) => [who, action, note]),
      [
        ['anonymous', 'stock.snapshot', 'web shop'],
        ['anonymous', 'stock.toldAgain', 'A · main · web shop'],
      ],
    );
  });

  it('says that the channel is gone, and what waits for it; what is told again meanwhile leaves first', async () => {
    const { run, base } = await started();
    await publish(run, [level('A', '10'), level('B', '5')]);
    const { port } = new URL(broker.url);
    await broker.close();
    await run.untilStatus('pub', /broker|connect/i);
    await publish(run, [level('A', '9')], 2);
    const again = await post(`${base}/stock/tell-again`, { channel: 'channel', site: 'main', sku: 'B' });
    assert.deepEqual(await again.json(), { connected: false });
    const { channels } = await get<{ channels: Card[] }>(`${base}/stock/channels`);
    const [card] = channels;
    assert.deepEqual([card?.connection?.status, card?.waiting], ['reconnecting', 2]);
    assert.ok((card?.connection?.message ?? '') !== '' && (card?.clearsInMs ?? -1) >= 0);
    const waiting = await get<StockPage>(`${base}/stock/items?view=waiting`);
    assert.deepEqual(
      waiting.items.map(({ sku, waiting: wait }) => [sku, wait?.first]),
      [
        ['B', true],
        ['A', false],
      ],
    );
    broker = await startBroker({ port: Number(port) });
    await run.untilStatus('pub', /published|up to date/);
    await waitFor(async () => (await get<StockPage>(`${base}/stock/items?view=waiting`)).items.length === 0, {
      what: 'nothing waiting',
    });
  });

  it('a channel whose node is gone is still shown, and can be told nothing', async () => {
    const { run, base } = await started();
    await publish(run, [level('A', '10')]);
    const rest = flow().filter(({ id }) => id !== 'pub');
    await run.redeploy([...rest, crossdock('dead-letter', 'dead')]);
    const channels = await waitFor(
      async () => (await get<{ channels?: Card[] }>(`${base}/stock/channels`)).channels,
      { what: 'the store' },
    );
    assert.deepEqual(
      channels.map(({ keys, nodes, connection }) => [keys, nodes, connection]),
      [[1, [], null]],
    );
    assert.equal((await post(`${base}/stock/snapshot`, { channel: 'channel' })).status, 409);
  });

  it('asks for a permission on every route: to read, or to have something told', () => {
    const asked: [method: string, path: string, permission: string][] = [];
    const guards = new Map<HttpHandler, string>();
    const add =
      (method: string) =>
      (path: string, guard: HttpHandler): void => {
        asked.push([method, path, guards.get(guard) ?? '']);
      };
    const red = {
      auth: {
        needsPermission(permission: string): HttpHandler {
          const guard: HttpHandler = () => undefined;
          guards.set(guard, permission);
          return guard;
        },
      },
      httpAdmin: { get: add('GET'), post: add('POST') },
    };
    addStockRoutes(red as unknown as Red);
    assert.equal(asked.length, 7);
    for (const [method, path, permission] of asked) {
      assert.equal(permission, `crossdock-inventory.${method === 'GET' ? 'read' : 'write'}`, path);
    }
  });
});
