/**
 * Which processes that share a store are alive. A lease belongs to an opening of the store; when its process is gone,
 * nobody waits for the lease to run out.
 *
 * A store that only one process can open (SQLite) has one row: the leases of every earlier process are void at once.
 * On a shared store (PostgreSQL) each process says every few seconds that it is alive; one that says nothing for
 * `ALIVE_MS` (killed, cut off, stopped for minutes) loses its leases, and what it reports later is discarded by the
 * leases' fencing numbers.
 */
import type { Migration, Store } from '../store';

const SCHEMA: Migration = {
  idea: 'instances',
  steps: [['CREATE TABLE crossdock_instance (id TEXT NOT NULL PRIMARY KEY, alive_until BIGINT NOT NULL)']],
};
/** Ms without a sign of life after which a process counts as gone. */
const ALIVE_MS = 15_000;
const BEAT_MS = 4000;
/** What an exclusive store's only process may do without: it is alive as long as the file is open. */
const FOR_GOOD_MS = 100 * 365 * 86_400_000;

const BEAT = `INSERT INTO crossdock_instance (id, alive_until) VALUES (?, {now} + ?)
  ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until`;
const ALONE = 'DELETE FROM crossdock_instance WHERE id <> ?';
const FORGET_DEAD = 'DELETE FROM crossdock_instance WHERE alive_until < {now} - 3600000';

/** SQL: the owner in column `column` is no longer alive. */
export function ownerIsGone(column: string): string {
  return `${column} NOT IN (SELECT id FROM crossdock_instance WHERE alive_until >= {now})`;
}

const beating = new WeakMap<Store, Promise<void>>();

/** Enters this opening of the store among the living; once per opening, however often it is called. */
export function comeAlive(store: Store): Promise<void> {
  let started = beating.get(store);
  if (started === undefined) {
    started = begin(store);
    beating.set(store, started);
    // Whoever opens an idea on this store gets the rejection; the next one tries again.
    started.catch(() => beating.delete(store));
  }
  return started;
}

async function begin(store: Store): Promise<void> {
  await store.migrate(SCHEMA);
  if (store.exclusive) {
    await store.run([
      { sql: ALONE, params: [store.instanceId] },
      { sql: BEAT, params: [store.instanceId, FOR_GOOD_MS] },
    ]);
    return;
  }
  const beat = () => store.run([{ sql: BEAT, params: [store.instanceId, ALIVE_MS] }, { sql: FORGET_DEAD }]);
  await beat();
  const timer = setInterval(() => {
    beat().catch((error: unknown) => {
      // A store that is closed needs no sign of life; any other failure is told by whoever works with the store.
      if ((error as { code?: string }).code === 'STORE_CLOSED') clearInterval(timer);
    });
  }, BEAT_MS);
  timer.unref();
}
