/**
 * Spreads what would come back at once. A random wait is no help when it is short: a thousand messages that failed
 * together would all be back within the first second. So each second has a number of places; who finds it full gets
 * one in the next that is not.
 */
export class Pacer {
  /** Taken places per second, by the clock's whole seconds. */
  readonly #taken = new Map<number, number>();
  /** The earliest second that is still in `#taken`. */
  #from = 0;

  /** @param now ms of a clock that never goes back */
  constructor(
    private readonly perSecond: number,
    private readonly now: () => number = () => performance.now(),
    private readonly random: () => number = Math.random,
  ) {}

  /** @returns ms to wait: `delayMs`, or longer when that second is full */
  place(delayMs: number): number {
    const now = this.now();
    this.#forgetBefore(Math.floor(now / 1000));
    const wanted = Math.floor((now + delayMs) / 1000);
    let second = wanted;
    while ((this.#taken.get(second) ?? 0) >= this.perSecond) second += 1;
    this.#taken.set(second, (this.#taken.get(second) ?? 0) + 1);
    return second === wanted ? delayMs : Math.round(second * 1000 + this.random() * 999 - now);
  }

  #forgetBefore(second: number): void {
    if (second === this.#from) return;
    this.#from = second;
    for (const known of this.#taken.keys()) if (known < second) this.#taken.delete(known);
  }
}
