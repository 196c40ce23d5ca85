import assert from 'node:assert/strict';
import {
  allNodes,
  type Bench,
  type EditorPage,
  languages,
  needChromium,
  sharedBench,
  themes,
} from './harness';

describe('editor: every dialog in light and dark, English and German', function () {
  this.timeout(60_000);
  let bench: Bench;

  before(async function () {
    needChromium(this);
    bench = await sharedBench();
  });

  for (const theme of themes) {
    for (const language of languages) {
      describe(`${theme}, ${language}`, () => {
        let editor: EditorPage;

        before(async () => {
          editor = await bench.open({ theme, language });
        });
        afterEach(async () => editor.reset());
        after(async () => editor?.close());

        for (const name of allNodes) {
          it(`${name}: opens, is complete, fits, can be named and read`, async () => {
            await editor.edit(name);
            await editor.screenshot(`${theme}-${language}-${name}`);
            const texts = await editor.look<string[]>('texts()');
            const keys = texts.filter((text) =>
              /contrib-crossdock|crossdock-[a-z-]+[.:]|undefined|\[object|^[a-z-]+\.(label|tip|option|unit|heading|placeholder|action|text)\b/.test(
                text,
              ),
            );
            assert.deepEqual(keys, [], 'untranslated');
            assert.deepEqual(await editor.look('empty()'), [], 'empty texts');
            assert.deepEqual(await editor.look('overflowing()'), [], 'does not fit');
            assert.deepEqual(await editor.look('unnamed()'), [], 'controls without a name');
            assert.deepEqual(await editor.look('pale()'), [], 'contrast below 4.5');
            await editor.finish('cancel');
            assert.deepEqual(editor.problems, []);
          });

          it(`${name}: help is shown`, async () => {
            const html = String(await editor.page.evaluate(`RED.nodes.getNodeHelp('crossdock-${name}')`));
            assert.match(html, /<h3[^>]*>Details/);
            assert.ok(!/^\s*: /m.test(html.replace(/<[^>]+>/g, '')), 'a property line was not rendered');
            const german = /\b(der|die|das|wird|nicht|und)\b/.test(html);
            assert.equal(german, language === 'de', 'language of the help');
          });
        }
      });
    }
  }
});
