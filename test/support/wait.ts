import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** Deadline in milliseconds; 10 000 when left out. */
  timeoutMs?: number;
  /** What is waited for, for the message when it does not come. */
  what?: string;
  /** Pause between two looks, in milliseconds; 20 when left out. */
  intervalMs?: number;
}

type Truthy<T> = Exclude<T, false | null | undefined | 0 | ''>;

/**
 * Looks again and again until `condition` gives something truthy, and returns that. A condition that throws
 * counts as "not yet"; its last error is the cause of the error when the deadline passes.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Truthy<Awaited<T>>> {
  const { timeoutMs = 10_000, what = 'the condition', intervalMs = 20 } = options;
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown;
  let lastValue: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Truthy<Awaited<T>>;
      lastValue = value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() >= deadline) break;
    await sleep(intervalMs);
  }
  const seen =
    lastError instanceof Error ? `last error: ${lastError.message}` : `last value: ${String(lastValue)}`;
  throw new Error(`Waited ${timeoutMs} ms for ${what}, in vain (${seen}).`, { cause: lastError });
}
