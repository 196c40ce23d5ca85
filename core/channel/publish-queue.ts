/**
 * What is published and not yet confirmed: in order, within a window, with a deadline each. One timer serves all
 * deadlines, since a timer per message costs more than the rest of publishing it.
 */
import type { CrossdockError } from '../errors';

export interface Pending<M> {
  readonly message: M;
  /** performance.now() when its time is up. */
  readonly deadline: number;
  /** Its caller has been told. A sent one then only holds its place until it is confirmed or the connection ends. */
  settled: boolean;
  readonly resolve: () => void;
  readonly reject: (error: CrossdockError) => void;
}

export interface PublishQueueOptions<M> {
  /** Messages sent and not yet confirmed, at most. */
  readonly maxInFlight: number;
  /** The error for a message whose time is up. */
  readonly timeUp: (message: M, sent: boolean) => CrossdockError;
  /** Called after messages have run out of time: is the connection dead? */
  readonly overdue: () => void;
}

/** Ms between two looks at the deadlines, at least. */
const TICK_MS = 5;

export class PublishQueue<M> {
  readonly #options: PublishQueueOptions<M>;
  readonly #inFlight = new Set<Pending<M>>();
  #waiting: Pending<M>[] = [];
  /** Index of the first one in `#waiting`: shifting a long array would move all of it. */
  #head = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #idle: (() => void) | undefined;

  constructor(options: PublishQueueOptions<M>) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  /** In the order in which they were sent. */
  get inFlight(): ReadonlySet<Pending<M>> {
    return this.#inFlight;
  }

  /** Puts a message at the end. @returns settles with the message's end */
  add(message: M, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + timeoutMs;
      this.#waiting.push({ message, deadline, settled: false, resolve, reject });
      if (deadline < this.#timerAt) this.#arm(deadline, timeoutMs);
    });
  }

  /** The next message to send, counted as in flight from now on; undefined: none waits, or the window is full. */
  take(): Pending<M> | undefined {
    while (this.#head < this.#waiting.length && this.#inFlight.size < this.#options.maxInFlight) {
      const next = this.#waiting[this.#head];
      this.#head += 1;
      if (this.#head === this.#waiting.length) {
        this.#waiting = [];
        this.#head = 0;
      } else if (this.#head === 4096) {
        this.#waiting = this.#waiting.slice(this.#head);
        this.#head = 0;
      }
      if (next === undefined || next.settled) continue;
      this.#inFlight.add(next);
      return next;
    }
    return undefined;
  }

  /** Ends a message: confirmed, or failed with `error`. */
  settle(pending: Pending<M>, error?: CrossdockError): void {
    this.#inFlight.delete(pending);
    this.#tell(pending, error);
    if (this.#inFlight.size === 0) this.#idle?.();
  }

  /** The connection has ended: what was sent and is still wanted goes first again, in the same order. */
  again(): void {
    const sent = [...this.#inFlight].filter(({ settled }) => !settled);
    this.#inFlight.clear();
    this.#waiting = [...sent, ...this.#waiting.slice(this.#head)];
    this.#head = 0;
    this.#idle?.();
  }

  /** Rejects what has not been sent. */
  rejectWaiting(error: () => CrossdockError): void {
    const waiting = this.#waiting.slice(this.#head);
    this.#waiting = [];
    this.#head = 0;
    for (const pending of waiting) this.#tell(pending, error());
  }

  /** Resolves when nothing is in flight any more, after `graceMs` at the latest. */
  async drained(graceMs: number): Promise<void> {
    if (this.#inFlight.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.#idle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Rejects everything and stops the timer. */
  close(error: () => CrossdockError): void {
    for (const pending of this.#inFlight) this.#tell(pending, error());
    this.#inFlight.clear();
    this.rejectWaiting(error);
    clearTimeout(this.#timer);
  }

  #tell(pending: Pending<M>, error: CrossdockError | undefined): void {
    if (pending.settled) return;
    pending.settled = true;
    if (error === undefined) pending.resolve();
    else pending.reject(error);
  }

  #arm(at: number, delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#sweep(), delayMs);
  }

  #sweep(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    let late = false;
    for (const pending of this.#inFlight) {
      if (pending.settled) continue;
      if (pending.deadline <= now) {
        this.#tell(pending, this.#options.timeUp(pending.message, true));
        late = true;
      } else if (pending.deadline < next) next = pending.deadline;
    }
    const kept: Pending<M>[] = [];
    for (const pending of this.#waiting.slice(this.#head)) {
      if (pending.deadline <= now) {
        this.#tell(pending, this.#options.timeUp(pending.message, false));
        late = true;
        continue;
      }
      kept.push(pending);
      if (pending.deadline < next) next = pending.deadline;
    }
    this.#waiting = kept;
    this.#head = 0;
    // Many waiting messages make the look dearer, so it is taken less often.
    if (next < Number.POSITIVE_INFINITY) this.#arm(next, Math.max(TICK_MS + kept.length / 1000, next - now));
    if (late) this.#options.overdue();
  }
}
