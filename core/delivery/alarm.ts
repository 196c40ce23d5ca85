/** One timer for many due times: it rings at the earliest that was asked for. */
export class Alarm {
  #timer: NodeJS.Timeout | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor(private readonly ring: () => void) {}

  /** Rings in so many ms, unless it rings earlier anyway. */
  in(ms: number): void {
    // A clock that ran ahead by a rounding must not make this hot; and a clock that was put back must not hold it up.
    const wait = Math.min(Math.max(20, ms), 60_000);
    const at = performance.now() + wait;
    if (at >= this.#at) return;
    clearTimeout(this.#timer);
    this.#at = at;
    this.#timer = setTimeout(() => {
      this.#at = Number.POSITIVE_INFINITY;
      this.ring();
    }, wait);
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#at = Number.POSITIVE_INFINITY;
  }
}
