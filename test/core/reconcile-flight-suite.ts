/** What a reconciler knows of rows that are on their way: inbox, outbox, dead letters, channels, young rows. */
import assert from 'node:assert/strict';
import { DeadLetters } from '../../core/dead-letter';
import { INBOX_SCHEMA, OUTBOX_SCHEMA } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { inventoryMigration } from '../../core/inventory/schema';
import { type Difference, type Reconciler, type Spec, Words } from '../../core/reconcile';
import { publishedPages } from '../../core/reconcile/published';
import type { Store } from '../../core/store';
import { ReconcileBench, spec, stream } from './reconcile-bench';
import { stock } from './reconcile-support';

export function reconcileFlightSuite(openStore: () => Promise<Store>): void {
  let store: Store;
  let reconciler: Reconciler;
  const bench = new ReconcileBench(openStore);
  const { all, inbox } = bench;
  beforeEach(() => {
    ({ store, reconciler } = bench);
  });

  it('calls what is on its way pending, and what was on its way for too long late', async () => {
    await store.migrate(INBOX_SCHEMA);
    await inbox('d1', { order: { externalId: 'X-1' } });
    await inbox('d2', { number: 7 }, 'shop-eu:acme:X-2');
    const orders = (...ids: string[]): unknown[] => ids.map((id) => ({ id, total: 1 }));
    const of = (more: Partial<Spec> = {}): Spec =>
      spec(orders('X-1', 'X-2', 'X-3'), [], {
        about: 'orders',
        key: ['id'],
        fields: [{ path: 'total', type: 'decimal' }],
        ...more,
      });
    const run = await reconciler.compare(of());
    const found = await all(run);
    assert.deepEqual(
      found.map(({ key, kind, insteadOf, cause, correction }) => [
        key,
        kind,
        insteadOf,
        cause,
        correction.state,
      ]),
      [
        ['X-1', 'pending', 'missing', 'IN_FLIGHT', 'none'],
        ['X-2', 'pending', 'missing', 'IN_FLIGHT', 'none'],
        ['X-3', 'missing', null, 'NOT_TOLD', 'proposed'],
      ],
    );
    assert.deepEqual([run.counts.pending, run.counts.different], [2, 1]);
    const late = await all(await reconciler.compare(of({ lateMs: -1 })));
    assert.deepEqual(
      late.map(({ kind, insteadOf }) => [kind, insteadOf]),
      [
        ['late', 'missing'],
        ['late', 'missing'],
        ['missing', null],
      ],
    );
  });

  it('knows what was settled between reading two sources', async () => {
    await store.migrate(INBOX_SCHEMA);
    await inbox('d1', { sku: 'A' });
    const settles = stream('Odoo', [], {
      open: async () => {
        await store.run([
          { sql: "UPDATE crossdock_inbox SET state = 'done', settled_at = {now}, body = NULL" },
        ]);
        return [[]];
      },
    });
    const run = await reconciler.compare(
      spec([], [], { sources: [stream('Shop', stock({ A: 1 })), settles] }),
    );
    assert.deepEqual([run.counts.pending, run.counts.different], [1, 0]);
  });

  it('looks into the outbox and among the dead letters', async () => {
    await store.migrate(OUTBOX_SCHEMA);
    const letters = await DeadLetters.open(store);
    const event = (id: string, sku: string, state: string): Promise<unknown> =>
      store.run([
        {
          sql: `INSERT INTO crossdock_outbox (channel, event_id, partition_key, priority, event, address, retain, state, attempts, error, created_at)
            VALUES ('shop', ?, ?, 5, ?, 'a', 0, ?, 0, ?, {now})`,
          params: [
            id,
            sku,
            JSON.stringify({ subject: sku, data: {} }),
            state,
            '{"code":"CHANNEL_REFUSED","message":"No."}',
          ],
        },
      ]);
    await event('e1', 'A', 'ready');
    await event('e2', 'B', 'refused');
    const { id, statements } = letters.park({
      error: new CrossdockError('SKU C is not known.', { code: 'SKU_UNKNOWN', kind: 'business' }),
      failedAt: { flowId: 'f', flowName: 'f', nodeId: 'n', nodeType: 't', nodeName: 'odoo order' },
      origin: undefined,
      payload: { lines: [{ sku: 'C' }] },
      businessKey: 'order:1',
    });
    await store.run(statements);
    const run = await reconciler.compare(spec(stock({ A: 1, B: 1, C: 1 }), []));
    const found = await all(run);
    assert.deepEqual(
      found.map(({ key, kind, cause, correction }) => [
        key,
        kind,
        cause,
        correction.proposal?.type,
        correction.state,
      ]),
      [
        ['A', 'pending', 'IN_FLIGHT', undefined, 'none'],
        ['B', 'missing', 'REFUSED', 'inventory-adjustment', 'proposed'],
        ['C', 'missing', 'DEAD_LETTER', 'letter', 'none'],
      ],
    );
    const c = found[2] as Difference;
    assert.equal(c.correction.proposal?.letter, id);
    const [en, de] = (['en', 'de'] as const).map((language) =>
      new Words(language, run).evidence(c).join(' '),
    );
    assert.match(en ?? '', /Dead letter .* at odoo order since .*: SKU_UNKNOWN: SKU C is not known\./);
    assert.match(de ?? '', /Unzustellbare Nachricht .* bei odoo order seit/);
  });

  it('reads what a channel was told, and knows what it is still to be told', async () => {
    await store.migrate(inventoryMigration);
    const told = (
      sku: string,
      desired: string,
      published: string | null,
      pending: number,
    ): Promise<unknown> =>
      store.run([
        {
          sql: `INSERT INTO crossdock_inventory_level (channel, site, sku, as_of, quantity, body, sequence, moved, pending,
              pending_since, urgency, published_sequence, published_quantity)
            VALUES ('shop', 'main', ?, {now}, ?, '{}', 1, 1, ?, {now}, 1, 1, ?)`,
          params: [sku, desired, pending, published],
        },
      ]);
    await told('A', '5', '5', 0);
    await told('B', '4', '7', 1);
    await told('C', '3', null, 1);
    await told('D', '2', '9', 0);
    const channel = stream('Shop', [], { open: () => publishedPages(store, 'shop') });
    const run = await reconciler.compare(
      spec([], [], { sources: [stream('Odoo', stock({ A: 5, B: 4, C: 3, D: 2 })), channel] }),
    );
    assert.deepEqual(
      (await all(run)).map(({ key, kind, insteadOf }) => [key, kind, insteadOf]),
      [
        ['B', 'pending', 'quantity'],
        ['C', 'pending', 'missing'],
        ['D', 'quantity', null],
      ],
    );
  });

  it('gives young rows time', async () => {
    const now = Date.now();
    const row = (sku: string, ageMs: number): unknown => ({
      sku,
      onHand: 1,
      at: new Date(now - ageMs).toISOString(),
    });
    const sources = [
      stream('Odoo', [row('OLD', 3_600_000), row('NEW', 1000)], { time: 'at' }),
      stream('Shop', []),
    ];
    const run = await reconciler.compare(spec([], [], { sources, inTimeMs: 60_000 }));
    assert.deepEqual(
      (await all(run)).map(({ key, kind, cause }) => [key, kind, cause]),
      [
        ['NEW', 'pending', 'IN_TIME'],
        ['OLD', 'missing', 'NOT_TOLD'],
      ],
    );
  });
}
