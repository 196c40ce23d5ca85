/**
 * The idempotency guard: once per key, and a duplicate gets the first one's result.
 *
 * A key is in one of three states: `claimed` (someone works on it, under a lease and a fencing number), `done` (with
 * the result, kept for the retention) or `failed` (released: the next attempt may claim it again, so a failure never
 * eats the retry that follows). One upsert decides who gets the key; there is no read before the write that another
 * process could slip into.
 */

import { comeAlive, type Outcome, ownerIsGone, type ScopeHandlers } from '../delivery';
import { CrossdockError } from '../errors';
import type { Migration, Row, Statement, Store } from '../store';

const SCHEMA: Migration = {
  idea: 'idempotency',
  steps: [
    [
      `CREATE TABLE crossdock_idempotency (
        scope TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('claimed', 'done', 'failed')),
        owner TEXT NOT NULL,
        fence BIGINT NOT NULL,
        lease_until BIGINT NOT NULL,
        attempts BIGINT NOT NULL,
        result TEXT,
        first_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (scope, key))`,
      'CREATE INDEX crossdock_idempotency_expiry ON crossdock_idempotency (expires_at)',
    ],
  ],
};

// A key may be claimed when it is free: never seen, released, past its retention, or its lease is over (ran out, or
// its process is gone). A lapsed claim goes only to the same
// payload: its first holder may have had its effect already.
const CLAIM = `INSERT INTO crossdock_idempotency
    (scope, key, fingerprint, state, owner, fence, lease_until, attempts, first_at, updated_at, expires_at)
  VALUES (?, ?, ?, 'claimed', ?, 1, {now} + ?, 1, {now}, {now}, {now} + ?)
  ON CONFLICT (scope, key) DO UPDATE SET
    state = 'claimed', owner = excluded.owner, fence = crossdock_idempotency.fence + 1,
    lease_until = excluded.lease_until, attempts = crossdock_idempotency.attempts + 1, result = NULL,
    fingerprint = excluded.fingerprint, updated_at = excluded.updated_at, expires_at = excluded.expires_at
  WHERE crossdock_idempotency.state = 'failed'
    OR (crossdock_idempotency.state = 'done' AND crossdock_idempotency.expires_at < {now})
    OR (crossdock_idempotency.state = 'claimed'
      AND crossdock_idempotency.fingerprint = excluded.fingerprint
      AND (crossdock_idempotency.lease_until < {now} OR ${ownerIsGone('crossdock_idempotency.owner')}))
  RETURNING fence`;
const LOOK = `SELECT state, fingerprint, result, first_at FROM crossdock_idempotency WHERE scope = ? AND key = ?`;
const DONE = `UPDATE crossdock_idempotency SET state = 'done', result = ?, updated_at = {now}, expires_at = {now} + ?
  WHERE scope = ? AND key = ? AND fence = ? AND state = 'claimed'`;
const RELEASE = `UPDATE crossdock_idempotency SET state = 'failed', updated_at = {now}
  WHERE scope = ? AND key = ? AND fence = ? AND state = 'claimed'`;
const CLEAN_UP = `DELETE FROM crossdock_idempotency WHERE scope = ? AND key IN (
  SELECT key FROM crossdock_idempotency WHERE scope = ? AND state <> 'claimed' AND expires_at < {now} LIMIT 1000)`;

const POLL_MS = 500;

export interface GuardOptions {
  /** Keys are unique within a scope, for example one per partner and route. */
  readonly scope: string;
  /** Ms for which a done key answers duplicates. Default 30 days (late channel re-sends are normal). */
  readonly retentionMs: number;
  /** Ms that a claim may be held before another attempt may take it. */
  readonly leaseMs: number;
  /** Ms that a concurrent duplicate waits for the first one's result. */
  readonly waitMs: number;
}

export interface ClaimRequest {
  readonly key: string;
  /** Hash of the payload: the same key with another one is a conflict. */
  readonly fingerprint: string;
}

