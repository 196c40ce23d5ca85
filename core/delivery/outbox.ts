/**
 * The outbox: events that leave through a channel. Its rows are written in the same unit as the end of the scope that
 * caused them (pass `statements` as `extra` to `scopes.finish` or `scopes.settle`), so an event leaves exactly when its
 * cause is settled; the relay marks a row sent only after the channel confirmed it. A crash between confirmation and
 * mark publishes the event once more, with the same id: consumers tell duplicates by `source` and `id`.
 *
 * State that only the newest value matters for (stock levels) does not go through here but through core/inventory,
 * which keeps the desired and the published value per key.
 */
import type { WrittenEvent } from '../channel/cloudevents';
import type { EventChannel } from '../channel/types';
import { asCrossdockError, CrossdockError } from '../errors';
import type { Statement, Store } from '../store';
import type { Backoff } from './backoff';
import { crashPoint } from './crash-point';
import { comeAlive } from './instances';
import type { TakenEvent } from './outbox-lanes';
import { Relay } from './outbox-relay';
import {
  addStatement,
  addTakenStatement,
  CLEAN_UP,
  COUNT,
  LAST_REFUSED,
  OLDEST,
  OUTBOX_SCHEMA,
  UNROUTABLE,
  USUAL_PRIORITY,
} from './outbox-schema';
import type { Extra } from './scope-types';

export interface OutgoingEvent {
  /** Deterministic id; a second row with it is ignored (unless the first was refused: then it replaces it). */
  readonly id: string;
  readonly channel: string;
  /** Events with the same key leave in order (within a priority). Undefined: no order is wanted. */
  readonly partitionKey: string | undefined;
  /** A CloudEvent, structured JSON. */
  readonly event: string;
  /** Another address than the event's own, below the channel's prefix. */
  readonly address?: string | undefined;
  /** Keep as the latest state for those who subscribe later (MQTT: retained). */
  readonly retain?: boolean;
  /** Lower goes first. Default 5. */
  readonly priority?: number;
  /** The event as its channel can publish it without reading it again. */
  readonly written?: WrittenEvent;
}

export interface OutboxHealth {
  /** Events that are not sent; the refused ones do not count. */
  readonly waiting: number;
  /** Ms since the oldest of them was added. */
  readonly oldestAgeMs: number | undefined;
  /** Events that wait since nobody is subscribed to their address. */
  readonly unroutable: number;
  /** Events that the channel will never take; they are kept with their errors. */
  readonly refused: number;
  readonly problem: CrossdockError | undefined;
}

export interface Outbox {
  readonly store: Store;
  /** Events that are not sent, as last counted. */
  readonly depth: number;
  /** Events that the channel will never take, as last counted. */
  readonly refused: number;
  /** So many wait that no more should be added: the source is to wait. They still can be. */
  readonly full: boolean;
  /** Why events wait: no connection, the last failure of one that is to be tried again, else of a refused one. */
  readonly problem: CrossdockError | undefined;
  /**
   * Adds the event with a unit that the caller runs, and which is told of. Where it can be, it is published straight
   * from memory once it is committed, which costs half of the way through the store.
   * @param taken called after that
   */
  add(event: OutgoingEvent, taken?: () => void): Extra;
  /** The statements that add the events, for a unit that the caller runs at once; to be followed by `wake`. */
  statements(events: readonly OutgoingEvent[]): readonly Statement[];
  /** Tells the relay that a unit with such statements has committed. @param added how many events it held */
  wake(added?: number): void;
  /** Tries at once what waits for its next try. */
  retry(): Promise<void>;
  /** Begins to publish. */
  start(): void;
  /** Publishes nothing more, waits up to `drainMs` for confirmations, writes them. What is left stays in the store. */
  stop(drainMs?: number): Promise<void>;
  /** Counts in the store; the cost is in line with what waits. */
  health(): Promise<OutboxHealth>;
  /** Forgets what was sent before the retention. Called every ten minutes. @returns how many */
  cleanUp(): Promise<number>;
  /** Called when depth or problem may have changed; returns what ends that. */
  onChange(listener: () => void): () => void;
}

