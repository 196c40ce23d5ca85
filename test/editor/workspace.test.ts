import assert from 'node:assert/strict';
import { waitFor } from '../support';
import {
  allNodes,
  type Bench,
  type EditorPage,
  languages,
  messageNodes,
  needChromium,
  sharedBench,
  themes,
} from './harness';

describe('editor: palette, canvas, examples', function () {
  this.timeout(60_000);
  let bench: Bench;

  before(async function () {
    needChromium(this);
    bench = await sharedBench();
  });

  for (const theme of themes) {
    for (const language of languages) {
      it(`${theme}, ${language}: the nodes stand in their category, with icons, readable`, async () => {
        const editor = await bench.open({ theme, language });
        await showCategory(editor);
        for (const name of messageNodes) {
          const entry = editor.page.locator(`.red-ui-palette-node[data-palette-type="crossdock-${name}"]`);
          assert.equal(
            (await entry.locator('.red-ui-palette-label').textContent())?.trim().replace(/\s+/g, ' '),
            name.replaceAll('-', ' '),
          );
          const ratio = await editor.look<number>(`paletteContrast('crossdock-${name}')`);
          assert.ok(ratio >= 4.5, `${name}: contrast of the label ${ratio.toFixed(2)}`);
        }
        await editor.screenshot(`${theme}-${language}-palette`);
        assert.deepEqual(editor.problems, []);
        await editor.close();
      });

      it(`${theme}, ${language}: every node has its examples in the import dialog`, async () => {
        const editor = await bench.open({ theme, language });
        await editor.page.evaluate("RED.actions.invoke('core:show-examples-import-dialog')");
        const entry = (text: string) =>
          editor.page.locator(`.red-ui-treeList-label-text:visible:text-is("${text}")`);
        // A click while the tree still unfolds is lost, hence the look whether it worked.
        const unfold = (text: string, child: string) =>
          waitFor(
            async () => {
              if (await entry(child).isVisible()) return true;
              const row = entry(text).locator(
                'xpath=ancestor::*[contains(@class, "red-ui-treeList-label")][1]/..',
              );
              const unfolded = /\bexpanded\b/.test(
                (await row.getAttribute('class', { timeout: 5000 })) ?? '',
              );
              if (!unfolded) await entry(text).click({ timeout: 5000 });
              return false;
            },
            { what: `"${child}" below "${text}"`, intervalMs: 300, timeoutMs: 30_000 },
          );
        await unfold('node-red-contrib-crossdock', 'odoo order');
        for (const name of messageNodes) await entry(name.replaceAll('-', ' ')).waitFor();
        await unfold('odoo order', '01 - Place an order once');
        await editor.screenshot(`${theme}-${language}-examples`);
        assert.deepEqual(editor.problems, []);
        await editor.close();
      });
    }
  }

  it('the icons are served', async () => {
    for (const name of allNodes) {
      const response = await fetch(
        `${bench.nodeRed.url}/icons/node-red-contrib-crossdock/crossdock-${name}.svg`,
      );
      assert.equal(response.headers.get('content-type')?.split(';')[0], 'image/svg+xml', name);
      assert.match(await response.text(), /^<svg /, name);
    }
  });

  it('ports say what leaves by them, in the editor’s language', async () => {
    for (const [language, wanted] of [
      ['en-US', ['first', 'duplicate', 'conflict']],
      ['de', ['erste', 'Duplikat', 'Konflikt']],
    ] as const) {
      const editor = await bench.open({ language });
      const labels = await editor.page.evaluate(
        "(() => { const n = RED.nodes.node('n-idempotency-guard'); return [0, 1, 2].map((i) => n._def.outputLabels.call(n, i)); })()",
      );
      assert.deepEqual(labels, wanted);
      await editor.close();
    }
  });
});

async function showCategory(editor: EditorPage): Promise<void> {
  await editor.page.evaluate(
    "document.querySelector('#red-ui-palette-container-crossdock, [id^=red-ui-palette-container-crossdock]').scrollIntoView()",
  );
  await editor.page.locator('.red-ui-palette-node[data-palette-type="crossdock-odoo-order"]').waitFor();
}
