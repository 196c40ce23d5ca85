/** Bytes of many packets in one piece, so that what is published in one turn of the event loop is one write. */
const ROOM = 65_536;
/** ASCII of less than this is written faster by hand than by a call out of JavaScript. */
const SHORT = 24;

export class ByteBatch {
  #bytes = Buffer.allocUnsafeSlow(ROOM);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was gathered; the batch is empty then. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    // The socket may keep it for a while: the rest is a buffer of its own, the next one too.
    this.#bytes =
      this.#bytes.length - this.#length >= ROOM / 2
        ? this.#bytes.subarray(this.#length)
        : Buffer.allocUnsafeSlow(ROOM);
    this.#length = 0;
    return taken;
  }

  /** Makes room for so many more bytes; to be called before they are written. */
  reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  byte(value: number): void {
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  /** The lower 16 bits. */
  uint16(value: number): void {
    this.byte((value >> 8) & 0xff);
    this.byte(value & 0xff);
  }

  uint32(value: number): void {
    this.#length = this.#bytes.writeUInt32BE(value, this.#length);
  }

  /** @param bytes its length in UTF-8 */
  text(text: string, bytes: number): void {
    if (bytes === text.length && bytes < SHORT) {
      for (let at = 0; at < bytes; at += 1) this.byte(text.charCodeAt(at));
    } else this.#length += this.#bytes.write(text, this.#length, bytes);
  }

  bytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }
}