export interface OutboxOptions {
  readonly store: Store;
  /** Parts the channels of one store. */
  readonly channelId: string;
  readonly publisher: Pick<EventChannel, 'publish' | 'state' | 'onState'>;
  /** Events published and not yet confirmed, at most. Default 256. */
  readonly window?: number;
  /** Ms that ids of sent events are kept. Default 7 days. */
  readonly retentionMs?: number;
  /** Between two tries of an event. Default from half a second up to 30 s. */
  readonly backoff?: Backoff;
  /** Events from which on the outbox is `full`. Default 100,000. */
  readonly highWater?: number;
  /** Called when the problem has changed; undefined: there is none any more. */
  readonly onProblem?: (problem: CrossdockError | undefined) => void;
}

const DAY_MS = 86_400_000;
const CLEAN_UP_MS = 10 * 60_000;
const DRAIN_MS = 2000;
/** The count is put right by a look into the store, this often at most. */
const COUNT_AGAIN_MS = 1000;

/** Prepares the tables and counts what waits from before. Publishes nothing until `start`. */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  await comeAlive(options.store);
  await options.store.migrate(OUTBOX_SCHEMA);
  const outbox = new StoredOutbox(options);
  await outbox.count();
  return outbox;
}

class StoredOutbox implements Outbox {
  readonly store: Store;
  readonly #relay: Relay;
  readonly #listeners = new Set<() => void>();
  #depth = 0;
  #waiting = 0;
  #refused = 0;
  #lastRefusal: CrossdockError | undefined;
  #shown: CrossdockError | undefined;
  #cleaner: NodeJS.Timeout | undefined;
  #counter: NodeJS.Timeout | undefined;
  #running = false;

