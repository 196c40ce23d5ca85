/** `crossdock contracts check`: compares files, without a gateway. Its exit code is what a CI gate goes by. */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Finding, Mode, Verdict, Version } from '../core/contract/compatibility';
import { UserError } from './client';
import { type Paint, painter, plain } from './paint';
import type { Command } from './run';

const BUILT_IN = /^[a-z0-9]+(?:-[a-z0-9]+)*@\d+(?:\.\d+){0,2}$/;

interface Report extends Verdict {
  readonly mode: Mode;
  readonly compared: readonly string[];
  readonly with: string;
  readonly breaking: number;
}

/** @returns the exit code: 0 compatible, 1 something breaks, 2 it was not understood or a file cannot be read */
export async function checkCommand(command: Command): Promise<number> {
  const { terminal, show } = command;
  // Only this command needs it, and it takes its time to load.
  const { asCrossdockError } = await import('../core/errors');
  try {
    const report = await compared(command);
    show(report, (told) => reportText(told, painter(terminal)));
    return report.compatible ? 0 : 1;
  } catch (thrown) {
    // Also our own fault: a gate must not take it for an answer.
    terminal.warn(plain(asCrossdockError(thrown).message));
    return 2;
  }
}

async function compared({ args, options }: Command): Promise<Report> {
  const { checkCompatibility, MODES } = await import('../core/contract/compatibility');
  const mode = MODES.find((one) => one === (options.mode ?? 'backward'));
  if (mode === undefined) throw new UserError(`--mode is one of ${MODES.join(', ')}.`);
  if (args.length < 2) {
    throw new UserError('Give the old contract and the new one: crossdock contracts check <old> <new>.');
  }
  if (args.length > 2 && options.transitive !== true) {
    throw new UserError('Several old contracts are compared with --transitive: <oldest> ... <new>.');
  }
  const read = await Promise.all(args.map(versionOf));
  const newer = read.at(-1) as Version;
  // The last one before it is what people ask about first.
  const older = read.slice(0, -1).reverse();
  const { compatible, findings } = checkCompatibility(older, newer, { mode });
  return {
    mode,
    compared: older.map(({ version }) => version),
    with: newer.version,
    compatible,
    breaking: findings.filter(({ severity }) => severity === 'breaking').length,
    findings,
  };
}

/** What an argument stands for: a file, or a contract that comes with Crossdock. */
async function versionOf(argument: string): Promise<Version> {
  const { contractOfText, contracts, ownContract } = await import('../core/contract');
  if (BUILT_IN.test(argument) && !existsSync(argument)) {
    const [name = '', version = ''] = argument.split('@');
    return { version: `${name} ${version}`, schema: contracts().schema(name, version) };
  }
  const text = textOf(argument);
  const kept = contractOfText(text);
  const version = kept === undefined ? basename(argument) : `${kept.name} ${kept.version}`;
  try {
    // Read and compiled as a gateway would: what is no schema has nothing to compare.
    const { schema } = ownContract({ name: 'contract', version: '1.0', schema: kept?.schema ?? text });
    return { version, schema };
  } catch (thrown) {
    throw new UserError(`${argument}: ${(thrown as Error).message}`);
  }
}

function textOf(file: string): string {
  try {
    // Editors on Windows put a byte order mark in front.
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (thrown) {
    const { code } = thrown as { code?: string };
    if (code === 'ENOENT') {
      throw new UserError(
        `There is no file ${file}. Contracts that come with Crossdock are named like order@1.0.`,
      );
    }
    throw new UserError(`${file} cannot be read (${code ?? (thrown as Error).message}).`);
  }
}

function reportText(
  { mode, compared, with: now, findings, compatible, breaking }: Report,
  paint: Paint,
): string {
  const head = `${compared.join(', ')} -> ${now} (${mode})`;
  const several = compared.length > 1;
  const parts = findings
    .filter(({ severity }) => severity !== 'harmless')
    .map((finding) => findingText(finding, several, paint));
  const small = findings
    .filter(({ severity }) => severity === 'harmless')
    .map(({ message, against }) => `  ${plain(message)}${several ? ` (${plain(against)})` : ''}`);
  const end = compatible
    ? paint('green', 'Compatible.')
    : paint(
        'red',
        `Not compatible: ${breaking} ${breaking === 1 ? 'finding breaks' : 'findings break'} something.`,
      );
  return [plain(head), ...parts, ...(small.length === 0 ? [] : [small.join('\n')]), end].join('\n\n');
}

function findingText(finding: Finding, several: boolean, paint: Paint): string {
  const { severity, message, against, whom, example, mend } = finding;
  const colour = severity === 'breaking' ? 'red' : 'yellow';
  const rows: [string, string | undefined][] = [
    ['against', several ? against : undefined],
    ['for whom', whom],
    ['example', example],
    ['to mend it', mend],
  ];
  return [
    `${paint(colour, severity)}  ${plain(message)}`,
    ...rows.flatMap(([label, text]) =>
      text === undefined ? [] : [`  ${paint('dim', label.padEnd(10))}  ${plain(text)}`],
    ),
  ].join('\n');
}
