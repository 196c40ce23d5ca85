/**
 * Publishes available-to-sell quantities to one channel: only changes, only the newest per item, numbered, and marked
 * as published after the broker has confirmed, never before. All state is in the store, so that a crash at any point
 * at most repeats an event with the same id and sequence.
 */
import type { ObservedInventoryLevel } from '../canonical/inventory-level';
import type { EventChannel, Publisher } from '../channel';
import { CrossdockError, type Problem } from '../errors';
import { type Row, type Statement, StatementExpectationError, type Store } from '../store/types';
import { settle } from './desired';
import { HEARD_SQL, observe, type Reading, readingOf } from './observed';
import { type ChannelPolicy, checkedPolicy, type Policy } from './policy';
import { inventoryMigration, LEASE_SQL, PENDING_SQL, RELEASE_SQL } from './schema';
import { Pass } from './sender';
import { Silences } from './silence';

/** Rows per unit of work: bounds how long one unit holds the single writer. */
const ROWS_PER_UNIT = 5000;
/** Levels that are taken in at once while earlier ones leave. */
const LEVELS_AT_ONCE = 4000;
/** Items that are computed in one unit. */
const ITEMS_PER_UNIT = 512;
/** Longer than a page can take: its events time out together. Ms. */
const LEASE_MS = 120_000;

export interface InventoryPublisherOptions {
  readonly store: Store;
  /**
   * One of kind mqtt or amqp takes events that are written already, which saves a good part of the work. While one that
   * tells its state is not connected, nothing is sent and nobody waits for it.
   */
  readonly channel: Publisher & Partial<Pick<EventChannel, 'state' | 'onState'>> & { readonly kind?: string };
  /** Names the channel in the store; the state is kept under it. */
  readonly channelId: string;
  /** `source` of the events, for example `/systems/odoo/main`. */
  readonly source: string;
  /** What the channel may be offered. Default: everything that is available, less `buffer`. */
  readonly policy?: ChannelPolicy;
  /** Safety stock held back from this channel, decimal string; short for a policy of nothing else. */
  readonly buffer?: string;
  /** Keep the latest level for those who subscribe later. Default true. */
  readonly retain?: boolean;
  /** Events sent and not yet confirmed, at most. Default 256, what an MQTT channel has in flight by itself. */
  readonly concurrency?: number;
  /** Ms since the epoch; for tests. */
  readonly now?: () => number;
}

export interface AcceptResult {
  /** Readings after which the channel is to be told something new. */
  readonly changed: number;
  readonly unchanged: number;
  /** Readings that are older than what is known. */
  readonly stale: number;
  /** Readings of sites that the channel does not sell from, or by somebody who is not their system of record. */
  readonly ignored: number;
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

/** What is held back from the channel because it cannot be reached. */
export interface Backlog {
  readonly pending: number;
  /** Of these, sold out or back in stock. */
  readonly urgent: number;
  /** Since when the oldest waits, ms of the store's clock; undefined when nothing does. */
  readonly since: number | undefined;
  /** Estimate of how long it takes to send them all once the channel is there, ms; undefined when nothing was sent yet. */
  readonly clearsInMs: number | undefined;
}

/** Flushes that run now, per store and channel: two publishers of one channel must not overtake each other. */
const running = new WeakMap<Store, Map<string, Promise<unknown>>>();

/** Opens a publisher and brings its tables up to date. Throws CONFIG_INVALID (permanent) for a policy that cannot be. */
export async function openInventoryPublisher(
  options: InventoryPublisherOptions,
): Promise<InventoryPublisher> {
  const policy = checkedPolicy({
    ...(options.buffer === undefined ? {} : { buffer: options.buffer }),
    ...options.policy,
  });
  await options.store.migrate(inventoryMigration);
  const publisher = new InventoryPublisher(options, policy);
  await publisher.recover();
  return publisher;
}

type Call = {
  readonly readings: readonly Reading[];
  readonly resolve: (counts: { changed: number; unchanged: number; stale: number }) => void;
  readonly reject: (error: unknown) => void;
};

export class InventoryPublisher {
  readonly #options: InventoryPublisherOptions;
  readonly #store: Store;
  readonly #channelId: string;
  readonly #policy: Policy;
  readonly #now: () => number;
  readonly #silences: Silences;
  #calls: Call[] = [];
  #accepting: Promise<void> | undefined;
  #busy: Promise<void> = Promise.resolve();
  #next: Promise<FlushResult> | undefined;
  #pass: Pass | undefined;
  /** Events per ms, smoothed. */
  #rate: number | undefined;
  #closed = false;
  /** Events that were published since the opening. */
  #published = 0;

