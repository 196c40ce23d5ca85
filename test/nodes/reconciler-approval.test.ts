/** The reconciler's node with files and its admin API: reports, approval by a person, migration of older flows, times of day. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { approve, History, type Page, type Report, type RunSummary } from '../../core/reconcile';
import { openSqliteStore } from '../../core/store';
import { readConfig } from '../../nodes/reconciler/config';
import { nextTime } from '../../nodes/reconciler/schedule';
import { waitFor } from '../support';
import { crossdock, STORE } from './fixtures';
import { type FlowNode, observers, type Running, sink, useFlows } from './harness';

interface Shown {
  readonly number: number;
  readonly key: string;
  readonly kind: string;
  readonly sentence: string;
  readonly correction: { readonly state: string; readonly type: string | null; readonly by: string | null };
}

describe('reconciler: approval and API', () => {
  const flows = useFlows();
  const flow = (config: Record<string, unknown> = {}): FlowNode[] => [
    ...observers('rec'),
    { ...STORE, name: 'gateway' },
    crossdock('reconciler', 'rec', { name: 'nightly', leftType: 'msg', ...config }, [
      ['report'],
      ['differences'],
      ['corrections'],
      ['alarm'],
    ]),
    sink('report'),
    sink('differences'),
    crossdock('settle', 'corrections', { resultType: 'str', result: 'done' }, [['sent']]),
    sink('sent'),
    sink('alarm'),
  ];

  async function api(run: Running) {
    const base = `${await run.http('admin')}/crossdock/console/store`;
    const ask = async <T>(path: string, body?: unknown) => {
      const response = await fetch(
        `${base}/${path}`,
        body === undefined
          ? {}
          : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
      );
      return { status: response.status, body: (await response.json()) as T };
    };
    return { base, ask, get: async <T>(path: string) => (await ask<T>(path)).body };
  }

  const rows = (...skus: string[]): unknown[] =>
    skus.map((sku) => ({ sku, onHand: 1, email: 'ann@example.com' }));

  it('answers runs, differences and reports; approves what was counted', async () => {
    const run = await flows.load(
      flow({ rightProperty: 'payload.right', about: 'orders', keyField: 'sku', fields: 'onHand' }),
    );
    run.send('rec', { payload: { left: rows('A', 'B', 'C'), right: rows('C', 'D') } });
    const report = (await run.nth('report')).payload as Report;
    const { ask, get, base } = await api(run);
    const { reconcilers } = await get<{ reconcilers: { id: string; target: string; byHand: boolean }[] }>(
      'reconcilers',
    );
    assert.deepEqual(
      reconcilers.map(({ id, target, byHand }) => [id, target, byHand]),
      [['rec', 'reconcile:rec', false]],
    );
    const runs = await get<Page<RunSummary>>('reconciliations?reconciler=rec');
    assert.deepEqual([runs.total, runs.items[0]?.runId, runs.items[0]?.proposed], [1, report.runId, 2]);
    const one = await get<RunSummary & { open: boolean; tally: { kind: string; count: number }[] }>(
      `reconciliations/${report.runId}?lang=de`,
    );
    assert.deepEqual([one.open, one.tally.length], [true, 2]);
    const path = `reconciliations/${report.runId}`;
    const german = await get<Page<Shown>>(`${path}/differences?lang=de&kind=missing`);
    assert.deepEqual(
      german.items.map(({ sentence }) => sentence),
      ['Order A: Odoo sagt 1, Warehouse kennt es nicht.', 'Order B: Odoo sagt 1, Warehouse kennt es nicht.'],
    );
    const detail = await get<{ message: { email: string }; redacted: number; evidence: string[] }>(
      `${path}/differences/1`,
    );
    assert.deepEqual([detail.message.email, detail.redacted], ['[personal]', 1]);
    assert.ok(detail.evidence.includes('Warehouse does not have it.'));
    const personal = await get<{ message: { email: string } }>(`${path}/differences/1?personal=1`);
    assert.equal(personal.message.email, 'ann@example.com');

    assert.equal((await ask(`${path}/approve`, { filter: {}, count: 3 })).status, 409);
    assert.equal((await ask(`${path}/approve`, { filter: { knd: 'x' }, count: 2 })).status, 400);
    assert.equal((await ask(`${path}/approve`, { numbers: [1], filter: {}, count: 1 })).status, 400);
    assert.equal((await ask('reconciliations/none/approve', { numbers: [1], count: 1 })).status, 404);
    const approved = await ask<{ count: number }>(`${path}/approve`, { numbers: [2], count: 1 });
    assert.deepEqual([approved.status, approved.body.count], [200, 1]);
    const sent = await run.nth('sent');
    assert.deepEqual(sent['correction'], { runId: report.runId, number: 2 });
    assert.equal((sent.payload as { sku: string }).sku, 'B');
    assert.equal((await ask(`${path}/approve`, { numbers: [2], count: 1 })).status, 409);
    const left = await get<Page<Shown>>(`${path}/differences?correction=approved`);
    assert.deepEqual(
      left.items.map(({ key, correction }) => [key, correction.state, correction.by]),
      [['B', 'approved', 'anonymous']],
    );
    assert.equal(run.got('sent').length, 1);

    const csv = await fetch(`${base}/${path}/report.csv?kind=extra`);
    assert.match(
      csv.headers.get('content-disposition') ?? '',
      /^attachment; filename="nightly-[\d-]+\.csv"$/,
    );
    assert.equal((await csv.text()).trim().split('\r\n').length, 2);
    const html = await fetch(`${base}/${path}/report.html?lang=de`);
    assert.match(html.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.match(await html.text(), /<html lang="de">/);
    assert.equal((await get<Report>(`${path}/report.json`)).differences.length, 3);
    for (const wrong of ['differences?kind=odd', 'differences?side=left', 'differences?correction=maybe']) {
      assert.equal((await ask(`${path}/${wrong}`)).status, 400, wrong);
    }
    assert.equal((await ask(`${path}/differences/99`)).status, 404);
    assert.equal((await ask('reconcilers/rec/start', {})).status, 409);
  });

  it('gives a correction to the inbox of a source that it names', async () => {
    const run = await flows.load([
      ...flow({
        rightProperty: 'payload.right',
        about: 'orders',
        keyField: 'sku',
        fields: 'onHand',
        correctionsTo: 'shop',
      }),
      crossdock('webhook-in', 'in', { path: '/in', source: 'shop' }, [['taken']]),
      crossdock('settle', 'taken', { resultType: 'str', result: 'done' }, [['order']]),
      sink('order'),
    ]);
    await run.untilStatus('in', 'ready');
    run.send('rec', { payload: { left: rows('A'), right: [] } });
    const report = (await run.nth('report')).payload as Report;
    const { ask } = await api(run);
    await ask(`reconciliations/${report.runId}/approve`, { filter: {}, count: 1 });
    const order = await run.nth('order');
    assert.deepEqual(order.payload, { sku: 'A', onHand: 1, email: 'ann@example.com' });
    assert.equal(run.got('sent').length, 0);
  });

  it('keeps what was approved for another target, over a restart, until a person sends it on or withdraws it', async () => {
    const settings = { rightProperty: 'payload.right', about: 'orders', keyField: 'sku', fields: 'onHand' };
    const run = await flows.load(flow(settings));
    run.send('rec', { payload: { left: rows('A', 'B', 'C'), right: [] } });
    const { runId } = (await run.nth('report')).payload as Report;
    const path = `reconciliations/${runId}`;
    // Approved for the webhook, but the gateway stopped before anything left.
    await run.redeploy([{ id: 'tab', type: 'tab', label: 'test' }]);
    const store = await openSqliteStore(join(run.userDir, 'test.sqlite'));
    const history = await History.open(store);
    for (const number of [1, 2]) {
      await approve(history, { runId, who: 'ann', source: 'shop', numbers: [number], count: 1 });
    }
    await store.close();
    await run.redeploy(flow(settings));
    await run.untilStatus('rec', /differ/);
    const { ask, get } = await api(run);
    type Answer = RunSummary & {
      open: boolean;
      target: string;
      approvals: { id: string; source: string; held: boolean; sent: number; withdrawnBy: string | null }[];
    };
    const shown = await waitFor(async () => {
      const found = await ask<Answer>(path);
      return found.status === 200 ? found.body : undefined;
    });
    assert.deepEqual(
      shown.approvals.map(({ source, held, sent }) => [source, held, sent]),
      [
        ['shop', true, 0],
        ['shop', true, 0],
      ],
    );
    const { reconcilers } = await get<{ reconcilers: { held: number }[] }>('reconcilers');
    assert.equal(reconcilers[0]?.held, 2);
    const [later, first] = shown.approvals;
    const at = (approval: { id: string } | undefined, what: string): string =>
      `${path}/approvals/${approval?.id}/${what}`;
    // Where it goes is what the person has seen.
    assert.equal((await ask(at(first, 'redirect'), { target: 'shop' })).status, 409);
    assert.equal((await ask(`${path}/approvals/none/withdraw`, {})).status, 404);
    assert.deepEqual((await ask(at(first, 'redirect'), { target: shown.target })).body, {
      redirected: 1,
      target: 'reconcile:rec',
    });
    assert.equal((await run.nth('sent')).payload !== undefined, true);
    assert.deepEqual((await ask(at(later, 'withdraw'), {})).body, { withdrawn: 1 });
    assert.equal((await ask(at(later, 'withdraw'), {})).status, 409);
    await waitFor(async () => (await get<Answer>(path)).approvals.every(({ held }) => !held));
    // Once more over a restart: nothing leaves again, and what was withdrawn can be approved.
    await run.redeploy(flow(settings));
    const after = await waitFor(async () => {
      const found = await ask<Answer>(path);
      return found.status === 200 && found.body.open ? found.body : undefined;
    });
    assert.deepEqual(
      after.approvals.map(({ sent, held, withdrawnBy }) => [sent, held, withdrawnBy]),
      [
        [0, false, 'anonymous'],
        [1, false, null],
      ],
    );
    assert.deepEqual([after.proposed, after.approved], [2, 1]);
    assert.equal((await ask(`${path}/approve`, { filter: {}, count: 2 })).status, 200);
    await run.nth('sent', 3);
    assert.deepEqual(
      run
        .got('sent')
        .map((message) => (message['correction'] as { number: number }).number)
        .sort(),
      [1, 2, 3],
    );
    const audit = await get<{ items: { action: string; note: string }[] }>('audit');
    assert.deepEqual(audit.items.map(({ action }) => action).reverse(), [
      'corrections.approved',
      'corrections.approved',
      'corrections.redirected',
      'corrections.withdrawn',
      'corrections.approved',
    ]);
    assert.match(
      audit.items.find(({ action }) => action === 'corrections.redirected')?.note ?? '',
      /shop -> reconcile:rec/,
    );
  });

  it('tells the Catch nodes of a run that no message waits for, and proposes nothing of half a file', async () => {
    const run = await flows.load(
      flow({
        leftType: 'file',
        leftProperty: 'odoo.csv',
        rightType: 'file',
        rightProperty: 'wms.csv',
        rightSource: { minShare: '90' },
        schedule: 'every',
        everyMinutes: 600,
      }),
    );
    const { ask } = await api(run);
    const start = () => ask('reconcilers/rec/start', {});
    const rows = (count: number): string => Array.from({ length: count }, (_, n) => `S${n};1\n`).join('');
    writeFileSync(join(run.userDir, 'odoo.csv'), `sku;onHand\n${rows(10)}`);
    writeFileSync(join(run.userDir, 'wms.csv'), `sku;onHand\n${rows(10)}`);
    await run.untilStatus('rec', 'ready');
    await start();
    await run.nth('report');
    writeFileSync(join(run.userDir, 'wms.csv'), `sku;onHand\n${rows(5)}`);
    await start();
    const caught = (await run.nth('caught')) as unknown as {
      error: { code: string; source: { id: string } };
    };
    assert.deepEqual([caught.error.code, caught.error.source.id], ['RECONCILE_SOURCE_SHRUNK', 'rec']);
    const { items } = (await ask<Page<RunSummary>>('reconciliations')).body;
    assert.deepEqual(
      items.map(({ state, proposed }) => [state, proposed]),
      [
        ['failed', 0],
        ['done', 0],
      ],
    );
    assert.equal(run.got('report').length, 1);
  });

  it('compares files without a message, raises its alarm, and says so in its status', async () => {
    const files = {
      leftType: 'file',
      leftProperty: 'wms.csv',
      rightType: 'file',
      rightProperty: 'shop.jsonl',
      schedule: 'every',
      everyMinutes: 600,
    };
    const run = await flows.load(
      flow({
        ...files,
        alarmRate: '1',
        fields: [{ path: 'onHand', type: 'quantity', toleranceAbsolute: '0' }],
      }),
    );
    writeFileSync(join(run.userDir, 'wms.csv'), 'sku;onHand\nA;1\nB;2\n');
    writeFileSync(join(run.userDir, 'shop.jsonl'), '{"sku":"A","onHand":1}\n{"sku":"B","onHand":5}\n');
    const { ask } = await api(run);
    await run.untilStatus('rec', 'ready');
    assert.equal((await ask('reconcilers/rec/start', {})).status, 200);
    const report = (await run.nth('report')).payload as Report;
    assert.deepEqual(
      report.differences.map(({ key, delta }) => [key, delta]),
      [['B', '3']],
    );
    const alarm = (await run.nth('alarm')).payload as { alarms: unknown[] };
    assert.deepEqual(alarm.alarms, [{ of: 'rate', limit: '1', found: '500' }]);
    await run.untilStatus('rec', 'alarm: 1 difference of 2');
    const { items } = (await ask<Page<RunSummary>>('reconciliations')).body;
    assert.equal(items.length, 1);
    await waitFor(() => run.got('differences').length === 1, { what: 'the differences' });
  });
});

describe('reconciler: configuration', () => {
  it('means by a flow of version 1 what it meant', () => {
    const old = {
      id: 'n',
      type: 'crossdock-reconciler',
      leftType: 'odoo',
      server: 's',
      leftProperty: 'payload.left',
      leftLabel: 'Odoo',
      rightType: 'msg',
      rightProperty: 'payload',
      rightLabel: 'Warehouse',
      keyField: 'sku',
      fields: 'onHand, reserved',
      toleranceAbsolute: '0.5',
      tolerancePercent: '2',
      configVersion: 1,
    };
    const { sources, key, fields, about, schedule, lead, keepRuns } = readConfig(old);
    assert.deepEqual(
      sources.map(({ type, property, label }) => [type, property, label]),
      [
        ['odoo', 'payload.left', 'Odoo'],
        ['msg', 'payload', 'Warehouse'],
      ],
    );
    assert.deepEqual(key, ['sku']);
    const tolerance = { type: 'decimal', toleranceAbsolute: '0.5', tolerancePercent: '2' };
    assert.deepEqual(fields, [
      { path: 'onHand', ...tolerance },
      { path: 'reserved', ...tolerance },
    ]);
    assert.deepEqual([about, schedule.kind, lead, keepRuns], ['inventory', 'off', 'first', 50]);
    // The smallest flow that there was.
    assert.deepEqual(readConfig({ id: 'n', type: 'crossdock-reconciler' }).fields, [
      { path: 'onHand', type: 'decimal', toleranceAbsolute: '0', tolerancePercent: '0' },
    ]);
  });

  it('reads what a source must keep, and asks for nothing where nothing is said', () => {
    const plausible = (rightSource: object) =>
      readConfig({ id: 'n', type: 'crossdock-reconciler', rightSource }).sources[1]?.plausible;
    assert.deepEqual(plausible({}), { minRows: undefined, minShare: undefined, maxAgeMs: undefined });
    assert.deepEqual(plausible({ minRows: '5', minShare: '90', maxAgeHours: '12' }), {
      minRows: 5,
      minShare: 90,
      maxAgeMs: 43_200_000,
    });
    assert.throws(() => plausible({ minShare: '101' }), /At least of the last run/);
    const scheduled = { leftType: 'odoo', rightType: 'odoo', schedule: 'every', periodProperty: 'period' };
    assert.throws(() => readConfig({ id: 'n', type: 'crossdock-reconciler', ...scheduled }), /no message/);
  });

  it('is due at its time of day, whatever the clocks do', () => {
    const at = (text: string): number => new Date(text).getTime();
    const daily = { kind: 'daily', hour: 5, minute: 30 } as const;
    assert.equal(nextTime(daily, at('2026-11-27T05:29:59')), at('2026-11-27T05:30:00'));
    assert.equal(nextTime(daily, at('2026-11-27T05:30:00')), at('2026-11-28T05:30:00'));
    assert.equal(nextTime(daily, at('2026-12-31T23:00:00')), at('2027-01-01T05:30:00'));
    assert.equal(nextTime({ kind: 'every', ms: 60_000 }, 1000), 61_000);
  });
});
