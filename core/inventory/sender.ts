/**
 * One pass over what a channel has not been told yet. Urgent rows (sold out, back in stock) overtake all others, also
 * those that become urgent while the pass runs; a key is never in flight twice, so a channel cannot be told an older
 * quantity after a newer one. What is confirmed is marked in batches: while one is being committed, the next gathers.
 */
import type { InventoryLevel } from '../canonical/inventory-level';
import { type Publisher, writeEventAround } from '../channel';
import { asCrossdockError, type CrossdockError } from '../errors';
import type { Row, Statement, Store } from '../store/types';
import { dataOf, eventOf } from './event';
import { Marker } from './marker';
import { type PendingRow, rowKey } from './pending';
import { PAGE_SQL, URGENT_SQL } from './schema';

/** For a place in the channel's window, before whatever else other nodes publish there. */
const URGENT_PRIORITY = 1;
const PAGE_ROWS = 500;
/** Rows that are asked for ahead of everything when something became urgent. */
const URGENT_ROWS = 500;
/** Confirmed and not yet marked, at most: nothing more is sent then until the store has come after. */
const MAX_UNMARKED = 2000;
/** Rows that one pass takes besides those it finds in the store. */
const MAX_OFFERED = 20_000;

export interface SenderOptions {
  readonly store: Store;
  readonly channel: Publisher;
  /** The channel takes events that are written already, and does not look at their data. */
  readonly takesWritten: boolean;
  readonly channelId: string;
  /** `source` of the events. */
  readonly source: string;
  readonly retain: boolean;
  /** Events sent and not yet confirmed, at most. */
  readonly concurrency: number;
  /** Reads rows under the lease on the channel; undefined when another process has it. */
  readonly read: (select: Statement) => Promise<readonly Row[] | undefined>;
}

export class Pass {
  published = 0;
  failed = 0;
  problem: CrossdockError | undefined;
  /** The channel cannot take more now, or the publisher closes; the rest waits for the next pass. */
  stopped = false;
  /** Something that was found or offered did not leave. */
  left = false;
  readonly #options: SenderOptions;
  readonly #start: number;
  readonly #urgentLine = new Line();
  readonly #line = new Line();
  /** What waits in the lines, the newest of each key. */
  readonly #queued = new Map<string, PendingRow>();
  /** Sent and not yet marked in the store. */
  readonly #inFlight = new Map<string, PendingRow>();
  /** Became urgent while an older quantity was in flight: they go after its mark. */
  readonly #after = new Map<string, PendingRow>();
  readonly #refused = new Map<string, number>();
  /** Sent and not yet confirmed. */
  #unconfirmed = 0;
  #offered = 0;
  /** Something in the store became urgent. */
  #urgent = false;
  /** The store may hold more rows. */
  #more: boolean;
  #cursor: readonly [number, number, string, string] = [-1, 0, '', ''];
  #reading = false;
  /** A reading that all else waits for. */
  #looking = false;
  /** In flight since the reading began. */
  #busy = new Map<string, PendingRow>();
  #pumping = false;
  readonly #marker: Marker;
  #failure: unknown;
  #ended: (() => void) | undefined;

