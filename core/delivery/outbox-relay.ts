/**
 * The relay: takes events from the outbox, publishes them, and writes off what the channel has confirmed.
 *
 * It works in turns. A turn is one unit of the store: it writes all results that have gathered since the last one and
 * takes what there is room for (outbox-turn.ts). Between turns events are published from memory (outbox-sender.ts), per
 * key one after the other, up to the window. There is one relay per channel, held by a fenced lease; the others stand by.
 *
 * An event need not be taken from the store when this process adds it (`fenceForAdding`, `added`): its row is taken
 * from the beginning, and once its unit is committed it goes into memory. So it is as long as memory knows of all that
 * should go before it; else, and on a shared store, events go by way of the store.
 *
 * While the channel is offline nothing is tried. What could not be published waits with its key (backoff with jitter);
 * what will never be taken is refused and frees its key: one event that is too large must not hold up all that follow.
 */
import type { EventChannel } from '../channel/types';
import { asCrossdockError, type CrossdockError } from '../errors';
import { StatementExpectationError, type Store } from '../store';
import { Alarm } from './alarm';
import type { Backoff } from './backoff';
import { AddedEvents, inOrder, isFull } from './outbox-added';
import { MAX_CHAIN, type TakenEvent } from './outbox-lanes';
import { RelayLease } from './outbox-lease';
import { ALL_DUE } from './outbox-schema';
import { Sender } from './outbox-sender';
import { type Found, runTurn, writes } from './outbox-turn';

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
/** Between two bites of what is due: what fails again and again must not take all the time. */
const DUE_AGAIN_MS = 100;
/** Characters of events in memory, about. */
const MAX_SIZE = 32_000_000;

