/** The thread that reads and sorts one source. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Job, SideState } from './job';
import { type FromThread, plainError } from './protocol';
import { consolidate, spill } from './spill';

export interface ThreadData {
  readonly job: Job;
  readonly index: number;
  readonly state: SideState;
}

/** Every state that a source goes through until it is sorted; the last one is done. */
export function* sortSide({ job, index, state }: ThreadData): Generator<SideState, void, void> {
  let now = state;
  if (!now.done) {
    now = yield* spill(job, index, now);
    yield now;
  }
  yield* consolidate(job, index, now);
}

function work(data: ThreadData): void {
  const tell = (message: FromThread): void => parentPort?.postMessage(message);
  try {
    for (const state of sortSide(data)) tell({ type: 'state', state });
  } catch (thrown) {
    tell({ type: 'failed', error: plainError(thrown) });
  }
}

if (workerData !== null && typeof workerData === 'object' && 'reconcileThread' in workerData) {
  work((workerData as { readonly reconcileThread: ThreadData }).reconcileThread);
}
