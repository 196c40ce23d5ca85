/**
 * The clock of change capture: looks at every interval and at every hint, gives what is left of the time to the
 * comparison of ids and to the back-fill, waits while the inbox is full, and goes on by itself after any failure.
 */
import { type Backoff, backoffDelay } from '../../delivery';
import { asCrossdockError, type CrossdockError } from '../../errors';
import type { Capture } from './capture';
import { Hints } from './hints';

export interface PollerOptions {
  readonly captures: readonly Capture[];
  /** Ms between two looks. */
  readonly pollMs: number;
  /** Records of the back-fill per second; 0: as fast as it goes. */
  readonly fillPerSecond: number;
  /** Whether the inbox takes more now. */
  hasRoom(): boolean;
  /** The state has changed. Must not throw. */
  changed(): void;
}

export interface PollerState {
  readonly phase: 'starting' | 'live' | 'paused' | 'elsewhere' | 'failing';
  /** Seconds since everything was read that there was; undefined before the first time. */
  readonly behindSeconds: number | undefined;
  /** Of the back-fill, while one is under way: 0 to 100, undefined when it could not be counted. */
  readonly fill: { readonly percent: number | undefined; readonly done: number } | undefined;
  readonly problem: CrossdockError | undefined;
}

const BACKOFF: Backoff = { baseMs: 500, capMs: 30_000 };
/** Another process reads: how often to ask whether it still does. */
const ELSEWHERE_MS = 2000;
/** Hints come in crowds: this long they are collected. */
const CROWD_MS = 20;
const FULL_MS = 500;
const RENEW_MS = 8000;
const FOLLOW_UP_MS = 3000;
/** A page of the comparison, and then a breath: nobody waits for it. */
const COMPARE_PAUSE_MS = 20;
/** How long a poller that stops waits for the call that is under way. */
const STOP_MS = 3000;

export class ChangePoller {
  readonly #hints = new Hints();
  readonly #owned = new Set<Capture>();
  #timer: NodeJS.Timeout | undefined;
  #renewer: NodeJS.Timeout | undefined;
  #turning: Promise<void> | undefined;
  #stopped = false;
  #hinted = false;
  #failures = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** The next look, performance.now(). */
  #lookAt = Number.NEGATIVE_INFINITY;
  #fillAt = 0;
  #phase: PollerState['phase'] = 'starting';
  #problem: CrossdockError | undefined;

  constructor(private readonly options: PollerOptions) {}

