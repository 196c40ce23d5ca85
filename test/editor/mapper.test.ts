import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolders, waitFor } from '../support';
import { type Bench, languages, needChromium, startBench, themes } from './harness';
import { type MapperPage, mapperFlow, openMapper, root } from './mapper-page';

const sampleText = readFileSync(join(projectFolders().root, 'test/fixtures/mapper/erp-order.json'), 'utf8');

/** Pastes the sample and accepts what is sure. */
async function begin(table: MapperPage): Promise<void> {
  await table.click('textarea.paste');
  await table.paste(sampleText);
  await table.shows('.tree', 'artikelnummer');
  await table.shows('.push.accept', /80/);
  await table.settled();
  await table.editor.screenshot('mapper-suggested');
  await table.click('.push.accept');
  await table.settled();
}

/** What is left after the sure suggestions, by keys. */
async function finishByKeys(table: MapperPage): Promise<void> {
  // Those below 80 %: read, then accepted one by one.
  for (const target of ['pricesIncludeTax', 'status.order', 'provenance.system', 'lines[].taxes[]']) {
    if (!(await table.isOpen(target))) continue;
    await table.goTo(target);
    await table.press('Enter');
  }
  await table.goTo('lines[].lineId');
  await table.press('F2');
  await table.type('pos');
  await table.press('ArrowDown', 'Enter');
  await table.goTo('status.payment');
  await table.press('F2', 'Shift+Tab');
  while ((await table.texts('.segment[aria-checked="true"][data-kind="const"]')).length === 0) {
    await table.press('ArrowRight');
  }
  await table.press('Tab');
  await table.type('u');
  await table.press('Enter');
  await table.settled();
}

