import assert from 'node:assert/strict';
import {
  allNodes,
  type Bench,
  type EditorPage,
  messageNodes,
  type NodeName,
  needChromium,
  sharedBench,
} from './harness';

/** Values that the dialog must refuse, by node and property, and a word of the sentence that says why. */
const refused: readonly [NodeName, string, string, RegExp][] = [
  ['store', 'path', '../outside.sqlite', /without \.\./],
  ['odoo-server', 'url', 'odoo.example.com', /full address, such as https/],
  ['odoo-server', 'url', 'https://user:word@odoo.example.com', /must not contain a user/],
  ['odoo-server', 'url', `https://\${HOST}/`, /only as a whole/],
  ['odoo-server', 'timeoutSeconds', 'soon', /whole number from 5 to 600/],
  ['odoo-server', 'database', '', /Database/],
  ['event-channel', 'url', 'http://broker', /such as mqtt/],
  ['event-channel', 'topicPrefix', 'dist/#', /must not start or end/],
  ['webhook-in', 'path', 'orders', /must start with \//],
  ['webhook-in', 'maxAttempts', '0', /whole number from 1/],
  ['webhook-in', 'source', 'a b', /letters, digits/],
  ['canonical-mapper', 'channel', '', /Channel/],
  ['idempotency-guard', 'retentionDays', '1.5', /whole number/],
  ['odoo-order', 'tolerance', '0,01', /with a point/],
  ['odoo-order', 'batchSize', '101', /from 1 to 100/],
  ['inventory-publish', 'buffer', '-1', /not negative/],
  ['reconciler', 'fields', 'onHand,,reserved', /separated by commas/],
];

/** Sets an input of the open dialog like a person who types and leaves the field. */
function type(editor: EditorPage, property: string, value: string): Promise<unknown> {
  return editor.page.evaluate(
    `$('#node-input-${property}, #node-config-input-${property}').val(${JSON.stringify(value)}).trigger('change')`,
  );
}

/** What the validator says about the value that the dialog shows: the text of its tooltip, '' when it is fine. */
async function complaint(editor: EditorPage, property: string): Promise<string> {
  const input = `#node-input-${property}, #node-config-input-${property}`;
  const marked = await editor.page.evaluate(`$('${input}').hasClass('input-error')`);
  if (marked !== true) return '';
  await editor.page.locator(input).hover();
  const popover = editor.page.locator('.red-ui-popover:visible').last();
  await popover.waitFor();
  return (await popover.textContent()) ?? '';
}

describe('editor: how the dialogs behave', function () {
  this.timeout(60_000);
  let bench: Bench;
  let editor: EditorPage;
  const evaluate = (script: string): Promise<unknown> => editor.page.evaluate(script);
  const shown = (selector: string): Promise<boolean> => editor.page.locator(selector).isVisible();

  before(async function () {
    needChromium(this);
    bench = await sharedBench();
  });
  before(async () => {
    editor = await bench.open();
  });
  afterEach(async () => {
    const problems = [...editor.problems];
    await editor.reset();
    assert.deepEqual(problems, []);
  });
  after(async () => editor?.close());

  for (const [name, property, value, why] of refused) {
    it(`${name}: refuses ${property} ${JSON.stringify(value)} and says why`, async () => {
      await editor.edit(name);
      assert.equal(await complaint(editor, property), '', 'the value before');
      await type(editor, property, value);
      assert.match(await complaint(editor, property), why);
      await type(editor, property, `\${NAME}`);
      assert.equal(await complaint(editor, property), '', 'an environment variable');
      await editor.finish('cancel');
    });
  }

  it('OK without a change changes nothing; OK with a change saves it', async () => {
    const page = await bench.open();
    const state = (name: string) =>
      page.page.evaluate(`(() => {
      const { credentials, ...rest } = RED.nodes.convertNode(RED.nodes.node('n-${name}'));
      return { ...rest, changed: RED.nodes.node('n-${name}').changed === true };
    })()`);
    for (const name of allNodes) {
      const before = await state(name);
      await page.edit(name);
      await page.finish('ok');
      assert.deepEqual(await state(name), before, name);
    }
    await page.edit('odoo-order');
    await type(page, 'batchSize', '10');
    await page.finish('ok');
    assert.equal(await page.page.evaluate("RED.nodes.node('n-odoo-order').batchSize"), '10');
    await page.close();
  });

  it('a new node takes the only config node of each type and is valid', async () => {
    for (const name of messageNodes) {
      const node = await evaluate(`(() => {
        const { node } = RED.view.createNode('crossdock-${name}', 100, 600, 'tab');
        RED.nodes.add(node);
        RED.editor.validateNode(node);
        return { valid: node.valid, errors: node.validationErrors };
      })()`);
      assert.deepEqual(node, { valid: true, errors: [] }, name);
    }
  });

  it('webhook in: shows the full address and a command that signs when the sender signs', async () => {
    await editor.edit('webhook-in');
    const address = `${bench.nodeRed.url}/storefront/orders`;
    assert.equal(await evaluate("$('#crossdock-url').val()"), address);
    assert.match(
      String(await evaluate("$('#crossdock-curl').val()")),
      new RegExp(`^curl .*\\n.* ${address}$`),
    );
    assert.equal(await shown('#crossdock-row-secret'), false);
    await editor.page.selectOption('#node-input-signature', 'woocommerce');
    assert.equal(await shown('#crossdock-row-secret'), true);
    assert.match(String(await evaluate("$('#crossdock-curl').val()")), /X-WC-Webhook-Signature: \$\(.*-hmac/);
    await type(editor, 'secret', '');
    assert.match(await complaint(editor, 'secret'), /is needed/);
    await type(editor, 'secret', 'word');
    assert.equal(await complaint(editor, 'secret'), '');
    assert.deepEqual(await editor.look('overflowing()'), []);
    await editor.screenshot('light-en-US-webhook-in-signed');
    await editor.finish('cancel');
  });

  it('canonical mapper: a custom mapping is edited as JSON, checked and saved', async () => {
    await editor.edit('canonical-mapper');
    assert.equal(await shown('#crossdock-row-spec'), false);
    await editor.page.selectOption('#node-input-mapping', 'custom');
    assert.equal(await shown('#node-input-spec-editor'), true);
    await editor.page.waitForFunction(
      "document.querySelector('#node-input-spec-editor .view-line, .ace_line') !== null",
    );
    assert.equal(await evaluate("JSON.parse($('#node-input-spec').val()).spec"), 'crossdock-mapping/1');
    assert.deepEqual(await editor.look('overflowing()'), []);
    await editor.screenshot('light-en-US-canonical-mapper-custom');
    await evaluate("RED.nodes.node('n-canonical-mapper').crossdockSpec.setValue('{')");
    await editor.finish('ok');
    assert.equal(await evaluate("RED.nodes.node('n-canonical-mapper').valid"), false);
    assert.match(
      String(await evaluate("RED.nodes.node('n-canonical-mapper').validationErrors.join()")),
      /not valid JSON/,
    );
    await editor.edit('canonical-mapper');
    await evaluate(`RED.nodes.node('n-canonical-mapper').crossdockSpec.setValue('{"rules":[]}')`);
    await editor.finish('ok');
    assert.equal(await evaluate("RED.nodes.node('n-canonical-mapper').valid"), true);
    assert.equal(await evaluate("RED.nodes.node('n-canonical-mapper').spec"), '{"rules":[]}');
    assert.equal(
      await evaluate("'crossdockSpec' in RED.nodes.node('n-canonical-mapper')"),
      false,
      'disposed',
    );
  });

  it('idempotency guard: the key is a property or an expression only when asked for', async () => {
    await editor.edit('idempotency-guard');
    await evaluate("$('#node-input-key').typedInput('type', 'msg')");
    await evaluate("$('#node-input-key').typedInput('value', 'payload..id')");
    assert.match(await complaintOfTyped('key'), /property of the message/);
    await evaluate("$('#node-input-key').typedInput('type', 'jsonata')");
    await evaluate("$('#node-input-key').typedInput('value', 'payload.(')");
    assert.notEqual(await complaintOfTyped('key'), '');
    await evaluate("$('#node-input-key').typedInput('value', 'payload.id & \"-\" & topic')");
    await editor.finish('ok');
    assert.deepEqual(
      await evaluate(
        "(({ keyType, key, valid }) => ({ keyType, key, valid }))(RED.nodes.node('n-idempotency-guard'))",
      ),
      {
        keyType: 'jsonata',
        key: 'payload.id & "-" & topic',
        valid: true,
      },
    );
  });

  it('odoo order: the fixed customer is asked for only when it is used', async () => {
    await editor.edit('odoo-order');
    assert.equal(await shown('#crossdock-row-customerRef'), false);
    await editor.page.selectOption('#node-input-customer', 'fixed');
    assert.equal(await shown('#crossdock-row-customerRef'), true);
    assert.match(await complaint(editor, 'customerRef'), /is needed/);
    await type(editor, 'customerRef', 'WEB');
    assert.equal(await complaint(editor, 'customerRef'), '');
    await editor.finish('cancel');
  });

  it('all fields of a dialog are reached with the keyboard', async () => {
    await editor.edit('inventory-publish');
    await editor.page.focus('#node-input-name');
    const reached: string[] = [];
    for (let i = 0; i < 30; i += 1) {
      await editor.page.keyboard.press('Tab');
      const id = String(await evaluate('document.activeElement.id || document.activeElement.className'));
      reached.push(id);
      if (id === 'node-input-buffer') break;
    }
    for (const id of [
      'node-input-store',
      'node-input-btn-store-edit',
      'node-input-btn-store-add',
      'node-input-warehouse',
      'node-input-location',
    ]) {
      assert.ok(reached.includes(id), `${id} in ${reached.join(', ')}`);
    }
    assert.equal(reached.at(-1), 'node-input-buffer');
    await editor.finish('cancel');
  });

  it('inventory publish and reconciler: an Odoo server is asked for only when Odoo is read', async () => {
    await editor.edit('inventory-publish');
    assert.equal(await shown('#crossdock-row-warehouse'), true);
    await evaluate("$('#node-input-property').typedInput('type', 'msg')");
    assert.equal(await shown('#crossdock-row-server'), false);
    assert.equal(await shown('#crossdock-row-warehouse'), false);
    await editor.finish('ok');
    assert.equal(await evaluate("RED.nodes.node('n-inventory-publish').from"), 'msg');
    await editor.edit('reconciler');
    assert.equal(await shown('#crossdock-row-server'), true);
    await evaluate("$('#node-input-leftProperty').typedInput('type', 'msg')");
    assert.equal(await shown('#crossdock-row-server'), false);
    await evaluate("$('#node-input-rightProperty').typedInput('type', 'odoo')");
    assert.equal(await shown('#crossdock-row-server'), true);
    await editor.finish('ok');
    assert.deepEqual(
      await evaluate("(({ leftType, rightType }) => [leftType, rightType])(RED.nodes.node('n-reconciler'))"),
      ['msg', 'odoo'],
    );
  });

  it('odoo server: the connection test shows what the deployed server answers, or why it fails', async () => {
    await editor.edit('odoo-server');
    await editor.page.click('#crossdock-test');
    const result = editor.page.locator(
      '#crossdock-test-result.crossdock-ok, #crossdock-test-result.crossdock-failed',
    );
    await result.waitFor({ timeout: 30_000 });
    assert.match((await result.textContent()) ?? '', /\w+ \w+ \w+/);
    assert.deepEqual(await editor.look('pale()'), []);
    await editor.screenshot('light-en-US-odoo-server-tested');
    await editor.finish('cancel');
  });

  async function complaintOfTyped(property: string): Promise<string> {
    const marked = await evaluate(`$('#node-input-${property}').hasClass('input-error')`);
    if (marked !== true) return '';
    const says = await evaluate(
      `RED.nodes.node('n-idempotency-guard')._def.defaults.${property}.validate.call(RED.nodes.node('n-idempotency-guard'), $('#node-input-${property}').val(), {})`,
    );
    return String(says);
  }
});
