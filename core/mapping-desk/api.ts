/**
 * The answers of the HTTP admin API `crossdock/mapper/...` (docs/mapper-api.md), for those who serve it
 * (nodes/canonical-mapper/routes.ts) and those who read it: the mapper's editor. Types only.
 *
 * Paths are those of the mapping spec (core/mapping/types.ts): `lines[].unit`, `line_items[].sku`. Rules are told by their
 * index in the spec that was sent. Times are ms since the epoch.
 */
import type { MappingSpec, Rule } from '../mapping';

/** The body of every answer that is no 2xx. */
export interface ApiError {
  readonly code: string;
  readonly message: string;
}

/** GET catalogue */
export interface Catalogue {
  readonly contracts: readonly ContractEntry[];
  readonly mappings: readonly MappingEntry[];
  readonly transforms: readonly TransformEntry[];
}

export interface ContractEntry {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  /** One of Crossdock's own objects; else a partner's document. */
  readonly canonical: boolean;
}

export interface MappingEntry {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly from: string;
  readonly to: string;
}

/** How a transform's argument is asked for. */
export type ArgumentKind =
  | 'none'
  | 'text'
  | 'number'
  /** A count of digits, or `currency`. */
  | 'digits'
  /** A number or text, or a value spec (`{from, const, context, result, jsonata, transforms}`). */
  | 'operand'
  | 'operands'
  | 'path'
  /** The name of a table of the spec. */
  | 'table'
  /** Pairs of text and value. */
  | 'values'
  | 'scalar'
  | 'texts'
  | 'zone'
  | 'boolean'
  /** Several named members. */
  | 'object';

export interface TransformEntry {
  readonly name: string;
  readonly group: 'text' | 'number' | 'time' | 'code' | 'list' | 'identifier' | 'other';
  readonly argument: ArgumentKind;
  /** For `object`: its members. */
  readonly members?: readonly TransformMember[];
  /** The transform may also be written as its name alone. */
  readonly optional?: boolean;
  /** As it stands in a rule's `transforms`. */
  readonly example: unknown;
  /** In English; the editor has its own texts by `name`. */
  readonly title: string;
  readonly description: string;
}

export interface TransformMember {
  readonly name: string;
  readonly argument: ArgumentKind;
  readonly optional?: boolean;
  /** The only values that are allowed. */
  readonly values?: readonly unknown[];
}

/** GET contract/:name/:version */
export interface ContractAnswer extends ContractEntry {
  readonly description: string;
  /** In the order of the schema; parents before their members. */
  readonly fields: readonly ContractField[];
}

export interface ContractField {
  /** `lines[].quantity.original`; an entry of a list of objects is `lines[]`. */
  readonly path: string;
  readonly title: string;
  readonly type: 'text' | 'decimal' | 'number' | 'integer' | 'boolean' | 'object' | 'list' | 'any';
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  /** `with parent`: only when the object or list entry that it belongs to is there. */
  readonly required: 'always' | 'with parent' | false;
  /** The nearest list that it is in, for example `lines[]`. */
  readonly list?: string;
  /** Has no members of its own: a value is put here. */
  readonly leaf: boolean;
  readonly description: string;
  readonly example?: unknown;
  readonly class: 'public' | 'internal' | 'confidential' | 'pii';
  /** Where it comes from, for example `UBL cbc:IssueDate`. */
  readonly standard?: string;
}

/** POST sample {text} */
export interface SampleAnswer {
  /** Null when nothing can be read. */
  readonly format: 'json' | 'ndjson' | 'csv' | null;
  /** As it can be sent to `try` and `suggest`. */
  readonly value: unknown;
  readonly fields: readonly SourceField[];
  /** There are more fields than are listed. */
  readonly more: boolean;
  readonly errors: readonly SampleFault[];
  /** The partner contracts that it looks like, the best first; at most 3, none below 0.5. */
  readonly contracts: readonly ContractFit[];
}

export interface SourceField {
  readonly path: string;
  readonly type: 'text' | 'number' | 'boolean' | 'null' | 'object' | 'list' | 'mixed';
  /** What its values look like. */
  readonly looks?: Looks;
  /** Up to 3 different values, as text, cut to 60 characters. */
  readonly examples: readonly string[];
  /** How often there is a value. */
  readonly count: number;
  readonly leaf: boolean;
}

export type Looks =
  | 'time'
  | 'date'
  | 'currency'
  | 'country'
  | 'gtin'
  | 'gln'
  | 'email'
  | 'phone'
  | 'url'
  | 'integer'
  | 'decimal'
  | 'yes/no'
  | 'unit'
  | 'uuid';

export interface SampleFault {
  /** From 1; null when it is not known. */
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
}

export interface ContractFit extends ContractEntry {
  /** 0 to 1. */
  readonly fit: number;
  /** Why, in words. */
  readonly text: string;
  /** Ready mappings that read this contract. */
  readonly mappings: readonly string[];
}

/** POST try {spec, sample, context?} */
export interface TryAnswer {
  /** The translated document, also when it does not keep its contract yet; null when there is none. */
  readonly result: unknown;
  /** No problem at all: the node would send it on. */
  readonly valid: boolean;
  readonly problems: readonly TryProblem[];
  readonly rows: readonly TryRow[];
  readonly coverage: Coverage;
  readonly milliseconds: number;
}