  get state(): PollerState {
    const behind = (performance.now() - this.#lookedAt) / 1000;
    const fills = this.options.captures.flatMap(({ filling }) => filling ?? []);
    const done = fills.reduce((sum, fill) => sum + fill.done, 0);
    const counted = fills.every(({ total }) => total !== undefined);
    const total = fills.reduce((sum, fill) => sum + (fill.total ?? 0), 0);
    const percent = counted && total > 0 ? Math.min(99, Math.floor((done / total) * 100)) : undefined;
    return {
      phase: this.#phase,
      behindSeconds: Number.isFinite(behind) ? Math.round(behind) : undefined,
      fill: fills.length === 0 ? undefined : { percent, done },
      problem: this.#problem,
    };
  }

  start(): void {
    this.#renewer = setInterval(() => this.#renew(), RENEW_MS);
    this.#renewer.unref();
    this.#schedule(0);
  }

  /** Takes a hint, unless there are too many. */
  hint(found: { readonly model: string; readonly id: number } | undefined): boolean {
    if (!this.#hints.admit()) return false;
    if (found !== undefined) this.#hints.add(found.model, found.id);
    // The first of a crowd sets the time: a crowd without end must not put it off for ever.
    const first = !this.#hinted;
    this.#hinted = true;
    if (first && this.#turning === undefined && this.#failures === 0) this.#schedule(CROWD_MS);
    return true;
  }

  /** There may be room in the inbox again. */
  poke(): void {
    if (this.#phase === 'paused' && this.#turning === undefined && this.options.hasRoom()) this.#schedule(0);
  }

  /** Ends reading. What is under way is waited for a little; a later reader fences it off in any case. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#renewer);
    const turning = this.#turning ?? Promise.resolve();
    let patience: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      patience = setTimeout(resolve, STOP_MS);
    });
    await Promise.race([turning, waited]);
    clearTimeout(patience);
    for (const capture of this.#owned) {
      // A store that refuses: the lease runs out.
      await capture.release().catch(() => undefined);
    }
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#begin(), ms);
    this.#timer.unref();
  }

  #begin(): void {
    if (this.#turning !== undefined || this.#stopped) return;
    this.#turning = this.#turn()
      .then(
        (wait) => {
          this.#failures = 0;
          this.#problem = undefined;
          return wait;
        },
        (thrown: unknown) => this.#failed(asCrossdockError(thrown)),
      )
      .then((wait) => {
        this.#turning = undefined;
        this.options.changed();
        this.#schedule(
          this.#hinted && this.#failures === 0 && this.#phase === 'live' ? Math.min(wait, CROWD_MS) : wait,
        );
      });
  }

  #failed(error: CrossdockError): number {
    if (error.code === 'CHANGES_TAKEN') {
      this.#owned.clear();
      this.#phase = 'elsewhere';
      return ELSEWHERE_MS;
    }
    this.#failures += 1;
    this.#phase = 'failing';
    this.#problem = error;
    return backoffDelay(BACKOFF, this.#failures, error.retryAfterMs);
  }

  /** One turn of work; returns the ms until the next. */
  async #turn(): Promise<number> {
    const { captures, hasRoom } = this.options;
    for (const capture of captures) {
      if (this.#owned.has(capture)) continue;
      if (!(await capture.acquire())) {
        this.#phase = 'elsewhere';
        return ELSEWHERE_MS;
      }
      this.#owned.add(capture);
    }
    if (!hasRoom()) {
      this.#phase = 'paused';
      return FULL_MS;
    }
    const hinted = this.#hinted;
    this.#hinted = false;
    if (hinted || performance.now() >= this.#lookAt) await this.#look();
    this.#phase = 'live';
    const compares = await this.#compare();
    const fillWait = await this.#fill();
    const untilLook = Math.max(0, this.#lookAt - performance.now());
    return Math.min(untilLook, compares ? COMPARE_PAUSE_MS : untilLook, fillWait ?? untilLook);
  }

  async #look(): Promise<void> {
    const { captures, pollMs } = this.options;
    const begun = performance.now();
    let changes = 0;
    // Named records first: one call instead of two.
    for (const capture of captures) {
      const ids = this.#hints.take(capture.model);
      if (ids.length > 0) changes += await capture.readBack(ids);
    }
    for (const capture of captures) {
      changes += await capture.look();
      if (this.#stopped) return;
    }
    // From its beginning: what came meanwhile waits for the next.
    this.#lookedAt = begun;
    // What was found is looked at again when its second is over, however long the interval.
    this.#lookAt = begun + (changes > 0 ? Math.min(pollMs, FOLLOW_UP_MS) : pollMs);
  }

  /** A page of the comparison that is due. Returns whether there is more. */
  async #compare(): Promise<boolean> {
    const capture = this.options.captures.find(({ compareDue }) => compareDue);
    if (capture === undefined || this.#stopped || !this.options.hasRoom()) return false;
    await capture.compare();
    return this.options.captures.some(({ compareDue }) => compareDue);
  }

  /** A page of the back-fill, at its rate. Returns the ms until the next; undefined: there is none. */
  async #fill(): Promise<number | undefined> {
    const { captures, fillPerSecond, hasRoom } = this.options;
    const capture = captures.find(({ filling }) => filling !== undefined);
    if (capture === undefined || this.#stopped) return undefined;
    const now = performance.now();
    if (now < this.#fillAt) return this.#fillAt - now;
    if (!hasRoom()) return FULL_MS;
    const records = await capture.fill();
    if (fillPerSecond > 0) this.#fillAt = now + (records / fillPerSecond) * 1000;
    return Math.max(0, this.#fillAt - performance.now());
  }

  /** While a long call is under way, nobody else is to take the captures for abandoned. */
  #renew(): void {
    for (const capture of this.#owned) {
      // Whoever works with the store next tells what is the matter.
      capture.renew().catch(() => undefined);
    }
  }
}
