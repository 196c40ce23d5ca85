/** The console's tab Stock over a real Node-RED with 20,000 items. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Broker, startBroker } from '../../sandbox/broker';
import { type TempDir, tempDir, waitFor } from '../support';
import { type OpenConsole, type OpenOptions, openConsole } from './console-page';
import { type Bench, languages, needChromium, startBench, themes } from './harness';
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

  for (const theme of themes) {
    for (const language of languages) {
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
  }
});

async function widen(sidebar: OpenConsole, width: number): Promise<void> {
  await sidebar.editor.page.evaluate(
    `(() => { const e = document.querySelector('.crossdock-console'); e.style.position = 'fixed'; e.style.inset = '40px 0 0 auto'; e.style.width = '${width}px'; e.style.height = '720px'; e.style.zIndex = 50; })()`,
  );
}
void [waitFor, stockLevel];
