/** What a reconciler proposes, and what becomes of it once a person has approved it. */
import assert from 'node:assert/strict';
import { approve, openApprovals, type Reconciler, send } from '../../core/reconcile';
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
      for (const approval of await openApprovals(store))
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
    assert.deepEqual(await openApprovals(store), []);
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
}
