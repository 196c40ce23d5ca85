import assert from 'node:assert/strict';
import type { Request } from 'playwright-core';
import { waitFor } from '../support';
import { type OpenConsole, openConsole } from './console-page';
import { type Bench, needChromium, sharedBench } from './harness';

/** Not the editor's own saving of its settings. */
const isAction = (request: Request): boolean =>
  request.method() === 'POST' && request.url().includes('/crossdock/console/');

describe('editor: the console', function () {
  this.timeout(60_000);
  let bench: Bench;
  let open: OpenConsole[] = [];

  before(async function () {
    needChromium(this);
    bench = await sharedBench();
  });
  const start: typeof openConsole = async (...options) => {
    const sidebar = await openConsole(...options);
    open.push(sidebar);
    return sidebar;
  };
  afterEach(async () => {
    const closing = open;
    open = [];
    for (const { editor } of closing) await editor.close();
    // A refusal is an error in the browser's log by itself.
    const problems = closing.flatMap(({ editor }) => editor.problems);
    assert.deepEqual(
      problems.filter((problem) => !/status of (403|404|500)/.test(problem)),
      [],
    );
  });

  it('the keyboard reaches everything and is never thrown out: from the causes to a running basket', async () => {
    const sidebar = await start(bench);
    await sidebar.shows('10,000');
    const step = async (what: string, seen: string | RegExp, ...keys: string[]): Promise<void> => {
      await sidebar.press(...keys);
      await sidebar.shows(seen);
      await waitFor(() => sidebar.hasFocus(), { what: `the focus in the console after: ${what}` });
    };
    // From the tabs to the list: search, filter, then the row.
    await sidebar.editor.page.evaluate("document.querySelector('.crossdock-console .tab').focus()");
    await step('tabs', 'No replay baskets', 'ArrowRight');
    await step('back', 'KAFFEE-250', 'ArrowLeft');
    await sidebar.press('Tab', 'Tab', 'Tab');
    assert.match(await sidebar.focused(), /KAFFEE-250.*10,000 letters/);
    await step('next cause', 'odoo order', 'ArrowDown', 'ArrowUp');
    await step('open a cause', '#24000', 'Enter');
    await waitFor(async () => /#24000/.test(await sidebar.focused()), {
      what: 'the first letter has the focus',
    });
    await step(
      'select three',
      '3 selected',
      'Space',
      'ArrowDown',
      'ArrowUp',
      'Shift+ArrowDown',
      'Shift+ArrowDown',
    );
    await step('select all', 'all 10,000 selected', 'Control+a');
    await step('open a letter', 'As it arrived', 'Enter');
    await step('back to the list', 'all 10,000 selected', 'Escape');
    assert.match(await sidebar.focused(), /#23998/, 'the letter that was open has the focus again');
    await step('to the replay button and press it', 'Freeze 10,000', 'Shift+Tab', 'Shift+Tab', 'Enter');
    await step('freeze', /frozen by anna/, 'Enter');
    assert.match(await sidebar.focused(), /Back/, 'not on what sends');
    await step('start', 'Send 10,000', 'Tab', 'Enter');
    await step('go', 'Pause', 'Enter');
    await step('pause', 'Resume', 'Tab', 'Enter');
    await step('back to the baskets', '1 basket', 'Escape');
    assert.deepEqual(
      sidebar.fake.requests
        .filter((request) => request.startsWith('POST'))
        .map((request) => request.split('/').at(-1)),
      ['baskets', 'start', 'pause'],
    );
  });

  it('Escape closes a question first, and gives the focus back', async () => {
    const sidebar = await start(bench);
    await sidebar.click('.row.group');
    await sidebar.shows('#24000');
    await sidebar.click('.bar .main');
    await sidebar.shows('Freeze 10,000');
    await sidebar.press('Escape');
    assert.equal(await sidebar.count('.sheet'), 0);
    assert.match(await sidebar.text('.title h3'), /KAFFEE-250/);
    assert.match(await sidebar.focused(), /Replay all/);
  });

  it('10,000 letters: the end is one key away, and the page holds only the rows in sight', async () => {
    const sidebar = await start(bench);
    await sidebar.click('.row.group');
    await sidebar.shows('#24000');
    const { page } = sidebar.editor;
    const height = await page.evaluate("document.querySelector('.crossdock-console .rows').offsetHeight");
    assert.equal(height, 10_000 * 46, 'the scrollbar stands for all of them');
    await sidebar.press('End');
    await sidebar.shows('#14001');
    await waitFor(async () => /#14001/.test(await sidebar.focused()), {
      what: 'the last letter has the focus',
    });
    assert.ok((await sidebar.count('.row')) < 50, `${await sidebar.count('.row')} rows`);
    // 50 pages of 200, each asked for once.
    const pages = sidebar.fake.requests.filter((request) => /letters\?.*limit=200/.test(request));
    assert.equal(new Set(pages).size, pages.length, 'no page was read twice');
    assert.equal(pages.length, 50, pages.join('\n'));
    for (let top = 0; top <= 460_000; top += 46_000) {
      await page.evaluate(`document.querySelector('.crossdock-console .list').scrollTop = ${top}`);
      await waitFor(
        async () =>
          (await sidebar.count('.row:not(.pending) b')) > 3 && (await sidebar.count('.row.pending')) === 0,
        { what: `letters at ${top} px` },
      );
      assert.ok((await sidebar.count('.row')) < 50, `${await sidebar.count('.row')} rows`);
    }
  });

  it('coming back from a letter far down finds the list where it was left', async () => {
    const sidebar = await start(bench);
    await sidebar.click('.row.group');
    await sidebar.shows('#24000');
    const { page } = sidebar.editor;
    await page.evaluate("document.querySelector('.crossdock-console .list').scrollTop = 230000");
    await sidebar.shows('#18999');
    await sidebar.click('.row:has-text("#18999") .text');
    await sidebar.shows('As it arrived');
    await sidebar.press('Escape');
    await sidebar.shows('#18999');
    assert.match(await sidebar.focused(), /#18999/);
  });

  it('a search finds letters over all causes; without a match it says what helps', async () => {
    const sidebar = await start(bench);
    await sidebar.shows('5 causes');
    await sidebar.press('/');
    await sidebar.editor.page.keyboard.type('#23999');
    await sidebar.shows('4 letters');
    await sidebar.editor.page.keyboard.type('x');
    await sidebar.shows('No letter matches');
    await sidebar.click('.empty button');
    await sidebar.shows('5 causes');
  });

  it('changes are followed at most once a second, and only in sight', async () => {
    const sidebar = await start(bench);
    const { page } = sidebar.editor;
    const { requests } = sidebar.fake;
    await sidebar.shows('5 causes');
    // From here on time passes only when the test says so.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    /** What the store says has arrived, and whatever was asked for because of it has come here. */
    const change = async (ms: number): Promise<void> => {
      const told = page.evaluate(
        "new Promise((done) => RED.comms.subscribe('crossdock/console/n-store', done))",
      );
      sidebar.change(500);
      await told;
      await page.clock.runFor(ms);
      await page.evaluate("fetch('crossdock/console/n-store/audit')");
    };
    const groups = (): number => requests.filter((request) => request.includes('groups')).length;
    const before = groups();
    await change(1);
    await waitFor(() => groups() === before + 1, { what: 'the causes are asked for again' });
    await change(500);
    assert.equal(groups(), before + 1, 'half a second later it waits');
    await page.clock.runFor(500);
    await waitFor(() => groups() === before + 2, { what: 'and a second later once more' });

    await page.evaluate("RED.sidebar.show('info')");
    const asked = requests.length;
    await change(5000);
    assert.equal(requests.length, asked + 1, 'out of sight nothing is asked');
    await page.evaluate("RED.sidebar.show('crossdock-console')");
    await page.clock.resume();
    await waitFor(() => groups() === before + 3, { what: 'back in sight it catches up' });
  });

  it('deep in the list nothing moves under the reader: it says that the list has changed', async () => {
    const sidebar = await start(bench);
    await sidebar.click('.row.group');
    await sidebar.shows('#24000');
    await sidebar.press('End');
    await sidebar.shows('#14001');
    sidebar.change();
    const tops = (): number =>
      sidebar.fake.requests.filter((request) => /letters\?.*limit=1$/.test(request)).length;
    await waitFor(() => tops() === 1, { what: 'a look at the newest letter' });
    assert.equal(await sidebar.count('.bar .summary button'), 0, 'nothing changed');
    sidebar.fake.shrink(0, 9_990);
    sidebar.change();
    await sidebar.shows('Reload');
    await sidebar.click('.bar .summary button');
    await sidebar.shows('9,990 letters');
  });

  it('a group becomes a basket by its filter: frozen, tried, started at a rate, paused, resumed, finished', async () => {
    const sidebar = await start(bench);
    const { page } = sidebar.editor;
    await sidebar.click('.row.group');
    await sidebar.shows('#24000');
    const created = page.waitForRequest(isAction);
    await sidebar.click('.bar .main');
    await sidebar.press('Enter');
    const { filter } = (await created).postDataJSON() as { filter: object };
    assert.deepEqual(filter, { state: 'parked', cause: 'cause-0' });
    await sidebar.shows('10,000 letters are frozen');
    await sidebar.click('.basket-summary button:has-text("Dry run")');
    await sidebar.shows('9,750 would pass');
    await sidebar.click('.basket-summary .main');
    await sidebar.shows('250 letters would fail again');
    await page.locator('.crossdock-console .sheet input').fill('0');
    await sidebar.press('Enter');
    await sidebar.shows('whole number from 1 to 1,000');
    await page.locator('.crossdock-console .sheet input').fill('100');
    await sidebar.shows('about 2 min');
    const started = page.waitForRequest((request) => request.url().endsWith('/start'));
    await sidebar.press('Enter');
    assert.deepEqual((await started).postDataJSON(), { ratePerSecond: 100 });
    await sidebar.shows('Replaying');
    sidebar.fake.advance(5000);
    sidebar.change();
    await sidebar.shows('4,978 done');
    assert.equal(
      await page.locator('.crossdock-console [role=progressbar]').getAttribute('aria-valuenow'),
      '49',
    );
    await sidebar.click('.basket-summary .main');
    await sidebar.shows('Paused');
    await sidebar.click('.basket-summary .main');
    await sidebar.shows('Replaying');
    sidebar.fake.advance(5000);
    sidebar.change();
    await sidebar.shows('Finished');
    const saved = page.waitForEvent('download');
    await sidebar.click('.basket-summary button:has-text("Save report")');
    assert.match((await saved).suggestedFilename(), /^replay-ODOO_PRODUCT_UNKNOWN.*\.json$/);
  });

  it('single letters go by their ids; a basket can be cancelled, which asks first', async () => {
    const sidebar = await start(bench);
    await sidebar.click('.row.group');
    await sidebar.shows('#24000');
    await sidebar.click('.row[data-index="1"] .box');
    await sidebar.shows('1 selected');
    const created = sidebar.editor.page.waitForRequest(isAction);
    await sidebar.click('.bar .main');
    await sidebar.press('Enter');
    assert.deepEqual(((await created).postDataJSON() as { ids: string[] }).ids, ['letter-0-000001']);
    await sidebar.shows('1 letter is frozen');
    await sidebar.click('.basket-summary button:has-text("Cancel")');
    await sidebar.shows('it stays a dead letter');
    await sidebar.click('.sheet .danger');
    await sidebar.shows('Cancelled');
  });

  it('a letter is discarded only with a reason', async () => {
    const sidebar = await start(bench);
    await sidebar.click('.row.group');
    await sidebar.shows('#24000');
    await sidebar.press('Enter');
    await sidebar.shows('As it arrived');
    await sidebar.click('button:has-text("Discard…")');
    await sidebar.click('.sheet .danger');
    await sidebar.shows('Say why');
    await sidebar.editor.page.locator('.crossdock-console .sheet textarea').fill('ordered by phone');
    const sent = sidebar.editor.page.waitForRequest(isAction);
    await sidebar.click('.sheet .danger');
    assert.deepEqual((await sent).postDataJSON(), { ids: ['letter-0-000000'], reason: 'ordered by phone' });
    await waitFor(async () => (await sidebar.count('.row.letter')) > 0, { what: 'the list again' });
  });

  it('a letter shows where it failed, and the way to the node', async () => {
    const sidebar = await start(bench);
    await sidebar.editor.page.evaluate(
      'window.revealed = []; RED.view.reveal = (id) => window.revealed.push(id);',
    );
    await sidebar.click('.row.group');
    await sidebar.shows('#24000');
    await sidebar.press('Enter');
    await sidebar.shows('As it failed');
    assert.match(await sidebar.text('.facts'), /Crossdock › odoo order/);
    assert.match(await sidebar.text('.legend'), /3 lines differ/);
    assert.equal(await sidebar.count('.lines .changed'), 5);
    assert.match(await sidebar.text('.history'), /Attempt 1/);
    await sidebar.click('.facts .link');
    assert.deepEqual(await sidebar.editor.page.evaluate('window.revealed'), ['n-odoo-order']);
    // The neighbour, without going back.
    await sidebar.click('.neighbours button:last-child');
    await sidebar.shows('#23999');
    assert.match(await sidebar.focused(), /Next letter/);
  });

  it('personal data is masked; "show" asks for it, and a refusal leaves the masks', async () => {
    const sidebar = await start(bench);
    await sidebar.click('.row.group');
    await sidebar.shows('#24000');
    await sidebar.press('Enter');
    await sidebar.shows('6 values are hidden');
    assert.equal(await sidebar.count('.masked'), 6);
    await sidebar.click('.part button:has-text("Show")');
    await sidebar.shows('Personal data is shown');
    assert.ok(
      sidebar.fake.requests.some((request) => request.endsWith('letters/letter-0-000000?personal=1')),
    );
    await sidebar.click('.part button:has-text("Hide")');
    await sidebar.shows('6 values are hidden');
    sidebar.fake.refuse(/letters\/letter-0-000000/, 403, 'You may not see personal data.');
    await sidebar.click('.part button:has-text("Show")');
    await sidebar.shows('You may not see personal data.');
    assert.equal(await sidebar.count('.masked'), 6);
  });

  it('what a partner sends is text, never markup', async () => {
    const sidebar = await start(bench, { reason: '<img src=x onerror="window.pwned = true">' });
    await sidebar.shows('<img src=x');
    await sidebar.click('.row.group');
    await sidebar.shows('#24000');
    await sidebar.press('Enter');
    await sidebar.shows('As it arrived');
    assert.equal(await sidebar.editor.page.evaluate('window.pwned'), undefined);
  });

  it('who may only read sees everything, and why the buttons do nothing', async () => {
    const sidebar = await start(bench, {
      permissions: ['crossdock-dead-letters.read', 'flows.read'],
    });
    await sidebar.shows('You can look, but not change anything');
    await sidebar.click('.row.group');
    await sidebar.shows('#24000');
    for (const selector of ['.bar .main', '.bar .actions button:last-child']) {
      const target = sidebar.editor.page.locator(`.crossdock-console ${selector}`);
      assert.equal(await target.getAttribute('aria-disabled'), 'true');
      await target.click({ force: true });
      assert.match(await sidebar.text('.spoken'), /permission crossdock-dead-letters\.write/);
    }
    assert.equal(await sidebar.count('.sheet'), 0);
    await sidebar.press('Tab');
    await sidebar.click('.row.letter .text');
    await sidebar.shows('As it arrived');
    await sidebar.editor.page.locator('.crossdock-console button:has-text("Show")').click({ force: true });
    assert.match(await sidebar.text('.spoken'), /crossdock-dead-letters\.personal/);
    assert.deepEqual(
      sidebar.fake.requests.filter((request) => !request.startsWith('GET') || request.includes('personal')),
      [],
    );
  });

  it('who may not even read is told which permission is missing', async () => {
    const sidebar = await start(bench, {
      permissions: ['flows.read'],
      prepare: (fake) => fake.refuse(/./, 403, 'Forbidden'),
    });
    await sidebar.shows('You may not read dead letters');
    await sidebar.shows('crossdock-dead-letters.read');
  });

  for (const [language, permission, tab, words, missing] of [
    ['en-US', 'crossdock-reconciler.read', 'reconciliation', '3 reconcilers', 'This needs the permission'],
    ['de', 'crossdock-inventory.read', 'stock', 'Kein Kanal erhält Bestand', 'Das braucht die Berechtigung'],
  ] as const) {
    it(`${language}: who has only ${permission} gets the console with that tab, and why the others are closed`, async () => {
      const sidebar = await start(bench, {
        language,
        permissions: ['flows.read', permission],
        prepare: (fake) =>
          fake.refuse(/^(stores$|n-store\/(groups|letters|baskets|audit|cross-references))/, 401, ''),
      });
      await sidebar.shows(words);
      const { page } = sidebar.editor;
      const selected = page.locator('.crossdock-console .tab[aria-selected=true]');
      assert.equal(await selected.getAttribute('id'), `crossdock-console-tab-${tab}`);
      assert.equal(await sidebar.count('.tab'), 8);
      assert.equal(await sidebar.count('.tab.closed'), 7);
      await sidebar.shows(permission.replace('.read', '.write'));
      await sidebar.click('#crossdock-console-tab-letters');
      await sidebar.shows(`${missing} crossdock-dead-letters.read.`);
      await sidebar.press('End');
      await waitFor(async () => (await selected.getAttribute('id')) === 'crossdock-console-tab-audit', {
        what: 'the last tab',
      });
      await sidebar.shows(`${missing} crossdock-dead-letters.read.`);
      assert.match((await selected.getAttribute('aria-label')) ?? '', /crossdock-dead-letters\.read/);
      await sidebar.editor.screenshot(`console-closed-${language}`, '.crossdock-console');
      assert.deepEqual(await sidebar.editor.look('overflowing()'), []);
      assert.deepEqual(await sidebar.editor.look('paleTexts()'), []);
      await sidebar.click(`#crossdock-console-tab-${tab}`);
      await sidebar.shows(words);
      // What is closed was not even asked for, and nothing went wrong.
      assert.deepEqual(
        sidebar.fake.requests.filter((request) => !/ (stores\/|n-store\/(stock|reconcilers))/.test(request)),
        [],
      );
      assert.equal(await sidebar.count('.notice.error'), 0);
      assert.deepEqual(sidebar.editor.problems, []);
    });
  }

  it('an error is a sentence, and "try again" tries again', async () => {
    const sidebar = await start(bench, {
      prepare: (fake) => fake.refuse(/groups/, 500, 'The store’s disk is full.'),
    });
    await sidebar.shows('The store’s disk is full.');
    sidebar.fake.allow();
    await sidebar.click('.notice button');
    await sidebar.shows('5 causes');
    assert.equal(await sidebar.count('.notice'), 0);
  });

  it('empty says why, and what to do', async () => {
    const sidebar = await start(bench, { letters: 0, alone: true });
    await sidebar.shows('Nothing is parked');
    await sidebar.click('#crossdock-console-tab-baskets');
    await sidebar.shows('No replay baskets');
  });
});
