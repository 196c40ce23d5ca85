/** The relay's side towards the channel: publishes what is in memory, within the window, and notes what came of it. */
import type { EventChannel } from '../channel/types';
import { asCrossdockError, type CrossdockError } from '../errors';
import { type Backoff, backoffDelay } from './backoff';
import { crashPoint, crashPointLater } from './crash-point';
import { type Chain, chainId, Lanes, type TakenEvent, writtenOf } from './outbox-lanes';
import { Written } from './outbox-turn';

export interface SenderOptions {
  readonly publisher: Pick<EventChannel, 'publish' | 'state' | 'onState'>;
  readonly window: number;
  readonly backoff: Backoff;
  /** Asked before publishing: is this still the channel's relay? */
  readonly allowed: () => boolean;
  /** An event is done with: there may be something to write. */
  readonly noted: () => void;
}

/** Longest wait for a confirmation. */
const CONFIRM_MS = 30_000;
/** After a publish that found no connection. */
const OFFLINE_PAUSE_MS = 100;

export class Sender {
  lanes = new Lanes();
  /** What is not written to the store yet. */
  written = new Written();
  /** Keys that are blocked by what is in `written`. */
  breaking = new Set<string>();
  /** The last failure of an event that is tried again. */
  failure: CrossdockError | undefined;
  running = false;
  #inFlight = 0;
  #idle: (() => void) | undefined;
  #pause: NodeJS.Timeout | undefined;

  constructor(private readonly options: SenderOptions) {}

  /** Nothing is to be written that will hold up keys. */
  get calm(): boolean {
    const { failed, behind } = this.written;
    return failed.length === 0 && behind.length === 0 && this.breaking.size === 0;
  }

  /** Events published and not yet confirmed. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Publishes from memory as far as the window allows. */
  pump(): void {
    if (!this.running || this.#pause !== undefined || !this.options.allowed()) return;
    const { publisher, window } = this.options;
    while (this.#inFlight < window && publisher.state.status === 'connected') {
      const chain = this.lanes.next();
      if (chain === undefined) return;
      this.#publish(chain);
    }
  }

  /**
   * An event that was taken: it goes, or back behind others of its key.
   * @param behind it stands behind one that waits in the store
   * @param more others of its key may be queued in the store
   */
  add(event: TakenEvent, behind: boolean, more: boolean): void {
    const id = chainId(event);
    if (!behind && !(id !== undefined && this.breaking.has(id)) && !this.lanes.isLong(id)) {
      this.lanes.add(event, id, more);
      return;
    }
    this.lanes.leaveBehind(event, id);
    this.written.behind.push(event.seq);
  }

  /** What is in memory is worth nothing any more; all of it is in the store. Late confirmations are ignored. */
  forget(): void {
    this.lanes = new Lanes();
    this.written = new Written();
    this.breaking = new Set();
  }

  /** What is to be written, handed over. */
  take(): { readonly written: Written; readonly breaking: ReadonlySet<string> } {
    const { written, breaking } = this;
    this.written = new Written();
    this.breaking = new Set();
    return { written, breaking };
  }

  /** It could not be written. */
  giveBack({ written, breaking }: ReturnType<Sender['take']>): void {
    this.written = written.followedBy(this.written);
    for (const key of breaking) this.breaking.add(key);
  }

  /** Publishes nothing more; resolves when all is confirmed, after `drainMs` at the latest. */
  async stop(drainMs: number): Promise<void> {
    this.running = false;
    clearTimeout(this.#pause);
    this.#pause = undefined;
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, drainMs);
      this.#idle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #publish(chain: Chain): void {
    const event = chain.events[0];
    if (event === undefined) return;
    crashPoint('outbox.beforePublish');
    const { lanes } = this;
    this.#inFlight += 1;
    let confirmed: Promise<void>;
    try {
      const written = writtenOf(event);
      confirmed = this.options.publisher.publish(written.event, {
        written,
        retain: event.retain,
        priority: event.priority,
        timeoutMs: CONFIRM_MS,
        address: event.address,
      });
    } catch (thrown) {
      confirmed = Promise.reject(thrown);
    }
    crashPointLater('outbox.afterPublishBeforeConfirm');
    confirmed.then(
      () => {
        crashPoint('outbox.afterConfirmBeforeMark');
        // The relay may have been replaced meanwhile: then it is published again by the other one.
        if (lanes === this.lanes) {
          this.written.sent.push(event.seq);
          lanes.advance(chain);
        }
        this.#over();
      },
      (thrown: unknown) => {
        if (lanes === this.lanes) this.#failed(chain, event, asCrossdockError(thrown));
        this.#over();
      },
    );
  }

  #over(): void {
    this.#inFlight -= 1;
    this.pump();
    this.options.noted();
    if (this.#inFlight === 0) this.#idle?.();
  }

  #failed(chain: Chain, event: TakenEvent, error: CrossdockError): void {
    if (error.code === 'CHANNEL_OFFLINE') {
      this.lanes.again(chain);
      // It says so before its state does: not again in the same breath.
      if (this.running && this.#pause === undefined) {
        this.#pause = setTimeout(() => {
          this.#pause = undefined;
          this.pump();
        }, OFFLINE_PAUSE_MS);
      }
      return;
    }
    if (!error.retryable) {
      this.written.refused.push({ seq: event.seq, error });
      this.lanes.advance(chain);
      return;
    }
    const { backoff } = this.options;
    const asked = Math.min(error.retryAfterMs ?? 0, backoff.capMs);
    const inMs = backoffDelay(backoff, event.attempts + 1, asked);
    this.failure = error;
    this.written.failed.push({ seq: event.seq, error, inMs });
    this.written.behind.push(...this.lanes.break(chain).map(({ seq }) => seq));
    if (chain.id !== undefined) this.breaking.add(chain.id);
  }
}
