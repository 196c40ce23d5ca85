/**
 * The inbox: persist, then acknowledge; then deliver until the flow has settled the message.
 *
 * A source commits a message with `accept` and only then answers its sender. A dispatcher leases messages into the
 * flow with bounded concurrency (that is the back-pressure), in order per partition key and in parallel across keys.
 * A crash, a kill -9 or a redeploy only ends the lease: the message is delivered again.
 */
import { asCrossdockError, CrossdockError } from '../errors';
import type { Store } from '../store';
import { type Backoff, INBOX_BACKOFF } from './backoff';
import { crashPoint } from './crash-point';
import { type Deliver, Dispatcher } from './inbox-dispatcher';
import {
  acceptNewest,
  COUNT_SUPERSEDED,
  FORGET_NEWEST,
  FORGET_PLACES,
  NOTE_ALL,
  SUPERSEDE_ALL,
} from './inbox-newest';
import {
  acceptStatement,
  CLEAN_UP,
  DEPTH,
  INBOX_SCHEMA,
  type Incoming,
  OLDEST,
  partitionLock,
  SWEEP,
} from './inbox-schema';
import { comeAlive } from './instances';

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
  /** Of each partition key only the newest message is delivered (inbox-newest.ts). Default: all. */
  readonly newestOnly?: boolean | undefined;
  /** Told when the store fails or works again; for the node's status. */
  readonly onProblem?: (problem: CrossdockError | undefined) => void;
  /** Told, where newer messages supersede older ones, that `depth` and `superseded` were counted anew. Must not throw. */
  readonly onCounted?: () => void;
  /** Told when little or nothing is delivered since somebody asked for a pause, and (undefined) when it is over. */
  readonly onPause?: (reason: string | undefined) => void;
}

export interface InboxHealth {
  /** Messages that wait or are in the flow. */
  readonly depth: number;
  readonly inFlight: number;
  /** Store clock, ms, of the arrival of the oldest message that is not settled. */
  readonly oldestAt: number | undefined;
  /** Messages that newer ones have superseded in the last 24 hours; 10,000 stands for more. */
  readonly superseded: number;
}

const CLEAN_UP_MS = 10 * 60_000;
/**
 * How often to look: on a shared store for messages of others, leases of processes that are gone, lost heads; where newer
 * messages supersede older ones, for how much is left.
 */
const LOOK_MS = 2000;
const DAY_MS = 86_400_000;

export class Inbox {
  readonly holdMs: number;
  readonly #dispatcher: Dispatcher;
  #cleaner: NodeJS.Timeout | undefined;
  #looker: NodeJS.Timeout | undefined;
  #depth = 0;
  #superseded = 0;
  /** Something may have come or gone since it was last counted. */
  #touched = true;
  #problem: CrossdockError | undefined;

