/**
 * Scopes: the work that one message causes downstream of one node (its lease in the inbox, its claim in the
 * idempotency guard, ...). They nest. A scope ends exactly once: completed, failed, parked or abandoned.
 *
 * All scopes of a message end in ONE unit of the store: inbox row, guard claim, what leaves through the outbox and
 * (for a parked message) the dead letter commit together, so no crash can leave one without the other. Each scope
 * contributes its statements, guarded by its fencing token (`expect: 1`): when a lease was lost meanwhile, the whole
 * unit is rolled back and the late result is discarded.
 *
 * The outermost scope says how the message ends. `explicit`: when a settling node says so. `automatic`: when nothing
 * of it is under way any more; the branches are counted (`began`, `ended`) by whoever sees messages pass (Node-RED's
 * hooks, nodes/shared/tracking.ts), and the count is looked at once the current turn of the event loop is over,
 * since a node may report its end a moment before what it caused is visible.
 *
 * The message carries only the tokens (`msg.crossdock.scopes`, plain data: clones keep it, handles would not
 * survive). A message that lost `msg.crossdock` (a function node that returned a new object) is found by `_msgid`.
 */
import { randomUUID } from 'node:crypto';
import type { CrossdockError } from '../errors';
import { type Statement, StatementExpectationError, type Store } from '../store';
import { crashPoint } from './crash-point';
import type { EndMode, Extra, Origin, Outcome, ScopedMessage, ScopeHandlers } from './scope-types';

/** All that was opened for one message, from its outermost scope down. */
interface Root {
  readonly end: EndMode;
  readonly scopes: Set<OpenScope>;
  /** Under which its messages are remembered: a node on the way may have given them a new `_msgid`. */
  readonly msgids: Set<string>;
  /** What nodes have left to be written with a good end. */
  readonly staged: Extra[];
  /** Branches under way; meaningful when `end` is automatic. */
  pending: number;
  failure: CrossdockError | undefined;
  /** A branch was dropped by a node that stops: however the others end, the message has to go round again. */
  cut: boolean;
}

interface OpenScope {
  readonly token: string;
  readonly root: Root;
  readonly handlers: ScopeHandlers;
  readonly deadline: NodeJS.Timeout;
  /** When the deadline is, on `performance.now()`. */
  readonly endsAt: number;
  /** What a settling node said that this scope's work came to. */
  result: unknown;
  /** An end is being committed: a second one at the same time finds it closed. */
  settling: boolean;
}

export interface OpenOptions {
  /**
   * How a message ends that no outer scope governs. Automatic needs someone who counts: without (`tracked` is
   * false) it is explicit.
   */
  readonly end?: EndMode;
  /** Branches under way already: 1 when the opening node handles the message itself, 0 when it is a source. */
  readonly pending?: number;
}

/** Ms until an automatic end that the store refused is tried again. */
const AGAIN_MS = 1000;

/**
 * The scopes that are open in this process. One registry serves all nodes (they share module state), so a guard on
 * one tab and a dead letter node on another settle the same message.
 */
export class ScopeRegistry {
  /** Set by whoever counts branches. */
  tracked = false;
  readonly #open = new Map<string, OpenScope>();
  readonly #byMsgid = new Map<string, string[]>();
  /** Messages of which nothing seems to be under way any more. */
  #quiet: Root[] = [];

  /** Scopes open now. */
  get size(): number {
    return this.#open.size;
  }

  /** Messages that are known by their `_msgid`; none when no scope is open. */
  get remembered(): number {
    return this.#byMsgid.size;
  }

  /**
   * Opens a scope and writes its token into the message.
   * @param holdMs after this time without an end the scope is abandoned: its lease runs out and the message is
   *   delivered again. Bounds what cannot be tracked (a message that a node swallowed).
   */
  open(message: ScopedMessage, handlers: ScopeHandlers, holdMs: number, options: OpenOptions = {}): string {
    const token = randomUUID();
    const outer = this.#tokens(message);
    const deadline = setTimeout(() => this.#abandon(token), holdMs);
    deadline.unref();
    const root = this.#rootOf(outer) ?? {
      end: this.tracked ? (options.end ?? 'automatic') : 'explicit',
      scopes: new Set(),
      msgids: new Set(),
      staged: [],
      pending: options.pending ?? 1,
      failure: undefined,
      cut: false,
    };
    const scope: OpenScope = {
      token,
      root,
      handlers,
      deadline,
      endsAt: performance.now() + holdMs,
      result: undefined,
      settling: false,
    };
    root.scopes.add(scope);
    this.#open.set(token, scope);
    const scopes = [...outer, token];
    message.crossdock = { ...message.crossdock, scopes };
    if (message._msgid !== undefined) {
      root.msgids.add(message._msgid);
      this.#byMsgid.set(message._msgid, scopes);
    }
    return token;
  }

