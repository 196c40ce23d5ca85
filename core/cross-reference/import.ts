/** Many cross-references at once, from a file or from Odoo: every line is told, a dry run shows what would change. */

import { csvLine, unguarded } from '../csv';
import { asCrossdockError, CrossdockError } from '../errors';
import { type CrossReferenceBook, identityOf, type SaveOptions } from './book';
import { type CsvLine, readCsv } from './csv';
import { checkEntry, type EntryInput } from './entry';
import type { Change, Reference, ReferenceEntry, ReferenceFilter } from './types';

/** The columns of a file, in the order in which they are written. */
export const CSV_COLUMNS = [
  'partner',
  'kind',
  'scheme',
  'code',
  'item',
  'target_scheme',
  'target',
  'pack_level',
  'quantity_per_unit',
  'of_unit',
  'valid_from',
  'valid_to',
  'steward',
  'note',
] as const;
const REQUIRED = ['partner', 'kind', 'code', 'target'];
/** Only written: an exported file can be imported again. */
const IGNORED = new Set(['version', 'state', 'created_at', 'created_by', 'ended_at', 'ended_by']);

/** Lines of one file: the codes of all are remembered, to tell those that come twice. */
const MAX_LINES = 250_000;
const BATCH = 250;
/** Faults, conflicts and changes that are told one by one; all are counted. */
const MAX_TOLD = 200;

export interface ImportReport {
  readonly dryRun: boolean;
  readonly lines: number;
  readonly added: number;
  readonly replaced: number;
  readonly unchanged: number;
  readonly conflicts: number;
  readonly faulty: number;
  /** The first 200 lines that were not taken, with what is wrong. */
  readonly problems: readonly { readonly line: number; readonly message: string }[];
  /** The first 200 that change something, in words. */
  readonly changes: readonly { readonly line: number; readonly message: string }[];
}

/**
 * Imports a CSV file. Lines that are faulty or in conflict are left out and told; the others are written in units of
 * 250, so that a file that breaks off has written what came before.
 * @throws CrossdockError CSV_INVALID, IMPORT_TOO_LARGE (permanent), and the store's errors
 */
export function importCsv(
  book: CrossReferenceBook,
  chunks: AsyncIterable<Uint8Array | string>,
  options: SaveOptions,
): Promise<ImportReport> {
  return importEntries(book, fromCsv(chunks), options);
}

export interface ImportLine {
  readonly line: number;
  readonly input: EntryInput;
}

/** Imports what comes, line by line. */
export async function importEntries(
  book: CrossReferenceBook,
  lines: AsyncIterable<ImportLine>,
  options: SaveOptions,
): Promise<ImportReport> {
  const report = new Report(options.dryRun === true);
  const seen = new Map<string, number>();
  let batch: { line: number; entry: ReferenceEntry }[] = [];
  const flush = async (): Promise<void> => {
    const changes = await book.save(
      batch.map(({ entry }) => entry),
      options,
    );
    for (const [index, change] of changes.entries()) report.change(batch[index]?.line ?? 0, change);
    batch = [];
  };
  for await (const { line, input } of lines) {
    report.lines += 1;
    if (report.lines > MAX_LINES) {
      throw new CrossdockError(`The file has more than ${MAX_LINES} lines; import it in parts.`, {
        code: 'IMPORT_TOO_LARGE',
        kind: 'permanent',
      });
    }
    let entry: ReferenceEntry;
    try {
      entry = checkEntry(input);
    } catch (thrown) {
      const error = asCrossdockError(thrown);
      if (error.code !== 'CROSS_REFERENCE_INVALID') throw error;
      report.fault(line, error.problems.map(({ message }) => message).join('; '));
      continue;
    }
    // The same code twice is fine when the times say so.
    const name = `${identityOf(entry)}\n${entry.validFrom ?? ''}`;
    const first = seen.get(name);
    if (first !== undefined) {
      report.fault(line, `says again what "${entry.code}" means, after line ${first}`);
      continue;
    }
    seen.set(name, line);
    batch.push({ line, entry });
    if (batch.length === BATCH) await flush();
  }
  if (batch.length > 0) await flush();
  return report.shown();
}

