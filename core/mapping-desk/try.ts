/** Trying a mapping that is being edited: every fault at its row, what each row gives, how much is covered. */
import { checkCanonical, isCanonical } from '../canonical';
import { findUnsafeKey, unsafeKey } from '../canonical/parse-json';
import type { ContractRegistry } from '../contract';
import { asCrossdockError, CrossdockError, type Problem } from '../errors';
import type { ExpressionEngine } from '../expression';
import {
  type CompiledMapping,
  type CrossReferences,
  compileMapping,
  type MappingContext,
  type MappingResult,
  type MappingSpec,
  type Rule,
} from '../mapping';
import type { TryAnswer, TryProblem, TryRow } from './api';
import { coverageOf } from './coverage';
import { pathOfPointer, plainPath, valuesAt } from './paths';

export interface TryOptions {
  readonly registry: ContractRegistry;
  readonly expression?: ExpressionEngine;
  readonly crossReferences?: CrossReferences;
  /** ms since the epoch. */
  readonly now?: number;
}

const MAX_PROBLEMS = 200;
const MAX_VALUES = 3;
const MAX_TEXT = 200;

/**
 * Runs a spec, finished or not, over one document.
 * @throws CrossdockError JSON_UNSAFE, SAMPLE_TOO_LARGE
 */
export async function tryMapping(
  given: unknown,
  document: unknown,
  context: Partial<MappingContext>,
  options: TryOptions,
): Promise<TryAnswer> {
  const begun = performance.now();
  const unsafe = findUnsafeKey(document);
  if (unsafe !== undefined) throw unsafeKey(unsafe);
  const spec = completed(given);
  checkWork(spec, document);
  const { mapping, problems } = compiled(spec, options);
  const source = mapping?.unwrap(document) ?? document;
  const made = await run(mapping, source, contextOf(context, options.now));
  const list = mapping?.list ?? false;
  const documents = list && Array.isArray(made.draft) ? (made.draft as unknown[]) : [made.draft];
  for (const { path, from, rule, message, cause } of made.problems) {
    const code = cause?.code ?? 'MAPPING_FAILED';
    problems.push({ code, rule, path, from: from ?? null, message });
  }
  if (mapping !== undefined) {
    const explained = explainedBy(problems);
    problems.push(
      ...targetProblems(spec, documents, list, options.registry).filter((each) => !explained(each)),
    );
  }
  problems.push(...sourceProblems(spec, source, options.registry));
  return {
    result: made.draft ?? null,
    valid: problems.length === 0 && made.value !== undefined,
    problems: problems.slice(0, MAX_PROBLEMS),
    rows: rowsOf(
      spec,
      new Set(problems.filter(({ code }) => code === 'ROW_INVALID').map(({ rule }) => rule)),
      made,
      source,
      documents,
    ),
    coverage: coverageOf(spec, options.registry, source, documents),
    milliseconds: Math.round(performance.now() - begun),
  };
}

/** Rows times entries: what one try may take of the gateway's time, about a second. */
const MAX_WORK = 300_000;

function checkWork({ rules }: MappingSpec, document: unknown): void {
  let objects = 0;
  const open: unknown[] = [document];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    objects += 1;
    for (const inner of Object.values(next))
      if (typeof inner === 'object' && inner !== null) open.push(inner);
  }
  if (objects * rules.length <= MAX_WORK) return;
  throw new CrossdockError(
    `The sample has too many entries (${objects}) to be tried with ${rules.length} rows; leave a few of its lines.`,
    { code: 'SAMPLE_TOO_LARGE', kind: 'permanent' },
  );
}

/** The spec with what an unfinished one may lack. */
export function completed(given: unknown): MappingSpec {
  const own =
    typeof given === 'object' && given !== null && !Array.isArray(given)
      ? (given as Partial<MappingSpec>)
      : {};
  const { rules } = own as { rules?: unknown };
  return {
    spec: 'crossdock-mapping/1',
    name: 'draft',
    version: '0.0.1',
    from: { contract: 'any-object', version: '1.0' },
    to: { contract: 'order', version: '1.0' },
    ...Object.fromEntries(
      Object.entries(own).filter(([, value]) => value !== undefined && value !== null && value !== ''),
    ),
    rules: Array.isArray(rules) ? (rules as Rule[]) : [],
  };
}

interface Compiled {
  readonly mapping: CompiledMapping | undefined;
  readonly problems: TryProblem[];
}

function compiled(spec: MappingSpec, { expression, crossReferences }: TryOptions): Compiled {
  if (spec.rules.length === 0) return { mapping: undefined, problems: [] };
  try {
    const mapping = compileMapping(spec, {
      lenient: true,
      ...(expression === undefined ? {} : { expression }),
      ...(crossReferences === undefined ? {} : { crossReferences }),
      // Whoever tries a sample has it in front of him.
      mayQuote: () => true,
    });
    return { mapping, problems: mapping.faults.map(specProblem) };
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    if (error.code !== 'MAPPING_SPEC_INVALID') throw error;
    return { mapping: undefined, problems: error.problems.map(specProblem) };
  }
}

function specProblem({ path, message }: Problem): TryProblem {
  const row = /^\/rules\/(\d+)/.exec(path)?.[1];
  if (row === undefined) return { code: 'SPEC_INVALID', rule: null, path, from: null, message };
  const sentence = message.replace(/^row \d+(?: \([^)]*\))?: /, '');
  return { code: 'ROW_INVALID', rule: Number(row), path, from: null, message: sentence };
}

