/**
 * Marks in the store what the channel has confirmed or refused: in blocks, and while one is being committed, the next
 * gathers.
 */
import type { SqlValue, Statement, Store } from '../store/types';
import { batches } from './batches';
import type { PendingRow } from './pending';
import { confirmedSql, REFUSED_SQL } from './schema';

/** 4 parameters each. */
const ROWS_PER_STATEMENT = 64;

interface Mark {
  readonly row: PendingRow;
  /** Why the channel has refused it; undefined: confirmed. */
  readonly refused: string | undefined;
}

/** What the marker tells its owner. None of these may throw. */
export interface MarkerPeer {
  marked(rows: readonly PendingRow[]): void;
  /** The store has refused a block; nothing of it is marked. */
  failed(error: unknown): void;
  /** After each block. */
  ended(): void;
}

export class Marker {
  /** Something is not marked yet. */
  running = false;
  readonly #store: Store;
  readonly #channelId: string;
  readonly #peer: MarkerPeer;
  #marks: Mark[] = [];

  constructor(store: Store, channelId: string, peer: MarkerPeer) {
    this.#store = store;
    this.#channelId = channelId;
    this.#peer = peer;
  }

  /** Marks that wait for their block. */
  get waiting(): number {
    return this.#marks.length;
  }

  /** @param refused why the channel has refused it; left out: it has confirmed it */
  add(row: PendingRow, refused?: string): void {
    this.#marks.push({ row, refused });
    if (this.running) return;
    this.running = true;
    void this.#run();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    // What is confirmed in this turn goes into one block.
    await Promise.resolve();
    while (this.#marks.length > 0) {
      const marks = this.#marks;
      this.#marks = [];
      try {
        await this.#store.run(this.#statements(marks));
        this.#peer.marked(marks.map(({ row }) => row));
      } catch (error) {
        this.#peer.failed(error);
      }
      if (this.#marks.length > 0) this.#peer.ended();
    }
    this.running = false;
    this.#peer.ended();
  }

  #statements(marks: readonly Mark[]): Statement[] {
    const statements: Statement[] = [];
    const confirmed = marks.filter(({ refused }) => refused === undefined);
    for (const some of batches(confirmed, ROWS_PER_STATEMENT)) {
      const params: SqlValue[] = [];
      for (const { row } of some) params.push(row.site, row.sku, row.sequence, row.quantity);
      params.push(this.#channelId);
      statements.push({ sql: confirmedSql(some.length), params });
    }
    for (const { row, refused } of marks) {
      if (refused === undefined) continue;
      statements.push({
        sql: REFUSED_SQL,
        params: [refused, this.#channelId, row.site, row.sku, row.sequence],
      });
    }
    return statements;
  }
}
