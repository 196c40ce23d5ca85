/** Teaching a code in the sidebar, over a real gateway: an unknown unit waits, is taught, and its orders come out. */
import assert from 'node:assert/strict';
import { type TempDir, tempDir, waitFor } from '../support';
import { type OpenConsole, openConsole } from './console-page';
import { type Bench, needChromium, startBench, themes } from './harness';

const SPEC = {
  spec: 'crossdock-mapping/1',
  name: 'edi-lines',
  version: '1.0.0',
  from: { contract: 'any-object', version: '1.0' },
  to: { contract: 'any-object', version: '1.0' },
  rules: [
    {
      target: 'unit',
      from: 'uom',
      transforms: [
        {
          unit: {
            scheme: 'x12',
            item: { from: 'sku' },
            quantity: { from: 'qty' },
            packSize: { from: 'pack' },
          },
        },
      ],
    },
    {
      target: 'pieces',
      from: 'uom',
      transforms: [
        {
          unit: {
            scheme: 'x12',
            give: 'quantityPerUnit',
            item: { from: 'sku' },
            packSize: { from: 'pack' },
            quantity: { from: 'qty' },
          },
        },
      ],
    },
    {
      target: 'item',
      from: 'sku',
      transforms: [{ item: { scheme: 'buyerSku', quantity: { from: 'qty' } } }],
    },
  ],
};
const on = { z: 'tab', x: 100, y: 100 };
const flows = [
  { id: 'tab', type: 'tab', label: 'EDI' },
  { id: 'n-store', type: 'crossdock-store', kind: 'sqlite', path: 'editor-test.sqlite', configVersion: 1 },
  {
    id: 'n-odoo-server',
    type: 'crossdock-odoo-server',
    url: 'http://127.0.0.1:9',
    database: 'demo',
    login: '',
    timeoutSeconds: 60,
    configVersion: 1,
  },
  {
    ...on,
    id: 'n-webhook-in',
    type: 'crossdock-webhook-in',
    store: 'n-store',
    path: '/edi',
    source: 'edi',
    wires: [['map']],
  },
  {
    ...on,
    id: 'map',
    type: 'crossdock-canonical-mapper',
    name: 'EDI lines',
    mapping: 'custom',
    spec: SPEC,
    partner: 'acme',
    store: 'n-store',
    configVersion: 2,
    wires: [['settle']],
  },
  {
    ...on,
    id: 'settle',
    type: 'crossdock-settle',
    outcome: 'completed',
    result: 'payload',
    resultType: 'msg',
    wires: [[]],
  },
  { ...on, id: 'catch', type: 'catch', scope: null, uncaught: false, wires: [['dead']] },
  { ...on, id: 'dead', type: 'crossdock-dead-letter', store: 'n-store', wires: [[], [], []] },
];