  /** Whether any scope of this message is still open here. */
  isOpen(message: ScopedMessage): boolean {
    return this.#tokens(message).some((token) => this.#open.get(token)?.settling === false);
  }

  /** Ms that the message may still stay in the flow by its outermost scope; undefined when no scope is open. */
  timeLeft(message: ScopedMessage): number | undefined {
    for (const token of this.#tokens(message)) {
      const scope = this.#open.get(token);
      if (scope !== undefined) return Math.max(0, Math.ceil(scope.endsAt - performance.now()));
    }
    return undefined;
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

  /** One more branch of the message is under way. Returns whether the branches of this message are counted. */
  began(message: ScopedMessage): boolean {
    const root = this.#trackedRoot(message);
    if (root === undefined) return false;
    root.pending += 1;
    return true;
  }

  /** A node that stops has dropped a branch: when the others have ended, the message is handed back. */
  cut(message: ScopedMessage): void {
    const root = this.#trackedRoot(message);
    if (root !== undefined) root.cut = true;
  }

  /** Writes the tokens back into a message that is known by its `_msgid` only. */
  restore(message: ScopedMessage): void {
    const tokens = message._msgid === undefined ? undefined : this.#byMsgid.get(message._msgid);
    if (tokens === undefined || !Object.isExtensible(message)) return;
    message.crossdock = { ...message.crossdock, scopes: [...tokens] };
  }

  /** A branch of the message has ended; `error` is its failure, if it was one. */
  ended(message: ScopedMessage, error?: CrossdockError): void {
    const root = this.#trackedRoot(message);
    if (root === undefined) return;
    if (error !== undefined) root.failure ??= error;
    root.pending -= 1;
    this.#whenQuiet(root);
  }

  /** Whether the branches of this message are counted. */
  isTracked(message: ScopedMessage): boolean {
    return this.#trackedRoot(message) !== undefined;
  }

  /** The message failed in this branch, though the branch itself reports no error (a Catch node got it). */
  failed(message: ScopedMessage, error: CrossdockError): void {
    const root = this.#trackedRoot(message);
    if (root !== undefined) root.failure ??= error;
  }

  /** A source has sent its message: when nobody took it, it is done. */
  sent(message: ScopedMessage): void {
    const root = this.#trackedRoot(message);
    if (root !== undefined) this.#whenQuiet(root);
  }

  /**
   * Notes a final failure that a Catch node may still bring to a dead letter node. When nothing has settled the
   * message after `graceMs` (or, where branches are counted, when all have ended), its scopes end as failed, with
   * this error kept beside the message.
   */
  failing(message: ScopedMessage, error: CrossdockError, graceMs: number): void {
    const root = this.#trackedRoot(message);
    if (root !== undefined) {
      root.failure = error;
      this.#whenQuiet(root);
      return;
    }
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
   * A settling node has done its work on the message.
   * - Explicit: all scopes of the message end as completed, in one unit with `extra`: `settled` or `stale`.
   * - Automatic: the result is noted and `extra` waits for the good end of the message; a failure of another branch
   *   drops it, and the next delivery does it again: `noted`.
   * - No scope is open: `extra` is committed at once: `none`.
   */
  async finish(
    message: ScopedMessage,
    result: unknown,
    extra?: Extra,
  ): Promise<'settled' | 'noted' | 'none' | 'stale'> {
    const root = this.#trackedRoot(message);
    if (root === undefined) return this.settle(message, { type: 'completed', result }, extra);
    if (result !== undefined) {
      for (const token of this.#tokens(message)) {
        const scope = this.#open.get(token);
        if (scope !== undefined) scope.result = result;
      }
    }
    if (extra !== undefined) root.staged.push(extra);
    return 'noted';
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
    extra?: Extra,
  ): Promise<'settled' | 'none' | 'stale'> {
    return this.#end(this.#take(this.#rootOf(this.#tokens(message))), outcome, extra);
  }

  /** Gives a message back with everything that was opened for it: `token` is its outermost scope. */
  async handBack(token: string): Promise<'settled' | 'none' | 'stale'> {
    return this.#end(this.#take(this.#open.get(token)?.root), { type: 'handedBack' });
  }

  /** Forgets a scope without writing: its lease will run out or was handed back already. */
  abandon(token: string): void {
    this.#abandon(token);
  }

  async #end(
    ending: readonly OpenScope[],
    outcome: Outcome,
    extra?: Extra,
  ): Promise<'settled' | 'none' | 'stale'> {
    const staged = outcome.type === 'completed' ? (ending[0]?.root.staged ?? []) : [];
    const extras = extra === undefined ? staged : [...staged, extra];
    crashPoint('done.beforeCommit');
    try {
      for (const [store, statements] of units(ending, outcome, extras)) await store.run(statements);
      crashPoint('done.afterCommit');
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
    for (const { committed } of extras) committed?.();
    return ending.length === 0 ? 'none' : 'settled';
  }

  #tokens(message: ScopedMessage): readonly string[] {
    const carried = message.crossdock?.scopes;
    if (Array.isArray(carried)) return carried.filter((token) => typeof token === 'string');
    return (message._msgid === undefined ? undefined : this.#byMsgid.get(message._msgid)) ?? [];
  }

  #rootOf(tokens: readonly string[]): Root | undefined {
    for (const token of tokens) {
      const scope = this.#open.get(token);
      if (scope !== undefined) return scope.root;
    }
    return undefined;
  }

  /** Called for every message at every node: no allocation, two look-ups. */
  #trackedRoot(message: ScopedMessage): Root | undefined {
    if (this.#open.size === 0) return undefined;
    let tokens: unknown = message.crossdock?.scopes;
    if (!Array.isArray(tokens)) {
      if (message._msgid === undefined) return undefined;
      tokens = this.#byMsgid.get(message._msgid);
      if (tokens === undefined) return undefined;
    }
    for (const token of tokens as readonly string[]) {
      const scope = this.#open.get(token);
      if (scope !== undefined) return scope.root.end === 'automatic' ? scope.root : undefined;
    }
    return undefined;
  }

  #whenQuiet(root: Root): void {
    if (root.pending > 0) return;
    if (this.#quiet.push(root) === 1) setImmediate(() => this.#endQuiet());
  }

  #endQuiet(): void {
    const quiet = this.#quiet;
    this.#quiet = [];
    for (const root of quiet) {
      if (root.pending > 0) continue;
      const ending = this.#take(root);
      if (ending.length === 0) continue;
      this.#end(ending, endOf(root)).catch(() => {
        // The store refused (disk full). Nobody else will say that this message is done, so it is said again; when
        // the time of its scopes runs out first, it is delivered again.
        setTimeout(() => this.#whenQuiet(root), AGAIN_MS).unref();
      });
    }
  }

  #take(root: Root | undefined): OpenScope[] {
    const taken: OpenScope[] = [];
    for (const scope of root?.scopes ?? []) {
      if (scope.settling) continue;
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
    scope.root.scopes.delete(scope);
    if (scope.root.scopes.size > 0) return;
    for (const msgid of scope.root.msgids) {
      // Another message may have come by under the same id meanwhile.
      if (this.#byMsgid.get(msgid)?.some((other) => this.#open.has(other)) !== true)
        this.#byMsgid.delete(msgid);
    }
  }
}

