/** A file read from its front in blocks, of which each begins with what the one before had left. */
import { closeSync, openSync, readSync } from 'node:fs';

const BLOCK = 1 << 20;

export class Blocks {
  bytes: Buffer = Buffer.allocUnsafeSlow(BLOCK);
  /** What is not consumed yet is from `at` up to `end`. */
  at = 0;
  end = 0;
  /** Nothing comes behind `end`. */
  last = false;
  readonly #fd: number;
  /** Where `at` lies in the file. */
  #offset: number;

  constructor(
    file: string,
    offset: number,
    private readonly maxRow: number,
  ) {
    this.#fd = openSync(file, 'r');
    this.#offset = offset;
    this.more();
  }

  /** Where a byte of the block lies in the file. */
  offsetOf(place: number): number {
    return this.#offset + place - this.at;
  }

  consumed(to: number): void {
    this.#offset += to - this.at;
    this.at = to;
  }

  /**
   * Reads on behind what is not consumed.
   * @returns false when a single row is larger than it may be
   */
  more(): boolean {
    const kept = this.end - this.at;
    if (kept > this.maxRow) return false;
    if (kept + BLOCK / 2 > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(this.bytes.length * 2);
      this.bytes.copy(larger, 0, this.at, this.end);
      this.bytes = larger;
    } else this.bytes.copyWithin(0, this.at, this.end);
    this.at = 0;
    this.end = kept;
    const read = readSync(this.#fd, this.bytes, kept, this.bytes.length - kept, this.#offset + kept);
    this.end += read;
    this.last = read === 0;
    return true;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
