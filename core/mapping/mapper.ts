/** One mapping between two contracts: contract in, rows, contract out, the canonical checks, each with its own refusal. */

import { businessKeyOf, type CanonicalProblem, checkCanonical, isCanonical } from '../canonical';
import { contracts as builtin, type ContractRegistry, problemsToSentence } from '../contract';
import { CrossdockError, type Problem } from '../errors';
import type { ExpressionEngine } from '../expression';
import { admit } from './admit';
import { compileMapping } from './compile';
import { specPath } from './frame';
import { readyMapping } from './ready';
import type {
  CompiledMapping,
  ContractRef,
  CrossReferences,
  FaultCause,
  MappingContext,
  MappingProblem,
  MappingSpec,
} from './types';

export interface MapperOptions {
  /** A spec, or the name of a ready mapping. */
  readonly mapping: MappingSpec | string;
  /** Where the contracts of both sides are found. Default: the built-in ones. */
  readonly contracts?: ContractRegistry;
  /** Runs JSONata and regular expressions; needed only by specs that use them. */
  readonly expression?: ExpressionEngine;
  /** What was taught about partners' units and items; needed only by messages that ask for it. */
  readonly crossReferences?: CrossReferences;
  /** Largest message, in bytes of about its JSON. Default 16 MiB. */
  readonly maxBytes?: number;
}

/** One object that a message became. */
export interface Mapped {
  readonly value: unknown;
  /** The business key of the canonical side; undefined where neither side has one. */
  readonly key: string | undefined;
}

export interface Translation {
  /** In the order of the source; exactly one unless the mapping gives a list. */
  readonly results: readonly Mapped[];
  /** Whether the mapping gives several objects per message (a row with the target `[]`). */
  readonly list: boolean;
}

export interface Mapper {
  /** `name@version` of the mapping. */
  readonly id: string;
  readonly spec: MappingSpec;
  /**
   * Translates one message.
   * @throws CrossdockError with every problem listed, permanent unless said otherwise:
   * - MESSAGE_TOO_LARGE: mapping it would hold up everything else for too long;
   * - SOURCE_CONTRACT: the message is not what its contract says; JSON_UNSAFE: it carries `__proto__`;
   * - MAPPING_FAILED: rows of the mapping could not be filled; or the code of what caused it (UNIT_UNKNOWN, business);
   * - CANONICAL_CONTRACT, TARGET_CONTRACT: the result is not what its contract says (canonical, partner);
   * - TOTALS_DO_NOT_FOOT: the sender's totals are not what its lines add up to.
   */
  translate(message: unknown, context: MappingContext): Promise<Translation>;
  /** As `translate`: the object, or the list of objects. */
  map(message: unknown, context: MappingContext): Promise<unknown>;
}

/**
 * Compiles a mapping with the checks on both sides, once.
 * @throws CrossdockError MAPPING_SPEC_INVALID, MAPPING_UNKNOWN, CONTRACT_UNKNOWN
 */
export function createMapper(options: MapperOptions): Mapper {
  const registry = options.contracts ?? builtin();
  const { maxBytes = MAX_BYTES } = options;
  const given = typeof options.mapping === 'string' ? readyMapping(options.mapping) : options.mapping;
  const mapping = compileMapping(given, {
    ...(options.expression === undefined ? {} : { expression: options.expression }),
    ...(options.crossReferences === undefined ? {} : { crossReferences: options.crossReferences }),
    mayQuote: (target) => mayQuote(registry, given, target),
  });
  const { from, to } = mapping.spec;
  // A mapping that names a contract which nobody has is found out when it is set up, not by the first message.
  // Asked once, so that its compilation is not what the first message waits for.
  for (const ref of [from, to]) registry.validate(ref.contract, ref.version, undefined);
  const checks = new Checks(registry, mapping);

  const translate = async (message: unknown, context: MappingContext): Promise<Translation> => {
    // Also bodies that did not come through parseJson: a copy of an unsafe key would become the copy's prototype.
    admit(message, maxBytes, mapping.id);
    const source = mapping.unwrap(message);
    checks.source(source);
    const { value, problems } = await mapping.map(source, context);
    if (problems.length > 0) throw mappingFailed(mapping.id, problems);
    const values = mapping.list ? (value as readonly unknown[]) : [value];
    checks.results(values);
    return {
      list: mapping.list,
      results: values.map((result) => ({ value: result, key: keyOf(from, to, source, result) })),
    };
  };
  return {
    id: mapping.id,
    spec: mapping.spec,
    translate,
    map: async (message, context) => {
      const { results, list } = await translate(message, context);
      return list ? results.map(({ value }) => value) : results[0]?.value;
    },
  };
}

const MAX_BYTES = 16 * 1024 * 1024;