  /** Use `openInventoryPublisher`. */
  constructor(options: InventoryPublisherOptions, policy: Policy) {
    this.#options = options;
    this.#store = options.store;
    this.#channelId = options.channelId;
    this.#policy = policy;
    this.#now = options.now ?? Date.now;
    this.#silences = new Silences(options.store, options.channelId, policy);
  }

  /** Computes what an earlier process observed and did not come to compute, and everything when the policy is another. */
  async recover(): Promise<void> {
    await this.#silences.load();
    await this.#silences.adoptPolicy(
      JSON.stringify([this.#options.policy ?? {}, this.#options.buffer ?? '']),
    );
    await this.#settleDirty();
  }

  /**
   * Takes readings in; durable when it resolves. The sequence of a key moves only when its quantity changes, and an
   * older reading (`asOf`) never overwrites a newer one. Of several readings of one key the newest counts, the others
   * are stale. Calls that come while one is under way are taken in together. Rejects with the store's errors.
   */
  async accept(levels: readonly ObservedInventoryLevel[]): Promise<AcceptResult> {
    const newest = new Map<string, Reading>();
    const invalid: Array<{ index: number; problems: Problem[] }> = [];
    const now = this.#now();
    let ignored = 0;
    let older = 0;
    for (const [index, level] of levels.entries()) {
      const checked = readingOf(level, this.#policy, now);
      if ('problems' in checked) invalid.push({ index, problems: checked.problems });
      else if ('ignored' in checked) ignored += 1;
      else if (!keepNewest(newest, checked.reading)) older += 1;
    }
    const counts = await this.#enqueue([...newest.values()]);
    return { ...counts, stale: counts.stale + older, ignored, invalid };
  }

  /**
   * A source has read all of a site, since `since` (ms): what it did not speak of is no longer there (an archived
   * article), and is published as 0.
   */
  async complete(site: string, since: number): Promise<number> {
    return this.#alone(async () => {
      const gone = await this.#silences.retire(site, since);
      await this.#settleDirty();
      return gone;
    });
  }

  /** The source of a site is alive, though nothing has changed: its stock is as fresh as `asOf` (ms). */
  async heard(site: string, asOf: number = this.#now()): Promise<void> {
    await this.#store.run([{ sql: HEARD_SQL, params: [this.#channelId, site, asOf] }]);
    await this.checkAge();
  }

  /**
   * Finds sites that have been silent for longer than the policy accepts, or that speak again, and computes their items
   * anew. To be called now and then. @returns the sites that are silent
   */
  async checkAge(): Promise<readonly string[]> {
    return this.#alone(async () => {
      if (await this.#silences.check(this.#now())) await this.#settleDirty();
      return [...this.#silences.stale.keys()];
    });
  }

  /** Publishes everything once more, as it stands (same sequence, same event): for a channel that may have missed something. */
  async snapshot(): Promise<number> {
    const marked = await this.#silences.markAll(() => this.#closed);
    // Last, so that a crash in between begins it again.
    await this.#silences.snapshotTaken();
    return marked;
  }