const NOTHING: MappingResult = { value: undefined, problems: [], draft: undefined, trace: [] };

async function run(
  mapping: CompiledMapping | undefined,
  source: unknown,
  context: MappingContext,
): Promise<MappingResult> {
  return mapping === undefined ? NOTHING : mapping.map(source, context, { trace: true });
}

export function contextOf(given: Partial<MappingContext>, now = Date.now()): MappingContext {
  const texts = Object.entries(given).filter(([, value]) => typeof value === 'string' && value !== '');
  const own = Object.fromEntries(texts) as Partial<MappingContext>;
  const channel = own.channel ?? 'shop';
  return {
    account: 'main',
    partnerId: channel,
    receivedAt: new Date(now).toISOString(),
    ...own,
    channel,
  };
}

function sourceProblems({ from }: MappingSpec, source: unknown, registry: ContractRegistry): TryProblem[] {
  if (!registry.has(from.contract, from.version)) {
    const message = `There is no contract ${from.contract} ${from.version} for the source.`;
    return [{ code: 'SPEC_INVALID', rule: null, path: '/from', from: null, message }];
  }
  const found = registry.validate(from.contract, from.version, source);
  return found.map(({ path, message }) => ({
    code: 'SOURCE_CONTRACT',
    rule: null,
    path,
    from: null,
    message,
  }));
}

function targetProblems(
  spec: MappingSpec,
  documents: readonly unknown[],
  list: boolean,
  registry: ContractRegistry,
): TryProblem[] {
  const { contract, version } = spec.to;
  if (!registry.has(contract, version)) {
    const message = `There is no contract ${contract} ${version} for the target.`;
    return [{ code: 'SPEC_INVALID', rule: null, path: '/to', from: null, message }];
  }
  const ruleOf = ruleFinder(spec);
  const problems: TryProblem[] = [];
  for (const [index, document] of documents.entries()) {
    if (problems.length >= MAX_PROBLEMS) break;
    const told = (code: string, { path, message }: Problem): void => {
      const pointer = list ? `/${index}${path}` : path;
      problems.push({ code, rule: ruleOf(pathOfPointer(pointer, list)), path: pointer, from: null, message });
    };
    const invalid = registry.validate(contract, version, document ?? {});
    for (const problem of invalid) told('TARGET_CONTRACT', problem);
    if (invalid.length > 0 || !isCanonical(contract)) continue;
    for (const problem of checkCanonical(contract, document)) {
      told(/^\/totals(?:\/|$)/.test(problem.path) ? 'TOTALS_DO_NOT_FOOT' : 'TARGET_CONTRACT', problem);
    }
  }
  return problems;
}

/** What a row could not make is missing in the result: that is told once. */
function explainedBy(problems: readonly TryProblem[]): (problem: TryProblem) => boolean {
  const rules = new Set(problems.filter(({ code }) => code === 'ROW_INVALID').map(({ rule }) => rule));
  const paths = new Set(problems.map(({ path }) => path));
  return ({ rule, path }) => (rule !== null && rules.has(rule)) || paths.has(path);
}

/** The row that fills a place, or the one that should have. */
function ruleFinder(spec: MappingSpec): (path: string) => number | null {
  const first = new Map<string, number>();
  for (const [index, rule] of spec.rules.entries()) {
    const target = typeof rule?.target === 'string' ? plainPath(rule.target) : '';
    if (target !== '' && !first.has(target)) first.set(target, index);
  }
  return (path) => first.get(path) ?? null;
}

function rowsOf(
  spec: MappingSpec,
  faulty: ReadonlySet<number | null>,
  { trace }: MappingResult,
  source: unknown,
  documents: readonly unknown[],
): TryRow[] {
  const found = spec.rules.map((_, rule) => ({ rule, values: [] as unknown[], count: 0, missing: 0 }));
  for (const { rule, value } of trace) {
    const row = found[rule];
    if (row === undefined) continue;
    if (value === undefined) row.missing += 1;
    else {
      row.count += 1;
      if (row.values.length < MAX_VALUES) row.values.push(shortened(value));
    }
  }
  for (const row of found) {
    if (row.count > 0 || row.missing > 0 || faulty.has(row.rule)) continue;
    const { target, each } = (spec.rules[row.rule] ?? {}) as Partial<Rule>;
    if (typeof each !== 'string' || typeof target !== 'string') continue;
    row.count = target.startsWith('[') ? documents.length : entriesOf(spec, target, each, source, documents);
  }
  return found.filter(({ rule }) => !faulty.has(rule));
}

/** Entries that a row over a list has made; of several rows for one list, those of its source. */
function entriesOf(
  spec: MappingSpec,
  target: string,
  each: string,
  source: unknown,
  documents: readonly unknown[],
): number {
  const list = plainPath(target);
  const alone =
    spec.rules.filter((rule) => rule?.each !== undefined && plainPath(String(rule.target)) === list)
      .length === 1;
  if (!alone) return valuesAt(source, each).length;
  return documents.reduce<number>((sum, document) => sum + valuesAt(document, list).length, 0);
}

export function shortened(value: unknown): unknown {
  if (typeof value === 'string') return value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value;
  if (typeof value !== 'object' || value === null) return value;
  const text = JSON.stringify(value);
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : value;
}
