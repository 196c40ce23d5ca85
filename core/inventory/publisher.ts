/**
 * Publishes available-to-sell quantities to one channel: only changes, only the newest per item, numbered, and marked
 * as published after the broker has confirmed, never before. All state is in the store, so that a crash at any point
 * at most repeats an event with the same id and sequence.
 */
import type { InventoryLevel, ObservedInventoryLevel } from '../canonical/inventory-level';
import { type CloudEvent, makeEvent, type Publisher } from '../channel';
import { asCrossdockError, type CrossdockError, type Problem } from '../errors';
import { type Row, type Statement, StatementExpectationError, type Store } from '../store/types';
import { checkedBuffer, type Reading, readingOf } from './reading';
import {
  CONFIRMED_SQL,
  inventoryMigration,
  LEASE_SQL,
  PAGE_SQL,
  PENDING_SQL,
  REFUSED_SQL,
  RELEASE_SQL,
  upsertSql,
} from './schema';

export const INVENTORY_EVENT_TYPE = 'com.crossdock.distribution.inventory.changed.v1';
export const INVENTORY_SCHEMA = 'https://crossdock.dev/contracts/inventory-level/1.0';

/** Rows per statement: 7 parameters each, well below both databases' limits. */
const ROWS_PER_STATEMENT = 100;
/** Rows per unit of work: bounds how long one unit holds the single writer. */
const ROWS_PER_UNIT = 5000;
const PAGE_ROWS = 500;
/** Longer than a page can take: its events time out together. Ms. */
const LEASE_MS = 120_000;

export interface InventoryPublisherOptions {
  readonly store: Store;
  readonly channel: Publisher;
  /** Names the channel in the store; the state is kept under it. */
  readonly channelId: string;
  /** `source` of the events, for example `/systems/odoo/main`. */
  readonly source: string;
  /** Safety stock held back from this channel, decimal string. Default `0`. */
  readonly buffer?: string;
  /** Keep the latest level for those who subscribe later. Default true. */
  readonly retain?: boolean;
  /** Events sent and not yet confirmed, at most. Default 64. */
  readonly concurrency?: number;
  /** Ms since the epoch; for tests. */
  readonly now?: () => number;
}

export interface AcceptResult {
  /** Keys whose quantity is new for the channel: they will be published. */
  readonly changed: number;
  readonly unchanged: number;
  /** Readings that are older than what is known. */
  readonly stale: number;
  /** Readings that cannot be used, by their index. */
  readonly invalid: ReadonlyArray<{ readonly index: number; readonly problems: readonly Problem[] }>;
}

export interface FlushResult {
  readonly published: number;
  /** Refused by the broker, or not confirmed; they stay pending. */
  readonly failed: number;
  /** Keys that wait to be published now. */
  readonly pending: number;
  /** The first failure, for the status. */
  readonly problem?: CrossdockError;
}

/** Flushes that run now, per store and channel: two publishers of one channel must not overtake each other. */
const running = new WeakMap<Store, Map<string, Promise<unknown>>>();

/** Opens a publisher and brings its tables up to date. Throws CONFIG_INVALID (permanent) for a bad buffer. */
export async function openInventoryPublisher(
  options: InventoryPublisherOptions,
): Promise<InventoryPublisher> {
  const publisher = new InventoryPublisher(options);
  await options.store.migrate(inventoryMigration);
  return publisher;
}

export class InventoryPublisher {
  readonly #options: InventoryPublisherOptions;
  readonly #store: Store;
  readonly #channelId: string;
  readonly #buffer: string;
  readonly #now: () => number;
  #next: Promise<FlushResult> | undefined;
  #closed = false;

  constructor(options: InventoryPublisherOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#channelId = options.channelId;
    this.#buffer = checkedBuffer(options.buffer ?? '0');
    this.#now = options.now ?? Date.now;
  }

