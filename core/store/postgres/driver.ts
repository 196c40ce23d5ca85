/**
 * The PostgreSQL driver: one writing connection with group commit. While one transaction commits (the fsync and the
 * round trip are the cost), the next units gather; a group is one transaction without savepoints. When a unit fails in
 * it, all is rolled back, what stood before it goes again, then it alone, then the rest: in the order of the calls,
 * and without its neighbours noticing.
 *
 * A lost connection is made again for ever. What was under way is rejected as transient: nothing is acknowledged on a
 * guess. What had not been sent waits a little for the new connection.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CrossdockError } from '../../errors';
import { applyMigrations } from '../migrations';
import {
  type Migration,
  type Statement,
  StatementExpectationError,
  type StatementResult,
  type Store,
  type StoreHealth,
  type StoreOptions,
} from '../types';
import { type Endpoint, type PostgresConfig, readEndpoint } from './config';
import { Dialect } from './dialect';
import { errorOf, isConflict, isServerFault, isStalePlan } from './errors';
import { Link } from './link';
import type { Session } from './session';
import { type Outcome, transact, type Work } from './transaction';

const DEFAULT_MAX_QUEUED = 10_000;
/** Units in one transaction: larger ones gain nothing and hold their row locks longer. */
const MAX_GROUP = 256;
/** Tries of a unit that meets a conflict (deadlock, lock held for long). */
const MAX_TRIES = 3;

const SIZE = `SELECT sum(pg_total_relation_size(c.oid)) AS bytes FROM pg_class c
  WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = ?) AND c.relkind IN ('r', 'm')`;

const VERSION = 'SELECT max(version) AS version FROM crossdock_schema WHERE idea = ?';
const UNDEFINED_TABLE = '42P01';

export interface PostgresOptions extends StoreOptions {
  /** Ms of silence after which a connection is taken for dead. Default 15,000. */
  readonly answerMs?: number;
  /** Ms that a unit waits for a lost connection to come back before it is rejected. Default 5,000. */
  readonly waitMs?: number;
}

interface Unit {
  readonly statements: readonly Statement[];
  /** See `Work`. */
  readonly patient: boolean;
  readonly since: number;
  resolve(results: readonly StatementResult[]): void;
  reject(error: Error): void;
}

class PostgresStore implements Store {
  readonly dialect = 'postgres';
  readonly exclusive = false;
  readonly instanceId = randomUUID();
  readonly #texts = new Dialect();
  readonly #answerMs: number;
  readonly #waitMs: number;
  readonly #maxQueued: number;
  /** Waiting units; the oldest first. */
  #queue: Unit[] = [];
  #inFlight = 0;
  #working = false;
  #woken = false;
  readonly #link: Link;
  /** Why the last unit failed, when it was the server's fault. */
  #problem: string | undefined;
  #lastCommitAt: number | undefined;
  #bytes = 0;
  #closing: Promise<void> | undefined;
  readonly #idle: (() => void)[] = [];

