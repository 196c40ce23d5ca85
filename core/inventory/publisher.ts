/**
 * Publishes available-to-sell quantities to one channel: only changes, only the newest per item, numbered, and marked
 * as published after the broker has confirmed, never before. All state is in the store, so that a crash at any point
 * at most repeats an event with the same id and sequence.
 */
import type { ObservedInventoryLevel } from '../canonical/inventory-level';
import type { EventChannel, Publisher } from '../channel';
import { CrossdockError } from '../errors';
import { type Row, type Statement, StatementExpectationError, type Store } from '../store/types';
import { type AcceptResult, Intake } from './intake';
import { type Lane, laneOf } from './lane';
import { type ChannelPolicy, checkedPolicy } from './policy';
import { inventoryMigration, LEASE_SQL, PENDING_SQL, RELEASE_SQL } from './schema';
import { Pass } from './sender';

/** Levels that are taken in at once while earlier ones leave. */
const LEVELS_AT_ONCE = 1024;
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

/** Opens a publisher and brings its tables up to date. Throws CONFIG_INVALID (permanent) for a policy that cannot be. */
export async function openInventoryPublisher(
  options: InventoryPublisherOptions,
): Promise<InventoryPublisher> {
  const policy = checkedPolicy({
    ...(options.buffer === undefined ? {} : { buffer: options.buffer }),
    ...options.policy,
  });
  await options.store.migrate(inventoryMigration);
  const now = options.now ?? Date.now;
  const lane = laneOf(options.store, options.channelId);
  const intake = new Intake(options.store, options.channelId, policy, now, lane);
  await intake.recover(JSON.stringify([options.policy ?? {}, options.buffer ?? '']));
  return new InventoryPublisher(options, intake, lane);
}

export class InventoryPublisher {
  readonly #options: InventoryPublisherOptions;
  readonly #store: Store;
  readonly #channelId: string;
  readonly #intake: Intake;
  readonly #lane: Lane;
  #pass: Pass | undefined;
  #next: Promise<FlushResult> | undefined;
  /** Events per ms, smoothed. */
  #rate: number | undefined;
  #closed = false;
  /** Events that were published since the opening. */
  #published = 0;

  /** Use `openInventoryPublisher`. */
  constructor(options: InventoryPublisherOptions, intake: Intake, lane: Lane) {
    this.#options = options;
    this.#store = options.store;
    this.#channelId = options.channelId;
    this.#intake = intake;
    this.#lane = lane;
  }

  /** See `Intake.accept`. */
  accept(levels: readonly ObservedInventoryLevel[]): Promise<AcceptResult> {
    return this.#intake.accept(levels);
  }

  /** See `Intake.complete`. */
  complete(site: string, since: number): Promise<number> {
    return this.#intake.complete(site, since);
  }

  /** See `Intake.heard`. */
  heard(site: string, asOf?: number): Promise<void> {
    return this.#intake.heard(site, asOf);
  }

  /** See `Intake.checkAge`. */
  checkAge(): Promise<readonly string[]> {
    return this.#intake.checkAge();
  }

  /** See `Intake.snapshot`. */
  snapshot(): Promise<number> {
    return this.#intake.snapshot();
  }

  /** See `Intake.snapshotWhenDue`. */
  snapshotWhenDue(everyMs: number): Promise<boolean> {
    return this.#intake.snapshotWhenDue(everyMs);
  }

  /** Somebody else has marked this key in the store as to be told (`tellAgain`): it goes before the rest. */
  hurry(site: string, sku: string): void {
    this.#lane.supersede([{ site, sku }], true);
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
    this.#next = this.#lane.send(() => {
      this.#next = undefined;
      return this.#flush();
    });
    return this.#next;
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
      clearsInMs: this.clearsInMs(pending),
    };
  }

  /** Estimate of how long it takes to send so many, ms; undefined when nothing was sent yet. */
  clearsInMs(pending: number): number | undefined {
    return this.#rate === undefined || this.#rate <= 0 ? undefined : Math.round(pending / this.#rate);
  }

  /** Keys that wait to be published. */
  async pending(): Promise<number> {
    return (await this.backlog()).pending;
  }

  /** Sends nothing more and waits for what runs. The channel and the store stay open. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#pass?.stop();
    await this.#intake.close();
    await this.#lane.idle();
  }

  async #flush(): Promise<FlushResult> {
    const lane = this.#lane;
    const before = lane.stored;
    // From here on, what becomes pending in the store only is for the next pass.
    lane.stored = false;
    let pass: Pass | undefined;
    const startedAt = performance.now();
    try {
      pass = await this.#newPass(before);
      lane.pass = pass;
      this.#pass = pass;
      if (this.#closed) pass.stop();
      if (lane.urgent) pass.hurry();
      lane.urgent = false;
      await pass.run(lane.take());
    } finally {
      lane.pass = undefined;
      this.#pass = undefined;
      if (pass === undefined || pass.left || pass.stopped) lane.stored = true;
      await this.#release();
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

  /** @param stored the store may hold rows that are not in memory */
  async #newPass(stored: boolean): Promise<Pass> {
    const options = this.#options;
    const { store, channelId } = { store: this.#store, channelId: this.#channelId };
    // Where several processes share the store, another one may have newer rows than this one remembers.
    const read = stored || !this.#lane.holds || !store.exclusive;
    const [clock] = read ? await store.run([{ sql: 'SELECT {now} AS now' }]) : [];
    return new Pass(
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
      Number(clock?.rows[0]?.now ?? 0),
      read,
    );
  }

  async #release(): Promise<void> {
    const { exclusive, instanceId } = this.#store;
    if (!exclusive) await this.#store.run([{ sql: RELEASE_SQL, params: [this.#channelId, instanceId] }]);
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
