/**
 * What a retry node decides about the failures behind it. The message goes back to its source and is delivered again
 * from there after a while, so nothing waits in memory, and only the messages of its own partition key wait with it.
 */
import type { CrossdockError } from '../errors';
import { type Backoff, backoffDelay } from './backoff';
import type { Pacer } from './pacer';
import type { RetryPolicy, ScopeHandlers } from './scope-types';

export interface RetryOptions {
  /** The node's id: failures are counted under it, in the message's own row. */
  readonly id: string;
  /** Tries in all, the first one included. */
  readonly attempts: number;
  readonly backoff: Backoff;
  /** Shared by all messages of the node. */
  readonly pacer: Pacer;
  /** Also errors of nodes that do not say whether they may pass. */
  readonly unknown: boolean;
}

/** Codes of errors that came from outside, with no more known about them. */
const UNKNOWN: ReadonlySet<string> = new Set(['NODE_FAILED', 'INTERNAL_ERROR']);

/** Whether such an error is tried again: never what is wrong with the message or refused by a rule. */
export function isRetried(error: CrossdockError, unknown: boolean): boolean {
  return error.retryable || (unknown && UNKNOWN.has(error.code));
}

/**
 * The scope of one delivery behind a retry node.
 * @param exhausted see RetryPolicy; undefined when nothing is connected to the second output
 */
export function retryScope(
  options: RetryOptions,
  exhausted: RetryPolicy['exhausted'],
  ended: ScopeHandlers['ended'],
): ScopeHandlers {
  // Drawn once, so that what the message says about its next try is what the store is told.
  let drawn: number | undefined;
  return {
    kind: 'retry',
    store: undefined,
    statements: () => [],
    ended,
    retry: {
      id: options.id,
      delay: (error, failures) => {
        if (!isRetried(error, options.unknown) || failures >= options.attempts) return undefined;
        drawn ??= options.pacer.place(backoffDelay(options.backoff, failures, error.retryAfterMs));
        return drawn;
      },
      ...(exhausted === undefined ? {} : { exhausted }),
    },
  };
}
