/** What a reconciler keeps, whatever store it has. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CrossdockError } from '../../core/errors';
import {
  csvReport,
  type Difference,
  htmlReport,
  jsonReport,
  type Reconciler,
  type RunSummary,
  type Spec,
} from '../../core/reconcile';
import type { Store } from '../../core/store';
import type { TempDir } from '../support';
import { failsWith } from './channel-suite';
import { ReconcileBench, type Rows, spec, stream } from './reconcile-bench';
import { stock } from './reconcile-support';

export function reconcileSuite(openStore: () => Promise<Store>): void {
  let dir: TempDir;
  let store: Store;
  let reconciler: Reconciler;
  const bench = new ReconcileBench(openStore);
  const { all, folder, openOne } = bench;
  beforeEach(() => {
    ({ dir, store, reconciler } = bench);
  });

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
    // Whoever leaps far names no row, but how many are before it.
    const leapt = await history.differences(run.runId, { kind: 'extra' }, 3, '@7');
    assert.deepEqual(
      leapt.items.map(({ key }) => key),
      pages.slice(7),
    );
    assert.deepEqual((await history.differences(run.runId, { kind: 'extra' }, 3, '@10')).items, []);
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

  it('keeps differences of rows that no message may be, but not the rows', async () => {
    const file = join(dir.path, 'deep.jsonl');
    const deep = '['.repeat(15_000) + ']'.repeat(15_000);
    writeFileSync(
      file,
      `{"sku":"A","onHand":5,"more":${deep}}\n{"sku":"B","onHand":5,"__proto__":{"x":1}}\n{"sku":"C","onHand":5}\n`,
    );
    const sources = [
      { kind: 'file', label: 'WMS', file, format: 'jsonl' } as const,
      stream('Odoo', stock({ A: 4, B: 4, C: 4 })),
    ];
    const run = await reconciler.compare(spec([], [], { about: 'custom', sources }));
    assert.equal(run.state, 'done');
    assert.deepEqual(
      (await all(run)).map(({ key, kind, correction }) => {
        const message = correction.proposal?.message as { readonly record?: unknown } | undefined;
        return [key, kind, message?.record];
      }),
      [
        ['A', 'quantity', null],
        ['B', 'quantity', null],
        ['C', 'quantity', { sku: 'C', onHand: 5 }],
      ],
    );
  });

  it('takes neither a pipe nor a folder for a file', async () => {
    if (process.platform === 'win32') return;
    const [pipe, below] = [join(dir.path, 'pipe.csv'), join(dir.path, 'folder.csv')];
    execFileSync('mkfifo', [pipe]);
    mkdirSync(below);
    for (const file of [pipe, below, '/dev/zero']) {
      const sources = [stream('Odoo', []), { kind: 'file', label: 'WMS', file, format: 'csv' } as const];
      await assert.rejects(
        reconciler.compare(spec([], [], { sources })),
        failsWith('RECONCILE_SOURCE', 'permanent', /^WMS: it is no file/),
        file,
      );
    }
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
