/**
 * Sorts the records of a chunk by the bytes of their keys, equal keys in the order of the rows. A comparator per pair
 * would cost most of the time, so as many bytes of each key as fit go with its index into one 64-bit number, which the
 * engine sorts natively; ties are sorted again by the bytes behind them.
 */
import { type Chunk, HEAD, keyLengthAt } from './record';

/** Bits of a number that are the record's index: 16 M records in a chunk. */
const INDEX_BITS = 24;
const INDEX_HIGH_BITS = 32 - INDEX_BITS;
const KEY_BITS = 64 - INDEX_BITS;
/** So few are sorted by comparing. */
const FEW = 24;

/** The records' starts in the order of their keys. */
export function sortedStarts(chunk: Chunk): Uint32Array {
  const { count, starts } = chunk;
  const order = new Uint32Array(count);
  for (let index = 0; index < count; index += 1) order[index] = index;
  new Sorter(chunk, order).range(0, count, 0);
  for (let index = 0; index < count; index += 1) order[index] = starts[order[index] as number] as number;
  return order;
}

class Sorter {
  readonly #bytes: Buffer;
  readonly #starts: Uint32Array;
  #packed: Uint32Array | undefined;

  constructor(
    chunk: Chunk,
    private readonly order: Uint32Array,
  ) {
    this.#bytes = chunk.bytes;
    this.#starts = chunk.starts;
  }

  /** Sorts a part of the order, whose keys agree in their first `depth` bytes. */
  range(from: number, to: number, depth: number): void {
    if (to - from < 2) return;
    if (to - from <= FEW) {
      this.#few(from, to, depth);
      return;
    }
    const { skip, ranks, bits } = this.#alphabet(from, to, depth);
    // All keys end here: they are equal, and in the order of their rows.
    if (bits === 0) return;
    const symbols = Math.floor(KEY_BITS / bits);
    this.#pack(from, to, skip, ranks, bits, symbols);
    const count = to - from;
    const packed = this.#packed as Uint32Array;
    new BigUint64Array(packed.buffer, 0, count).sort();
    const mask = (1 << INDEX_BITS) - 1;
    const { order } = this;
    const before = order.slice(from, to);
    let tie = 0;
    for (let at = 0; at < count; at += 1) {
      order[from + at] = before[(packed[2 * at] as number) & mask] as number;
      const next = at + 1;
      const same =
        next < count &&
        packed[2 * next + 1] === packed[2 * at + 1] &&
        (packed[2 * next] as number) >>> INDEX_BITS === (packed[2 * at] as number) >>> INDEX_BITS;
      if (same) continue;
      if (next - tie > 1) this.#ties.push(from + tie, from + next, skip + symbols);
      tie = next;
    }
    const ties = this.#ties;
    this.#ties = [];
    for (let index = 0; index < ties.length; index += 3) {
      this.range(ties[index] as number, ties[index + 1] as number, ties[index + 2] as number);
    }
  }

  #ties: number[] = [];

  /** What bytes the keys have behind what is common to all, as ranks that take few bits; 0 is the end of a key. */
  #alphabet(from: number, to: number, depth: number): { skip: number; ranks: Uint8Array; bits: number } {
    const bytes = this.#bytes;
    const first = this.#starts[this.order[from] as number] as number;
    const length = keyLengthAt(bytes, first);
    let common = length;
    for (let at = from + 1; at < to && common > depth; at += 1) {
      const start = this.#starts[this.order[at] as number] as number;
      const most = Math.min(common, keyLengthAt(bytes, start));
      let same = depth;
      while (same < most && bytes[start + HEAD + same] === bytes[first + HEAD + same]) same += 1;
      common = same;
    }
    const skip = Math.max(common, Math.min(depth, length));
    const seen = new Uint8Array(256);
    for (let at = from; at < to; at += 1) {
      const start = this.#starts[this.order[at] as number] as number;
      const end = start + HEAD + Math.min(keyLengthAt(bytes, start), skip + KEY_BITS);
      for (let place = start + HEAD + skip; place < end; place += 1) seen[bytes[place] as number] = 1;
    }
    const ranks = new Uint8Array(256);
    let rank = 0;
    for (let byte = 0; byte < 256; byte += 1) if (seen[byte] === 1) ranks[byte] = Math.min(255, ++rank);
    // 256 different bytes and an end do not fit into a byte: the two highest share a rank, which UTF-8 never has both of.
    return { skip, ranks, bits: rank === 0 ? 0 : Math.min(8, 32 - Math.clz32(rank)) };
  }

  #pack(from: number, to: number, skip: number, ranks: Uint8Array, bits: number, symbols: number): void {
    const count = to - from;
    if (this.#packed === undefined || this.#packed.length < 2 * count) {
      this.#packed = new Uint32Array(2 * count);
    }
    const packed = this.#packed;
    const bytes = this.#bytes;
    for (let at = 0; at < count; at += 1) {
      const start = this.#starts[this.order[from + at] as number] as number;
      const behind = start + HEAD + keyLengthAt(bytes, start);
      let place = start + HEAD + skip;
      // 40 bits: below 2^53, so that a double holds them exactly.
      let value = 0;
      const factor = 2 ** bits;
      for (let symbol = 0; symbol < symbols; symbol += 1) {
        value = value * factor + (place < behind ? (ranks[bytes[place] as number] as number) : 0);
        place += 1;
      }
      packed[2 * at + 1] = Math.floor(value / 2 ** INDEX_HIGH_BITS);
      packed[2 * at] = ((value % 2 ** INDEX_HIGH_BITS) << INDEX_BITS) | at;
    }
  }

  /** Insertion sort: stable, and quick for a few. */
  #few(from: number, to: number, depth: number): void {
    const { order } = this;
    for (let at = from + 1; at < to; at += 1) {
      const moving = order[at] as number;
      let place = at;
      while (place > from && this.#compare(order[place - 1] as number, moving, depth) > 0) {
        order[place] = order[place - 1] as number;
        place -= 1;
      }
      order[place] = moving;
    }
  }

  #compare(a: number, b: number, depth: number): number {
    return compareKeys(this.#bytes, this.#starts[a] as number, this.#bytes, this.#starts[b] as number, depth);
  }
}

/** The keys of two records, by their bytes from `depth` on. */
export function compareKeys(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, depth = 0): number {
  const aLength = keyLengthAt(a, aStart);
  const bLength = keyLengthAt(b, bStart);
  const most = Math.min(aLength, bLength);
  for (let at = depth; at < most; at += 1) {
    const difference = (a[aStart + HEAD + at] as number) - (b[bStart + HEAD + at] as number);
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}