  /**
   * Takes readings in; durable when it resolves. The sequence of a key moves only when its quantity changes, and an
   * older reading (`asOf`) never overwrites a newer one. Of several readings of one key the newest counts, the others
   * are stale. Rejects with the store's errors.
   */
  async accept(levels: readonly ObservedInventoryLevel[]): Promise<AcceptResult> {
    const newest = new Map<string, Reading>();
    const invalid: Array<{ index: number; problems: Problem[] }> = [];
    const now = this.#now();
    for (const [index, level] of levels.entries()) {
      const { reading, problems } = readingOf(level, this.#buffer, now);
      if (reading === undefined) {
        invalid.push({ index, problems });
        continue;
      }
      const key = JSON.stringify([reading.site, reading.sku]);
      const other = newest.get(key);
      if (other === undefined || other.asOf <= reading.asOf) newest.set(key, reading);
    }
    const readings = [...newest.values()];
    let kept = 0;
    let changed = 0;
    for (let from = 0; from < readings.length; from += ROWS_PER_UNIT) {
      const unit = readings.slice(from, from + ROWS_PER_UNIT);
      const results = await this.#store.run(this.#upserts(unit));
      for (const row of results.flatMap((result) => result.rows)) {
        kept += 1;
        changed += Number(row.moved);
      }
    }
    return { changed, unchanged: kept - changed, stale: levels.length - invalid.length - kept, invalid };
  }

  #upserts(readings: readonly Reading[]): Statement[] {
    const statements: Statement[] = [];
    for (let from = 0; from < readings.length; from += ROWS_PER_STATEMENT) {
      const rows = readings.slice(from, from + ROWS_PER_STATEMENT);
      statements.push({
        sql: upsertSql(rows.length),
        params: rows.flatMap(({ site, sku, asOf, quantity, body }) => [
          this.#channelId,
          site,
          sku,
          asOf,
          quantity,
          body,
          // Never published: a channel may believe in stock that is not there, so zero goes first.
          quantity === '0' ? 0 : 1,
        ]),
      });
    }
    return statements;
  }

