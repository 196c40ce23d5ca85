/**
 * Scopes: the work that one message causes downstream of one node (its lease in the inbox, its claim in the
 * idempotency guard, ...). They nest. A scope ends exactly once: completed, failed, parked or abandoned.
 *
 * All scopes of a message end in ONE unit of the store: inbox row, guard claim and (for a parked message) the dead
 * letter commit together, so no crash can leave one without the other. Each scope contributes its statements, guarded
 * by its fencing token (`expect: 1`): when a lease was lost meanwhile, the whole unit is rolled back and the late
 * result is discarded.
 *
 * The message carries only the tokens (`msg.crossdock.scopes`, plain data: clones keep it, handles would not
 * survive). A message that lost `msg.crossdock` (a function node that returned a new object) is found by `_msgid`.
 */
import { randomUUID } from 'node:crypto';
import type { CrossdockError, ErrorKind, Problem } from '../errors';
import { type Statement, StatementExpectationError, type Store } from '../store';

/** How a scope ended. */
export type Outcome =
  | { readonly type: 'completed'; readonly result: unknown }
  /** Failed: delivered again by the schedule when the error may be retried, else kept with its error. */
  | { readonly type: 'failed'; readonly error: CrossdockError }
  /** Given to people: the dead letter `id` holds it now. */
  | { readonly type: 'parked'; readonly error: CrossdockError; readonly id: string }
  /** Given back unfinished, as if it had not been delivered: its node stops, the next instance takes it. */
  | { readonly type: 'handedBack' };

/** What a node contributes when it opens a scope. */
export interface ScopeHandlers {
  readonly store: Store;
  /** A word for logs and status, for example `inbox` or `guard`. */
  readonly kind: string;
  /** Statements that record the outcome; must fence themselves with `expect`. */
  statements(outcome: Outcome): readonly Statement[];
  /** Called once, after the unit committed (or was discarded as stale). Must not throw. */
  ended(outcome: Outcome | 'stale' | 'abandoned'): void;
  /** Ms until this scope would deliver the message again after such a failure; undefined when it would not. */
  retryDelay?(error: CrossdockError): number | undefined;
  /** What the message was when it entered, for the dead letters; only the scope of a source knows it. */
  origin?(): Origin;
}

/** A message as it arrived. */
export interface Origin {
  readonly source: string;
  readonly deliveryId: string;
  readonly body: Uint8Array;
  /** Store clock, ms. */
  readonly receivedAt: number;
  /** Deliveries into the flow so far, this one included. */
  readonly attempts: number;
}

/** An error as plain data. */
export interface Failure {
  nodeId: string;
  code: string;
  kind: ErrorKind;
  message: string;
  facts: CrossdockError['facts'];
  problems: readonly Problem[];
}

/** The plain data that travels in `msg.crossdock`. */
export interface MessageState {
  /** Open scopes, outermost first. */
  scopes?: string[];
  /** Business key for people and for the journal, for example `order:shop-eu:1001`. */
  key?: string;
  /** Set when the message failed and its source will deliver it again: it must not be parked. */
  retry?: { attempt: number; inMs: number };
  /** The last failure and the node it happened at. */
  failure?: Failure;
  [extra: string]: unknown;
}

/** The part of a Node-RED message that scopes touch. */
export interface ScopedMessage {
  _msgid?: string;
  crossdock?: MessageState;
}

interface OpenScope {
  readonly token: string;
  /** The scopes it lies in, outermost first. */
  readonly outer: readonly string[];
  readonly handlers: ScopeHandlers;
  readonly msgid: string | undefined;
  readonly deadline: NodeJS.Timeout;
  /** An end is being committed: a second one at the same time finds it closed. */
  settling: boolean;
}

/**
 * The scopes that are open in this process. One registry serves all nodes (they share module state), so a guard on
 * one tab and a dead letter node on another settle the same message.
 */
export class ScopeRegistry {
  readonly #open = new Map<string, OpenScope>();
  readonly #byMsgid = new Map<string, string[]>();

