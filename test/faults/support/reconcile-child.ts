/**
 * A process that compares two files, and may be killed at any time.
 * Arguments: folder (store and files of the run), left, right, bytes of a chunk, percent from which on it will be killed
 * (none: left out). Says `progress <percent>`, at last `done <run>`. Who is to be killed goes on for a while, but
 * not past the next percentage, or this one when none may come: a kill that is late must not find it at its end.
 */
import { join } from 'node:path';
import { Reconciler, type Spec } from '../../../core/reconcile';
import { openSqliteStore } from '../../../core/store';

/** So much is read and sorted; from here on the next percentage may be the end. */
const MERGING = 60;

async function main([
  folder = '',
  left = '',
  right = '',
  chunkBytes = '',
  killAt = 'Infinity',
]: readonly string[]): Promise<void> {
  let killed = false;
  const store = await openSqliteStore(join(folder, 'store.sqlite'));
  const reconciler = await Reconciler.open({
    store,
    id: 'killed',
    name: '',
    folder: join(folder, 'runs'),
    progress: (percent) => {
      process.stdout.write(`progress ${percent}\n`);
      const wasKilled = killed;
      killed ||= percent >= Number(killAt);
      if (wasKilled || (killed && percent >= MERGING)) {
        // Nothing wakes it: the whole thread stands still until the kill has come.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      }
    },
  });
  const spec: Spec = {
    about: 'inventory',
    keyLabel: 'SKU',
    key: ['sku'],
    fields: [
      { path: 'onHand', type: 'decimal' },
      { path: 'price', type: 'decimal' },
    ],
    sources: [
      { kind: 'file', label: 'Odoo', file: left, format: 'csv' },
      { kind: 'file', label: 'Warehouse', file: right, format: 'csv' },
    ],
    chunkBytes: Number(chunkBytes),
  };
  const run = (await reconciler.resume(spec)) ?? (await reconciler.compare(spec));
  process.stdout.write(`done ${run.runId}\n`);
  await reconciler.close();
  await store.close();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
