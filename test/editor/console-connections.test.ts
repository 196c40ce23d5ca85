import assert from 'node:assert/strict';
import { type OpenConsole, openConsole } from './console-page';
import { type Bench, needChromium, sharedBench } from './harness';

describe('editor: the connections in the console', function () {
  this.timeout(60_000);
  let bench: Bench;
  let sidebar: OpenConsole | undefined;

  before(async function () {
    needChromium(this);
    bench = await sharedBench();
  });
  afterEach(async () => {
    await sidebar?.editor.close();
    sidebar = undefined;
  });

  async function open(permissions?: readonly string[]): Promise<OpenConsole> {
    sidebar = await openConsole(bench, permissions === undefined ? {} : { permissions });
    await sidebar.click('#crossdock-console-tab-connections');
    return sidebar;
  }

  it('says of each how it does, until when its key works, and who uses it', async () => {
    const shown = await open();
    await shown.shows('3 connections to Odoo');
    const all = await shown.text('.stage');
    for (const part of [
      'Odoo of the head office',
      'Works',
      '19.0 (JSON-2)',
      'integration@acme.example',
      '1,284 in the last 5 minutes, 0 failed; 42 ms on average, 1,810 ms at most',
      'ends in 5 days, on',
      'The next key is in use.',
      'Used by odoo order',
      'Odoo does not answer. Next try in 12 s',
      'ODOO_TIMEOUT 26, ODOO_UNREACHABLE 5',
      'Odoo does not show its end',
      'Test server',
      'Not in use since the last deploy',
    ]) {
      assert.ok(all.includes(part), `"${part}" is not in: ${all}`);
    }
    // What nobody has opened has nothing to test and no key in use.
    assert.equal(await shown.count('.connection:nth-child(3) .actions button'), 1);
    assert.deepEqual(shown.editor.problems, []);
  });

  it('asks what the account may do when somebody wants to know, and shows how a key is exchanged', async () => {
    const shown = await open();
    await shown.shows('3 connections to Odoo');
    assert.equal(await shown.count('.crossdock-odoo-report'), 0);
    await shown.click('.connection .actions button:nth-child(1)');
    await shown.shows('may not create account.move. Group in Odoo: Accounting / Invoicing');
    await shown.shows(/integration@acme\.example on Odoo 19\.0 \(JSON-2\) may:/);
    await shown.click('.connection .actions button:nth-child(2)');
    await shown.shows('Sign in to Odoo as integration@acme.example');
    // The next key is entered and works: three of four steps are done.
    assert.equal(await shown.count('.steps .mark.success'), 3);
    await shown.click('.connection .actions button:nth-child(2)');
    assert.equal(await shown.count('.steps'), 0);
    assert.equal(await shown.count('.crossdock-odoo-report'), 1);
  });

  it('opens the dialog of a connection', async () => {
    const shown = await open();
    await shown.shows('3 connections to Odoo');
    await shown.click('.connection .actions button:nth-child(3)');
    await shown.editor.page.locator('#node-config-input-apiKeyNext').waitFor();
    await shown.editor.page.click('#node-config-dialog-cancel');
  });

  it('says which permission is missing, for the list and for the test', async () => {
    const nobody = await open(['crossdock-dead-letters.read']);
    await nobody.shows('crossdock-odoo-server.read');
    assert.equal(await nobody.count('.connection'), 0);
    await nobody.editor.close();
    const reader = await open(['crossdock-dead-letters.read', 'crossdock-odoo-server.read']);
    await reader.shows('3 connections to Odoo');
    const button = reader.editor.page.locator('.crossdock-console .connection .actions button').first();
    assert.equal(await button.getAttribute('aria-disabled'), 'true');
    assert.match((await button.getAttribute('title')) ?? '', /crossdock-odoo-server\.write/);
  });
});
