/** What `Work` does with a message. */
export interface WorkHandlers<T> {
  /** Sends it into the flow. @returns what gives it back unfinished, with everything that was opened for it */
  start(message: T): () => Promise<unknown>;
  /** Gives it back to its broker. */
  giveBack(message: T): void;
  /** It is not held any more. */
  left?(message: T): void;
}

interface Held {
  readonly key: string | undefined;
  /** Set while it is in the flow. */
  handBack?: () => Promise<unknown>;
  /** Set while it waits for its next attempt. */
  timer?: NodeJS.Timeout;
}

/**
 * The messages that a broker holds for this node until they are done: those in the flow, those that wait for their
 * next attempt, and those behind another one of their partition key, for one after the other is the rule here too.
 */
export class Work<T extends object> {
  /** The node stops: nothing more may enter the flow. */
  stopping = false;
  readonly #held = new Map<T, Held>();
  readonly #inFlow = new Set<T>();
  /** Per partition key that has a message at work: those behind it, in the broker's order. */
  readonly #behind = new Map<string, T[]>();
  readonly #idle: (() => void)[] = [];

  constructor(private readonly handlers: WorkHandlers<T>) {}

  /** Messages in the flow. */
  get inFlight(): number {
    return this.#inFlow.size;
  }

  /** Messages that the broker holds for us. */
  get depth(): number {
    return this.#held.size;
  }

  /**
   * Takes a message.
   * @returns false while the node stops: it is left as it is, and the broker has it back when the connection ends
   */
  take(message: T, key: string | undefined): boolean {
    if (this.stopping) return false;
    this.#held.set(message, { key });
    const behind = key === undefined ? undefined : this.#behind.get(key);
    if (behind !== undefined) behind.push(message);
    else {
      if (key !== undefined) this.#behind.set(key, []);
      this.#start(message);
    }
    return this.#held.has(message);
  }

  /** It has come to its end: the next one of its key may go. */
  done(message: T): void {
    const key = this.#leave(message)?.key;
    this.#forget(message);
    if (key !== undefined) {
      const next = this.#behind.get(key)?.shift();
      if (next === undefined) this.#behind.delete(key);
      else if (!this.stopping) this.#start(next);
    }
    this.#tellIdle();
  }

  /** It is to be tried again after a while; meanwhile it keeps its place, and what is behind it waits. */
  again(message: T, ms: number): void {
    const held = this.#leave(message);
    if (held === undefined) return;
    if (this.stopping) this.#giveBack(message, held);
    else {
      held.timer = setTimeout(() => {
        delete held.timer;
        this.#start(message);
      }, ms);
    }
    this.#tellIdle();
  }

  /** It goes back to its broker, and what is behind it too: it would overtake. */
  returned(message: T): void {
    const held = this.#leave(message);
    if (held !== undefined) this.#giveBack(message, held);
    this.#tellIdle();
  }

  /** Lets nothing more in, waits up to `drainMs` for what is in the flow, then gives the rest back. */
  async stop(drainMs: number): Promise<void> {
    this.stopping = true;
    for (const [message, held] of [...this.#held]) {
      if (held.timer !== undefined) this.#giveBack(message, held);
    }
    if (this.#inFlow.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, drainMs);
        this.#idle.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    const left = [...this.#inFlow].map((message) => this.#held.get(message)?.handBack?.());
    await Promise.allSettled(left);
  }

  #start(message: T): void {
    const held = this.#held.get(message);
    if (held === undefined) return;
    this.#inFlow.add(message);
    const handBack = this.handlers.start(message);
    // It may have come to its end meanwhile.
    if (this.#inFlow.has(message)) held.handBack = handBack;
  }

  #leave(message: T): Held | undefined {
    this.#inFlow.delete(message);
    return this.#held.get(message);
  }

  #giveBack(message: T, { key, timer }: Held): void {
    clearTimeout(timer);
    const behind = key === undefined ? [] : (this.#behind.get(key) ?? []);
    if (key !== undefined) this.#behind.delete(key);
    for (const each of [message, ...behind]) {
      this.#forget(each);
      this.handlers.giveBack(each);
    }
  }

  #forget(message: T): void {
    this.#held.delete(message);
    this.handlers.left?.(message);
  }

  #tellIdle(): void {
    if (this.#inFlow.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