/** The checks on both sides of a mapping. */
class Checks {
  constructor(
    readonly registry: ContractRegistry,
    readonly mapping: CompiledMapping,
  ) {}

  source(source: unknown): void {
    const { from } = this.mapping.spec;
    const problems = this.registry.validate(from.contract, from.version, source);
    if (problems.length === 0) return;
    const sentence = `The message does not keep the contract ${from.contract} ${from.version}`;
    throw refusal('SOURCE_CONTRACT', sentence, this.mapping.id, problems);
  }

  results(values: readonly unknown[]): void {
    const { to } = this.mapping.spec;
    const canonical = isCanonical(to.contract);
    const code = canonical ? 'CANONICAL_CONTRACT' : 'TARGET_CONTRACT';
    const invalid = this.#each<Problem>(values, (value) =>
      this.registry.validate(to.contract, to.version, value),
    );
    if (invalid.length > 0) {
      const sentence = `The translated ${words(to.contract)} does not keep the contract ${to.contract} ${to.version}`;
      throw refusal(code, sentence, this.mapping.id, invalid);
    }
    if (!canonical) return;
    const wrong = this.#each<CanonicalProblem>(values, (value) => checkCanonical(to.contract, value));
    if (wrong.length === 0) return;
    if (wrong.every(({ kind }) => kind === 'totals')) {
      const sentence = `The ${words(to.contract)}'s totals do not foot`;
      throw refusal('TOTALS_DO_NOT_FOOT', sentence, this.mapping.id, wrong);
    }
    const sentence = `The translated ${words(to.contract)} does not keep the rules of ${to.contract} ${to.version}`;
    throw refusal(code, sentence, this.mapping.id, wrong);
  }

  /** The problems of all results; of a list, each with its entry's number. */
  #each<P extends Problem>(values: readonly unknown[], check: (value: unknown) => readonly P[]): P[] {
    const found: P[] = [];
    for (let index = 0; index < values.length && found.length < MAX_PROBLEMS; index += 1) {
      for (const problem of check(values[index])) {
        const { path, message } = problem;
        found.push(
          this.mapping.list
            ? { ...problem, path: `/${index}${path}`, message: `entry ${index + 1}: ${message}` }
            : problem,
        );
      }
    }
    return found;
  }
}

/** Most problems that one refusal of a list gathers. */
const MAX_PROBLEMS = 100;

function refusal(
  code: string,
  sentence: string,
  mapping: string,
  problems: readonly Problem[],
): CrossdockError {
  return new CrossdockError(`${sentence}: ${problemsToSentence(problems)}.`, {
    code,
    kind: 'permanent',
    facts: { mapping, problems: problems.length },
    problems,
  });
}

/** What the rows could not do. A cause that a person can remove (teach a unit) names the whole refusal. */
function mappingFailed(mapping: string, problems: readonly MappingProblem[]): CrossdockError {
  const told = problems.map(({ path, message }) => ({ path, message }));
  const [cause] = problems
    .flatMap((problem) => problem.cause ?? [])
    .toSorted((a, b) => weight(a) - weight(b));
  const sentence = `The message could not be translated by the mapping ${mapping}`;
  return new CrossdockError(`${sentence}: ${problemsToSentence(told)}.`, {
    code: cause?.code ?? 'MAPPING_FAILED',
    kind: cause?.kind ?? 'permanent',
    facts: { mapping, problems: problems.length, ...cause?.facts },
    problems: told,
  });
}

/** What may pass by itself goes before what a person can mend; what only followed from another fault comes last. */
function weight({ code, kind }: FaultCause): number {
  if (kind === 'transient' || kind === 'ambiguous') return 0;
  if (kind === 'business') return 1;
  return code === 'EXPRESSION_NOT_RUN' ? 3 : 2;
}

function keyOf(from: ContractRef, to: ContractRef, source: unknown, result: unknown): string | undefined {
  if (isCanonical(to.contract)) return businessKeyOf(to.contract, result);
  return isCanonical(from.contract) ? businessKeyOf(from.contract, source) : undefined;
}

function words(contract: string): string {
  return contract.replaceAll('-', ' ');
}

/** Values may be quoted where the target contract calls the field public or internal. */
function mayQuote(registry: ContractRegistry, spec: MappingSpec, target: string): boolean {
  const pointer = specPath(target)
    // A root list (`[].sku`): the contract is that of one entry.
    .filter((step, index) => index > 0 || step.kind === 'key')
    .map((step) => (step.kind === 'key' ? `/${step.key}` : '/0'))
    .join('');
  const dataClass = registry.classOf(spec.to.contract, spec.to.version, pointer);
  return dataClass === 'public' || dataClass === 'internal';
}
