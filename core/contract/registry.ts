/** The registry of versioned contracts: JSON Schemas 2020-12, each compiled once, errors as sentences. */
import type { ValidateFunction } from 'ajv';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { currencyExponent } from '../canonical/decimal';
import { CrossdockError, type Problem } from '../errors';
import { type DataClass, type JsonSchema, nodeAt, pointerSegments } from './schema-tree';
import { toProblems } from './sentences';

export interface Contract {
  /** For example `order` or `shopify-order`. */
  readonly name: string;
  /** For example `1.0`. */
  readonly version: string;
  /** JSON Schema 2020-12 in the subset that AsyncAPI 3 tools take (no unevaluated*, prefixItems, dynamicRef). */
  readonly schema: JsonSchema;
}

/** Annotations of our contracts: no rules, but known to ajv's strict mode. */
const ANNOTATIONS = ['x-class', 'x-ubl', 'x-hint', 'x-odoo', 'x-edi', 'x-standard'];

/** Most problems that one validation reports. */
const MAX_PROBLEMS = 50;

interface Entry extends Contract {
  validate?: ValidateFunction;
}

/** Versioned contracts by name. Schemas are compiled at their first use, once. */
export class ContractRegistry {
  readonly #ajv: Ajv2020;
  readonly #entries = new Map<string, Entry>();

  constructor() {
    this.#ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true, verbose: true });
    addFormats(this.#ajv, ['date-time', 'date', 'email', 'uri', 'uuid']);
    this.#ajv.addFormat('iso-4217', (code: string) => currencyExponent(code) !== undefined);
    this.#ajv.addVocabulary(ANNOTATIONS);
  }

  /** Adds a contract. Throws CONTRACT_EXISTS when this name and version is taken: contracts never change in place. */
  register(contract: Contract): void {
    const { name, version, schema } = contract;
    const key = keyOf(name, version);
    if (this.#entries.has(key)) {
      throw new CrossdockError(
        `The contract ${key} exists already. A changed contract needs a new version, since partners rely on this one.`,
        { code: 'CONTRACT_EXISTS', kind: 'permanent', facts: { contract: name, version } },
      );
    }
    this.#entries.set(key, { name, version, schema });
  }

  has(name: string, version: string): boolean {
    return this.#entries.has(keyOf(name, version));
  }

  /** Every contract's name and version, in order of registration. */
  list(): { name: string; version: string }[] {
    return [...this.#entries.values()].map(({ name, version }) => ({ name, version }));
  }

  /** A contract's schema. Throws CONTRACT_UNKNOWN. */
  schema(name: string, version: string): JsonSchema {
    return this.#entry(name, version).schema;
  }

  /**
   * Checks a value against a contract.
   * @returns what is wrong, one sentence per place, at most 50; empty when the value keeps the contract.
   * @throws CrossdockError CONTRACT_UNKNOWN, or CONTRACT_INVALID when the schema itself is faulty.
   */
  validate(name: string, version: string, value: unknown): Problem[] {
    const entry = this.#entry(name, version);
    entry.validate ??= this.#compile(entry);
    if (entry.validate(value)) return [];
    const problems = toProblems(entry.schema, entry.validate.errors ?? [], MAX_PROBLEMS);
    // ajv keeps the errors (and with verbose the message) until its next call: do not hold on to personal data.
    entry.validate.errors = null;
    return problems;
  }

  /** How sensitive the field at a JSON pointer is by its contract; undefined for a place the contract does not know. */
  classOf(name: string, version: string, pointer: string): DataClass | undefined {
    return nodeAt(this.schema(name, version), pointerSegments(pointer))?.dataClass;
  }

  #entry(name: string, version: string): Entry {
    const entry = this.#entries.get(keyOf(name, version));
    if (entry !== undefined) return entry;
    const known = [...this.#entries.keys()].join(', ');
    throw new CrossdockError(`There is no contract ${keyOf(name, version)}. Known are: ${known}.`, {
      code: 'CONTRACT_UNKNOWN',
      kind: 'permanent',
      facts: { contract: name, version },
    });
  }

  #compile({ name, version, schema }: Entry): ValidateFunction {
    try {
      return this.#ajv.compile(schema);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new CrossdockError(`The contract ${keyOf(name, version)} is not a usable JSON Schema: ${why}`, {
        code: 'CONTRACT_INVALID',
        kind: 'permanent',
        facts: { contract: name, version },
        cause,
      });
    }
  }
}

function keyOf(name: string, version: string): string {
  return `${name} ${version}`;
}
