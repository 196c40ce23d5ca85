/** Reconciliation: two sources that should agree, and every way in which they do not. */

export type FieldType = 'decimal' | 'text' | 'time';

export interface CompareField {
  /** Where the value is in the left record: names joined by dots (`level.onHand`, `lines.0.qty`) or a JSON pointer. */
  readonly path: string;
  /** Where it is in the right record, when elsewhere. */
  readonly rightPath?: string;
  readonly type: FieldType;
  /** The field's name in sentences. Default: the path. */
  readonly label?: string;
  /** Largest difference that is no difference: a decimal; for times seconds. Default 0. Ignored for text. */
  readonly toleranceAbsolute?: string | number;
  /** The same in percent of the left value (its absolute value). Decimals only. Default 0. */
  readonly tolerancePercent?: string | number;
}

export type Source<T = unknown> = Iterable<T> | AsyncIterable<T>;

export interface ReconcileOptions {
  /** Where the key is, as in `CompareField.path`. Keys are text (numbers are taken as text), trimmed. */
  readonly key: string;
  readonly rightKey?: string;
  readonly fields: readonly CompareField[];
  /** Names of the sources in sentences. Defaults `Left` and `Right`. */
  readonly leftLabel?: string;
  readonly rightLabel?: string;
  /** What a key is called in sentences. Default `SKU`. */
  readonly keyLabel?: string;
  /**
   * Both sources come in ascending order of their keys, compared by UTF-16 code units (JavaScript's `<`). They are
   * then merged in constant memory, whatever their size. Default false: the left source is held in memory.
   */
  readonly sorted?: boolean;
  /** Largest left source when not sorted. Default 250,000 records. */
  readonly maxRecords?: number;
  /** Differences kept in the result; the counts go on. Default 10,000. */
  readonly maxDifferences?: number;
  /** Called for every difference, also beyond `maxDifferences`; awaited, so that it can be written away. */
  readonly onDifference?: (difference: Difference) => void | Promise<void>;
  readonly runId?: string;
  /** Ms since the epoch; for tests. */
  readonly now?: () => number;
  /** Ends the run early with RECONCILE_ABORTED. */
  readonly signal?: AbortSignal;
}

export type Side = 'left' | 'right';

/**
 * - `missing_left`, `missing_right`: the key is only in the other source;
 * - `quantity`: decimals differ; `value`: texts or times differ;
 * - `duplicate`: the key is there more than once in one source (its first record is compared);
 * - `invalid`: a record without a usable key, or a field that is not what it should be.
 */
export const DIFFERENCE_KINDS = [
  'missing_left',
  'missing_right',
  'quantity',
  'value',
  'duplicate',
  'invalid',
] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

export interface Difference {
  /** Empty for a record without a key. */
  readonly key: string;
  readonly kind: DifferenceKind;
  /** Path of the field; empty when the whole record is meant. */
  readonly field: string;
  /** Values as text, at most 200 characters; null where there is none. */
  readonly left: string | null;
  readonly right: string | null;
  /** right - left: a decimal; for times seconds. Null for other kinds. */
  readonly delta: string | null;
  /** The source that is at fault, for `duplicate` and `invalid`. */
  readonly side?: Side;
  /** For an analyst: `SKU CD-TAPE-48: Odoo says 12, Warehouse says 10 (2 fewer).` */
  readonly sentence: string;
}

export interface ReconcileCounts {
  /** Records read. */
  readonly left: number;
  readonly right: number;
  /** Keys in both sources whose fields are all equal. */
  readonly matched: number;
  /** Keys in both sources that differ, but by no more than the tolerance. */
  readonly withinTolerance: number;
  /** Keys (or records without a key) with at least one difference. */
  readonly different: number;
  /** Differences by kind; one key may have several. */
  readonly differences: Readonly<Record<DifferenceKind, number>>;
}

export interface ReconcileResult {
  readonly runId: string;
  /** RFC 3339 UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly leftLabel: string;
  readonly rightLabel: string;
  readonly counts: ReconcileCounts;
  readonly differences: readonly Difference[];
  /** True: there are more differences than were kept. */
  readonly truncated: boolean;
}
