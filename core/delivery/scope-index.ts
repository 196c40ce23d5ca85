/** Which scopes a message has: by the tokens that it carries, or, when it has lost them, by its `_msgid`. */
import type { OpenScope, Root } from './scope-root';
import type { ScopedMessage } from './scope-types';

export class ScopeIndex {
  readonly #open = new Map<string, OpenScope>();
  readonly #byMsgid = new Map<string, string[]>();

  /** Open scopes by their tokens. */
  get open(): ReadonlyMap<string, OpenScope> {
    return this.#open;
  }

  /** Messages that are known by their `_msgid`. */
  get remembered(): number {
    return this.#byMsgid.size;
  }

  /** Enters a scope and writes its token into the message. */
  add(scope: OpenScope, message: ScopedMessage): void {
    this.#open.set(scope.token, scope);
    scope.root.scopes.add(scope);
    const scopes = [...scope.outer, scope.token];
    message.crossdock = { ...message.crossdock, scopes };
    this.#remember(message, scope.root, scopes);
  }

  /** The message goes by this `_msgid` too. */
  know(message: ScopedMessage): void {
    const tokens = this.tokens(message);
    const root = this.rootOf(tokens);
    if (root !== undefined) this.#remember(message, root, [...tokens]);
  }

  #remember({ _msgid }: ScopedMessage, root: Root, tokens: string[]): void {
    if (_msgid === undefined) return;
    root.msgids.add(_msgid);
    this.#byMsgid.set(_msgid, tokens);
  }

  /** The message's scopes, outermost first, open or not. */
  tokens(message: ScopedMessage): readonly string[] {
    const carried = message.crossdock?.scopes;
    if (Array.isArray(carried)) return carried.filter((token) => typeof token === 'string');
    return (message._msgid === undefined ? undefined : this.#byMsgid.get(message._msgid)) ?? [];
  }

  /** Writes the tokens back into a message that is known by its `_msgid` only. */
  restore(message: ScopedMessage): void {
    const tokens = message._msgid === undefined ? undefined : this.#byMsgid.get(message._msgid);
    if (tokens === undefined || !Object.isExtensible(message)) return;
    message.crossdock = { ...message.crossdock, scopes: [...tokens] };
  }

  rootOf(tokens: readonly string[]): Root | undefined {
    for (const token of tokens) {
      const scope = this.#open.get(token);
      if (scope !== undefined) return scope.root;
    }
    return undefined;
  }

  /**
   * The root of a message whose branches are counted. Called for every message at every node: no allocation, two
   * look-ups.
   */
  trackedRoot(message: ScopedMessage): Root | undefined {
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

  forget(scope: OpenScope): void {
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
