import assert from 'node:assert/strict';
import {
  allNodes,
  type Bench,
  type EditorPage,
  languages,
  messageNodes,
  type NodeName,
  needChromium,
  sharedBench,
  themes,
} from './harness';

/** Values that the dialog must refuse, by node and property, and a word of the sentence that says why. */
const refused: readonly [NodeName, string, string, RegExp][] = [
  ['store', 'path', '../outside.sqlite', /without \.\./],
  ['odoo-server', 'url', 'odoo.example.com', /full address, such as https/],
  ['odoo-server', 'url', 'https://user:word@odoo.example.com', /must not contain a user/],
  ['odoo-server', 'url', `https://\${HOST}/`, /only as a whole/],
  ['odoo-server', 'timeoutSeconds', 'soon', /whole number from 5 to 600/],
  ['odoo-server', 'database', '', /Database/],
  ['odoo-server', 'maxConcurrent', '0', /whole number from 1 to 32/],
  ['odoo-server', 'callsPerSecond', 'fast', /whole number from 0 to 1000/],
  ['odoo-server', 'allow', 'res.partner: read\nres.partner', /Line 2: say which methods of res\.partner/],
  ['odoo-server', 'allow', 'res.partner: _write', /Line 1: methods that begin with _ are private/],
  ['odoo-server', 'allow', 'res.partner: *', /Line 1: name the methods/],
  ['odoo-server', 'allow', '../x: read', /Line 1: .* is no model/],
  ['odoo-server', 'batchWindowMs', '9999', /whole number from 0 to 5000/],
  ['event-channel', 'url', 'http://broker', /such as mqtt/],
  ['event-channel', 'topicPrefix', 'dist/#', /must not start or end/],
  ['webhook-in', 'path', 'orders', /must start with \//],
  ['webhook-in', 'maxAttempts', '0', /whole number from 1/],
  ['webhook-in', 'source', 'a b', /letters, digits/],
  ['canonical-mapper', 'channel', '', /Channel/],
  ['idempotency-guard', 'retentionDays', '1.5', /whole number/],
  ['odoo-order', 'tolerance', '0,01', /with a point/],
  ['odoo-order', 'batchSize', '101', /from 1 to 100/],
  ['odoo-stock', 'pageSize', '0', /from 1 to 5000/],
  ['odoo-stock', 'buffer', '2,5', /with a point/],
  ['inventory-publish', 'buffer', '-1', /not negative/],
  ['reconciler', 'keyField', 'sku,,id', /separated by commas/],
  ['reconciler', 'lateMinutes', '0', /whole number from 1/],
  ['reconciler', 'alarmRate', 'many', /with a point/],
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

  /** What would be deployed of a node, and whether it is marked as changed. */
  const state = (page: EditorPage, name: NodeName): Promise<unknown> =>
    page.page.evaluate(`(() => {
      const { credentials, ...rest } = RED.nodes.convertNode(RED.nodes.node('n-${name}'));
      return { ...rest, changed: RED.nodes.node('n-${name}').changed === true };
    })()`);

  it('OK without a change changes nothing; OK with a change saves it', async () => {
    const page = await bench.open();
    for (const name of allNodes) {
      const before = await state(page, name);
      await page.edit(name);
      await page.finish('ok');
      assert.deepEqual(await state(page, name), before, name);
    }
    await page.edit('odoo-order');
    await type(page, 'batchSize', '10');
    await page.finish('ok');
    assert.equal(await page.page.evaluate("RED.nodes.node('n-odoo-order').batchSize"), '10');
    await page.close();
  });

  /** Settings that came later, with their defaults as the dialog shows them. */
  const later: readonly [NodeName, Record<string, string>][] = [
    ['webhook-in', { end: 'automatic', laneFirst: '', laneLast: '', highWater: '50000' }],
    ['idempotency-guard', { scopeType: 'str', ignore: '', concurrent: 'wait' }],
    ['store', { kind: 'sqlite', url: `\${POSTGRES_URL}`, schema: 'crossdock' }],
    [
      'event-channel',
      {
        sessionExpiryDays: '7',
        exchange: 'crossdock.events',
        queueType: 'quorum',
        deliveryLimit: '20',
        order: 'key',
        shards: '1',
        declare: 'apply',
      },
    ],
  ];
  for (const [name, defaults] of later) {
    it(`${name}: a flow of before its newer settings shows what they are, and gets them with the first change`, async () => {
      const page = await bench.open();
      const settings = Object.keys(defaults);
      const shownNow = (): Promise<unknown> =>
        page.page.evaluate(
          `Object.fromEntries(${JSON.stringify(settings)}.map((name) => [name, $('#node-input-' + name + ', #node-config-input-' + name).val()]))`,
        );
      // The selections of config nodes came with them.
      for (const field of [...settings, 'tls', ...(name === 'event-channel' ? ['store'] : [])])
        await page.page.evaluate(`delete RED.nodes.node('n-${name}').${field}`);
      const before = await state(page, name);
      await page.edit(name);
      assert.deepEqual(await shownNow(), defaults);
      await page.finish('ok');
      assert.deepEqual(await state(page, name), before, 'OK without a change');
      const [[setting, value] = ['', '']] = Object.entries({
        ...(name === 'webhook-in' ? { highWater: '100' } : {}),
        ...(name === 'idempotency-guard' ? { ignore: 'payload.updated_at' } : {}),
        ...(name === 'store' ? { schema: 'orders' } : {}),
        ...(name === 'event-channel' ? { sessionExpiryDays: '30' } : {}),
      });
      await page.edit(name);
      await type(page, setting, value);
      await page.finish('ok');
      const saved = (await state(page, name)) as Record<string, unknown>;
      for (const [field, expected] of Object.entries({ ...defaults, [setting]: value }))
        assert.equal(String(saved[field]), expected, field);
      assert.equal(saved['changed'], true);
      assert.deepEqual(page.problems, []);
      await page.close();
    });
  }

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

  it('canonical mapper: an own mapping without rows is refused; an old one as JSON text stays as it is', async () => {
    const node = "RED.nodes.node('n-canonical-mapper')";
    await editor.edit('canonical-mapper');
    await editor.page.selectOption('#node-input-mapping', 'custom');
    assert.match(String(await evaluate("$('#crossdock-mapper-summary').text()")), /No mapping yet/);
    assert.deepEqual(await editor.look('overflowing()'), []);
    await editor.screenshot('light-en-US-canonical-mapper-custom');
    await editor.finish('ok');
    assert.equal(await evaluate(`${node}.valid`), false);
    assert.match(String(await evaluate(`${node}.validationErrors.join()`)), /needed/);
    const old = JSON.stringify({
      spec: 'crossdock-mapping/1',
      name: 'old',
      version: '2.0.0',
      rules: [{ target: 'id' }],
    });
    await evaluate(`${node}.spec = ${JSON.stringify(old)}`);
    await editor.edit('canonical-mapper');
    assert.match(String(await evaluate("$('#crossdock-mapper-summary').text()")), /old2\.0\.0 · 1 rows/);
    await editor.finish('ok');
    assert.equal(await evaluate(`${node}.valid`), true);
    assert.equal(await evaluate(`${node}.spec`), old);
    assert.equal(await evaluate(`${node}.configVersion`), 1);
    assert.equal(await evaluate(`'crossdockMapping' in ${node}`), false, 'nothing is left behind');
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

  it('idempotency guard: duplicates that are told have an output of their own', async () => {
    await editor.edit('idempotency-guard');
    await editor.page.selectOption('#node-input-concurrent', 'answer');
    assert.equal(await shown('#crossdock-row-waitSeconds'), false);
    await type(editor, 'ignore', 'updated_at');
    assert.match(await complaint(editor, 'ignore'), /members of the payload/);
    await type(editor, 'ignore', 'payload.updated_at, payload.lines.*.note');
    assert.equal(await complaint(editor, 'ignore'), '');
    await evaluate("$('#node-input-scope').typedInput('type', 'msg')");
    await evaluate("$('#node-input-scope').typedInput('value', 'crossdock.source')");
    await editor.screenshot('light-en-US-idempotency-guard-answer');
    await editor.finish('ok');
    assert.deepEqual(
      await evaluate(
        "(({ outputs, scopeType, valid }) => ({ outputs: Number(outputs), scopeType, valid }))(RED.nodes.node('n-idempotency-guard'))",
      ),
      { outputs: 4, scopeType: 'msg', valid: true },
    );
    assert.equal(
      await evaluate(
        "(() => { const n = RED.nodes.node('n-idempotency-guard'); return n._def.outputLabels.call(n, 3); })()",
      ),
      'in progress',
    );
  });

  it('sequence guard: gaps are asked about only where versions count', async () => {
    await editor.edit('sequence-guard');
    assert.equal(await shown('#crossdock-row-holdSeconds'), true);
    await editor.page.selectOption('#node-input-gaps', 'tell');
    assert.equal(await shown('#crossdock-row-holdSeconds'), false);
    await editor.page.selectOption('#node-input-versionKind', 'time');
    assert.equal(await shown('#crossdock-row-gaps'), false);
    await editor.finish('ok');
    assert.equal(await evaluate("RED.nodes.node('n-sequence-guard').valid"), true);
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

  it('odoo order: each operation has the rows that it needs, and a message may ask for any', async () => {
    await editor.edit('odoo-order');
    const rows = async () => [
      await shown('#node-input-confirm'),
      await shown('#node-input-customer'),
      await shown('#node-input-credit'),
      await shown('#node-input-unlock'),
      await shown('#node-input-batchSize'),
    ];
    const choose = (kind: string, value: string) =>
      evaluate(
        `$('#node-input-operation').typedInput('type', '${kind}'), $('#node-input-operation').typedInput('value', '${value}')`,
      );
    assert.deepEqual(await rows(), [true, true, true, false, true]);
    assert.equal(await shown('#node-input-creditLimit'), false);
    await editor.page.selectOption('#node-input-credit', 'route');
    assert.equal(await shown('#node-input-creditLimit'), true);
    await choose('op', 'confirm');
    assert.deepEqual(await rows(), [false, false, true, false, true]);
    await choose('op', 'amend');
    assert.deepEqual(await rows(), [false, true, false, false, false]);
    assert.equal(await shown('#node-input-creditLimit'), false);
    await choose('op', 'cancel');
    assert.deepEqual(await rows(), [false, false, false, true, false]);
    await choose('op', 'status');
    assert.deepEqual(await rows(), [false, false, false, false, false]);
    await choose('msg', 'operation');
    assert.deepEqual(await rows(), [true, true, true, true, true]);
    await editor.finish('cancel');
  });

  it('odoo order: rules and words are kept in their order, and a second output comes with the route', async () => {
    await editor.edit('odoo-order');
    await editor.page.locator('#crossdock-list-match [data-rule=vat]').uncheck();
    await editor.page.locator('#crossdock-list-match [data-rule=email]').check();
    await editor.page.locator('.red-ui-editableList-addButton').first().click();
    const row = editor.page.locator('.crossdock-translation');
    await row.locator('select').selectOption('carrier');
    await row.locator('[data-side=from]').fill('EXPRESS');
    await row.locator('[data-side=to]').fill('DHL Express');
    await editor.page.selectOption('#node-input-credit', 'route');
    await editor.finish('ok');
    const node = <T>(field: string): Promise<T> =>
      evaluate(`RED.nodes.node('n-odoo-order').${field}`) as Promise<T>;
    assert.deepEqual(await node('match'), ['known', 'ref', 'email']);
    assert.deepEqual(await node('translations'), [{ kind: 'carrier', from: 'EXPRESS', to: 'DHL Express' }]);
    assert.equal(await node('outputs'), 2);
    assert.deepEqual(
      (await node<string[]>('validationErrors')).filter((each) => !each.startsWith('Odoo server')),
      [],
    );
    await editor.edit('odoo-order');
    await editor.screenshot('light-en-US-odoo-order-words');
    await editor.finish('cancel');
  });

  it('odoo stock: each operation has the rows that it needs, and a message may ask for any', async () => {
    await editor.edit('odoo-stock');
    const rows = async () => [
      await shown('#node-input-levelOf'),
      await shown('.crossdock-named'),
      await shown('#node-input-whenMoved'),
    ];
    const choose = (kind: string, value: string) =>
      evaluate(
        `$('#node-input-operation').typedInput('type', '${kind}'), $('#node-input-operation').typedInput('value', '${value}')`,
      );
    assert.deepEqual(await rows(), [true, false, false]);
    assert.deepEqual(
      [await shown('#crossdock-row-location'), await shown('#crossdock-row-buffer')],
      [true, true],
    );
    await editor.page.selectOption('#node-input-levelOf', 'lot');
    assert.deepEqual(
      [await shown('#crossdock-row-location'), await shown('#crossdock-row-buffer')],
      [false, false],
      'a lot is not for sale by itself',
    );
    await choose('op', 'adjust');
    assert.deepEqual(await rows(), [false, true, true]);
    await choose('op', 'reserve');
    assert.deepEqual(await rows(), [false, true, false]);
    await choose('msg', 'operation');
    assert.deepEqual(await rows(), [true, true, true]);
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

  it('inventory publish: rules, sets and sites are rows that stay, and wrong cells are marked', async () => {
    await editor.edit('inventory-publish');
    const { page } = editor;
    assert.equal(
      await page.locator('#node-input-percent').inputValue(),
      '100',
      'an older flow shows what it means',
    );
    const row = async (list: string, cells: Record<string, string>): Promise<void> => {
      const box = page.locator('.crossdock-whole', { has: page.locator(`#node-input-crossdock-${list}`) });
      await box.locator('.red-ui-editableList-addButton').click();
      const last = box.locator('.crossdock-cells').last();
      for (const [name, value] of Object.entries(cells)) {
        const cell = last.locator(`[data-cell=${name}]`);
        if ((await cell.evaluate((element) => element.tagName)) === 'SELECT') await cell.selectOption(value);
        else await cell.fill(value);
        await cell.dispatchEvent('change');
      }
    };
    await row('items', { sku: 'CD-TAPE-48', rule: 'unit', value: 'six' });
    const value = page.locator('#node-input-crossdock-items [data-cell=value]');
    assert.match((await value.getAttribute('class')) ?? '', /input-error/);
    await value.fill('6 XPK');
    await value.dispatchEvent('change');
    assert.doesNotMatch((await value.getAttribute('class')) ?? '', /input-error/);
    await row('bundles', { sku: 'CD-SET', part: 'CD-TAPE-48', quantity: '2' });
    await row('sites', { site: 'WH', authority: 'odoo:main', publishAs: 'shop' });
    await page.locator('#node-input-ageMinutes').fill('30');
    await page.locator('#node-input-ageMinutes').dispatchEvent('change');
    await page.locator('#node-input-agePercent').waitFor();
    await page.locator('#node-input-ageMinutes').scrollIntoViewIfNeeded();
    await editor.screenshot('light-en-US-inventory-publish-lists');
    await editor.finish('ok');
    const node = "RED.nodes.node('n-inventory-publish')";
    assert.deepEqual(
      await page.evaluate(`[${node}.items, ${node}.bundles, ${node}.sites, ${node}.ageMinutes]`),
      [
        [{ sku: 'CD-TAPE-48', rule: 'unit', value: '6 XPK' }],
        [{ sku: 'CD-SET', part: 'CD-TAPE-48', quantity: '2' }],
        [{ site: 'WH', authority: 'odoo:main', publishAs: 'shop' }],
        '30',
      ],
    );
    await editor.edit('inventory-publish');
    assert.equal(await page.locator('#node-input-crossdock-items [data-cell=rule]').inputValue(), 'unit');
    await editor.finish('cancel');
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

  /** Everything that the dialog tests look at, for a state of a dialog that they do not open. */
  async function assertGoodLooking(page: EditorPage, name: string): Promise<void> {
    await page.screenshot(name);
    assert.deepEqual(await page.look('empty()'), [], `${name}: empty texts`);
    assert.deepEqual(await page.look('overflowing()'), [], `${name}: does not fit`);
    assert.deepEqual(await page.look('unnamed()'), [], `${name}: controls without a name`);
    assert.deepEqual(await page.look('pale()'), [], `${name}: contrast below 4.5`);
  }

  for (const theme of themes) {
    for (const language of languages) {
      it(`event channel: each kind shows its own settings (${theme}, ${language})`, async () => {
        const page = await bench.open({ theme, language });
        const visible = (id: string) => page.page.locator(`#node-config-input-${id}`).isVisible();
        await page.edit('event-channel');
        for (const { kind, shows, hides } of [
          {
            kind: 'amqp',
            shows: ['url', 'topicPrefix', 'exchange', 'deliveryLimit', 'shards', 'declare'],
            hides: ['store', 'clientId', 'sessionExpiryDays'],
          },
          {
            kind: 'local',
            shows: ['store', 'source'],
            hides: ['url', 'user', 'topicPrefix', 'clientId', 'exchange'],
          },
          {
            kind: 'mqtt',
            shows: ['url', 'clientId', 'sessionExpiryDays', 'topicPrefix'],
            hides: ['store', 'exchange', 'declare'],
          },
        ]) {
          await page.page.selectOption('#node-config-input-kind', kind);
          for (const id of shows) assert.equal(await visible(id), true, `${kind}: ${id}`);
          for (const id of hides) assert.equal(await visible(id), false, `${kind}: ${id}`);
          await assertGoodLooking(page, `${theme}-${language}-event-channel-${kind}`);
        }
        await page.page.selectOption('#node-config-input-kind', 'amqp');
        await page.page.fill('#node-config-input-url', 'amqp://127.0.0.1:9');
        await page.page.fill('#node-config-input-password', 'typed');
        await page.page.click('#crossdock-show-topology');
        await page.page.locator('#crossdock-topology table').waitFor();
        await page.page.locator('#crossdock-topology').scrollIntoViewIfNeeded();
        await assertGoodLooking(page, `${theme}-${language}-event-channel-topology`);
        await page.finish('cancel');
        assert.deepEqual(page.problems, []);
        await page.close();
      });
    }
  }

  for (const theme of themes) {
    for (const language of languages) {
      it(`event in, event out, settle: show what goes with the channel and the outcome (${theme}, ${language})`, async () => {
        const page = await bench.open({ theme, language });
        const channel = (kind: string): Promise<unknown> =>
          page.page.evaluate(`RED.nodes.node('n-event-channel').kind = '${kind}'`);
        const look = async (name: string, shows: string[], hides: string[]): Promise<void> => {
          for (const row of [...shows, ...hides]) {
            const visible = await page.page.locator(`#crossdock-${row}`).isVisible();
            assert.equal(visible, shows.includes(row), `${name}: ${row}`);
          }
          await assertGoodLooking(page, `${theme}-${language}-${name}`);
        };
        await channel('amqp');
        await page.edit('event-in');
        await look(
          'event-in-amqp',
          ['row-store', 'row-format', 'row-acknowledge', 'row-window', 'rows-lanes'],
          [],
        );
        await page.page.selectOption('#node-input-acknowledge', 'flow');
        await look(
          'event-in-amqp-flow',
          ['row-store', 'row-format', 'row-acknowledge'],
          ['row-window', 'rows-lanes'],
        );
        await page.finish('cancel');
        await page.edit('event-out');
        await look('event-out-amqp', ['row-store'], ['row-retain']);
        await page.finish('cancel');
        await channel('local');
        await page.edit('event-in');
        await look(
          'event-in-local',
          [],
          ['row-store', 'row-format', 'row-acknowledge', 'row-window', 'rows-lanes'],
        );
        await page.finish('cancel');
        await page.edit('event-out');
        for (const field of ['subject', 'partitionKey', 'eventId'])
          await page.page.evaluate(`$('#node-input-${field}').typedInput('type', 'jsonata')`);
        await look('event-out-local', [], ['row-store', 'row-retain']);
        await page.finish('cancel');
        await page.edit('settle');
        await page.page.selectOption('#node-input-outcome', 'failed');
        await look('settle-failed', ['rows-failed'], ['row-result']);
        await page.finish('cancel');
        assert.deepEqual(page.problems, []);
        await page.close();
      });
    }
  }

  it('event channel: asks only for what its kind needs, and takes the address of the kind', async () => {
    const page = await bench.open();
    const node = (): Promise<unknown> =>
      page.page.evaluate(
        "(({ kind, url, store, valid }) => ({ kind, url, store, valid }))(RED.nodes.node('n-event-channel'))",
      );
    await page.edit('event-channel');
    await type(page, 'url', `\${MQTT_URL}`);
    await page.page.selectOption('#node-config-input-kind', 'amqp');
    assert.equal(await page.page.inputValue('#node-config-input-url'), `\${AMQP_URL}`);
    await type(page, 'url', 'mqtt://broker');
    assert.match(await complaint(page, 'url'), /such as amqp/);
    await type(page, 'deliveryLimit', '0');
    assert.equal(
      await page.page.evaluate("$('#node-config-input-deliveryLimit').hasClass('input-error')"),
      true,
    );
    await page.page.selectOption('#node-config-input-queueType', 'classic');
    assert.equal(await page.page.locator('#crossdock-row-deliveryLimit').isVisible(), false);
    // What is wrong with a broker does not matter to a channel without one.
    await page.page.selectOption('#node-config-input-kind', 'local');
    await page.page.selectOption('#node-config-input-store', 'n-store');
    await page.finish('ok');
    assert.deepEqual(await node(), { kind: 'local', url: 'mqtt://broker', store: 'n-store', valid: true });
    await page.close();
  });

  it('event channel: shows the topology of its subscriptions as a table that the keyboard reaches', async () => {
    const page = await bench.open();
    await page.edit('event-channel');
    await page.page.selectOption('#node-config-input-kind', 'amqp');
    await page.page.fill('#node-config-input-url', 'amqp://127.0.0.1:9');
    await page.page.fill('#node-config-input-password', 'typed');
    await page.page.evaluate(`RED.nodes.add({ id: 'in1', type: 'crossdock-event-in', z: 'tab', x: 100, y: 500, w: 100, h: 30,
      _def: RED.nodes.getType('crossdock-event-in') || { defaults: {} }, _config: {}, wires: [], channel: 'n-event-channel',
      subscription: '<b>orders', filter: 'order/#', users: [], inputs: 0, outputs: 1 })`);
    await page.page.focus('#crossdock-show-topology');
    await page.page.keyboard.press('Enter');
    const table = page.page.locator('#crossdock-topology table');
    await table.waitFor();
    const text = String(await table.textContent());
    assert.match(text, /crossdock\.events\.<b>orders/);
    assert.match(text, /x-delivery-limit=20/);
    assert.match(text, /#/);
    assert.match(
      String(await page.page.textContent('#crossdock-topology-result')),
      /^Not compared with the broker\. .*127\.0\.0\.1:9/,
    );
    await page.page.keyboard.press('Tab');
    assert.equal(await page.page.evaluate('document.activeElement.id'), 'crossdock-topology');
    await page.finish('cancel');
    await page.close();
  });

  it('event channel: the connection test says what the deployed channel is connected to, or why not', async () => {
    await editor.edit('event-channel');
    await editor.page.click('#crossdock-test');
    const result = editor.page.locator('#crossdock-test-result.crossdock-failed');
    await result.waitFor({ timeout: 30_000 });
    assert.match((await result.textContent()) ?? '', /127\.0\.0\.1:9/);
    assert.deepEqual(await editor.look('pale()'), []);
    await editor.finish('cancel');
  });

  for (const theme of themes) {
    for (const language of languages) {
      it(`store: each kind shows its own settings, and its health when it is tested (${theme}, ${language})`, async () => {
        const page = await bench.open({ theme, language });
        const visible = (id: string) => page.page.locator(`#${id}`).isVisible();
        await page.edit('store');
        await page.page.click('#crossdock-test');
        await page.page.locator('#crossdock-store-result.crossdock-ok').waitFor();
        assert.match(String(await page.page.textContent('#crossdock-health')), /SQLite \d+\.\d+/);
        await assertGoodLooking(page, `${theme}-${language}-store-health`);
        await page.page.selectOption('#node-config-input-kind', 'postgres');
        for (const field of ['url', 'user', 'password', 'schema'])
          assert.equal(await visible(`node-config-input-${field}`), true, field);
        assert.deepEqual(
          [await visible('node-config-input-path'), await visible('crossdock-backup')],
          [false, false],
        );
        await assertGoodLooking(page, `${theme}-${language}-store-postgres`);
        await page.finish('cancel');
        assert.deepEqual(page.problems, []);
        await page.close();
      });
    }
  }

  it('store: checks only what its kind needs, and backs up beside its file', async () => {
    await editor.edit('store');
    await editor.page.click('#crossdock-backup');
    const result = editor.page.locator('#crossdock-store-result.crossdock-ok');
    await result.waitFor();
    assert.match((await result.textContent()) ?? '', /editor-test\.sqlite\.backup-\d{8}T\d{9}Z \(/);
    const wrong = (property: string): Promise<unknown> =>
      evaluate(`$('#node-config-input-${property}').hasClass('input-error')`);
    await type(editor, 'path', '');
    assert.equal(await wrong('path'), true, 'a SQLite store without a file');
    await editor.page.selectOption('#node-config-input-kind', 'postgres');
    assert.equal(await wrong('path'), false, 'a file counts for SQLite only');
    for (const [property, bad, good] of [
      ['url', 'mysql://db/orders', 'postgres://db/orders'],
      ['url', 'postgres://me:word@db/orders', 'postgresql://db:5433/orders?sslmode=require'],
      ['schema', 'pg_own', 'orders'],
      ['schema', '', 'orders_2'],
    ] as const) {
      await type(editor, property, bad);
      assert.equal(await wrong(property), true, bad);
      await type(editor, property, good);
      assert.equal(await wrong(property), false, good);
    }
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
