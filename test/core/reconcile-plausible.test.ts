/** Sources that cannot be what they say they are: cut off, empty, of yesterday. They are told; nothing is proposed. */
import assert from 'node:assert/strict';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type FileSource,
  type Plausible,
  Reconciler,
  type RunSummary,
  type Spec,
} from '../../core/reconcile';
import { openSqliteStore, type Store } from '../../core/store';
import { type TempDir, tempDir } from '../support';
import { failsWith } from './channel-suite';
import { compareHere, stock } from './reconcile-support';

const HOUR_MS = 3_600_000;

describe('reconcile: whether a source is plausible', () => {
  let dir: TempDir;
  let store: Store;
  let reconciler: Reconciler;
  let file: string;

  beforeEach(async () => {
    dir = tempDir();
    file = join(dir.path, 'stock.csv');
    store = await openSqliteStore(join(dir.path, 'store.sqlite'));
    reconciler = await Reconciler.open({ store, id: '3pl', name: '', folder: join(dir.path, 'runs') });
  });
  afterEach(async () => {
    await reconciler.close();
    await store.close();
    dir.remove();
  });

  const skus = Array.from({ length: 100 }, (_, n) => `S${String(n).padStart(3, '0')}`);
  const odoo = stock(Object.fromEntries(skus.map((sku) => [sku, 7])));
  const text = (count: number, at = ''): string =>
    ['sku;onHand;at', ...skus.slice(0, count).map((sku) => `${sku};7;${at}`), ''].join('\r\n');
  const spec = (plausible: Plausible, more: Partial<FileSource> = {}): Spec => ({
    about: 'inventory',
    keyLabel: 'SKU',
    key: ['sku'],
    fields: [{ path: 'onHand', type: 'decimal' }],
    sources: [
      { kind: 'stream', label: 'Odoo', again: true, open: () => [odoo] },
      { kind: 'file', label: '3PL', file, format: 'csv', plausible, ...more },
    ],
  });
  const compare = (
    content: string,
    plausible: Plausible,
    more?: Partial<FileSource>,
  ): Promise<RunSummary> => {
    writeFileSync(file, content);
    return reconciler.compare(spec(plausible, more));
  };
  const newest = async (): Promise<RunSummary | undefined> =>
    (await reconciler.history.runs('3pl', 1)).items[0];

  it('takes no file for whole that has lost a part since the last good run', async () => {
    const plausible = { minShare: 90 };
    // Without a run before it nobody knows how many there should be.
    await compare(text(100), plausible);
    await compare(text(95), plausible);
    await assert.rejects(
      compare(text(80), plausible),
      failsWith(
        'RECONCILE_SOURCE_SHRUNK',
        'business',
        /^3PL has 80 usable rows\. The last run had 95, and at least 90 % of that \(86\) are expected\. Nothing was compared\.$/,
      ),
    );
    const failed = await newest();
    assert.deepEqual([failed?.state, failed?.proposed, failed?.counts.different], ['failed', 0, 0]);
    assert.match(failed?.problem ?? '', /80 usable rows/);
    // A refused run is no measure for the next one.
    await assert.rejects(
      compare(text(79), plausible),
      failsWith('RECONCILE_SOURCE_SHRUNK', 'business', /had 95/),
    );
    assert.equal((await compare(text(90), plausible)).proposed, 10);
  });

  it('knows a row that ends in the middle, and rows without a key', async () => {
    const plausible = { minRows: 1 };
    const whole = text(100);
    const cut = whole.slice(0, whole.indexOf('S099') + 6);
    await assert.rejects(
      compare(cut, plausible),
      failsWith('RECONCILE_SOURCE_CUT', 'business', /its last row \(100\) ends in the middle/),
    );
    // Whole, though nothing ends its last line; and a last row with an empty cell.
    assert.equal((await compare(whole.trimEnd(), plausible)).counts.matched, 100);
    assert.equal((await compare(`${whole}S100;1`, {})).counts.rows[1], 101);
    const keyless = whole.replaceAll(/^S\d+/gm, '');
    await assert.rejects(
      compare(keyless, plausible),
      failsWith('RECONCILE_SOURCE_EMPTY', 'business', /has 100 rows, and none of them has a key/),
    );
    await assert.rejects(
      compare(text(0), plausible),
      failsWith('RECONCILE_SOURCE_EMPTY', 'business', /^3PL is empty\./),
    );
    await assert.rejects(
      compare('', plausible),
      failsWith('RECONCILE_SOURCE', 'permanent', /the file is empty/),
    );
    await assert.rejects(
      compare(text(5), { minRows: 10 }),
      failsWith('RECONCILE_SOURCE_SHRUNK', 'business', /at least 10 are expected/),
    );
    // Who asks for nothing gets what was there before.
    assert.equal((await compare(text(0), {})).counts.differences.missing, 100);
  });

  it('knows a file of yesterday, by its rows where they say a time, else by the file', async () => {
    const plausible = { maxAgeMs: 12 * HOUR_MS };
    const ago = (hours: number): string => new Date(Date.now() - hours * HOUR_MS).toISOString();
    await compare(text(100), plausible);
    const before = new Date(Date.now() - 20 * HOUR_MS);
    writeFileSync(file, text(100));
    utimesSync(file, before, before);
    await assert.rejects(
      reconciler.compare(spec(plausible)),
      failsWith(
        'RECONCILE_SOURCE_OLD',
        'business',
        /was written at .* UTC, 20 hours ago; it may be 12 hours old/,
      ),
    );
    const timed = { time: 'at' };
    await assert.rejects(
      compare(text(100, ago(30)), plausible, timed),
      failsWith('RECONCILE_SOURCE_OLD', 'business', /has its newest row at .* 30 hours ago/),
    );
    await compare(text(100, ago(1)), plausible, timed);
    const list = spec({});
    const [left] = list.sources;
    assert.ok(left);
    await assert.rejects(
      reconciler.compare({ ...list, sources: [left, { ...left, label: 'WMS', plausible }] }),
      failsWith('RECONCILE_SOURCE_OLD', 'business', /^WMS says in no row how old it is/),
    );
  });

  it('begins again with a file that somebody writes while it is read, and mixes nothing', async () => {
    writeFileSync(file, text(100));
    // The first look of the run at the file; it is another one before the rows are held against Odoo's.
    const plain = store.run.bind(store);
    let changed = 0;
    store.run = async (statements) => {
      if (statements.some(({ sql }) => sql.includes("state = 'comparing'")) && ++changed === 1) {
        writeFileSync(file, text(40));
        utimesSync(file, new Date(Date.now() + 5000), new Date(Date.now() + 5000));
      }
      return plain(statements);
    };
    const run = await reconciler.compare(spec({}));
    store.run = plain;
    assert.equal(changed, 2);
    assert.deepEqual([run.counts.matched, run.counts.differences.missing], [40, 60]);
  });

  it('ends a run for good when what came with its message is gone and its file another one', async () => {
    writeFileSync(file, text(10));
    const plain = store.run.bind(store);
    store.run = async (statements) => {
      if (statements.some(({ sql }) => sql.includes("state = 'comparing'"))) {
        utimesSync(file, new Date(Date.now() + 5000), new Date(Date.now() + 5000));
      }
      return plain(statements);
    };
    const once = spec({});
    const sources = once.sources.map((source) =>
      source.kind === 'file' ? source : { ...source, again: false },
    );
    await assert.rejects(
      reconciler.compare({ ...once, sources }),
      failsWith('RECONCILE_SOURCE_CHANGED', 'transient'),
    );
    store.run = plain;
    assert.equal((await newest())?.state, 'failed');
    assert.equal((await reconciler.compare({ ...once, sources })).state, 'done');
  });
});

