/**
 * The process that compares: sorts the sources, each in a thread when it is large, then merges them. It keeps nothing
 * that the gateway does not know, so it may be killed at any time.
 */
import { statSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CrossdockError } from '../../errors';
import type { SideState } from './job';
import { merge } from './merge';
import { type FromEngine, type FromThread, plainError, type Start, type ToEngine } from './protocol';
import { NOTHING_READ, soundState } from './spill';
import { sortSide, type ThreadData } from './thread';

/** Smaller sources are sorted before a thread would have started. */
const THREAD_FROM_BYTES = 2 << 20;
/** Batches that are under way at once: while one is kept, the next one is made. */
const AHEAD = 2;
/** Node-RED goes first where both want the processor. */
const NICE = 5;

const tell = (message: FromEngine): void => {
  process.send?.(message);
};

let unkept = 0;
let wake: (() => void) | undefined;

function heard(message: ToEngine): void {
  if (message.type === 'kept') {
    unkept -= 1;
    wake?.();
    return;
  }
  work(message.start).catch((thrown: unknown) => tell({ type: 'failed', error: plainError(thrown) }));
}

async function work({ job, sides: known, merge: from }: Start): Promise<void> {
  const begun = from.at.length > 0;
  const sound = known.map((state) => soundState(job, state));
  if (begun && sound.some(({ done }) => !done)) {
    throw new CrossdockError('Sorted files of this run are damaged, so it has to begin anew.', {
      code: 'RECONCILE_FILES_LOST',
      kind: 'transient',
    });
  }
  const sides = await Promise.all(sound.map((state, index) => sorted({ job, index, state })));
  for (const batch of merge(job, sides, from)) {
    while (unkept >= AHEAD) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    unkept += 1;
    tell({ type: 'batch', batch });
    if (batch.done) return;
  }
}

async function sorted(data: ThreadData): Promise<SideState> {
  const { job, index } = data;
  const file = job.sides[index]?.file ?? '';
  const told = (state: SideState): SideState => {
    tell({ type: 'side', index, state });
    return state;
  };
  if (data.state === NOTHING_READ) told(data.state);
  if (sizeOf(file) < THREAD_FROM_BYTES) {
    let last = data.state;
    for (const state of sortSide(data)) last = told(state);
    return last;
  }
  return new Promise((resolve, reject) => {
    let last = data.state;
    const thread = new Worker(join(__dirname, 'thread.js'), {
      workerData: { reconcileThread: data },
      resourceLimits: { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 8 },
    });
    thread.on('message', (message: FromThread) => {
      if (message.type === 'state') last = told(message.state);
      else reject(new CrossdockError(message.error.message, message.error));
    });
    thread.on('error', reject);
    thread.on('exit', () => resolve(last));
  });
}

/** What is not there is told by whoever reads it. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}

process.on('message', heard);
// Without its gateway nobody keeps what it finds.
process.on('disconnect', () => process.exit());
try {
  setPriority(NICE);
} catch {
  // Not allowed here; then as everybody else.
}
