/** CSV as we write it, for spreadsheets too: what they would calculate is text. */

/** Numbers may begin with a sign; whatever else does, a spreadsheet would calculate. */
const NUMBER = /^-?\d+(?:\.\d+)?$/;
/** Also behind quotes that stand there already, so that taking one away gives what was there. */
const CALCULATED = /^'*(?:\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])/;

/** One line of a CSV file, with its end (RFC 4180). Cells that a spreadsheet would calculate are written as text. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** A cell of such a file as it was before it was written. */
export function unguarded(cell: string): string {
  return cell.startsWith("'") && CALCULATED.test(cell) ? cell.slice(1) : cell;
}

function csvCell(cell: string): string {
  const safe = !NUMBER.test(cell) && CALCULATED.test(cell) ? `'${cell}` : cell;
  return /[",;\r\n\t]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
