/**
 * The inbox's dispatcher: leases messages into the flow with bounded concurrency, in order per partition key and in
 * parallel across keys, and frees their places when they end.
 *
 * What was in the flow when the process died comes back. A message that was there more than once is suspect of having
 * done it and is tried alone, so that its company is not counted as poison with it.
 */
import { asCrossdockError, type CrossdockError } from '../errors';
import type { Row, Store } from '../store';
import { Alarm } from './alarm';
import type { Backoff } from './backoff';
import { crashPoint } from './crash-point';
import { type Delivery, deliveryOf, type LeaseTerms } from './inbox-delivery';
import { LEASE_NEWEST, LEASE_SUSPECT_NEWEST, withoutSuperseded } from './inbox-newest';
import { HAND_BACK, LEASE, LEASE_SUSPECT, LEASED_BY, NEXT_DUE, RECLAIM, WAKE } from './inbox-schema';
import { Pauses } from './pauses';

/**
 * Takes a delivery: opens its scope and sends the message. Must not throw.
 * @returns what gives the message back unfinished, with all its scopes (`scopes.handBack(token)`)
 */
export type Deliver = (delivery: Delivery) => () => Promise<unknown>;

export interface DispatcherOptions {
  readonly store: Store;
  readonly source: string;
  readonly concurrency: number;
  readonly maxAttempts: number;
  readonly holdMs: number;
  readonly backoff: Backoff;
  /** Of each partition key only the newest message is delivered. */
  readonly newestOnly?: boolean | undefined;
  /** A message is settled. */
  readonly settled: () => void;
  /** The store fails, or works again. */
  readonly report: (problem: CrossdockError | undefined) => void;
  /** Why little or nothing is delivered has changed. */
  readonly paused: (reason: string | undefined) => void;
}

interface InFlight {
  readonly seq: number;
  readonly fence: number;
  /** Gives the message back with every scope that was opened for it; set by whoever took the delivery. */
  handBack?: () => Promise<unknown>;
}

const STORE_RETRY_MS = 1000;
/** After a message was abandoned: its lease outlives it by this. */
const LEASE_GRACE_MS = 10_000;
/**
 * How long everything else waits for a suspect that is tried alone. One that lives longer goes on beside the others:
 * a flow that takes minutes must not stop the gateway for hours after a crash.
 */
const TRIAL_MS = 2000;

