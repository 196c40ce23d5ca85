import assert from 'node:assert/strict';
import { join } from 'node:path';
import {
  type CompareField,
  openReconcileRuns,
  type ReconcileOptions,
  type ReconcileResult,
  reconcile,
  type Source,
} from '../../core/reconcile';
import { openSqliteStore, type Store } from '../../core/store';
import { type TempDir, tempDir } from '../support';
import { failsWith } from './channel-suite';

const onHand: CompareField = { path: 'onHand', type: 'decimal' };
const names = { leftLabel: 'Odoo', rightLabel: 'Warehouse' } as const;

const run = (left: Source, right: Source, more: Partial<ReconcileOptions> = {}): Promise<ReconcileResult> =>
  reconcile(left, right, { key: 'sku', fields: [onHand], ...names, ...more });

const stock = (levels: Record<string, unknown>): unknown[] =>
  Object.entries(levels).map(([sku, quantity]) => ({ sku, onHand: quantity }));

async function* stream(records: readonly unknown[]): AsyncGenerator<unknown> {
  for (const record of records) {
    await new Promise((turn) => setImmediate(turn));
    yield record;
  }
}

describe('reconcile: findings', () => {
  it('explains every kind of difference in a sentence', async () => {
    const left = [...stock({ EQ: '5', 'CD-TAPE-48': 12, MORE: '1', ONLY: '3', BAD: 'many' }), { onHand: 1 }];
    const right = [
      ...stock({ EQ: 5, 'CD-TAPE-48': '10.0', MORE: '1.5', NEW: '4', BAD: '2' }),
      ...stock({ EQ: '6' }),
    ];
    const result = await run(left, right);
    assert.deepEqual(result.differences.map(({ sentence }) => sentence).sort(), [
      'Record 6 of Odoo cannot be compared: it has no SKU (field sku).',
      'SKU BAD: onHand in Odoo is "many", which is not a number.',
      'SKU CD-TAPE-48: Odoo says 12, Warehouse says 10.0 (2 fewer).',
      'SKU EQ: 2 records in Warehouse; only the first is compared.',
      'SKU MORE: Odoo says 1, Warehouse says 1.5 (0.5 more).',
      'SKU NEW: Warehouse says 4, Odoo does not know it.',
      'SKU ONLY: Odoo says 3, Warehouse does not know it.',
    ]);
    assert.deepEqual(result.counts, {
      left: 6,
      right: 6,
      matched: 0,
      withinTolerance: 0,
      different: 7,
      differences: { missing_left: 1, missing_right: 1, quantity: 2, value: 0, duplicate: 1, invalid: 2 },
    });
    const tape = result.differences.find(({ key }) => key === 'CD-TAPE-48');
    assert.deepEqual(
      [tape?.kind, tape?.field, tape?.left, tape?.right, tape?.delta],
      ['quantity', 'onHand', '12', '10.0', '-2'],
    );
  });

  it('finds nothing where there is nothing, whatever the spelling of numbers', async () => {
    const result = await run(
      stock({ A: '10', B: 0.1, C: '-0', D: '0.30' }),
      stock({ D: 0.3, C: 0, B: '0.10', A: 10 }),
    );
    assert.deepEqual(result.differences, []);
    assert.equal(result.counts.matched, 4);
    assert.equal((await run([], [])).counts.matched, 0);
  });

  it('counts exactly where floats do not', async () => {
    const result = await run(stock({ A: '900719925474099311' }), stock({ A: '900719925474099312' }));
    assert.equal(result.differences[0]?.delta, '1');
    assert.equal((await run(stock({ A: '0.1' }), stock({ A: '0.3' }))).differences[0]?.delta, '0.2');
  });

  it('forgives up to the tolerance, absolute or in percent of the left value, and not a hair more', async () => {
    const fields = [{ ...onHand, toleranceAbsolute: '1', tolerancePercent: 2 }];
    const left = stock({ A: 10, B: 10, C: 1000, D: 1000, E: 0, F: -100 });
    const right = stock({ A: 11, B: '11.01', C: 980, D: '979.99', E: '1.5', F: -102 });
    const result = await run(left, right, { fields });
    assert.deepEqual(result.differences.map(({ key }) => key).sort(), ['B', 'D', 'E']);
    assert.equal(result.counts.withinTolerance, 3);
    await assert.rejects(
      run([], [], { fields: [{ ...onHand, toleranceAbsolute: '-1' }] }),
      failsWith('CONFIG_INVALID', 'permanent', /tolerance/),
    );
  });

  it('compares texts, times and nested fields, and names the field when there are several', async () => {
    const fields: CompareField[] = [
      { path: 'stock.onHand', rightPath: '/levels/0/qty', type: 'decimal', label: 'on hand' },
      { path: 'lot', type: 'text' },
      { path: 'counted', type: 'time', toleranceAbsolute: 60 },
    ];
    const left = [{ id: 7, stock: { onHand: 5 }, lot: 'L1', counted: '2026-11-23 08:00:00' }];
    const right = [{ code: ' 7 ', levels: [{ qty: '4' }], lot: null, counted: '2026-11-23T09:02:00+01:00' }];
    const result = await run(left, right, { key: 'id', rightKey: 'code', keyLabel: 'Item', fields });
    assert.deepEqual(
      result.differences.map(({ sentence }) => sentence),
      [
        'Item 7, on hand: Odoo says 5, Warehouse says 4 (1 fewer).',
        'Item 7, lot: Odoo says L1, Warehouse says nothing.',
        'Item 7, counted: Odoo says 2026-11-23 08:00:00, Warehouse says 2026-11-23T09:02:00+01:00 (120 seconds later).',
      ],
    );
    assert.deepEqual(
      result.differences.map(({ kind }) => kind),
      ['quantity', 'value', 'value'],
    );
  });

  it('takes hostile rows for findings and never fails for them', async () => {
    const rows = [
      null,
      1,
      'x',
      [],
      {},
      { sku: {} },
      { sku: '' },
      { sku: Number.NaN },
      JSON.parse('{"__proto__":{"sku":"P"}}'),
    ];
    const result = await run(rows, stock({ toString: 1, __proto__x: 2, constructor: '1,5' }));
    assert.equal(result.counts.differences.invalid, rows.length);
    assert.equal(result.counts.differences.missing_left, 3);
    const values = [null, '', '1,5', '1e5', 'NaN', Number.POSITIVE_INFINITY, true, { a: 1 }, '0x10', ' '];
    for (const value of values) {
      const { differences } = await run(stock({ A: value }), stock({ A: 1 }));
      assert.deepEqual(
        differences.map(({ kind, side }) => `${kind} ${side}`),
        ['invalid left'],
        String(value),
      );
    }
  });
});

