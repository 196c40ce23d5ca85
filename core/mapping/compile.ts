/** Mapping specs: checked, then compiled once to a function. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContractRegistry, type JsonSchema, problemsToSentence } from '../contract';
import { CrossdockError, type Problem } from '../errors';
import { SpecFault, specPath } from './frame';
import { compileReader, readKey, type Step } from './path';
import { buildPlan } from './plan';
import { compileRun } from './run';
import type { CompiledMapping, CompileOptions, MappingSpec } from './types';

const SPEC_CONTRACT = 'mapping-spec';
const SPEC_VERSION = '1.0';

let specContracts: ContractRegistry | undefined;

/**
 * Checks and compiles a mapping spec.
 *
 * The compiled mapping's `map` never throws for what a message contains: every row that cannot be filled is a problem
 * of its result.
 * @param spec parsed JSON; it is not changed, and must not be changed while the mapping is in use.
 * @throws CrossdockError MAPPING_SPEC_INVALID (permanent) with a problem for each faulty row (`/rules/3/...`).
 */
export function compileMapping(spec: unknown, options: CompileOptions = {}): CompiledMapping {
  const lenient = options.lenient === true;
  const { checked, faulty } = checkSpec(spec, lenient);
  const { plan, faults } = buildPlan(checked, {
    expression: options.expression,
    mayQuote: options.mayQuote ?? (() => false),
    leaveOut: new Set(faulty.map(({ path }) => rowOf(path))),
  });
  const problems = [...faulty, ...faults.map(({ rule, message }) => ({ path: `/rules/${rule}`, message }))];
  if (problems.length > 0 && !lenient) throw invalid(checked, problems);
  const id = `${checked.name}@${checked.version}`;
  const run = compileRun(plan, { expression: options.expression, references: options.crossReferences });
  const inside =
    checked.unwrap === undefined ? undefined : compileReader(unwrapSteps(checked, checked.unwrap));
  const unwrap = (message: unknown): unknown => {
    const inner = inside?.(message);
    return typeof inner === 'object' && inner !== null ? inner : message;
  };
  return {
    spec: checked,
    id,
    faults: named(checked, problems),
    unwrap,
    list: plan.list !== undefined,
    map: async (message, context, { trace = false } = {}) => {
      const made = await run({ source: unwrap(message), context, mappingVersion: id, trace });
      const { value, problems } = made;
      return {
        value: problems.length === 0 ? value : undefined,
        problems,
        draft: value,
        trace: made.trace ?? [],
      };
    },
  };
}

function unwrapSteps(spec: MappingSpec, path: string): Step[] {
  try {
    return specPath(path);
  } catch (fault) {
    if (!(fault instanceof SpecFault)) throw fault;
    throw invalid(spec, [{ path: '/unwrap', message: `unwrap: ${fault.message}` }]);
  }
}

/** The spec, when it is one but for (with `lenient`) the rows that are told. */
function checkSpec(spec: unknown, lenient: boolean): { checked: MappingSpec; faulty: readonly Problem[] } {
  specContracts ??= loadSpecContract();
  const problems = specContracts.validate(SPEC_CONTRACT, SPEC_VERSION, spec);
  const rowsOnly = lenient && problems.every(({ path }) => rowOf(path) !== undefined);
  if (problems.length > 0 && !rowsOnly) throw invalid(spec, problems);
  return { checked: spec as MappingSpec, faulty: problems };
}

/** Index of the rule that a JSON pointer into a spec leads to. */
function rowOf(path: string): number | undefined {
  const row = /^\/rules\/(\d+)/.exec(path)?.[1];
  return row === undefined ? undefined : Number(row);
}

function loadSpecContract(): ContractRegistry {
  const registry = new ContractRegistry();
  const schema = JSON.parse(readFileSync(join(__dirname, 'mapping-spec.schema.json'), 'utf8')) as JsonSchema;
  registry.register({ name: SPEC_CONTRACT, version: SPEC_VERSION, schema });
  return registry;
}

/** Problems of rows are told by the row's number and target: that is how the table shows them. */
function named(spec: unknown, problems: readonly Problem[]): Problem[] {
  const rules = readKey(spec, 'rules');
  return problems.map((problem) => {
    const row = rowOf(problem.path);
    if (row === undefined) return problem;
    const target = Array.isArray(rules) ? readKey(rules[row], 'target') : undefined;
    const label = typeof target === 'string' ? ` (${target.slice(0, 80)})` : '';
    const message = problem.message.replace(/^rules \d+(?:, |: )?/, '');
    return { path: problem.path, message: `row ${row + 1}${label}: ${message}` };
  });
}

function invalid(spec: unknown, faults: readonly Problem[]): CrossdockError {
  const problems = named(spec, faults);
  const name = readKey(spec, 'name');
  const label = typeof name === 'string' ? ` "${name.slice(0, 60)}"` : '';
  return new CrossdockError(`The mapping${label} cannot be used: ${problemsToSentence(problems)}.`, {
    code: 'MAPPING_SPEC_INVALID',
    kind: 'permanent',
    problems,
  });
}
