/**
 * Bench `reconciler`: two CSV files of stock, shuffled, with 0.1 % of the keys lost, changed, extra, duplicated and in
 * flight.
 *
 * - `ratio`: time of `sort` and `join` of coreutils (LC_ALL=C; both files without their heads, sorted by key, joined
 *   with what only one has), over ours for the whole run: in-flight book, process, report in a SQLite store. Target 0.33.
 * - `growth`: our time for all rows over that for a tenth of them. Target: at most 12.
 * - `peakMb`: the most memory (RSS) of the process that compares, plus what the gateway's has grown. Target: below 300.
 * - `found`: whether every difference was found and rightly named, and none else.
 * - `lagMs`: the longest that the gateway's event loop was late while we compared.
 *
 * Arguments: rows (1,000,000), rounds (3).
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { acceptStatement, INBOX_SCHEMA } from '../core/delivery';
import { Reconciler, type RunSummary } from '../core/reconcile';
import { openSqliteStore } from '../core/store';
import { tempDir } from '../test/support';
import { median, round, run, seconds } from './lib/measure';
import { type StockFiles, writeStockFiles } from './lib/stock-files';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = Number(process.argv[3] ?? 3);
const TARGET = 0.33;
const MAX_GROWTH = 12;
const MAX_MB = 300;
/** ms between two looks at the memory. */
const LOOK_MS = 20;

interface Ours {
  readonly seconds: number;
  readonly peakMb: number;
  readonly lagMs: number;
  readonly named: boolean;
}

run('reconciler', async () => {
  const dir = tempDir('crossdock-bench-');
  const large = filesOf(dir.path, ROWS);
  const small = filesOf(dir.path, ROWS / 10);
  const ours: Ours[] = [];
  const tenth: number[] = [];
  const bare: number[] = [];
  // The first round warms the disk's cache, and does not count.
  for (let turn = 0; turn <= ROUNDS; turn += 1) {
    const coreutils = await seconds(async () => sortAndJoin(dir.path, large));
    const whole = await compare(join(dir.path, `store-${turn}`), large);
    const part = await compare(join(dir.path, `part-${turn}`), small);
    if (turn === 0) continue;
    bare.push(coreutils);
    ours.push(whole);
    tenth.push(part.seconds);
  }
  dir.remove();
  const time = median(ours.map((each) => each.seconds));
  const ratio = round(median(bare) / time, 2);
  const growth = round(time / median(tenth), 1);
  const peakMb = round(Math.max(...ours.map((each) => each.peakMb)));
  const found = ours.every(({ named }) => named);
  return {
    rows: large.rows,
    ratio,
    target: TARGET,
    ok: ratio >= TARGET && growth <= MAX_GROWTH && peakMb < MAX_MB && found,
    seconds: round(time, 2),
    coreutilsSeconds: round(median(bare), 2),
    ratios: ours.map((each, index) => round((bare[index] ?? Number.NaN) / each.seconds, 2)),
    growth,
    peakMb,
    found,
    lagMs: round(Math.max(...ours.map((each) => each.lagMs))),
  };
});

function filesOf(folder: string, rows: number): StockFiles {
  const own = join(folder, `rows-${rows}`);
  mkdirSync(own);
  return writeStockFiles(own, rows);
}

function sortAndJoin(folder: string, { left, right }: StockFiles): void {
  const [a, b, out] = ['a', 'b', 'out'].map((name) => join(folder, name));
  const script = `tail -n +2 "$1" | sort -t, -k1,1 > "$3"; tail -n +2 "$2" | sort -t, -k1,1 > "$4"
    join -t, -a1 -a2 -e '' -o 0,1.2,1.3,2.2,2.3 "$3" "$4" > "$5"`;
  execFileSync('/bin/sh', ['-c', script, 'sh', left, right, a as string, b as string, out as string], {
    env: { ...process.env, LC_ALL: 'C' },
  });
}

async function compare(folder: string, files: StockFiles): Promise<Ours> {
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
  const reconciler = await Reconciler.open({ store, id: 'bench', name: '', folder: join(folder, 'runs') });
  const memory = watchMemory();
  const lag = monitorEventLoopDelay({ resolution: 5 });
  lag.enable();
  let ended: RunSummary | undefined;
  const taken = await seconds(async () => {
    ended = await reconciler.compare({
      about: 'inventory',
      keyLabel: 'SKU',
      key: ['sku'],
      fields: [
        { path: 'onHand', type: 'decimal' },
        { path: 'price', type: 'decimal' },
      ],
      sources: [
        { kind: 'file', label: 'Odoo', file: files.left, format: 'csv' },
        { kind: 'file', label: 'Warehouse', file: files.right, format: 'csv' },
      ],
    });
  });
  lag.disable();
  const peakMb = memory();
  const named = new Map<string, string>();
  let after: string | undefined;
  do {
    const page = await reconciler.history.differences(ended?.runId ?? '', {}, 1000, after);
    for (const { key, kind } of page.items) {
      assert.ok(!named.has(key), `${key} twice`);
      named.set(key, kind);
    }
    after = page.next ?? undefined;
  } while (after !== undefined);
  await reconciler.close();
  await store.close();
  const right =
    named.size === files.expected.size && [...files.expected].every(([key, kind]) => named.get(key) === kind);
  return { seconds: taken, peakMb, lagMs: lag.max / 1e6, named: right };
}

/** Looks at the memory of our children and ourselves; returns what ends that, with the most in MB. */
function watchMemory(): () => number {
  const begun = process.memoryUsage().rss;
  let most = 0;
  const timer = setInterval(() => {
    const children = childrenOf(process.pid).reduce((sum, pid) => sum + rssOf(pid), 0);
    most = Math.max(most, children + Math.max(0, process.memoryUsage().rss - begun));
  }, LOOK_MS);
  return () => {
    clearInterval(timer);
    return most / 1e6;
  };
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
        .trim()
        .split(' ')
        .filter(Boolean)
        .map(Number),
    );
  } catch {
    return [];
  }
}

function rssOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