describe('reconcile: sources', () => {
  const many = (count: number, quantity: (n: number) => number): Array<{ sku: string; onHand: number }> =>
    Array.from({ length: count }, (_, n) => ({ sku: `S${String(n).padStart(6, '0')}`, onHand: quantity(n) }));

  it('gives the same findings merged from sorted streams as in memory', async () => {
    const left = many(2000, (n) => n).filter((_, n) => n % 97 !== 0);
    const right = many(2000, (n) => (n % 101 === 0 ? n + 1 : n)).filter((_, n) => n % 89 !== 0);
    right.splice(500, 0, { ...(right[499] ?? { sku: '', onHand: 0 }) });
    left.splice(700, 0, { ...(left[699] ?? { sku: '', onHand: 0 }), onHand: -1 });
    const inMemory = await run(left, right, { runId: 'r', now: () => 0 });
    const merged = await run(stream(left), stream(right), { sorted: true, runId: 'r', now: () => 0 });
    const byKey = ({ differences, ...rest }: ReconcileResult): unknown => ({
      ...rest,
      differences: [...differences].sort((a, b) => (`${a.key}${a.kind}` < `${b.key}${b.kind}` ? -1 : 1)),
    });
    assert.deepEqual(byKey(merged), byKey(inMemory));
    assert.equal(merged.counts.differences.duplicate, 2);
    assert.ok(merged.counts.differences.quantity > 10);
  });

  it('merges without reading ahead of what it has compared', async () => {
    let ahead = 0;
    let most = 0;
    const counting = function* (): Generator<unknown> {
      for (const record of many(1000, (n) => n)) {
        ahead += 1;
        most = Math.max(most, ahead);
        yield record;
      }
    };
    const right = many(1000, (n) => n + 1);
    const result = await run(counting(), right, {
      sorted: true,
      maxDifferences: 10,
      onDifference: () => {
        ahead -= 1;
      },
    });
    assert.ok(most <= 3, `${most} records were held`);
    assert.equal(result.counts.differences.quantity, 1000);
    assert.equal(result.differences.length, 10);
    assert.equal(result.truncated, true);
  });

  it('says so when sources are not sorted, too large, or broken; and closes the other one', async () => {
    await assert.rejects(
      run(stock({ A: 1 }), stock({ B: 1, A: 1 }), { sorted: true }),
      failsWith('RECONCILE_NOT_SORTED', 'permanent', /Warehouse .* record 2/),
    );
    await assert.rejects(
      run(stock({ A: 1, B: 1, C: 1 }), [], { maxRecords: 2 }),
      failsWith('RECONCILE_TOO_LARGE', 'permanent', /Odoo has more than 2/),
    );
    let closed = false;
    const endless = function* (): Generator<unknown> {
      try {
        for (let n = 0; ; n += 1) yield { sku: `S${String(n).padStart(9, '0')}`, onHand: 1 };
      } finally {
        closed = true;
      }
    };
    const broken = async function* (): AsyncGenerator<unknown> {
      yield { sku: 'S000000001', onHand: 1 };
      await new Promise((turn) => setImmediate(turn));
      throw new Error('read ECONNRESET with a secret');
    };
    await assert.rejects(
      run(endless(), broken(), { sorted: true }),
      failsWith('RECONCILE_SOURCE_FAILED', 'transient', /^Warehouse could not be read to its end\.$/),
    );
    assert.ok(closed);
  });

  it('can be stopped', async () => {
    const stop = new AbortController();
    const left = many(100, (n) => n);
    const right = many(100, (n) => n + 1);
    const options = { sorted: true, signal: stop.signal, onDifference: () => stop.abort() };
    await assert.rejects(run(left, right, options), failsWith('RECONCILE_ABORTED', 'transient'));
  });
});

