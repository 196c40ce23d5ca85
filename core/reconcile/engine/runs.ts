/** The sorted runs of one source, read as one sorted sequence in which equal keys come in the order of the rows. */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { factsAt, HEAD, keyLengthAt, lengthAt, NONE, type RecordFacts } from './record';
import { compareKeys } from './sort';

const BLOCK = 1 << 18;

class RunReader {
  readonly bytes = Buffer.allocUnsafeSlow(BLOCK);
  start = 0;
  readonly #fd: number;
  #end = 0;
  /** Where `start` lies in the file. */
  offset: number;
  done = false;

  constructor(
    file: string,
    offset: number,
    readonly number: number,
  ) {
    this.#fd = openSync(file, 'r');
    this.offset = offset;
    this.#fill();
  }

  next(): void {
    const length = lengthAt(this.bytes, this.start);
    this.start += length;
    this.offset += length;
    const left = this.#end - this.start;
    if (left < 2 || left < lengthAt(this.bytes, this.start)) this.#fill();
  }

  #fill(): void {
    const kept = this.#end - this.start;
    this.bytes.copyWithin(0, this.start, this.#end);
    const read = readSync(this.#fd, this.bytes, kept, BLOCK - kept, this.offset + kept);
    this.start = 0;
    this.#end = kept + read;
    this.done = this.#end === 0;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** What a source says about the key that it stands at: its first record, and whether the others say the same. */
export class Group {
  bytes = Buffer.allocUnsafeSlow(1 << 16);
  times = 0;
  same = true;

  get facts(): RecordFacts {
    return factsAt(this.bytes, 0);
  }

  take(source: Buffer, start: number): void {
    const length = lengthAt(source, start);
    const { bytes } = this;
    if (length < 128) for (let at = 0; at < length; at += 1) bytes[at] = source[start + at] as number;
    else source.copy(bytes, 0, start, start + length);
    this.times = 1;
    this.same = true;
  }
}

/** The records of several runs in the order of their keys; of equal keys the earlier run's come first. */
export class RunHeap {
  readonly #readers: RunReader[];
  /** Those that have more, the smallest key first. */
  readonly #heap: RunReader[];

  constructor(folder: string, names: readonly string[], at: readonly number[] = []) {
    this.#readers = names.map((name, number) => new RunReader(join(folder, name), at[number] ?? 0, number));
    this.#heap = this.#readers.filter(({ done }) => !done).sort(byKey);
  }

  get first(): { readonly bytes: Buffer; readonly start: number } | undefined {
    return this.#heap[0];
  }

  /** Per run: where its first record lies that was not taken. */
  places(): number[] {
    return this.#readers.map(({ offset }) => offset);
  }

  advance(): void {
    const heap = this.#heap;
    const first = heap[0] as RunReader;
    first.next();
    if (first.done) {
      const last = heap.pop() as RunReader;
      if (heap.length === 0) return;
      if (last !== first) heap[0] = last;
    }
    if (heap.length > 1) this.#sink();
  }

  #sink(): void {
    const heap = this.#heap;
    const moving = heap[0] as RunReader;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && byKey(heap[child + 1] as RunReader, heap[child] as RunReader) < 0)
        child += 1;
      if (byKey(heap[child] as RunReader, moving) >= 0) break;
      heap[place] = heap[child] as RunReader;
      place = child;
    }
    heap[place] = moving;
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
  }
}

/** A source, key by key. */
export class SortedSide {
  readonly #heap: RunHeap;
  readonly group = new Group();
  done = false;
  /** Where the group that it stands at begins, per run. */
  at: readonly number[] = [];

  constructor(folder: string, names: readonly string[], at: readonly number[]) {
    this.#heap = new RunHeap(folder, names, at);
    this.next();
  }

  /** Goes to the next key. Rows without one are a group each. */
  next(): void {
    const heap = this.#heap;
    this.at = heap.places();
    const first = heap.first;
    if (first === undefined) {
      this.done = true;
      return;
    }
    const { group } = this;
    group.take(first.bytes, first.start);
    heap.advance();
    if (keyLengthAt(group.bytes, 0) === 0) return;
    for (let other = heap.first; other !== undefined; other = heap.first) {
      if (compareKeys(group.bytes, 0, other.bytes, other.start) !== 0) return;
      group.times += 1;
      group.same &&= sameSlots(group.bytes, 0, other.bytes, other.start);
      heap.advance();
    }
  }

  close(): void {
    this.#heap.close();
  }
}

function byKey(a: RunReader, b: RunReader): number {
  return compareKeys(a.bytes, a.start, b.bytes, b.start) || a.number - b.number;
}

/** Whether two records have the same slots, byte for byte. */
export function sameSlots(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number): boolean {
  const aEnd = aStart + lengthAt(a, aStart);
  let from = aStart + HEAD + keyLengthAt(a, aStart);
  let other = bStart + HEAD + keyLengthAt(b, bStart);
  if (aEnd - from !== bStart + lengthAt(b, bStart) - other) return false;
  for (; from < aEnd; from += 1) {
    if (a[from] !== b[other]) return false;
    other += 1;
  }
  return true;
}

/** Whether every slot that a plan wants to look at is valid, for records whose slots are equal. */
export function slotsValid(
  bytes: Buffer,
  plans: readonly { readonly slot: number; valid(bytes: Uint8Array, from: number, to: number): boolean }[],
): boolean {
  const end = lengthAt(bytes, 0);
  let at = HEAD + keyLengthAt(bytes, 0);
  let slot = 0;
  let plan = 0;
  while (at < end && plan < plans.length) {
    const length = lengthAt(bytes, at);
    const wanted = plans[plan] as (typeof plans)[number];
    at += 2;
    const there = length !== NONE;
    if (wanted.slot === slot) {
      plan += 1;
      if (!there ? !wanted.valid(bytes, at, at) : !wanted.valid(bytes, at, at + length)) return false;
    }
    if (there) at += length;
    slot += 1;
  }
  return true;
}
