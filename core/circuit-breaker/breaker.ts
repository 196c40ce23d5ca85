/**
 * A circuit breaker per target: after some failures in a row nothing more is sent to a target that is down, but for one
 * message now and then to see whether it is back. Its state is in the store, so all nodes and processes on the same
 * store and target share it, and it survives a restart.
 *
 * Sources whose messages are held up here are paused until the next probe, then deliver one message at a time, and go
 * on as usual when the circuit closes.
 */
import { comeAlive, type Pausable } from '../delivery';
import { asCrossdockError, type CrossdockError } from '../errors';
import type { Row, Statement, Store } from '../store';
import { Gate } from './gate';
import { CIRCUIT_SCHEMA, circuitUnits } from './schema';

export interface CircuitPolicy {
  /** Failures that open the circuit: in a row, or, with a window, within so many ms. */
  readonly failures: number;
  readonly windowMs: number | undefined;
  /** Ms between two probes. */
  readonly probeMs: number;
}

export interface CircuitState {
  readonly state: 'closed' | 'open' | 'half-open';
  /** Failures that count so far; 0 when it is not closed. */
  readonly failures: number;
  /** Store clock, ms; set unless it is closed. */
  readonly openedAt: number | undefined;
  /** Store clock, ms, before which no probe is sent. */
  readonly probeAt: number | undefined;
  /** What the target last failed with, in a sentence. */
  readonly error: string | undefined;
}

export type Result = 'success' | 'failure' | 'neutral';

/** One message that was let through; ends once. */
export interface Trial {
  readonly isProbe: boolean;
  /** @param result `neutral`: it told nothing about the target */
  end(result: Result, error?: CrossdockError): void;
}

export type Admission =
  | { readonly type: 'pass'; readonly trial: Trial }
  /** The circuit is open: ask again in so many ms. */
  | { readonly type: 'open'; readonly inMs: number };

/** Longer than anything counts: in a row means whenever that was. */
const FOR_EVER_MS = 100 * 365 * 86_400_000;
/** Ms to wait when the next probe could go by the clock, but another one is still on its way. */
const PROBE_OUT_MS = 1000;
/** Ms until what the store refused is written again. */
const AGAIN_MS = 1000;
/** On a shared store: how often to look what others have found. */
const LOOK_MS = 2000;
const CLOSED: CircuitState = {
  state: 'closed',
  failures: 0,
  openedAt: undefined,
  probeAt: undefined,
  error: undefined,
};

export class CircuitBreaker {
  #state: CircuitState = CLOSED;
  /** By `performance.now()`. */
  #probeDueAt = 0;
  readonly #gate = new Gate();
  readonly #waiting = new Set<() => void>();
  readonly #listeners = new Set<(state: CircuitState) => void>();
  readonly #sources = new Set<Pausable>();
  readonly #looker: NodeJS.Timeout | undefined;
  /** What is being written about the circuit: whoever wants in waits for it. */
  #writing: Promise<unknown> | undefined;
  /** Why the last write about the circuit failed. */
  #problem: CrossdockError | undefined;

  private constructor(
    private readonly store: Store,
    readonly target: string,
  ) {
    if (store.exclusive) return;
    this.#looker = setInterval(() => void this.#write(circuitUnits.look(target)), LOOK_MS);
    this.#looker.unref();
  }

  static async open(store: Store, target: string): Promise<CircuitBreaker> {
    await comeAlive(store);
    await store.migrate(CIRCUIT_SCHEMA);
    const breaker = new CircuitBreaker(store, target);
    const results = await store.run(circuitUnits.begin(target));
    breaker.#know(results.at(-1)?.rows[0]);
    return breaker;
  }

  get state(): CircuitState {
    return this.#state;
  }