  /** Scopes open now. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Opens a scope and writes its token into the message.
   * @param holdMs after this time without an end the scope is abandoned: its lease runs out and the message is
   *   delivered again. Bounds what cannot be tracked (a message that a node swallowed).
   */
  open(message: ScopedMessage, handlers: ScopeHandlers, holdMs: number): string {
    const token = randomUUID();
    const outer = this.#tokens(message);
    const deadline = setTimeout(() => this.#abandon(token), holdMs);
    deadline.unref();
    this.#open.set(token, { token, outer, handlers, msgid: message._msgid, deadline, settling: false });
    const scopes = [...outer, token];
    message.crossdock = { ...message.crossdock, scopes };
    if (message._msgid !== undefined) this.#byMsgid.set(message._msgid, scopes);
    return token;
  }

  /** Whether any scope of this message is still open here. */
  isOpen(message: ScopedMessage): boolean {
    return this.#tokens(message).some((token) => this.#open.get(token)?.settling === false);
  }

  /** Ms until the outermost scope that retries would deliver this message again, or undefined if none will. */
  retryDelay(message: ScopedMessage, error: CrossdockError): number | undefined {
    for (const token of this.#tokens(message)) {
      const delay = this.#open.get(token)?.handlers.retryDelay?.(error);
      if (delay !== undefined) return delay;
    }
    return undefined;
  }

  /** The message as it arrived, when it came through an inbox. */
  origin(message: ScopedMessage): Origin | undefined {
    for (const token of this.#tokens(message)) {
      const origin = this.#open.get(token)?.handlers.origin?.();
      if (origin !== undefined) return origin;
    }
    return undefined;
  }

  /**
   * Notes a final failure that a Catch node may still bring to a dead letter node. When nothing has settled the
   * message after `graceMs`, its scopes end as failed, with this error kept beside the message.
   */
  failing(message: ScopedMessage, error: CrossdockError, graceMs: number): void {
    if (!this.isOpen(message)) return;
    // A shallow copy: the flow may change the message meanwhile, the tokens are what counts.
    const held: ScopedMessage = { crossdock: { scopes: [...this.#tokens(message)] } };
    const timer = setTimeout(() => {
      if (!this.isOpen(held)) return;
      this.settle(held, { type: 'failed', error }).catch(() => {
        // The store refused: the leases run out and the message is delivered again.
      });
    }, graceMs);
    timer.unref();
  }

  /**
   * Ends all open scopes of the message with one outcome, in one durable unit per store, together with `extra`
   * (for example the dead letter's row).
   * @returns `settled`, `none` when no scope was open (extra was still committed), or `stale` when a lease was lost:
   *   nothing was written, the message belongs to another delivery now.
   */
  async settle(
    message: ScopedMessage,
    outcome: Outcome,
    extra?: { readonly store: Store; readonly statements: readonly Statement[] },
  ): Promise<'settled' | 'none' | 'stale'> {
    return this.#end(this.#take(this.#tokens(message)), outcome, extra);
  }

  /** Gives a message back with everything that was opened for it: `token` is its outermost scope. */
  async handBack(token: string): Promise<'settled' | 'none' | 'stale'> {
    const inner = [...this.#open.values()].filter(({ outer }) => outer.includes(token));
    return this.#end(this.#take([token, ...inner.map((scope) => scope.token)]), { type: 'handedBack' });
  }

  async #end(
    ending: readonly OpenScope[],
    outcome: Outcome,
    extra?: { readonly store: Store; readonly statements: readonly Statement[] },
  ): Promise<'settled' | 'none' | 'stale'> {
    const units = new Map<Store, Statement[]>();
    if (extra !== undefined) units.set(extra.store, [...extra.statements]);
    for (const scope of [...ending].reverse()) {
      const list = units.get(scope.handlers.store) ?? [];
      list.push(...scope.handlers.statements(outcome));
      units.set(scope.handlers.store, list);
    }
    try {
      for (const [store, statements] of units) if (statements.length > 0) await store.run(statements);
    } catch (error) {
      if (error instanceof StatementExpectationError) {
        this.#close(ending, 'stale');
        return 'stale';
      }
      // The store refused (disk full, closed): nothing was written, so nothing has ended. The scopes stay open for
      // another try; when none comes, their time runs out and the message is delivered again.
      for (const scope of ending) scope.settling = false;
      throw error;
    }
    this.#close(ending, outcome);
    return ending.length === 0 ? 'none' : 'settled';
  }

  /** Forgets a scope without writing: its lease will run out or was handed back already. */
  abandon(token: string): void {
    this.#abandon(token);
  }

  #tokens(message: ScopedMessage): readonly string[] {
    const carried = message.crossdock?.scopes;
    if (Array.isArray(carried)) return carried.filter((token) => typeof token === 'string');
    return (message._msgid === undefined ? undefined : this.#byMsgid.get(message._msgid)) ?? [];
  }

  #take(tokens: readonly string[]): OpenScope[] {
    const taken: OpenScope[] = [];
    for (const token of tokens) {
      const scope = this.#open.get(token);
      if (scope === undefined || scope.settling) continue;
      scope.settling = true;
      taken.push(scope);
    }
    return taken;
  }

  #close(ended: readonly OpenScope[], outcome: Outcome | 'stale'): void {
    for (const scope of ended) this.#forget(scope);
    for (const scope of ended) scope.handlers.ended(outcome);
  }

  #abandon(token: string): void {
    const scope = this.#open.get(token);
    if (scope === undefined) return;
    this.#forget(scope);
    scope.handlers.ended('abandoned');
  }

  #forget(scope: OpenScope): void {
    clearTimeout(scope.deadline);
    this.#open.delete(scope.token);
    if (scope.msgid === undefined) return;
    const left = (this.#byMsgid.get(scope.msgid) ?? []).filter((token) => this.#open.has(token));
    if (left.length === 0) this.#byMsgid.delete(scope.msgid);
    else this.#byMsgid.set(scope.msgid, left);
  }
}

/** The registry of this process. */
export const scopes = new ScopeRegistry();
