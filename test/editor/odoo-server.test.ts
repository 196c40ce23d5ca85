import assert from 'node:assert/strict';
import { type Bench, type EditorPage, languages, needChromium, sharedBench, themes } from './harness';
import { administrator, salesperson } from './odoo-report';

describe('editor: what an Odoo account may do, in the dialog', function () {
  this.timeout(60_000);
  let bench: Bench;

  before(async function () {
    needChromium(this);
    bench = await sharedBench();
  });

  async function tested(editor: EditorPage, answer: object): Promise<string> {
    await editor.page.unroute('**/crossdock/odoo-server/*/test');
    await editor.page.route('**/crossdock/odoo-server/*/test', (route) => route.fulfill({ json: answer }));
    await editor.edit('odoo-server');
    await editor.page.click('#crossdock-test');
    await editor.page.locator('#crossdock-test-result li').first().waitFor();
    await editor.page.locator('#crossdock-test-result').scrollIntoViewIfNeeded();
    await editor.page.locator('#crossdock-test-result li').last().scrollIntoViewIfNeeded();
    return (await editor.page.locator('#crossdock-test-result').innerText()).replace(/\s+/g, ' ');
  }

  for (const theme of themes) {
    for (const language of languages) {
      it(`${theme}, ${language}: lists every capability, what is missing and who gives it; fits and can be read`, async () => {
        const editor = await bench.open({ theme, language });
        try {
          for (const [name, answer] of [
            ['salesperson', salesperson()],
            ['administrator', administrator()],
          ] as const) {
            const text = await tested(editor, answer);
            assert.doesNotMatch(text, /odoo-server\.|undefined|__|&#|&amp;|\[object/);
            await editor.screenshot(`${theme}-${language}-odoo-server-${name}`);
            assert.deepEqual(await editor.look('overflowing()'), []);
            assert.deepEqual(await editor.look('pale()'), []);
            assert.deepEqual(await editor.look('unnamed()'), []);
            await editor.finish('cancel');
          }
          assert.deepEqual(editor.problems, []);
        } finally {
          await editor.close();
        }
      });
    }
  }

  it('says it in words, in order, with the group that gives the right', async () => {
    const editor = await bench.open();
    try {
      const text = await tested(editor, salesperson());
      const parts = [
        'signed in as integration@acme.example',
        'Place and confirm orders',
        'Not always needed: may not create res.partner. Group in Odoo: Contact / Creation',
        'Read, count and reserve stock',
        'Make invoices',
        'may not create account.move. Group in Odoo: Accounting / Invoicing',
        'may not create account.move.reversal. Ask Odoo’s administrator',
        'product.customerinfo is not there. Is the app installed in Odoo?',
        'do something newer',
        'Works for Acme & Söhne GmbH. The user also has: Acme Ltd, Acme Inc',
        'The API key ends on',
        'in 5 days',
        'Odoo refuses the next API key',
      ];
      let from = 0;
      for (const part of parts) {
        const at = text.indexOf(part, from);
        assert.ok(at >= 0, `"${part}" is not, or not there, in: ${text}`);
        from = at;
      }
      const states = await editor.page
        .locator('#crossdock-test-result li')
        .evaluateAll((items) => items.map((item) => item.getAttribute('data-state')));
      assert.deepEqual(states.slice(0, 7), ['good', 'some', 'good', 'good', 'bad', 'some', 'good']);
      await editor.finish('cancel');
      const admin = await tested(editor, administrator());
      assert.match(admin, /administrator of Odoo and may do everything/);
      assert.match(admin, /http:\/\/: API key and data travel unencrypted/);
    } finally {
      await editor.close();
    }
  });

  it('shows what Odoo says as text, never as markup', async () => {
    const editor = await bench.open();
    try {
      const answer = {
        ...salesperson(),
        user: '<img src=x onerror=alert(1)>',
        company: '<b>Acme</b>',
        capabilities: [{ name: 'x', purpose: '<i>x</i>', may: true, missing: [] }],
      };
      const text = await tested(editor, answer);
      assert.ok(text.includes('<i>x</i>') && text.includes('<b>Acme</b>') && text.includes('<img src=x'));
      assert.equal(await editor.page.locator('#crossdock-test-result :is(b, img)').count(), 0);
    } finally {
      await editor.close();
    }
  });
});
