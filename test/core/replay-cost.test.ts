import assert from 'node:assert/strict';
import { join } from 'node:path';
import { whereOf } from '../../core/dead-letter';
import * as letters from '../../core/dead-letter/schema';
import { Desk } from '../../core/replay';
import * as replay from '../../core/replay/schema';
import { openSqliteStore, type SqlValue, type Store } from '../../core/store';
import { type TempDir, tempDir } from '../support';

/** What these cost must not depend on what lies beside what they are about. */
describe('cost of dead letters and replay', () => {
  let dir: TempDir;
  let store: Store;
  before(async () => {
    dir = tempDir('crossdock-replay-cost-');
    store = await openSqliteStore(join(dir.path, 'store.sqlite'));
    const targets = { open: () => true, arrived: () => undefined, findMapping: () => undefined };
    const desk = await Desk.open(store, { targets, changed: () => undefined });
    await desk.close();
  });
  after(async () => {
    await store.close();
    dir.remove();
  });

  async function planOf(sql: string): Promise<string[]> {
    const params: SqlValue[] = [...sql.matchAll(/\?/g)].map(() => 1);
    const [result] = await store.run([{ sql: `EXPLAIN QUERY PLAN ${sql}`, params }]);
    return (result?.rows ?? []).map((row) => String(row['detail']));
  }

  const page = (filter: Parameters<typeof whereOf>[0]): string =>
    `SELECT ${letters.COLUMNS} FROM crossdock_dead_letter WHERE ${whereOf(filter).sql}
      AND (last_at, id) < (?, ?) ORDER BY last_at DESC, id DESC LIMIT ?`;
  const statements: Record<string, string> = {
    OPEN_GROUP: letters.OPEN_GROUP,
    TELL_GROUP: letters.TELL_GROUP,
    UNTOLD_GROUPS: letters.UNTOLD_GROUPS,
    GROUPS: letters.GROUPS,
    NEWEST: letters.NEWEST,
    SUMMARY: letters.SUMMARY,
    SIZES: letters.SIZES,
    DROP_OLD: letters.DROP_OLD,
    'a page': page({}),
    'a page of a cause': page({ cause: 'c' }),
    'a page of a source': page({ source: 's' }),
    'a page of a time': page({ from: 1, to: 2 }),
    PROGRESS: replay.PROGRESS,
    DRY_PROGRESS: replay.DRY_PROGRESS,
    ITEMS: replay.ITEMS,
    ITEMS_IN_STATE: replay.ITEMS_IN_STATE,
    TO_SEND: replay.TO_SEND,
    TO_TRY: replay.TO_TRY,
    SEND: replay.SEND,
    NOT_TAKEN: replay.NOT_TAKEN,
    MARK_DONE: replay.MARK_DONE,
    FAILED: replay.FAILED,
    FINISH: replay.FINISH,
    WORKING: replay.WORKING,
    WITH_SENT: replay.WITH_SENT,
    COUNT_SENT: replay.COUNT_SENT,
    KNOWN_SOURCE: replay.KNOWN_SOURCE,
    SOURCES: replay.SOURCES,
  };
  for (const [name, sql] of Object.entries(statements)) {
    it(`${name} goes by an index`, async () => {
      const plan = await planOf(sql);
      // A scan that an index covers reads no bodies; a scan of a subquery reads what that found.
      const scans = plan.filter(
        (step) => /^SCAN /.test(step) && !/USING (COVERING )?INDEX|^SCAN (s|\(subquery|CONSTANT)/.test(step),
      );
      assert.deepEqual(scans, [], plan.join('\n'));
      if (name.startsWith('a page')) {
        assert.ok(!plan.some((step) => step.includes('TEMP B-TREE')), plan.join('\n'));
      }
    });
  }
});
