/** What a reconciler keeps, whatever store it has. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeadLetters } from '../../core/dead-letter';
import { acceptStatement, INBOX_SCHEMA, OUTBOX_SCHEMA } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { inventoryMigration } from '../../core/inventory/schema';
import {
  approve,
  csvReport,
  type Difference,
  htmlReport,
  jsonReport,
  openApprovals,
  Reconciler,
  type RunSummary,
  type SourceSpec,
  type Spec,
  send,
  Words,
} from '../../core/reconcile';
import { publishedPages } from '../../core/reconcile/published';
import type { Store } from '../../core/store';
import { type TempDir, tempDir } from '../support';
import { failsWith } from './channel-suite';
import { stock } from './reconcile-support';

type Rows = readonly unknown[];

export function reconcileSuite(openStore: () => Promise<Store>): void {
  let dir: TempDir;
  let store: Store;
  let reconciler: Reconciler;
  const folder = (): string => join(dir.path, 'runs');
  const openOne = (id = 'stock'): Promise<Reconciler> =>
    Reconciler.open({ store, id, name: 'Stock', folder: folder() });

  beforeEach(async () => {
    dir = tempDir();
    store = await openStore();
    reconciler = await openOne();
  });
  afterEach(async () => {
    await reconciler.close();
    await store.close();
    dir.remove();
  });

  const stream = (label: string, rows: Rows, more: Partial<SourceSpec> = {}): SourceSpec =>
    ({ label, kind: 'stream', again: true, open: () => [rows], ...more }) as SourceSpec;
  const spec = (left: Rows, right: Rows, more: Partial<Spec> = {}): Spec => ({
    about: 'inventory',
    keyLabel: 'SKU',
    key: ['sku'],
    fields: [{ path: 'onHand', type: 'decimal' }],
    sources: [stream('Odoo', left), stream('Warehouse', right)],
    ...more,
  });
  const all = async (run: RunSummary, from = reconciler): Promise<readonly Difference[]> =>
    (await from.history.differences(run.runId, {}, 1000)).items;
  const inbox = (id: string, body: unknown, partitionKey?: string): Promise<unknown> =>
    store.run([
      acceptStatement('webhook:shop', { id, partitionKey, body: Buffer.from(JSON.stringify(body)) }),
    ]);

  it('keeps runs with what they found, and leaves no files', async () => {
    const run = await reconciler.compare(spec(stock({ A: 5, B: 1, C: 1 }), stock({ A: 4, C: 1, D: 2 })), {
      topic: 'nightly',
    });
    assert.equal(run.state, 'done');
    assert.deepEqual(run.counts, {
      rows: [3, 3],
      keys: 4,
      matched: 1,
      withinTolerance: 0,
      different: 3,
      pending: 0,
      differences: {
        missing: 1,
        extra: 1,
        quantity: 1,
        status: 0,
        late: 0,
        value: 0,
        duplicate: 0,
        invalid: 0,
        pending: 0,
      },
    });
    assert.deepEqual([run.rate, run.value], ['750', '4']);
    assert.deepEqual(await reconciler.history.run(run.runId), run);
    const found = await all(run);
    assert.deepEqual(
      found.map(({ number, key, kind, side }) => [number, key, kind, side]),
      [
        [1, 'A', 'quantity', 'second'],
        [2, 'B', 'missing', 'second'],
        [3, 'D', 'extra', 'second'],
      ],
    );
    assert.deepEqual(readdirSync(folder()), []);
  });

  it('knows since when, and drops the oldest runs beyond the retention', async () => {
    const left = stock({ A: 1, B: 1 });
    const runs: RunSummary[] = [];
    for (const right of [stock({ A: 2, B: 1 }), stock({ A: 2, B: 2 }), stock({ A: 3, B: 1 })]) {
      runs.push(await reconciler.compare(spec(left, right, { keepRuns: 2 })));
    }
    const [a] = await all(runs[2] as RunSummary);
    assert.deepEqual([a?.key, a?.runs, a?.since], ['A', 3, runs[0]?.startedAt]);
    const list = await reconciler.history.runs('stock', 10);
    assert.deepEqual(
      list.items.map(({ runId }) => runId),
      [runs[2]?.runId, runs[1]?.runId],
    );
    assert.deepEqual(await all(runs[0] as RunSummary), []);
    const first = await reconciler.history.runs('stock', 1);
    const second = await reconciler.history.runs('stock', 1, first.next ?? '');
    assert.deepEqual([...first.items, ...second.items], list.items);
    assert.equal(second.next, null);
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

  it('filters and pages differences', async () => {
    const left = stock(Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`A%${n}`, n])));
    const right = stock(
      Object.fromEntries(
        Array.from({ length: 30 }, (_, n) => [n < 10 ? `B_${n}` : `A%${n}`, n % 2 === 0 ? n : n + 1]),
      ),
    );
    const run = await reconciler.compare(spec(left, right));
    const { history } = reconciler;
    const pages: string[] = [];
    let after: string | undefined;
    do {
      const page = await history.differences(run.runId, { kind: 'extra' }, 3, after);
      assert.equal(page.total, 10);
      pages.push(...page.items.map(({ key }) => key));
      after = page.next ?? undefined;
    } while (after !== undefined);
    assert.deepEqual(pages, [...pages].sort());
    assert.equal(new Set(pages).size, 10);
    assert.equal(
      (await history.differences(run.runId, { q: 'a%1' }, 100)).total,
      (await all(run)).filter(({ key }) => key.startsWith('A%1')).length,
    );
    assert.equal((await history.differences(run.runId, { q: '_' }, 100)).total, 10);
    const tally = await history.tally(run.runId);
    assert.equal(
      tally.reduce((sum, { count }) => sum + count, 0),
      (await all(run)).length,
    );
  });

  it('raises an alarm beyond its limits only', async () => {
    const left = stock({ A: 10, B: 1 });
    const quiet = await reconciler.compare(
      spec(left, stock({ A: 7, B: 1 }), { alarmRate: '500', alarmValue: '3' }),
    );
    assert.deepEqual(quiet.alarms, []);
    const loud = await reconciler.compare(
      spec(left, stock({ A: 7, B: 2 }), { alarmRate: '500', alarmValue: '3' }),
    );
    assert.deepEqual(loud.alarms, [
      { of: 'rate', limit: '500', found: '1000' },
      { of: 'value', limit: '3', found: '4' },
    ]);
  });

  it('answers a message that comes again with the report of the first time', async () => {
    let opened = 0;
    const counting = (): Spec =>
      spec([], [], {
        sources: [
          stream('Odoo', stock({ A: 1 }), {
            open: () => {
              opened += 1;
              return [stock({ A: 1 })];
            },
          }),
          stream('Shop', []),
        ],
      });
    const first = await reconciler.compare(counting(), { key: 'webhook d1' });
    const again = await reconciler.compare(counting(), { key: 'webhook d1' });
    assert.equal(again.runId, first.runId);
    assert.equal(opened, 1);
    assert.notEqual((await reconciler.compare(counting(), { key: 'webhook d2' })).runId, first.runId);
  });

  it('goes on with what a closed process has left, and gives the same report', async () => {
    const left = stock(Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`S${n}`, n])));
    const right = stock(
      Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`S${n}`, n % 2 === 0 ? n : n + 1])),
    );
    const whole = await reconciler.compare(spec(left, right));
    const other = await openOne('other');
    // The first batch of findings is kept, and then the process goes.
    const plain = store.run.bind(store);
    let merged = 0;
    store.run = async (statements) => {
      const result = await plain(statements);
      if (statements.some(({ sql }) => sql.includes('SET merge = ?')) && ++merged === 2) void other.close();
      return result;
    };
    await assert.rejects(other.compare(spec(left, right)), failsWith('RECONCILE_STOPPED', 'transient'));
    store.run = plain;
    assert.ok(merged >= 2);
    const unread = stream('Odoo', [], { open: () => assert.fail('read again') });
    const next = await openOne('other');
    const resumed = await next.resume(spec([], [], { sources: [unread, { ...unread, label: 'Warehouse' }] }));
    assert.ok(resumed !== undefined);
    assert.deepEqual(resumed.counts, whole.counts);
    assert.equal(resumed.value, whole.value);
    const facts = ({ number, key, kind, expected, found, delta }: Difference): unknown => [
      number,
      key,
      kind,
      expected,
      found,
      delta,
    ];
    assert.deepEqual((await all(resumed, next)).map(facts), (await all(whole)).map(facts));
    assert.equal(await next.resume(spec([], [])), undefined);
    await next.close();
  });

  it('begins anew when a file has changed under it, or its sorted files are damaged', async () => {
    const file = join(dir.path, 'stock.csv');
    writeFileSync(file, 'sku,onHand\nA,1\n');
    const files = (broken: boolean): Spec =>
      spec([], [], {
        sources: [
          { kind: 'file', label: 'Warehouse', file, format: 'csv' },
          stream(
            'Odoo',
            stock({ A: 2 }),
            broken
              ? {
                  open: () =>
                    Promise.reject(
                      new CrossdockError('Away.', { code: 'ODOO_UNREACHABLE', kind: 'transient' }),
                    ),
                }
              : {},
          ),
        ],
      });
    await assert.rejects(reconciler.compare(files(true)), failsWith('ODOO_UNREACHABLE', 'transient'));
    const [waiting] = (await reconciler.history.runs('stock', 1)).items;
    assert.deepEqual([waiting?.state, waiting?.problem], ['reading', 'Away.']);
    const run = await reconciler.resume(files(false));
    assert.equal(run?.counts.differences.quantity, 1);
  });

  it('is cancelled by a person, for good', async () => {
    let begun: () => void = () => undefined;
    const waits = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const slow = stream('Odoo', [], {
      open: async function* (signal: AbortSignal) {
        begun();
        while (!signal.aborted)
          yield await new Promise<Rows>((resolve) => setImmediate(() => resolve([{ sku: 'A', onHand: 1 }])));
      } as never,
    });
    const running = reconciler.compare(spec([], [], { sources: [slow, stream('Shop', [])] }));
    await waits;
    assert.ok(await reconciler.cancel(reconciler.current ?? '', 'ann'));
    await assert.rejects(running, failsWith('RECONCILE_CANCELLED', 'permanent'));
    const [run] = (await reconciler.history.runs('stock', 1)).items;
    assert.deepEqual([run?.state, run?.problem], ['cancelled', 'Cancelled by ann.']);
    assert.ok(!existsSync(join(folder(), run?.runId ?? 'x')));
    assert.equal(await reconciler.cancel(run?.runId ?? '', 'ann'), false);
  });

  it('ends a run whose source a person has to mend, and says why', async () => {
    const sources = [
      stream('Odoo', []),
      { kind: 'file', label: 'WMS', file: join(dir.path, 'none.csv'), format: 'csv' } as const,
    ];
    await assert.rejects(
      reconciler.compare(spec([], [], { sources })),
      failsWith('RECONCILE_FILE_MISSING', 'transient', /WMS \(none.csv\) is not there/),
    );
    writeFileSync(join(dir.path, 'none.csv'), 'article\nA\n');
    await assert.rejects(
      reconciler.compare(spec([], [], { sources })),
      failsWith('RECONCILE_SOURCE', 'permanent', /no column "sku"/),
    );
    const [run] = (await reconciler.history.runs('stock', 1)).items;
    assert.equal(run?.state, 'failed');
    assert.match(run?.problem ?? '', /no column "sku"/);
    const broken = stream('Shop', [], {
      open: () =>
        (async function* () {
          yield [{ sku: 'A' }];
          throw new Error('read ECONNRESET with a secret');
        })(),
    });
    await assert.rejects(
      reconciler.compare(spec([], [], { sources: [stream('Odoo', []), broken] })),
      failsWith('RECONCILE_SOURCE_FAILED', 'transient', /^Shop could not be read to its end\.$/),
    );
  });

  it('writes reports that a spreadsheet does not calculate and a browser does not run', async () => {
    const nasty = ['=1+1', '+2', '-1+cmd|x', '@sum', '<script>alert(1)</script>', 'a"b', '\t=3', '-5'];
    const run = await reconciler.compare(spec(stock(Object.fromEntries(nasty.map((key) => [key, 1]))), []));
    const join_ = async (parts: AsyncIterable<string>): Promise<string> => {
      let text = '';
      for await (const part of parts) text += part;
      return text;
    };
    const csv = await join_(csvReport(reconciler.history, run, {}, 'de'));
    const cells = csv
      .split('\r\n')
      .slice(1)
      .map((line) => line.slice(0, 4));
    for (const cell of cells) assert.ok(!/^"?[=+@]|^"?-\D/.test(cell) && !cell.startsWith('-1+'), cell);
    assert.match(csv, /^\ufeffSchlüssel,Art,/);
    const html = await join_(htmlReport(reconciler.history, run, {}, 'en'));
    assert.ok(!html.includes('<script'));
    assert.match(html, /&#60;script&#62;/);
    const report = jsonReport(run, await all(run));
    assert.equal(report.differences.length, nasty.length);
    assert.equal(JSON.parse(JSON.stringify(report)).schemaVersion, '1.0');
  });
}
