/**
 * The relay: takes events from the outbox, publishes them, and writes off what the channel has confirmed.
 *
 * It works in turns. A turn is one unit of the store: it writes all results that have gathered since the last one and
 * takes what there is room for (outbox-turn.ts). Between turns events are published from memory, per key one after the
 * other, up to the window. There is one relay per channel, held by a fenced lease; the others stand by.
 *
 * While the channel is offline nothing is tried. What could not be published waits with its key (backoff with jitter);
 * what will never be taken is refused and frees its key: one event that is too large must not hold up all that follow.
 */
import type { EventChannel } from '../channel/types';
import { asCrossdockError, type CrossdockError } from '../errors';
import { StatementExpectationError, type Store } from '../store';
import { Alarm } from './alarm';
import { type Backoff, backoffDelay } from './backoff';
import { crashPoint, crashPointLater } from './crash-point';
import { type Chain, chainId, cloudEventOf, Lanes, MAX_CHAIN, type TakenEvent } from './outbox-lanes';
import { RelayLease } from './outbox-lease';
import { ALL_DUE } from './outbox-schema';
import { type Found, runTurn, Written, writes } from './outbox-turn';

/** What a turn has changed in the store. */
export interface Moved {
  readonly sent: number;
  readonly refused: number;
  /** Began to wait for their next try, less those whose wait is over. */
  readonly waiting: number;
  readonly refusal: CrossdockError | undefined;
}

export interface RelayOptions {
  readonly store: Store;
  readonly channelId: string;
  readonly publisher: Pick<EventChannel, 'publish' | 'state' | 'onState'>;
  readonly window: number;
  readonly backoff: Backoff;
  readonly moved: (change: Moved) => void;
  /** Called when nothing is left to do for now. */
  readonly idle: () => void;
}

/** On a shared store other processes add events, and want to know that this one is alive. */
const LOOK_MS = 500;
const HOLD_EVERY = 8;
/** Looks without a connection after which another process may try. */
const OFFLINE_LOOKS = 10;
const STANDBY_MS = 2000;
const STORE_RETRY_MS = 1000;
/** While much is under way, results gather this long: a unit for each would cost more than publishing. */
const GATHER_MS = 5;
const GATHER_FROM = 32;
/** Longest wait for a confirmation. */
const CONFIRM_MS = 30_000;
/** Between two bites of what is due: what fails again and again must not take all the time. */
const DUE_AGAIN_MS = 100;
/** Characters of events in memory, about. */
const MAX_SIZE = 32_000_000;

