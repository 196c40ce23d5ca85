/**
 * What is published and not yet confirmed: by priority and in order within one, within a window, with a deadline each.
 * One timer serves all deadlines, since a timer per message costs more than the rest of publishing it.
 */
import type { CrossdockError } from '../errors';

export interface Pending<M> {
  readonly message: M;
  readonly priority: number;
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
/** One message of so many goes to the lowest priority that waits: a flood of stock must not stop the catalogue for good. */
const FAIR_SHARE = 8;

/** Messages of one priority that wait for a place. */
interface Lane<M> {
  readonly priority: number;
  waiting: Pending<M>[];
  /** Index of the first one in `waiting`: shifting a long array would move all of it. */
  head: number;
}

export class PublishQueue<M> {
  readonly #options: PublishQueueOptions<M>;
  readonly #inFlight = new Set<Pending<M>>();
  /** By priority, the first to go first. A channel sees few different ones (1 to 9), so they stay. */
  #lanes: Lane<M>[] = [];
  #waitingCount = 0;
  #taken = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #idle: (() => void) | undefined;

  constructor(options: PublishQueueOptions<M>) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waitingCount;
  }

  /** In the order in which they were sent. */
  get inFlight(): ReadonlySet<Pending<M>> {
    return this.#inFlight;
  }

  /**
   * Puts a message at the end of its priority (1 to 9, lower goes first).
   * @returns settles with the message's end
   */
  add(message: M, timeoutMs: number, priority: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + timeoutMs;
      this.#lane(priority).waiting.push({ message, priority, deadline, settled: false, resolve, reject });
      this.#waitingCount += 1;
      if (deadline < this.#timerAt) this.#arm(deadline, timeoutMs);
    });
  }

  /** The next message to send, counted as in flight from now on; undefined: none waits, or the window is full. */
  take(): Pending<M> | undefined {
    while (this.#waitingCount > 0 && this.#inFlight.size < this.#options.maxInFlight) {
      const next = this.#shift();
      if (next === undefined || next.settled) continue;
      this.#inFlight.add(next);
      return next;
    }
    return undefined;
  }

  #lane(priority: number): Lane<M> {
    const found = this.#lanes.find((lane) => lane.priority === priority);
    if (found !== undefined) return found;
    const made: Lane<M> = { priority, waiting: [], head: 0 };
    this.#lanes = [...this.#lanes, made].sort((a, b) => a.priority - b.priority);
    return made;
  }

  #shift(): Pending<M> | undefined {
    this.#taken = (this.#taken + 1) % FAIR_SHARE;
    const waits = (lane: Lane<M>): boolean => lane.head < lane.waiting.length;
    const lane = this.#taken === 0 ? this.#lanes.findLast(waits) : this.#lanes.find(waits);
    const next = lane?.waiting[lane.head];
    if (lane === undefined || next === undefined) return undefined;
    this.#waitingCount -= 1;
    lane.head += 1;
    if (lane.head === lane.waiting.length) {
      lane.waiting = [];
      lane.head = 0;
    } else if (lane.head === 4096) {
      lane.waiting = lane.waiting.slice(lane.head);
      lane.head = 0;
    }
    return next;
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
    for (const { priority } of sent) this.#lane(priority);
    for (const lane of this.#lanes) {
      const again = sent.filter(({ priority }) => priority === lane.priority);
      lane.waiting = [...again, ...lane.waiting.slice(lane.head)];
      lane.head = 0;
    }
    this.#waitingCount += sent.length;
    this.#idle?.();
  }

  /** Rejects what has not been sent. */
  rejectWaiting(error: () => CrossdockError): void {
    const lanes = this.#lanes;
    this.#lanes = [];
    this.#waitingCount = 0;
    for (const { waiting, head } of lanes) {
      for (const pending of waiting.slice(head)) this.#tell(pending, error());
    }
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
    this.#waitingCount = 0;
    for (const lane of this.#lanes) {
      const kept: Pending<M>[] = [];
      for (const pending of lane.waiting.slice(lane.head)) {
        if (pending.deadline <= now) {
          this.#tell(pending, this.#options.timeUp(pending.message, false));
          late = true;
          continue;
        }
        kept.push(pending);
        if (pending.deadline < next) next = pending.deadline;
      }
      lane.waiting = kept;
      lane.head = 0;
      this.#waitingCount += kept.length;
    }
    // Many waiting messages make the look dearer, so it is taken less often.
    if (next < Number.POSITIVE_INFINITY)
      this.#arm(next, Math.max(TICK_MS + this.#waitingCount / 1000, next - now));
    if (late) this.#options.overdue();
  }
}