  get #isClosed(): boolean {
    return this.#state.state === 'closed';
  }

  /** Tells of every change. Returns what ends that. */
  onState(listener: (state: CircuitState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Lets a message through, or not. Waits while as many are under way as may fail.
   * @param gone aborted when the node that asks is closing: the answer is then `open`
   */
  async admit(policy: CircuitPolicy, gone: AbortSignal): Promise<Admission> {
    while (!gone.aborted) {
      if (this.#writing !== undefined) await this.#writing;
      else if (this.#isClosed) {
        if (this.#gate.enter(policy.failures - this.#state.failures)) {
          return { type: 'pass', trial: this.#trial(policy) };
        }
        await this.#turn(gone);
      } else {
        const inMs = this.#probeDueAt - performance.now();
        if (inMs > 0) return { type: 'open', inMs };
        const fence = await this.#claim(policy);
        if (fence !== undefined) return { type: 'pass', trial: this.#probe(policy, fence) };
        const left = this.#probeDueAt - performance.now();
        if (!this.#isClosed) return { type: 'open', inMs: Math.max(PROBE_OUT_MS, left) };
      }
    }
    return { type: 'open', inMs: PROBE_OUT_MS };
  }

  /** Pauses a source until the circuit closes, but for the probes. */
  hold(source: Pausable): void {
    if (this.#isClosed) return;
    this.#sources.add(source);
    this.#pause(source);
  }

  /** Nobody uses it any more: the sources go on, and will be told again by whoever comes next. */
  close(): void {
    clearInterval(this.#looker);
    this.#resume();
  }

  #trial(policy: CircuitPolicy): Trial {
    return this.#once(false, (result, error) => {
      this.#gate.leave(result);
      if (result === 'failure') {
        const { failures, windowMs = FOR_EVER_MS, probeMs } = policy;
        const limits = { failures, windowMs, probeMs };
        // Counted here at once: whoever comes before the store has answered must not be let in on its account.
        this.#state = { ...this.#state, failures: this.#state.failures + 1 };
        this.#tell();
        void this.#hold(circuitUnits.failed(this.target, limits, error?.message ?? ''));
      } else if (result === 'success' && policy.windowMs === undefined && this.#state.failures > 0) {
        void this.#hold(circuitUnits.answered(this.target));
      }
      this.#wake();
    });
  }

  #probe({ probeMs }: CircuitPolicy, fence: number): Trial {
    return this.#once(true, (result, error) => {
      if (result === 'success') this.#insist(circuitUnits.probeGood(this.target, fence));
      else if (result === 'neutral') this.#insist(circuitUnits.probeVoid(this.target, fence));
      else this.#insist(circuitUnits.probeBad(this.target, fence, probeMs, error?.message ?? ''));
    });
  }

  /** Writes what a probe has come to, until the store takes it: without it nobody would send another one for long. */
  #insist(unit: readonly Statement[]): void {
    void this.#hold(unit).then(() => {
      if (this.#problem === undefined || this.#problem.code === 'STORE_CLOSED') return;
      setTimeout(() => this.#insist(unit), AGAIN_MS).unref();
    });
  }

  #once(isProbe: boolean, end: Trial['end']): Trial {
    let ended = false;
    return {
      isProbe,
      end: (result, error) => {
        if (ended) return;
        ended = true;
        end(result, error);
      },
    };
  }

  async #claim({ probeMs }: CircuitPolicy): Promise<number | undefined> {
    const unit = circuitUnits.claim(this.target, this.store.instanceId, probeMs);
    const row = await this.#hold(unit);
    return row === undefined ? undefined : Number(row['fence']);
  }

  /** Writes, while whoever wants in waits. @returns the first row of the unit's first statement */
  #hold(unit: readonly Statement[]): Promise<Row | undefined> {
    const before = this.#writing ?? Promise.resolve();
    const writing = before.then(() => this.#write(unit));
    const over = writing.finally(() => {
      if (this.#writing === over) this.#writing = undefined;
      this.#wake();
    });
    this.#writing = over;
    return writing;
  }

  async #write(unit: readonly Statement[]): Promise<Row | undefined> {
    try {
      const results = await this.store.run(unit);
      this.#know(results.at(-1)?.rows[0]);
      return results[0]?.rows[0];
    } catch (thrown) {
      // A store that refuses is told of by whoever works with it; what is known here goes on counting.
      this.#problem = asCrossdockError(thrown);
      return undefined;
    }
  }

  #know(row: Row | undefined): void {
    if (row === undefined) return;
    this.#problem = undefined;
    const before = this.#state;
    const state = row['state'] as CircuitState['state'];
    const probeAt = Number(row['probe_at']);
    this.#probeDueAt = performance.now() + probeAt - Number(row['now']);
    this.#state =
      state === 'closed'
        ? { ...CLOSED, failures: Number(row['failures']) }
        : {
            state,
            failures: 0,
            openedAt: Number(row['opened_at']),
            probeAt,
            error: String(row['error'] ?? ''),
          };
    if (state === 'closed') this.#resume();
    else if (before.state !== state || before.probeAt !== probeAt) {
      for (const source of this.#sources) this.#pause(source);
    }
    const { failures } = this.#state;
    if (before.state === state && before.probeAt === this.#state.probeAt && before.failures === failures)
      return;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.#state);
  }

  #pause(source: Pausable): void {
    const inMs = Math.max(0, this.#probeDueAt - performance.now());
    source.pause(`circuit:${this.target}`, inMs, `paused: ${this.target} is down`);
  }

  #resume(): void {
    for (const source of this.#sources) source.resume(`circuit:${this.target}`);
    this.#sources.clear();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #turn(gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        gone.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      gone.addEventListener('abort', done, { once: true });
    });
  }
}

interface Shared {
  readonly opening: Promise<CircuitBreaker>;
  users: number;
}

const circuits = new WeakMap<Store, Map<string, Shared>>();

/**
 * The circuit of a target in this process, shared by all who ask with the same store.
 * @returns with it, what ends this use of it
 */
export async function sharedCircuit(
  store: Store,
  target: string,
): Promise<{ readonly circuit: CircuitBreaker; readonly release: () => void }> {
  const known = circuits.get(store) ?? new Map<string, Shared>();
  circuits.set(store, known);
  let shared = known.get(target);
  if (shared === undefined) {
    shared = { opening: CircuitBreaker.open(store, target), users: 0 };
    known.set(target, shared);
  }
  const mine = shared;
  mine.users += 1;
  const release = (): void => {
    mine.users -= 1;
    if (mine.users > 0) return;
    if (known.get(target) === mine) known.delete(target);
    mine.opening.then(
      (circuit) => circuit.close(),
      () => undefined,
    );
  };
  try {
    return { circuit: await mine.opening, release };
  } catch (error) {
    release();
    throw error;
  }
}
