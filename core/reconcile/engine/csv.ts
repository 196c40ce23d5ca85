/**
 * CSV as bytes: RFC 4180 with what spreadsheets make of it (BOM, semicolons, tabs, any line end, rows that are cut
 * short). Only the wanted columns are looked at.
 */
import { Blocks } from './blocks';
import { badSource } from './errors';
import type { SideJob } from './job';
import type { Cells } from './record';

const LF = 10;
const CR = 13;
const QUOTE = 34;
const MAX_ROW = 1 << 20;
const DELIMITERS = [44, 59, 9, 124];

export interface RowReader {
  /** Reads a row into the cells. @returns false at the end of the source */
  next(): boolean;
  /** Of the row that was read last, from 1. */
  readonly row: number;
  /** Where it begins in the file, and where the next one does. */
  readonly offset: number;
  readonly after: number;
  /** Index into FAULTS of a row that cannot be read. */
  readonly fault: number;
  /** The row that was read last is the source's last one, and ends in the middle. */
  readonly cutShort: boolean;
  close(): void;
}

export class CsvReader implements RowReader {
  row: number;
  offset = 0;
  after = 0;
  readonly fault = 0;
  cutShort = false;
  readonly #blocks: Blocks;
  readonly #delimiter: number;
  /** Column to cell; -1 for those that nobody wants. */
  readonly #wanted: Int32Array;
  /** Further cells that show the same column as the first. */
  readonly #many: [cell: number, others: number[]][] = [];

  /**
   * @param wanted names of columns, one per cell; '' for cells that have none; `a|b` is the first that is there
   * @param optional cells whose column may be missing
   */
  constructor(
    private readonly side: SideJob,
    private readonly cells: Cells,
    wanted: readonly string[],
    from: { readonly offset: number; readonly rows: number },
    optional: ReadonlySet<number> = new Set(),
  ) {
    this.row = from.rows;
    const head = new Blocks(side.file, 0, MAX_ROW);
    try {
      const { names, delimiter, after } = readHead(side, head);
      this.#delimiter = delimiter;
      this.#wanted = new Int32Array(names.length).fill(-1);
      this.#place(names, wanted, optional);
      this.#blocks = new Blocks(side.file, Math.max(after, from.offset), MAX_ROW);
    } finally {
      head.close();
    }
    this.after = this.#blocks.offsetOf(this.#blocks.at);
  }

  #place(names: readonly string[], wanted: readonly string[], optional: ReadonlySet<number>): void {
    wanted.forEach((name, cell) => {
      this.cells.to[cell] = -1;
      if (name === '') return;
      const column = columnOf(names, name);
      if (column === -1) {
        if (optional.has(cell)) return;
        const known = names.slice(0, 20).join(', ').slice(0, 200);
        const asked = name.split('|')[0]?.slice(0, 60) ?? '';
        throw badSource(this.side, `it has no column "${asked}". Its columns: ${known}.`, { column: asked });
      }
      const before = this.#wanted[column] as number;
      if (before === -1) this.#wanted[column] = cell;
      // One column for two cells, for example key and compared field.
      else {
        const others = this.#many.find(([first]) => first === before)?.[1];
        if (others === undefined) this.#many.push([before, [cell]]);
        else others.push(cell);
      }
    });
  }

  next(): boolean {
    const blocks = this.#blocks;
    for (;;) {
      // Blank lines are none.
      while (blocks.at < blocks.end) {
        const byte = blocks.bytes[blocks.at] as number;
        if (byte !== LF && byte !== CR) break;
        blocks.consumed(blocks.at + 1);
      }
      if (blocks.at < blocks.end && this.#cut()) return true;
      if (blocks.last && blocks.at === blocks.end) return false;
      if (blocks.last)
        throw badSource(this.side, `the quote that opens in row ${this.row + 1} has no end.`, {
          row: this.row + 1,
        });
      if (!blocks.more())
        throw badSource(this.side, `row ${this.row + 1} is longer than ${MAX_ROW} bytes.`, {
          row: this.row + 1,
        });
    }
  }

  /** @returns false when the row is not complete in this block */
  #cut(): boolean {
    const blocks = this.#blocks;
    const { bytes, end, at: begin } = blocks;
    const { from, to } = this.cells;
    const delimiter = this.#delimiter;
    const wanted = this.#wanted;
    const columns = wanted.length;
    for (let cell = 0; cell < to.length; cell += 1) to[cell] = -1;
    if (this.#doubled.length > 0) this.#doubled = [];
    let at = begin;
    let column = 0;
    let whole = false;
    while (!whole) {
      let start = at;
      let stop = at;
      let doubled = false;
      const quoted = at < end && bytes[at] === QUOTE;
      if (quoted) {
        start += 1;
        for (at = start; at < end; at += 1) {
          if (bytes[at] !== QUOTE) continue;
          if (at + 1 < end && bytes[at + 1] === QUOTE) {
            doubled = true;
            at += 1;
          } else if (at + 1 < end || blocks.last) break;
        }
        if (at >= end) return false;
        stop = at;
        // What stands behind the closing quote belongs to no cell.
        at += 1;
      }
      while (at < end) {
        const byte = bytes[at] as number;
        if (byte === delimiter || byte === LF || byte === CR) break;
        at += 1;
      }
      if (at >= end && !blocks.last) return false;
      if (!quoted) stop = at;
      if (column < columns) {
        const cell = wanted[column] as number;
        if (cell >= 0) {
          from[cell] = start;
          to[cell] = stop;
          if (doubled) this.#doubled.push(cell);
        }
      }
      column += 1;
      whole = at >= end || bytes[at] !== delimiter;
      at += 1;
    }
    // Nothing behind it, not even a line end.
    this.cutShort = at > end && column < columns;
    if (this.#doubled.length > 0) this.#single(bytes);
    for (const [cell, others] of this.#many) {
      for (const other of others) {
        from[other] = from[cell] as number;
        to[other] = to[cell] as number;
      }
    }
    this.cells.bytes = bytes;
    this.offset = blocks.offsetOf(begin);
    blocks.consumed(Math.min(at, end));
    this.after = blocks.offsetOf(blocks.at);
    this.row += 1;
    return true;
  }

  /** Cells of the row with doubled quotes. */
  #doubled: number[] = [];

  /** Makes one quote of two, in place: the row is complete, and is not looked at again. */
  #single(bytes: Buffer): void {
    for (const cell of this.#doubled) {
      const begin = this.cells.from[cell] as number;
      const end = this.cells.to[cell] as number;
      let to = begin;
      for (let at = begin; at < end; at += 1) {
        bytes[to] = bytes[at] as number;
        to += 1;
        if (bytes[at] === QUOTE) at += 1;
      }
      this.cells.to[cell] = to;
    }
    this.#doubled = [];
  }

  close(): void {
    this.#blocks.close();
  }
}

