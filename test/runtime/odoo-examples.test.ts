/** The examples of odoo fulfilment, invoice, stock and call on the demo's Odoo, as far as their comments promise. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Api } from '../conformance/odoo-server';
import { type NodeRed, projectFolders, waitFor } from '../support';
import type { EditorChannel } from './editor-channel';
import { type FlowNode, press } from './flow';
import { type OnDemoOdoo, startOnDemoOdoo } from './on-demo-odoo';

const FOLDER = join(projectFolders().root, 'examples');
const SHIPS = 'odoo fulfilment/01 - A despatch advice ships in Odoo.json';
const RETURNS = 'odoo fulfilment/02 - A return is authorised and received.json';
const INVOICES = 'odoo invoice/01 - Invoice what was delivered.json';
const READS = 'odoo stock/01 - Read stock levels.json';
const ADJUSTS = 'odoo stock/02 - Adjust stock once.json';
const RESERVES = 'odoo stock/03 - Reserve an order.json';
const PAGES = 'odoo call/01 - Read any number of records in pages.json';
const CREATES = 'odoo call/02 - Create once and change lines.json';
const SKU = 'TP-50-CLR';
const ORDER = 'shop:example:O-4001';

type Loose = Readonly<Record<string, unknown>>;

/** An example as it runs: its buttons by their names, and what its debug nodes show. */
interface Example {
  /** Presses a button; what the debug node shows next. Rejects with what the debug node "error" shows instead. */
  press(button: string, debug: string): Promise<Loose>;
  /** The next message of a debug node after those that were taken. */
  next(debug: string): Promise<Loose>;
}

const rows = (value: unknown): readonly Loose[] => value as readonly Loose[];
const pick = (from: Loose | undefined, ...names: string[]): unknown[] => names.map((name) => from?.[name]);

