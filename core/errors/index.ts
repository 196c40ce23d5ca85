export { parseRetryAfter } from './retry-after';

/**
 * The one error class of Crossdock.
 *
 * `kind` decides what happens next, and nothing else does:
 * - `transient`: the same call may succeed later (network, lock, overload). Retried by the schedule.
 * - `permanent`: it will fail again with the same message (bad data, missing field). Goes to the dead letters.
 * - `business`: it is well-formed and was refused by a rule that a person can change (unknown SKU, totals differ).
 *   Goes to the dead letters; after the cause is fixed, a replay succeeds.
 * - `ambiguous`: the effect may or may not have happened (time-out after sending). Resolved by the operation's
 *   own probe (repeating a keyed load), never by guessing; retried like a transient one.
 */
export type ErrorKind = 'transient' | 'permanent' | 'business' | 'ambiguous';

/** What an error carries beside its sentence. All of it may be shown and stored: no secrets, no personal data. */
export interface ErrorDetails {
  /** Stable code in SCREAMING_SNAKE_CASE. Never renamed once released: people filter and group by it. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** Facts for grouping and for the console, for example `{ sku: 'A-1' }`. Values are short strings or numbers. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
  /** Where in the message the fault lies, as JSON pointers with one sentence each. */
  readonly problems?: readonly Problem[];
  /** Milliseconds after which a retry makes sense, when the other side said so (Retry-After). */
  readonly retryAfterMs?: number;
  /** False: never repeated by itself, whatever the kind: no probe can tell whether it has happened already. */
  readonly repeatable?: boolean;
  readonly cause?: unknown;
}

/** One fault at one place of a message. */
export interface Problem {
  /** JSON pointer into the message, `''` for the whole. */
  readonly path: string;
  readonly message: string;
}

/** An error that an analyst understands (`message`), with a stable `code` and a `kind` that decides what follows. */
export class CrossdockError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  readonly problems: readonly Problem[];
  readonly retryAfterMs: number | undefined;
  readonly repeatable: boolean;

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'CrossdockError';
    this.code = details.code;
    this.kind = details.kind;
    this.facts = details.facts ?? {};
    this.problems = details.problems ?? [];
    this.retryAfterMs = details.retryAfterMs;
    this.repeatable = details.repeatable ?? true;
  }

  /** Whether repeating the same message unchanged can succeed. */
  get retryable(): boolean {
    return this.repeatable && (this.kind === 'transient' || this.kind === 'ambiguous');
  }
}

/** Wraps whatever was thrown; an unknown throw is permanent `INTERNAL_ERROR` (our fault, kept for a person to see). */
export function asCrossdockError(thrown: unknown): CrossdockError {
  if (thrown instanceof CrossdockError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new CrossdockError(text, { code: 'INTERNAL_ERROR', kind: 'permanent', cause: thrown });
}
