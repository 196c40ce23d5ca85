import { setTimeout as sleep } from 'node:timers/promises';
import { asCrossdockError, type CrossdockError } from '../../errors/index';
import { needsPerson } from './errors';

/** Short repetitions inside one piece of work. Longer waits belong to the inbox's schedule, not here. */
export interface RetryPolicy {
  /** Attempts in all. */
  readonly attempts: number;
  /** Upper bound of the first wait in ms; it doubles each time, and the wait is random below it (full jitter). */
  readonly baseMs: number;
  readonly maxMs: number;
}

export const CALL_RETRY: RetryPolicy = { attempts: 3, baseMs: 250, maxMs: 2_000 };

/** Waits a random time below base x 2^(attempt - 1), at most `maxMs`. `attempt` counts from 1. */
export async function jitter(policy: RetryPolicy, attempt: number): Promise<void> {
  const ceiling = Math.min(policy.maxMs, policy.baseMs * 2 ** (attempt - 1));
  await sleep(Math.random() * ceiling);
}

/** Repeats `work` while it fails in a way that may pass within seconds; else, and at the end, throws the last error. */
export async function withRetry<T>(policy: RetryPolicy, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (thrown) {
      const error = asCrossdockError(thrown);
      if (attempt >= policy.attempts || !mayPassSoon(error, policy)) throw error;
      await jitter(policy, attempt);
    }
  }
}

function mayPassSoon(error: CrossdockError, policy: RetryPolicy): boolean {
  if (!error.retryable || needsPerson(error)) return false;
  return error.retryAfterMs === undefined || error.retryAfterMs <= policy.maxMs;
}