export type TryCode =
  /** The row cannot be used as it is written. */
  | 'ROW_INVALID'
  /** The mapping's head (name, version, from, to, tables) cannot be used. */
  | 'SPEC_INVALID'
  /** The row's value could not be made. */
  | 'MAPPING_FAILED'
  | 'SOURCE_CONTRACT'
  /** The result does not keep the target's contract. */
  | 'TARGET_CONTRACT'
  | 'TOTALS_DO_NOT_FOOT'
  | 'EXPRESSION_TIMEOUT'
  | 'EXPRESSION_MEMORY'
  | 'EXPRESSION_FAILED'
  | 'EXPRESSION_NOT_RUN';

export interface TryProblem {
  readonly code: TryCode | (string & {});
  /** The row to look at; null when no row is to blame (nothing fills this field). */
  readonly rule: number | null;
  /** JSON pointer into the result (or, with SOURCE_CONTRACT, into the sample). */
  readonly path: string;
  /** Source path with the entry's index. */
  readonly from: string | null;
  readonly message: string;
}

export interface TryRow {
  readonly rule: number;
  /** What the row gave by itself, before other rows of the same target: the first 3. */
  readonly values: readonly unknown[];
  /** How often it gave a value. */
  readonly count: number;
  /** How often it could have given one and did not. */
  readonly missing: number;
}

export interface Coverage {
  readonly target: {
    /** Required fields, by the contract, that this message must have. */
    readonly required: number;
    readonly filled: number;
    readonly missing: readonly string[];
    /** Fields that rows fill, required or not. */
    readonly mapped: number;
  };
  readonly source: { readonly total: number; readonly used: number; readonly unused: readonly string[] };
}

/** POST suggest {spec, sample?, targets?} */
export interface SuggestAnswer {
  /** Targets that nothing fills yet, required ones first, then in the order of the contract. */
  readonly targets: readonly TargetSuggestions[];
  readonly milliseconds: number;
}

export interface TargetSuggestions {
  readonly target: string;
  readonly required: ContractField['required'];
  /** The best first; at most 3. */
  readonly suggestions: readonly Suggestion[];
}

export interface Suggestion {
  readonly rule: Rule;
  /** Rows that the rule needs and that the spec does not have yet, in their order; accepted with it, before it. */
  readonly also: readonly Rule[];
  /** 0 to 1: the share of suggestions with this confidence that are right (docs/mappings-suggestions.md). */
  readonly confidence: number;
  /** What it gives for the sample: the first 3 values; empty without a sample. */
  readonly values: readonly unknown[];
  readonly reasons: readonly Reason[];
}

export interface Reason {
  readonly kind: 'name' | 'synonym' | 'type' | 'value' | 'structure' | 'memory' | 'enum' | 'contract';
  readonly text: string;
}

/** POST diff {a, b} */
export interface DiffAnswer {
  /** Name, version, contracts, root key, tables: one sentence each. */
  readonly head: readonly string[];
  readonly rows: readonly RowChange[];
  readonly summary: {
    readonly added: number;
    readonly removed: number;
    readonly changed: number;
    readonly moved: number;
  };
}

export interface RowChange {
  readonly change: 'added' | 'removed' | 'changed' | 'moved';
  readonly target: string;
  /** Index in `a`; null for an added row. */
  readonly before: number | null;
  /** Index in `b`; null for a removed row. */
  readonly after: number | null;
  readonly text: string;
}

/** GET :node/versions */
export interface VersionsAnswer {
  /** The mapping's name. */
  readonly mapping: string;
  /** The one that runs now. */
  readonly live: string;
  /** The newest first; at most 200. */
  readonly versions: readonly VersionEntry[];
}

export interface VersionEntry {
  /** `1.2.0`, or `1.2.0+3fa9c1d2` when the same version went live with other content before. */
  readonly version: string;
  /** When it went live first. */
  readonly at: number;
  readonly rules: number;
  readonly title: string;
}

/** GET :node/versions/:version, and GET ready/:name */
export interface SpecAnswer {
  readonly spec: MappingSpec;
}

/** POST :node/impact {spec, last?} */
export interface ImpactAnswer {
  readonly tried: number;
  readonly summary: Readonly<Record<Outcome, number>>;
  /** The newest first; those that are the same come without changes. */
  readonly messages: readonly ImpactMessage[];
  readonly sources: readonly ImpactSource[];
  /** What the reader must know to judge the answer, in sentences. */
  readonly notes: readonly string[];
}

export type Outcome = 'same' | 'changed' | 'newlyFailing' | 'newlyPassing' | 'stillFailing';

export interface ImpactMessage {
  /** Its delivery id or business key. */
  readonly id: string;
  /** Where the message was found: at this node, in a source's inbox, or among the dead letters. */
  readonly found: 'node' | 'inbox' | 'dead letters';
  readonly source: string | null;
  readonly receivedAt: number;
  readonly outcome: Outcome;
  /** Values that are not public or internal by their contract read `[personal]` or `[confidential]`. */
  readonly changes: readonly ImpactChange[];
  readonly moreChanges: number;
  /** Why the mapping that runs now refuses it; null when it does not. */
  readonly before: ImpactError | null;
  readonly after: ImpactError | null;
}

export interface ImpactChange {
  /** JSON pointer. */
  readonly path: string;
  /** Null: not there. */
  readonly before: unknown;
  readonly after: unknown;
}

export interface ImpactError {
  readonly code: string;
  readonly message: string;
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

export interface ImpactSource {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  /** Nodes on the way that may change a message: their work is not repeated here. */
  readonly between: readonly { readonly id: string; readonly type: string; readonly name: string }[];
}
