/**
 * When to try again: exponential backoff with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"):
 * a uniform draw from 0 to min(cap, base x 2^(n-1)), so that a thousand messages that failed together do not come
 * back together.
 */
export interface Backoff {
  /** Ms of the first ceiling. */
  readonly baseMs: number;
  /** Ms that no ceiling exceeds. */
  readonly capMs: number;
}

/** The schedule of an inbox: from a second up to a quarter of an hour. */
export const INBOX_BACKOFF: Backoff = { baseMs: 1000, capMs: 15 * 60_000 };

/**
 * Ms to wait before the next try.
 * @param failures how often it failed so far, from 1
 * @param retryAfterMs what the other side asked for; a floor under the draw
 * @param random uniform in [0, 1)
 */
export function backoffDelay(
  backoff: Backoff,
  failures: number,
  retryAfterMs = 0,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.round(Math.max(retryAfterMs, random() * ceiling));
}
