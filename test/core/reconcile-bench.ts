/** A reconciler with a store and a folder of its own for each test, and what its tests say often. */
import { join } from 'node:path';
import { acceptStatement } from '../../core/delivery';
import {
  type Difference,
  Reconciler,
  type RunSummary,
  type SourceSpec,
  type Spec,
} from '../../core/reconcile';
import type { Store } from '../../core/store';
import { type TempDir, tempDir } from '../support';

export type Rows = readonly unknown[];

export class ReconcileBench {
  dir!: TempDir;
  store!: Store;
  reconciler!: Reconciler;

  constructor(openStore: () => Promise<Store>) {
    beforeEach(async () => {
      this.dir = tempDir();
      this.store = await openStore();
      this.reconciler = await this.openOne();
    });
    afterEach(async () => {
      await this.reconciler.close();
      await this.store.close();
      this.dir.remove();
    });
  }

  readonly folder = (): string => join(this.dir.path, 'runs');
  readonly openOne = (id = 'stock'): Promise<Reconciler> =>
    Reconciler.open({ store: this.store, id, name: 'Stock', folder: this.folder() });
  readonly all = async (run: RunSummary, from = this.reconciler): Promise<readonly Difference[]> =>
    (await from.history.differences(run.runId, {}, 1000)).items;
  readonly inbox = (id: string, body: unknown, partitionKey?: string): Promise<unknown> =>
    this.store.run([
      acceptStatement('webhook:shop', { id, partitionKey, body: Buffer.from(JSON.stringify(body)) }),
    ]);
}

export const stream = (label: string, rows: Rows, more: Partial<SourceSpec> = {}): SourceSpec =>
  ({ label, kind: 'stream', again: true, open: () => [rows], ...more }) as SourceSpec;

export const spec = (left: Rows, right: Rows, more: Partial<Spec> = {}): Spec => ({
  about: 'inventory',
  keyLabel: 'SKU',
  key: ['sku'],
  fields: [{ path: 'onHand', type: 'decimal' }],
  sources: [stream('Odoo', left), stream('Warehouse', right)],
  ...more,
});