describe("examples on the demo's Odoo", () => {
  let demo: OnDemoOdoo;
  let api: Api;
  let red: NodeRed;
  let channel: EditorChannel;

  before(async () => {
    demo = await startOnDemoOdoo();
    ({ api, red, channel } = demo);
  });
  after(() => demo?.close());

  /** Deploys an example; `changed` is what its comment asks the analyst to change. */
  async function run(file: string, ...changed: (readonly [from: string, to: string])[]): Promise<Example> {
    let text = readFileSync(join(FOLDER, file), 'utf8');
    for (const [from, to] of changed) text = text.replaceAll(from, to);
    const flow = JSON.parse(text) as FlowNode[];
    const idOf = (type: string, name: string) =>
      flow.find((each) => each.type === type && each['name'] === name)?.id ?? '';
    await red.deploy(flow);
    let taken = channel.shown.length;
    const next = async (debug: string): Promise<Loose> => {
      const ids = [idOf('debug', debug), idOf('debug', 'error')];
      const at = await waitFor(
        () => {
          const found = channel.shown.findIndex(({ id }, index) => index >= taken && ids.includes(id));
          return found < 0 ? undefined : { found };
        },
        { what: `the message of "${debug}"`, timeoutMs: 30_000 },
      );
      taken = at.found + 1;
      const shown = channel.shown[at.found];
      if (shown?.id !== ids[0]) throw new Error(`${file}: ${JSON.stringify(shown?.message)}`);
      return shown?.message ?? {};
    };
    return {
      next,
      async press(button, debug) {
        await press(red, idOf('inject', button));
        return next(debug);
      },
    };
  }

  const product = async (): Promise<number> => {
    const [found] = await api.searchRead('product.product', [['default_code', '=', SKU]], ['id']);
    return Number(found?.['id']);
  };
  const confirmed = async (quantity: number): Promise<string> => {
    const line = { product_id: await product(), product_uom_qty: quantity };
    const id = await api.create('sale.order', { partner_id: 1, order_line: [[0, 0, line]] });
    await api.get('sale.order', 'action_confirm', { ids: [id] });
    return String((await api.read('sale.order', id, ['name']))['name']);
  };

  it('has tests for all examples of these nodes', () => {
    const folders = ['odoo fulfilment', 'odoo invoice', 'odoo stock', 'odoo call'];
    const files = folders.flatMap((folder) =>
      readdirSync(join(FOLDER, folder)).map((name) => `${folder}/${name}`),
    );
    const tested = [SHIPS, RETURNS, INVOICES, READS, ADJUSTS, RESERVES, PAGES, CREATES];
    assert.deepEqual(files.sort(), tested.sort());
  });

  it('an order is shipped in two parts, invoiced, returned in part and credited, each once', async () => {
    const vals = { invoice_policy: 'delivery' };
    await api.get('product.product', 'write', { ids: [await product()], args: { vals } });
    const ships = await run(SHIPS);
    assert.equal((await ships.press('1 place an order', 'placed'))['created'], true);
    for (const applied of [true, false]) {
      const part = await ships.press('2 three have left', 'shipped');
      assert.deepEqual(pick(part, 'shipmentId', 'applied', 'short'), ['D-9001', applied, []]);
      assert.deepEqual(pick(rows(part['orders'])[0], 'fulfilment'), ['partiallyShipped']);
      assert.equal(rows(part['backorders']).length, 1);
    }
    for (const applied of [true, false]) {
      const rest = await ships.press('3 the rest has left', 'shipped');
      assert.deepEqual(pick(rest, 'shipmentId', 'applied', 'backorders'), ['D-9002', applied, []]);
      assert.deepEqual(pick(rows(rest['orders'])[0], 'fulfilment'), ['shipped']);
    }
    const far = await ships.press('4 how far is it?', 'status');
    assert.deepEqual(pick(far, 'deliveryStatus', 'fulfilment', 'return'), ['full', 'shipped', 'none']);
    assert.deepEqual(pick(rows(far['lines'])[0], 'ordered', 'shipped', 'returned'), ['5', '5', '0']);
    const packs = await api.searchRead('stock.package', [], ['name'], { order: 'name' });
    assert.deepEqual(
      packs.map((pack) => pack['name']),
      ['BOX-D-9001', 'BOX-D-9002'],
    );

    const number = ['S00012', ORDER] as const;
    const invoiced = async (buttons: readonly string[]) => {
      const example = await run(INVOICES, number);
      const seen: unknown[] = [];
      for (const button of buttons) {
        const { payload } = await example.press(button, 'invoices');
        const { created, invoices } = payload as Loose;
        seen.push([created, ...rows(invoices).map((each) => pick(each, 'kind', 'state', 'amountTotal'))]);
      }
      return seen;
    };
    assert.deepEqual(await invoiced(['invoice', 'invoice', 'post', 'post']), [
      [true, ['380', 'draft', '62.50']],
      [false, ['380', 'draft', '62.50']],
      [false, ['380', 'posted', '62.50']],
      [false, ['380', 'posted', '62.50']],
    ]);

    const returns = await run(RETURNS);
    for (let pressed = 1; pressed <= 2; pressed += 1) {
      const rma = await returns.press('1 two are to come back', 'authorised');
      assert.equal(rma['status'], 'authorised');
      assert.deepEqual(rows(rma['lines'])[0]?.['quantity'], { requested: '2', authorised: '2' });
    }
    const found = { requested: '2', authorised: '2', received: '2', accepted: '1', rejected: '1' };
    for (let pressed = 1; pressed <= 2; pressed += 1) {
      const received = await returns.press('2 one good, one bad', 'received');
      assert.deepEqual(rows(received['lines'])[0]?.['quantity'], found);
    }
    const read = rows(await returns.press('3 read it from Odoo', 'returns'));
    assert.deepEqual(
      read.map((each) => [...pick(each, 'returnId', 'status'), rows(each['lines'])[0]?.['quantity']]),
      [['R-3001', 'partlyAccepted', found]],
    );
    const bad = [['location_id.complete_name', '=', 'WH/Quarantine']];
    assert.deepEqual(
      (await api.searchRead('stock.quant', bad, ['quantity'])).map((quant) => quant['quantity']),
      [1],
    );

    const credits = await invoiced(['credit what came back', 'credit what came back', 'read']);
    // What was rejected is not refunded.
    assert.deepEqual(credits, [
      [true, ['381', 'draft', '12.50']],
      [false, ['381', 'draft', '12.50']],
      [false, ['380', 'posted', '62.50'], ['381', 'draft', '12.50']],
    ]);
  });

  it('stock levels are read of all products, and of some with what Odoo does not know', async () => {
    const example = await run(READS, ['PAL-EPAL', 'NO-SUCH']);
    const all = rows(await example.press('all products', 'page'));
    assert.ok(all.length > 20);
    const some = await example.press('two products', 'levels');
    const [level, ...others] = rows(some['payload']);
    assert.deepEqual(others, []);
    assert.equal(Number(level?.['published']), Number(level?.['available']) - 2);
    assert.equal(rows(some['problems']).length, 1);
  });

  it('an adjustment is applied once', async () => {
    const example = await run(ADJUSTS);
    const first = await example.press('damaged', 'adjusted');
    assert.deepEqual(pick(first, 'applied', 'difference'), [true, '-2']);
    assert.deepEqual(await example.press('damaged', 'adjusted'), { ...first, applied: false });
  });

  it('an order is reserved, released, and told as it is', async () => {
    const example = await run(RESERVES, ['S00001', await confirmed(3)]);
    const line = async (button: string) =>
      pick(rows((await example.press(button, 'order'))['lines'])[0], 'open', 'reserved', 'short');
    assert.deepEqual(await line('reserve'), ['3', '3', '0']);
    assert.deepEqual(await line('release'), ['3', '0', '3']);
    assert.deepEqual(await line('what is reserved'), ['3', '0', '3']);
    assert.deepEqual(await line('reserve'), ['3', '3', '0']);
  });

  it('contacts are read a page at a time', async () => {
    const names = Array.from({ length: 51 }, (_, at) => ({ name: `Company ${at}`, is_company: true }));
    await api.get('res.partner', 'create', { args: { vals_list: names } });
    const example = await run(PAGES);
    const first = rows(await example.press('read', 'page'));
    const second = rows(await example.next('page'));
    const ids = new Set([...first, ...second].map((each) => each['id']));
    assert.deepEqual([first.length, second.length, ids.size], [50, 2, 52]);
  });

  it('a quotation is created once, and its lines are those named', async () => {
    const example = await run(CREATES);
    for (let pressed = 1; pressed <= 2; pressed += 1) await example.press('quotation', 'done');
    const domain = [['client_order_ref', '=', 'WEB-1001']];
    const [quotation, ...others] = await api.searchRead('sale.order', domain, ['order_line']);
    assert.deepEqual(others, []);
    const lines = await api.get<Loose[]>('sale.order.line', 'read', {
      ids: quotation?.['order_line'] as number[],
      args: { fields: ['product_uom_qty'] },
    });
    assert.deepEqual(
      lines.map((each) => each['product_uom_qty']),
      [3],
    );
  });
});