describe('editor: the mapping table', function () {
  this.timeout(120_000);
  let bench: Bench;

  before(async function () {
    needChromium(this);
    bench = await startBench({ major: 5, flows: mapperFlow() });
  });
  after(async () => bench?.close());

  it('goes from nothing to a valid order for a partner never seen, and the deployed node does the same', async () => {
    const began = Date.now();
    const table = await openMapper(bench);
    await table.editor.screenshot('mapper-empty');
    await begin(table);
    await table.editor.screenshot('mapper-accepted');
    await finishByKeys(table);
    await table.shows('.pane.result', 'Valid');
    await table.editor.screenshot('mapper-valid');
    assert.equal(await table.page.evaluate('window.hacked'), undefined, 'a text of the sample ran as markup');
    await table.click('.window-actions .main');
    table.count.clicks += 2;
    await table.editor.finish('ok');
    assert.equal(await table.page.evaluate("RED.nodes.node('n-canonical-mapper').valid"), true);
    assert.equal(await table.page.evaluate("typeof RED.nodes.node('n-canonical-mapper').spec"), 'object');
    const from = bench.nodeRed.log.length;
    await table.page.click('#red-ui-header-button-deploy');
    await bench.nodeRed.waitForLog(/Started (modified )?(nodes|flows)/, { from });
    const { clicks, keys } = table.count;
    console.log(`        ${clicks} clicks and ${keys} keys in ${Math.round((Date.now() - began) / 1000)} s`);
    const answer = await fetch(`${bench.nodeRed.url}/map`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: sampleText,
    });
    const order = (await answer.json()) as {
      totals?: { payable: string };
      lines?: { lineId: string; unit: string }[];
    };
    assert.equal(order.totals?.payable, '92.82', JSON.stringify(order).slice(0, 600));
    assert.deepEqual(
      order.lines?.map(({ lineId, unit }) => [lineId, unit]),
      [
        ['10', 'C62'],
        ['20', 'C62'],
      ],
    );
    assert.deepEqual(table.editor.problems, []);
    await table.page.context().close();
  });

  it('applies nothing by itself, undoes and redoes, and leaves the node alone on Cancel', async () => {
    const table = await openMapper(bench, { own: false });
    const { page } = table;
    await table.settled();
    const before = await table.row('lines[].lineId');
    await table.goTo('lines[].lineId');
    await table.press('Delete');
    assert.doesNotMatch(await table.row('lines[].lineId'), /positionen\[\]\.pos/);
    await table.press('Control+z');
    assert.match(await table.row('lines[].lineId'), /positionen\[\]\.pos/);
    await table.press('Control+Shift+z');
    assert.doesNotMatch(await table.row('lines[].lineId'), /positionen\[\]\.pos/);
    await table.shows('.push[data-act="undo"]', '');
    await table.press('Escape');
    await table.shows('.sheet', 'Discard');
    await table.press('Enter');
    await page.waitForSelector(root, { state: 'detached' });
    await table.editor.finish('cancel');
    assert.match(before, /pos/);
    assert.equal(await page.evaluate('RED.nodes.dirty()'), false);
    assert.deepEqual(table.editor.problems, []);
    await page.context().close();
  });

  it('counts the version up when rows change, and rolls back to the one before in one click', async () => {
    const table = await openMapper(bench, { own: false });
    await table.shows('.grid', 'bemerkung');
    await table.goTo('notes[note]');
    await table.press('Delete');
    await table.page.waitForFunction("document.querySelector('#crossdock-mapper-version').value === '1.1.0'");
    await table.click('.window-actions .main');
    await table.editor.finish('ok');
    const from = bench.nodeRed.log.length;
    await table.page.click('#red-ui-header-button-deploy');
    await bench.nodeRed.waitForLog(/Started (modified )?(nodes|flows)/, { from });
    await table.page.context().close();

    const again = await openMapper(bench, { own: false });
    assert.equal(await again.page.inputValue('#crossdock-mapper-version'), '1.1.0');
    await again.click('[data-act="versions"]');
    await again.shows('.version-list', /1\.1\.0[\s\S]*live[\s\S]*1\.0\.0/);
    await again.press('ArrowDown', 'Enter');
    await again.shows('.version-detail', 'notes[note]');
    await again.click('.version-detail .push.main');
    await again.shows('.grid', 'bemerkung');
    assert.equal(await again.page.inputValue('#crossdock-mapper-version'), '1.0.0');
    assert.deepEqual(again.editor.problems, []);
    await again.page.context().close();
  });

  it('JSON tab: what is no mapping is refused, what is one is taken over; export and import are the same', async () => {
    const table = await openMapper(bench, { own: false });
    const { page } = table;
    await table.click('[data-act="tab-json"]');
    await table.shows('.json-tab', 'rules');
    await page.evaluate("monaco.editor.getEditors().at(-1).setValue('{')");
    await table.click('.json-tab .push.main');
    await table.shows('.json-problem', 'no JSON');
    await page.evaluate(
      `monaco.editor.getEditors().at(-1).setValue(JSON.stringify({...RED.nodes.node('n-canonical-mapper').spec, name: 'by-hand'}))`,
    );
    await table.click('.json-tab .push.main');
    await table.click('[data-act="tab-table"]');
    assert.equal(await page.inputValue('#crossdock-mapper-name'), 'by-hand');
    const [file] = await Promise.all([page.waitForEvent('download'), table.click('[data-act="export"]')]);
    const path = await file.path();
    const exported = readFileSync(path, 'utf8');
    assert.match(exported, /^ {4}\{"target":"id",/m, 'one rule a line');
    await table.goTo('currency');
    await table.press('Delete');
    await page.setInputFiles(`${root} .table-head input[type=file]`, path);
    await table.shows('.grid', /kopf\.waehrung/);
    const [again] = await Promise.all([page.waitForEvent('download'), table.click('[data-act="export"]')]);
    assert.equal(readFileSync(await again.path(), 'utf8'), exported);
    assert.deepEqual(table.editor.problems, []);
    await page.context().close();
  });

  for (const theme of themes) {
    for (const language of languages) {
      it(`${theme}, ${language}: named, readable, translated, and fits 1024 px`, async () => {
        const table = await openMapper(bench, { theme, language, width: 1024, fresh: true });
        const { editor } = table;
        const look = async (view: string) => {
          await editor.screenshot(`mapper-${theme}-${language}-${view}`);
          const texts = await editor.look<string[]>('texts()');
          assert.deepEqual(
            texts.filter((text) => /canonical-mapper[.:]|undefined|\[object|__\w+__/.test(text)),
            [],
            `${view}: untranslated`,
          );
          assert.deepEqual(await editor.look('overflowing()'), [], `${view}: does not fit`);
          assert.deepEqual(await table.unnamed(), [], `${view}: controls without a name`);
          assert.deepEqual(await editor.look('paleTexts()'), [], `${view}: contrast below 4.5`);
          assert.deepEqual(editor.problems, [], view);
        };
        await look('empty');
        await begin(table);
        await look('table');
        await table.goTo('lines[].lineId');
        await table.press('Control+Space');
        await look('source');
        await table.press('Escape');
        await table.goTo('issuedAt', 'steps');
        await table.press('Enter');
        await table.page.waitForSelector(`${root} .step`);
        await look('steps');
        await table.press('Escape');
        await table.goTo('currency', 'target');
        await table.press('Enter');
        await look('details');
        await table.press('Escape');
        await table.click('[data-act="start"]');
        await look('start');
        await table.press('Escape');
        await table.click('[data-act="versions"]');
        await table.page.waitForSelector(`${root} .sheet :is(.version, .empty)`);
        await look('versions');
        await table.press('Escape');
        await table.click('[data-act="impact"]');
        await table.page.waitForSelector(`${root} .sheet :is(.tile, .empty)`);
        await look('impact');
        await table.press('Escape');
        // For docs/mapper-*.png.
        await table.page.setViewportSize({ width: 1440, height: 900 });
        await table.goTo('lines[].lineId');
        await editor.screenshot(`mapper-wide-${theme}-${language}`);
        await table.page.context().close();
      });
    }
  }

  it('takes a real message of the deployed node as the sample', async () => {
    await bench.nodeRed.deploy(mapperFlow({ store: 'n-store' }));
    const ask = async (): Promise<number> => {
      const answer = await fetch(`${bench.nodeRed.url}/map`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: sampleText,
      });
      await answer.text();
      const kept = (await bench.nodeRed.admin('/crossdock/mapper/n-canonical-mapper/messages')) as {
        messages: unknown[];
      };
      return kept.messages.length;
    };
    await waitFor(async () => (await ask()) > 0, { what: 'a message that is kept', timeoutMs: 20_000 });
    const table = await openMapper(bench);
    await table.click('.pane.sample .push:has(.fa-envelope-o)');
    await table.shows('.recent', 'becomes the sample');
    await table.editor.screenshot('mapper-recent');
    await table.press('Enter');
    await table.shows('.pane.sample', 'kopf');
    assert.deepEqual(table.editor.problems, []);
    await table.page.context().close();
  });
});
