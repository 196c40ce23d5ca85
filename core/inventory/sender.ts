/**
 * One pass over what a channel has not been told yet. Urgent rows (sold out, back in stock) overtake all others, also
 * those that become urgent while the pass runs; a key is never in flight twice, so a channel cannot be told an older
 * quantity after a newer one. What is confirmed is marked in batches: while one is being committed, the next gathers.
 */
import type { InventoryLevel } from '../canonical/inventory-level';
import { type CloudEvent, makeEvent, type Publisher, topicSegment, writeEventAround } from '../channel';
import { asCrossdockError, type CrossdockError } from '../errors';
import type { Row, Statement, Store } from '../store/types';
import { CONFIRMED_SQL, PAGE_SQL, REFUSED_SQL, URGENT_SQL } from './schema';

export const INVENTORY_EVENT_TYPE = 'com.crossdock.distribution.inventory.changed.v1';
export const INVENTORY_SCHEMA = 'https://crossdock.dev/contracts/inventory-level/1.0';

const PAGE_ROWS = 500;
/** Rows that are asked for ahead of everything when something became urgent. */
const URGENT_ROWS = 500;
/** Confirmed and not yet marked, at most: what more is confirmed waits for the store. */
const MAX_UNMARKED = 2000;

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

interface PendingRow {
  readonly key: string;
  readonly site: string;
  readonly sku: string;
  readonly sequence: number;
  readonly quantity: string;
  /** Ms. */
  readonly asOf: number;
  readonly body: string;
  /** Sold out or back in stock. */
  readonly urgent: boolean;
}

export class Pass {
  published = 0;
  failed = 0;
  problem: CrossdockError | undefined;
  /** The channel cannot take more now, or the publisher closes; the rest waits for the next pass. */
  stopped = false;
  readonly #options: SenderOptions;
  readonly #start: number;
  /** Keys in the order of sending; each is in `#queued` or has left meanwhile. */
  readonly #queue: string[] = [];
  readonly #queued = new Map<string, PendingRow>();
  /** Sent, and not yet marked in the store. */
  readonly #inFlight = new Set<string>();
  /** Became urgent while in flight: to be looked for again after their mark. */
  readonly #urgentAfter = new Set<string>();
  readonly #refused = new Set<string>();
  #urgent = false;
  #more = true;
  #cursor: readonly [number, number, string, string] = [-1, 0, '', ''];
  #reading: Promise<void> | undefined;
  #marks: { statement: Statement; key: string }[] = [];
  #marking: Promise<void> | undefined;

  /** @param start store clock, ms: what becomes pending later belongs to the next pass, but for what is urgent */
  constructor(options: SenderOptions, start: number) {
    this.#options = options;
    this.#start = start;
  }

  /** Something became urgent: look at it before the rest. */
  hurry(): void {
    this.#urgent = true;
  }

  /** What is in flight is waited for; nothing more is sent. */
  stop(): void {
    this.stopped = true;
  }

