import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TempDir, tempDir, waitFor } from '../support';
import { openConsole } from './console-page';
import { parkMany } from './console-store';
import { flowOfAllNodes } from './flow';
import { type Bench, needChromium, startBench } from './harness';

/** The nodes of the usual flow, but the orders end behind the mapper: what Odoo does is not at issue here. */
const flows = flowOfAllNodes().map((node) =>
  'id' in node && node.id === 'n-canonical-mapper' ? { ...node, wires: [[]] } : node,
);
/** What Node-RED's own editor needs to open. */
const editing = ['flows.read', 'settings.read', 'nodes.read', 'plugins.read', 'library.read', 'status.read'];
const password = 'not a real password';
const hash = '$2b$04$VtRwfGisbSTSPD4.B/2hWuA0btUAjrO6nrQyKaoj2GOW0ekOxdU.C';

describe('editor: the console over a real store with 10,000 dead letters', function () {
  this.timeout(120_000);
  let dir: TempDir;
  let bench: Bench;

  before(async function () {
    needChromium(this);
    dir = tempDir('crossdock-console-');
    await parkMany(join(dir.path, 'editor-test.sqlite'));
    bench = await startBench({ major: 5, userDir: dir.path, flows });
  });
  after(async () => {
    await bench?.close();
    dir?.remove();
  });

  it('shows the causes, and every letter by scrolling, with few elements', async () => {
    const sidebar = await openConsole(bench, { real: true });
    await sidebar.shows('4 causes · 10,000 letters');
    await sidebar.click('.row.group');
    await sidebar.shows('#110000');
    await sidebar.press('End');
    await sidebar.shows('#100501');
    assert.ok((await sidebar.count('.row')) < 50, `${await sidebar.count('.row')} rows`);
    await sidebar.press('Enter');
    await sidebar.shows('As it failed');
    assert.match(await sidebar.text('.legend'), /2 lines differ/);
    assert.ok((await sidebar.count('.masked')) > 0, 'personal data is hidden');
    await sidebar.click('.part button:has-text("Show")');
    await sidebar.shows('Personal data is shown');
    assert.equal(await sidebar.count('.masked'), 0);
    await sidebar.click('#crossdock-console-tab-audit');
    await sidebar.shows('Personal data shown');
    assert.deepEqual(sidebar.editor.problems, []);
    await sidebar.editor.close();
  });

  it('replays chosen letters: dry run, start, done; the count follows by itself', async () => {
    const sidebar = await openConsole(bench, { real: true });
    await sidebar.shows('10,000 letters');
    await sidebar.editor.page.locator('.crossdock-console .search input').first().fill('#100016');
    await sidebar.shows(/^1 letter$/m);
    await sidebar.click('.row .box');
    await sidebar.click('.bar .main');
    await sidebar.press('Enter');
    await sidebar.shows('1 letter is frozen');
    await sidebar.click('.basket-summary button:has-text("Dry run")');
    await sidebar.shows('1 would pass');
    await sidebar.click('.row.letter');
    await sidebar.shows('As it will be sent');
    await sidebar.press('Escape');
    await sidebar.shows('1 would pass');
    await sidebar.click('.basket-summary .main');
    await sidebar.press('Enter');
    await sidebar.shows('Finished');
    await sidebar.shows('1 done');
    await waitFor(async () => (await sidebar.text('.badge')) === '9,999', { what: 'one letter less' });
    assert.deepEqual(sidebar.editor.problems, []);
    await sidebar.editor.close();
  });

  it('freezes a whole cause of 9,500, edits one of them, and cancels', async () => {
    const sidebar = await openConsole(bench, { real: true });
    const { page } = sidebar.editor;
    await sidebar.click('.row.group:has-text("KAFFEE-250")');
    await sidebar.shows('9,500 letters');
    await sidebar.click('.bar .main');
    await sidebar.press('Enter');
    await sidebar.shows('9,500 letters are frozen');
    await sidebar.shows('Waiting');
    await sidebar.press('Tab', 'Tab', 'Tab', 'Tab', 'End');
    await waitFor(
      async () => (await sidebar.editor.page.evaluate('document.activeElement.ariaPosInSet')) === '9500',
      {
        what: 'the last item',
        timeoutMs: 30_000,
      },
    );
    await sidebar.shows(/^order:shop:main:#1\d+$/m);
    await sidebar.press('Enter');
    await sidebar.click('.part button:has-text("Edit")');
    await page.locator('.red-ui-tray .monaco-editor, .red-ui-tray .ace_editor').first().waitFor();
    const text = String(
      await page.evaluate(
        "(() => { const e = [...document.querySelectorAll('.red-ui-tray .monaco-editor')]; return monaco.editor.getEditors ? monaco.editor.getEditors().at(-1).getValue() : e.length; })()",
      ),
    );
    assert.ok(!text.includes('[personal]'), 'the message is edited as it is, not with its masks');
    await page.evaluate(
      "(() => { const e = monaco.editor.getEditors().at(-1); e.setValue(e.getValue().replace('{', '{ \"test_edit\": 42,')); })()",
    );
    await page.locator('.red-ui-tray-toolbar .primary').click();
    await sidebar.shows('"test_edit": 42');
    await waitFor(() => sidebar.hasFocus(), { what: 'the focus back in the console' });
    await sidebar.press('Escape');
    await sidebar.shows(/^edited$/m);
    await sidebar.click('.basket-summary button:has-text("Cancel")');
    await sidebar.click('.sheet .danger');
    await sidebar.shows('Cancelled');
    assert.deepEqual(sidebar.editor.problems, []);
    await sidebar.editor.close();
  });
});

describe('editor: the console where people sign in', function () {
  this.timeout(120_000);
  let dir: TempDir;
  let bench: Bench;

  before(async function () {
    needChromium(this);
    dir = tempDir('crossdock-console-');
    await parkMany(join(dir.path, 'editor-test.sqlite'));
    writeFileSync(join(dir.path, 'flows.json'), JSON.stringify(flows));
    bench = await startBench({
      major: 5,
      userDir: dir.path,
      settings: {
        adminAuth: {
          type: 'credentials',
          users: [
            { username: 'ines', password: hash, permissions: ['read'] },
            { username: 'sam', password: hash, permissions: [...editing, 'crossdock-inventory.read'] },
          ],
        },
      },
    });
  });
  after(async () => {
    await bench?.close();
    dir?.remove();
  });

  it('who may only read stock sees stock, and no dead letter', async () => {
    const sidebar = await openConsole(bench, { real: true, signIn: { user: 'sam', password } });
    await sidebar.shows('No channel is told stock');
    await sidebar.click('#crossdock-console-tab-letters');
    await sidebar.shows('This needs the permission crossdock-dead-letters.read.');
    assert.equal(await sidebar.text('.badge'), '');
    // The server refuses by itself what the console would not even ask.
    await sidebar.editor.page.evaluate('RED.user.hasPermission = () => true');
    await sidebar.click('#crossdock-console-tab-baskets');
    await sidebar.shows('You do not have the permission for this.');
    await sidebar.editor.close();
  });

  it('who may read sees the letters without personal data, and cannot change anything', async () => {
    const sidebar = await openConsole(bench, { real: true, signIn: { user: 'ines', password } });
    await sidebar.shows('You can look, but not change anything');
    await sidebar.shows('10,000 letters');
    await sidebar.click('.row.group');
    await sidebar.shows('#110000');
    await sidebar.press('Enter');
    await sidebar.shows('As it failed');
    assert.ok((await sidebar.count('.masked')) > 0);
    // The server refuses by itself what the console would not even ask.
    await sidebar.editor.page.evaluate('RED.user.hasPermission = () => true');
    await sidebar.press('Escape', 'Enter');
    await sidebar.shows('As it failed');
    await sidebar.click('.part button:has-text("Show")');
    await sidebar.shows('You do not have the permission for this.');
    assert.ok((await sidebar.count('.masked')) > 0, 'still hidden');
    await sidebar.editor.close();
  });
});