  /** A snapshot, when the last one is so many ms ago (or the first start). @returns whether one was taken */
  async snapshotWhenDue(everyMs: number): Promise<boolean> {
    if (!(await this.#silences.snapshotDue(everyMs))) return false;
    await this.snapshot();
    return true;
  }

  /**
   * Takes levels in and publishes, both at once: what the first ones change leaves while the next are taken in. Resolves
   * when all has left, or is durable and cannot leave since the channel is not connected. `published` counts all that left
   * meanwhile. Rejects with the store's errors.
   */
  async publish(levels: readonly ObservedInventoryLevel[]): Promise<AcceptResult & FlushResult> {
    const before = this.#published;
    const total = { changed: 0, unchanged: 0, stale: 0, ignored: 0 };
    const invalid: AcceptResult['invalid'][number][] = [];
    for (let from = 0; from < levels.length; from += LEVELS_AT_ONCE) {
      const part = await this.accept(levels.slice(from, from + LEVELS_AT_ONCE));
      for (const name of ['changed', 'unchanged', 'stale', 'ignored'] as const) total[name] += part[name];
      for (const { index, problems } of part.invalid) invalid.push({ index: from + index, problems });
      if (part.changed > 0 && from + LEVELS_AT_ONCE < levels.length) this.#kick();
    }
    const result = await this.drain();
    return { ...total, invalid, ...result, published: this.#published - before };
  }

  /** Begins to send, without waiting for it. */
  #kick(): void {
    if (this.#offline() !== undefined) return;
    // Whoever drains next waits for this and has the store's error.
    this.flush().catch(() => undefined);
  }

  /** Flushes until nothing is pending, or nothing more can leave now. Does not wait for a channel that is not connected. */
  async drain(): Promise<FlushResult> {
    for (;;) {
      const problem = this.#offline();
      if (problem !== undefined) return { published: 0, failed: 0, pending: await this.pending(), problem };
      const result = await this.#whileConnected(this.flush());
      // The connection was lost meanwhile: what is in flight is settled behind our back.
      if (result === undefined) continue;
      if (result.pending === 0 || result.published === 0 || result.problem !== undefined) return result;
    }
  }

  #offline(): CrossdockError | undefined {
    const { state } = this.#options.channel;
    if (state === undefined || state.status === 'connected') return undefined;
    const { code = 'CHANNEL_OFFLINE', message = 'The channel is not connected.' } = state.reason ?? {};
    return new CrossdockError(message, { code, kind: 'transient' });
  }

  /** What the work gives; undefined as soon as the channel is not connected any more. */
  async #whileConnected(work: Promise<FlushResult>): Promise<FlushResult | undefined> {
    const { channel } = this.#options;
    let stop: (() => void) | undefined;
    const lost = new Promise<undefined>((resolve) => {
      stop = channel.onState?.(({ status }) => {
        if (status !== 'connected') resolve(undefined);
      });
    });
    // When nobody waits for it any more, its failure is seen by the next flush.
    work.catch(() => undefined);
    try {
      return await Promise.race([work, lost]);
    } finally {
      stop?.();
    }
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

  /** What waits to be published. */
  async backlog(): Promise<Backlog> {
    const [result] = await this.#store.run([{ sql: PENDING_SQL, params: [this.#channelId] }]);
    const row = result?.rows[0];
    const pending = Number(row?.pending ?? 0);
    return {
      pending,
      urgent: Number(row?.urgent ?? 0),
      since: pending === 0 ? undefined : Number(row?.since),
      clearsInMs: this.#rate === undefined || this.#rate <= 0 ? undefined : Math.round(pending / this.#rate),
    };
  }

  /** Keys that wait to be published. */
  async pending(): Promise<number> {
    return (await this.backlog()).pending;
  }

  /** Sends nothing more and waits for what runs. The channel and the store stay open. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#pass?.stop();
    await this.#accepting;
    await running.get(this.#store)?.get(this.#channelId);
  }

  /** Observing and computing, one after the other: what is observed meanwhile would count as computed. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#busy.then(work);
    this.#busy = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }

  #enqueue(readings: readonly Reading[]): Promise<{ changed: number; unchanged: number; stale: number }> {
    return new Promise((resolve, reject) => {
      this.#calls.push({ readings, resolve, reject });
      this.#accepting ??= this.#acceptAll().finally(() => {
        this.#accepting = undefined;
      });
    });
  }

  /** While one batch is being taken in, what comes gathers for the next. */
  async #acceptAll(): Promise<void> {
    while (this.#calls.length > 0) {
      const calls = this.#calls;
      this.#calls = [];
      try {
        const newest = new Map<string, Reading>();
        for (const { readings } of calls) for (const reading of readings) keepNewest(newest, reading);
        const { known, moved } = await this.#alone(() => this.#take([...newest.values()]));
        for (const { readings, resolve } of calls) resolve(countsOf(readings, newest, known, moved));
      } catch (error) {
        for (const { reject } of calls) reject(error);
      }
    }
  }

  async #take(readings: readonly Reading[]): Promise<{ known: Set<string>; moved: Set<string> }> {
    const known = new Set<string>();
    const moved = new Set<string>();
    const heard = new Map<string, number>();
    for (const { site, asOf } of readings) heard.set(site, Math.max(asOf, heard.get(site) ?? 0));
    for (let from = 0; from < readings.length; from += ROWS_PER_UNIT) {
      const unit = readings.slice(from, from + ROWS_PER_UNIT);
      const statements = observe(this.#channelId, unit);
      const results = await this.#store.run(statements);
      const dirty = new Set<string>();
      for (const row of results.flatMap((result) => result.rows)) {
        known.add(keyOf(String(row.site), String(row.sku), String(row.part)));
        if (Number(row.dirty) === 1) dirty.add(String(row.sku));
      }
      for (const sku of await this.#settle([...dirty])) moved.add(sku);
    }
    if (heard.size > 0) {
      const said = [...heard].map(([site, asOf]) => ({
        sql: HEARD_SQL,
        params: [this.#channelId, site, asOf],
      }));
      await this.#store.run(said);
      // A site that was silent speaks again: its other items are as they were said last.
      if (this.#silences.anyOf(heard.keys()) && (await this.#silences.check(this.#now())))
        await this.#settleDirty();
    }
    return { known, moved };
  }

  async #settle(skus: readonly string[]): Promise<Set<string>> {
    const moved = new Set<string>();
    for (let from = 0; from < skus.length; from += ITEMS_PER_UNIT) {
      const items = skus.slice(from, from + ITEMS_PER_UNIT);
      const settled = await settle(
        this.#store,
        this.#channelId,
        this.#policy,
        this.#silences,
        items,
        this.#now(),
      );
      for (const sku of settled.moved) moved.add(sku);
      if (settled.urgent) this.#pass?.hurry();
    }
    return moved;
  }

  async #settleDirty(): Promise<void> {
    for (let after = ''; !this.#closed; ) {
      const skus = await this.#silences.dirty(after, ITEMS_PER_UNIT);
      const last = skus.at(-1);
      if (last === undefined) return;
      await this.#settle(skus);
      after = last;
    }
  }

  async #flush(): Promise<FlushResult> {
    const { store, channelId } = { store: this.#store, channelId: this.#channelId };
    const [clock] = await store.run([{ sql: 'SELECT {now} AS now' }]);
    const options = this.#options;
    const pass = new Pass(
      {
        store,
        channel: options.channel,
        takesWritten: options.channel.kind === 'mqtt' || options.channel.kind === 'amqp',
        channelId,
        source: options.source,
        retain: options.retain ?? true,
        concurrency: Math.max(1, Math.min(1000, Math.trunc(options.concurrency ?? 256))),
        read: (select) => this.#leased(select),
      },
      Number(clock?.rows[0]?.now),
    );
    if (this.#closed) pass.stop();
    this.#pass = pass;
    const startedAt = performance.now();
    try {
      await pass.run();
    } finally {
      this.#pass = undefined;
      if (!store.exclusive) await store.run([{ sql: RELEASE_SQL, params: [channelId, store.instanceId] }]);
    }
    const { published, failed, problem } = pass;
    this.#published += published;
    if (published > 0) {
      const rate = published / Math.max(1, performance.now() - startedAt);
      this.#rate = this.#rate === undefined ? rate : this.#rate * 0.7 + rate * 0.3;
    }
    return {
      published,
      failed,
      pending: await this.pending(),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  /** Reads under the lease on the channel; undefined when another process flushes it. */
  async #leased(select: Statement): Promise<readonly Row[] | undefined> {
    if (this.#store.exclusive) {
      const [result] = await this.#store.run([select]);
      return result?.rows ?? [];
    }
    try {
      const lease = {
        sql: LEASE_SQL,
        params: [this.#channelId, this.#store.instanceId, LEASE_MS],
        expect: 1,
      };
      const [, result] = await this.#store.run([lease, select]);
      return result?.rows ?? [];
    } catch (error) {
      if (error instanceof StatementExpectationError) return undefined;
      throw error;
    }
  }
}

const keyOf = (site: string, sku: string, part: string): string => JSON.stringify([site, sku, part]);

/** @returns false when one of the two is older and so counts for nothing */
function keepNewest(newest: Map<string, Reading>, reading: Reading): boolean {
  const key = keyOf(reading.site, reading.sku, reading.part);
  const other = newest.get(key);
  if (other === undefined || other.asOf <= reading.asOf) newest.set(key, reading);
  return other === undefined;
}

function countsOf(
  readings: readonly Reading[],
  newest: ReadonlyMap<string, Reading>,
  known: ReadonlySet<string>,
  moved: ReadonlySet<string>,
): { changed: number; unchanged: number; stale: number } {
  const counts = { changed: 0, unchanged: 0, stale: 0 };
  for (const reading of readings) {
    const key = keyOf(reading.site, reading.sku, reading.part);
    if (newest.get(key) !== reading || !known.has(key)) counts.stale += 1;
    else if (moved.has(reading.sku)) counts.changed += 1;
    else counts.unchanged += 1;
  }
  return counts;
}