/** What became of a claim. */
export type Claim =
  | { readonly type: 'first'; readonly scope: ScopeHandlers; readonly attempt: number }
  /** The key is done: the first one's result. */
  | { readonly type: 'duplicate'; readonly result: unknown; readonly firstAt: number }
  /** The same key with another payload. */
  | { readonly type: 'conflict'; readonly firstAt: number };

export class IdempotencyGuard {
  /** Wakes the duplicates that wait for a key that is claimed in this process. */
  readonly #waiting = new Map<string, Set<() => void>>();

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
   * Claims the key, or tells what the first one with it came to. A duplicate of work in progress waits for it.
   * @throws CrossdockError IDEMPOTENCY_IN_PROGRESS (transient) when the first one has not ended within `waitMs`.
   */
  async claim(request: ClaimRequest): Promise<Claim> {
    const deadline = Date.now() + this.options.waitMs;
    for (;;) {
      const claim = await this.#try(request);
      if (claim !== 'in progress') return claim;
      const left = deadline - Date.now();
      if (left <= 0) {
        throw new CrossdockError('The first message with this key is still being worked on.', {
          code: 'IDEMPOTENCY_IN_PROGRESS',
          kind: 'transient',
          retryAfterMs: 2000,
        });
      }
      await this.#turn(request.key, Math.min(left, POLL_MS));
    }
  }

  /** Forgets keys past their retention, a bounded number at a time. @returns how many */
  async cleanUp(): Promise<number> {
    const { scope } = this.options;
    const [result] = await this.store.run([{ sql: CLEAN_UP, params: [scope, scope] }]);
    return result?.changes ?? 0;
  }

  async #try({ key, fingerprint }: ClaimRequest): Promise<Claim | 'in progress'> {
    const { scope, leaseMs, retentionMs } = this.options;
    const { instanceId } = this.store;
    const [claimed, seen] = await this.store.run([
      {
        sql: CLAIM,
        params: [scope, key, fingerprint, instanceId, leaseMs, retentionMs],
      },
      { sql: `${LOOK}`, params: [scope, key] },
    ]);
    const fence = claimed?.rows[0]?.['fence'];
    if (fence !== undefined) {
      return { type: 'first', scope: this.#scopeOf(key, Number(fence)), attempt: Number(fence) };
    }
    const row: Row | undefined = seen?.rows[0];
    const firstAt = Number(row?.['first_at'] ?? 0);
    if (row?.['fingerprint'] !== fingerprint) return { type: 'conflict', firstAt };
    if (row['state'] !== 'done') return 'in progress';
    return { type: 'duplicate', result: parse(row['result']), firstAt };
  }

  #scopeOf(key: string, fence: number): ScopeHandlers {
    const { scope, retentionMs } = this.options;
    return {
      kind: 'guard',
      store: this.store,
      statements: (outcome: Outcome): readonly Statement[] =>
        outcome.type === 'completed'
          ? [{ sql: DONE, params: [serialise(outcome.result), retentionMs, scope, key, fence], expect: 1 }]
          : [{ sql: RELEASE, params: [scope, key, fence], expect: 1 }],
      ended: () => {
        for (const wake of this.#waiting.get(key) ?? []) wake();
      },
    };
  }

  /** Waits until the key's scope ends in this process, or (another process has it) for one poll interval. */
  #turn(key: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(key) ?? new Set();
      this.#waiting.set(key, waiters);
      const done = (): void => {
        clearTimeout(timer);
        waiters.delete(done);
        if (waiters.size === 0) this.#waiting.delete(key);
        resolve();
      };
      const timer = setTimeout(done, ms);
      waiters.add(done);
    });
  }
}

function serialise(result: unknown): string {
  return JSON.stringify(result ?? null);
}

function parse(text: unknown): unknown {
  return typeof text === 'string' ? (JSON.parse(text) as unknown) : null;
}
