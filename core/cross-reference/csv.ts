/** CSV, read in a stream: RFC 4180, with what spreadsheets make of it (BOM, semicolons, tabs). */
import { CrossdockError } from '../errors';

/** Longest cell and most cells of a line: what is larger is no table. */
const MAX_CELL = 10_000;
const MAX_CELLS = 100;

export interface CsvLine {
  /** From 1, as an editor counts: that of the row's first character. */
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * The rows of a file. The separator (comma, semicolon, tab) is the one that the first line has most of.
 * @throws CrossdockError CSV_INVALID (permanent): not UTF-8, a quote that never ends, a cell without end
 */
export async function* readCsv(
  chunks: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<CsvLine, void, void> {
  const parser = new Parser();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw invalid('The file is not UTF-8. Save it as "CSV UTF-8".');
    }
  };
  for await (const chunk of chunks) yield* parser.take(typeof chunk === 'string' ? chunk : decode(chunk));
  yield* parser.take(decode());
  yield* parser.end();
}

class Parser {
  #separator: string | undefined;
  /** The beginning of the file, until its first line is complete. */
  #head = '';
  #line = 1;
  #rowLine = 1;
  #cells: string[] = [];
  #cell = '';
  #quoted = false;
  /** A quote inside a quoted cell: its end, or the first of two. */
  #quote = false;
  #started = false;

  *take(text: string): Generator<CsvLine, void, void> {
    if (this.#separator !== undefined) {
      yield* this.#rows(text);
      return;
    }
    this.#head += text;
    const end = this.#head.search(/[\r\n]/);
    if (end === -1 && this.#head.length < MAX_CELL) return;
    yield* this.#begin();
  }

  *end(): Generator<CsvLine, void, void> {
    if (this.#separator === undefined) yield* this.#begin();
    if (this.#quoted && !this.#quote) {
      throw invalid(`The quote that opens in line ${this.#rowLine} has no end.`);
    }
    if (this.#started) yield this.#row();
  }

  *#begin(): Generator<CsvLine, void, void> {
    const head = this.#head.replace(/^\ufeff/, '');
    this.#head = '';
    const first = head.split(/[\r\n]/, 1)[0] ?? '';
    const count = (mark: string): number => first.split(mark).length;
    this.#separator = [',', ';', '\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
    yield* this.#rows(head);
  }

  *#rows(text: string): Generator<CsvLine, void, void> {
    for (const character of text) {
      const row = this.#character(character);
      if (row !== undefined) yield row;
    }
  }

  #character(character: string): CsvLine | undefined {
    if (character === '\n') this.#line += 1;
    if (this.#quoted && !this.#quote) {
      if (character === '"') this.#quote = true;
      else this.#add(character);
      return undefined;
    }
    if (this.#quote) {
      this.#quote = false;
      if (character === '"') {
        this.#add('"');
        return undefined;
      }
      this.#quoted = false;
    }
    if (character === '\n') {
      const row = this.#started ? this.#row() : undefined;
      this.#rowLine = this.#line;
      return row;
    }
    if (character === '\r') return undefined;
    this.#started = true;
    if (character === this.#separator) this.#cellEnds();
    else if (character === '"' && this.#cell === '') this.#quoted = true;
    else this.#add(character);
    return undefined;
  }

  #add(character: string): void {
    this.#cell += character;
    if (this.#cell.length > MAX_CELL)
      throw invalid(`A cell of line ${this.#rowLine} is longer than ${MAX_CELL} characters.`);
  }

  #cellEnds(): void {
    this.#cells.push(this.#cell);
    this.#cell = '';
    if (this.#cells.length > MAX_CELLS)
      throw invalid(`Line ${this.#rowLine} has more than ${MAX_CELLS} cells.`);
  }

  #row(): CsvLine {
    this.#cellEnds();
    const row = { line: this.#rowLine, cells: this.#cells };
    this.#cells = [];
    this.#started = false;
    this.#quoted = false;
    this.#quote = false;
    return row;
  }
}

function invalid(message: string): CrossdockError {
  return new CrossdockError(message, { code: 'CSV_INVALID', kind: 'permanent' });
}
