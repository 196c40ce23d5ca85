/**
 * What the publishers of one channel in this process share: one of them computes and one sends at a time, and what has just
 * been stored goes to the sender from memory, so that it is not read back. The store is read for what is not here.
 */
import type { Store } from '../store/types';
import { type PendingRow, rowKey } from './pending';
import type { Pass } from './sender';
import type { Key } from './settle';

/** Rows held in memory between two passes; what is beyond is read from the store when its turn comes. */
const MAX_FRESH = 8192;

export class Lane {
  /** The pass that runs. */
  pass: Pass | undefined;
  /** The store may hold pending rows that are not here: what an earlier process left, what did not leave, snapshots. */
  stored = true;
  /** Something in the store is urgent: the next pass looks at it before it sends what is here. */
  urgent = false;
  #fresh = new Map<string, PendingRow>();
  #computing: Promise<unknown> = Promise.resolve();
  #sending: Promise<unknown> = Promise.resolve();

  /** Observing and computing, one after the other: what is observed meanwhile would count as computed. */
  compute<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#computing.then(work);
    this.#computing = mine.catch(() => undefined);
    return mine;
  }

  /** Passes, one after the other: two of one channel must not overtake each other. */
  send<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#sending.then(work);
    this.#sending = mine.catch(() => undefined);
    return mine;
  }

  /** Resolves when what was begun has ended. */
  async idle(): Promise<void> {
    await this.#sending;
  }

  /** These were stored as pending just now. */
  offer(rows: readonly PendingRow[]): void {
    for (const row of rows) {
      // An older one of the key must not go after it.
      if (this.pass?.offer(row) === true) this.#fresh.delete(row.key);
      else this.#keep(row);
    }
  }

  #keep(row: PendingRow): void {
    if (this.#fresh.size >= MAX_FRESH) {
      this.#fresh.clear();
      this.stored = true;
    }
    // When the store is read anyway, the row is found there.
    if (this.stored) this.#fresh.delete(row.key);
    else this.#fresh.set(row.key, row);
  }

  get holds(): boolean {
    return this.#fresh.size > 0;
  }

  /** For the next pass. */
  take(): readonly PendingRow[] {
    const rows = [...this.#fresh.values()];
    this.#fresh.clear();
    return rows;
  }

  /** Something newer of these is in the store only, perhaps what is sold out or back in stock. */
  supersede(keys: readonly Key[], urgent: boolean): void {
    if (keys.length > 0) this.stored = true;
    for (const { site, sku } of keys) {
      const key = rowKey(site, sku);
      this.#fresh.delete(key);
      this.pass?.forget(key);
    }
    if (!urgent) return;
    if (this.pass === undefined) this.urgent = true;
    else this.pass.hurry();
  }
}

const lanes = new WeakMap<Store, Map<string, Lane>>();

export function laneOf(store: Store, channelId: string): Lane {
  const ofStore = lanes.get(store) ?? new Map<string, Lane>();
  lanes.set(store, ofStore);
  const lane = ofStore.get(channelId) ?? new Lane();
  ofStore.set(channelId, lane);
  return lane;
}
