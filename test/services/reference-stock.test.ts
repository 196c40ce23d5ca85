/** The reference flow "Stock to three channels", whole: a real Odoo, RabbitMQ and Mosquitto, and a web shop that goes away. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EventChannel, openAmqpChannel, openMqttChannel } from '../../core/channel';
import type { OdooClient } from '../../core/odoo';
import { adminClient, odooFromEnvironment } from '../conformance/sales-fixture';
import { createStockFixture, type StockFixture } from '../conformance/stock-fixture';
import { mosquittoBinary, type OwnBroker, ownMosquitto } from '../faults/support/brokers';
import { rabbitForTests, type SharedRabbit } from '../faults/support/shared-services';
import { WebShop } from '../faults/support/web-shop';
import { watchStatuses } from '../runtime/editor-channel';
import type { FlowNode, Letter } from '../runtime/flow';
import { type NodeRed, projectFolders, spawnNodeRed, waitFor } from '../support';

const FILE = join(projectFolders().root, 'flows', 'reference - stock to three channels.json');
const TOKEN = 'a-token-of-the-test';

describe('reference flow: stock to three channels', function () {
  this.timeout(120_000);
  let rabbit: SharedRabbit;
  let mosquitto: OwnBroker | undefined;
  let admin: OdooClient | undefined;
  let stock: StockFixture | undefined;
  let red: NodeRed | undefined;
  const channels: EventChannel[] = [];
  const shop = new WebShop();

  before(async function () {
    const odoo = odooFromEnvironment();
    const shared = rabbitForTests(`reference-${process.pid}`);
    if (odoo === undefined || shared === undefined || mosquittoBinary === undefined) return this.skip();
    rabbit = shared;
    admin = adminClient(odoo);
    stock = await createStockFixture(admin);
    mosquitto = await ownMosquitto();
    await mosquitto.start();
    await shop.open();
  });
  after(async () => {
    await red?.remove();
    await Promise.allSettled(channels.map((channel) => channel.close()));
    await Promise.allSettled([shop.shut(), mosquitto?.remove(), rabbit?.remove(), stock?.close()]);
    await admin?.close();
  });

  /** The quantities that a channel's subscriber has been told, by SKU, in their order. */
  function listen(channel: EventChannel): Map<string, string[]> {
    channels.push(channel);
    const told = new Map<string, string[]>();
    channel.subscribe({ name: 'orders', filter: '#', window: 256 }, (message) => {
      const { subject: sku = '', data } = message.event ?? {};
      const { published } = (data ?? {}) as { published: string };
      told.set(sku, [...(told.get(sku) ?? []), published]);
      message.acknowledge();
    });
    return told;
  }

  it('brings every change to all three by their own rules; the shop, away for a while, gets the newest only, sold out first', async () => {
    assert.ok(admin && stock && mosquitto);
    const odoo = odooFromEnvironment();
    const amqp = new URL(rabbit.url);
    const place = {
      topicPrefix: `faults/reference-${process.pid}`,
      exchange: `faults.reference-${process.pid}`,
    };
    const [lamp, desk, sofa] = [await stock.product(), await stock.product(), await stock.product()];
    const put = (product: { id: number }, quantity: number) =>
      stock?.put(product.id, stock.warehouse.stockId, quantity);
    await put(lamp, 20);
    await put(desk, 8);
    await put(sofa, 3);

    const marketplace = listen(
      openMqttChannel({ url: mosquitto.url, clientId: 'marketplace', topicPrefix: 'dist/v1/main' }),
    );
    const reseller = listen(openAmqpChannel({ url: rabbit.url, ...place }));
    await Promise.all(
      channels.map((channel) =>
        waitFor(() => channel.state.status === 'connected', { what: 'a subscriber' }),
      ),
    );
    const { host, username, password } = amqp;
    red = await spawnNodeRed({
      env: {
        ODOO_URL: odoo?.url,
        ODOO_DB: odoo?.database,
        ODOO_LOGIN: odoo?.login,
        ODOO_API_KEY: odoo?.apiKey,
        MQTT_URL: mosquitto.url,
        AMQP_URL: `amqp://${host}`,
        AMQP_USER: decodeURIComponent(username),
        AMQP_PASSWORD: decodeURIComponent(password),
        STOREFRONT_URL: shop.url,
        STOREFRONT_TOKEN: TOKEN,
      },
    });
    const flow = JSON.parse(readFileSync(FILE, 'utf8')) as FlowNode[];
    await red.deploy(flow.map((node) => (node['kind'] === 'amqp' ? { ...node, ...place } : node)));
    const idOf = (type: string) => flow.find((node) => node.type === `crossdock-${type}`)?.id ?? '';
    const statuses = await watchStatuses(red);
    const status = (type: string, pattern: RegExp) =>
      waitFor(() => pattern.test(statuses.known.get(idOf(type)) ?? ''), {
        what: `${type}: ${pattern}; it was ${statuses.known.get(idOf(type))}`,
        timeoutMs: 30_000,
      });
    const lastOf = (told: Map<string, string[]>) =>
      [lamp, desk, sofa].map(({ sku }) => told.get(sku)?.at(-1)).join(' ');
    const shopLast = () =>
      [lamp, desk, sofa].map(({ sku }) => shop.told.findLast((one) => one.sku === sku)?.quantity).join(' ');
    const until = (what: string, wanted: string, now: () => string) =>
      waitFor(() => now() === wanted, { what: `${what}: ${wanted}`, timeoutMs: 40_000 });

    // The full reading of the start; each channel by its own policy.
    await until('marketplace', '15 3 0', () => lastOf(marketplace));
    await until('reseller', '16 6 2', () => lastOf(reseller));
    await until('web shop', '20 8 3', shopLast);

    // The shop is away, and stock goes on changing.
    await shop.shut();
    const before = shop.told.length;
    for (const quantity of [19, 18]) {
      await put(lamp, quantity);
      await until('marketplace', `${quantity - 5} 3 0`, () => lastOf(marketplace));
    }
    await status('circuit-breaker', /^open/);
    await put(lamp, 17);
    await put(sofa, 4);
    await until('reseller', '13 6 3', () => lastOf(reseller));
    await put(desk, 0);
    await until('marketplace', '12 0 0', () => lastOf(marketplace));
    await until('reseller', '13 0 3', () => lastOf(reseller));
    // Others may work with this Odoo, too.
    await status('event-in', /([3-9]|\d\d) waiting/);
    await shop.open();
    await until('web shop', '17 0 4', shopLast);

    const since = shop.told.slice(before);
    const own = since.filter(({ sku }) => [lamp, desk, sofa].some((one) => one.sku === sku));
    assert.deepEqual(
      own.map(({ sku }) => sku).toSorted(),
      [lamp.sku, desk.sku, sofa.sku].toSorted(),
      'the newest only',
    );
    assert.deepEqual([own[0]?.sku, own[0]?.quantity], [desk.sku, 0], 'sold out first');
    const keys = shop.told.map(({ headers }) => headers['idempotency-key']);
    assert.equal(new Set(keys).size, keys.length);
    assert.ok(shop.told.every(({ headers }) => headers['authorization'] === `Bearer ${TOKEN}`));
    for (const { sku } of [lamp, desk, sofa]) {
      const sequences = shop.told.filter((one) => one.sku === sku).map(({ sequence }) => sequence);
      assert.deepEqual(
        sequences,
        sequences.toSorted((a, b) => a - b),
      );
    }

    // What the shop refuses for good is parked with its reason, and nothing else is.
    shop.refuses = sofa.sku;
    await put(sofa, 5);
    const letters = await waitFor(
      async () => {
        const found = await red?.admin(`/crossdock/dead-letters/${idOf('dead-letter')}`);
        const { items } = (found ?? { items: [] }) as { items: Letter[] };
        return items.length > 0 ? items : undefined;
      },
      { what: 'a dead letter', timeoutMs: 30_000 },
    );
    assert.deepEqual(
      letters.map(({ code, reason }) => [code, reason]),
      [['STOREFRONT_REFUSED', 'The web shop refused it with 422.']],
    );
    statuses.close();
  });
});
