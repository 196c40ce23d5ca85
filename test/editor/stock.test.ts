/** The console's tab Stock over a real Node-RED with 20,000 items. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Broker, startBroker } from '../../sandbox/broker';
import { type TempDir, tempDir, waitFor } from '../support';
import { type OpenConsole, type OpenOptions, openConsole } from './console-page';
import { type Bench, needChromium, startBench } from './harness';
import { fillStock, skuOf, stockFlow, stockLevel } from './stock-store';

const KEYS = 20_000;

describe('editor: stock of 20,000 items', function () {
  this.timeout(120_000);
  let dir: TempDir;
  let bench: Bench;
  let broker: Broker;

  before(async function () {
    needChromium(this);
    dir = tempDir('crossdock-stock-');
    broker = await startBroker();
    await fillStock(join(dir.path, 'editor-test.sqlite'), KEYS);
    bench = await startBench({ major: 5, userDir: dir.path, flows: stockFlow(broker.url) });
  });
  after(async () => {
    await bench?.close();
    await broker?.close();
    dir?.remove();
  });

  const openStock = async (options: OpenOptions = {}): Promise<OpenConsole> => {
    const sidebar = await openConsole(bench, { real: true, ...options });
    await sidebar.click('#crossdock-console-tab-stock');
    await sidebar.shows('B2B portal');
    return sidebar;
  };

  // Colours differ by theme, lengths by language: each once.
  for (const [theme, language] of [
    ['light', 'en-US'],
    ['dark', 'de'],
  ] as const) {
    it(`${theme}, ${language}: every view is translated, fits, is named and readable, narrow and wide`, async () => {
      const sidebar = await openStock({ theme, language });
      const { editor } = sidebar;
      const look = async (view: string): Promise<void> => {
        await editor.screenshot(`stock-${theme}-${language}-${view}`, '.crossdock-console');
        const texts = await editor.look<string[]>('texts()');
        const keys = texts.filter((text) =>
          /crossdock-console[.:]|undefined|null|\[object|__\w+__|NaN/.test(text),
        );
        assert.deepEqual(keys, [], `${view}: untranslated`);
        assert.deepEqual(await editor.look('overflowing()'), [], `${view}: does not fit`);
        assert.deepEqual(await editor.look('unnamed()'), [], `${view}: controls without a name`);
        assert.deepEqual(await editor.look('paleTexts()'), [], `${view}: contrast below 4.5`);
      };
      for (const width of ['', 'wide-']) {
        if (width !== '') await widen(sidebar, 900);
        await look(`${width}channels`);
        await sidebar.click('.channel:has-text("Web shop") h3 button');
        await sidebar.shows(skuOf(0));
        await look(`${width}items`);
        await sidebar.click('.row:not(.heads)');
        await sidebar.shows(/vienna/);
        await sidebar.click('.readings summary');
        await look(`${width}item`);
        await sidebar.press('Escape');
        await sidebar.click('.bar .push:not([aria-label])');
        await look(`${width}question`);
        await sidebar.press('Escape', 'Escape');
      }
      assert.deepEqual(editor.problems, []);
      await editor.close();
    });
  }

  it('scrolls through 20,000 items to the end and back with few elements, by keyboard', async () => {
    const sidebar = await openStock();
    await sidebar.click('.channel:has-text("Web shop") h3 button');
    await sidebar.shows('20,500 items');
    await waitFor(() => sidebar.hasFocus(), { what: 'the focus in the list' });
    const place = async (): Promise<string> =>
      String(await sidebar.editor.page.evaluate('document.activeElement.ariaPosInSet'));
    await waitFor(async () => (await place()) === '1', { what: 'the first row' });
    await sidebar.press('End');
    await sidebar.shows(skuOf(KEYS - 1));
    assert.equal(await place(), '20500');
    assert.ok((await sidebar.count('.row')) < 50, `${await sidebar.count('.row')} rows`);
    await sidebar.press('PageUp', 'ArrowUp', 'Home');
    await sidebar.shows(skuOf(0));
    assert.equal(await place(), '1');
    await sidebar.press('ArrowDown', 'Enter');
    await sidebar.shows('Channels may sell');
    await sidebar.press('Escape');
    await waitFor(async () => (await place()) === '2', { what: 'the row where it was' });
    await sidebar.press('Escape');
    await sidebar.shows('3 channels');
    assert.deepEqual(sidebar.editor.problems, []);
    await sidebar.editor.close();
  });

  it('finds by part of a SKU, in one channel and in all, and narrows by what is up', async () => {
    const sidebar = await openStock();
    const { page } = sidebar.editor;
    const search = page.locator('.crossdock-console .stock:visible .search input');
    await search.fill('-0012');
    await search.press('Enter');
    // Ten items: three channels, two of which sell from two sites.
    await sidebar.shows(/^50 items$/m);
    for (const name of ['B2B portal', 'Marketplace', 'Web shop']) await sidebar.shows(name);
    await sidebar.press('Escape');
    await sidebar.shows('3 channels');
    await sidebar.click('.channel:has-text("B2B portal") .figure:has-text("waiting")');
    await sidebar.shows('1,440 items');
    await sidebar.shows('goes first');
    const view = page.locator('.crossdock-console .stock select');
    await view.selectOption('refused');
    await sidebar.shows('2 items');
    await sidebar.shows('refused: The broker refuses the topic');
    await view.selectOption('age');
    await sidebar.shows('500 items');
    await sidebar.shows('outdated');
    await view.selectOption('soldOut');
    await search.fill('nothing of that name');
    await sidebar.shows('No SKU contains this.');
    await sidebar.click('.empty button');
    await sidebar.shows('2,500 items');
    assert.deepEqual(sidebar.editor.problems, []);
    await sidebar.editor.close();
  });

  it('follows what is published meanwhile, explains it, and tells it again; both are in the audit', async () => {
    const sidebar = await openStock();
    await sidebar.click('.channel:has-text("Web shop") h3 button');
    await sidebar.shows(skuOf(0));
    await sidebar.shows(/vienna\n0 available/);
    const answer = await fetch(`${bench.nodeRed.url}/shop`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([stockLevel(0, 71, 'vienna')]),
    });
    assert.equal(answer.status, 200);
    await sidebar.shows('71 available');
    await sidebar.click('.row:has-text("71 available")');
    await sidebar.shows('safety buffer of 2');
    await sidebar.shows(/Told 69 at .* \(#\d{13}\)/);
    await sidebar.click('.channel:has-text("safety buffer of 2"):has-text("71") .actions button');
    await waitFor(async () => /in the audit/.test(await sidebar.text('.spoken')), { what: 'said' });
    await sidebar.press('Escape');
    await sidebar.click('.bar .push:not([aria-label])');
    await sidebar.shows('20,500 items are published once more');
    await sidebar.press('Enter');
    await waitFor(async () => /20,500 items are told again/.test(await sidebar.text('.spoken')), {
      what: 'said',
      timeoutMs: 30_000,
    });
    await sidebar.click('#crossdock-console-tab-audit');
    await sidebar.shows('Everything told again');
    await sidebar.shows(`${skuOf(0)} · vienna · Web shop`);
    assert.deepEqual(sidebar.editor.problems, []);
    await sidebar.editor.close();
  });

  it('gives the list as it is narrowed as a CSV file', async () => {
    const sidebar = await openStock({ language: 'de' });
    await sidebar.click('.channel:has-text("B2B portal") .figure:has-text("abgelehnt")');
    await sidebar.shows('2 Artikel');
    const [download] = await Promise.all([
      sidebar.editor.page.waitForEvent('download'),
      sidebar.click('.bar .push[aria-label]'),
    ]);
    const lines = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\r\n');
    assert.equal(download.suggestedFilename(), 'stock.csv');
    assert.match(lines[0] ?? '', /Kanal,SKU,/);
    assert.deepEqual(
      lines.slice(1).map((line) => line.split(',').slice(0, 2)),
      [
        ['B2B portal', skuOf(3)],
        ['B2B portal', skuOf(4)],
      ],
    );
    await sidebar.editor.close();
  });

  it('whoever may only read sees all of it and cannot have anything told', async () => {
    const sidebar = await openConsole(bench, { real: true });
    await sidebar.editor.page.evaluate("RED.user.hasPermission = (name) => !name.endsWith('.write')");
    await sidebar.click('#crossdock-console-tab-stock');
    await sidebar.click('.channel:has-text("Web shop") h3 button');
    await sidebar.shows('20,500 items');
    await sidebar.editor.page.locator('.crossdock-console .bar .push[aria-disabled]').focus();
    await sidebar.press('Enter');
    await waitFor(async () => (await sidebar.text('.spoken')).includes('crossdock-inventory.write'), {
      what: 'why not',
    });
    assert.equal(await sidebar.count('.sheet'), 0);
    await sidebar.editor.close();
  });
});

async function widen(sidebar: OpenConsole, width: number): Promise<void> {
  await sidebar.editor.page.evaluate(
    `(() => { const e = document.querySelector('.crossdock-console'); e.style.position = 'fixed'; e.style.inset = '40px 0 0 auto'; e.style.width = '${width}px'; e.style.height = '720px'; e.style.zIndex = 50; })()`,
  );
}
