import assert from 'node:assert/strict';
import { join } from 'node:path';
import { IdempotencyGuard } from '../../core/idempotency';
import * as idempotency from '../../core/idempotency/schema';
import { SequenceGuard } from '../../core/sequence';
import * as sequence from '../../core/sequence/schema';
import { openSqliteStore, type SqliteStoreHandle } from '../../core/store';
import { type TempDir, tempDir } from '../support';

/** The guards keep millions of keys: no statement may read more of them than it is about. */
describe('what the guards cost', () => {
  let folder: TempDir;
  let store: SqliteStoreHandle;
  before(async () => {
    folder = tempDir('guards-cost');
    store = await openSqliteStore(join(folder.path, 'store.sqlite'));
    await IdempotencyGuard.open(store, { scope: 's', retentionMs: 1000, leaseMs: 1000, waitMs: 0 });
    await SequenceGuard.open(store, { retentionMs: 1000, waitMs: 0, gaps: true });
  });
  after(async () => {
    await store.close();
    folder.remove();
  });

  for (const [guard, { SCHEMA: _schema, ...statements }] of Object.entries({ idempotency, sequence })) {
    for (const [what, sql] of Object.entries(statements)) {
      it(`${guard} ${what} reads only the rows that it is about`, async () => {
        const parameters = [...sql.matchAll(/\?/g)].map(() => 1);
        const [plan] = await store.run([{ sql: `EXPLAIN QUERY PLAN ${sql}`, params: parameters }]);
        const steps = (plan?.rows ?? []).map((row) => String(row['detail']));
        // Processes that share the store are a handful; "old" is what a sub-select has picked, by its own step here.
        const linear = steps.filter((step) =>
          /SCAN (?!crossdock_instance|old$)|TEMP B-TREE|SEARCH crossdock_(idempotency|sequence) USING (?!(COVERING )?INDEX \w+ \((scope=\? AND key=\?|expires_at<\?)\))/.test(
            step,
          ),
        );
        assert.deepEqual(linear, [], steps.join('; '));
      });
    }
  }
});
