/**
 * Rows between reading and merging, as bytes: no object per row. A record is
 *   u16 length | u16 length of the key | u32 row | u48 offset in the source | f64 time (ms, NaN: none) | u8 fault
 *   | key | per slot: u16 length (0xffff: no value) and bytes
 * little-endian. Slots are the compared fields, each followed by its unit where the type has one.
 */
export const HEAD = 23;
export const NONE = 0xffff;
const MAX_RECORD = 0xfff0;
export const MAX_KEY_BYTES = 1000;
/** Parts of a key are joined by the unit separator, which no text of a key has. */
export const KEY_SEPARATOR = 0x1f;

export const FAULTS = ['', 'NO_KEY', 'TOO_LONG', 'NOT_JSON'] as const;

/** The cells of one row: key parts, slots, time. `to[i]` is -1 where there is none. */
export interface Cells {
  bytes: Uint8Array;
  readonly from: Int32Array;
  readonly to: Int32Array;
}

export function makeCells(count: number): Cells {
  return { bytes: new Uint8Array(0), from: new Int32Array(count), to: new Int32Array(count) };
}

export interface RecordShape {
  readonly keyParts: number;
  readonly slots: number;
  readonly foldCase: boolean;
}

/** Records one behind the other, as many as fit. */
export class Chunk {
  readonly bytes: Buffer;
  readonly #view: DataView;
  /** Where each record begins. */
  starts = new Uint32Array(65_536);
  count = 0;
  end = 0;
  /** Rows without a usable key, also of those that were cleared. */
  faulty = 0;
  readonly #shape: RecordShape;

  constructor(capacity: number, shape: RecordShape) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    this.#shape = shape;
  }

  clear(): void {
    this.count = 0;
    this.end = 0;
  }

  /** @returns false when there is no room; then nothing was added */
  add(cells: Cells, row: number, offset: number, time: number, fault = 0): boolean {
    const { keyParts, slots, foldCase } = this.#shape;
    const { from, to } = cells;
    const start = this.end;
    if (start + MAX_RECORD > this.bytes.length) return false;
    let at = start + HEAD;
    let state = fault;
    for (let part = 0; part < keyParts && state === 0; part += 1) {
      let a = from[part] as number;
      let b = to[part] as number;
      while (a < b && isBlank(cells.bytes[a] as number)) a += 1;
      while (b > a && isBlank(cells.bytes[b - 1] as number)) b -= 1;
      if (b <= a) state = 1;
      else if (at + b - a - start - HEAD > MAX_KEY_BYTES) state = 2;
      else {
        if (part > 0) this.bytes[at++] = KEY_SEPARATOR;
        at = this.#copy(cells.bytes, a, b, at);
      }
    }
    if (state !== 0) at = start + HEAD;
    else if (foldCase) at = this.#fold(start + HEAD, at);
    const keyLength = at - start - HEAD;
    for (let slot = keyParts; slot < keyParts + slots; slot += 1) {
      const a = from[slot] as number;
      const b = to[slot] as number;
      if (b < 0 || state > 1) {
        this.bytes[at] = 0xff;
        this.bytes[at + 1] = 0xff;
        at += 2;
      } else if (at + b - a - start > MAX_RECORD - 2 * (keyParts + slots - slot) - 4) {
        return this.add(cells, row, offset, time, 2);
      } else {
        const length = b - a;
        this.bytes[at] = length & 0xff;
        this.bytes[at + 1] = length >> 8;
        at = this.#copy(cells.bytes, a, b, at + 2);
      }
    }
    const view = this.#view;
    view.setUint16(start, at - start, true);
    view.setUint16(start + 2, keyLength, true);
    view.setUint32(start + 4, row, true);
    view.setUint32(start + 8, offset % 0x1_0000_0000, true);
    view.setUint16(start + 12, Math.floor(offset / 0x1_0000_0000), true);
    view.setFloat64(start + 14, time, true);
    this.bytes[start + 22] = state;
    if (state !== 0) this.faulty += 1;
    if (this.count === this.starts.length) {
      const larger = new Uint32Array(this.starts.length * 2);
      larger.set(this.starts);
      this.starts = larger;
    }
    this.starts[this.count++] = start;
    this.end = at;
    return true;
  }

  #copy(source: Uint8Array, from: number, to: number, at: number): number {
    const { bytes } = this;
    let place = at;
    for (let index = from; index < to; index += 1) bytes[place++] = source[index] as number;
    return place;
  }

  #fold(from: number, to: number): number {
    const folded = this.bytes.toString('utf8', from, to).toLowerCase();
    return from + this.bytes.write(folded, from, 'utf8');
  }
}

function isBlank(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

/** A record where it lies in a buffer. */
export function keyLengthAt(bytes: Uint8Array, start: number): number {
  return (bytes[start + 2] as number) | ((bytes[start + 3] as number) << 8);
}

export function lengthAt(bytes: Uint8Array, start: number): number {
  return (bytes[start] as number) | ((bytes[start + 1] as number) << 8);
}

/** What a record says beside its key and slots. */
export interface RecordFacts {
  readonly row: number;
  readonly offset: number;
  readonly at: number | null;
  readonly fault: (typeof FAULTS)[number];
}

export function factsAt(bytes: Buffer, start: number): RecordFacts {
  const time = bytes.readDoubleLE(start + 14);
  return {
    row: bytes.readUInt32LE(start + 4),
    offset: bytes.readUInt32LE(start + 8) + bytes.readUInt16LE(start + 12) * 0x1_0000_0000,
    at: Number.isNaN(time) ? null : time,
    fault: FAULTS[bytes[start + 22] as number] ?? '',
  };
}

export function keyAt(bytes: Buffer, start: number): string {
  return bytes.toString('utf8', start + HEAD, start + HEAD + keyLengthAt(bytes, start));
}

/** The slots as text, null where there is no value. */
export function slotsAt(bytes: Buffer, start: number): (string | null)[] {
  const end = start + lengthAt(bytes, start);
  const found: (string | null)[] = [];
  for (let at = start + HEAD + keyLengthAt(bytes, start); at < end; ) {
    const length = lengthAt(bytes, at);
    at += 2;
    if (length === NONE) found.push(null);
    else {
      found.push(bytes.toString('utf8', at, at + length));
      at += length;
    }
  }
  return found;
}
