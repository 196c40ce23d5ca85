/** JSON Lines, and one JSON array of any length, read row by row. */
import { readDecimal } from '../../canonical/decimal';
import { Blocks } from './blocks';
import type { RowReader } from './csv';
import { badSource } from './errors';
import type { SideJob } from './job';
import { pathNames, valueAt } from './paths';
import type { Cells } from './record';

const MAX_ROW = 4 << 20;
const LF = 10;
const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const NOT_JSON = 3;

export class JsonReader implements RowReader {
  row: number;
  offset = 0;
  after = 0;
  fault = 0;
  readonly #blocks: Blocks;
  /** Per cell: places of which the first that has a value counts. */
  readonly #names: readonly (readonly (readonly string[])[])[];
  #begun: boolean;
  #scratch = Buffer.allocUnsafeSlow(65_536);

  /** A line of JSON Lines that is no JSON, and has nothing behind it. */
  get cutShort(): boolean {
    const { last, at, end } = this.#blocks;
    return this.fault === NOT_JSON && last && at === end;
  }

  /** @param wanted paths, one per cell; '' for cells that have none */
  constructor(
    private readonly side: SideJob,
    private readonly cells: Cells,
    wanted: readonly string[],
    from: { readonly offset: number; readonly rows: number },
  ) {
    this.row = from.rows;
    this.#names = wanted.map((path) => (path === '' ? [] : path.split('|').map(pathNames)));
    this.#begun = from.offset > 0 || side.format === 'jsonl';
    this.#blocks = new Blocks(side.file, from.offset, MAX_ROW);
    this.after = from.offset;
  }

  next(): boolean {
    if (!this.#begun && !this.#begin()) return false;
    const blocks = this.#blocks;
    for (;;) {
      this.#skipBlanks();
      if (this.side.format === 'json' && blocks.at < blocks.end && blocks.bytes[blocks.at] === 93)
        return false;
      if (blocks.at < blocks.end) {
        const stop = this.side.format === 'jsonl' ? this.#line() : this.#element();
        if (stop !== -1) {
          this.#take(blocks.at, stop);
          return true;
        }
      }
      if (blocks.last) {
        if (this.side.format === 'json')
          throw badSource(this.side, 'the JSON list has no end: the file is cut off.');
        return false;
      }
      if (!blocks.more()) {
        throw badSource(this.side, `record ${this.row + 1} is longer than ${MAX_ROW} bytes.`, {
          row: this.row + 1,
        });
      }
    }
  }

  /** Past the bracket that opens the list. @returns false when there is nothing at all */
  #begin(): boolean {
    const blocks = this.#blocks;
    if (blocks.bytes[0] === 0xef && blocks.bytes[1] === 0xbb) blocks.consumed(3);
    this.#skipBlanks();
    if (blocks.bytes[blocks.at] !== 91 || blocks.at >= blocks.end) {
      throw badSource(this.side, 'the file is no JSON list: it must begin with [.');
    }
    blocks.consumed(blocks.at + 1);
    this.#begun = true;
    return true;
  }

  /** Blanks, and in a list the comma before the next element. */
  #skipBlanks(): void {
    const blocks = this.#blocks;
    while (blocks.at < blocks.end) {
      const byte = blocks.bytes[blocks.at] as number;
      const blank =
        byte === 32 || (byte >= 9 && byte <= 13) || (byte === COMMA && this.side.format === 'json');
      if (!blank) break;
      blocks.consumed(blocks.at + 1);
    }
  }

  #line(): number {
    const blocks = this.#blocks;
    const stop = blocks.bytes.subarray(0, blocks.end).indexOf(LF, blocks.at);
    return stop === -1 && blocks.last ? blocks.end : stop;
  }

  /** Where the element ends that begins here; -1 when it is not complete. */
  #element(): number {
    const { bytes, at, end } = this.#blocks;
    let depth = 0;
    let quoted = false;
    for (let place = at; place < end; place += 1) {
      const byte = bytes[place] as number;
      if (quoted) {
        if (byte === BACKSLASH) place += 1;
        else if (byte === QUOTE) quoted = false;
      } else if (byte === QUOTE) quoted = true;
      else if (byte === 123 || byte === 91) depth += 1;
      else if (byte === 125 || byte === 93) {
        if (depth === 0) return place;
        depth -= 1;
        if (depth === 0) return place + 1;
      } else if (depth === 0 && byte === COMMA) return place;
    }
    return -1;
  }

  #take(from: number, to: number): void {
    const blocks = this.#blocks;
    this.row += 1;
    this.offset = blocks.offsetOf(from);
    const text = blocks.bytes.toString('utf8', from, to);
    blocks.consumed(to);
    this.after = blocks.offsetOf(to);
    this.fault = 0;
    try {
      this.#fill(JSON.parse(text), text.length * 3);
    } catch {
      // Also what is nested so deeply that it can be read, but not be written again.
      this.fault = NOT_JSON;
      this.#fill(undefined, 0);
    }
  }

  #fill(record: unknown, most: number): void {
    const { from, to } = this.cells;
    // No value is longer than the row that it is in, and a list of names may give a value twice.
    const needed = Math.min(most, 4 * 65_536) * this.#names.length;
    if (this.#scratch.length < needed) this.#scratch = Buffer.allocUnsafeSlow(needed);
    let at = 0;
    this.#names.forEach((names, cell) => {
      let text: string | undefined;
      for (let choice = 0; text === undefined && choice < names.length; choice += 1) {
        const value = valueAt(record, names[choice] as readonly string[]);
        // A group or list is no name of anything.
        text = cell < this.side.key.length && typeof value === 'object' ? undefined : textOf(value);
      }
      from[cell] = at;
      if (text === undefined) to[cell] = -1;
      else {
        at += this.#scratch.write(text.length > 65_536 ? text.slice(0, 65_536) : text, at, 'utf8');
        to[cell] = at;
      }
    });
    this.cells.bytes = this.#scratch;
  }

  close(): void {
    this.#blocks.close();
  }
}

/** A value as text; undefined where there is none. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  // 1e-7 is a number in JSON, and nothing that a person would write into a text.
  if (typeof value === 'number') {
    const text = String(value);
    return text.includes('e') ? (readDecimal(value)?.toFixed() ?? text) : text;
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