  constructor(
    private readonly endpoint: Endpoint,
    options: PostgresOptions,
  ) {
    this.#answerMs = options.answerMs ?? 15_000;
    this.#waitMs = options.waitMs ?? 5000;
    this.#maxQueued = options.maxQueued ?? DEFAULT_MAX_QUEUED;
    this.#link = new Link(endpoint, this.#answerMs, {
      up: () => {
        this.#problem = undefined;
        this.#wake();
      },
      down: () => this.#refuseTheTired(),
    });
  }

  /** The first connection; its failure is the caller's to see. */
  open(): Promise<void> {
    return this.#link.open();
  }

  run(statements: readonly Statement[]): Promise<readonly StatementResult[]> {
    return this.#enqueue(statements, false);
  }

  async migrate(migration: Migration): Promise<void> {
    if (await this.#isCurrent(migration)) return;
    await applyMigrations({ run: (statements) => this.#enqueue(statements, true) }, migration);
  }

  /**
   * Nearly always there is nothing to change. That is asked without patience: on a connection that has gone silent all
   * units would wait behind it for as long as a schema change may take.
   */
  async #isCurrent({ idea, steps }: Migration): Promise<boolean> {
    try {
      const [found] = await this.run([{ sql: VERSION, params: [idea] }]);
      return Number(found?.rows[0]?.['version'] ?? 0) === steps.length;
    } catch (error) {
      // No ledger yet.
      if (error instanceof CrossdockError && error.facts['postgres'] === UNDEFINED_TABLE) return false;
      throw error;
    }
  }

  async health(): Promise<StoreHealth> {
    const { version, warnings } = this.#link.facts;
    const engine = `PostgreSQL ${version}`;
    const queued = this.#queue.length + this.#inFlight;
    if (this.#closing !== undefined) {
      return {
        state: 'closed',
        engine,
        warnings,
        bytes: 0,
        lastCommitAt: undefined,
        queued: 0,
        problem: undefined,
      };
    }
    const lastCommitAt = this.#lastCommitAt;
    if (this.#link.session !== undefined) {
      // The size of a moment ago is good enough when it cannot be asked now.
      const asked = await this.run([{ sql: SIZE, params: [this.endpoint.schema] }]).catch(() => undefined);
      this.#bytes = Number(asked?.[0]?.rows[0]?.['bytes'] ?? this.#bytes);
    }
    const problem = this.#link.problem ?? this.#problem;
    return {
      state: this.#link.session === undefined || problem !== undefined ? 'failing' : 'open',
      engine,
      warnings,
      bytes: this.#bytes,
      lastCommitAt,
      queued,
      problem,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // Ends by itself: units either commit, or have waited long enough for a connection.
    if (this.#working || this.#queue.length > 0) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
    await this.#link.close();
  }

  #enqueue(statements: readonly Statement[], patient: boolean): Promise<readonly StatementResult[]> {
    if (this.#closing !== undefined) {
      return Promise.reject(
        new CrossdockError(`The store at ${this.endpoint.label} is closed.`, {
          code: 'STORE_CLOSED',
          kind: 'transient',
          retryAfterMs: 1000,
        }),
      );
    }
    if (this.#queue.length + this.#inFlight >= this.#maxQueued) {
      return Promise.reject(
        new CrossdockError(`The store is busy: ${this.#maxQueued} operations wait for PostgreSQL already.`, {
          code: 'STORE_OVERLOADED',
          kind: 'transient',
          retryAfterMs: 1000,
        }),
      );
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({
        statements,
        patient,
        since: Date.now(),
        resolve,
        reject,
      });
      this.#wake();
    });
  }

  /** Begins to work after this turn of the event loop, so that what arrives in it shares a commit. */
  #wake(): void {
    if (this.#woken || this.#working) return;
    this.#woken = true;
    setImmediate(() => {
      this.#woken = false;
      void this.#work();
    });
  }

  /** Commits group after group while there is a connection; one at a time. Never rejects. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    for (let { session } = this.#link; this.#queue.length > 0 && session !== undefined; ) {
      const group = this.#take();
      this.#inFlight = group.length;
      const left = await this.#commit(session, group).catch((error: Error) => this.#failAll(group, error));
      this.#inFlight = 0;
      this.#queue.unshift(...left);
      session = this.#link.session;
    }
    this.#working = false;
    if (this.#queue.length === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** A mistake of ours, or of pg, ends in one place: nobody may wait for ever because of it. @returns none are left */
  #failAll(units: readonly Unit[], error: Error): readonly Unit[] {
    this.#link.session?.cut(error);
    for (const unit of units) unit.reject(this.#lostError({ error, unknown: true }));
    return [];
  }

  #take(): Unit[] {
    const patientAt = this.#queue.findIndex((unit) => unit.patient);
    const upTo = patientAt === -1 ? MAX_GROUP : Math.max(1, Math.min(patientAt, MAX_GROUP));
    return this.#queue.splice(0, upTo);
  }

  /** Settles the units, in order. @returns those that were not sent since the connection was lost before */
  async #commit(session: Session, units: readonly Unit[]): Promise<readonly Unit[]> {
    let rest = units;
    for (let tries = 1; rest.length > 0; ) {
      if (!session.alive) return rest;
      const outcome = await transact(
        session,
        rest.map((unit) => this.#workOf(unit)),
        this.#answerMs,
      );
      if (outcome.type === 'failed' && rest.length > 1 && !isServerFault(outcome.error)) {
        // What stands before the failing unit goes again without it, then the unit alone: only then is its failure
        // its own. A commit that failed names no unit: then each goes alone.
        const at = Math.max(0, outcome.unit);
        const left = await this.#commit(session, rest.slice(0, at));
        if (left.length > 0) return [...left, ...rest.slice(at)];
        const alone = await this.#commit(session, rest.slice(at, at + 1));
        if (alone.length > 0) return rest.slice(at);
        rest = rest.slice(at + 1);
      } else if (outcome.type === 'failed' && tries < MAX_TRIES && this.#mayRepeat(outcome.error)) {
        await sleep(Math.random() * 50 * 2 ** tries);
        tries += 1;
      } else {
        this.#settle(rest, outcome);
        return [];
      }
    }
    return [];
  }

  #workOf({ statements, patient }: Unit): Work {
    return {
      commands: statements.map((statement) => this.#texts.command(statement)),
      expects: statements.map(({ expect }) => expect),
      patient,
    };
  }

  #mayRepeat(error: Error): boolean {
    if (isStalePlan(error)) {
      this.#texts.forget();
      return true;
    }
    return isConflict(error);
  }

  #settle(units: readonly Unit[], outcome: Outcome): void {
    this.#inFlight -= units.length;
    if (outcome.type === 'committed') {
      this.#problem = undefined;
      this.#lastCommitAt = Date.now() + this.#link.facts.clockOffset;
      for (const [index, unit] of units.entries()) unit.resolve(outcome.results[index] ?? []);
      return;
    }
    const error = outcome.type === 'lost' ? this.#lostError(outcome) : this.#explain(outcome.error);
    if (error instanceof CrossdockError && error.kind === 'transient') this.#problem = error.message;
    for (const unit of units) unit.reject(error);
  }

  /** A commit whose answer was lost may have taken place. Repeating is safe (keys and fences), acknowledging is not. */
  #lostError({ error, unknown }: { error: Error; unknown: boolean }): CrossdockError {
    const why = errorOf(error, this.endpoint);
    return new CrossdockError(`The connection to the store was lost. ${why.message}`, {
      code: 'STORE_IO',
      kind: 'transient',
      facts: { ...why.facts, ...(unknown ? { outcome: 'unknown' } : {}) },
      retryAfterMs: 2000,
      cause: error,
    });
  }

  #explain(error: Error): Error {
    if (error instanceof CrossdockError || error instanceof StatementExpectationError) return error;
    return errorOf(error, this.endpoint);
  }

  /** Units that have waited long enough for a connection go back to their callers, who know what to do. */
  #refuseTheTired(): void {
    const now = Date.now();
    const tired = (unit: Unit): boolean => Math.max(unit.since, this.#link.lostAt) + this.#waitMs <= now;
    if (this.#link.session !== undefined || this.#working) return;
    const error = new CrossdockError(`The store cannot be reached. ${this.#link.problem ?? ''}`.trim(), {
      code: 'STORE_IO',
      kind: 'transient',
      retryAfterMs: 5000,
    });
    while (this.#queue[0] !== undefined && tired(this.#queue[0])) this.#queue.shift()?.reject(error);
    if (this.#queue.length === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/**
 * Connects to PostgreSQL and opens the store in its schema, which is made when missing. The user needs the right to
 * create it, or it must exist and belong to the user.
 * @throws CrossdockError CONFIG_INVALID, STORE_NEEDS_PG (permanent); STORE_IO, STORE_CREDENTIALS, STORE_TLS,
 *   STORE_BUSY (transient: a person or time mends it, so whoever opens should try again).
 */
export async function openPostgresStore(
  config: PostgresConfig,
  options: PostgresOptions = {},
): Promise<Store> {
  const store = new PostgresStore(readEndpoint(config), options);
  await store.open();
  return store;
}