async function* fromCsv(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<ImportLine, void, void> {
  let columns: readonly string[] | undefined;
  for await (const row of readCsv(chunks)) {
    if (columns === undefined) {
      columns = headOf(row);
      continue;
    }
    if (row.cells.every((cell) => cell.trim() === '')) continue;
    const cells: Record<string, string> = {};
    columns.forEach((column, index) => {
      cells[column] = unguarded(row.cells[index] ?? '');
    });
    yield {
      line: row.line,
      input: {
        partner: cells['partner'],
        kind: cells['kind']?.trim().toLowerCase(),
        scheme: cells['scheme'],
        code: cells['code'],
        item: cells['item'],
        targetScheme: cells['target_scheme'],
        target: cells['target'],
        packLevel: cells['pack_level'],
        quantityPerUnit: cells['quantity_per_unit'],
        ofUnit: cells['of_unit'],
        validFrom: cells['valid_from'],
        validTo: cells['valid_to'],
        steward: cells['steward'],
        note: cells['note'],
      },
    };
  }
  if (columns === undefined) throw headFault('The file is empty.');
}

function headOf({ cells }: CsvLine): string[] {
  const columns = cells.map((cell) =>
    cell
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, '_'),
  );
  const known = new Set<string>(CSV_COLUMNS);
  const unknown = columns.find((column) => column !== '' && !known.has(column) && !IGNORED.has(column));
  if (unknown !== undefined) {
    throw headFault(
      `The first line names a column "${unknown.slice(0, 40)}" that there is not. Columns: ${CSV_COLUMNS.join(', ')}.`,
    );
  }
  const missing = REQUIRED.find((column) => !columns.includes(column));
  if (missing !== undefined)
    throw headFault(`The first line must name the columns; "${missing}" is missing.`);
  const twice = columns.find((column, index) => column !== '' && columns.indexOf(column) !== index);
  if (twice !== undefined) throw headFault(`The column "${twice}" is there twice.`);
  return columns;
}

function headFault(message: string): CrossdockError {
  return new CrossdockError(message, { code: 'CSV_INVALID', kind: 'permanent' });
}

/** All references as CSV, line by line, the newest first. */
export async function* exportCsv(
  book: CrossReferenceBook,
  filter: ReferenceFilter = {},
): AsyncGenerator<string, void, void> {
  yield csvLine([...CSV_COLUMNS, 'version', 'state', 'created_at', 'created_by']);
  let after: string | undefined;
  do {
    const page = await book.page(filter, 1000, after);
    yield page.items.map((reference) => csvLine(cellsOf(reference))).join('');
    after = page.next ?? undefined;
  } while (after !== undefined);
}

function cellsOf(one: Reference): string[] {
  const time = (ms: number | null): string => (ms === null ? '' : new Date(ms).toISOString());
  return [
    ...[
      one.partner,
      one.kind,
      one.scheme,
      one.code,
      one.item,
      one.targetScheme,
      one.target,
      one.packLevel ?? '',
    ],
    ...[
      one.quantityPerUnit ?? '',
      one.ofUnit ?? '',
      time(one.validFrom),
      time(one.validTo),
      one.steward,
      one.note,
    ],
    ...[String(one.version), one.state, time(one.createdAt), one.createdBy],
  ];
}

class Report {
  lines = 0;
  readonly #counts = { added: 0, replaced: 0, unchanged: 0, conflict: 0, faulty: 0 };
  readonly #problems: { line: number; message: string }[] = [];
  readonly #changes: { line: number; message: string }[] = [];

  constructor(readonly dryRun: boolean) {}

  fault(line: number, message: string): void {
    this.#counts.faulty += 1;
    tell(this.#problems, line, message);
  }

  change(line: number, change: Change): void {
    this.#counts[change.type] += 1;
    if (change.type === 'unchanged') return;
    tell(change.type === 'conflict' ? this.#problems : this.#changes, line, changeWords(change));
  }

  shown(): ImportReport {
    const { added, replaced, unchanged, conflict, faulty } = this.#counts;
    return {
      ...{ dryRun: this.dryRun, lines: this.lines, added, replaced, unchanged, conflicts: conflict, faulty },
      ...{ problems: this.#problems, changes: this.#changes },
    };
  }
}

function tell(list: { line: number; message: string }[], line: number, message: string): void {
  if (list.length < MAX_TOLD) list.push({ line, message });
}

/** "CS of acme: XCS instead of XCT". */
export function changeWords(change: Change): string {
  const { entry } = change;
  const name = `${entry.code} of ${entry.partner}${entry.item === '' ? '' : ` for ${entry.item}`}`;
  const meaning = meaningWords(entry);
  if (change.type === 'added') return `${name}: ${meaning} is new`;
  if (change.type === 'unchanged') return `${name}: ${meaning} as before`;
  const before = meaningWords(change.before);
  if (change.type === 'replaced') return `${name}: ${meaning} instead of ${before}`;
  return `${name}: ${meaning} is in conflict with ${before} (version ${change.before.version}), which is valid at the same time`;
}

/** "XCS of 24 EA", "sku A-1 as XCS of 24 EA". */
export function meaningWords(entry: Omit<ReferenceEntry, 'validFrom'>): string {
  const target = entry.targetScheme === 'rec20' ? entry.target : `${entry.targetScheme} ${entry.target}`;
  const level = entry.packLevel === null ? '' : ` as ${entry.packLevel}`;
  return `${target}${level}${entry.quantityPerUnit === null ? '' : ` of ${entry.quantityPerUnit} ${entry.ofUnit ?? ''}`}`;
}