describe('reconcile: history', () => {
  let dir: TempDir;
  let store: Store;
  beforeEach(async () => {
    dir = tempDir();
    store = await openSqliteStore(join(dir.path, 'store.sqlite'));
  });
  afterEach(async () => {
    await store.close();
    dir.remove();
  });

  it('keeps runs with their differences, as they were', async () => {
    const runs = await openReconcileRuns(store);
    const left = stock(Object.fromEntries(Array.from({ length: 250 }, (_, n) => [`S${n}`, n])));
    const result = await run(left, [
      ...stock({ S0: 'x', S1: 5 }),
      ...stock({ S2: 2, S3: 3 }),
      ...stock({ S3: 3 }),
    ]);
    await runs.save('stock', result);
    await runs.save('stock', result);
    const { differences, ...summary } = result;
    assert.deepEqual(await runs.list('stock'), [summary]);
    assert.deepEqual(await runs.differences(result.runId), differences);
    assert.deepEqual(
      await runs.differences(result.runId, { offset: 100, limit: 7 }),
      differences.slice(100, 107),
    );
    assert.deepEqual(await runs.list('other'), []);
  });

  it('drops the oldest beyond its retention, per reconciler, differences included', async () => {
    const runs = await openReconcileRuns(store, { keepRuns: 3 });
    for (let n = 1; n <= 5; n += 1) {
      const result = await run(stock({ A: 1 }), stock({ A: 2 }), { runId: `r${n}`, now: () => n * 1000 });
      await runs.save('stock', result);
    }
    await runs.save('other', await run([], [], { runId: 'o1', now: () => 1 }));
    assert.deepEqual(
      (await runs.list('stock')).map(({ runId }) => runId),
      ['r5', 'r4', 'r3'],
    );
    assert.deepEqual(
      (await runs.list('other')).map(({ runId }) => runId),
      ['o1'],
    );
    assert.deepEqual(await runs.differences('r1'), []);
    assert.equal((await runs.differences('r3')).length, 1);
    assert.deepEqual(
      (await runs.list('stock', 1)).map(({ runId }) => runId),
      ['r5'],
    );
  });
});
