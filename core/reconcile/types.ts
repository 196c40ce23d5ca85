/** What a comparison is about, what it finds, and what is kept of it. */
import type { Notice, RawKind, Side } from './engine/job';

export const ABOUTS = ['inventory', 'orders', 'shipments', 'invoices', 'custom'] as const;
/** What the rows are: decides which correction is proposed. */
export type About = (typeof ABOUTS)[number];

/**
 * - `missing`: the first source has the key, this one does not; `extra`: the other way round;
 * - `quantity`: numbers differ; `status`: words differ; `value`: texts or amounts differ;
 * - `late`: times are apart, or what is missing has been on its way for too long;
 * - `duplicate`: the source has the key more than once (its first row is compared);
 * - `invalid`: a row without a usable key, or a field that is not what it should be;
 * - `pending`: it differs, and what would explain it is on its way, or it is too young to be expected everywhere.
 */
export const DIFFERENCE_KINDS = [
  'missing',
  'extra',
  'quantity',
  'status',
  'late',
  'value',
  'duplicate',
  'invalid',
  'pending',
] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

export const CAUSES = [
  'IN_FLIGHT',
  'IN_FLIGHT_LONG',
  'IN_TIME',
  'DEAD_LETTER',
  'REFUSED',
  'FIRST_ALONE',
  'ONE_ALONE',
  'SAME_ROW_TWICE',
  'ROWS_DISAGREE',
  'EMPTY_LEFT_OUT',
  'NOT_TOLD',
  'UNKNOWN',
] as const;
/** The likely cause; what the comparison itself noticed counts as one. */
export type Cause = (typeof CAUSES)[number] | Notice;

/** What speaks for it, as facts; sentences are made where it is shown (words/). */
export type Evidence =
  | { readonly type: 'row'; readonly side: Side; readonly row: number; readonly at: number | null }
  | { readonly type: 'values'; readonly side: Side; readonly values: readonly (string | null)[] }
  | { readonly type: 'absent'; readonly side: Side }
  | { readonly type: 'times'; readonly side: Side; readonly times: number; readonly same: boolean }
  | Flight
  | { readonly type: 'earlier'; readonly since: number; readonly runs: number }
  | { readonly type: 'incomplete' };

/** A message that is on its way, or lies among the dead letters, and names the key. */
export interface Flight {
  readonly type: 'flight';
  readonly place: 'inbox' | 'outbox' | 'deadLetter' | 'refused';
  /** Source or channel; of a dead letter the node where it failed. */
  readonly name: string;
  /** Store clock, ms. */
  readonly since: number;
  /** State of the message, or why it failed. */
  readonly detail: string;
  /** Id of the message or letter. */
  readonly id: string;
}

export type CorrectionState = 'none' | 'proposed' | 'approved';

/** What would mend a difference; nothing is done before a person has approved it. */
export interface Proposal {
  /** A canonical object's name, `redrive` (the row as its source has it), `correction`, or `letter` (replay that one). */
  readonly type: string;
  /** The source that would be mended. */
  readonly side: Side;
  /** What leaves when it is approved; null where only a person can act. */
  readonly message: unknown;
  readonly letter?: string;
}

export interface Difference {
  readonly number: number;
  /** Empty for a row without one. */
  readonly key: string;
  readonly kind: DifferenceKind;
  /** What it would be if nothing were on its way; null unless the kind says pending or late. */
  readonly insteadOf: RawKind | null;
  /** The source that is held against the first, or that is at fault. */
  readonly side: Side;
  /** Label of the field; empty for the whole row. */
  readonly field: string;
  readonly expected: string | null;
  readonly found: string | null;
  readonly delta: string | null;
  readonly cause: Cause;
  readonly evidence: readonly Evidence[];
  /** Start of the first of the runs in a row that had it, ms; and how many those are, this one included. */
  readonly since: number;
  readonly runs: number;
  readonly correction: {
    readonly state: CorrectionState;
    readonly proposal: Proposal | null;
    readonly by: string | null;
    readonly at: number | null;
  };
}

export interface Counts {
  /** Rows read, per side. */
  readonly rows: readonly number[];
  readonly keys: number;
  /** Keys that all sources have, with equal fields. */
  readonly matched: number;
  readonly withinTolerance: number;
  /** Keys, or rows without one, with at least one difference that is not pending. */
  readonly different: number;
  /** Keys of which nothing is wrong but what is on its way. */
  readonly pending: number;
  readonly differences: Readonly<Record<DifferenceKind, number>>;
}

export const RUN_STATES = ['reading', 'comparing', 'done', 'cancelled', 'failed'] as const;
export type RunState = (typeof RUN_STATES)[number];

export interface Alarm {
  /** What is beyond its limit: differences per thousand keys, or the sum of what they are apart. */
  readonly of: 'rate' | 'value';
  readonly limit: string;
  readonly found: string;
}

export interface RunSummary {
  readonly runId: string;
  /** The node's id, and its name at the time. */
  readonly reconciler: string;
  readonly name: string;
  readonly about: About;
  readonly state: RunState;
  /** What a key is called, and the names of the sources. */
  readonly keyLabel: string;
  readonly labels: readonly string[];
  /** Ms, store clock. */
  readonly startedAt: number;
  readonly finishedAt: number | null;
  /** As of when each source speaks, ms; null where it is not known. */
  readonly asOf: readonly (number | null)[];
  /** 0 to 100. */
  readonly progress: number;
  readonly counts: Counts;
  /** Differences per thousand keys, one decimal. */
  readonly rate: string;
  /** Sum of what the first number field is apart, without sign, in the first source's unit. */
  readonly value: string;
  readonly alarms: readonly Alarm[];
  /** Why it ended before its time, in a sentence. */
  readonly problem: string | null;
  /** Corrections that wait for approval, and that were approved. */
  readonly proposed: number;
  readonly approved: number;
}

export function noCounts(sides: number): Counts {
  return {
    rows: Array<number>(sides).fill(0),
    keys: 0,
    matched: 0,
    withinTolerance: 0,
    different: 0,
    pending: 0,
    differences: Object.fromEntries(DIFFERENCE_KINDS.map((kind) => [kind, 0])) as Counts['differences'],
  };
}