export class Dispatcher {
  readonly #inFlight = new Map<number, InFlight>();
  /** Leased and not yet in the flow: taken ahead, so that no slot waits for the store. */
  readonly #ahead: Delivery[] = [];
  readonly #idle: (() => void)[] = [];
  readonly #terms: LeaseTerms;
  readonly #alarm = new Alarm(() => {
    this.#due = true;
    this.#pump();
  });
  readonly #pauses = new Pauses(() => this.#paused());
  /** The suspect that is tried alone, and the end of its time. */
  #trial: { readonly seq: number; readonly over: NodeJS.Timeout } | undefined;
  #deliver: Deliver | undefined;
  #pumping = false;
  #running: Promise<void> = Promise.resolve();
  #again = false;
  /** There may be ready messages in the store. */
  #more = true;
  /** The alarm has rung: failed messages or ended leases may have become ready. */
  #due = true;
  /** There may be suspects in the store. */
  #suspects = true;
  /** There may be leases in the store that are ours and that we do not know of; also from before a redeploy. */
  #lost = true;

  constructor(private readonly options: DispatcherOptions) {
    this.#terms = {
      ...options,
      pausable: this.#pauses,
      ended: (delivery, outcome, retryInMs) => {
        // After a hand-back the row belongs to the next instance; only what we still hold is ours to free.
        if (this.#inFlight.get(delivery.seq)?.fence !== delivery.fence) return;
        this.#freed(delivery, typeof outcome === 'string' ? outcome : outcome.type, retryInMs);
      },
    };
  }

  /** Messages in the flow. */
  get inFlight(): number {
    return this.#inFlight.size - this.#ahead.length;
  }

  start(deliver: Deliver): void {
    this.#deliver = deliver;
    this.#pump();
  }

  /** There may be messages that are ready. */
  wake(): void {
    this.#more = true;
    this.#pump();
  }

  /** There may be any: messages whose time has come, leases that have ended, suspects that were given back. */
  lookAgain(): void {
    this.#due = true;
    this.#suspects = true;
    this.wake();
  }

  /**
   * Stops leasing, waits up to `drainMs` for what is in the flow, then hands the rest back so that the next instance
   * (after a redeploy) takes it at once. Late results of handed-back messages are discarded by their fence.
   */
  async stop(drainMs: number): Promise<void> {
    this.#deliver = undefined;
    this.#alarm.stop();
    this.#pauses.stop();
    this.#endTrial();
    // A lease that is under way comes back with messages that nobody takes any more.
    await this.#running;
    await this.#returnAhead();
    if (this.#inFlight.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, drainMs);
        this.#idle.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    const left = [...this.#inFlight.values()];
    this.#inFlight.clear();
    // One unit each: a message that settles at this very moment must not keep its neighbours from going back.
    await Promise.allSettled(left.map((message) => this.#giveBack(message)));
  }

  /** Gives back what was leased and has not entered the flow. */
  async #returnAhead(): Promise<void> {
    const ahead = this.#ahead.splice(0);
    const returned = await Promise.allSettled(
      ahead.map(({ seq }) => {
        const message = this.#inFlight.get(seq);
        this.#inFlight.delete(seq);
        return message === undefined ? undefined : this.#giveBack(message);
      }),
    );
    this.#lost ||= returned.some(({ status }) => status === 'rejected');
  }

  /** Somebody wants a pause, has lifted one, or its time is over. */
  #paused(): void {
    this.options.paused(this.#pauses.reason);
    if (this.#room < this.options.concurrency) this.#holdBack();
    this.wake();
  }

  /** A pause may last longer than a lease: what has not entered the flow goes back, to be leased when it is over. */
  #holdBack(): void {
    if (this.#ahead.length === 0) return;
    this.#more = true;
    void this.#returnAhead();
  }

  /** Messages that may be in the flow now. */
  get #room(): number {
    return this.#pauses.room(this.options.concurrency);
  }

  #giveBack(message: InFlight): Promise<unknown> {
    if (message.handBack !== undefined) return message.handBack();
    return this.options.store.run([{ sql: HAND_BACK, params: [message.seq, message.fence] }]);
  }

  /** Fills the flow from what was leased ahead, then leases more; one leasing at a time. */
  #pump(): void {
    this.#hand();
    if (this.#pumping) {
      this.#again = true;
      return;
    }
    if (!this.#wantsMore()) return;
    this.#pumping = true;
    this.#running = this.#fill()
      .then(
        () => this.options.report(undefined),
        (error: unknown) => {
          this.options.report(asCrossdockError(error));
          this.#more = true;
          if (this.#deliver !== undefined) this.#alarm.in(STORE_RETRY_MS);
        },
      )
      .finally(() => {
        this.#pumping = false;
        if (this.#again) {
          this.#again = false;
          this.#pump();
        }
      });
  }

  /**
   * As many are leased ahead as may be in the flow; asked for when half of that is used up, to lease in batches. None during
   * a pause, or when a newer message may still supersede what is not in the flow.
   */
  #wantsMore(): boolean {
    if (this.#deliver === undefined || this.#trial !== undefined) return false;
    if (!this.#more && !this.#due && !this.#suspects && !this.#lost) return false;
    return this.#inFlight.size < this.#room * (this.#leasesAhead ? 1.5 : 1);
  }

  get #leasesAhead(): boolean {
    return this.options.newestOnly !== true && this.#room >= this.options.concurrency;
  }

  async #fill(): Promise<void> {
    while (this.#wantsMore()) {
      if (this.#lost) await this.#recover();
      if (this.#due) await this.#reclaim();
      if (this.#suspects) {
        // Nothing more is leased until it has found its place.
        if (this.#inFlight.size >= this.#room) return;
        this.#suspects = false;
        const { newestOnly, source } = this.options;
        const [[suspect]] = await this.#lease(newestOnly ? LEASE_SUSPECT_NEWEST : LEASE_SUSPECT, [source]);
        if (suspect !== undefined) {
          this.#suspects = true;
          this.#try(suspect);
          return;
        }
      }
      await this.#leaseAhead();
    }
  }

  /**
   * Gives back what the store has leased to us and told nobody, since its answer was lost: otherwise it would wait until
   * the lease runs out, and its partition key with it.
   */
  async #recover(): Promise<void> {
    this.#lost = false;
    const { source, store } = this.options;
    try {
      const [leased] = await store.run([
        { sql: LEASED_BY, params: [source, LEASE_GRACE_MS, store.instanceId] },
      ]);
      const unknown = (leased?.rows ?? [])
        .map((row) => ({ seq: Number(row['seq']), fence: Number(row['fence']) }))
        .filter(({ seq, fence }) => this.#inFlight.get(seq)?.fence !== fence);
      if (unknown.length === 0) return;
      await store.run(unknown.map(({ seq, fence }) => ({ sql: HAND_BACK, params: [seq, fence] })));
      this.#more = true;
      this.#suspects = true;
    } catch (error) {
      this.#lost = true;
      throw error;
    }
  }

  async #reclaim(): Promise<void> {
    this.#due = false;
    const { source, store } = this.options;
    try {
      const [, reclaimed] = await store.run([
        { sql: WAKE, params: [source] },
        { sql: RECLAIM, params: [source, store.instanceId] },
      ]);
      this.#suspects ||= (reclaimed?.changes ?? 0) > 0;
      this.#more = true;
    } catch (error) {
      this.#due = true;
      throw error;
    }
  }

  async #leaseAhead(): Promise<void> {
    const { concurrency, newestOnly, source } = this.options;
    const room = this.#room * (this.#leasesAhead ? 2 : 1) - this.#inFlight.size;
    if (room <= 0) return;
    // Whatever arrives from now on asks for another look.
    this.#more = false;
    const [leased, next] = await this.#lease(newestOnly ? LEASE_NEWEST : LEASE, [source, room]);
    if (leased.length === room) this.#more = true;
    this.#ahead.push(...leased);
    // RETURNING promises no order (sqlite.org/lang_returning, clause 5); and what is urgent overtakes.
    this.#ahead.sort((a, b) => a.priority - b.priority || a.place - b.place || a.seq - b.seq);
    this.#hand();
    if (this.#room < concurrency) this.#holdBack();
    if (leased.length === room) return;
    for (const dueIn of Object.values(next ?? {})) if (dueIn !== null) this.#wakeIn(Number(dueIn));
  }

  /**
   * @returns what was leased, and in how many ms the next messages fall due: asked in the same unit, since the next lease
   *   would have to wait for another one
   */
  async #lease(
    sql: string,
    which: readonly (string | number)[],
  ): Promise<[leased: Delivery[], next: Row | undefined]> {
    const { store, source, holdMs } = this.options;
    // The lease outlives the scope a little: the scope's own end is the rule, the lease the net.
    const params = [...which, store.instanceId, holdMs + LEASE_GRACE_MS];
    const statements = [
      { sql, params },
      { sql: NEXT_DUE, params: [source, source] },
    ];
    // It may have been done all the same.
    const lost = (error: unknown): never => {
      this.#lost = true;
      this.#suspects = true;
      throw error;
    };
    const [result, due] = await store.run(statements).catch(lost);
    const rows = result?.rows ?? [];
    if (rows.length > 0) crashPoint('lease.taken');
    const good = await withoutSuperseded(store, source, rows, this.options.settled).catch(lost);
    if (good.length < rows.length) {
      this.#more = true;
      this.#suspects = true;
    }
    const leased = good.map((row) => deliveryOf(row, this.#terms));
    for (const { seq, fence } of leased) this.#inFlight.set(seq, { seq, fence });
    return [leased, due?.rows[0]];
  }

  /** Sends what was leased ahead, as far as the flow has room. */
  #hand(): void {
    while (this.#trial === undefined && this.#ahead.length > 0 && this.inFlight < this.#room) {
      if (this.#deliver === undefined) return;
      this.#send(this.#ahead.shift() as Delivery, this.#deliver);
    }
  }

  #send(delivery: Delivery, deliver: Deliver): void {
    const message = this.#inFlight.get(delivery.seq);
    if (message !== undefined) message.handBack = deliver(delivery);
  }

  /**
   * Delivers a suspect with nothing new beside it for a while: if the process dies again, it was not its company.
   * The next one follows when it has ended or its time is over.
   */
  #try(suspect: Delivery): void {
    if (this.#deliver === undefined) {
      this.#ahead.push(suspect);
      return;
    }
    const over = setTimeout(() => {
      this.#endTrial();
      this.#pump();
    }, TRIAL_MS);
    over.unref();
    this.#trial = { seq: suspect.seq, over };
    this.#send(suspect, this.#deliver);
  }

  #endTrial(): void {
    clearTimeout(this.#trial?.over);
    this.#trial = undefined;
  }

  #freed({ seq, partitionKey }: Delivery, type: string, retryInMs: number | undefined): void {
    this.#inFlight.delete(seq);
    if (this.#trial?.seq === seq) this.#endTrial();
    if (type === 'failed' && retryInMs !== undefined) this.#wakeIn(retryInMs);
    else if (type === 'handedBack') {
      this.#more = true;
      this.#suspects = true;
    }
    // Abandoned: the lease itself is the alarm, and the row still waits.
    else if (type === 'abandoned') this.#wakeIn(LEASE_GRACE_MS);
    else this.options.settled();
    // Behind it in its key there may be one that is ready now.
    if (partitionKey !== undefined) this.#more = true;
    if (this.#inFlight.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    this.#pump();
  }

  #wakeIn(ms: number): void {
    if (this.#deliver !== undefined) this.#alarm.in(ms);
  }
}