  constructor(private readonly options: OutboxOptions) {
    this.store = options.store;
    this.#relay = new Relay({
      store: options.store,
      channelId: options.channelId,
      publisher: options.publisher,
      window: options.window ?? 256,
      backoff: options.backoff ?? { baseMs: 500, capMs: 30_000 },
      moved: ({ sent, refused, waiting, refusal }) => {
        this.#depth = Math.max(0, this.#depth - sent - refused);
        this.#waiting = Math.max(0, this.#waiting + waiting);
        this.#refused += refused;
        this.#lastRefusal = refusal ?? this.#lastRefusal;
        this.#changed();
      },
      idle: () => this.#countSoon(),
    });
  }

  get depth(): number {
    return this.#depth;
  }

  get refused(): number {
    return this.#refused;
  }

  get full(): boolean {
    return this.#depth >= (this.options.highWater ?? 100_000);
  }

  get problem(): CrossdockError | undefined {
    const { publisher } = this.options;
    if (this.#relay.problem !== undefined) return this.#relay.problem;
    const { status, reason } = publisher.state;
    if (status !== 'connected' && this.#depth > 0) {
      return new CrossdockError(reason?.message ?? 'The channel is not connected yet.', {
        code: 'CHANNEL_OFFLINE',
        kind: 'transient',
        facts: { reason: reason?.code ?? 'CHANNEL_CONNECTING' },
      });
    }
    if (this.#waiting > 0 && this.#relay.failure !== undefined) return this.#relay.failure;
    return this.#refused > 0 ? this.#lastRefusal : undefined;
  }

  add(event: OutgoingEvent, taken?: () => void): Extra {
    let fence: number | undefined;
    const build = (): readonly Statement[] => {
      // Adding it again makes an event that was refused ready; how many there are is known.
      fence = this.#refused > 0 ? undefined : this.#relay.fenceForAdding;
      return fence === undefined ? this.statements([event]) : [addTakenStatement(event, fence)];
    };
    return {
      store: this.store,
      get statements() {
        return build();
      },
      committed: ([result]) => {
        crashPoint('outbox.beforeHandOver');
        if (fence === undefined) this.wake();
        else if (result?.changes === 1 && result.inserted !== undefined) {
          this.#depth += 1;
          this.#relay.added(takenOf(event, result.inserted), fence);
        }
        taken?.();
      },
    };
  }

  statements(events: readonly OutgoingEvent[]): readonly Statement[] {
    this.#relay.coming();
    return events.map(addStatement);
  }

  wake(added = 1): void {
    this.#depth += added;
    this.#relay.wake();
  }

  retry(): Promise<void> {
    return this.#relay.retry();
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#cleaner = setInterval(() => {
      // A store that refuses is told by whoever works with it.
      this.cleanUp().catch(() => undefined);
    }, CLEAN_UP_MS);
    this.#cleaner.unref();
    this.#relay.start(() => this.#changed());
  }

  async stop(drainMs = DRAIN_MS): Promise<void> {
    this.#running = false;
    clearInterval(this.#cleaner);
    clearTimeout(this.#counter);
    this.#counter = undefined;
    await this.#relay.stop(drainMs);
  }

  async health(): Promise<OutboxHealth> {
    const { channelId } = this.options;
    const [oldest, unroutable] = await this.store.run([
      { sql: OLDEST, params: [channelId, channelId, channelId] },
      { sql: UNROUTABLE, params: [channelId] },
    ]);
    await this.count();
    const age = oldest?.rows[0]?.['age'];
    return {
      waiting: this.#depth,
      oldestAgeMs: age === null || age === undefined ? undefined : Number(age),
      unroutable: Number(unroutable?.rows[0]?.['unroutable'] ?? 0),
      refused: this.#refused,
      problem: this.problem,
    };
  }

  async cleanUp(): Promise<number> {
    const params = [this.options.channelId, this.options.retentionMs ?? 7 * DAY_MS];
    let total = 0;
    for (;;) {
      const [result] = await this.store.run([{ sql: CLEAN_UP, params }]);
      const removed = result?.changes ?? 0;
      total += removed;
      if (removed < 1000) return total;
    }
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Counts in the store. */
  async count(): Promise<void> {
    const { channelId } = this.options;
    const [counted, refusal] = await this.store.run([
      { sql: COUNT, params: [channelId, channelId, channelId, channelId, channelId] },
      { sql: LAST_REFUSED, params: [channelId] },
    ]);
    const row = counted?.rows[0];
    const of = (name: string): number => Number(row?.[name] ?? 0);
    this.#waiting = of('waiting');
    this.#refused = of('refused');
    this.#depth = of('ready') + of('taken') + of('waiting') + of('queued');
    this.#lastRefusal = this.#refused === 0 ? undefined : errorOf(refusal?.rows[0]?.['error']);
    this.#changed();
  }

  /** What was said by `wake` may be wrong: ids that were known already, other processes. */
  #countSoon(): void {
    if (this.#depth === this.#waiting || this.#counter !== undefined || !this.#running) return;
    this.#counter = setTimeout(() => {
      this.#counter = undefined;
      this.count().catch(() => undefined);
    }, COUNT_AGAIN_MS);
    this.#counter.unref();
  }

  #changed(): void {
    const { problem } = this;
    const isNew = problem?.message !== this.#shown?.message;
    this.#shown = problem;
    const listeners = [...this.#listeners];
    if (isNew) listeners.push(() => this.options.onProblem?.(problem));
    for (const listener of listeners) {
      try {
        listener();
      } catch {
        // A listener shows a status; its fault must not stop the relay.
      }
    }
  }
}

function takenOf(event: OutgoingEvent, seq: number): TakenEvent {
  const { partitionKey, priority = USUAL_PRIORITY, event: text, address, retain = false, written } = event;
  return { seq, partitionKey, priority, event: text, address, retain, attempts: 0, written };
}

/** An error as it is kept beside its event. */
function errorOf(kept: unknown): CrossdockError | undefined {
  if (typeof kept !== 'string') return undefined;
  try {
    const { code, kind, message, facts } = JSON.parse(kept) as CrossdockError;
    return new CrossdockError(message, { code, kind, facts });
  } catch (thrown) {
    return asCrossdockError(thrown);
  }
}
