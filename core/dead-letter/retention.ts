/**
 * Retention: what people have handled is dropped after some days, and earlier when all letters together grow too large.
 * A letter that nobody has handled is never dropped, however large the heap; then the node says so instead.
 */
import type { Store } from '../store';
import { DROP_ATTEMPTS } from './history';
import { DROP_OLD, SIZES } from './schema';

export interface RetentionLimits {
  /** Ms for which a handled letter is kept. */
  readonly keepMs: number;
  /** Bytes of all letters' bodies above which handled ones are dropped earlier, the oldest first. */
  readonly maxBytes: number;
}

export interface Kept {
  /** Letters dropped by this call. */
  readonly dropped: number;
  readonly parked: number;
  readonly parkedBytes: number;
  /** What nobody has handled is over the limit by itself. */
  readonly over: boolean;
}

/** Letters deleted in one unit. */
const BITE = 200;
/** How long failed attempts are kept of messages that became no letter. */
const ATTEMPTS_MS = 7 * 86_400_000;

/** Drops what is due. */
export async function keepWithin(store: Store, limits: RetentionLimits): Promise<Kept> {
  let dropped = await drop(store, limits.keepMs, Number.POSITIVE_INFINITY);
  let sizes = await sizesOf(store);
  const excess = sizes.parkedBytes + sizes.handledBytes - limits.maxBytes;
  if (excess > 0 && sizes.handledBytes > 0) {
    dropped += await drop(store, 0, excess);
    sizes = await sizesOf(store);
  }
  await store.run([{ sql: DROP_ATTEMPTS, params: [ATTEMPTS_MS] }]);
  const { parked, parkedBytes } = sizes;
  return { dropped, parked, parkedBytes, over: parkedBytes > limits.maxBytes };
}

/** Drops handled letters older than `ageMs`, the oldest first, until so many bytes are gone. */
async function drop(store: Store, ageMs: number, bytes: number): Promise<number> {
  let dropped = 0;
  for (let freed = 0; freed < bytes; ) {
    const [result] = await store.run([{ sql: DROP_OLD, params: [ageMs, BITE] }]);
    const rows = result?.rows ?? [];
    dropped += rows.length;
    for (const row of rows) freed += Number(row['bytes']);
    if (rows.length < BITE) break;
  }
  return dropped;
}

async function sizesOf(store: Store) {
  const [result] = await store.run([{ sql: SIZES }]);
  const sizes = { parked: 0, parkedBytes: 0, handledBytes: 0 };
  for (const row of result?.rows ?? []) {
    if (row['state'] === 'parked') {
      sizes.parked = Number(row['letters']);
      sizes.parkedBytes = Number(row['bytes']);
    } else sizes.handledBytes += Number(row['bytes']);
  }
  return sizes;
}
