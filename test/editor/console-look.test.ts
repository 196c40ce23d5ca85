import assert from 'node:assert/strict';
import { type OpenConsole, openConsole } from './console-page';
import { flowOfAllNodes } from './flow';
import {
  type Bench,
  type Language,
  languages,
  needChromium,
  sharedBench,
  startBench,
  type Theme,
  themes,
} from './harness';

/** Goes through every view, and calls `look` with the name of each. */
async function walk(sidebar: OpenConsole, look: (view: string) => Promise<void>): Promise<void> {
  const { page } = sidebar.editor;
  await page.locator('.crossdock-console .row.group').first().waitFor();
  await look('groups');
  await sidebar.click('.search button');
  await look('filters');
  await sidebar.click('.row.group');
  await page.locator('.crossdock-console .row.letter b').first().waitFor();
  await sidebar.press('Space', 'ArrowDown', 'Shift+ArrowDown');
  await look('letters');
  await sidebar.press('Enter');
  await page.locator('.crossdock-console .comparison').waitFor();
  await look('letter');
  await sidebar.press('Escape');
  await sidebar.click('.bar .main');
  await look('question');
  await sidebar.press('Enter');
  await page.locator('.crossdock-console .basket-summary .actions').waitFor();
  await look('basket');
  await sidebar.click('.basket-summary .actions button:nth-child(2)');
  await page.locator('.crossdock-console .dry-run').waitFor();
  await look('dry-run');
  await sidebar.click('.basket-summary .actions .main');
  await look('start');
  await sidebar.press('Enter');
  await page.locator('.crossdock-console .words').first().waitFor();
  sidebar.fake.advance(1);
  await look('running');
  await sidebar.click('.row.letter');
  await page.locator('.crossdock-console .comparison').waitFor();
  await look('item');
  await sidebar.press('Escape', 'Escape');
  await page.locator('.crossdock-console .row.basket').waitFor();
  await look('baskets');
  await sidebar.click('#crossdock-console-tab-stock');
  await page.locator('.crossdock-console .stage .empty').waitFor();
  await look('stock');
  await walkReconciliation(sidebar, look);
  await sidebar.click('#crossdock-console-tab-contracts');
  await page.locator('.crossdock-console .row.contract').first().waitFor();
  await look('contracts');
  await sidebar.click('#crossdock-console-tab-connections');
  await page.locator('.crossdock-console .connection').first().waitFor();
  await look('connections');
  await sidebar.click('.connection .actions button:nth-child(2)');
  await sidebar.click('.connection .actions button:nth-child(1)');
  await page.locator('.crossdock-console .crossdock-odoo-report li').first().waitFor();
  await look('connection');
  await sidebar.click('#crossdock-console-tab-audit');
  await page.locator('.crossdock-console .row.entry').first().waitFor();
  await look('audit');
}

async function walkReconciliation(
  sidebar: OpenConsole,
  look: (view: string) => Promise<void>,
): Promise<void> {
  const { page } = sidebar.editor;
  await sidebar.click('#crossdock-console-tab-reconciliation');
  await page.locator('.crossdock-console .reconciler').first().waitFor();
  await look('reconciliation');
  await sidebar.click('.reconciler .open');
  await page.locator('.crossdock-console .row.run b').first().waitFor();
  await look('runs');
  await sidebar.click('.row.run');
  await page.locator('.crossdock-console .row.difference b').first().waitFor();
  await sidebar.click('.title .neighbours button');
  await page.locator('.crossdock-console .account .facts').waitFor();
  await look('run');
  await sidebar.click('.title .neighbours button');
  await sidebar.click('.search button');
  await look('run-filters');
  await sidebar.click('.search button');
  await sidebar.click('.bar .main');
  await look('approval');
  await sidebar.press('Enter');
  await page.locator('.crossdock-console .strip.approval').waitFor();
  await look('leaving');
  await page.locator('.crossdock-console .row.difference').nth(1).click();
  await page.locator('.crossdock-console .comparison').waitFor();
  await look('difference');
  await sidebar.press('Escape');
  await sidebar.click('.title .neighbours button:nth-child(2)');
  await look('report');
  await sidebar.press('Escape');
}

/** Tabs that are cut, too small to hit, or over one another. */
async function tabsOutOfSight({ editor }: OpenConsole): Promise<unknown> {
  return editor.page.evaluate(`(() => {
    const row = document.querySelector('.crossdock-console .tabs').getBoundingClientRect();
    const tabs = [...document.querySelectorAll('.crossdock-console .tab')];
    let end = row.left;
    return tabs.filter((tab) => {
      const box = tab.getBoundingClientRect();
      const bad = box.left < end - 0.5 || box.right > row.right + 0.5 || box.width < 24 || box.height < 24;
      end = box.right;
      return bad || [tab, ...tab.children].some((part) => part.scrollWidth > part.clientWidth + 1);
    }).map(({ id }) => id).concat(tabs.length === 8 ? [] : [tabs.length]);
  })()`);
}

async function inspect(bench: Bench, name: string, theme: Theme, language: Language): Promise<void> {
  const sidebar = await openConsole(bench, { theme, language });
  await walk(sidebar, async (view) => {
    const { editor } = sidebar;
    await editor.screenshot(`${name}-${theme}-${language}-${view}`, '.crossdock-console');
    const texts = await editor.look<string[]>('texts()');
    const keys = texts.filter((text) => /crossdock-console[.:]|undefined|\[object|__\w+__/.test(text));
    assert.deepEqual(keys, [], `${view}: untranslated`);
    assert.deepEqual(await editor.look('overflowing()'), [], `${view}: does not fit`);
    assert.deepEqual(await editor.look('unnamed()'), [], `${view}: controls without a name`);
    assert.deepEqual(await editor.look('paleTexts()'), [], `${view}: contrast below 4.5`);
    assert.deepEqual(editor.problems, [], view);
    assert.deepEqual(await tabsOutOfSight(sidebar), [], `${view}: tabs`);
  });
  await sidebar.editor.close();
}

describe('editor: how the console looks', function () {
  this.timeout(90_000);

  before(function () {
    needChromium(this);
  });

  for (const theme of themes) {
    for (const language of languages) {
      it(`Node-RED 5, ${theme}, ${language}: every view is translated, fits 300 px, is named and readable`, async () => {
        await inspect(await sharedBench(), 'console', theme, language);
      });
    }
  }

  it('Node-RED 4.1: every view is translated, fits, is named and readable', async () => {
    const bench = await startBench({ major: 4, flows: flowOfAllNodes() });
    try {
      await inspect(bench, 'console-4.1', 'light', 'de');
    } finally {
      await bench.close();
    }
  });
});
