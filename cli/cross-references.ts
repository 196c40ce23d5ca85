/** Commands about partners' codes. */
import type { ImportReport, Reference, ReferenceConflict, ReferencePage } from '../core/cross-reference';
import { UserError } from './client';
import type { Command } from './run';
import { table, time } from './table';

/** @returns whether there is such a command */
export async function crossReferenceCommand(name: string, command: Command): Promise<boolean> {
  const { client, options, show, terminal } = command;
  const { partner, kind, state, q, limit, after } = options;
  switch (name) {
    case 'list':
      show(
        await client.get<ReferencePage>(`${await command.store()}/cross-references`, {
          ...{ partner, kind, state, q, limit, after },
        }),
        pageText,
      );
      return true;
    case 'conflicts':
      show(
        await client.get<{ conflicts: readonly ReferenceConflict[] }>(
          `${await command.store()}/cross-references/conflicts`,
        ),
        ({ conflicts }) => conflictsText(conflicts),
      );
      return true;
    case 'export':
      terminal.print(
        (
          await client.text(`${await command.store()}/cross-references/export`, { partner, kind, state, q })
        ).trimEnd(),
      );
      return true;
    case 'import': {
      const file = await fileOf(command);
      const query = new URLSearchParams({
        ...(options.replace === true ? { replace: '1' } : {}),
        ...(options['dry-run'] === true ? { dryRun: '1' } : {}),
      });
      const path = `${await command.store()}/cross-references/import?${query}`;
      show(await client.sendCsv<ImportReport>(path, file), reportText);
      return true;
    }
    default:
      return false;
  }
}

/** Standard input, so that a pipe works as well as `< file`. */
async function fileOf({ args, terminal }: Command): Promise<string> {
  if (args.length > 0) {
    throw new UserError(
      'The file is read from standard input: crossdock cross-references import < codes.csv',
    );
  }
  const text = await terminal.readInput();
  if (text.trim() === '') throw new UserError('There is nothing on standard input: give a CSV file.');
  return text;
}

function pageText({ items, next }: ReferencePage): string {
  if (items.length === 0) return 'none';
  const more = next === null ? '' : `\n${items.length}; the next page: --after ${next}`;
  return `${rows(items)}${more}`;
}

function rows(items: readonly Reference[]): string {
  return table(
    [
      'partner',
      'kind',
      'scheme',
      'code',
      'item',
      'means',
      'pack',
      'holds',
      'version',
      'steward',
      'from',
      'to',
    ],
    items.map((one) => [
      one.partner,
      one.kind,
      one.scheme,
      one.code,
      one.item,
      `${one.targetScheme}:${one.target}`,
      one.packLevel,
      one.quantityPerUnit === null ? null : `${one.quantityPerUnit} ${one.ofUnit ?? ''}`,
      one.version,
      one.steward,
      time(one.validFrom),
      time(one.validTo),
    ]),
  );
}

function conflictsText(conflicts: readonly ReferenceConflict[]): string {
  if (conflicts.length === 0) return 'none';
  return conflicts
    .map(({ type, references }) => {
      const what = type === 'ambiguous' ? 'one code with two meanings' : 'two codes for one item';
      return `${what}\n${rows(references)}`;
    })
    .join('\n\n');
}

function reportText(report: ImportReport): string {
  const { lines, added, replaced, unchanged, conflicts, faulty } = report;
  const told = [...report.problems, ...report.changes].map(
    ({ line, message }) => `  line ${line}: ${message}`,
  );
  const what = report.dryRun ? 'would change' : 'changed';
  return [
    `${what}: ${added} new, ${replaced} replaced; ${unchanged} as before, ${conflicts} in conflict, ${faulty} faulty, of ${lines} lines`,
    ...told,
  ].join('\n');
}
