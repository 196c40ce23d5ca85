/**
 * Between a broker and an inbox: every message is committed before it is acknowledged, messages of one partition key
 * one after the other (so that none overtakes another that the store has refused), all others side by side.
 *
 * When the store refuses (disk full, inbox full), nothing is acknowledged and nothing is lost: the messages stay here,
 * unacknowledged, and one of them is tried again and again until it goes. What is here is bounded by the window that
 * the broker was given.
 */
import { asCrossdockError, type CrossdockError } from '../errors';
import { type Backoff, backoffDelay } from './backoff';
import type { Incoming } from './inbox-schema';

export interface IntakeOptions {
  /** Commits a message; resolves only when it is on disk (`Inbox.accept`). */
  accept(incoming: Incoming): Promise<unknown>;
  /** Told why nothing is taken in, and (undefined) when it goes on. Must not throw. */
  onProblem?(problem: CrossdockError | undefined): void;
  readonly backoff?: Backoff;
}

interface Entry {
  readonly incoming: Incoming;
  /** Acknowledges the message at its broker. Must not throw. */
  readonly accepted: () => void;
}

const BACKOFF: Backoff = { baseMs: 250, capMs: 5000 };

export class Intake {
  /** Per partition key that has a message at work: those behind it. */
  readonly #behind = new Map<string, Entry[]>();
  /** First ones of their keys (and those without a key) that wait for the store to take messages again. */
  #held: Entry[] = [];
  /** The one that is tried again, to see whether the store takes messages. */
  #probing: Entry | undefined;
  #running = 0;
  #failures = 0;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #idle: (() => void)[] = [];

  constructor(private readonly options: IntakeOptions) {}

  /** Messages that are here and not acknowledged. */
  get waiting(): number {
    let behind = 0;
    for (const entries of this.#behind.values()) behind += entries.length;
    return this.#running + this.#held.length + behind;
  }

  /**
   * Takes a message.
   * @param accepted called once it is committed, or known from before; never called after `stop` has resolved
   */
  take(incoming: Incoming, accepted: () => void): void {
    if (this.#stopped) return;
    const entry = { incoming, accepted };
    const { partitionKey } = incoming;
    if (partitionKey !== undefined) {
      const behind = this.#behind.get(partitionKey);
      if (behind !== undefined) {
        behind.push(entry);
        return;
      }
      this.#behind.set(partitionKey, []);
    }
    this.#begin(entry);
  }

  /**
   * Takes nothing more in and waits, up to `graceMs`, for what is being committed. The messages that are left are the
   * broker's: they were never acknowledged.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#held = [];
    this.#behind.clear();
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.#idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #begin(entry: Entry): void {
    if (this.#failures > 0) this.#held.push(entry);
    else this.#commit(entry);
  }

  #commit(entry: Entry): void {
    this.#running += 1;
    this.options.accept(entry.incoming).then(
      () => this.#committed(entry),
      (thrown: unknown) => this.#refused(entry, asCrossdockError(thrown)),
    );
  }

  #committed(entry: Entry): void {
    this.#running -= 1;
    entry.accepted();
    if (this.#over()) return;
    const { partitionKey } = entry.incoming;
    if (partitionKey !== undefined) {
      const next = this.#behind.get(partitionKey)?.shift();
      if (next === undefined) this.#behind.delete(partitionKey);
      else this.#begin(next);
    }
    // One that was under way when another was refused proves nothing: only the one that is tried again does.
    if (this.#probing !== entry) return;
    this.#probing = undefined;
    this.#failures = 0;
    this.options.onProblem?.(undefined);
    for (const held of this.#held.splice(0)) this.#begin(held);
  }

  #refused(entry: Entry, error: CrossdockError): void {
    this.#running -= 1;
    if (this.#over()) return;
    this.#held.unshift(entry);
    if (this.#failures > 0 && this.#probing !== entry) return;
    this.#probing = undefined;
    this.#failures += 1;
    this.options.onProblem?.(error);
    const delay = backoffDelay(this.options.backoff ?? BACKOFF, this.#failures);
    this.#timer = setTimeout(() => this.#probe(), delay);
    this.#timer.unref();
  }

  #probe(): void {
    this.#probing = this.#held.shift();
    if (this.#probing !== undefined) this.#commit(this.#probing);
  }

  /** After `stop`: tells it when nothing is being committed any more. */
  #over(): boolean {
    if (!this.#stopped) return false;
    if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
    return true;
  }
}
