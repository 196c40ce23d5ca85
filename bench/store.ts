/**
 * Bench `store`: operations per second committed with synchronous=FULL, one by one and under load.
 * `ratio` is grouped over one by one; both sides are measured in turn, several rounds, medians.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore, type Store } from '../core/store';

const ROUNDS = 5;
const ONE_BY_ONE = 2000;
const UNDER_LOAD = 60_000;
const IN_FLIGHT = 1024;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'crossdock-bench-'));
  const store = await openSqliteStore(join(folder, 'store.sqlite'));
  await store.run([{ sql: 'CREATE TABLE bench (id BIGINT, state TEXT, body TEXT)' }]);
  const single: number[] = [];
  const grouped: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    single.push(await rate(store, ONE_BY_ONE, 1));
    grouped.push(await rate(store, UNDER_LOAD, IN_FLIGHT));
  }
  await store.close();
  rmSync(folder, { recursive: true, force: true });
  const [oneByOne, underLoad] = [median(single), median(grouped)];
  console.log(
    JSON.stringify({
      bench: 'store',
      ratio: round(underLoad / oneByOne, 2),
      groupedPerSecond: round(underLoad),
      oneByOnePerSecond: round(oneByOne),
      inFlight: IN_FLIGHT,
      rounds: ROUNDS,
      synchronous: 'FULL',
      sqlite: process.versions['sqlite'],
    }),
  );
}

/** Operations (each a unit of its own, answered after its commit) per second with `inFlight` callers. */
async function rate(store: Store, operations: number, inFlight: number): Promise<number> {
  const body = 'x'.repeat(200);
  let next = 0;
  const begun = process.hrtime.bigint();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < operations) {
        next += 1;
        await store.run([
          { sql: "INSERT INTO bench (id, state, body) VALUES (?, 'new', ?)", params: [next, body] },
        ]);
      }
    }),
  );
  return operations / (Number(process.hrtime.bigint() - begun) / 1e9);
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function round(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}

main().catch((error: unknown) => {
  console.log(JSON.stringify({ bench: 'store', error: String(error) }));
  process.exitCode = 1;
});