/** The column of a name, or of the first of `a|b` that is there; capital letters do not matter when nothing else fits. */
function columnOf(names: readonly string[], wanted: string): number {
  for (const name of wanted.split('|')) {
    const column = names.indexOf(name.trim());
    if (column !== -1) return column;
  }
  const small = names.map((name) => name.toLowerCase());
  for (const name of wanted.split('|')) {
    const column = small.indexOf(name.trim().toLowerCase());
    if (column !== -1) return column;
  }
  return -1;
}

/** The names of the columns, and where the first row begins. */
export function readHead(
  side: SideJob,
  blocks: Blocks,
): { names: string[]; delimiter: number; after: number } {
  const { bytes } = blocks;
  let at = 0;
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) at = 3;
  while (at < blocks.end && (bytes[at] === LF || bytes[at] === CR)) at += 1;
  let end = at;
  let quoted = false;
  while (end < blocks.end && (quoted || (bytes[end] !== LF && bytes[end] !== CR))) {
    if (bytes[end] === QUOTE) quoted = !quoted;
    end += 1;
  }
  const line = bytes.toString('utf8', at, end);
  if (line.trim() === '') throw badSource(side, 'the file is empty; its first line must name the columns.');
  if (end === blocks.end && !blocks.last && end >= MAX_ROW)
    throw badSource(side, 'its first line is no head of columns.');
  const plain = line.replace(/"[^"]*"/g, '');
  const counted = (mark: number): number => plain.split(String.fromCharCode(mark)).length;
  const delimiter =
    side.delimiter === ''
      ? DELIMITERS.reduce((best, mark) => (counted(mark) > counted(best) ? mark : best))
      : side.delimiter.charCodeAt(0);
  const names = cellsOf(line, String.fromCharCode(delimiter)).map((name) => name.trim());
  return { names, delimiter, after: end };
}

/** The cells of one row as text. */
export function cellsOf(line: string, delimiter: string): string[] {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let cell = '';
      at += 1;
      for (; at < line.length; at += 1) {
        if (line[at] === '"' && line[at + 1] !== '"') break;
        if (line[at] === '"') at += 1;
        cell += line[at];
      }
      cells.push(cell);
      const next = line.indexOf(delimiter, at);
      at = next === -1 ? line.length : next;
    } else {
      const next = line.indexOf(delimiter, at);
      const end = next === -1 ? line.length : next;
      cells.push(line.slice(at, end));
      at = end;
    }
    if (at >= line.length) return cells;
    at += 1;
    if (at === line.length) return [...cells, ''];
  }
}
