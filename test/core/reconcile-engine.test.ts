/** Sorting and merging as bytes, against what JavaScript's own sort and a Map say. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Chunk, HEAD, keyLengthAt, makeCells } from '../../core/reconcile/engine/record';
import { sortedStarts } from '../../core/reconcile/engine/sort';
import { NOTHING_READ, soundState } from '../../core/reconcile/engine/spill';
import { sortSide } from '../../core/reconcile/engine/thread';
import { jobOf, type Spec } from '../../core/reconcile/spec';
import { type TempDir, tempDir } from '../support';
import { compareJob, onHand } from './reconcile-support';

/** The same numbers each time. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

/** Keys in the order of the engine: the bytes of each, and the place where it was added. */
function sorted(keys: readonly string[]): { key: string; row: number }[] {
  const chunk = new Chunk(8 << 20, { keyParts: 1, slots: 0, foldCase: false });
  const cells = makeCells(1);
  keys.forEach((key, row) => {
    const bytes = Buffer.from(key);
    cells.bytes = bytes;
    cells.from[0] = 0;
    cells.to[0] = bytes.length;
    assert.ok(chunk.add(cells, row, 0, Number.NaN));
  });
  return [...sortedStarts(chunk)].map((start) => ({
    key: chunk.bytes.toString('utf8', start + HEAD, start + HEAD + keyLengthAt(chunk.bytes, start)),
    row: chunk.bytes.readUInt32LE(start + 4),
  }));
}

const rnd = random(7);
const text = (alphabet: string, most: number): string =>
  Array.from({ length: 1 + rnd(most) }, () => [...alphabet][rnd([...alphabet].length)]).join('');
const unicode = (): string =>
  Array.from({ length: 1 + rnd(6) }, () => String.fromCodePoint(33 + rnd(0xd7ff - 33))).join('');

describe('reconcile: engine', () => {
  let dir: TempDir;
  beforeEach(() => {
    dir = tempDir();
  });
  afterEach(() => dir.remove());

  for (const { what, make } of [
    {
      what: 'numbers with a long prefix',
      make: (n: number) => `WAREHOUSE-MAIN/ARTICLE-${String((n * 7919) % 100_003).padStart(9, '0')}`,
    },
    { what: 'few different keys', make: () => text('ab', 3) },
    { what: 'long keys that differ at their end', make: () => `${'x'.repeat(90)}${text('ab', 30)}` },
    { what: 'keys that are beginnings of others', make: () => 'abcabcabc'.repeat(9).slice(0, 1 + rnd(80)) },
    { what: 'all of Unicode', make: unicode },
    { what: 'one key only', make: () => 'A' },
  ]) {
    it(`sorts ${what} by their bytes, equal ones in the order of the rows`, () => {
      const keys = Array.from({ length: 6000 }, (_, n) => make(n));
      const wanted = keys
        .map((key, row) => ({ key: key.replace(/^[\t-\r ]+|[\t-\r ]+$/g, ''), row }))
        .filter(({ key }) => key !== '')
        .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || a.row - b.row);
      assert.deepEqual(
        sorted(keys).filter(({ key }) => key !== ''),
        wanted,
      );
    });
  }

  /** A comparison of two CSV files in so many bytes of memory at a time. */
  const files = (left: readonly string[], right: readonly string[]): Spec => {
    const write = (name: string, rows: readonly string[]): string => {
      const file = join(dir.path, name);
      writeFileSync(file, `sku,onHand\n${rows.join('\n')}\n`);
      return file;
    };
    const [a, b] = [write('a.csv', left), write('b.csv', right)];
    return {
      about: 'inventory',
      keyLabel: 'SKU',
      key: ['sku'],
      fields: [onHand],
      sources: [
        { kind: 'file', label: 'A', file: a, format: 'csv' },
        { kind: 'file', label: 'B', file: b, format: 'csv' },
      ],
    };
  };

  it('gives the same from many small sorted runs as from one, and compares the first row of a key', () => {
    const rows = (seed: number): string[] => {
      const next = random(seed);
      return Array.from({ length: 6000 }, () => `K${next(4000)},${next(5)}`);
    };
    const spec = files(rows(3), rows(4));
    const paths = spec.sources.map((source) => (source.kind === 'file' ? source.file : ''));
    const job = jobOf(spec, dir.path, paths, 1);
    const one = compareJob(job, spec);
    // Hardly more than the largest row has room: some 60 runs, which are merged before the comparison.
    const many = compareJob({ ...job, chunkBytes: 70_000, attempt: 2 }, spec);
    // Without the difference of two long lists, which would take minutes to print.
    assert.ok(
      isDeepStrictEqual([many.findings, many.counts, many.rows], [one.findings, one.counts, one.rows]),
    );
    const first = new Map<string, string>();
    for (const row of rows(3)) {
      const [key = '', quantity = ''] = row.split(',');
      if (!first.has(key)) first.set(key, quantity);
    }
    for (const { differences, key } of one.findings) {
      for (const { kind, expected } of differences)
        if (kind === 'quantity' || kind === 'missing') assert.equal(expected, first.get(key));
    }
    assert.ok(one.findings.length > 2000);
  });

  it('goes on behind the last sorted run, and does not trust one that is damaged', () => {
    const spec = files(
      Array.from({ length: 3000 }, (_, n) => `K${n},1`),
      ['K1,1'],
    );
    const paths = spec.sources.map((source) => (source.kind === 'file' ? source.file : ''));
    const job = { ...jobOf(spec, dir.path, paths, 1), chunkBytes: 70_000 };
    const states = [...sortSide({ job, index: 0, state: NOTHING_READ })];
    const middle = states[5];
    assert.ok(middle !== undefined && !middle.done);
    const last = [...sortSide({ job: { ...job, attempt: 2 }, index: 0, state: middle })].at(-1);
    assert.deepEqual([last?.done, last?.rows], [true, 3000]);
    assert.deepEqual(last?.runs.slice(0, 6), middle.runs);
    assert.equal(soundState(job, middle), middle);
    const name = middle.runs[2]?.name ?? '';
    const bytes = Buffer.alloc(middle.runs[2]?.bytes ?? 0, 7);
    writeFileSync(join(dir.path, name), bytes);
    assert.equal(soundState(job, middle), NOTHING_READ);
  });
});
