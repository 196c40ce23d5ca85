import assert from 'node:assert/strict';
import { type Bench, type EditorPage, needChromium, sharedBench } from './harness';

describe('editor: odoo fulfilment', function () {
  this.timeout(60_000);
  let bench: Bench;
  let editor: EditorPage;
  const evaluate = (script: string): Promise<unknown> => editor.page.evaluate(script);
  const node = "RED.nodes.node('n-odoo-fulfilment')";

  before(async function () {
    needChromium(this);
    bench = await sharedBench();
    editor = await bench.open();
  });
  after(async () => {
    const problems = [...(editor?.problems ?? [])];
    await editor?.close();
    assert.deepEqual(problems, []);
  });

  it('asks only what the operation needs, tells what it does, and names its ports after it', async () => {
    await editor.edit('odoo-fulfilment');
    const fields = [
      'rest',
      'earlierSteps',
      'excess',
      'shortStock',
      'missingLots',
      'unknownLots',
      'quarantine',
      'scrap',
    ];
    const shown = async (): Promise<string[]> => {
      const seen = await Promise.all(
        fields.map((field) => editor.page.locator(`#node-input-${field}`).isVisible()),
      );
      return fields.filter((_field, index) => seen[index]);
    };
    const out = ['earlierSteps', 'excess', 'shortStock', 'missingLots', 'unknownLots'];
    const wanted: Record<string, string[]> = {
      ship: ['rest', ...out],
      pack: out,
      track: [],
      cancel: [],
      status: [],
      authorise: [],
      receive: ['excess', 'missingLots', 'unknownLots', 'quarantine', 'scrap'],
      returns: ['quarantine', 'scrap'],
      msg: fields,
    };
    const tips = new Set<string>();
    for (const [operation, expected] of Object.entries(wanted)) {
      await evaluate(`$('#node-input-operation').val('${operation}').trigger('change')`);
      assert.deepEqual(await shown(), expected, operation);
      tips.add((await editor.page.locator('#crossdock-fulfilment-tip').textContent()) ?? '');
    }
    assert.equal(tips.size, Object.keys(wanted).length);
    await evaluate("$('#node-input-operation').val('receive').trigger('change')");
    await editor.screenshot('light-en-US-odoo-fulfilment-receive');
    assert.deepEqual(await editor.look('overflowing()'), []);
    assert.deepEqual(await editor.look('unnamed()'), []);
    await editor.finish('ok');
    assert.equal(await evaluate(`${node}.operation`), 'receive');
    assert.deepEqual(
      await evaluate(`[${node}._def.inputLabels.call(${node}), ${node}._def.outputLabels.call(${node})]`),
      ['canonical return', 'received'],
    );
  });
});
