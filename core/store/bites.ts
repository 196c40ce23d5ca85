import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from './types';

/** Rows per bite, and ms between two: what else uses the store goes on in between. */
const BITE = 500;
const PAUSE_MS = 20;

/**
 * Deletes what may be much in many small units, so that nobody waits behind it.
 * @param sql one DELETE with one parameter: how many rows at most
 * @param stopped asked after each bite
 * @returns rows deleted
 */
export async function deleteInBites(store: Store, sql: string, stopped: () => boolean): Promise<number> {
  for (let total = 0; ; await sleep(PAUSE_MS)) {
    const [result] = await store.run([{ sql, params: [BITE] }]);
    const removed = result?.changes ?? 0;
    total += removed;
    if (removed < BITE || stopped()) return total;
  }
}