  /** Rejects with the store's errors only. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.concurrency }, () => this.#work()));
    await this.#marking;
  }

  async #work(): Promise<void> {
    for (;;) {
      const row = await this.#next();
      if (row === undefined) return;
      await this.#publish(row);
      if (this.#marks.length > MAX_UNMARKED) await this.#marking;
    }
  }

  async #next(): Promise<PendingRow | undefined> {
    while (!this.stopped) {
      if (this.#urgent || this.#queued.size === 0) await this.#fill();
      const row = this.#take();
      if (row !== undefined) {
        // The next page is on its way before this one has run out.
        if (this.#more && this.#queued.size < this.#options.concurrency)
          this.#fill().catch(() => this.stop());
        return row;
      }
      if (!this.#urgent && !this.#more) return undefined;
    }
    return undefined;
  }

  #take(): PendingRow | undefined {
    for (;;) {
      const key = this.#queue.shift();
      if (key === undefined) return undefined;
      const row = this.#queued.get(key);
      if (row === undefined) continue;
      this.#queued.delete(key);
      this.#inFlight.add(key);
      return row;
    }
  }

  /** One read at a time, for all who wait. */
  #fill(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { channelId, read } = this.#options;
    const urgent = this.#urgent;
    this.#urgent = false;
    const select = urgent
      ? { sql: URGENT_SQL, params: [channelId, URGENT_ROWS] }
      : { sql: PAGE_SQL, params: [channelId, this.#start, ...this.#cursor, PAGE_ROWS] };
    // What is under way now may be sent and marked before the answer is here, which then still shows it as pending.
    const busy = new Set([...this.#queued.keys(), ...this.#inFlight]);
    const found = await read(select);
    if (found === undefined) {
      this.stop();
      return;
    }
    const fresh: string[] = [];
    const last = found.at(-1);
    if (!urgent) {
      this.#more = found.length === PAGE_ROWS;
      if (last !== undefined) this.#cursor = cursorOf(last);
    }
    for (const row of found.map(pendingRow)) {
      if (this.#refused.has(row.key)) continue;
      const queued = this.#queued.has(row.key);
      if (this.#inFlight.has(row.key) || (busy.has(row.key) && !queued)) {
        if (urgent) this.#lookAgain(row.key);
        continue;
      }
      if (!urgent && queued) continue;
      // An urgent row takes the place of what is queued for its key: only the newest leaves.
      this.#queued.set(row.key, row);
      fresh.push(row.key);
    }
    if (urgent) this.#queue.unshift(...fresh);
    else this.#queue.push(...fresh);
  }

  /** A newer quantity of a key waits until the one that is under way is marked, which may just have been. */
  #lookAgain(key: string): void {
    if (this.#inFlight.has(key)) this.#urgentAfter.add(key);
    else this.#urgent = true;
  }

  async #publish(row: PendingRow): Promise<void> {
    const { channel, channelId, retain, takesWritten } = this.#options;
    try {
      const event = eventOf(row, this.#options);
      const json = dataOf(row);
      if (takesWritten) await channel.publish(event, { retain, written: writeEventAround(event, json) });
      else await channel.publish({ ...event, data: JSON.parse(json) as InventoryLevel }, { retain });
    } catch (thrown) {
      const error = asCrossdockError(thrown);
      this.failed += 1;
      this.problem ??= error;
      if (error.retryable) {
        this.stop();
        return;
      }
      this.#refused.add(row.key);
      const params = [error.message, channelId, row.site, row.sku, row.sequence];
      this.#mark({ sql: REFUSED_SQL, params }, row.key);
      return;
    }
    this.published += 1;
    const { sequence, quantity, site, sku } = row;
    const params = [sequence, quantity, sequence, quantity, sequence, channelId, site, sku, sequence];
    this.#mark({ sql: CONFIRMED_SQL, params }, row.key);
  }

  #mark(statement: Statement, key: string): void {
    this.#marks.push({ statement, key });
    if (this.#marking !== undefined) return;
    this.#marking = this.#drain();
    // The failure is seen where the pass ends; this only keeps it from being unhandled until then.
    this.#marking.catch(() => this.stop());
  }

  async #drain(): Promise<void> {
    while (this.#marks.length > 0) {
      const batch = this.#marks;
      this.#marks = [];
      await this.#options.store.run(batch.map(({ statement }) => statement));
      // Marked: a newer quantity of the key may go now.
      for (const { key } of batch) {
        this.#inFlight.delete(key);
        if (this.#urgentAfter.delete(key)) this.#urgent = true;
      }
    }
    this.#marking = undefined;
  }
}

function cursorOf(row: Row): readonly [number, number, string, string] {
  return [Number(row.urgency), Number(row.pending_since), String(row.site), String(row.sku)];
}

function pendingRow(row: Row): PendingRow {
  const site = String(row.site);
  const sku = String(row.sku);
  return {
    key: JSON.stringify([site, sku]),
    site,
    sku,
    sequence: Number(row.sequence),
    quantity: String(row.quantity),
    asOf: Number(row.as_of),
    body: String(row.body),
    urgent: Number(row.urgency) === 0,
  };
}

/** The event of a pending row, without its data: the same row gives the same event. */
function eventOf(row: PendingRow, options: SenderOptions): CloudEvent {
  const { data: _data, ...attributes } = makeEvent<null>({
    type: INVENTORY_EVENT_TYPE,
    source: options.source,
    subject: row.sku,
    time: new Date(row.asOf).toISOString(),
    dataschema: INVENTORY_SCHEMA,
    partitionkey: `${topicSegment(row.site)}/${topicSegment(row.sku)}`,
    sequence: row.sequence,
    idScope: [options.channelId, row.site],
    extensions: { site: row.site, ...(row.urgent ? { priority: 1 } : {}) },
    data: null,
  });
  return attributes;
}

/** The stored body with its sequence, as JSON: it is never read on its way out. */
function dataOf({ body, sequence }: PendingRow): string {
  return `${body.slice(0, -1)},"sequence":${sequence}}`;
}
