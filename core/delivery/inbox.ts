/**
 * The inbox: persist, then acknowledge; then deliver until the flow has settled the message.
 *
 * A source commits a message with `accept` and only then answers its sender. A dispatcher leases messages into the
 * flow with bounded concurrency (that is the back-pressure), in order per partition key and in parallel across keys.
 * A crash, a kill -9 or a redeploy only ends the lease: the message is delivered again.
 */
import { asCrossdockError, CrossdockError } from '../errors';
import type { Statement, Store } from '../store';
import { type Backoff, backoffDelay, INBOX_BACKOFF } from './backoff';
import {
  ACCEPT,
  CLEAN_UP,
  HAND_BACK,
  INBOX_SCHEMA,
  LEASE,
  NEXT_DUE,
  SETTLE_DEAD,
  SETTLE_DONE,
  SETTLE_PARKED,
  SETTLE_RETRY,
} from './inbox-schema';
import type { Origin, Outcome, ScopeHandlers } from './scope';

/** A message as its source hands it in. */
export interface Incoming {
  /** The sender's delivery id: the same id again is a duplicate and is not taken twice. */
  readonly id: string;
  /** Messages with the same key are delivered one after the other, in the order of their acceptance. */
  readonly partitionKey: string;
  readonly body: Uint8Array;
  /** What the flow may need beside the body, for example the webhook's topic. No credentials. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Lower goes first; orders 5, catalogue 9. Default 5. */
  readonly priority?: number;
  /** Ms after which the message is no longer worth delivering. Default: never. */
  readonly expiresInMs?: number;
}

/** A message as it is leased into the flow. */
export interface Delivery extends Origin {
  readonly partitionKey: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Set when it must not run again: it ended the process (or its lease) too often, or it has expired. */
  readonly refusal: CrossdockError | undefined;
  /** What to open as the message's outermost scope (`scopes.open(msg, delivery.scope, inbox.holdMs)`). */
  readonly scope: ScopeHandlers;
}

export interface InboxOptions {
  /** Names the source; part of the key, so two sources may use the same ids. */
  readonly source: string;
  /** Messages in the flow at once. */
  readonly concurrency: number;
  /** Failed deliveries before a transient error becomes final. */
  readonly maxAttempts: number;
  /** Ms that a message may stay in the flow before it is delivered again. */
  readonly holdMs: number;
  /** Messages that may wait before `accept` refuses with INBOX_FULL. Default 50,000. */
  readonly highWater?: number;
  /** Ms for which a settled delivery id is remembered. Default 30 days. */
  readonly retentionMs?: number;
  readonly backoff?: Backoff;
  /** Told when the store fails or works again; for the node's status. */
  readonly onProblem?: (problem: CrossdockError | undefined) => void;
}

/** Ends of a lease without a word (crash, swallowed message) after which a message counts as poison. */
const MAX_SILENT_ENDS = 5;
const STORE_RETRY_MS = 1000;
const CLEAN_UP_MS = 10 * 60_000;
const DAY_MS = 86_400_000;

interface InFlight {
  readonly seq: number;
  readonly fence: number;
  /** Gives the message back with every scope that was opened for it; set by whoever took the delivery. */
  handBack?: () => Promise<unknown>;
}

/**
 * Takes a delivery: opens its scope and sends the message. Must not throw.
 * @returns what gives the message back unfinished, with all its scopes (`scopes.handBack(token)`)
 */
export type Deliver = (delivery: Delivery) => () => Promise<unknown>;

export class Inbox {
  readonly holdMs: number;
  readonly #inFlight = new Map<number, InFlight>();
  readonly #idle: (() => void)[] = [];
  #deliver: Deliver | undefined;
  #timer: NodeJS.Timeout | undefined;
  #cleaner: NodeJS.Timeout | undefined;
  #pumping = false;
  #running: Promise<void> = Promise.resolve();
  #again = false;
  #depth = 0;
  #problem: CrossdockError | undefined;

  private constructor(
    private readonly store: Store,
    private readonly options: InboxOptions,
  ) {
    this.holdMs = options.holdMs;
  }

  /** Prepares the tables and counts what waits from before. */
  static async open(store: Store, options: InboxOptions): Promise<Inbox> {
    await store.migrate(INBOX_SCHEMA);
    const inbox = new Inbox(store, options);
    await inbox.#look();
    return inbox;
  }

