/**
 * What the comparison that runs now may still do. Alternatives multiply, and each direction of each pair must come to an
 * end within about a second; what is not decided by then is told as not proved. Counted, not timed, so that the same
 * contracts always give the same answer. A comparison is synchronous, so there is one at a time.
 */
const LIMIT = 400_000;
/** For the message that shows a break, after the comparison itself. */
const EXTRA = 200_000;

let left = LIMIT;

/** A new comparison starts. */
export function startEffort(): void {
  left = LIMIT;
}

/** Examples are looked for: with what is left, and some more. */
export function prolongEffort(): void {
  left = Math.max(left, 0) + EXTRA;
}

/** Takes note of some work. @returns whether more may be done */
export function spend(work = 1): boolean {
  left -= work;
  return left > 0;
}

export function isSpent(): boolean {
  return left <= 0;
}
