/**
 * kill -9 in the middle of a comparison: the next process goes on where it was, and the report is that of a run which
 * nobody has disturbed. Files of 60,000 rows; CROSSDOCK_FAULTS=long takes a million.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type StockFiles, writeStockFiles } from '../../bench/lib/stock-files';
import { acceptStatement, INBOX_SCHEMA } from '../../core/delivery';
import { type Difference, History } from '../../core/reconcile';
import { openSqliteStore } from '../../core/store';
import { type TempDir, tempDir } from '../support';
import { LONG } from './support/campaign';

const ROWS = LONG ? 1_000_000 : 60_000;
/** So small that each source is several sorted runs. */
const CHUNK = LONG ? 8 << 20 : 1 << 20;
/** Percent at which a process is killed: while it sorts, and while it merges. */
const KILLS = [10, 35, 61, 70, 85];

interface Ended {
  readonly done: string | undefined;
  /** The highest percentage that it said before it went, and the first one. */
  readonly seen: readonly number[];
}

describe(`kill -9 in the middle of a comparison of ${ROWS} rows with ${ROWS}`, () => {
  let temp: TempDir;
  let files: StockFiles;
  before(() => {
    temp = tempDir('crossdock-reconcile-');
    files = writeStockFiles(temp.path, ROWS);
  });
  after(() => temp.remove());

  /** A folder with a store in which messages about some keys are on their way. */
  const home = async (name: string): Promise<string> => {
    const folder = join(temp.path, name);
    mkdirSync(folder);
    const store = await openSqliteStore(join(folder, 'store.sqlite'));
    await store.migrate(INBOX_SCHEMA);
    for (let from = 0; from < files.inFlight.length; from += 200) {
      await store.run(
        files.inFlight.slice(from, from + 200).map((sku) =>
          acceptStatement('wms', {
            id: sku,
            partitionKey: undefined,
            body: Buffer.from(JSON.stringify({ sku })),
          }),
        ),
      );
    }
    await store.close();
    return folder;
  };

  const run = async (folder: string, killAt: number): Promise<Ended> => {
    const child: ChildProcess = spawn(
      process.execPath,
      [
        join(__dirname, 'support', 'reconcile-child.js'),
        ...[folder, files.left, files.right, String(CHUNK), String(killAt)],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const seen: number[] = [];
    let done: string | undefined;
    const exited = once(child, 'exit');
    if (child.stdout === null) throw new Error('no output');
    for await (const line of createInterface({ input: child.stdout })) {
      const [word, value = ''] = line.split(' ');
      if (word === 'done') done = value;
      if (word !== 'progress') continue;
      seen.push(Number(value));
      if (Number(value) >= killAt) child.kill('SIGKILL');
    }
    await exited;
    return { done, seen };
  };

  const found = async (
    folder: string,
    runId: string,
  ): Promise<{ rows: readonly number[]; differences: Difference[] }> => {
    const store = await openSqliteStore(join(folder, 'store.sqlite'));
    const history = await History.open(store);
    const differences: Difference[] = [];
    let after: string | undefined;
    do {
      const page = await history.differences(runId, {}, 1000, after);
      differences.push(...page.items);
      after = page.next ?? undefined;
    } while (after !== undefined);
    const summary = await history.run(runId);
    await store.close();
    return { rows: summary?.counts.rows ?? [], differences };
  };

  it('finds all of what was put in, nothing else, and the same after five kills', async () => {
    const whole = await home('whole');
    const plain = await run(whole, Number.POSITIVE_INFINITY);
    const undisturbed = await found(whole, plain.done ?? '');
    assert.deepEqual(undisturbed.rows, files.rows);
    const named = new Map(undisturbed.differences.map(({ key, kind }) => [key, kind]));
    assert.equal(undisturbed.differences.length, named.size);
    assert.deepEqual(new Map([...named].sort()), new Map([...files.expected].sort()));

    const killed = await home('killed');
    let kills = 0;
    let last = await run(killed, KILLS[0] as number);
    for (const next of KILLS.slice(1)) {
      if (last.done !== undefined) break;
      kills += 1;
      const before = Math.max(0, ...last.seen);
      last = await run(killed, next);
      // It has not started over: what it says first is about where the one before was, or further.
      const first = last.seen[0];
      if (before >= 60 && first !== undefined)
        assert.ok(first >= 60, `went on at ${first} after ${before} %`);
    }
    if (last.done === undefined) {
      kills += 1;
      last = await run(killed, Number.POSITIVE_INFINITY);
    }
    assert.equal(kills, KILLS.length, `only ${kills} kills`);
    const disturbed = await found(killed, last.done ?? '');
    const facts = (all: readonly Difference[]): unknown[] =>
      all.map(({ number, key, kind, cause, expected, found: is, delta }) => [
        number,
        key,
        kind,
        cause,
        expected,
        is,
        delta,
      ]);
    assert.deepEqual(facts(disturbed.differences), facts(undisturbed.differences));
    assert.deepEqual(disturbed.rows, undisturbed.rows);
  });
});