describe('editor: teaching a code', function () {
  this.timeout(120_000);
  let dir: TempDir;
  let bench: Bench;

  before(async function () {
    needChromium(this);
    dir = tempDir('crossdock-teach-');
    bench = await startBench({ major: 5, userDir: dir.path, flows });
  });
  after(async () => {
    await bench?.close();
    dir?.remove();
  });

  async function post(id: string, body: object): Promise<void> {
    await waitFor(
      async () => {
        const response = await fetch(`${bench.nodeRed.url}/edi`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': id },
          body: JSON.stringify(body),
        });
        return response.status === 202;
      },
      { what: `${id} accepted` },
    );
  }

  async function looksRight(sidebar: OpenConsole, name: string): Promise<void> {
    const { editor } = sidebar;
    await editor.screenshot(name, '.crossdock-console');
    const texts = await editor.look<string[]>('texts()');
    const keys = texts.filter((text) => /crossdock-console[.:]|undefined|\[object|__\w+__/.test(text));
    assert.deepEqual(keys, [], `${name}: untranslated`);
    assert.deepEqual(await editor.look('overflowing()'), [], `${name}: does not fit`);
    assert.deepEqual(await editor.look('unnamed()'), [], `${name}: controls without a name`);
    assert.deepEqual(await editor.look('paleTexts()'), [], `${name}: contrast below 4.5`);
  }

  it('a unit: chosen with the arithmetic, taught, replayed; the next order needs nobody', async () => {
    await post('o-1', { uom: 'CS', sku: 'S-1', qty: '12', pack: '24' });
    await post('o-2', { uom: 'CS', sku: 'S-1', qty: '12', pack: '24' });
    const sidebar = await openConsole(bench, { real: true });
    await sidebar.shows('2 letters');
    await sidebar.click('.row.group');
    await sidebar.shows('What does acme mean by the unit "CS"?');
    await sidebar.shows('2 letters wait');
    await sidebar.shows('12 CS = ?');
    await sidebar.click('.teach .main');
    await sidebar.shows('Choose what the code means');
    await sidebar.click('.choice:has-text("XCS")');
    await sidebar.shows('12 CS of 24 EA = 288 EA');
    await looksRight(sidebar, 'console-teach-unit');
    await sidebar.click('.teach .main');
    await sidebar.shows('2 letters are frozen');
    await sidebar.click('.basket-summary .main');
    await sidebar.press('Enter');
    await sidebar.shows('Finished');
    // The unit is known now; the item is not, and says so.
    await sidebar.shows('2 failed again');
    await sidebar.press('Escape');
    await sidebar.click('#crossdock-console-tab-letters');
    await sidebar.shows('which item acme means');
    assert.deepEqual(sidebar.editor.problems, []);
    await sidebar.editor.close();
  });

  it('an item: our SKU typed, taught, replayed; the orders come out', async () => {
    const sidebar = await openConsole(bench, { real: true });
    await sidebar.shows('2 letters');
    await sidebar.click('.row.group');
    await sidebar.shows('Which item does acme mean by "S-1"?');
    await sidebar.editor.page.locator('.crossdock-console .teach input').first().fill('A-1');
    await looksRight(sidebar, 'console-teach-item');
    await sidebar.click('.teach .main');
    await sidebar.shows('2 letters are frozen');
    await sidebar.click('.basket-summary .main');
    await sidebar.press('Enter');
    await sidebar.shows('2 done');
    await sidebar.click('#crossdock-console-tab-references');
    await sidebar.shows('S-1 → sku A-1');
    await sidebar.shows('CS (S-1) → XCS = 24 EA');
    await sidebar.editor.close();
  });

  for (const theme of themes) {
    for (const language of ['en-US', 'de'] as const) {
      it(`the codes: history, conflicts, a file tried and imported (${theme}, ${language})`, async () => {
        const sidebar = await openConsole(bench, { real: true, theme, language });
        await sidebar.click('#crossdock-console-tab-references');
        await sidebar.shows('S-1 → sku A-1');
        await looksRight(sidebar, `console-codes-${theme}-${language}`);
        await sidebar.click('.row.reference');
        await sidebar.shows('anonymous');
        await looksRight(sidebar, `console-code-${theme}-${language}`);
        await sidebar.press('Escape');
        await sidebar.click('.references .actions button');
        const code = `X-${theme}-${language}`;
        // What is imported may come from an Odoo server of the flows instead of a file.
        await sidebar.editor.page.selectOption('.crossdock-console .sheet select', 'n-odoo-server');
        await looksRight(sidebar, `console-import-odoo-${theme}-${language}`);
        await sidebar.editor.page.selectOption('.crossdock-console .sheet select', '');
        await sidebar.editor.page.locator('.crossdock-console .sheet input[type=file]').setInputFiles({
          name: 'codes.csv',
          mimeType: 'text/csv',
          buffer: Buffer.from(`partner,kind,code,target\nacme,item,${code},A-1\nacme,unit,BX,NONE\n`),
        });
        await sidebar.click('.sheet .main');
        await sidebar.shows(/1 new · 0 changed|1 neu · 0 geändert/);
        await sidebar.shows(/Line 3:|Zeile 3:/);
        await looksRight(sidebar, `console-import-${theme}-${language}`);
        await sidebar.click('.sheet .main');
        await sidebar.shows(`${code} → sku A-1`);
        await sidebar.editor.page.locator('.crossdock-console .references select').selectOption('conflicts');
        await sidebar.shows(/No conflicts|Keine Konflikte|two codes for one item|zwei Codes/);
        assert.deepEqual(sidebar.editor.problems, []);
        await sidebar.editor.close();
      });
    }
  }
});