  private constructor(
    private readonly store: Store,
    private readonly options: InboxOptions,
  ) {
    this.holdMs = options.holdMs;
    this.#dispatcher = new Dispatcher({
      ...options,
      store,
      backoff: options.backoff ?? INBOX_BACKOFF,
      settled: () => {
        this.#touched = true;
        this.#depth = Math.max(0, this.#depth - 1);
      },
      report: (problem) => this.#report(problem),
      paused: (reason) => options.onPause?.(reason),
    });
  }

  /** Prepares the tables and counts what waits from before. */
  static async open(store: Store, options: InboxOptions): Promise<Inbox> {
    await comeAlive(store);
    await store.migrate(INBOX_SCHEMA);
    const inbox = new Inbox(store, options);
    const { source } = options;
    // What came before somebody chose to have the newest only, or not any more.
    const before = options.newestOnly
      ? [NOTE_ALL, SUPERSEDE_ALL].map((sql) => ({ sql, params: [source] }))
      : [{ sql: FORGET_PLACES, params: [source, source, source] }];
    await store.run([...before, { sql: SWEEP, params: [source] }]);
    await inbox.#count();
    return inbox;
  }

  /** Messages that wait or are in the flow, as last counted. */
  get depth(): number {
    return this.#depth;
  }

  /** Messages in the flow. */
  get inFlight(): number {
    return this.#dispatcher.inFlight;
  }

  /** Messages that newer ones have superseded in the last 24 hours, as last counted. */
  get superseded(): number {
    return this.#superseded;
  }

  /** Counts in the store; the cost is in line with what waits. */
  async health(): Promise<InboxHealth> {
    await this.#count();
    const { source } = this.options;
    const [result] = await this.store.run([{ sql: OLDEST, params: [source, source, source, source] }]);
    const arrived = Object.values(result?.rows[0] ?? {}).filter((at) => at !== null);
    const oldestAt = arrived.length === 0 ? undefined : Math.min(...arrived.map(Number));
    return { depth: this.#depth, inFlight: this.inFlight, oldestAt, superseded: this.#superseded };
  }

  /**
   * Commits a message. Acknowledge the sender only after this resolved.
   * @throws CrossdockError INBOX_FULL or a store error, all transient: answer 503 with Retry-After.
   */
  async accept(incoming: Incoming): Promise<'accepted' | 'duplicate'> {
    const { source, newestOnly, highWater = 50_000 } = this.options;
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
    const locks = partitionLock(this.store, source, incoming.partitionKey);
    const statements = newestOnly ? acceptNewest(source, incoming) : [acceptStatement(source, incoming)];
    crashPoint('inbox.beforeCommit');
    try {
      const results = await this.store.run([...locks, ...statements]);
      crashPoint('inbox.afterCommitBeforeAck');
      taken = results[locks.length]?.changes === 1;
    } finally {
      if (!taken) this.#depth -= 1;
    }
    if (!taken) return 'duplicate';
    this.#touched = true;
    this.wake();
    return 'accepted';
  }

  /** There are new messages, put into the store by somebody else's unit (`acceptStatement`). */
  arrived(count: number): void {
    this.#touched = true;
    this.#depth += count;
    this.wake();
  }

  /** Looks for messages that are ready. */
  wake(): void {
    this.#dispatcher.wake();
  }

  /** Begins to deliver. */
  start(deliver: Deliver): void {
    this.#cleaner = setInterval(() => void this.#cleanUp(), CLEAN_UP_MS);
    this.#cleaner.unref();
    if (!this.store.exclusive) this.#looker = setInterval(() => this.#lookAround(), LOOK_MS);
    else if (this.options.newestOnly) this.#looker = setInterval(() => this.#recount(), LOOK_MS);
    this.#looker?.unref();
    this.#dispatcher.start(deliver);
  }

  /** Stops delivering: drains up to `drainMs`, then hands the rest back (see Dispatcher). */
  async stop(drainMs: number): Promise<void> {
    clearInterval(this.#cleaner);
    clearInterval(this.#looker);
    await this.#dispatcher.stop(drainMs);
  }

  async #count(): Promise<void> {
    const { source, newestOnly } = this.options;
    const [counted, superseded] = await this.store.run([
      { sql: DEPTH, params: Array(5).fill(source) },
      ...(newestOnly ? [{ sql: COUNT_SUPERSEDED, params: [source, DAY_MS] }] : []),
    ]);
    this.#depth = Number(counted?.rows[0]?.['depth'] ?? 0);
    this.#superseded = Number(superseded?.rows[0]?.['superseded'] ?? 0);
  }

  /** A shared store changes without us. */
  #lookAround(): void {
    this.store
      .run([{ sql: SWEEP, params: [this.options.source] }])
      .then(() => this.#count())
      .then(
        () => this.#dispatcher.lookAgain(),
        (error: unknown) => this.#report(asCrossdockError(error)),
      );
  }

  /** How many were superseded is known to the units that did it, and to the store. */
  #recount(): void {
    if (!this.#touched && this.#depth === 0) return;
    this.#touched = false;
    this.#count().then(
      () => this.options.onCounted?.(),
      // The dispatcher says what is wrong with the store.
      () => {
        this.#touched = true;
      },
    );
  }

  #report(problem: CrossdockError | undefined): void {
    if (problem?.code === this.#problem?.code) return;
    this.#problem = problem;
    this.options.onProblem?.(problem);
  }

  async #cleanUp(): Promise<void> {
    const { source, retentionMs = 30 * DAY_MS, newestOnly } = this.options;
    const old = [{ sql: CLEAN_UP, params: [source, retentionMs] }];
    if (newestOnly) old.push({ sql: FORGET_NEWEST, params: [source, source, retentionMs] });
    try {
      let more: boolean;
      do {
        const results = await this.store.run(old);
        more = results.some(({ changes }) => changes === 1000);
      } while (more);
    } catch (error) {
      this.#report(asCrossdockError(error));
    }
  }
}
