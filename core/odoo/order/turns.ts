/** One after the other per key: who takes several keys waits for all that were there before. */
export class Turns {
  /** The last in each line. */
  private readonly last = new Map<string, Promise<void>>();

  async take<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    // All lines are joined in one turn of the event loop, so that two never wait for each other.
    const before = keys.map((key) => this.last.get(key));
    let done: () => void = () => undefined;
    const mine = new Promise<void>((resolve) => {
      done = resolve;
    });
    for (const key of keys) this.last.set(key, mine);
    try {
      await Promise.all(before);
      return await work();
    } finally {
      done();
      for (const key of keys) if (this.last.get(key) === mine) this.last.delete(key);
    }
  }
}
