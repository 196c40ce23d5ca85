import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Outbox, openOutbox } from '../../core/delivery';
import { openSqliteStore, type SqliteStoreHandle, type Store } from '../../core/store';
import { createRng } from '../../sandbox/storefront/rng';
import { type TempDir, tempDir, waitFor } from '../support';
import { calm, outgoing, ScriptedChannel } from './outbox-support';

const EVENTS = 600;
const KEYS = 6;
/** Of so many events, the first ones find that nothing fails: so that events are added from memory again. */
const ROUND = 150;
const QUIET = 30;

interface Trouble {
  /** Share of events that go by way of the store. */
  readonly viaStore: number;
  /** Chance per event that the outbox is stopped and opened again. */
  readonly restarts?: number;
  /** Chance that a turn of the relay fails; whether it was committed is not known then. */
  readonly storeFails?: number;
}

const CASES: Readonly<Record<string, Trouble>> = {
  'events from the store': { viaStore: 1 },
  'events from memory': { viaStore: 0 },
  'events of both ways': { viaStore: 0.1 },
  'events of both ways, restarts': { viaStore: 0.1, restarts: 0.01 },
  'events of both ways, a store that fails': { viaStore: 0.1, storeFails: 0.02 },
  'events from the store, restarts, a store that fails': { viaStore: 1, restarts: 0.01, storeFails: 0.02 },
};

describe('outbox, order within a key while publishing fails now and then', function () {
  this.timeout(60_000);
  const seed = process.env['SEED'] ?? String(Date.now());
  let folder: TempDir;
  let store: SqliteStoreHandle;
  let outbox: Outbox;
  beforeEach(async () => {
    folder = tempDir();
    store = await openSqliteStore(`${folder.path}/store.sqlite`);
  });
  afterEach(async () => {
    await outbox.stop(0);
    await store.close();
    folder.remove();
  });

  for (const [name, { viaStore, restarts = 0, storeFails = 0 }] of Object.entries(CASES)) {
    it(name, async () => {
      const rng = createRng(`${name} ${seed}`);
      const channel = new ScriptedChannel();
      const confirmed: string[] = [];
      let trouble = false;
      channel.answer = (it) => {
        if (trouble && rng.next() < 0.2) it.fail(rng.next() < 0.8 ? 'CHANNEL_BUSY' : 'CHANNEL_OFFLINE');
        else {
          confirmed.push(it.event.id);
          it.confirm();
        }
      };
      const faulty = failing(store, () => trouble && rng.next() < storeFails);
      const open = async (): Promise<Outbox> => {
        const opened = await openOutbox({
          store: faulty,
          channelId: 'events',
          publisher: channel,
          window: 8,
          backoff: { baseMs: 1, capMs: 5 },
        });
        opened.start();
        return opened;
      };
      outbox = await open();
      const added: string[][] = Array.from({ length: KEYS }, () => []);
      const units: Promise<void>[] = [];
      for (let n = 0; n < EVENTS; n += 1) {
        if (n % ROUND === 0) {
          trouble = false;
          await Promise.all(units);
          await waitFor(() => outbox.depth === 0, { what: `an empty outbox, seed ${seed}` });
          await calm(outbox);
        }
        if (n % ROUND === QUIET) trouble = true;
        if (rng.next() < restarts) {
          await Promise.all(units);
          await outbox.stop(rng.next() < 0.5 ? 0 : 50);
          outbox = await open();
        }
        const key = Math.floor(rng.next() * KEYS);
        const event = outgoing(`${key}-${n}`, `key ${key}`);
        added[key]?.push(event.id);
        const current = outbox;
        const { statements, committed } =
          rng.next() < viaStore
            ? { statements: current.statements([event]), committed: () => current.wake() }
            : current.add(event);
        units.push(store.run(statements).then((results) => committed?.(results)));
        if (rng.next() < 0.3) await sleep(rng.next() * 4);
      }
      trouble = false;
      await Promise.all(units);
      await waitFor(() => outbox.depth === 0, { what: `an empty outbox, seed ${seed}` });
      for (const [key, ids] of added.entries()) {
        // What was confirmed and not marked before a restart is published once more.
        const first = new Set(confirmed.filter((id) => id.startsWith(`${key}-`)));
        assert.deepEqual([...first], ids, `key ${key}, seed ${seed}`);
        if (restarts + storeFails === 0) assert.equal(confirmed.length, EVENTS, `seed ${seed}`);
      }
      const [left] = await store.run([{ sql: "SELECT * FROM crossdock_outbox WHERE state <> 'sent'" }]);
      assert.deepEqual(left?.rows, []);
    });
  }
});

/** The relay's turns fail when `fails` says so, before or after their commit. */
function failing(store: Store, fails: () => boolean): Store {
  let after = false;
  return new Proxy<Store>(store, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (property !== 'run') return typeof value === 'function' ? value.bind(target) : value;
      const run: Store['run'] = async (statements) => {
        const bad = /UPDATE crossdock_outbox_relay/.test(statements[0]?.sql ?? '') && fails();
        if (!bad) return target.run(statements);
        after = !after;
        if (after) await target.run(statements);
        throw new Error('the disk does not answer');
      };
      return run;
    },
  });
}
