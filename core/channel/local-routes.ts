/**
 * Which subscriptions of a local channel take which addresses. They live in the store; each process keeps a copy, so
 * that a publish asks nobody.
 *
 * Removing takes more than one unit, since an inbox may be large: first the filter is emptied (it takes nothing any
 * more), then the inbox is deleted in bounded pieces, then the row goes. What a crash interrupts is continued at the
 * next opening; a subscription that is declared again in between wins.
 */
import { INBOX_SCHEMA } from '../delivery/inbox-schema';
import type { Migration, Store } from '../store';
import { filterMatches } from './address';

const SCHEMA: Migration = {
  idea: 'local-channel',
  steps: [
    [
      `CREATE TABLE crossdock_local_subscription (
        channel TEXT NOT NULL,
        name TEXT NOT NULL,
        filter TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (channel, name))`,
    ],
    ['ALTER TABLE crossdock_local_subscription ADD COLUMN newest_only BIGINT NOT NULL DEFAULT 0'],
  ],
};
const SELECT =
  'SELECT name, filter, newest_only FROM crossdock_local_subscription WHERE channel = ? ORDER BY name';
const DECLARE = `INSERT INTO crossdock_local_subscription (channel, name, filter, newest_only, created_at)
  VALUES (?, ?, ?, ?, {now})
  ON CONFLICT (channel, name) DO UPDATE SET filter = excluded.filter, newest_only = excluded.newest_only`;
const EMPTY = "UPDATE crossdock_local_subscription SET filter = '' WHERE channel = ? AND name = ?";
const FORGET = "DELETE FROM crossdock_local_subscription WHERE channel = ? AND name = ? AND filter = ''";
/** What was the newest of each key, once the subscription is no more. */
const FORGET_NEWEST_OF = `DELETE FROM crossdock_inbox_newest WHERE source = ?
  AND NOT EXISTS (SELECT 1 FROM crossdock_local_subscription WHERE channel = ? AND name = ?)`;
const PURGE_ROWS = 1000;
const PURGE = `DELETE FROM crossdock_inbox WHERE seq IN (
    SELECT seq FROM crossdock_inbox WHERE source = ? LIMIT ${PURGE_ROWS})
  AND NOT EXISTS (SELECT 1 FROM crossdock_local_subscription WHERE channel = ? AND name = ? AND filter <> '')`;
/** Changes nothing and is written all the same: a full disk refuses it. */
const PROBE = 'UPDATE crossdock_local_subscription SET created_at = created_at WHERE channel = ?';

/** So many filters are looked at faster than an address is remembered: most addresses hold a key, and come once. */
const FEW = 16;
/** Addresses whose subscriptions are remembered, and how long an address may be for that: bounds the memory. */
const REMEMBERED = 5000;
const REMEMBERED_LENGTH = 512;
/** Publishers that find nobody make the copy look again, this often at most. */
const LOOK_AGAIN_MS = 100;

interface Route {
  readonly filter: string;
  readonly newestOnly: boolean;
}

export class LocalRoutes {
  /** By inbox source. */
  #routes: ReadonlyMap<string, Route> = new Map();
  readonly #matches = new Map<string, readonly string[]>();
  /** Sources whose subscription another process may have removed. */
  readonly #gone = new Set<string>();
  #running: Promise<unknown> = Promise.resolve();
  #queued: Promise<void> | undefined;
  #lookedAt = 0;

  private constructor(
    private readonly store: Store,
    private readonly channelId: string,
  ) {}

