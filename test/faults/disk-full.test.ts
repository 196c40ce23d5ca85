import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TempDir, tempDir, waitFor } from '../support';
import { choices, SEED, tell, turns } from './support/campaign';
import { Pipeline } from './support/pipeline';

/** Proves that a full disk stops the acknowledgements and nothing else: no message is lost, no file is harmed. */
describe('a full disk', function () {
  this.timeout(600_000);
  let disk: TempDir;
  let mounted = false;
  let pipeline: Pipeline | undefined;

  before(function () {
    disk = tempDir('crossdock-disk-');
    // Mounting needs rights that not everybody has; a disk of our own is what this is about. It has to have room for
    // all the messages of the long form, or the store fills it by itself and removing the filler makes no room.
    mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk.path]).status === 0;
    if (!mounted) this.skip();
  });
  after(async () => {
    await pipeline?.remove();
    if (mounted) spawnSync('umount', ['-l', disk.path]);
    disk?.remove();
  });

  it('is answered with 503 from the first failure on, and forgotten when there is room again', async () => {
    const name = `disk-${SEED}`;
    const rng = choices(name);
    pipeline = await Pipeline.start({ kind: 'local', name, storeFile: join(disk.path, 'store.sqlite') });
    const answers: { status: number; id: string }[] = [];
    const feeder = pipeline.feed(rng, {
      onAnswer: (status, { id }) => answers.push({ status, id }),
      // What cannot be taken out of the inbox must not keep the senders from trying.
      backlog: Number.POSITIVE_INFINITY,
    });
    const filler = join(disk.path, 'filler');
    for (let turn = 1; turn <= turns(2, 20); turn += 1) {
      await feeder.more(rng.int(20, 100));
      fill(filler);
      const from = answers.length;
      const isFull = (): number => answers.findIndex(({ status }, index) => index >= from && status === 503);
      await waitFor(() => isFull() >= 0, { what: 'the first refusal', timeoutMs: 60_000 });
      const first = isFull();
      // The store looks for room once a second; so many tries take longer, and it must not be taken in.
      await waitFor(() => answers.length > first + 600, {
        what: 'six hundred more tries',
        timeoutMs: 60_000,
      });
      const late = answers.slice(first).filter(({ status }) => status === 200 || status === 202);
      const before = answers.length;
      rmSync(filler);
      await feeder.more(20, 60_000);
      tell(
        `turn ${turn}: ${first - from} answers until the first 503, then ${before - first} tries and ${late.length} acknowledgements`,
      );
      assert.deepEqual(late, [], 'nothing is acknowledged while the disk is full');
    }
    await feeder.finish();
    await pipeline.mustBeFlawless(feeder);
  });
});

/** Leaves not a single block. */
function fill(file: string): void {
  writeFileSync(file, '');
  for (const size of [1 << 20, 1 << 16, 4096]) {
    for (;;) {
      const { bavail, bsize } = statfsSync(file);
      if (bavail * bsize < size) break;
      try {
        writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
      } catch {
        // The gateway has taken the room between the look and the write.
        break;
      }
    }
  }
}