  /**
   * @param start store clock, ms: what becomes pending later belongs to the next pass, but for what is urgent
   * @param read whether the store is read; else only what is offered is sent
   */
  constructor(options: SenderOptions, start: number, read: boolean) {
    this.#options = options;
    this.#start = start;
    this.#more = read;
    this.#marker = new Marker(options.store, options.channelId, {
      marked: (rows) => {
        for (const { key } of rows) this.#marked(key);
      },
      failed: (error) => this.#fail(error),
      ended: () => this.#pump(),
    });
  }

  /** Something in the store became urgent: look at it before the rest. */
  hurry(): void {
    this.#urgent = true;
    this.#pump();
  }

  /** What is in flight is waited for; nothing more is sent. */
  stop(): void {
    this.stopped = true;
    this.#pump();
  }

  /** Sends these, what is offered, and what the store holds. Rejects with the store's errors only, when all has ended. */
  async run(fresh: readonly PendingRow[]): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    for (const row of fresh) this.#enqueue(row);
    this.#pump();
    await ended;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** A row that was stored just now. @returns false: it is for the next pass */
  offer(row: PendingRow): boolean {
    if (this.stopped || this.#ended === undefined) return false;
    const { key, urgent } = row;
    if (this.#after.has(key) || (urgent && this.#inFlight.has(key))) {
      this.#after.set(key, row);
      return true;
    }
    if (this.#inFlight.has(key)) return false;
    // A pass that is offered ever more must end some time: others wait for it.
    if (!urgent && !this.#queued.has(key) && this.#offered >= MAX_OFFERED) return false;
    this.#offered += 1;
    this.#enqueue(row);
    this.#pump();
    return true;
  }

  /** The quantity of a key that is under way: sent, and not yet marked. */
  flying(key: string): string | undefined {
    return this.#inFlight.get(key)?.quantity;
  }

  /** Something newer of this key is in the store only. */
  forget(key: string): void {
    this.#queued.delete(key);
    this.#after.delete(key);
  }

  /** Puts a row in its place, that of an older one of its key. */
  #enqueue(row: PendingRow): void {
    const known = this.#queued.get(row.key);
    this.#queued.set(row.key, row);
    if (row.urgent && known?.urgent !== true) this.#urgentLine.push(row.key);
    else if (known === undefined) this.#line.push(row.key);
  }

  #take(): PendingRow | undefined {
    for (;;) {
      const key = this.#urgentLine.shift() ?? this.#line.shift();
      if (key === undefined) return undefined;
      const row = this.#queued.get(key);
      // It has left from the other line, or was forgotten.
      if (row === undefined) continue;
      this.#queued.delete(key);
      return row;
    }
  }

  /** Does what can be done now; called after everything that changes that. */
  #pump(): void {
    if (this.#ended === undefined || this.#pumping) return;
    this.#pumping = true;
    const { concurrency } = this.#options;
    if (
      !this.stopped &&
      !this.#reading &&
      (this.#urgent || (this.#more && this.#queued.size < concurrency))
    ) {
      // The next page is on its way before this one has run out.
      void this.#read();
    }
    while (!this.stopped && !this.#looking && this.#unconfirmed < concurrency) {
      if (this.#marker.waiting > MAX_UNMARKED) break;
      const row = this.#take();
      if (row === undefined) break;
      void this.#publish(row);
    }
    this.#pumping = false;
    const nothing = this.stopped || (this.#queued.size === 0 && this.#after.size === 0 && !this.#more);
    if (!nothing || this.#unconfirmed > 0 || this.#reading || this.#marker.running) return;
    if (this.#queued.size > 0 || this.#after.size > 0) this.left = true;
    this.#ended();
    this.#ended = undefined;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.stopped = true;
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    this.#reading = true;
    const urgent = this.#urgent;
    this.#urgent = false;
    // What is urgent goes before all else: it is waited for.
    this.#looking = urgent;
    this.#busy = new Map(this.#inFlight);
    try {
      await this.#fill(urgent);
    } catch (error) {
      this.#fail(error);
    }
    this.#reading = false;
    this.#looking = false;
    this.#pump();
  }

  async #fill(urgent: boolean): Promise<void> {
    const { channelId, read } = this.#options;
    const select = urgent
      ? { sql: URGENT_SQL, params: [channelId, URGENT_ROWS] }
      : { sql: PAGE_SQL, params: [channelId, this.#start, ...this.#cursor, PAGE_ROWS] };
    const found = await read(select);
    if (found === undefined) {
      this.stopped = true;
      return;
    }
    const last = found.at(-1);
    if (!urgent) {
      this.#more = found.length === PAGE_ROWS;
      if (last !== undefined) this.#cursor = cursorOf(last);
    }
    for (const row of found) this.#found(pendingRow(row));
  }

  #found(row: PendingRow): void {
    const { key, sequence } = row;
    if (sequence <= (this.#refused.get(key) ?? 0)) return;
    const queued = this.#queued.get(key);
    if (queued !== undefined && (sequence < queued.sequence || queued.urgent || !row.urgent)) return;
    // What is under way was perhaps sent and marked before the answer was here, which still shows it as pending.
    const underWay = this.#inFlight.get(key) ?? this.#busy.get(key);
    if (underWay !== undefined && sequence <= underWay.sequence) return;
    if (!this.#inFlight.has(key)) this.#enqueue(row);
    // A newer quantity of a key waits until the one that is under way is marked.
    else if (row.urgent) {
      if (sequence > (this.#after.get(key)?.sequence ?? 0)) this.#after.set(key, row);
    } else this.left = true;
  }

  /** Never rejects. */
  async #publish(row: PendingRow): Promise<void> {
    this.#unconfirmed += 1;
    this.#inFlight.set(row.key, row);
    if (this.#reading) this.#busy.set(row.key, row);
    const { channel, retain, takesWritten } = this.#options;
    const options = row.urgent ? { retain, priority: URGENT_PRIORITY } : { retain };
    try {
      const event = eventOf(row, this.#options);
      const json = dataOf(row);
      if (takesWritten) await channel.publish(event, { ...options, written: writeEventAround(event, json) });
      else await channel.publish({ ...event, data: JSON.parse(json) as InventoryLevel }, options);
      this.published += 1;
      this.#marker.add(row);
    } catch (thrown) {
      this.#notPublished(row, asCrossdockError(thrown));
    }
    this.#unconfirmed -= 1;
    this.#pump();
  }

  #notPublished(row: PendingRow, error: CrossdockError): void {
    this.failed += 1;
    this.problem ??= error;
    this.left = true;
    if (error.retryable) {
      this.stopped = true;
      return;
    }
    this.#refused.set(row.key, row.sequence);
    this.#marker.add(row, error.message);
  }

  /** A newer quantity of the key may go now. */
  #marked(key: string): void {
    this.#inFlight.delete(key);
    const newer = this.#after.get(key);
    if (newer === undefined) return;
    this.#after.delete(key);
    this.#enqueue(newer);
  }
}

/** Keys in order; taking the first one moves nothing. */
class Line {
  #keys: string[] = [];
  #head = 0;

  push(key: string): void {
    this.#keys.push(key);
  }

  shift(): string | undefined {
    const key = this.#keys[this.#head];
    if (key === undefined) return undefined;
    this.#head += 1;
    if (this.#head === 1024) {
      this.#keys = this.#keys.slice(this.#head);
      this.#head = 0;
    }
    return key;
  }
}

function cursorOf(row: Row): readonly [number, number, string, string] {
  return [Number(row.urgency), Number(row.pending_since), String(row.site), String(row.sku)];
}

function pendingRow(row: Row): PendingRow {
  const site = String(row.site);
  const sku = String(row.sku);
  return {
    key: rowKey(site, sku),
    site,
    sku,
    sequence: Number(row.sequence),
    quantity: String(row.quantity),
    asOf: Number(row.as_of),
    body: String(row.body),
    urgent: Number(row.urgency) === 0,
    first: Number(row.goes_first) === 1,
  };
}
