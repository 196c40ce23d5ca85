import assert from 'node:assert/strict';
import { waitFor } from '../support';
import { type OpenConsole, type OpenOptions, openConsole } from './console-page';
import { type Bench, needChromium, sharedBench } from './harness';

describe('editor: the reconciliation in the console', function () {
  this.timeout(60_000);
  let bench: Bench;
  let sidebar: OpenConsole;

  before(async function () {
    needChromium(this);
    bench = await sharedBench();
  });
  afterEach(async () => {
    await sidebar.editor.close();
    // A refusal is an error in the browser's log by itself.
    assert.deepEqual(
      sidebar.editor.problems.filter((problem) => !/status of (404|409)/.test(problem)),
      [],
    );
  });

  async function start(options: OpenOptions = {}): Promise<OpenConsole> {
    sidebar = await openConsole(bench, options);
    await sidebar.click('#crossdock-console-tab-reconciliation');
    await sidebar.editor.page.locator('.crossdock-console .stage > *').first().waitFor();
    return sidebar;
  }

  async function openRun(name = 'Nightly stock'): Promise<void> {
    await sidebar.click(`.reconciler:has(h3:has-text("${name}")) .open`);
    await sidebar.editor.page.locator('.crossdock-console .row.run b').first().click();
    await sidebar.editor.page.locator('.crossdock-console .view.run .account').waitFor({ state: 'attached' });
  }

  const facet = (at: number) => sidebar.editor.page.locator('.crossdock-console .panel select').nth(at);
  const whyOf = (selector: string) =>
    sidebar.editor.page.locator(`.crossdock-console ${selector}`).first().getAttribute('title');
  const search = (text: string) =>
    sidebar.editor.page.locator('.crossdock-console .search input').first().fill(text);

  it('shows how each went from run to run, what goes on now, and why something cannot be done', async () => {
    await start();
    await sidebar.shows('3 reconcilers');
    await sidebar.shows('1,070 of 20,012 differ · 134 pending');
    await sidebar.shows('Alarm: 53.5 ‰ differ, the limit is 5 ‰.');
    await sidebar.shows('Comparing · 42 %');
    const bars = sidebar.editor.page.locator('.crossdock-console .bars').first();
    assert.match((await bars.getAttribute('aria-label')) ?? '', /22\): from 0 to 53\.5, alarms: 1/);
    assert.equal(await sidebar.count('.reconciler:first-child .pillar'), 44);
    assert.equal(await sidebar.count('.reconciler:first-child .pillar.alarm'), 1);
    assert.match((await whyOf('.reconciler:nth-child(3) .actions button')) ?? '', /is not running/);
    await sidebar.click('.reconciler:first-child .actions button');
    await waitFor(() => sidebar.fake.requests.includes('POST n-store/reconcilers/stock/start'), {
      what: 'the start',
    });
    await waitFor(async () => (await sidebar.count('[role=progressbar]')) === 2, {
      what: 'two runs under way',
    });
    // One that is not over.
    await openRun('Marketplace orders');
    await sidebar.shows('Comparing · 42 %');
    await sidebar.shows('Nothing found so far');
    await sidebar.click('.strip button');
    await sidebar.shows('What it has found so far is kept');
    await sidebar.press('Escape');
    assert.ok(!sidebar.fake.requests.some((request) => request.endsWith('/cancel')), 'only after a question');
    await sidebar.click('.strip button');
    await sidebar.click('.sheet .danger');
    await waitFor(async () => (await sidebar.count('.strip')) === 0, { what: 'the end of the run' });
    assert.ok(sidebar.fake.requests.includes('POST n-store/reconciliations/pos-0/cancel'));
    // One whose node is gone can be read, but not approved.
    await sidebar.press('Escape', 'Escape');
    await openRun('Odoo – Warehouse Graz');
    await sidebar.shows('1,204 entries');
    assert.match((await whyOf('.bar .main')) ?? '', /is not running: its node was removed/);
    await sidebar.editor.page.locator('.crossdock-console .bar .main').focus();
    await sidebar.press('Enter');
    await waitFor(async () => /is not running/.test(await sidebar.text('.spoken')), {
      what: 'why, as it is heard',
    });
    assert.equal(await sidebar.count('.sheet'), 0);
  });

  it('narrows by what there is, given the other filters; approves all of it, asking again when the number has changed', async () => {
    await start();
    await openRun();
    await sidebar.shows('1,204 entries');
    await sidebar.click('.search button');
    const texts = (at: number): Promise<string[]> => facet(at).locator('option').allTextContents();
    assert.ok((await texts(0)).includes('missing (268)'));
    await facet(0).selectOption('missing');
    await sidebar.shows('268 entries');
    assert.deepEqual(
      (await texts(1)).filter((text) => !text.endsWith('(0)')),
      [
        'all',
        'No message about it is known here: it was never sent, or sent past this gateway. (134)',
        'A message about it failed and waits among the dead letters. (134)',
      ],
    );
    await facet(1).selectOption('NOT_TOLD');
    await sidebar.shows('134 entries');
    assert.deepEqual(await texts(3), ['all', 'waits for approval (134)', 'approved (0)', 'none (0)']);
    // A search is not in the tally: what waits in it is asked for.
    await search('100010');
    await sidebar.shows('1 entry');
    await sidebar.click('.bar .main');
    await sidebar.shows('Approve 1 correction?');
    await sidebar.press('Escape');
    await search('nothing like it');
    await sidebar.shows('No difference matches');
    await sidebar.click('.empty button');
    await sidebar.shows('1,204 entries');
    await facet(0).selectOption('extra');
    await sidebar.shows('134 entries');
    await sidebar.click('.bar .main');
    await sidebar.shows('Approve 134 corrections?');
    sidebar.fake.reconcile.approveElsewhere([3, 12]);
    await sidebar.press('Enter');
    await sidebar.shows('134 were shown, but 132 wait now');
    await sidebar.shows('Approve 132 corrections?');
    await sidebar.press('Enter');
    await sidebar.shows('anna approved 132: 0 have left');
    // Somebody else is faster with three of them: these leave once, by the other's approval.
    sidebar.fake.reconcile.approveElsewhere([21, 30, 39]);
    sidebar.fake.reconcile.leave();
    sidebar.change();
    await sidebar.shows(
      '129 corrections approved by anna have left. 3 had been approved by somebody else before.',
    );
    await waitFor(async () => (await sidebar.count('.bar .main')) === 0, { what: 'that nothing waits' });
    // None waits any more.
    await facet(0).selectOption('late');
    await sidebar.shows('134 entries');
    await sidebar.click('.row .box');
    await sidebar.click('.bar .main:has-text("Approve 1")');
    sidebar.fake.reconcile.approveElsewhere([5]);
    await sidebar.press('Enter');
    await sidebar.shows('None of them waits any more');
    await sidebar.press('Escape');
    await sidebar.shows('Approved by bert');
  });

  for (const [language, words] of [
    [
      'en-US',
      {
        card: '2 approvals wait for a decision',
        held: 'Approved for webhook:shop, where corrections of this node do not go any more',
        send: 'Send to where they go now',
        ask: 'Send 2 approved corrections elsewhere?',
        withdraw: 'Withdraw',
        askWithdraw: 'Withdraw the approval of 2 corrections?',
        withdrawn: 'anna withdrew 2 of 3 that bert had approved.',
      },
    ],
    [
      'de',
      {
        card: '2 Freigaben warten auf eine Entscheidung',
        held: 'Freigegeben für webhook:shop, wohin Korrekturen dieses Nodes nicht mehr gehen',
        send: 'Ans jetzige Ziel senden',
        ask: '2 freigegebene Korrekturen umleiten?',
        withdraw: 'Zurückziehen',
        askWithdraw: 'Die Freigabe von 2 Korrekturen zurückziehen?',
        withdrawn: 'anna hat 2 von 3 zurückgezogen, die bert freigegeben hatte.',
      },
    ],
  ] as const) {
    it(`${language}: an approval for another target is told, and is sent on or withdrawn by a person`, async () => {
      await start({
        language,
        prepare: ({ reconcile }) => {
          reconcile.hold();
          reconcile.hold();
        },
      });
      await sidebar.shows(words.card);
      await openRun();
      await sidebar.shows(words.held);
      await sidebar.editor.screenshot(`reconcile-held-${language}`, '.crossdock-console');
      assert.deepEqual(await sidebar.editor.look('overflowing()'), []);
      assert.deepEqual(await sidebar.editor.look('paleTexts()'), []);
      await sidebar.click(`.approval button:has-text("${words.send}")`);
      await sidebar.shows(words.ask);
      await sidebar.press('Enter');
      await waitFor(async () => (await sidebar.count('.approval .actions')) === 1, {
        what: 'that one is left',
      });
      await sidebar.click(`.approval button:has-text("${words.withdraw}")`);
      await sidebar.shows(words.askWithdraw);
      await sidebar.press('Enter');
      await sidebar.shows(words.withdrawn);
      assert.equal(await sidebar.count('.approval .actions'), 0);
      assert.deepEqual(
        sidebar.fake.requests
          .filter((request) => request.startsWith('POST'))
          .map((request) => request.split('/').at(-1)),
        ['redirect', 'withdraw'],
      );
    });
  }

  it('shows a correction beside what is there, says why there is none, and leads to a dead letter', async () => {
    await start();
    await openRun();
    await sidebar.shows('CD-100002');
    await sidebar.editor.page.locator('.crossdock-console .row.difference').nth(1).click();
    await sidebar.shows('As it is there');
    assert.match(await sidebar.text('.lines .left.changed'), /"quantity": "10"/);
    assert.match(await sidebar.text('.lines .right.changed'), /"quantity": "12"/);
    await sidebar.click('.part .line button');
    await sidebar.shows('ann@example.com');
    // To the next one: its personal data is hidden again.
    await sidebar.click('.neighbours button:nth-child(2)');
    await sidebar.shows('CD-100003');
    await waitFor(async () => (await sidebar.count('.masked')) > 0, { what: 'hidden again' });
    await sidebar.press('Escape');
    await sidebar.click('.search button');
    for (const [kind, why] of [
      ['pending', 'It is on its way. If it does not arrive, the next run calls it late.'],
      ['duplicate', 'No message can mend this. Look at its rows in the sources.'],
    ] as const) {
      await facet(0).selectOption(kind);
      await waitFor(async () => (await sidebar.count('.row.difference:not(.closed)')) === 0, { what: kind });
      await sidebar.shows('134 entries');
      await sidebar.click('.row.difference');
      await sidebar.shows(why);
      assert.equal(await sidebar.count('.part .actions .main'), 0);
      await sidebar.press('Escape');
    }
    await facet(0).selectOption('');
    await facet(1).selectOption('DEAD_LETTER');
    await sidebar.shows('134 entries');
    await sidebar.click('.row.difference');
    await sidebar.shows('Replay that one: a correction beside it would count twice.');
    await sidebar.click('.part .actions .main');
    await sidebar.shows('As it failed');
    assert.equal(await sidebar.text('.tab[aria-selected=true] .name'), 'Dead letters');
    await sidebar.press('Escape');
    await sidebar.shows('5 causes');
  });

  it('who may only read sees everything, and why the buttons do nothing', async () => {
    await start({ permissions: ['crossdock-dead-letters.read', 'crossdock-reconciler.read'] });
    await sidebar.shows('3 reconcilers');
    assert.match((await whyOf('.reconciler .actions button')) ?? '', /crossdock-reconciler\.write/);
    await openRun();
    await sidebar.shows('1,204 entries');
    assert.match((await whyOf('.bar .main')) ?? '', /crossdock-reconciler\.write/);
    await sidebar.click('.row.difference');
    await sidebar.shows('1 value is hidden');
    assert.match((await whyOf('.part .line button')) ?? '', /crossdock-reconciler\.personal/);
    // Somebody takes that permission away, too.
    await sidebar.editor.page.evaluate('RED.user.hasPermission = () => false');
    await sidebar.press('Escape', 'Escape', 'Escape');
    await sidebar.shows('This needs the permission crossdock-reconciler.read.');
  });

  it('the keyboard alone reaches a difference, chooses, saves a report in German, and comes back', async () => {
    await start({ language: 'de' });
    await sidebar.shows('3 Abgleiche');
    await sidebar.press('Tab');
    assert.equal(await sidebar.focused(), 'Nightly stock');
    await sidebar.press('Enter');
    await sidebar.shows('The file wms.csv is not there.');
    await sidebar.press('Tab', 'Tab');
    await waitFor(async () => /weichen ab/.test(await sidebar.focused()), { what: 'the first run' });
    await sidebar.press('Enter');
    await waitFor(async () => /CD-100001/.test(await sidebar.focused()), { what: 'the first difference' });
    await sidebar.press('Space', 'ArrowDown', 'Space');
    await sidebar.shows('2 ausgewählt');
    // The fourth is pending: it is not taken, and what is read aloud says why.
    await sidebar.press('ArrowDown', 'ArrowDown', 'Space');
    assert.match(await sidebar.text('.spoken'), /Es ist unterwegs/);
    await sidebar.press('Control+a');
    await sidebar.shows(/alle \d+ ausgewählt/);
    await sidebar.press('Enter');
    await sidebar.shows('Belege');
    await sidebar.press('Escape');
    await waitFor(async () => /CD-100004/.test(await sidebar.focused()), { what: 'back on its row' });
    await sidebar.click('.search button');
    await facet(0).selectOption('late');
    await sidebar.shows('134 Einträge');
    await sidebar.click('.title .neighbours button:nth-child(2)');
    await sidebar.shows('Mit den 134 Einträgen, die die Filter zeigen.');
    const [file] = await Promise.all([
      sidebar.editor.page.waitForEvent('download'),
      sidebar.press('Tab', 'Tab', 'Enter'),
    ]);
    assert.match(file.suggestedFilename(), /^Nightly-stock-[\d-]+\.csv$/);
    const asked = sidebar.fake.requests.find((request) => request.includes('report.csv')) ?? '';
    assert.match(asked, /kind=late&lang=de/);
    await waitFor(async () => (await sidebar.count('.sheet')) === 0, { what: 'the question closed' });
    await sidebar.press('Escape', 'Escape');
    await sidebar.shows('3 Abgleiche');
    assert.ok(await sidebar.hasFocus());
  });
});
