import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Inbox } from '../../core/delivery';
import * as newest from '../../core/delivery/inbox-newest';
import * as schema from '../../core/delivery/inbox-schema';
import { openSqliteStore, type SqliteStoreHandle } from '../../core/store';
import { type TempDir, tempDir } from '../support';

/** The inbox keeps delivery ids for a month and may hold tens of thousands of waiting messages. */
describe('what the inbox costs', () => {
  let folder: TempDir;
  let store: SqliteStoreHandle;
  before(async () => {
    folder = tempDir('inbox-cost');
    store = await openSqliteStore(join(folder.path, 'store.sqlite'));
    await Inbox.open(store, { source: 's', concurrency: 1, maxAttempts: 1, holdMs: 1000 });
  });
  after(async () => {
    await store.close();
    folder.remove();
  });

  const body = new Uint8Array();
  const statements: Record<string, string> = {
    leases: schema.LEASE,
    'leases a suspect': schema.LEASE_SUSPECT,
    'wakes what failed': schema.WAKE,
    'takes leases back': schema.RECLAIM,
    'finds leases that nobody knows of': schema.LEASED_BY,
    'sets its alarm': schema.NEXT_DUE,
    counts: schema.DEPTH,
    'finds the oldest': schema.OLDEST,
    completes: schema.SETTLE_DONE,
    'cleans up': schema.CLEAN_UP,
    'sweeps lost heads': schema.SWEEP,
    'lets the next of a key go': schema.promoteStatement('s', 'k').sql,
    'takes in': schema.acceptStatement('s', { id: '1', partitionKey: 'k', body }).sql,
    'notes the newest of a key': newest.NOTE_NEWEST,
    'gives its place on': newest.TAKE_PLACE,
    supersedes: newest.SUPERSEDE,
    'leases the newest': newest.LEASE_NEWEST,
    'leases a suspect, if it is the newest': newest.LEASE_SUSPECT_NEWEST,
    'supersedes what was leased': newest.SUPERSEDE_LEASED,
    'counts the superseded': newest.COUNT_SUPERSEDED,
    'forgets the newest of a key': newest.FORGET_NEWEST,
    'hands suspicion on': newest.TAKE_SUSPICION,
    'forgets places': newest.FORGET_PLACES,
    'notes what waits': newest.NOTE_ALL,
    'supersedes what waits': newest.SUPERSEDE_ALL,
  };
  for (const [what, sql] of Object.entries(statements)) {
    it(`${what} without reading rows that it does not need`, async () => {
      const parameters = [...sql.matchAll(/\?/g)].map(() => 1);
      const [plan] = await store.run([{ sql: `EXPLAIN QUERY PLAN ${sql}`, params: parameters }]);
      const steps = (plan?.rows ?? []).map((row) => String(row['detail']));
      assert.ok(steps.length > 0);
      // A scan of the table, or a search by the source alone in the index of all ids, would read what is long settled.
      const linear = steps.filter((step) =>
        /SCAN (crossdock_inbox|[qhieon])\b|autoindex_crossdock_inbox\w* \((?!source=\? AND (id|partition_key)=\?\))/.test(
          step,
        ),
      );
      assert.deepEqual(linear, []);
    });
  }
});
