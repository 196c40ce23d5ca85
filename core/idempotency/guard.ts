/**
 * The idempotency guard: once per key, and a duplicate gets the first one's result.
 *
 * A key is in one of three states: `claimed` (someone works on it, under a lease and a fencing number), `done` (with
 * the result, kept for the retention) or `failed` (released: the next attempt may claim it again, so a failure never
 * eats the retry that follows). One upsert decides who gets the key; there is no read before the write that another
 * process could slip into. A lease counts while its process lives (core/delivery/instances.ts).
 */

import { comeAlive, type Outcome, type ScopeHandlers, Turns } from '../delivery';
import { CrossdockError } from '../errors';
import { deleteInBites, type Statement, type Store } from '../store';
import { CLAIM, CLEAN_UP, DONE, LOOK, RELEASE, SCHEMA } from './schema';

/** Another process may hold the key: how often a waiting duplicate looks. */
const POLL_MS = 500;
/** Characters of a result that are kept; a duplicate of a larger one gets null. */
const MAX_RESULT = 65_536;

export interface GuardOptions {
  /** Keys are unique within a scope, for example one per partner and route. */
  readonly scope: string;
  /** Ms for which a done key answers duplicates. Default 30 days (late channel re-sends are normal). */
  readonly retentionMs: number;
  /** Ms that a claim may be held before another attempt may take it. */
  readonly leaseMs: number;
  /** Ms that a concurrent duplicate waits for the first one's result. */
  readonly waitMs: number;
  /** What a concurrent duplicate gets: the first one's result (default), or at once the answer `in progress`. */
  readonly concurrent?: 'wait' | 'answer';
}

export interface ClaimRequest {
  readonly key: string;
  /** Hash of the payload: the same key with another one is a conflict. */
  readonly fingerprint: string;
  /** In place of the guard's own. */
  readonly scope?: string;
  /** In place of the guard's own: as long as the message may stay in the flow. */
  readonly leaseMs?: number;
}

/** What became of a claim. Times are the store's clock, ms. */
export type Claim =
  /** `attempt` counts from 1; above it the key was released by a failure, or its holder was lost. */
  | { readonly type: 'first'; readonly scope: ScopeHandlers; readonly attempt: number }
  /** The key is done: the first one's result. */
  | { readonly type: 'duplicate'; readonly result: unknown; readonly firstAt: number }
  /** The same key with another payload. */
  | { readonly type: 'conflict'; readonly firstAt: number }
  /** The first one is at work since `since`. Only when duplicates do not wait. */
  | { readonly type: 'inProgress'; readonly firstAt: number; readonly since: number };

type Wanted = Required<ClaimRequest>;

export class IdempotencyGuard {
  readonly #turns = new Turns();
  #cleaning: Promise<number> | undefined;
  #stopped = false;

  private constructor(
    private readonly store: Store,
    private readonly options: GuardOptions,
  ) {}

  static async open(store: Store, options: GuardOptions): Promise<IdempotencyGuard> {
    await comeAlive(store);
    await store.migrate(SCHEMA);
    return new IdempotencyGuard(store, options);
  }

  /**
   * Claims the key, or tells what the first one with it came to. A duplicate of work in progress waits for it, unless
   * the guard is to answer at once.
   * @throws CrossdockError IDEMPOTENCY_IN_PROGRESS (transient) when the first one has not ended within `waitMs`.
   */
  async claim(request: ClaimRequest): Promise<Claim> {
    const { scope, leaseMs, waitMs, concurrent } = this.options;
    const wanted: Wanted = { scope, leaseMs, ...request };
    const deadline = performance.now() + waitMs;
    for (;;) {
      const claim = await this.#try(wanted);
      if (claim.type !== 'inProgress' || concurrent === 'answer') return claim;
      const left = deadline - performance.now();
      if (left <= 0) throw inProgress();
      await this.#turns.wait(nameOf(wanted), Math.min(left, POLL_MS));
    }
  }

  /**
   * Forgets the keys past their retention, of all guards on this store; a call while one is under way joins it.
   * @returns how many
   */
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

  /** Two statements only for a key that is taken: a new key, the common case, costs one. */
  async #try(wanted: Wanted): Promise<Claim> {
    const { scope, key, fingerprint, leaseMs } = wanted;
    const { instanceId } = this.store;
    for (;;) {
      const [claimed] = await this.store.run([
        {
          sql: CLAIM,
          params: [scope, key, fingerprint, instanceId, leaseMs, leaseMs + this.options.retentionMs],
        },
      ]);
      const won = claimed?.rows[0];
      if (won !== undefined) {
        return {
          type: 'first',
          scope: this.#scopeOf(wanted, Number(won['fence'])),
          attempt: Number(won['attempts']),
        };
      }
      const [seen] = await this.store.run([{ sql: LOOK, params: [scope, key] }]);
      const row = seen?.rows[0];
      // Released or forgotten since: it is free now.
      if (row === undefined || row['state'] === 'failed') continue;
      const firstAt = Number(row['first_at']);
      if (row['fingerprint'] !== fingerprint) return { type: 'conflict', firstAt };
      if (row['state'] === 'done') return { type: 'duplicate', result: parse(row['result']), firstAt };
      return { type: 'inProgress', firstAt, since: Number(row['updated_at']) };
    }
  }

  #scopeOf(wanted: Wanted, fence: number): ScopeHandlers {
    const { scope, key } = wanted;
    return {
      kind: 'guard',
      store: this.store,
      statements: (outcome: Outcome): readonly Statement[] =>
        outcome.type === 'completed'
          ? [{ sql: DONE, params: [serialise(outcome.result), scope, key, fence], expect: 1 }]
          : [{ sql: RELEASE, params: [scope, key, fence], expect: 1 }],
      ended: () => this.#turns.wake(nameOf(wanted)),
    };
  }
}

/** What a duplicate fails with that is not to wait, or has waited long enough. */
export function inProgress(): CrossdockError {
  return new CrossdockError('The first message with this key is still being worked on.', {
    code: 'IDEMPOTENCY_IN_PROGRESS',
    kind: 'transient',
    retryAfterMs: 2000,
  });
}

function nameOf({ scope, key }: Wanted): string {
  return `${scope}\n${key}`;
}

/** A result that cannot be kept must not keep the work from ending: the key is what counts. */
function serialise(result: unknown): string | null {
  try {
    const text = JSON.stringify(result ?? null) ?? null;
    return text !== null && text.length > MAX_RESULT ? null : text;
  } catch {
    return null;
  }
}

function parse(text: unknown): unknown {
  return typeof text === 'string' ? (JSON.parse(text) as unknown) : null;
}