  /** Messages that wait or are in the flow, as last counted. */
  get depth(): number {
    return this.#depth;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /**
   * Commits a message. Acknowledge the sender only after this resolved.
   * @throws CrossdockError INBOX_FULL or a store error, all transient: answer 503 with Retry-After.
   */
  async accept(incoming: Incoming): Promise<'accepted' | 'duplicate'> {
    if (this.#depth >= (this.options.highWater ?? 50_000)) {
      throw new CrossdockError(`${this.#depth} messages of ${this.options.source} wait already.`, {
        code: 'INBOX_FULL',
        kind: 'transient',
        retryAfterMs: 30_000,
      });
    }
    const [result] = await this.store.run([
      {
        sql: ACCEPT,
        params: [
          this.options.source,
          incoming.id,
          incoming.partitionKey,
          incoming.priority ?? 5,
          JSON.stringify(incoming.headers ?? {}),
          incoming.body,
          incoming.expiresInMs ?? null,
        ],
      },
    ]);
    if (result?.changes !== 1) return 'duplicate';
    this.#depth += 1;
    this.#pump();
    return 'accepted';
  }

  /** Begins to deliver. */
  start(deliver: Deliver): void {
    this.#deliver = deliver;
    this.#cleaner = setInterval(() => void this.#cleanUp(), CLEAN_UP_MS);
    this.#cleaner.unref();
    this.#pump();
  }

  /**
   * Stops leasing, waits up to `drainMs` for what is in the flow, then hands the rest back so that the next instance
   * (after a redeploy) takes it at once. Late results of handed-back messages are discarded by their fence.
   */
  async stop(drainMs: number): Promise<void> {
    this.#deliver = undefined;
    clearTimeout(this.#timer);
    clearInterval(this.#cleaner);
    // A lease that is under way comes back with messages that nobody takes any more; the pump gives them back.
    await this.#running;
    if (this.#inFlight.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, drainMs);
        this.#idle.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    const left = [...this.#inFlight.values()];
    this.#inFlight.clear();
    // One unit each: a message that settles at this very moment must not keep its neighbours from going back.
    await Promise.allSettled(left.map((message) => this.#giveBack(message)));
  }

  #giveBack(message: InFlight): Promise<unknown> {
    if (message.handBack !== undefined) return message.handBack();
    return this.store.run([{ sql: HAND_BACK, params: [message.seq, message.fence] }]);
  }

  /** Leases and delivers as long as there is room and something is due; one pump at a time. */
  #pump(): void {
    if (this.#pumping) {
      this.#again = true;
      return;
    }
    this.#pumping = true;
    this.#running = this.#fill()
      .then(
        () => this.#report(undefined),
        (error: unknown) => {
          this.#report(asCrossdockError(error));
          this.#wakeIn(STORE_RETRY_MS);
        },
      )
      .finally(() => {
        this.#pumping = false;
        if (this.#again) {
          this.#again = false;
          this.#pump();
        }
      });
  }

  async #fill(): Promise<void> {
    while (this.#deliver !== undefined) {
      const room = this.options.concurrency - this.#inFlight.size;
      if (room <= 0) return;
      const leased = await this.#lease(room);
      await this.#hand(leased);
      if (leased.length < room) {
        await this.#look();
        return;
      }
    }
  }

  async #lease(room: number): Promise<(Delivery & { seq: number })[]> {
    const { instanceId, exclusive } = this.store;
    const [result] = await this.store.run([
      {
        sql: LEASE,
        params: [
          instanceId,
          // The lease outlives the scope a little: the scope's own end is the rule, the lease the net.
          this.options.holdMs + 10_000,
          this.options.source,
          exclusive ? 1 : 0,
          instanceId,
          room,
        ],
      },
    ]);
    const deliveries = (result?.rows ?? []).map((row) => this.#deliveryOf(row));
    // RETURNING promises no order (sqlite.org/lang_returning, clause 5).
    return deliveries.sort((a, b) => a.receivedAt - b.receivedAt || a.seq - b.seq);
  }

  #deliveryOf(row: Readonly<Record<string, unknown>>): Delivery & { seq: number } {
    const seq = Number(row['seq']);
    const fence = Number(row['fence']);
    const attempts = Number(row['attempts']);
    const failures = Number(row['failures']);
    this.#inFlight.set(seq, { seq, fence });
    const origin: Origin = {
      source: this.options.source,
      deliveryId: String(row['id']),
      body: row['body'] instanceof Uint8Array ? row['body'] : new Uint8Array(),
      receivedAt: Number(row['received_at']),
      attempts,
    };
    const expired = row['expires_at'] !== null && Number(row['expires_at']) < Number(row['now']);
    return {
      ...origin,
      seq,
      partitionKey: String(row['partition_key']),
      headers: JSON.parse(String(row['headers'])) as Record<string, string>,
      refusal: refusalOf(attempts, failures, expired),
      scope: this.#scopeOf(seq, fence, failures, origin),
    };
  }

  #scopeOf(seq: number, fence: number, failures: number, origin: Origin): ScopeHandlers {
    const fenced = (sql: string, ...params: (string | number)[]): Statement[] => [
      { sql, params: [...params, seq, fence], expect: 1 },
    ];
    const again = (error: CrossdockError): number | undefined =>
      error.retryable && failures + 1 < this.options.maxAttempts
        ? backoffDelay(this.options.backoff ?? INBOX_BACKOFF, failures + 1, error.retryAfterMs)
        : undefined;
    // Drawn once, so that what the status says is what the store is told.
    let drawn: number | undefined;
    const delay = (error: CrossdockError): number | undefined => {
      drawn ??= again(error);
      return drawn;
    };
    return {
      kind: 'inbox',
      store: this.store,
      origin: () => origin,
      retryDelay: delay,
      statements: (outcome: Outcome) => {
        if (outcome.type === 'completed') return fenced(SETTLE_DONE);
        if (outcome.type === 'parked') return fenced(SETTLE_PARKED, describe(outcome.error));
        if (outcome.type === 'handedBack') return fenced(HAND_BACK);
        const wait = delay(outcome.error);
        if (wait === undefined) return fenced(SETTLE_DEAD, describe(outcome.error));
        return fenced(SETTLE_RETRY, wait, describe(outcome.error));
      },
      ended: (outcome) => {
        // After a hand-back the row belongs to the next instance; only what we still hold is ours to free.
        if (this.#inFlight.get(seq)?.fence !== fence) return;
        this.#inFlight.delete(seq);
        if (outcome !== 'abandoned') this.#depth = Math.max(0, this.#depth - 1);
        if (this.#inFlight.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
        this.#pump();
      },
    };
  }

  async #hand(leased: readonly (Delivery & { seq: number })[]): Promise<void> {
    for (const delivery of leased) {
      const message = this.#inFlight.get(delivery.seq);
      if (message === undefined) continue;
      if (this.#deliver !== undefined) message.handBack = this.#deliver(delivery);
      else {
        this.#inFlight.delete(delivery.seq);
        await this.#giveBack(message);
      }
    }
  }

  /** Counts, and sets the alarm for what falls due next. */
  async #look(): Promise<void> {
    const [result] = await this.store.run([{ sql: NEXT_DUE, params: [this.options.source] }]);
    const row = result?.rows[0];
    this.#depth = Number(row?.['depth'] ?? 0);
    const dueIn = row?.['due_in'];
    if (dueIn !== null && dueIn !== undefined) this.#wakeIn(Math.max(20, Number(dueIn)));
  }

  #wakeIn(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#deliver === undefined) return;
    this.#timer = setTimeout(() => this.#pump(), Math.min(ms, 60_000));
    this.#timer.unref();
  }

  #report(problem: CrossdockError | undefined): void {
    if (problem?.code === this.#problem?.code) return;
    this.#problem = problem;
    this.options.onProblem?.(problem);
  }

  async #cleanUp(): Promise<void> {
    const params = [this.options.source, this.options.retentionMs ?? 30 * DAY_MS];
    try {
      let removed: number;
      do {
        const [result] = await this.store.run([{ sql: CLEAN_UP, params }]);
        removed = result?.changes ?? 0;
      } while (removed === 1000);
    } catch (error) {
      this.#report(asCrossdockError(error));
    }
  }
}

function refusalOf(attempts: number, failures: number, expired: boolean): CrossdockError | undefined {
  if (expired) {
    return new CrossdockError('The message is older than its sender wanted it delivered.', {
      code: 'MESSAGE_EXPIRED',
      kind: 'permanent',
    });
  }
  const silent = attempts - 1 - failures;
  if (silent < MAX_SILENT_ENDS) return undefined;
  return new CrossdockError(
    `The message was delivered ${silent} times without an end: the gateway stopped or the flow swallowed it each time.`,
    { code: 'DELIVERY_POISON', kind: 'permanent', facts: { deliveries: silent } },
  );
}

/** An error as it is kept beside the message: no stack, no cause. */
function describe(error: CrossdockError): string {
  return JSON.stringify({ code: error.code, kind: error.kind, message: error.message, facts: error.facts });
}