  static async open(store: Store, channelId: string): Promise<LocalRoutes> {
    await store.migrate(INBOX_SCHEMA);
    await store.migrate(SCHEMA);
    const routes = new LocalRoutes(store, channelId);
    for (const [name, { filter }] of await routes.#read())
      if (filter === '') await routes.#finishRemoval(name);
    await routes.refresh();
    return routes;
  }

  sourceOf(name: string): string {
    return `local:${this.channelId}:${name}`;
  }

  /** All inbox sources that there are. */
  get sources(): readonly string[] {
    return [...this.#routes.keys()];
  }

  /** The inbox sources that take the address; where there are many, the last addresses are remembered. */
  match(address: string): readonly string[] {
    return this.#routes.size <= FEW ? this.#matching(address) : this.#remembered(address);
  }

  /** Whether the inbox of this source keeps only the newest event of each partition key. */
  newestOnly(source: string): boolean {
    return this.#routes.get(source)?.newestOnly ?? false;
  }

  #matching(address: string): string[] {
    const found: string[] = [];
    for (const [source, { filter }] of this.#routes) if (filterMatches(filter, address)) found.push(source);
    return found;
  }

  #remembered(address: string): readonly string[] {
    const known = this.#matches.get(address);
    if (known !== undefined) {
      this.#matches.delete(address);
      this.#matches.set(address, known);
      return known;
    }
    const found = this.#matching(address);
    if (address.length <= REMEMBERED_LENGTH) {
      this.#matches.set(address, found);
      if (this.#matches.size > REMEMBERED) {
        for (const oldest of this.#matches.keys()) {
          this.#matches.delete(oldest);
          break;
        }
      }
    }
    return found;
  }

  async declare(name: string, filter: string, newestOnly: boolean): Promise<void> {
    await this.store.run([{ sql: DECLARE, params: [this.channelId, name, filter, newestOnly ? 1 : 0] }]);
    await this.refresh();
  }

  async remove(name: string): Promise<void> {
    await this.store.run([{ sql: EMPTY, params: [this.channelId, name] }]);
    await this.refresh();
    await this.#finishRemoval(name);
  }

  /** Looks again, unless it has just been done; for publishers that cannot wait for it. */
  lookAgain(): Promise<void> | undefined {
    if (performance.now() - this.#lookedAt < LOOK_AGAIN_MS) return undefined;
    return this.refresh();
  }

  /** Reads the subscriptions. Callers share the reading that has not begun yet: one that has may miss a commit. */
  refresh(): Promise<void> {
    this.#queued ??= this.#afterRunning();
    return this.#queued;
  }

  /** Deletes what this process put into inboxes after another one had removed them; else it would stay for ever. */
  async sweep(): Promise<void> {
    for (const source of [...this.#gone]) {
      await this.#purge(source.slice(this.sourceOf('').length));
      this.#gone.delete(source);
    }
  }

  /** Whether the store can be written; rejects with its error. */
  async probe(): Promise<void> {
    await this.store.run([{ sql: PROBE, params: [this.channelId] }]);
  }

  async #afterRunning(): Promise<void> {
    await this.#running;
    this.#queued = undefined;
    const loading = this.#load();
    this.#running = loading.catch(() => undefined);
    await loading;
  }

  async #load(): Promise<void> {
    this.#lookedAt = performance.now();
    const found = new Map<string, Route>();
    for (const [name, route] of await this.#read())
      if (route.filter !== '') found.set(this.sourceOf(name), route);
    const before = this.#routes;
    if (sameRoutes(before, found)) return;
    this.#routes = found;
    this.#matches.clear();
    for (const source of before.keys()) if (!found.has(source)) this.#gone.add(source);
  }

  async #read(): Promise<[name: string, route: Route][]> {
    const [result] = await this.store.run([{ sql: SELECT, params: [this.channelId] }]);
    return (result?.rows ?? []).map(({ name, filter, newest_only }) => [
      String(name),
      { filter: String(filter), newestOnly: Number(newest_only) === 1 },
    ]);
  }

  async #finishRemoval(name: string): Promise<void> {
    await this.#purge(name);
    this.#gone.delete(this.sourceOf(name));
    await this.store.run([
      { sql: FORGET, params: [this.channelId, name] },
      { sql: FORGET_NEWEST_OF, params: [this.sourceOf(name), this.channelId, name] },
    ]);
  }

  /** Deletes the inbox of a subscription that is no more, some rows per unit. */
  async #purge(name: string): Promise<void> {
    const statement = { sql: PURGE, params: [this.sourceOf(name), this.channelId, name] };
    let removed: number;
    do {
      const [result] = await this.store.run([statement]);
      removed = result?.changes ?? 0;
    } while (removed === PURGE_ROWS);
  }
}

function sameRoutes(a: ReadonlyMap<string, Route>, b: ReadonlyMap<string, Route>): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([source, { filter, newestOnly }]) => {
    const other = b.get(source);
    return other?.filter === filter && other.newestOnly === newestOnly;
  });
}
