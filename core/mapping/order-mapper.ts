/** Partner order in, canonical order out: contract, mapping, contract, totals, each with its own clear refusal. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkIdentity } from '../canonical/identity';
import type { CanonicalOrder } from '../canonical/order';
import { findUnsafeKey, unsafeKey } from '../canonical/parse-json';
import { checkTotals } from '../canonical/totals';
import { contracts as builtin, type ContractRegistry, problemsToSentence } from '../contract';
import { CrossdockError, type Problem } from '../errors';
import { compileMapping } from './compile';
import { specPath } from './frame';
import type { ExpressionEngine, MappingContext, MappingSpec } from './types';

/** Mappings that come with Crossdock. */
export const READY_MAPPINGS = ['shopify-order', 'woocommerce-order'] as const;

export type ReadyMapping = (typeof READY_MAPPINGS)[number];

export interface OrderMapperOptions {
  readonly mapping: ReadyMapping | MappingSpec;
  /** Where the contracts of both sides are found. Default: the built-in ones. */
  readonly contracts?: ContractRegistry;
  /** Compiles JSONata; needed only by specs that use it. */
  readonly expression?: ExpressionEngine;
}

export interface OrderMapper {
  /** `name@version` of the mapping. */
  readonly id: string;
  readonly spec: MappingSpec;
  /**
   * Translates one partner order.
   * @throws CrossdockError, all permanent, with every problem listed:
   * - SOURCE_CONTRACT: the message is not what the partner's contract says; JSON_UNSAFE: it carries `__proto__`;
   * - MAPPING_FAILED: rows of the mapping could not be filled;
   * - CANONICAL_CONTRACT: the result is not a canonical order;
   * - TOTALS_DO_NOT_FOOT: the sender's totals are not what its lines add up to.
   */
  map(source: unknown, context: MappingContext): Promise<CanonicalOrder>;
}

/** The spec of a ready mapping. */
export function readyMapping(name: ReadyMapping): MappingSpec {
  return JSON.parse(readFileSync(join(__dirname, 'specs', `${name}.json`), 'utf8')) as MappingSpec;
}

/**
 * Compiles a mapping to canonical orders, once.
 * @throws CrossdockError MAPPING_SPEC_INVALID, CONTRACT_UNKNOWN
 */
export function createOrderMapper(options: OrderMapperOptions): OrderMapper {
  const registry = options.contracts ?? builtin();
  const given = typeof options.mapping === 'string' ? readyMapping(options.mapping) : options.mapping;
  const mapping = compileMapping(given, {
    ...(options.expression === undefined ? {} : { expression: options.expression }),
    mayQuote: (target) => mayQuote(registry, given, target),
  });
  const { from, to } = mapping.spec;
  // A mapping that names a contract which nobody has is found out when it is set up, not by the first order.
  for (const ref of [from, to]) registry.schema(ref.contract, ref.version);

  const refuse = (code: string, sentence: string, problems: readonly Problem[]): never => {
    throw new CrossdockError(`${sentence}: ${problemsToSentence(problems)}.`, {
      code,
      kind: 'permanent',
      facts: { mapping: mapping.id, problems: problems.length },
      problems,
    });
  };

  return {
    id: mapping.id,
    spec: mapping.spec,
    map: async (message, context) => {
      // Bodies that did not come through parseJson: a copy of such a key would become the copy's prototype.
      const unsafe = findUnsafeKey(message);
      if (unsafe !== undefined) throw unsafeKey(unsafe);
      const source = mapping.unwrap(message);
      const faults = registry.validate(from.contract, from.version, source);
      if (faults.length > 0) {
        refuse(
          'SOURCE_CONTRACT',
          `The message does not keep the contract ${from.contract} ${from.version}`,
          faults,
        );
      }
      const { value, problems } = await mapping.map(source, context);
      if (problems.length > 0) {
        const sentence = `The order could not be translated by the mapping ${mapping.id}`;
        refuse(
          'MAPPING_FAILED',
          sentence,
          problems.map(({ path, message: text }) => ({ path, message: text })),
        );
      }
      const invalid = registry.validate(to.contract, to.version, value);
      const order = value as CanonicalOrder;
      if (invalid.length === 0) invalid.push(...checkIdentity(order));
      if (invalid.length > 0) {
        refuse(
          'CANONICAL_CONTRACT',
          `The translated order does not keep the contract ${to.contract} ${to.version}`,
          invalid,
        );
      }
      const differences = checkTotals(order);
      if (differences.length > 0) refuse('TOTALS_DO_NOT_FOOT', "The order's totals do not foot", differences);
      return order;
    },
  };
}

/** Values may be quoted where the target contract calls the field public or internal. */
function mayQuote(registry: ContractRegistry, spec: MappingSpec, target: string): boolean {
  const pointer = specPath(target)
    .map((step) => (step.kind === 'key' ? `/${step.key}` : '/0'))
    .join('');
  const dataClass = registry.classOf(spec.to.contract, spec.to.version, pointer);
  return dataClass === 'public' || dataClass === 'internal';
}
