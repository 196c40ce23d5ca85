/**
 * The mapping spec: a table that translates one document into another. One rule is one row: what is filled (`target`),
 * from where, through which transforms, with which default, and whether it must be there.
 *
 * Paths. Source: `billing_address.city`, `meta_data[key=_vat].value` (first entry with that key), `tax_lines[0].rate`,
 * `line_items[].sku` (of the current entry inside a row that repeats over `line_items[]`; a list of all outside of it),
 * `$name` (a variable). Target: `parties.buyer.name`, `lines[].unit`, `allowancesCharges[freight].amount`
 * (`[name]` tells several groups of entries of the same list apart), `$name` or `lines[].$name` (sets a variable).
 */
export type JsonScalar = string | number | boolean | null;

/** Where a value comes from: exactly one of these. */
export interface Source {
  /** Source path; of several, the first that has a value. */
  readonly from?: string | readonly string[];
  readonly const?: unknown;
  /** A member of the context, for example `channel`. */
  readonly context?: string;
  /** Path into what the rows above have made so far, for example `allowancesCharges[]`. */
  readonly result?: string;
  /** JSONata expression over the message, or over the current entry inside a repeating row. */
  readonly jsonata?: string;
}

/** A value with its transforms; also what transforms and conditions take as an argument. */
export interface ValueSpec extends Source {
  readonly transforms?: readonly TransformSpec[];
}

export type Operand = ValueSpec | string | number;

export type TransformSpec = string | Readonly<Record<string, unknown>>;

/** A condition on a value; each of the tests that is given must hold. */
export interface Condition extends ValueSpec {
  /** Whether the value is there (not absent, null, empty text or an empty list). */
  readonly exists?: boolean;
  readonly equals?: Operand | boolean;
  readonly notEquals?: Operand | boolean;
  readonly in?: readonly JsonScalar[];
  readonly notIn?: readonly JsonScalar[];
  readonly greaterThan?: Operand;
  readonly lessThan?: Operand;
}

export interface Rule extends ValueSpec {
  /** What is filled. Of several rows with the same target, the first that gives a value counts. */
  readonly target: string;
  /** Repeats a target list over the entries of this source list, for example `line_items[]`. */
  readonly each?: string;
  /** The row, list entry or object is made only when all of these hold. */
  readonly where?: readonly Condition[];
  readonly default?: JsonScalar;
  readonly required?: boolean;
  /** Why the row is as it is; shown in the editor. */
  readonly note?: string;
}

export interface ContractRef {
  readonly contract: string;
  readonly version: string;
}

export interface MappingSpec {
  readonly spec: 'crossdock-mapping/1';
  readonly name: string;
  /** Semantic version of this mapping; goes into every result's provenance. */
  readonly version: string;
  readonly title?: string;
  readonly description?: string;
  readonly from: ContractRef;
  readonly to: ContractRef;
  /** A root key that some senders wrap the document in, taken off when it is there. */
  readonly unwrap?: string;
  readonly tables?: Readonly<Record<string, Readonly<Record<string, JsonScalar>>>>;
  readonly rules: readonly Rule[];
}

/** What the mapping knows beside the message. `mappingVersion` (`name@version`) is added by the mapping itself. */
export interface MappingContext {
  readonly channel: string;
  readonly account: string;
  /** RFC 3339. */
  readonly receivedAt: string;
  readonly partnerId: string;
  readonly [name: string]: string | undefined;
}

/** One fault of one row. */
export interface MappingProblem {
  /** JSON pointer of the target. */
  readonly path: string;
  /** Source path with the entry's index, for example `line_items[1].quantity`. */
  readonly from: string | undefined;
  /** Index of the rule in the spec. */
  readonly rule: number;
  readonly message: string;
}

export interface MappingResult {
  /** The translated document; undefined when there is a problem. */
  readonly value: unknown;
  readonly problems: readonly MappingProblem[];
}

export interface CompiledMapping {
  readonly spec: MappingSpec;
  /** `name@version`. */
  readonly id: string;
  /** Takes off the root key (`unwrap`), if the message has it. */
  unwrap(message: unknown): unknown;
  map(message: unknown, context: MappingContext): Promise<MappingResult>;
}

export type ExpressionEngine = (source: string) => (input: unknown) => Promise<unknown>;

export interface CompileOptions {
  /** Compiles a JSONata expression. Without it, a spec that uses JSONata is refused. */
  readonly expression?: ExpressionEngine;
  /** Whether a problem may quote the value meant for a target path (false for personal data). Default: never. */
  readonly mayQuote?: (target: string) => boolean;
}
