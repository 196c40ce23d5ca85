/**
 * What is costly to find out, kept for a while: as long as it took times `rest`, so that asking takes a bounded share of
 * the store's time however much there is to count. Everybody who asks meanwhile gets the same.
 */
const LEAST_MS = 1000;
const MOST_MS = 60_000;
/** Distinct questions that are kept; more are searches of the past. */
const MOST_KEPT = 200;

export class Remembered<T> {
  readonly #rest: number;
  readonly #known = new Map<string, { readonly answer: Promise<T>; until: number }>();

  /** @param rest the next answer is asked for this many times as long after the last one as that one took */
  constructor(rest: number) {
    this.#rest = rest;
  }

  get(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#known.get(key);
    if (known !== undefined && performance.now() < known.until) return known.answer;
    const begun = performance.now();
    const entry = { answer: ask(), until: Number.POSITIVE_INFINITY };
    entry.answer.then(
      () => {
        const now = performance.now();
        entry.until = now + Math.min(MOST_MS, Math.max(LEAST_MS, (now - begun) * this.#rest));
      },
      // Whoever asks next tries again.
      () => this.#known.delete(key),
    );
    this.#known.delete(key);
    this.#known.set(key, entry);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST_KEPT) break;
      this.#known.delete(oldest);
    }
    return entry.answer;
  }

  forget(): void {
    this.#known.clear();
  }
}
