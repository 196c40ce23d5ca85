/** A row as it is in its source, read again for those few that differ. */
import { closeSync, openSync, readSync } from 'node:fs';
import { parseJson } from '../../canonical/parse-json';
import { Blocks } from './blocks';
import { cellsOf, readHead } from './csv';
import { decodedFile } from './decode';
import type { Job } from './job';

/** Larger rows are not kept with a difference. */
const MAX_RECORD = 32_768;

export class RecordReader {
  readonly #format: string;
  readonly #fd: number;
  readonly #bytes = Buffer.allocUnsafe(MAX_RECORD);
  readonly #head: { readonly names: readonly string[]; readonly delimiter: string } | undefined;

  constructor(job: Job, index: number) {
    const side = job.sides[index] as Job['sides'][number];
    const file = decodedFile(job, index);
    this.#format = side.format;
    this.#fd = openSync(file, 'r');
    if (side.format !== 'csv') return;
    const blocks = new Blocks(file, 0, 1 << 20);
    const { names, delimiter } = readHead(side, blocks);
    blocks.close();
    this.#head = { names, delimiter: String.fromCharCode(delimiter) };
  }

  /** Bytes of all rows that were read. */
  bytes = 0;

  /** @returns the row, or null when it is too large or no JSON that a message could be */
  read(offset: number): unknown {
    const length = readSync(this.#fd, this.#bytes, 0, MAX_RECORD, offset);
    const end =
      this.#format === 'json'
        ? endOfElement(this.#bytes, length)
        : endOfLine(this.#bytes, length, this.#format === 'csv');
    if (end === -1) return null;
    this.bytes += end;
    const text = this.#bytes.toString('utf8', 0, end);
    if (this.#head === undefined) return parsed(text);
    const cells = cellsOf(text, this.#head.delimiter);
    return Object.fromEntries(this.#head.names.map((name, column) => [name, cells[column] ?? '']));
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** It may become a message: what no message may be (too deep, a key that changes prototypes) is not kept either. */
function parsed(text: string): unknown {
  try {
    const value = parseJson(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/** The end of the file ends a row, too. */
function endOfLine(bytes: Buffer, length: number, quotes: boolean): number {
  let quoted = false;
  for (let at = 0; at < length; at += 1) {
    const byte = bytes[at];
    if (byte === 34) quoted = quotes && !quoted;
    else if (!quoted && (byte === 10 || byte === 13)) return at;
  }
  return length < bytes.length ? length : -1;
}

function endOfElement(bytes: Buffer, length: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < length; at += 1) {
    const byte = bytes[at];
    if (quoted) {
      if (byte === 92) at += 1;
      else if (byte === 34) quoted = false;
    } else if (byte === 34) quoted = true;
    else if (byte === 123 || byte === 91) depth += 1;
    else if (byte === 125 || byte === 93) {
      depth -= 1;
      if (depth <= 0) return depth < 0 ? at : at + 1;
    } else if (depth === 0 && byte === 44) return at;
  }
  return -1;
}
