/** Reads the files to which the flow appends one JSON line per delivery, also while it is being killed. */
import { open } from 'node:fs/promises';

export interface Delivered {
  readonly id: string;
  readonly lane: string;
  readonly n: number;
}

const EVERY_MS = 100;

export class Recorder {
  readonly #files: { readonly path: string; at: number; rest: string }[];
  readonly #seen = new Map<string, number>();
  readonly #lines: Delivered[] = [];
  #reading: Promise<void> = Promise.resolve();
  #readAt = 0;

  constructor(paths: readonly string[]) {
    this.#files = paths.map((path) => ({ path, at: 0, rest: '' }));
  }

  /** Different messages that have been delivered, as far as read; reads on by and by. */
  get distinct(): number {
    if (Date.now() - this.#readAt > EVERY_MS) this.#read();
    return this.#seen.size;
  }

  /** Every delivery, in the order of each file. */
  async all(): Promise<readonly Delivered[]> {
    this.#read();
    await this.#reading;
    return this.#lines;
  }

  #read(): void {
    this.#readAt = Date.now();
    this.#reading = this.#reading.then(async () => {
      for (const file of this.#files) await this.#readOn(file);
    });
  }

  async #readOn(file: { readonly path: string; at: number; rest: string }): Promise<void> {
    let handle: Awaited<ReturnType<typeof open>>;
    try {
      handle = await open(file.path);
    } catch {
      return;
    }
    try {
      const buffer = Buffer.alloc(1 << 16);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, file.at);
        if (bytesRead === 0) return;
        file.at += bytesRead;
        const lines = (file.rest + buffer.toString('utf8', 0, bytesRead)).split('\n');
        file.rest = lines.pop() ?? '';
        for (const line of lines) this.#take(line);
      }
    } finally {
      await handle.close();
    }
  }

  #take(line: string): void {
    let delivered: Delivered;
    try {
      delivered = JSON.parse(line) as Delivered;
    } catch {
      // A line that a kill cut off: it was no delivery that anybody could count.
      return;
    }
    this.#lines.push(delivered);
    this.#seen.set(delivered.id, (this.#seen.get(delivered.id) ?? 0) + 1);
  }
}
