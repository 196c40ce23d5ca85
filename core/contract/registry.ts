/** The registry of versioned contracts: JSON Schemas, each compiled at its first use, errors as sentences. */
import { CrossdockError, type Problem } from '../errors';
import { type CompiledContract, compileContract } from './compile';
import type { ContractLife } from './lifecycle';
import { type DataClass, type JsonSchema, nodeAt, pointerSegments } from './schema-tree';
import { toProblems } from './sentences';

export interface Contract {
  /** For example `order` or `shopify-order`. */
  readonly name: string;
  /** For example `1.0`. */
  readonly version: string;
  /** JSON Schema 2020-12 in the subset that AsyncAPI 3 tools take (no unevaluated*, prefixItems, dynamicRef). */
  readonly schema: JsonSchema;
  /** Of an analyst or a partner: any usual draft, and its place can be given back. Default: comes with Crossdock. */
  readonly own?: boolean;
  readonly life?: ContractLife;
  /** Whose document it is, as people call them. */
  readonly partner?: string;
}

export interface ContractRef {
  readonly contract: string;
  readonly version: string;
}

/** What a list of contracts shows. */
export interface ContractSummary {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly own: boolean;
  readonly life: ContractLife;
  readonly partner: string | undefined;
}

/** Most problems that one validation reports. */
const MAX_PROBLEMS = 50;

interface Entry extends Contract {
  compiled?: CompiledContract;
}

/** Versioned contracts by name. Schemas are compiled at their first use, once. */
export class ContractRegistry {
  readonly #entries = new Map<string, Entry>();

  /**
   * Adds a contract.
   * @returns what takes it out again (an own contract whose node stops)
   * @throws CrossdockError CONTRACT_EXISTS when this name and version is taken: contracts never change in place.
   */
  register(contract: Contract): () => void {
    const key = keyOf(contract.name, contract.version);
    if (this.#entries.has(key)) {
      throw new CrossdockError(
        `The contract ${key} exists already. A changed contract needs a new version, since partners rely on this one.`,
        {
          code: 'CONTRACT_EXISTS',
          kind: 'permanent',
          facts: { contract: contract.name, version: contract.version },
        },
      );
    }
    const entry: Entry = { ...contract };
    this.#entries.set(key, entry);
    return () => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    };
  }

  has(name: string, version: string): boolean {
    return this.#entries.has(keyOf(name, version));
  }

  /** Every contract, in order of registration. */
  list(): ContractSummary[] {
    return [...this.#entries.values()].map(({ name, version, schema, own = false, life = {}, partner }) => ({
      name,
      version,
      title: typeof schema['title'] === 'string' ? schema['title'] : name,
      own,
      life,
      partner,
    }));
  }

  /** A contract's schema. Throws CONTRACT_UNKNOWN. */
  schema(name: string, version: string): JsonSchema {
    return this.#entry(name, version).schema;
  }

  /** A contract's dates. Throws CONTRACT_UNKNOWN. */
  life(name: string, version: string): ContractLife {
    return this.#entry(name, version).life ?? {};
  }

  /**
   * Checks a value against a contract.
   * @returns what is wrong, one sentence per place, at most 50; empty when the value keeps the contract.
   * @throws CrossdockError CONTRACT_UNKNOWN, or CONTRACT_INVALID when the schema itself is faulty.
   */
  validate(name: string, version: string, value: unknown): Problem[] {
    return this.validator(name, version)(value);
  }

  /**
   * `validate` for one contract, looked up and compiled once: what a node keeps for all its messages.
   * @throws CrossdockError CONTRACT_UNKNOWN, CONTRACT_INVALID
   */
  validator(name: string, version: string): (value: unknown) => Problem[] {
    const entry = this.#entry(name, version);
    entry.compiled ??= compileContract(keyOf(name, version), entry.schema, entry.own === true);
    const { keeps, faults } = entry.compiled;
    return (value) => (keeps(value) ? [] : toProblems(entry.schema, faults(value), MAX_PROBLEMS));
  }

  /** How sensitive the field at a JSON pointer is by its contract; undefined for a place the contract does not know. */
  classOf(name: string, version: string, pointer: string): DataClass | undefined {
    return nodeAt(this.schema(name, version), pointerSegments(pointer))?.dataClass;
  }

  #entry(name: string, version: string): Entry {
    const entry = this.#entries.get(keyOf(name, version));
    if (entry !== undefined) return entry;
    throw new CrossdockError(`There is no contract ${keyOf(name, version)}.${this.#known(name)}`, {
      code: 'CONTRACT_UNKNOWN',
      kind: 'permanent',
      facts: { contract: name, version },
    });
  }

  /** What there is instead: the versions of that name, or else the names. */
  #known(name: string): string {
    const all = [...this.#entries.values()];
    const versions = all.filter((entry) => entry.name === name).map(({ version }) => version);
    if (versions.length > 0) return ` Known versions of it are: ${versions.join(', ')}.`;
    return ` Known are: ${[...new Set(all.map((entry) => entry.name))].join(', ')}.`;
  }
}

function keyOf(name: string, version: string): string {
  return `${name} ${version}`;
}
