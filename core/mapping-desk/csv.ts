/** Samples of CSV: a head line and rows of texts. Tolerant, bounded, for looking only (flows use the csv node). */

export interface CsvRows {
  readonly rows: readonly Readonly<Record<string, string>>[];
  /** A fault with its line, when the text is no usable CSV. */
  readonly fault?: { readonly line: number; readonly message: string };
}

const SEPARATORS = [';', ',', '\t', '|'] as const;
const MAX_ROWS = 5000;
const MAX_COLUMNS = 500;

/** Whether the text looks like CSV: a head of at least two names, and the same separator in the next line. */
export function looksLikeCsv(text: string): boolean {
  const [head = '', next = ''] = text.split(/\r?\n/, 2);
  const separator = separatorOf(head);
  return separator !== undefined && !/^\s*[{[<]/.test(head) && (next === '' || next.includes(separator));
}

export function readCsv(text: string): CsvRows {
  const head = text.split(/\r?\n/, 1)[0] ?? '';
  const separator = separatorOf(head) ?? ',';
  const { records, openAt } = parse(text, separator);
  if (openAt !== undefined)
    return { rows: [], fault: { line: openAt, message: `Line ${openAt}: a text in quotes is not closed.` } };
  const names = (records[0]?.cells ?? []).slice(0, MAX_COLUMNS).map((name) => name.trim());
  if (new Set(names).size !== names.length || names.includes(''))
    return {
      rows: [],
      fault: { line: 1, message: 'Line 1: the head has a column without a name, or one name twice.' },
    };
  const rows: Record<string, string>[] = [];
  for (const { cells, line } of records.slice(1)) {
    if (cells.length === 1 && cells[0] === '') continue;
    if (cells.length > names.length) {
      const message = `Line ${line}: it has ${cells.length} values, and the head has ${names.length} names.`;
      return { rows: [], fault: { line, message } };
    }
    rows.push(Object.fromEntries(names.map((name, index) => [name, cells[index] ?? ''])));
  }
  return { rows };
}

function separatorOf(head: string): string | undefined {
  const plain = head.replace(/"[^"]*"/g, '');
  const counted = SEPARATORS.map((separator) => ({ separator, count: plain.split(separator).length - 1 }));
  const best = counted.reduce((a, b) => (b.count > a.count ? b : a));
  return best.count > 0 ? best.separator : undefined;
}

function parse(
  text: string,
  separator: string,
): { records: { cells: string[]; line: number }[]; openAt: number | undefined } {
  const records: { cells: string[]; line: number }[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let line = 1;
  let begun = 1;
  let openAt = 1;
  const end = (): void => {
    cells.push(cell);
    records.push({ cells, line: begun });
    cells = [];
    cell = '';
    begun = line;
  };
  for (let index = 0; index < text.length && records.length <= MAX_ROWS; index += 1) {
    const character = text[index] as string;
    if (character === '\n') line += 1;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[index + 1] === '"') {
        cell += '"';
        index += 1;
      } else quoted = false;
    } else if (character === '"' && cell === '') {
      quoted = true;
      openAt = line;
    } else if (character === separator) {
      cells.push(cell);
      cell = '';
    } else if (character === '\n') end();
    else if (character !== '\r') cell += character;
  }
  if (quoted) return { records, openAt };
  if (cell !== '' || cells.length > 0) end();
  return { records, openAt: undefined };
}
