/**
 * Compiling a contract's JSON Schema. Each contract is compiled twice at most: a quick function for what almost always
 * comes (a message that keeps it), and one that collects every fault with its data, at the first message that does not.
 */

import type { ErrorObject, Options, ValidateFunction } from 'ajv';
import Ajv from 'ajv';
import Ajv2019 from 'ajv/dist/2019';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { currencyExponent } from '../canonical/decimal';
import { CrossdockError } from '../errors';
import { boundedPattern } from './patterns';
import type { JsonSchema } from './schema-tree';

/** Annotations of our contracts: no rules, but known to ajv's strict mode. */
const ANNOTATIONS = ['x-class', 'x-ubl', 'x-hint', 'x-odoo', 'x-edi', 'x-gs1', 'x-standard'];

/** Whether a value keeps the contract. */
export type Keeps = (value: unknown) => boolean;
/** Every fault, at least one of each place; none when the value keeps the contract. */
export type Faults = (value: unknown) => readonly ErrorObject[];

export interface CompiledContract {
  readonly keeps: Keeps;
  readonly faults: Faults;
}

/**
 * Compiles the schema of one contract.
 * @param own a partner's or an analyst's schema: drafts 07, 2019-09 and 2020-12, unknown keywords are passed over, as
 *   the specification wants; ours are held to strict mode, which finds slips
 * @throws CrossdockError CONTRACT_INVALID
 */
export function compileContract(
  label: string,
  schema: JsonSchema,
  own: boolean,
  shared: SharedAjv = new SharedAjv(),
): CompiledContract {
  const compile = (kind: 'quick' | 'thorough'): ValidateFunction => {
    try {
      const ajv = own ? withFormats(schema, true, OPTIONS[kind]) : shared.of(kind);
      return ajv.compile(schema);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new CrossdockError(`The contract ${label} is not a usable JSON Schema: ${why}`, {
        code: 'CONTRACT_INVALID',
        kind: 'permanent',
        facts: { contract: label },
        cause,
      });
    }
  };
  const quick = compile('quick');
  let thorough: ValidateFunction | undefined;
  return {
    keeps: (value) => {
      const kept = quick(value);
      // ajv keeps the errors until its next call: do not hold on to personal data.
      if (!kept) quick.errors = null;
      return kept;
    },
    faults: (value) => {
      thorough ??= compile('thorough');
      if (thorough(value)) return [];
      const errors = thorough.errors ?? [];
      thorough.errors = null;
      return errors;
    },
  };
}

const OPTIONS = { quick: { allErrors: false }, thorough: { allErrors: true, verbose: true } } as const;

/** One ajv of each kind for all built-in contracts of a registry: making one costs more than most compilations. */
export class SharedAjv {
  readonly #made = new Map<keyof typeof OPTIONS, AnyAjv>();

  of(kind: keyof typeof OPTIONS): AnyAjv {
    let ajv = this.#made.get(kind);
    if (ajv === undefined) {
      ajv = withFormats({}, false, OPTIONS[kind]);
      this.#made.set(kind, ajv);
    }
    return ajv;
  }
}

type AnyAjv = Ajv | Ajv2019 | Ajv2020;

function withFormats(schema: JsonSchema, own: boolean, options: Options): AnyAjv {
  const all: Options = {
    strict: !own,
    allowUnionTypes: true,
    // A gateway's log is no place for ajv's remarks about other people's schemas.
    logger: false,
    ...(own ? { code: { regExp: boundedPattern } } : {}),
    ...options,
  };
  const ajv = ofDraft(schema, all);
  if (own) addFormats(ajv);
  else addFormats(ajv, ['date-time', 'date', 'email', 'uri', 'uuid']);
  ajv.addFormat('iso-4217', (code: string) => currencyExponent(code) !== undefined);
  ajv.addVocabulary(ANNOTATIONS);
  return ajv;
}

function ofDraft(schema: JsonSchema, options: Options): AnyAjv {
  const draft = typeof schema['$schema'] === 'string' ? schema['$schema'] : '';
  if (draft.includes('draft-07') || draft.includes('draft-06')) return new Ajv(options);
  if (draft.includes('2019-09')) return new Ajv2019(options);
  return new Ajv2020(options);
}