export class Relay {
  /** Why the store cannot be worked with. */
  problem: CrossdockError | undefined;
  readonly #lease: RelayLease;
  readonly #sender: Sender;
  readonly #alarm = new Alarm(() => {
    this.#due = true;
    this.#kick();
  });
  #turning: Promise<void> | undefined;
  #scheduled = false;
  #notBefore = 0;
  /** There may be ready events in the store. */
  #more = true;
  /** The alarm has rung. */
  #due = true;
  /** Nothing is in memory; what is taken in the store, an earlier relay has taken. */
  #fresh = true;
  /** What is taken in the store may not be what is in memory. */
  #resync = false;
  /** Keys may wait without anybody to wake them; looked for when nothing is ready, that could be older. */
  #sweep = true;
  /** The last turn has left ready events in the store. */
  #left = false;
  /** Keys may be blocked in the store. */
  #blocked = true;
  #holdNow = false;
  /** The turn that is under way takes events from the store, or finds out which keys are blocked. */
  #taking = false;
  /** Added by this process and committed; they have to wait for what is being taken. */
  readonly #added = new AddedEvents();
  #looks = 0;
  #offlineLooks = 0;
  /** Characters of an event, as last seen. */
  #typical = 32_000;
  #looker: NodeJS.Timeout | undefined;
  #deaf: () => void = () => undefined;

  constructor(private readonly options: RelayOptions) {
    this.#lease = new RelayLease(options.store, options.channelId);
    this.#sender = new Sender({
      ...options,
      allowed: () => this.#allowed(),
      noted: () => this.#kick(),
    });
  }

  /** The last failure of an event that is tried again. */
  get failure(): CrossdockError | undefined {
    return this.#sender.failure;
  }

  /** @param onState called after the channel's state has changed */
  start(onState: () => void): void {
    this.#sender.running = true;
    this.#deaf = this.options.publisher.onState(({ status }) => {
      onState();
      if (status !== 'connected') return;
      // What made them fail may have gone with the old connection.
      this.retry().catch(() => undefined);
      this.#sender.pump();
    });
    if (!this.options.store.exclusive) {
      this.#looker = setInterval(() => this.#look(), LOOK_MS);
      this.#looker.unref();
    }
    this.#kick();
  }

  /** The fence with which an event can be added as taken; undefined: it is to go by way of the store. */
  get fenceForAdding(): number | undefined {
    const { lanes, running } = this.#sender;
    const open = this.options.store.exclusive && running && !this.#elsewhere && !isFull(lanes);
    return open ? this.#lease.fence : undefined;
  }

  /** An event was added under this fence: to be called as soon as its unit has committed, in the order of the commits. */
  added(event: TakenEvent, fence: number): void {
    if (fence !== this.#lease.fence || !this.#sender.running) this.wake();
    else if (!this.#sender.lanes.held.has(event.seq)) {
      this.#added.push(event);
      if (!this.#taking) this.#takeAdded();
    }
  }

  /** Events are about to be added to the store: those that are added later have to wait for them. */
  coming(): void {
    this.#more = true;
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
    this.#deaf();
    this.#alarm.stop();
    clearInterval(this.#looker);
    const confirmed = this.#sender.stop(drainMs);
    await this.#turning;
    await confirmed;
    await this.#leave();
  }

  #allowed(): boolean {
    if (this.#lease.sure) return true;
    if (this.#lease.held) {
      // Stopped for a while: another process may be the relay by now.
      this.#holdNow = true;
      this.#kick();
    }
    return false;
  }

  /** Looks into the store soon: at once, or when results have gathered. One turn at a time. */
  #kick(): void {
    if (!this.#sender.running || this.#turning !== undefined || this.#scheduled || !this.#hasWork()) return;
    const gather = this.#sender.inFlight >= GATHER_FROM ? GATHER_MS : 0;
    const wait = Math.max(gather, this.#notBefore - performance.now());
    const go = (): void => {
      this.#scheduled = false;
      if (this.#sender.running) this.#turn();
    };
    this.#scheduled = true;
    if (wait > 0) setTimeout(go, wait);
    else setImmediate(go);
  }

  #hasWork(): boolean {
    const { written, lanes } = this.#sender;
    if (written.size > 0 || written.back.length > 0 || lanes.hungry.size > 0 || this.#resync || this.#holdNow)
      return true;
    if (this.#sweep && !this.#fresh && !this.#more) return true;
    return (this.#more || this.#due) && this.#room() >= this.options.window;
  }

  /** What is taken or blocked in the store may not be what memory knows. */
  get #unsure(): boolean {
    return this.#fresh || this.#resync || this.#sweep || this.#blocked || !this.#sender.calm;
  }

  /** Something in the store may have to go before what is added now. */
  get #elsewhere(): boolean {
    return this.#more || this.#left || this.#unsure;
  }

  #takeAdded(): void {
    if (this.#added.handOver(this.#sender, this.#elsewhere)) this.wake();
    else this.#sender.pump();
  }

  /** How many more may be taken: three windows are held in memory, less when the events are large. */
  #room(): number {
    const { lanes, written } = this.#sender;
    return lanes.size >= MAX_SIZE ? 0 : this.options.window * 3 - lanes.held.size + written.size;
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
          // Whether it was committed is not known: what is in the store decides.
          this.#lookAtAll();
          this.options.moved({ sent: 0, refused: 0, waiting: 0, refusal: undefined });
        },
      )
      .finally(() => {
        this.#turning = undefined;
        this.#taking = false;
        this.#takeAdded();
        this.#sender.pump();
        if (this.#hasWork()) this.#kick();
        else if (this.#sender.lanes.held.size === 0) this.options.idle();
      });
  }

  async #work(): Promise<void> {
    if (!this.#lease.held && !(await this.#acquire())) return;
    const { store, channelId, window } = this.options;
    const { lanes } = this.#sender;
    const hungry = [...lanes.hungry];
    const room = this.#room();
    const limit = Math.max(1, Math.min(room, Math.floor((MAX_SIZE - lanes.size) / this.#typical)));
    const asked = { due: this.#due && room > 0, more: this.#more && room > 0, hold: this.#holdNow };
    const fresh = this.#fresh;
    const sweep = this.#sweep && !fresh && !this.#more;
    const resync = this.#resync && !fresh;
    // Whatever comes from now on asks for another look.
    if (asked.due) this.#due = false;
    if (asked.more) this.#more = false;
    this.#holdNow = false;
    const results = this.#sender.take();
    const checkBlocked =
      this.#blocked || results.written.behind.length > 0 || results.written.failed.length > 0;
    this.#taking = asked.due || asked.more || hungry.length > 0 || resync || sweep || checkBlocked;
    const began = performance.now();
    let found: Found;
    try {
      found = await runTurn(store, {
        channelId,
        hold: this.#lease.hold(),
        written: results.written,
        hungry,
        allBack: fresh,
        sweep,
        resync,
        checkBlocked,
        feedLimit: Math.max(1, Math.min(MAX_CHAIN, Math.floor(limit / Math.max(1, hungry.length)))),
        dueLimit: asked.due ? Math.min(window, Math.ceil(limit / 2)) : 0,
        moreLimit: asked.more ? limit : 0,
      });
    } catch (thrown) {
      this.#holdNow ||= asked.hold;
      if (thrown instanceof StatementExpectationError) {
        this.#lost();
        return;
      }
      this.#sender.giveBack(results);
      throw thrown;
    }
    this.#lease.prolonged(began);
    this.#fresh = false;
    this.#resync = false;
    if (sweep) this.#sweep = false;
    if (asked.more) this.#left = found.moreReady;
    this.#blocked = found.anyBlocked;
    const { sent, refused, failed } = results.written;
    lanes.release(results.written.seqs());
    for (const { inMs } of failed) this.#alarm.in(inMs);
    this.#absorb(found);
    this.options.moved({
      sent: sent.length,
      refused: refused.length,
      waiting: failed.length - found.due.length,
      refusal: refused.at(-1)?.error,
    });
  }

  /** Puts what a turn has taken into memory. */
  #absorb(found: Found): void {
    const { lanes } = this.#sender;
    for (const { chain, more } of found.fed) lanes.feed(chain, more);
    for (const { event, more } of inOrder(found, this.#added, lanes.held)) {
      this.#sender.add(event, found.behind.has(event.seq), more);
    }
    for (const { chain } of found.fed) lanes.fed(chain);
    if (found.nextDueInMs !== undefined) this.#alarm.in(found.nextDueInMs);
    if (found.moreDue) this.#alarm.in(DUE_AGAIN_MS);
    if (found.moreReady) this.#more = true;
    if (found.taken.length > 0) {
      const sum = found.taken.reduce((total, { event }) => total + event.length, 0);
      this.#typical = Math.max(500, Math.ceil(sum / found.taken.length));
    }
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

  #forget(): void {
    this.#sender.forget();
    this.#added.forget();
    this.#fresh = true;
    this.#lookAtAll();
    this.#blocked = true;
    this.#left = false;
  }

  #lookAtAll(): void {
    this.#resync = true;
    this.#sweep = true;
    this.#more = true;
    this.#due = true;
  }

  #lost(): void {
    this.#lease.drop();
    this.#forget();
    this.#notBefore = performance.now() + STANDBY_MS;
    // On a store of one process only its own newer relay can have taken over: this one is not needed any more.
    if (this.options.store.exclusive) this.#sender.running = false;
  }

  /** Writes what is known and lets another one be the relay. */
  async #leave(): Promise<void> {
    if (!this.#lease.held) return;
    const { hold, release } = this.#lease.drop();
    const { written } = this.#sender;
    this.#forget();
    try {
      await this.options.store.run([hold, ...writes(written), release]);
      const { sent, refused, failed } = written;
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
