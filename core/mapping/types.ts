import type { ErrorKind, Problem } from '../errors';
import type { ExpressionEngine } from '../expression';

/**
 * The mapping spec: a table that translates one document into another. One rule is one row: what is filled (`target`),
 * from where, through which transforms, with which default, and whether it must be there.
 *
 * Paths. Source: `billing_address.city`, `meta_data[key=_vat].value` (first entry with that key), `tax_lines[0].rate`,
 * `line_items[].sku` (of the current entry inside a row that repeats over `line_items[]`; a list of all outside of it),
 * `$name` (a variable). Target: `parties.buyer.name`, `lines[].unit`, `allowancesCharges[freight].amount`
 * (`[name]` tells several groups of entries of the same list apart), `$name` or `lines[].$name` (sets a variable).
 *
 * A row with the target `[]` and `each` makes one object per entry of that list: `{ "target": "[]", "each":
 * "inventory_levels[]" }`. All other targets then are those of one object (`item.identifiers[sku].value`), and the
 * contract `to` is that of one object. With `groupBy`, entries that agree in it make one object or entry together: a
 * path into the list then reads the group's first entry, the same list repeated inside goes over the group's entries,
 * and `$group[].amount` gives the values of all of them. `$number` counts the entries of the innermost repetition: 1, 2 ...
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
  /** With `each`: entries with the same value here (all of several) make one entry of the target together. */
  readonly groupBy?: string | readonly string[];
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
  /** A path to the document (`order`, `payload.Orders`) that some senders wrap it in, taken off when it is there. */
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
  /** A cause with a name of its own (UNIT_UNKNOWN), which a person can remove. */
  readonly cause?: FaultCause;
}

/** What a fault tells beside its sentence, for the error that it becomes. */
export interface FaultCause {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

/** What one row gave at one place. */
export interface Traced {
  /** Index of the rule in the spec. */
  readonly rule: number;
  /** Undefined when it gave none. */
  readonly value: unknown;
}

export interface MappingResult {
  /** The translated document, or the list of them; undefined when there is a problem. */
  readonly value: unknown;
  readonly problems: readonly MappingProblem[];
  /** What the rows made, also when there are problems: to be shown, not to be used. */
  readonly draft: unknown;
  /** With `trace`: every row in the order it ran, at most 10,000. */
  readonly trace: readonly Traced[];
}

export interface CompiledMapping {
  readonly spec: MappingSpec;
  /** `name@version`. */
  readonly id: string;
  /** With `lenient`: the rows that were left out, each with the reason (`/rules/3/...`). */
  readonly faults: readonly Problem[];
  /** Whether it gives a list of documents (a row with the target `[]`). */
  readonly list: boolean;
  /** Takes off what the document is wrapped in (`unwrap`), if the message has it. */
  unwrap(message: unknown): unknown;
  map(
    message: unknown,
    context: MappingContext,
    options?: { readonly trace?: boolean },
  ): Promise<MappingResult>;
}

/** What was taught about partners' codes (core/cross-reference). */
export interface CrossReferences {
  /** What each key stands for, in their order; undefined for what nobody has taught. */
  lookup(partner: string, keys: readonly ReferenceKey[]): Promise<readonly (unknown | undefined)[]>;
}

export interface ReferenceKey {
  readonly kind: 'unit' | 'item';
  /** The partner's own code, as it writes it. */
  readonly code: string;
  /** Only of this list of codes (or of any). */
  readonly scheme?: string;
  /** Of a unit: the partner's item that it is about. */
  readonly item?: string;
}

export interface CompileOptions {
  /** Without it, a spec that uses JSONata or regular expressions is refused. */
  readonly expression?: ExpressionEngine;
  /** Without it, nothing counts as taught. */
  readonly crossReferences?: CrossReferences;
  /** Leaves faulty rows out instead of refusing the spec: for a table that is being worked on. */
  readonly lenient?: boolean;
  /** Whether a problem may quote the value meant for a target path (false for personal data). Default: never. */
  readonly mayQuote?: (target: string) => boolean;
}
