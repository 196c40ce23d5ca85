import assert from 'node:assert/strict';
import { type Bench, type EditorPage, needChromium, sharedBench } from './harness';

describe('editor: the reconciler', function () {
  this.timeout(60_000);
  let bench: Bench;
  let editor: EditorPage;
  const evaluate = (script: string): Promise<unknown> => editor.page.evaluate(script);
  const shown = (selector: string): Promise<boolean> => editor.page.locator(selector).isVisible();
  const node = "RED.nodes.node('n-reconciler')";

  before(async function () {
    needChromium(this);
    bench = await sharedBench();
  });
  beforeEach(async () => {
    editor = await bench.open();
  });
  afterEach(async () => {
    const problems = [...editor.problems];
    await editor.close();
    assert.deepEqual(problems, []);
  });

  it('asks of each source only what matters to it', async () => {
    await editor.edit('reconciler');
    assert.equal(await shown('#crossdock-left-warehouse'), true);
    assert.equal(await shown('#crossdock-left-days'), false);
    assert.equal(await shown('#crossdock-right-format'), false);
    assert.equal(await shown('#node-input-thirdLabel'), false);
    await evaluate(
      "$('#node-input-rightProperty').typedInput('type', 'file').typedInput('value', 'stock.csv')",
    );
    for (const field of ['format', 'encoding', 'delimiter', 'decimalComma']) {
      assert.equal(await shown(`#crossdock-right-${field}`), true, field);
    }
    await evaluate("$('#crossdock-right-format').val('json').trigger('change')");
    assert.equal(await shown('#crossdock-right-delimiter'), false);
    await evaluate("$('#node-input-thirdProperty').typedInput('type', 'msg')");
    assert.equal(await shown('#node-input-thirdLabel'), true);
    await evaluate("$('#node-input-about').val('orders').trigger('change')");
    assert.equal(await shown('#crossdock-left-days'), true);
    assert.equal(await shown('#crossdock-left-warehouse'), false);
    assert.equal(await shown('#crossdock-row-site'), false);
    assert.equal(await evaluate("$('#node-input-keyField').val()"), 'orderNumber|client_order_ref');
    await editor.page.locator('#crossdock-fields').scrollIntoViewIfNeeded();
    await editor.screenshot('light-en-US-reconciler-orders');
    assert.deepEqual(await editor.look('overflowing()'), []);
    assert.deepEqual(await editor.look('unnamed()'), []);
    assert.deepEqual(await editor.look('pale()'), []);
    await editor.finish('ok');
    assert.deepEqual(
      await evaluate(
        `[${node}.rightType, ${node}.rightProperty, ${node}.rightSource, ${node}.thirdType, ${node}.about]`,
      ),
      ['file', 'stock.csv', { format: 'json' }, 'msg', 'orders'],
    );
  });

  it('makes a list of the fields of an older flow once they are changed', async () => {
    await editor.edit('reconciler');
    assert.equal(await evaluate("$('#crossdock-fields .crossdock-field').length"), 1);
    await editor.page.locator('#crossdock-fields').scrollIntoViewIfNeeded();
    await editor.page.click('.red-ui-editableList-addButton');
    const last = editor.page.locator('#crossdock-fields .crossdock-field').last();
    await last.locator('[data-field="path"]').fill('state');
    await last.locator('[data-field="type"]').selectOption('status');
    assert.equal(await last.locator('[data-field="words"]').isVisible(), true);
    assert.equal(await last.locator('[data-field="unit"]').isVisible(), false);
    await last.locator('[data-field="words"]').fill('draft; sale, confirmed');
    await editor.screenshot('light-en-US-reconciler-fields');
    await editor.finish('ok');
    assert.deepEqual(await evaluate(`[${node}.fields, ${node}.configVersion]`), [
      [
        { path: 'onHand', type: 'decimal' },
        { path: 'state', type: 'status', words: 'draft; sale, confirmed' },
      ],
      2,
    ]);
  });

  it('refuses a schedule for what comes with a message', async () => {
    await editor.edit('reconciler');
    await evaluate("$('#node-input-schedule').val('daily').trigger('change')");
    assert.equal(await shown('#node-input-dailyAt'), true);
    assert.equal(await evaluate("$('#node-input-schedule').hasClass('input-error')"), true);
    await editor.finish('cancel');
  });
});
