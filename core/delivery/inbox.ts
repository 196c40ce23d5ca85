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
import { crashPoint } from './crash-point';
import {
  acceptStatement,
  CLEAN_UP,
  DEPTH,
  HAND_BACK,
  INBOX_SCHEMA,
  type Incoming,
  LEASE,
  lockPartition,
  NEXT_DUE,
  OLDEST,
  promoteStatement,
  RECLAIM,
  SETTLE_DEAD,
  SETTLE_DONE,
  SETTLE_PARKED,
  SETTLE_RETRY,
  SWEEP,
  WAKE,
} from './inbox-schema';
import { comeAlive } from './instances';
import type { Origin, Outcome, ScopeHandlers } from './scope-types';

/** A message as it is leased into the flow. */
export interface Delivery extends Origin {
  readonly seq: number;
  readonly partitionKey: string | undefined;
  readonly priority: number;
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

export interface InboxHealth {
  /** Messages that wait or are in the flow. */
  readonly depth: number;
  readonly inFlight: number;
  /** Store clock, ms, of the arrival of the oldest message that is not settled. */
  readonly oldestAt: number | undefined;
}

/** Ends of a lease without a word (crash, swallowed message) after which a message counts as poison. */
const MAX_SILENT_ENDS = 5;
const STORE_RETRY_MS = 1000;
const CLEAN_UP_MS = 10 * 60_000;
/** On a shared store: how often to look for messages of others, leases of processes that are gone, lost heads. */
const SHARED_LOOK_MS = 2000;
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
  /** Leased and not yet in the flow: taken ahead, so that no slot waits for the store. */
  #ahead: Delivery[] = [];
  readonly #idle: (() => void)[] = [];
  #deliver: Deliver | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #cleaner: NodeJS.Timeout | undefined;
  #looker: NodeJS.Timeout | undefined;
  #pumping = false;
  #running: Promise<void> = Promise.resolve();
  #again = false;
  /** There may be ready messages in the store. */
  #more = true;
  /** The alarm has rung: failed messages or ended leases may have become ready. */
  #due = true;
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
    await comeAlive(store);
    await store.migrate(INBOX_SCHEMA);
    const inbox = new Inbox(store, options);
    await store.run([{ sql: SWEEP, params: [options.source] }]);
    await inbox.#count();
    return inbox;
  }

  /** Messages that wait or are in the flow, as last counted. */
  get depth(): number {
    return this.#depth;
  }

  /** Messages in the flow. */
  get inFlight(): number {
    return this.#inFlight.size - this.#ahead.length;
  }

  /** Counts in the store; the cost is in line with what waits. */
  async health(): Promise<InboxHealth> {
    await this.#count();
    const { source } = this.options;
    const [result] = await this.store.run([{ sql: OLDEST, params: [source, source, source] }]);
    const arrived = Object.values(result?.rows[0] ?? {}).filter((at) => at !== null);
    const oldestAt = arrived.length === 0 ? undefined : Math.min(...arrived.map(Number));
    return { depth: this.#depth, inFlight: this.inFlight, oldestAt };
  }

  /**
   * Commits a message. Acknowledge the sender only after this resolved.
   * @throws CrossdockError INBOX_FULL or a store error, all transient: answer 503 with Retry-After.
   */
  async accept(incoming: Incoming): Promise<'accepted' | 'duplicate'> {
    const { source, highWater = 50_000 } = this.options;
    if (this.#depth >= highWater) {
      throw new CrossdockError(`${this.#depth} messages of ${source} wait already.`, {
        code: 'INBOX_FULL',
        kind: 'transient',
        retryAfterMs: 30_000,
      });
    }
    // Counted before the commit, so that a burst cannot pass the mark while its commits are under way.
    this.#depth += 1;
    let taken = false;
    crashPoint('inbox.beforeCommit');
    try {
      const results = await this.store.run([
        ...this.#lock(incoming.partitionKey),
        acceptStatement(source, incoming),
      ]);
      crashPoint('inbox.afterCommitBeforeAck');
      taken = results.at(-1)?.changes === 1;
    } finally {
      if (!taken) this.#depth -= 1;
    }
    if (!taken) return 'duplicate';
    this.wake();
    return 'accepted';
  }

  /** There are new messages, put into the store by somebody else's unit (`acceptStatement`). */
  arrived(count: number): void {
    this.#depth += count;
    this.wake();
  }

  /** Looks for messages that are ready. */
  wake(): void {
    this.#more = true;
    this.#pump();
  }

  /** Begins to deliver. */
  start(deliver: Deliver): void {
    this.#deliver = deliver;
    this.#cleaner = setInterval(() => void this.#cleanUp(), CLEAN_UP_MS);
    this.#cleaner.unref();
    if (!this.store.exclusive) {
      this.#looker = setInterval(() => this.#lookAround(), SHARED_LOOK_MS);
      this.#looker.unref();
    }
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
    clearInterval(this.#looker);
    // A lease that is under way comes back with messages that nobody takes any more.
    await this.#running;
    const ahead = this.#ahead.splice(0);
    await Promise.allSettled(
      ahead.map(({ seq }) => {
        const message = this.#inFlight.get(seq);
        this.#inFlight.delete(seq);
        return message === undefined ? undefined : this.#giveBack(message);
      }),
    );
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

  /** Fills the flow from what was leased ahead, then leases more; one leasing at a time. */
  #pump(): void {
    this.#hand();
    if (this.#pumping) {
      this.#again = true;
      return;
    }
    if (!this.#wantsMore()) return;
    this.#pumping = true;
    this.#running = this.#fill()
      .then(
        () => this.#report(undefined),
        (error: unknown) => {
          this.#report(asCrossdockError(error));
          this.#due = true;
          this.#more = true;
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

  /** As many are leased ahead as may be in the flow; asked for when half of that is used up, to lease in batches. */
  #wantsMore(): boolean {
    if (this.#deliver === undefined || !(this.#more || this.#due)) return false;
    return this.#inFlight.size < this.options.concurrency * 1.5;
  }

  async #fill(): Promise<void> {
    while (this.#wantsMore()) {
      if (this.#due) {
        this.#due = false;
        const params = [this.options.source];
        await this.store.run([
          { sql: WAKE, params },
          { sql: RECLAIM, params },
        ]);
        this.#more = true;
      }
      const room = this.options.concurrency * 2 - this.#inFlight.size;
      // Whatever arrives from now on asks for another look.
      this.#more = false;
      const leased = await this.#lease(room);
      if (leased.length === room) this.#more = true;
      this.#ahead.push(...leased);
      // RETURNING promises no order (sqlite.org/lang_returning, clause 5); and what is urgent overtakes.
      this.#ahead.sort((a, b) => a.priority - b.priority || a.seq - b.seq);
      this.#hand();
      if (leased.length < room) await this.#setAlarm();
    }
  }

  async #lease(room: number): Promise<Delivery[]> {
    const [result] = await this.store.run([
      {
        sql: LEASE,
        params: [
          this.store.instanceId,
          // The lease outlives the scope a little: the scope's own end is the rule, the lease the net.
          this.options.holdMs + 10_000,
          this.options.source,
          room,
        ],
      },
    ]);
    const rows = result?.rows ?? [];
    if (rows.length > 0) crashPoint('lease.taken');
    return rows.map((row) => this.#deliveryOf(row));
  }

  /** Sends what was leased ahead, as far as the flow has room. */
  #hand(): void {
    while (
      this.#deliver !== undefined &&
      this.#ahead.length > 0 &&
      this.inFlight < this.options.concurrency
    ) {
      const delivery = this.#ahead.shift() as Delivery;
      const message = this.#inFlight.get(delivery.seq);
      if (message !== undefined) message.handBack = this.#deliver(delivery);
    }
  }

  #deliveryOf(row: Readonly<Record<string, unknown>>): Delivery {
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
    const partitionKey = row['partition_key'] === null ? undefined : String(row['partition_key']);
    return {
      ...origin,
      seq,
      partitionKey,
      priority: Number(row['priority']),
      headers: JSON.parse(String(row['headers'])) as Record<string, string>,
      refusal: refusalOf(attempts, failures, expired),
      scope: this.#scopeOf({ seq, fence, failures, partitionKey, origin }),
    };
  }

  #scopeOf(leased: {
    readonly seq: number;
    readonly fence: number;
    readonly failures: number;
    readonly partitionKey: string | undefined;
    readonly origin: Origin;
  }): ScopeHandlers {
    const { seq, fence, failures, partitionKey, origin } = leased;
    const fenced = (sql: string, ...params: (string | number)[]): Statement => ({
      sql,
      params: [...params, seq, fence],
      expect: 1,
    });
    const forGood = (statement: Statement): Statement[] =>
      partitionKey === undefined
        ? [statement]
        : [...this.#lock(partitionKey), statement, promoteStatement(this.options.source, partitionKey)];
    const again = (error: CrossdockError): number | undefined =>
      error.retryable && failures + 1 < this.options.maxAttempts
        ? backoffDelay(this.options.backoff ?? INBOX_BACKOFF, failures + 1, error.retryAfterMs)
        : undefined;
    // Drawn once, so that what the status says is what the store is told.
    let drawn: number | undefined;
    const delay = (error: CrossdockError): number | undefined => {
      // A branch may fail for now and another one for good: then nothing is tried again.
      if (!error.retryable) return undefined;
      drawn ??= again(error);
      return drawn;
    };
    return {
      kind: 'inbox',
      store: this.store,
      origin: () => origin,
      retryDelay: delay,
      statements: (outcome: Outcome) => {
        if (outcome.type === 'completed') return forGood(fenced(SETTLE_DONE));
        if (outcome.type === 'parked') return forGood(fenced(SETTLE_PARKED, describe(outcome.error)));
        if (outcome.type === 'handedBack') return [fenced(HAND_BACK)];
        const wait = delay(outcome.error);
        if (wait === undefined) return forGood(fenced(SETTLE_DEAD, describe(outcome.error)));
        return [fenced(SETTLE_RETRY, wait, describe(outcome.error))];
      },
      ended: (outcome) => {
        // After a hand-back the row belongs to the next instance; only what we still hold is ours to free.
        if (this.#inFlight.get(seq)?.fence !== fence) return;
        this.#inFlight.delete(seq);
        const failed = typeof outcome !== 'string' && outcome.type === 'failed';
        this.#freed(outcome, failed ? delay(outcome.error) : undefined, partitionKey !== undefined);
      },
    };
  }

  #freed(outcome: Outcome | 'stale' | 'abandoned', retryInMs: number | undefined, ordered: boolean): void {
    const type = typeof outcome === 'string' ? outcome : outcome.type;
    if (type === 'failed' && retryInMs !== undefined) this.#wakeIn(retryInMs);
    else if (type === 'handedBack') this.#more = true;
    // Abandoned: the lease itself is the alarm, and the row still waits.
    else if (type === 'abandoned') this.#wakeIn(10_000);
    else this.#depth = Math.max(0, this.#depth - 1);
    // Behind it in its key there may be one that is ready now.
    if (ordered) this.#more = true;
    if (this.#inFlight.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    this.#pump();
  }

  /** On a shared store, what decides by a key's other rows runs alone for that key. */
  #lock(partitionKey: string | undefined): readonly Statement[] {
    if (partitionKey === undefined || this.store.exclusive) return [];
    return [lockPartition(this.options.source, partitionKey)];
  }

  async #count(): Promise<void> {
    const { source } = this.options;
    const [result] = await this.store.run([{ sql: DEPTH, params: [source, source, source, source] }]);
    this.#depth = Number(result?.rows[0]?.['depth'] ?? 0);
  }

  /** Sets the alarm for what falls due next. */
  async #setAlarm(): Promise<void> {
    const { source } = this.options;
    const [result] = await this.store.run([{ sql: NEXT_DUE, params: [source, source] }]);
    const row = result?.rows[0];
    for (const name of ['waiting_in', 'lease_in']) {
      const dueIn = row?.[name];
      if (dueIn !== null && dueIn !== undefined) this.#wakeIn(Number(dueIn));
    }
  }

  #wakeIn(ms: number): void {
    // A clock that ran ahead by a rounding must not make this turn hot.
    const wait = Math.min(Math.max(20, ms), 60_000);
    const at = performance.now() + wait;
    if (this.#deliver === undefined || at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#due = true;
      this.#pump();
    }, wait);
    this.#timer.unref();
  }

  /** A shared store changes without us. */
  #lookAround(): void {
    this.store
      .run([{ sql: SWEEP, params: [this.options.source] }])
      .then(() => this.#count())
      .then(
        () => {
          this.#due = true;
          this.wake();
        },
        (error: unknown) => this.#report(asCrossdockError(error)),
      );
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
