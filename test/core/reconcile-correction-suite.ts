/** What a reconciler proposes, and what becomes of it once a person has approved it. */
import assert from 'node:assert/strict';
import {
  approvalsOf,
  approve,
  openApprovals,
  openByInbox,
  type Reconciler,
  redirect,
  send,
  withdraw,
} from '../../core/reconcile';
import type { Store } from '../../core/store';
import { failsWith } from './channel-suite';
import { ReconcileBench, spec } from './reconcile-bench';
import { stock } from './reconcile-support';

export function reconcileCorrectionSuite(openStore: () => Promise<Store>): void {
  let store: Store;
  let reconciler: Reconciler;
  const bench = new ReconcileBench(openStore);
  const { all } = bench;
  beforeEach(() => {
    ({ store, reconciler } = bench);
  });

  it('proposes adjustments that keep their contract, and the rows of orders', async () => {
    const { contracts } = await import('../../core/contract');
    const valid = contracts().validator('inventory-adjustment', '1.0');
    const run = await reconciler.compare(
      spec(stock({ A: 5, B: 1, C: '0.5' }), stock({ A: '-4', C: '0.5', D: 2 })),
    );
    const messages = (await all(run)).map(
      ({ correction }) => correction.proposal?.message as Record<string, unknown>,
    );
    for (const message of messages) assert.deepEqual(valid(message), []);
    assert.deepEqual(
      messages.map(({ quantity, previous, mode }) => [quantity, previous, mode]),
      [
        ['5', '-4', 'absolute'],
        ['1', '0', 'absolute'],
        ['0', '2', 'absolute'],
      ],
    );
    const others = await reconciler.compare(spec(stock({ A: 5 }), stock({ A: 4 }), { lead: 'others' }));
    const [other] = await all(others);
    assert.deepEqual(
      [
        other?.correction.proposal?.side,
        (other?.correction.proposal?.message as { quantity: string } | undefined)?.quantity,
      ],
      ['first', '4'],
    );
    const order = { externalId: '1001', total: '12.00', lines: [{ sku: 'A' }] };
    const orders = await reconciler.compare(
      spec([order], [{ externalId: '9' }], {
        about: 'orders',
        key: ['externalId'],
        fields: [{ path: 'total', type: 'money' }],
      }),
    );
    assert.deepEqual(
      (await all(orders)).map(({ key, correction }) => [
        key,
        correction.proposal?.type,
        correction.proposal?.message,
      ]),
      [
        ['1001', 'redrive', order],
        ['9', 'review', null],
      ],
    );
  });

  it('sends each approved correction once, in the unit with its mark, and counts what was confirmed', async () => {
    const rows = (from: number, to: number): Record<string, number> =>
      Object.fromEntries(
        Array.from({ length: to - from }, (_, n) => [`S${String(from + n).padStart(4, '0')}`, 1]),
      );
    const run = await reconciler.compare(spec(stock(rows(0, 250)), []));
    const request = { runId: run.runId, who: 'ann', source: 'reconcile:stock' };
    await assert.rejects(
      approve(reconciler.history, { ...request, filter: {}, count: 249 }),
      failsWith('RECONCILE_COUNT_CHANGED', 'business', /250 .* 249/),
    );
    const first = await approve(reconciler.history, { ...request, numbers: [3, 1, 2], count: 3 });
    const rest = await approve(reconciler.history, { ...request, filter: { q: 's00' }, count: 100 });
    // Two processes work on the same approvals at once.
    let arrived = 0;
    const work = async (): Promise<void> => {
      for (const approval of await openApprovals(store, 'reconcile:stock'))
        await send(
          store,
          approval,
          (count) => (arrived += count),
          () => false,
        );
    };
    await Promise.all([work(), work()]);
    await work();
    assert.equal(arrived, 100);
    const [counted] = await store.run([
      {
        sql: "SELECT count(*) AS n, count(DISTINCT id) AS d FROM crossdock_inbox WHERE source = 'reconcile:stock'",
      },
    ]);
    assert.deepEqual([Number(counted?.rows[0]?.['n']), Number(counted?.rows[0]?.['d'])], [100, 100]);
    assert.deepEqual(await openApprovals(store, 'reconcile:stock'), []);
    const after = await reconciler.history.run(run.runId);
    assert.deepEqual([after?.proposed, after?.approved], [150, 100]);
    const one = await reconciler.history.difference(run.runId, 2);
    assert.deepEqual([one?.correction.state, one?.correction.by], ['approved', 'ann']);
    const [audit] = await store.run([
      { sql: "SELECT who, letters FROM crossdock_audit WHERE action = 'corrections.approved' ORDER BY seq" },
    ]);
    assert.deepEqual(
      audit?.rows.map((row) => [row['who'], Number(row['letters'])]),
      [
        ['ann', 3],
        ['ann', 100],
      ],
    );
    assert.deepEqual([first.wanted, rest.wanted], [3, 100]);
  });

  const some = (count: number): unknown[] =>
    stock(Object.fromEntries(Array.from({ length: count }, (_, n) => [`S${String(n).padStart(4, '0')}`, 1])));
  const sent = async (): Promise<{ source: string; ids: Set<string> }[]> => {
    const [found] = await store.run([{ sql: 'SELECT source, id FROM crossdock_inbox ORDER BY source, id' }]);
    const bySource = new Map<string, Set<string>>();
    for (const { source, id } of found?.rows ?? []) {
      const ids = bySource.get(String(source)) ?? new Set();
      bySource.set(String(source), ids.add(String(id)));
    }
    return [...bySource].map(([source, ids]) => ({ source, ids }));
  };
  const audit = async (action: string): Promise<unknown[]> => {
    const [found] = await store.run([
      {
        sql: 'SELECT who, letters, note FROM crossdock_audit WHERE action = ? ORDER BY seq',
        params: [action],
      },
    ]);
    return (found?.rows ?? []).map((row) => [row['who'], Number(row['letters']), row['note']]);
  };
  const always = (): boolean => false;

  it('sends what has not left to another inbox when a person says so: nothing of it twice, nothing by the old way', async () => {
    const run = await reconciler.compare(spec(some(250), []));
    const { runId } = run;
    const approval = await approve(reconciler.history, {
      runId,
      who: 'ann',
      source: 'old',
      filter: {},
      count: 250,
    });
    // The process stops after the first bite, and the node gets another target.
    let bites = 0;
    await send(
      store,
      approval,
      () => (bites += 1),
      () => bites > 0,
    );
    assert.deepEqual(await openApprovals(store, 'new'), []);
    assert.deepEqual(await openByInbox(store), [{ reconciler: 'stock', source: 'old', approvals: 1 }]);
    const decision = { id: approval.id, source: 'old', about: 'Stock' };
    // Two people decide at once: one is told that the other was faster.
    const both = await Promise.allSettled([
      redirect(store, { ...decision, who: 'bert', to: 'new' }),
      withdraw(store, { ...decision, who: 'carl' }),
    ]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const redirected = both[0]?.status === 'fulfilled';
    const [refused] = both.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
    failsWith('APPROVAL_ENDED', 'business', /decided/)(refused);
    // A process that has not heard of it goes on the old way, in vain.
    assert.equal(await send(store, approval, () => undefined, always), 0);
    for (const open of await openApprovals(store, 'new')) await send(store, open, () => undefined, always);
    const inboxes = await sent();
    assert.deepEqual(
      inboxes.map(({ source, ids }) => [source, ids.size]),
      redirected
        ? [
            ['new', 150],
            ['old', 100],
          ]
        : [['old', 100]],
    );
    assert.equal(new Set(inboxes.flatMap(({ ids }) => [...ids])).size, redirected ? 250 : 100);
    const [after] = await approvalsOf(store, runId, 20);
    assert.deepEqual([after?.sent, after?.withdrawnBy], redirected ? [250, null] : [100, 'carl']);
    assert.deepEqual(
      [await audit('corrections.redirected'), await audit('corrections.withdrawn')],
      redirected ? [[['bert', 150, 'Stock: old -> new']], []] : [[], [['carl', 150, 'Stock']]],
    );
  });

  it('withdraws what has not left: it waits for approval again, and leaves by the next one', async () => {
    const run = await reconciler.compare(spec(some(250), []));
    const { runId } = run;
    const request = { runId, who: 'ann', filter: {} };
    const approval = await approve(reconciler.history, { ...request, source: 'old', count: 250 });
    let left = 0;
    let withdrawn: Promise<number> | undefined;
    // In the middle of the sending.
    const own = await send(
      store,
      approval,
      (count) => {
        left += count;
        withdrawn ??= withdraw(store, { id: approval.id, source: 'old', who: 'bert', about: 'Stock' });
      },
      always,
    );
    const taken = (await withdrawn) ?? 0;
    assert.deepEqual([own, left + taken], [left, 250]);
    assert.ok(taken > 0, 'something was left to withdraw');
    assert.deepEqual(await audit('corrections.withdrawn'), [['bert', taken, 'Stock']]);
    assert.deepEqual(await openApprovals(store, 'old'), []);
    const found = await reconciler.history.run(runId);
    assert.deepEqual([found?.proposed, found?.approved], [taken, left]);
    const again = await approve(reconciler.history, { ...request, source: 'new', count: taken });
    await send(store, again, () => undefined, always);
    const inboxes = await sent();
    assert.equal(
      inboxes.reduce((sum, { ids }) => sum + ids.size, 0),
      250,
    );
    assert.equal(new Set(inboxes.flatMap(({ ids }) => [...ids])).size, 250);
    await assert.rejects(
      withdraw(store, { id: again.id, source: 'new', who: 'bert', about: '' }),
      failsWith('APPROVAL_ENDED', 'business', /over/),
    );
  });
}
