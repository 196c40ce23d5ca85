import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TempDir, tempDir, waitFor } from '../support';
import { type OpenConsole, openConsole } from './console-page';
import { flowOfAllNodes } from './flow';
import { type Bench, needChromium, startBench } from './harness';

const MANY = 100_000;

function reconciler(id: string, config: object): object {
  return {
    id,
    type: 'crossdock-reconciler',
    z: 'tab',
    x: 140,
    y: 700,
    configVersion: 2,
    store: 'n-store',
    leftType: 'file',
    rightType: 'file',
    leftLabel: 'Shop',
    rightLabel: 'Odoo',
    ...config,
  };
}

const flows = [
  ...flowOfAllNodes(),
  reconciler('shop', {
    name: 'Orders of one day',
    about: 'orders',
    keyField: 'orderNumber',
    leftProperty: 'shop.jsonl',
    rightProperty: 'odoo.jsonl',
    wires: [[], [], ['settled'], []],
  }),
  {
    id: 'settled',
    type: 'crossdock-settle',
    z: 'tab',
    x: 340,
    y: 700,
    configVersion: 1,
    name: '',
    resultType: 'str',
    result: 'done',
    wires: [['left']],
  },
  {
    id: 'left',
    type: 'file',
    z: 'tab',
    x: 540,
    y: 700,
    name: '',
    filename: 'FILE',
    filenameType: 'str',
    appendNewline: true,
    createDir: false,
    overwriteFile: 'false',
    encoding: 'utf8',
    wires: [[]],
  },
  reconciler('many', {
    name: 'A whole catalogue',
    about: 'inventory',
    keyField: 'sku',
    leftProperty: 'many.csv',
    rightProperty: 'few.csv',
    wires: [[], [], [], []],
  }),
];

const order = (n: number, more: object = {}): object => ({
  orderNumber: `#${1000 + n}`,
  email: `ann${n}@example.com`,
  total: '19.00',
  currency: 'EUR',
  status: 'confirmed',
  ...more,
});
const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);

