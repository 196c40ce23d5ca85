/** Messages that wait for another one's end: woken when it ends in this process, else they look again by the clock. */
export class Turns {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Resolves when `name` is woken, after `ms` at the latest. */
  wait(name: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(name) ?? new Set();
      this.#waiting.set(name, waiters);
      const done = (): void => {
        clearTimeout(timer);
        waiters.delete(done);
        if (waiters.size === 0) this.#waiting.delete(name);
        resolve();
      };
      const timer = setTimeout(done, ms);
      waiters.add(done);
    });
  }

  /** Wakes all that wait for `name`. */
  wake(name: string): void {
    for (const done of this.#waiting.get(name) ?? []) done();
  }
}
