/**
 * The sequence guard: of each key only ever newer versions pass. What is stale, a duplicate or comes after a gap is
 * told apart.
 *
 * A version that passes is under way until its scope ends; while it is, others of its key wait, so that none can
 * overtake it. Only a good end makes it the newest (in the unit that ends the message): a failure leaves everything
 * as it was, and the retry passes again.
 *
 * Reordering keeps nothing here but when the gap was first seen: the message that came too early stays with its
 * source, which delivers it again, until what is missing has come or the time for it is over.
 */
import { comeAlive, type Outcome, type ScopeHandlers, Turns } from '../delivery';
import { CrossdockError } from '../errors';
import { deleteInBites, type Store } from '../store';
import { CLEAN_UP, HOLD, LOOK, PASSED, RELEASE, SCHEMA, TAKE } from './schema';
import type { Version } from './version';

/** Another process may work on the key: how often a waiting message looks. */
const POLL_MS = 500;
/** A held message is delivered again so soon, or when the time for the gap is over. */
const HOLD_LOOK_MS = 1000;

export interface SequenceOptions {
  /** Ms for which the newest version of a key is remembered after its last message. */
  readonly retentionMs: number;
  /** Ms that a message waits for another one of its key that is under way. */
  readonly waitMs: number;
  /** Whether versions count by one, so that one can be missing. */
  readonly gaps: boolean;
}

export interface SequenceRequest {
  /** Keys are unique within a scope. */
  readonly scope: string;
  readonly key: string;
  readonly version: Version;
  /** Ms that the message may stay in the flow. */
  readonly leaseMs: number;
  /** Ms that a gap is held for what is missing. 0: not at all. */
  readonly holdMs: number;
}

/** What became of a version; `newest` is the newest one before it, as people know it. */
export type Place =
  | { readonly type: 'inOrder'; readonly scope: ScopeHandlers; readonly newest: string | undefined }
  /** Newer than the newest, but not the next one. It passes: it is the newest once its scope has ended well. */
  | { readonly type: 'gap'; readonly scope: ScopeHandlers; readonly newest: string }
  | { readonly type: 'stale'; readonly newest: string }
  | { readonly type: 'duplicate'; readonly newest: string }
  /** What is missing before it may still come: to be delivered again then. */
  | { readonly type: 'held'; readonly newest: string; readonly retryAfterMs: number };

export class SequenceGuard {
  readonly #turns = new Turns();
  #cleaning: Promise<number> | undefined;
  #stopped = false;

  private constructor(
    private readonly store: Store,
    private readonly options: SequenceOptions,
  ) {}

  static async open(store: Store, options: SequenceOptions): Promise<SequenceGuard> {
    await comeAlive(store);
    await store.migrate(SCHEMA);
    return new SequenceGuard(store, options);
  }

  /**
   * Tells the version's place, and takes its key when it passes.
   * @throws CrossdockError SEQUENCE_IN_PROGRESS (transient) when another one of its key is under way for `waitMs`
   */
  async take(request: SequenceRequest): Promise<Place> {
    const deadline = performance.now() + this.options.waitMs;
    for (;;) {
      const place = await this.#try(request);
      if (place === 'again') continue;
      if (place !== 'busy') return place;
      const left = deadline - performance.now();
      if (left <= 0) {
        throw new CrossdockError('Another message with the same key is still being worked on.', {
          code: 'SEQUENCE_IN_PROGRESS',
          kind: 'transient',
          retryAfterMs: 2000,
        });
      }
      await this.#turns.wait(nameOf(request), Math.min(left, POLL_MS));
    }
  }

  /** Forgets keys past their retention, of all guards on this store. @returns how many */
  cleanUp(): Promise<number> {
    this.#cleaning ??= deleteInBites(this.store, CLEAN_UP, () => this.#stopped).finally(() => {
      this.#cleaning = undefined;
    });
    return this.#cleaning;
  }

  /** Ends a clean-up that is under way at its next bite. */
  stop(): void {
    this.#stopped = true;
  }

  async #try(request: SequenceRequest): Promise<Place | 'busy' | 'again'> {
    const { scope, key, version, leaseMs, holdMs } = request;
    const { retentionMs, gaps } = this.options;
    const { order } = version;
    const before = gaps ? (version.before ?? '') : '';
    const [taken] = await this.store.run([
      {
        sql: TAKE,
        params: [
          ...[scope, key, this.store.instanceId, leaseMs, leaseMs + retentionMs],
          ...[order, holdMs === 0 ? '' : before, holdMs, order, 2 * holdMs],
        ],
      },
    ]);
    const won = taken?.rows[0];
    if (won !== undefined) {
      const handlers = this.#scopeOf(request, Number(won['fence']));
      const newest = won['newest'] === null ? undefined : String(won['shown']);
      if (newest !== undefined && String(won['newest']) < before)
        return { type: 'gap', scope: handlers, newest };
      return { type: 'inOrder', scope: handlers, newest };
    }
    return this.#place(request, before);
  }

  /** Why the key could not be taken. */
  async #place(
    { scope, key, version, holdMs }: SequenceRequest,
    before: string,
  ): Promise<Place | 'busy' | 'again'> {
    const [looked] = await this.store.run([{ sql: LOOK, params: [scope, key] }]);
    const row = looked?.rows[0];
    if (row === undefined) return 'again';
    if (Number(row['busy']) === 1) return 'busy';
    if (row['newest'] === null) return 'again';
    const found = String(row['newest']);
    const newest = String(row['shown']);
    if (found === version.order) return { type: 'duplicate', newest };
    if (found > version.order) return { type: 'stale', newest };
    if (holdMs === 0 || found >= before) return 'again';
    await this.store.run([{ sql: HOLD, params: [version.order, version.order, scope, key, found] }]);
    const since = row['gap_since'] === null ? Number(row['now']) : Number(row['gap_since']);
    const left = since + holdMs - Number(row['now']);
    return { type: 'held', newest, retryAfterMs: Math.min(HOLD_LOOK_MS, left > 0 ? left : holdMs) };
  }

  #scopeOf(request: SequenceRequest, fence: number): ScopeHandlers {
    const { scope, key, version } = request;
    return {
      kind: 'sequence',
      store: this.store,
      statements: (outcome: Outcome) =>
        outcome.type === 'completed'
          ? [{ sql: PASSED, params: [version.order, version.shown, scope, key, fence], expect: 1 }]
          : [{ sql: RELEASE, params: [scope, key, fence], expect: 1 }],
      ended: () => this.#turns.wake(nameOf(request)),
    };
  }
}

function nameOf({ scope, key }: SequenceRequest): string {
  return `${scope}\n${key}`;
}