describe('reconcile: corrections from a file with decimal commas and units of its own', () => {
  it('proposes what the file means', async () => {
    const dir = tempDir();
    const file = join(dir.path, 'stock.csv');
    writeFileSync(
      file,
      'sku;onHand;unit\nTHOUSANDS;1.500;PCE\nHALF;2,5;KGM\nGRAMS;1.500;GRM\nNONE;0,00;PCE\n',
    );
    const store = await openSqliteStore(join(dir.path, 'store.sqlite'));
    const reconciler = await Reconciler.open({ store, id: '3pl', name: '', folder: join(dir.path, 'runs') });
    const odoo = [
      { sku: 'THOUSANDS', onHand: '1.5', unit: 'C62' },
      { sku: 'HALF', onHand: '3', unit: 'KGM' },
      { sku: 'GRAMS', onHand: '2', unit: 'KGM' },
    ];
    const run = await reconciler.compare({
      about: 'inventory',
      keyLabel: 'SKU',
      key: ['sku'],
      fields: [{ path: 'onHand', type: 'quantity', unitPath: 'unit', unit: 'C62' }],
      lead: 'others',
      sources: [
        { kind: 'stream', label: 'Odoo', again: true, open: () => [odoo] },
        { kind: 'file', label: '3PL', file, format: 'csv', decimalComma: true },
      ],
    });
    const { items } = await reconciler.history.differences(run.runId, {}, 10);
    await reconciler.close();
    await store.close();
    dir.remove();
    assert.deepEqual(
      items.map(({ key, kind, found, cause, correction }) => {
        const { quantity, previous, unit } = (correction.proposal?.message ?? {}) as Record<string, unknown>;
        return [key, kind, found, cause, quantity, previous, unit];
      }),
      [
        ['GRAMS', 'quantity', '1500', 'UNKNOWN', '1500', '2000', 'GRM'],
        ['HALF', 'quantity', '2.5', 'UNKNOWN', '2.5', '3', 'KGM'],
        ['NONE', 'extra', '0', 'EMPTY_LEFT_OUT', undefined, undefined, undefined],
        ['THOUSANDS', 'quantity', '1500', 'FACTOR', '1500', '1.5', 'H87'],
      ],
    );
    assert.equal(run.value, '1499.5');
  });
});

