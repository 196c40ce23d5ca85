/** Rows of the tables as what they are. */
import type { Row } from '../../store';
import type { Job, MergeState, RawKind, Side, SideState } from '../engine/job';
import type {
  About,
  Alarm,
  Cause,
  CorrectionState,
  Counts,
  Difference,
  DifferenceKind,
  Evidence,
  Proposal,
  RunState,
  RunSummary,
} from '../types';

/** A run with what is needed to go on with it. */
export interface OpenRun {
  readonly summary: RunSummary;
  readonly triggerKey: string | null;
  readonly topic: string | null;
  readonly attempt: number;
  readonly nextNumber: number;
  /** Undefined until all sources are there. */
  readonly work:
    | { readonly job: Job; readonly sides: readonly SideState[]; readonly merge: MergeState }
    | undefined;
}

function text(row: Row, name: string): string | null {
  const value = row[name];
  return value === null || value === undefined ? null : String(value);
}

function json<T>(row: Row, name: string): T {
  return JSON.parse(String(row[name])) as T;
}

export function summaryOf(row: Row): RunSummary {
  const finished = row['finished_at'];
  return {
    runId: String(row['run_id']),
    reconciler: String(row['reconciler']),
    name: String(row['name']),
    about: String(row['about']) as About,
    state: String(row['state']) as RunState,
    keyLabel: String(row['key_label']),
    labels: json<string[]>(row, 'labels'),
    startedAt: Number(row['started_at']),
    finishedAt: finished === null || finished === undefined ? null : Number(finished),
    asOf: json<(number | null)[]>(row, 'as_of'),
    progress: Number(row['progress']),
    counts: json<Counts>(row, 'counts'),
    rate: String(row['rate']),
    value: String(row['value']),
    alarms: json<Alarm[]>(row, 'alarms'),
    problem: text(row, 'problem'),
    proposed: Number(row['proposed'] ?? 0),
    approved: Number(row['approved'] ?? 0),
  };
}

export function openRunOf(row: Row): OpenRun {
  const prepared = row['job'] !== null && row['sides'] !== null && row['merge'] !== null;
  return {
    summary: summaryOf(row),
    triggerKey: text(row, 'trigger_key'),
    topic: text(row, 'topic'),
    attempt: Number(row['attempt']),
    nextNumber: Number(row['next_number']),
    work: prepared
      ? {
          job: json<Job>(row, 'job'),
          sides: json<SideState[]>(row, 'sides'),
          merge: json<MergeState>(row, 'merge'),
        }
      : undefined,
  };
}

export function differenceOf(row: Row): Difference {
  return {
    number: Number(row['number']),
    key: String(row['record_key']),
    kind: String(row['kind']) as DifferenceKind,
    insteadOf: text(row, 'instead_of') as RawKind | null,
    side: String(row['side']) as Side,
    field: String(row['field']),
    expected: text(row, 'expected'),
    found: text(row, 'found'),
    delta: text(row, 'delta'),
    cause: String(row['cause']) as Cause,
    evidence: json<Evidence[]>(row, 'evidence'),
    since: Number(row['since']),
    runs: Number(row['runs']),
    correction: {
      state: String(row['correction']) as CorrectionState,
      proposal: row['proposal'] === null ? null : json<Proposal>(row, 'proposal'),
      by: text(row, 'handled_by'),
      at: row['handled_at'] === null ? null : Number(row['handled_at']),
    },
  };
}

/** Values of a difference for `insertDifferences`. */
export function differenceValues(runId: string, difference: Difference): (string | number | null)[] {
  const { correction } = difference;
  return [
    runId,
    difference.number,
    difference.key,
    difference.kind,
    difference.insteadOf,
    difference.side,
    difference.field,
    difference.expected,
    difference.found,
    difference.delta,
    difference.cause,
    difference.since,
    difference.runs,
    correction.state,
    correction.by,
    correction.at,
    JSON.stringify(difference.evidence),
    correction.proposal === null ? null : JSON.stringify(correction.proposal),
  ];
}