function endOf({ cut, failure }: Root): Outcome {
  // Before a failure: its Catch nodes may be stopped as well, and would not have got it.
  if (cut) return { type: 'handedBack' };
  return failure === undefined
    ? { type: 'completed', result: undefined }
    : { type: 'failed', error: failure };
}

/** What is to be written, per store; innermost scopes first, so that the source's lease ends last. */
function units(
  ending: readonly OpenScope[],
  outcome: Outcome,
  extras: readonly Extra[],
): Map<Store, Statement[]> {
  const found = new Map<Store, Statement[]>();
  const add = (store: Store, statements: readonly Statement[]): void => {
    if (statements.length === 0) return;
    const list = found.get(store);
    if (list === undefined) found.set(store, [...statements]);
    else list.push(...statements);
  };
  for (const { store, statements } of extras) add(store, statements);
  for (let index = ending.length - 1; index >= 0; index -= 1) {
    const scope = ending[index];
    if (scope?.handlers.store === undefined) continue;
    const own: Outcome =
      outcome.type === 'completed' && outcome.result === undefined
        ? { type: 'completed', result: scope.result }
        : outcome;
    add(scope.handlers.store, scope.handlers.statements(own));
  }
  return found;
}

/** The registry of this process. */
export const scopes = new ScopeRegistry();
