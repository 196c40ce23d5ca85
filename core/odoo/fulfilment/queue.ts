/** Work on one order at a time in this process; orders do not wait for each other. */
export class OrderQueue {
  private readonly tails = new Map<number, Promise<unknown>>();

  run<T>(orderId: number, work: () => Promise<T>): Promise<T> {
    const before = this.tails.get(orderId) ?? Promise.resolve();
    const result = before.then(work, work);
    const tail = result.catch(() => undefined);
    this.tails.set(orderId, tail);
    // Forgets an order that nobody waits for any more.
    tail.then(
      () => {
        if (this.tails.get(orderId) === tail) this.tails.delete(orderId);
      },
      () => undefined,
    );
    return result;
  }

  /** Resolves when all work that was begun has ended. */
  async idle(): Promise<void> {
    while (this.tails.size > 0) await Promise.all(this.tails.values());
  }
}