describe('editor: reconciliation over a real Node-RED', function () {
  this.timeout(120_000);
  let dir: TempDir;
  let bench: Bench;
  let open: OpenConsole[] = [];

  before(async function () {
    needChromium(this);
    dir = tempDir('crossdock-reconcile-');
    const at = (name: string): string => join(dir.path, name);
    // 12 orders are missing in Odoo, one has another total, one stands twice, one is only there.
    writeFileSync(at('shop.jsonl'), lines([...range(0, 30).map((n) => order(n)), order(3)]));
    writeFileSync(
      at('odoo.jsonl'),
      lines([...range(12, 30).map((n) => order(n, n === 20 ? { total: '18.00' } : {})), order(90)]),
    );
    const many = range(0, MANY).map((n) => `CD-${String(n).padStart(6, '0')};${n % 90}\n`);
    writeFileSync(at('many.csv'), `sku;onHand\n${many.join('')}`);
    writeFileSync(at('few.csv'), 'sku;onHand\n');
    const placed = flows.map((node) => ('filename' in node ? { ...node, filename: at('left.jsonl') } : node));
    bench = await startBench({ major: 5, userDir: dir.path, flows: placed });
  });
  after(async () => {
    await bench?.close();
    dir?.remove();
  });
  afterEach(async () => {
    const closing = open;
    open = [];
    const problems = closing.flatMap(({ editor }) => editor.problems);
    for (const { editor } of closing) await editor.close();
    // A refusal is an error in the browser's log by itself.
    assert.deepEqual(
      problems.filter((problem) => !/status of 409/.test(problem)),
      [],
    );
  });

  async function start(): Promise<OpenConsole> {
    const sidebar = await openConsole(bench, { real: true });
    open.push(sidebar);
    await sidebar.click('#crossdock-console-tab-reconciliation');
    await sidebar.shows('Orders of one day');
    return sidebar;
  }

  /** Order numbers of the messages that have left the node by its third output, in their order. */
  function left(): string[] {
    const file = join(dir.path, 'left.jsonl');
    if (!existsSync(file)) return [];
    const rows = readFileSync(file, 'utf8').trim().split('\n');
    return rows.map((row) => (JSON.parse(row) as { orderNumber: string }).orderNumber).toSorted();
  }

  const card = (name: string): string => `.reconciler:has-text("${name}")`;

  async function openRun(sidebar: OpenConsole): Promise<void> {
    await sidebar.click(`${card('Orders of one day')} .open`);
    await sidebar.editor.page.locator('.crossdock-console .row.run b').first().waitFor();
    await sidebar.click('.row.run');
    await sidebar.shows('15 entries');
  }

  it('an analyst starts a run, narrows what differs, approves a part; it leaves once and is in the audit', async () => {
    const sidebar = await start();
    const { page } = sidebar.editor;
    await sidebar.shows('It has not run yet.');
    await sidebar.click(`${card('Orders of one day')} button:has-text("Start")`);
    await sidebar.shows('14 of 31 differ');
    await openRun(sidebar);
    await sidebar.click('.search button');
    const kind = page.locator('.crossdock-console .panel select').first();
    assert.deepEqual((await kind.locator('option').allTextContents()).toSorted(), [
      'all',
      'duplicate (1)',
      'extra (1)',
      'missing (12)',
      'value (1)',
    ]);
    await kind.selectOption('missing');
    await sidebar.shows('12 entries');
    await kind.selectOption('duplicate');
    await sidebar.shows('1 entry');
    // What no message can mend cannot be chosen.
    assert.equal(await sidebar.count('.row.closed'), 1);
    assert.equal(await sidebar.count('.bar .main'), 0);
    await kind.selectOption('');
    await sidebar.shows('15 entries');
    await sidebar.click('.search button');
    await page.locator('.crossdock-console .search input').first().fill('#1001');
    await sidebar.shows('1 entry');
    await sidebar.click('.row.difference');
    await sidebar.shows('Order #1001: Shop has it, Odoo does not know it.');
    await sidebar.shows('Odoo has nothing of it: the whole message is new there.');
    assert.equal(await sidebar.count('.masked'), 1);
    assert.ok(!(await sidebar.text('.lines')).includes('ann1@example.com'));
    await sidebar.click('.part button:has-text("Show")');
    await sidebar.shows('ann1@example.com');
    await sidebar.click('.part .actions .main');
    await sidebar.shows('by the output “corrections” of the node Orders of one day');
    await sidebar.press('Enter');
    await sidebar.shows(/Approved by anonymous, /);
    await sidebar.press('Escape');
    await sidebar.shows(/#1001\n.*\nApproved by anonymous/);
    await page.locator('.crossdock-console .search input').first().fill('');
    await sidebar.shows('15 entries');
    // Two more by hand: the first two that still wait.
    const boxes = page.locator('.crossdock-console .row.difference:not(.closed) .box');
    await boxes.nth(0).click();
    await boxes.nth(1).click();
    await sidebar.click('.bar .main:has-text("Approve 2")');
    await sidebar.press('Enter');
    await sidebar.shows('2 corrections approved by anonymous have left.');
    await waitFor(() => left().length === 3, { what: 'three messages' });
    assert.deepEqual(left(), ['#1000', '#1001', '#1002']);
    await sidebar.click('#crossdock-console-tab-audit');
    await sidebar.shows('Corrections approved');
    await sidebar.shows('2 corrections · Orders of one day');
    await sidebar.shows('Personal data of a correction shown');
  });

  it('of two people who approve at once, the second is told that the number has changed; nothing leaves twice', async () => {
    const [anna, bert] = [await start(), await start()];
    const before = left();
    for (const person of [anna, bert]) {
      await openRun(person);
      await person.click('.search button');
      await person.editor.page.locator('.crossdock-console .panel select').first().selectOption('missing');
      await person.shows('12 entries');
      await person.click('.bar .main:has-text("Approve all")');
      await person.shows('Approve 9 corrections?');
    }
    // Bert sees the nine; Anna has taken two of them before he presses.
    await anna.press('Escape');
    const boxes = anna.editor.page.locator('.crossdock-console .row.difference:not(.closed) .box');
    await boxes.nth(0).click();
    await boxes.nth(1).click();
    await anna.click('.bar .main:has-text("Approve 2")');
    await anna.press('Enter');
    await anna.shows('2 corrections approved by anonymous have left.');
    await bert.press('Enter');
    await bert.shows('9 were shown, but 7 wait now: somebody has approved in the meantime.');
    await bert.shows('Approve 7 corrections?');
    await bert.press('Enter');
    await bert.shows('7 corrections approved by anonymous have left.');
    await waitFor(() => left().length === before.length + 9, { what: 'nine more messages' });
    assert.deepEqual(
      left(),
      range(0, 12).map((n) => `#${1000 + n}`),
    );
    // Anna's page follows by itself.
    await waitFor(async () => (await anna.count('.bar .main')) === 0, {
      what: 'that nothing waits on Anna’s page',
    });
  });

  it('100,000 differences: the end is one key and few requests away, with the rows in sight only', async () => {
    const sidebar = await start();
    const { page } = sidebar.editor;
    let pages = 0;
    page.on('request', (request) => {
      if (/\/differences\?/.test(request.url())) pages += 1;
    });
    await sidebar.click(`${card('A whole catalogue')} button:has-text("Start")`);
    await sidebar.shows('100,000 of 100,000 differ');
    await sidebar.click(`${card('A whole catalogue')} .open`);
    await page.locator('.crossdock-console .row.run b').first().waitFor();
    await sidebar.click('.row.run');
    await sidebar.shows('100,000 entries');
    await sidebar.shows('CD-000000');
    await page.locator('.crossdock-console .row.difference b').first().waitFor();
    pages = 0;
    await page.evaluate("document.querySelector('.crossdock-console .list .row').focus()");
    await sidebar.press('End');
    await sidebar.shows('CD-099999');
    assert.ok(pages <= 3, `${pages} requests to the end`);
    assert.ok((await sidebar.count('.row')) < 50, `${await sidebar.count('.row')} rows`);
    // Somewhere in the middle, as by the scroll bar.
    await page.evaluate(
      "(() => { const list = document.querySelector('.crossdock-console .list'); list.scrollTop = 50000 * 62; })()",
    );
    await sidebar.shows('CD-050000');
    assert.ok((await sidebar.count('.row')) < 50, `${await sidebar.count('.row')} rows`);
    await page.locator('.crossdock-console .search input').first().fill('cd-0777');
    await sidebar.shows('100 entries');
    await sidebar.shows('CD-077700');
  });
});
