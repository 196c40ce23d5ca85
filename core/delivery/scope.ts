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
import { commit, type Ended, end, take } from './scope-end';
import { decide, leave, originOf, retryAround, toldToSource } from './scope-fate';
import { ScopeIndex } from './scope-index';
import type { OpenScope, Root } from './scope-root';
import type {
  EndMode,
  Extra,
  Failing,
  Fate,
  Origin,
  Outcome,
  Pausable,
  ScopedMessage,
  ScopeHandlers,
} from './scope-types';

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
  readonly #index = new ScopeIndex();
  /** Tokens of other processes, that a message has brought along, are not taken for ours. */
  readonly #id = randomUUID();
  #opened = 0;
  /** Messages of which nothing seems to be under way any more. */
  #quiet: Root[] = [];

  /** Scopes open now. */
  get size(): number {
    return this.#index.open.size;
  }

  /** Messages that are known by their `_msgid`; none when no scope is open. */
  get remembered(): number {
    return this.#index.remembered;
  }

  /**
   * Opens a scope and writes its token into the message.
   * @param holdMs after this time without an end the scope is abandoned: its lease runs out and the message is
   *   delivered again. Bounds what cannot be tracked (a message that a node swallowed). Undefined, for an inner scope:
   *   as long as the outermost one.
   */
  open(
    message: ScopedMessage,
    handlers: ScopeHandlers,
    holdMs: number | undefined,
    options: OpenOptions = {},
  ): string {
    this.#opened += 1;
    const token = `${this.#id}-${this.#opened}`;
    const outer = this.#index.tokens(message);
    const deadline = holdMs === undefined ? undefined : setTimeout(() => this.abandon(token), holdMs);
    deadline?.unref();
    const root = this.#index.rootOf(outer) ?? {
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
      outer,
      deadline,
      endsAt: holdMs === undefined ? undefined : performance.now() + holdMs,
      result: undefined,
      settling: false,
      left: false,
      failed: undefined,
    };
    this.#index.add(scope, message);
    return token;
  }

  /** Whether any scope of this message is still open here. */
  isOpen(message: ScopedMessage): boolean {
    return this.#index.tokens(message).some((token) => this.#index.open.get(token)?.settling === false);
  }

  /** Ms that the message may still stay in the flow by its outermost scope; undefined when no scope is open. */
  timeLeft(message: ScopedMessage): number | undefined {
    for (const token of this.#index.tokens(message)) {
      const endsAt = this.#index.open.get(token)?.endsAt;
      if (endsAt !== undefined) return Math.max(0, Math.ceil(endsAt - performance.now()));
    }
    return undefined;
  }

  /** What becomes of this message after such a failure. */
  fate(message: ScopedMessage, error: CrossdockError): Fate {
    const decision = decide(this.#index.open, this.#index.tokens(message), error);
    if (decision.type === 'again') return { type: 'again', inMs: decision.inMs };
    return decision.type === 'final' ? { type: 'final' } : { type: 'leaves', by: decision.by };
  }

  /** The message as it arrived, when it came through an inbox. */
  origin(message: ScopedMessage): Origin | undefined {
    return originOf(this.#index.open, this.#index.tokens(message));
  }

  /** What makes the message's source pause; undefined when it comes from none, or from one that cannot. */
  pausable(message: ScopedMessage): Pausable | undefined {
    for (const token of this.#index.tokens(message)) {
      const pausable = this.#index.open.get(token)?.handlers.pausable?.();
      if (pausable !== undefined) return pausable;
    }
    return undefined;
  }

  /** The message goes by this `_msgid` too. */
  know(message: ScopedMessage): void {
    this.#index.know(message);
  }

  /** One more branch of the message is under way. Returns whether the branches of this message are counted. */
  began(message: ScopedMessage): boolean {
    const root = this.#index.trackedRoot(message);
    if (root === undefined) return false;
    root.pending += 1;
    return true;
  }

  /** A node that stops has dropped a branch: when the others have ended, the message is handed back. */
  cut(message: ScopedMessage): void {
    const root = this.#index.trackedRoot(message);
    if (root !== undefined) root.cut = true;
  }

  /** Writes the tokens back into a message that is known by its `_msgid` only. */
  restore(message: ScopedMessage): void {
    this.#index.restore(message);
  }

  /** A branch of the message has ended; `error` is its failure, if it was one, at the node `nodeId`. */
  ended(message: ScopedMessage, error?: CrossdockError, nodeId?: string): void {
    const root = this.#index.trackedRoot(message);
    if (root === undefined) return;
    if (error !== undefined) root.failure ??= this.#failing(message, error, nodeId);
    root.pending -= 1;
    this.#whenQuiet(root);
  }

  /** Whether the branches of this message are counted. */
  isTracked(message: ScopedMessage): boolean {
    return this.#index.trackedRoot(message) !== undefined;
  }

  /** The message failed in this branch, though the branch itself reports no error (a Catch node got it). */
  failed(message: ScopedMessage, error: CrossdockError, nodeId?: string): void {
    const root = this.#index.trackedRoot(message);
    if (root !== undefined) root.failure ??= this.#failing(message, error, nodeId);
  }

  /** A source has sent its message: when nobody took it, it is done. */
  sent(message: ScopedMessage): void {
    const root = this.#index.trackedRoot(message);
    if (root !== undefined) this.#whenQuiet(root);
  }

  /**
   * Notes a final failure that a Catch node may still bring to a dead letter node. When nothing has settled the
   * message after `graceMs` (or, where branches are counted, when all have ended), its scopes end as failed, with
   * this error kept beside the message.
   */
  failing(message: ScopedMessage, error: CrossdockError, graceMs: number): void {
    const root = this.#index.trackedRoot(message);
    const { nodeId } = message.crossdock?.failure ?? {};
    if (root !== undefined) {
      root.failure = this.#failing(message, error, nodeId) ?? root.failure;
      this.#whenQuiet(root);
      return;
    }
    if (!this.isOpen(message) || this.#leaves({ error, tokens: this.#index.tokens(message), nodeId })) return;
    // A shallow copy: the flow may change the message meanwhile, the tokens are what counts.
    const held: ScopedMessage = { crossdock: { scopes: [...this.#index.tokens(message)] } };
    const timer = setTimeout(() => {
      if (!this.isOpen(held)) return;
      this.settle(held, { type: 'failed', error, nodeId }).catch(() => {
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
  finish(message: ScopedMessage, result: unknown, extra?: Extra): Promise<Ended | 'noted'> {
    const root = this.#index.trackedRoot(message);
    if (root === undefined) {
      const tokens = this.#index.tokens(message);
      const open = this.#index.rootOf(tokens);
      if (open === undefined) return commit(extra);
      return end(this.#index, take(open), { type: 'completed', result }, tokens, extra);
    }
    if (result !== undefined) {
      for (const token of this.#index.tokens(message)) {
        const scope = this.#index.open.get(token);
        if (scope !== undefined) scope.result = result;
      }
    }
    if (extra !== undefined) root.staged.push({ extra, tokens: this.#index.tokens(message) });
    return Promise.resolve('noted');
  }

  /**
   * Ends all open scopes of the message with one outcome, in one durable unit per store, together with `extra`
   * (for example the dead letter's row).
   * @returns `settled`, `none` when no scope was open (extra was still committed), `stale` when a lease was lost
   *   (nothing was written, the message belongs to another delivery now), or `left`: after a failure that is not tried
   *   again the message leaves a retry node by its second output; it has not ended, and `extra` was dropped.
   */
  async settle(message: ScopedMessage, outcome: Outcome, extra?: Extra): Promise<Ended | 'left'> {
    const tokens = this.#index.tokens(message);
    if (outcome.type !== 'failed')
      return end(this.#index, take(this.#index.rootOf(tokens)), outcome, tokens, extra);
    const failing = { error: outcome.error, tokens, nodeId: outcome.nodeId };
    if (this.#leaves(failing)) return 'left';
    return this.#fail(this.#index.rootOf(tokens), failing, extra);
  }

  /** Gives a message back with everything that was opened for it: `token` is its outermost scope. */
  async handBack(token: string): Promise<Ended> {
    return end(this.#index, take(this.#index.open.get(token)?.root), { type: 'handedBack' }, [token]);
  }

  /**
   * A node gives the message back unfinished, as if it had not been delivered: at once, or, where branches are counted,
   * when the others have ended.
   */
  async giveBack(message: ScopedMessage): Promise<void> {
    const tokens = this.#index.tokens(message);
    const root = this.#index.rootOf(tokens);
    if (root?.end === 'automatic') root.cut = true;
    else await end(this.#index, take(root), { type: 'handedBack' }, tokens);
  }

  /** Ends a message that leaves no retry node, as it is decided about its failure. */
  #fail(root: Root | undefined, { error, tokens, nodeId }: Failing, extra?: Extra): Promise<Ended> {
    const retry = toldToSource(decide(this.#index.open, tokens, error));
    const outcome: Outcome = { type: 'failed', error, nodeId, ...(retry === undefined ? {} : { retry }) };
    return end(this.#index, take(root), outcome, tokens, extra);
  }

  /** A failure as it is noted; undefined when it belongs to a try that is past. */
  #failing(message: ScopedMessage, error: CrossdockError, nodeId?: string): Failing | undefined {
    const tokens = this.#index.tokens(message);
    return this.#past(tokens) ? undefined : { error, tokens, nodeId };
  }

  #past(tokens: readonly string[]): boolean {
    return retryAround(this.#index.open, tokens)?.left === true;
  }

  /** Lets the message leave the retry node around the failure, when it is to. */
  #leaves(failing: Failing): boolean {
    const decision = decide(this.#index.open, failing.tokens, failing.error);
    if (decision.type === 'past') return true;
    if (decision.type !== 'leaves') return false;
    const { scope, failures } = decision;
    const { root } = scope;
    leave(scope, failing);
    const before = root.pending;
    const sent = scope.handlers.retry?.exhausted?.(failing, failures) === true;
    if (root.end === 'automatic') {
      if (!sent) root.cut = true;
      // Nobody was there to take it: it must not look as if all had gone well.
      else if (root.pending === before) root.failure = failing;
      this.#whenQuiet(root);
    } else if (!sent) {
      // A store that refuses: the lease runs out.
      end(this.#index, take(root), { type: 'handedBack' }, failing.tokens).catch(() => undefined);
    }
    return true;
  }

  #whenQuiet(root: Root): void {
    if (root.pending > 0) return;
    if (this.#quiet.push(root) === 1) setImmediate(() => this.#endQuiet());
  }

  #endQuiet(): void {
    const quiet = this.#quiet;
    this.#quiet = [];
    for (const root of quiet) {
      // Unless it has ended, or is about to.
      if (root.pending > 0 || [...root.scopes].every(({ settling }) => settling)) continue;
      this.#endRoot(root).catch(() => {
        // The store refused (disk full). Nobody else will say that this message is done, so it is said again; when
        // the time of its scopes runs out first, it is delivered again.
        setTimeout(() => this.#whenQuiet(root), AGAIN_MS).unref();
      });
    }
  }

  async #endRoot(root: Root): Promise<void> {
    const { cut, failure } = root;
    // Before a failure: its Catch nodes may be stopped as well, and would not have got it.
    if (cut) await end(this.#index, take(root), { type: 'handedBack' }, []);
    else if (failure === undefined)
      await end(this.#index, take(root), { type: 'completed', result: undefined }, []);
    else if (this.#past(failure.tokens) || !this.#leaves(failure)) await this.#fail(root, failure);
  }

  /** Forgets a scope without writing: its lease runs out. */
  abandon(token: string): void {
    const scope = this.#index.open.get(token);
    if (scope === undefined) return;
    const isOutermost = scope.outer.every((outer) => !this.#index.open.has(outer));
    const inner = isOutermost ? [...scope.root.scopes].filter(({ deadline }) => deadline === undefined) : [];
    for (const gone of new Set([...inner, scope])) {
      this.#index.forget(gone);
      gone.handlers.ended('abandoned');
    }
  }
}

/** The registry of this process. */
export const scopes = new ScopeRegistry();