  /**
   * Publishes what is pending, sold-out and back-in-stock first. Resumable: what is not confirmed stays pending. One
   * flush at a time per store and channel; a call during a flush gets the result of the one that follows.
   * Rejects with the store's errors only; the channel's failures are in the result.
   */
  flush(): Promise<FlushResult> {
    if (this.#next !== undefined) return this.#next;
    const ofStore = running.get(this.#store) ?? new Map<string, Promise<unknown>>();
    running.set(this.#store, ofStore);
    const before = ofStore.get(this.#channelId) ?? Promise.resolve();
    const mine = before.then(() => {
      this.#next = undefined;
      return this.#flush();
    });
    this.#next = mine;
    const done: Promise<unknown> = mine
      .catch(() => undefined)
      .then(() => {
        if (ofStore.get(this.#channelId) === done) ofStore.delete(this.#channelId);
      });
    ofStore.set(this.#channelId, done);
    return mine;
  }

  /** Keys that wait to be published. */
  async pending(): Promise<number> {
    const [result] = await this.#store.run([{ sql: PENDING_SQL, params: [this.#channelId] }]);
    return Number(result?.rows[0]?.pending ?? 0);
  }

  /** Sends nothing more and waits for the flush that runs. The channel and the store stay open. */
  async close(): Promise<void> {
    this.#closed = true;
    await running.get(this.#store)?.get(this.#channelId);
  }

  async #flush(): Promise<FlushResult> {
    const pass = new Pass(this.#options, this.#concurrency());
    try {
      const [clock] = await this.#store.run([{ sql: 'SELECT {now} AS now' }]);
      const start = Number(clock?.rows[0]?.now);
      let cursor: readonly [number, number, string, string] = [-1, 0, '', ''];
      while (!this.#closed && !pass.stopped) {
        const rows = await this.#page(start, cursor);
        if (rows === undefined || rows.length === 0) break;
        await pass.publish(rows, () => this.#closed);
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE_ROWS) break;
        cursor = [last.urgency, last.pendingSince, last.site, last.sku];
      }
    } finally {
      if (!this.#store.exclusive) {
        await this.#store.run([{ sql: RELEASE_SQL, params: [this.#channelId, this.#store.instanceId] }]);
      }
    }
    const { published, failed, problem } = pass;
    const pending = await this.pending();
    return { published, failed, pending, ...(problem === undefined ? {} : { problem }) };
  }

  #concurrency(): number {
    return Math.max(1, Math.min(1000, Math.trunc(this.#options.concurrency ?? 64)));
  }

  /** The next rows; undefined when another process flushes this channel. */
  async #page(
    start: number,
    cursor: readonly [number, number, string, string],
  ): Promise<PendingRow[] | undefined> {
    const select: Statement = { sql: PAGE_SQL, params: [this.#channelId, start, ...cursor, PAGE_ROWS] };
    if (this.#store.exclusive) {
      const [result] = await this.#store.run([select]);
      return result?.rows.map(pendingRow) ?? [];
    }
    try {
      const lease = {
        sql: LEASE_SQL,
        params: [this.#channelId, this.#store.instanceId, LEASE_MS],
        expect: 1,
      };
      const [, result] = await this.#store.run([lease, select]);
      return result?.rows.map(pendingRow) ?? [];
    } catch (error) {
      if (error instanceof StatementExpectationError) return undefined;
      throw error;
    }
  }
}

interface PendingRow {
  readonly site: string;
  readonly sku: string;
  readonly sequence: number;
  readonly quantity: string;
  readonly body: string;
  readonly urgency: number;
  readonly pendingSince: number;
}

function pendingRow(row: Row): PendingRow {
  return {
    site: String(row.site),
    sku: String(row.sku),
    sequence: Number(row.sequence),
    quantity: String(row.quantity),
    body: String(row.body),
    urgency: Number(row.urgency),
    pendingSince: Number(row.pending_since),
  };
}

/** One pass over what is pending: bounded concurrency, and marks that gather while one is being committed. */
class Pass {
  published = 0;
  failed = 0;
  problem: CrossdockError | undefined;
  /** The channel cannot take more now; the rest waits for the next flush. */
  stopped = false;
  #marks: Statement[] = [];
  #marking: Promise<void> | undefined;

  constructor(
    readonly options: InventoryPublisherOptions,
    readonly concurrency: number,
  ) {}

  async publish(rows: readonly PendingRow[], closed: () => boolean): Promise<void> {
    let next = 0;
    const work = async (): Promise<void> => {
      while (!this.stopped && !closed()) {
        const row = rows[next];
        next += 1;
        if (row === undefined) return;
        await this.#one(row);
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.concurrency, rows.length) }, work));
    // All marks of this page are durable before the next page is read: a key is never in flight twice.
    await this.#marking;
  }

  async #one(row: PendingRow): Promise<void> {
    const { channel, channelId, retain = true } = this.options;
    try {
      await channel.publish(eventOf(row, this.options), { retain });
    } catch (thrown) {
      const error = asCrossdockError(thrown);
      this.failed += 1;
      this.problem ??= error;
      if (error.retryable) this.stopped = true;
      else
        this.#mark({ sql: REFUSED_SQL, params: [error.message, channelId, row.site, row.sku, row.sequence] });
      return;
    }
    this.published += 1;
    const { sequence, quantity } = row;
    this.#mark({
      sql: CONFIRMED_SQL,
      params: [sequence, quantity, sequence, quantity, sequence, channelId, row.site, row.sku, sequence],
    });
  }

  #mark(statement: Statement): void {
    this.#marks.push(statement);
    if (this.#marking !== undefined) return;
    this.#marking = this.#drain();
    // The failure is seen where the page is awaited; this only keeps it from being unhandled until then.
    this.#marking.catch(() => {
      this.stopped = true;
    });
  }

  async #drain(): Promise<void> {
    while (this.#marks.length > 0) {
      const batch = this.#marks;
      this.#marks = [];
      await this.options.store.run(batch);
    }
    this.#marking = undefined;
  }
}

/** The event of a pending row: the same row gives the same event. */
function eventOf(row: PendingRow, options: InventoryPublisherOptions): CloudEvent<InventoryLevel> {
  const data = { ...(JSON.parse(row.body) as Omit<InventoryLevel, 'sequence'>), sequence: row.sequence };
  return makeEvent<InventoryLevel>({
    type: INVENTORY_EVENT_TYPE,
    source: options.source,
    subject: row.sku,
    time: data.asOf,
    dataschema: INVENTORY_SCHEMA,
    partitionkey: row.sku,
    sequence: row.sequence,
    idScope: [options.channelId, row.site],
    extensions: { site: row.site },
    data,
  });
}
