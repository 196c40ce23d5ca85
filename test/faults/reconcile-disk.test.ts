/** A comparison whose disk is full, or whose own process is killed: a clear error, and it goes on from where it was. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeStockFiles } from '../../bench/lib/stock-files';
import { Reconciler, type Spec } from '../../core/reconcile';
import { openSqliteStore, type Store } from '../../core/store';
import { failsWith } from '../core/channel-suite';
import { type TempDir, tempDir } from '../support';

const ROWS = 60_000;

describe('a comparison that cannot go on for now', () => {
  let temp: TempDir;
  let store: Store;
  let spec: Spec;
  let expected: number;
  before(() => {
    temp = tempDir('crossdock-reconcile-');
    const files = writeStockFiles(temp.path, ROWS);
    expected = files.expected.size;
    spec = {
      about: 'inventory',
      keyLabel: 'SKU',
      key: ['sku'],
      fields: [{ path: 'onHand', type: 'decimal' }],
      sources: [
        { kind: 'file', label: 'Odoo', file: files.left, format: 'csv' },
        { kind: 'file', label: 'Warehouse', file: files.right, format: 'csv' },
      ],
      chunkBytes: 1 << 20,
    };
  });
  after(() => temp.remove());
  beforeEach(async () => {
    store = await openSqliteStore(join(temp.path, `store-${Date.now()}.sqlite`));
  });
  afterEach(() => store.close());

  it('says that the disk is full, and goes on once there is room', async function () {
    const disk = tempDir('crossdock-disk-');
    const mount = (options: string): boolean =>
      spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk.path]).status === 0;
    if (!mount('size=2m')) return this.skip();
    try {
      const reconciler = await Reconciler.open({
        store,
        id: 'full',
        name: '',
        folder: join(disk.path, 'runs'),
      });
      await assert.rejects(
        reconciler.compare(spec),
        failsWith('RECONCILE_DISK_FULL', 'transient', /^The disk is full/),
      );
      const [waiting] = (await reconciler.history.runs('full', 1)).items;
      assert.match(waiting?.problem ?? '', /^The disk is full/);
      assert.ok(mount('remount,size=64m'));
      const run = await reconciler.resume(spec);
      assert.equal(run?.runId, waiting?.runId);
      assert.equal((await reconciler.history.differences(run?.runId ?? '', {}, 1)).total, expected);
      assert.deepEqual(readdirSync(join(disk.path, 'runs')), []);
      await reconciler.close();
    } finally {
      spawnSync('umount', ['-l', disk.path]);
      disk.remove();
    }
  });

  it('survives the death of the process that compares', async () => {
    let killed = 0;
    const reconciler = await Reconciler.open({
      store,
      id: 'killed',
      name: '',
      folder: join(temp.path, 'runs'),
      progress: (percent) => {
        if (percent < 15 || killed > 0) return;
        for (const pid of children()) {
          killed += 1;
          process.kill(pid, 'SIGKILL');
        }
      },
    });
    await assert.rejects(reconciler.compare(spec), failsWith('RECONCILE_DIED', 'transient'));
    assert.equal(killed, 1);
    const run = await reconciler.compare(spec);
    assert.equal(
      (
        await reconciler.history.differences(
          (await reconciler.history.runs('killed', 2)).items[1]?.runId ?? '',
          {},
          1,
        )
      ).total,
      expected,
    );
    assert.equal((await reconciler.history.differences(run.runId, {}, 1)).total, expected);
    await reconciler.close();
  });
});

/** Processes of ours that compare. */
function children(): number[] {
  return readdirSync(`/proc/${process.pid}/task`)
    .flatMap((thread) =>
      readFileSync(`/proc/${process.pid}/task/${thread}/children`, 'utf8').trim().split(' '),
    )
    .filter(
      (pid) =>
        pid !== '' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('reconcile/engine/process'),
    )
    .map(Number);
}
