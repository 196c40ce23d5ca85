/** odoo changes on the demo's Odoo: its examples, and everything that it offers to watch, with its default settings. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHOICE_NAMES } from '../../core/odoo';
import { catalogue } from '../../sandbox/catalogue';
import type { Api } from '../conformance/odoo-server';
import { type NodeRed, projectFolders, waitFor } from '../support';
import { type EditorChannel, untilStatus } from './editor-channel';
import { type FlowNode, type Letter, node, STORE, TAB } from './flow';
import { type OnDemoOdoo, startOnDemoOdoo } from './on-demo-odoo';

const FOLDER = join(projectFolders().root, 'examples', 'odoo changes');
const SKU = catalogue[0]?.sku ?? '';

type Loose = Readonly<Record<string, unknown>>;

/** What is done in Odoo, and what the debug node of that name must show then. */
interface Expected {
  readonly act: (api: Api) => Promise<unknown>;
  readonly debug: string;
  readonly check: (message: Loose) => void;
}

async function product(api: Api): Promise<number> {
  const [found] = await api.searchRead('product.product', [['default_code', '=', SKU]], ['id']);
  return Number(found?.['id']);
}

async function order(api: Api): Promise<number> {
  const line = { product_id: await product(api), product_uom_qty: 1 };
  return api.create('sale.order', { partner_id: 1, order_line: [[0, 0, line]] });
}

async function confirmed(api: Api): Promise<number> {
  const id = await order(api);
  await api.get('sale.order', 'action_confirm', { ids: [id] });
  return id;
}

async function invoice(api: Api): Promise<void> {
  const orders = [[6, 0, [await confirmed(api)]]];
  const vals = { advance_payment_method: 'delivered', sale_order_ids: orders };
  const dialog = await api.create('sale.advance.payment.inv', vals);
  await api.get('sale.advance.payment.inv', 'create_invoices', { ids: [dialog] });
}

const EXAMPLES: Readonly<Record<string, Expected>> = {
  '01 - Follow sales orders.json': {
    act: order,
    debug: 'change',
    check: (message) => {
      assert.deepEqual([message['model'], message['operation']], ['sale.order', 'created']);
      assert.equal((message['values'] as Loose)['state'], 'draft');
    },
  },
  '02 - Publish stock when it changes.json': {
    act: confirmed,
    debug: 'products',
    check: (message) => assert.deepEqual(message['skus'], [SKU]),
  },
};

const ACTS: Readonly<Record<string, (api: Api) => Promise<unknown>>> = {
  orders: order,
  pickings: confirmed,
  stock: confirmed,
  invoices: invoice,
  products: async (api) => {
    const args = { vals: { weight: 3 } };
    await api.get('product.product', 'write', { ids: [await product(api)], args });
  },
  partners: (api) => api.create('res.partner', { name: 'Ada' }),
};

describe("odoo changes on the demo's Odoo", () => {
  let demo: OnDemoOdoo;
  let api: Api;
  let red: NodeRed;
  let channel: EditorChannel;

  before(async () => {
    demo = await startOnDemoOdoo();
    ({ api, red, channel } = demo);
  });
  after(() => demo?.close());

  const shownBy = (id: string, from = 0): Loose | undefined =>
    channel.shown.slice(from).find((each) => each.id === id)?.message;

  /** It never said that something is wrong. */
  const assertNeverRed = (id: string): void => {
    assert.deepEqual(
      channel.statuses(id).filter(({ fill }) => fill === 'red'),
      [],
    );
  };

  it('has tests for all of its examples and choices', () => {
    assert.deepEqual(readdirSync(FOLDER).sort(), Object.keys(EXAMPLES).sort());
    assert.deepEqual(Object.keys(ACTS).sort(), [...CHOICE_NAMES].sort());
  });

  for (const [file, { act, debug, check }] of Object.entries(EXAMPLES)) {
    it(`${file} brings a change, and nothing is red`, async () => {
      const flow = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as FlowNode[];
      const idOf = (type: string, name = '') =>
        flow.find((each) => each.type === type && (each['name'] ?? '') === name)?.id ?? '';
      await red.deploy(flow);
      const changes = idOf('crossdock-odoo-changes');
      await untilStatus(channel, changes, 'live');
      const from = channel.shown.length;
      await act(api);
      const shown = () => shownBy(idOf('debug', debug), from);
      check(await waitFor(shown, { what: `the message of "${debug}"`, timeoutMs: 30_000 }));
      if (idOf('debug', 'report') !== '') {
        const report = () => shownBy(idOf('debug', 'report'), from);
        await waitFor(report, { what: 'the report of inventory publish', timeoutMs: 30_000 });
      }
      assertNeverRed(changes);
      const letters = idOf('crossdock-dead-letter');
      if (letters !== '') {
        const { items } = (await red.admin(`/crossdock/dead-letters/${letters}`)) as { items: Letter[] };
        assert.deepEqual(items, []);
      }
    });
  }

  it('brings a change of each thing that it offers', async () => {
    const server = {
      id: 'server',
      type: 'crossdock-odoo-server',
      url: demo.odoo.url,
      database: demo.odoo.database,
    };
    const flow = CHOICE_NAMES.flatMap((watch) => [
      node('crossdock-odoo-changes', watch, { watch, server: 'server', store: 'store' }, [[`${watch}Shown`]]),
      node('debug', `${watch}Shown`, { active: true, tosidebar: true, complete: 'payload' }),
    ]);
    const connection = { ...server, login: '', credentials: { apiKey: demo.odoo.apiKey } };
    await red.deploy([TAB, STORE, connection, ...flow]);
    for (const watch of CHOICE_NAMES) await untilStatus(channel, watch, 'live');
    const from = channel.shown.length;
    for (const watch of CHOICE_NAMES) await ACTS[watch]?.(api);
    for (const watch of CHOICE_NAMES) {
      const shown = () => shownBy(`${watch}Shown`, from);
      await waitFor(shown, { what: `a change of ${watch}`, timeoutMs: 30_000 });
      assertNeverRed(watch);
    }
  });
});