describe('reconcile: what a source does not list', () => {
  it('is zero there, when stock is compared so, and only where the other says zero', () => {
    const left = stock({ A: 0, B: '0.00', C: 1, D: 'none' });
    const right = 'sku;onHand\nX;0,00\nY;1.000\n';
    const compare = (absentIsZero: boolean) =>
      compareHere([left, right], { absentIsZero, sources: [{}, { decimalComma: true }] });
    const zero = compare(true);
    assert.deepEqual(
      zero.findings.map(({ key, differences }) => [key, differences[0]?.kind]),
      [
        ['C', 'missing'],
        ['D', 'missing'],
        ['Y', 'extra'],
      ],
    );
    assert.deepEqual([zero.counts.keys, zero.counts.matched], [6, 3]);
    assert.equal(compare(false).findings.length, 6);
  });
});

describe('reconcile: only what lies in a period', () => {
  const at = (hours: number): string => new Date(Date.UTC(2026, 10, 26, hours)).toISOString();
  const order = (id: string, hours: number | null): unknown => ({
    sku: id,
    onHand: 1,
    ...(hours === null ? {} : { at: at(hours) }),
  });
  const compare = (left: unknown[], right: unknown[]) =>
    compareHere([left, right], {
      sources: [{ time: 'at' }, { time: 'at' }],
      period: { from: Date.parse(at(0)), to: Date.parse(at(24)) },
    });

  it('leaves out what the other side has of other days, and finds the late half of a pair', () => {
    const { findings, counts } = compare(
      [
        order('IN', 1),
        order('LATE', 23),
        order('LOST', 5),
        order('BEFORE', -1),
        order('AFTER', 24),
        order('BEFORE-BOOKED-TODAY', -2),
        order('UNTIMED', null),
      ],
      [
        order('IN', 1),
        // Confirmed in Odoo the day after.
        order('LATE', 30),
        order('BEFORE-BOOKED-TODAY', 3),
        order('OTHER-DAY', 26),
        order('EXTRA', 0),
      ],
    );
    assert.deepEqual(
      findings.map(({ key, differences }) => [key, differences[0]?.kind]),
      [
        ['EXTRA', 'extra'],
        ['LOST', 'missing'],
        ['UNTIMED', 'missing'],
      ],
    );
    assert.deepEqual([counts.keys, counts.matched], [5, 2]);
  });
});