export class Relay {
  /** Why the store cannot be worked with. */
  problem: CrossdockError | undefined;
  /** The last failure of an event that is tried again. */
  failure: CrossdockError | undefined;
  #lanes = new Lanes();
  #written = new Written();
  /** Keys that were blocked in memory and not yet in the store. */
  #breaking = new Set<string>();
  readonly #lease: RelayLease;
  readonly #alarm = new Alarm(() => {
    this.#due = true;
    this.#kick();
  });
  #running = false;
  #turning: Promise<void> | undefined;
  #scheduled: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #notBefore = 0;
  #inFlight = 0;
  #idle: (() => void) | undefined;
  /** There may be ready events in the store. */
  #more = true;
  /** The alarm has rung. */
  #due = true;
  /** What is taken in the store may not be what is in memory. */
  #resync = true;
  /** Keys may be blocked in the store. */
  #blocked = true;
  #holdNow = false;
  #looks = 0;
  #offlineLooks = 0;
  #typical = 32_000;
  #looker: NodeJS.Timeout | undefined;
  #pause: NodeJS.Timeout | undefined;
  #deaf: () => void = () => undefined;

  constructor(private readonly options: RelayOptions) {
    this.#lease = new RelayLease(options.store, options.channelId);
  }

  /** @param onState called after the channel's state has changed */
  start(onState: () => void): void {
    this.#running = true;
    this.#deaf = this.options.publisher.onState(({ status }) => {
      onState();
      if (status !== 'connected') return;
      // What made them fail may have gone with the old connection.
      this.retry().catch(() => undefined);
      this.#pump();
    });
    if (!this.options.store.exclusive) {
      this.#looker = setInterval(() => this.#look(), LOOK_MS);
      this.#looker.unref();
    }
    this.#kick();
  }

  wake(): void {
    this.#more = true;
    this.#kick();
  }

  async retry(): Promise<void> {
    await this.options.store.run([{ sql: ALL_DUE, params: [this.options.channelId] }]);
    this.#due = true;
    this.#kick();
  }

  async stop(drainMs: number): Promise<void> {
    this.#running = false;
    this.#deaf();
    this.#alarm.stop();
    clearTimeout(this.#pause);
    this.#pause = undefined;
    clearInterval(this.#looker);
    await this.#turning;
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, drainMs);
        this.#idle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await this.#leave();
  }

  /** Looks into the store soon: at once, or when results have gathered. One turn at a time. */
  #kick(): void {
    if (!this.#running || this.#turning !== undefined || this.#scheduled !== undefined) return;
    if (!this.#hasWork()) return;
    const gather = this.#inFlight >= GATHER_FROM ? GATHER_MS : 0;
    const wait = Math.max(gather, this.#notBefore - performance.now());
    const go = (): void => {
      this.#scheduled = undefined;
      if (this.#running) this.#turn();
    };
    this.#scheduled = wait > 0 ? setTimeout(go, wait) : setImmediate(go);
  }

  #hasWork(): boolean {
    if (this.#written.size > 0 || this.#lanes.hungry.size > 0 || this.#resync || this.#holdNow) return true;
    return (this.#more || this.#due) && this.#room() >= this.options.window;
  }

  /** How many more may be taken: three windows are held in memory, less when the events are large. */
  #room(): number {
    const { held, size } = this.#lanes;
    return size >= MAX_SIZE ? 0 : this.options.window * 3 - held.size + this.#written.size;
  }

  #turn(): void {
    this.#turning = this.#work()
      .then(
        () => {
          this.problem = undefined;
        },
        (thrown: unknown) => {
          this.problem = asCrossdockError(thrown);
          this.#notBefore = performance.now() + STORE_RETRY_MS;
          this.#more = true;
          this.#due = true;
          this.#resync = true;
          this.options.moved({ sent: 0, refused: 0, waiting: 0, refusal: undefined });
        },
      )
      .finally(() => {
        this.#turning = undefined;
        this.#pump();
        if (this.#hasWork()) this.#kick();
        else if (this.#lanes.held.size === 0) this.options.idle();
      });
  }

  async #work(): Promise<void> {
    if (!this.#lease.held && !(await this.#acquire())) return;
    const { store, channelId, window } = this.options;
    const lanes = this.#lanes;
    const written = this.#written;
    const breaking = this.#breaking;
    const room = this.#room();
    const limit = Math.max(1, Math.min(room, Math.floor((MAX_SIZE - lanes.size) / this.#typical)));
    this.#written = new Written();
    this.#breaking = new Set();
    const asked = { due: this.#due && room > 0, more: this.#more && room > 0 };
    // Whatever comes from now on asks for another look.
    if (asked.due) this.#due = false;
    if (asked.more) this.#more = false;
    const holdNow = this.#holdNow;
    this.#holdNow = false;
    const began = performance.now();
    let found: Found;
    try {
      found = await runTurn(store, {
        channelId,
        hold: this.#lease.hold(),
        written,
        hungry: [...lanes.hungry],
        resync: this.#resync,
        checkBlocked: this.#blocked,
        feedLimit: Math.max(1, Math.min(MAX_CHAIN, Math.floor(limit / Math.max(1, lanes.hungry.size)))),
        dueLimit: asked.due ? Math.min(window, Math.ceil(limit / 2)) : 0,
        moreLimit: asked.more ? limit : 0,
      });
    } catch (thrown) {
      this.#holdNow ||= holdNow;
      if (thrown instanceof StatementExpectationError) {
        this.#lost();
        return;
      }
      this.#written = written.followedBy(this.#written);
      for (const key of breaking) this.#breaking.add(key);
      throw thrown;
    }
    this.#lease.prolonged(began);
    this.#resync = false;
    lanes.release(written.seqs());
    for (const { inMs } of written.failed) this.#alarm.in(inMs);
    this.#absorb(found);
    this.options.moved({
      sent: written.sent.length,
      refused: written.refused.length,
      waiting: written.failed.length - found.due.length,
      refusal: written.refused.at(-1)?.error,
    });
  }

  /** Puts what a turn has taken into memory. */
  #absorb(found: Found): void {
    // Taken earlier, so older than what was taken now.
    for (const event of found.resynced) if (!this.#lanes.held.has(event.seq)) this.#add(event, true, found);
    for (const { chain, events, more } of found.fed) this.#lanes.feed(chain, events, more);
    for (const event of found.due) this.#add(event, true, found);
    for (const event of found.taken) this.#add(event, false, found);
    if (found.nextDueInMs !== undefined) this.#alarm.in(found.nextDueInMs);
    if (found.moreDue) this.#alarm.in(DUE_AGAIN_MS);
    if (found.moreReady) this.#more = true;
    if (!found.anyBlocked && this.#written.size === 0) this.#blocked = false;
    const [sample] = found.taken;
    if (sample !== undefined) {
      const sum = found.taken.reduce((total, { event }) => total + event.length, 0);
      this.#typical = Math.max(500, Math.ceil(sum / found.taken.length));
    }
  }

  #add(event: TakenEvent, more: boolean, found: Found): void {
    const stays =
      found.behind.has(event.seq) || this.#breaking.has(chainId(event) ?? '') || this.#lanes.isLong(event);
    if (!stays) {
      this.#lanes.add(event, more);
      return;
    }
    this.#lanes.leaveBehind(event);
    this.#written.behind.push(event.seq);
    this.#blocked = true;
  }

  /** Publishes from memory as far as the window allows. */
  #pump(): void {
    if (!this.#lease.held || this.#pause !== undefined) return;
    if (!this.#lease.sure) {
      // Stopped for a while: another process may be the relay by now.
      this.#holdNow = true;
      this.#kick();
      return;
    }
    const { publisher, window } = this.options;
    while (this.#running && this.#inFlight < window && publisher.state.status === 'connected') {
      const chain = this.#lanes.next();
      if (chain === undefined) return;
      this.#publish(chain);
    }
  }

  #publish(chain: Chain): void {
    const event = chain.events[0];
    if (event === undefined) return;
    crashPoint('outbox.beforePublish');
    const lanes = this.#lanes;
    this.#inFlight += 1;
    let confirmed: Promise<void>;
    try {
      confirmed = this.options.publisher.publish(cloudEventOf(event), {
        retain: event.retain,
        timeoutMs: CONFIRM_MS,
        ...(event.address === undefined ? {} : { address: event.address }),
      });
    } catch (thrown) {
      confirmed = Promise.reject(thrown);
    }
    crashPointLater('outbox.afterPublishBeforeConfirm');
    confirmed.then(
      () => {
        crashPoint('outbox.afterConfirmBeforeMark');
        // The relay may have been replaced meanwhile: then it is published again by the other one.
        if (lanes === this.#lanes) {
          this.#written.sent.push(event.seq);
          lanes.advance(chain);
        }
        this.#over();
      },
      (thrown: unknown) => {
        if (lanes === this.#lanes) this.#failed(chain, event, asCrossdockError(thrown));
        this.#over();
      },
    );
  }

  #over(): void {
    this.#inFlight -= 1;
    this.#pump();
    this.#kick();
    if (this.#inFlight === 0) this.#idle?.();
  }

  #failed(chain: Chain, event: TakenEvent, error: CrossdockError): void {
    if (error.code === 'CHANNEL_OFFLINE') {
      this.#lanes.again(chain);
      // It says so before its state does: not again in the same breath.
      if (this.#running && this.#pause === undefined) {
        this.#pause = setTimeout(() => {
          this.#pause = undefined;
          this.#pump();
        }, 100);
      }
      return;
    }
    if (!error.retryable) {
      this.#written.refused.push({ seq: event.seq, error });
      this.#lanes.advance(chain);
      return;
    }
    const { backoff } = this.options;
    const asked = Math.min(error.retryAfterMs ?? 0, backoff.capMs);
    const inMs = backoffDelay(backoff, event.attempts + 1, asked);
    this.failure = error;
    this.#written.failed.push({ seq: event.seq, error, inMs });
    this.#written.behind.push(...this.#lanes.break(chain).map(({ seq }) => seq));
    if (chain.id === undefined) return;
    this.#breaking.add(chain.id);
    this.#blocked = true;
  }

  /** Becomes the channel's relay, unless another process is. */
  async #acquire(): Promise<boolean> {
    const { store, publisher } = this.options;
    this.#notBefore = performance.now() + STANDBY_MS;
    if (!store.exclusive && publisher.state.status !== 'connected') return false;
    if (!(await this.#lease.acquire())) return false;
    this.#notBefore = 0;
    this.#forget();
    return true;
  }

  /** What is in memory is worth nothing any more; all of it is in the store. */
  #forget(): void {
    this.#lanes = new Lanes();
    this.#written = new Written();
    this.#breaking = new Set();
    this.#resync = true;
    this.#more = true;
    this.#due = true;
    this.#blocked = true;
  }

  #lost(): void {
    this.#lease.drop();
    this.#forget();
    this.#notBefore = performance.now() + STANDBY_MS;
    // On a store of one process only its own newer relay can have taken over: this one is not needed any more.
    if (this.options.store.exclusive) this.#running = false;
  }

  /** Writes what is known and lets another one be the relay. */
  async #leave(): Promise<void> {
    if (!this.#lease.held) return;
    const { hold, release } = this.#lease.drop();
    const statements = [hold, ...writes(this.#written), release];
    const { sent, refused, failed } = this.#written;
    this.#forget();
    try {
      await this.options.store.run(statements);
      const change = { sent: sent.length, refused: refused.length, waiting: failed.length };
      this.options.moved({ ...change, refusal: refused.at(-1)?.error });
    } catch {
      // The lease runs out, and what was confirmed is published once more, with the same ids.
    }
  }

  /** On a shared store, twice a second. */
  #look(): void {
    const online = this.options.publisher.state.status === 'connected';
    this.#offlineLooks = online ? 0 : this.#offlineLooks + 1;
    this.#looks += 1;
    if (this.#looks % HOLD_EVERY === 0) this.#holdNow = true;
    if (this.#lease.held && this.#offlineLooks >= OFFLINE_LOOKS && this.#turning === undefined) {
      this.#turning = this.#leave().finally(() => {
        this.#turning = undefined;
      });
      return;
    }
    this.wake();
  }
}
