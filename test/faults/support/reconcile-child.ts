/**
 * A process that compares two files, and may be killed at any time.
 * Arguments: folder (store and files of the run), left, right, bytes of a chunk. Says `progress <percent>`, at last `done <run>`.
 */
import { join } from 'node:path';
import { Reconciler, type Spec } from '../../../core/reconcile';
import { openSqliteStore } from '../../../core/store';

async function main([folder = '', left = '', right = '', chunkBytes = '']: readonly string[]): Promise<void> {
  const store = await openSqliteStore(join(folder, 'store.sqlite'));
  const reconciler = await Reconciler.open({
    store,
    id: 'killed',
    name: '',
    folder: join(folder, 'runs'),
    progress: (percent) => process.stdout.write(`progress ${percent}\n`),
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
