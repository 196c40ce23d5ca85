/** From what the comparison found to what it means: what is on its way, what is too young, and the likely cause. */
import { type DecimalValue, decimal, readDecimal, toPlain } from '../canonical/decimal';
import type { FieldJob, Finding, RawDifference, RawKind, Side } from './engine/job';
import { SIDES } from './engine/job';
import { type Earlier, earlierKey } from './history/history';
import type { Cause, Difference, DifferenceKind, Evidence, Flight, Proposal } from './types';

export interface Known {
  readonly fields: readonly FieldJob[];
  /** As of when the run speaks, ms. */
  readonly startedAt: number;
  /** A row that is younger than so many ms may be missing elsewhere, or differ. */
  readonly inTimeMs: number;
  /** A message that is on its way for longer than so many ms is late. */
  readonly lateMs: number;
  readonly flights: ReadonlyMap<string, readonly Flight[]>;
  readonly earlier: ReadonlyMap<string, Earlier>;
  /** All that is on its way was looked at. */
  readonly complete: boolean;
  propose(finding: Finding, difference: Judged): Proposal | null;
}

/** A difference before it has a number and a correction. */
export type Judged = Omit<Difference, 'number' | 'correction' | 'since' | 'runs'>;

const NEVER_PENDING: ReadonlySet<RawKind> = new Set(['duplicate', 'invalid']);

/** @param first the number of the first difference */
export function explain(finding: Finding, known: Known, first: number): Difference[] {
  const flights = flightsOf(finding.key, known.flights);
  return finding.differences.map((raw, index) => {
    const field = known.fields[raw.field]?.label ?? '';
    const base = judge(finding, raw, field, flights, known);
    const earlier = known.earlier.get(earlierKey(finding.key, base.insteadOf ?? base.kind, base.side, field));
    const since = earlier?.since ?? known.startedAt;
    const runs = (earlier?.runs ?? 0) + 1;
    const evidence: Evidence[] =
      earlier === undefined ? [...base.evidence] : [...base.evidence, { type: 'earlier', since, runs }];
    const proposal = base.kind === 'pending' ? null : known.propose(finding, base);
    const state = proposal?.message === null || proposal === null ? 'none' : 'proposed';
    return {
      ...base,
      evidence,
      since,
      runs,
      number: first + index,
      correction: { state, proposal, by: null, at: null },
    };
  });
}

/** A key of several parts is on its way when a message names its first part. */
function flightsOf(key: string, flights: ReadonlyMap<string, readonly Flight[]>): readonly Flight[] {
  const small = key.toLowerCase();
  return flights.get(small) ?? flights.get(small.split(' / ')[0] ?? '') ?? [];
}

/** The keys to ask the book for. */
export function flightKeys(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ key }) => (key === '' ? [] : [key, key.split(' / ')[0] ?? key]));
}

function judge(
  finding: Finding,
  raw: RawDifference,
  field: string,
  flights: readonly Flight[],
  known: Known,
): Judged {
  const evidence = evidenceOf(finding, flights, known);
  const base = {
    key: finding.key,
    side: raw.side,
    field,
    expected: raw.expected,
    found: raw.found,
    delta: raw.delta,
    evidence,
  };
  const as = (kind: DifferenceKind, cause: Cause, insteadOf: RawKind | null = null): Judged => ({
    ...base,
    kind,
    cause,
    insteadOf,
  });
  if (NEVER_PENDING.has(raw.kind)) return as(raw.kind, faultOf(finding, raw));
  const moving = flights.filter(({ place }) => place === 'inbox' || place === 'outbox');
  const oldest = moving.reduce((least, { since }) => Math.min(least, since), Number.POSITIVE_INFINITY);
  if (moving.length > 0 && known.startedAt - oldest <= known.lateMs)
    return as('pending', 'IN_FLIGHT', raw.kind);
  if (isYoung(finding, known)) return as('pending', 'IN_TIME', raw.kind);
  if (moving.length > 0) return as('late', 'IN_FLIGHT_LONG', raw.kind);
  if (flights.some(({ place }) => place === 'deadLetter')) return as(raw.kind, 'DEAD_LETTER');
  if (flights.some(({ place }) => place === 'refused')) return as(raw.kind, 'REFUSED');
  return as(raw.kind, likely(finding, raw));
}

/** The newest row of the key, wherever it is, is younger than the others need to follow. */
function isYoung(finding: Finding, { startedAt, inTimeMs }: Known): boolean {
  if (inTimeMs <= 0) return false;
  return finding.seen.some(
    (seen) => seen?.at !== null && seen?.at !== undefined && seen.at > startedAt - inTimeMs,
  );
}

function faultOf(finding: Finding, { kind, side, notice }: RawDifference): Cause {
  if (notice !== null) return notice;
  const seen = finding.seen[SIDES.indexOf(side)];
  if (kind === 'duplicate') return seen?.same === true ? 'SAME_ROW_TWICE' : 'ROWS_DISAGREE';
  return 'UNKNOWN';
}

function likely(finding: Finding, raw: RawDifference): Cause {
  if (raw.notice !== null) return raw.notice;
  if (raw.kind === 'missing' && isZero(raw.expected)) return 'EMPTY_LEFT_OUT';
  if (raw.kind === 'extra' && isZero(raw.found)) return 'EMPTY_LEFT_OUT';
  const three = ofThree(finding, raw);
  if (three !== undefined) return three;
  return raw.kind === 'missing' || raw.kind === 'extra' ? 'NOT_TOLD' : 'UNKNOWN';
}

function isZero(value: string | null): boolean {
  return readDecimal(value ?? '')?.eq(0) === true;
}

/** With three sources, two that agree are more likely right than one. */
function ofThree(finding: Finding, raw: RawDifference): Cause | undefined {
  if (finding.seen.length < 3) return undefined;
  const others = finding.differences.filter(({ kind, field }) => kind === raw.kind && field === raw.field);
  if (others.length === 1) return 'ONE_ALONE';
  return others.every(({ found }) => found === raw.found) ? 'FIRST_ALONE' : undefined;
}

function evidenceOf(finding: Finding, flights: readonly Flight[], known: Known): Evidence[] {
  const evidence: Evidence[] = [];
  finding.seen.forEach((seen, index) => {
    const side = SIDES[index] as Side;
    if (seen === null) {
      if (finding.key !== '') evidence.push({ type: 'absent', side });
      return;
    }
    evidence.push({ type: 'row', side, row: seen.row, at: seen.at });
    const values = finding.values[index];
    if (values?.some((value) => value !== null) === true) {
      evidence.push({ type: 'values', side, values });
    }
    if (seen.times > 1) evidence.push({ type: 'times', side, times: seen.times, same: seen.same });
  });
  evidence.push(...flights.slice(0, 5));
  if (!known.complete && flights.length === 0) evidence.push({ type: 'incomplete' });
  return evidence;
}

/** What differences are apart, without sign: the first number field, or all of a row that one side does not have. */
export function apartOf(differences: readonly Difference[], fields: readonly FieldJob[]): DecimalValue {
  const measured = fields.find(({ type }) => type === 'quantity' || type === 'decimal' || type === 'money');
  let sum = decimal('0');
  if (measured === undefined) return sum;
  for (const { kind, field, delta, expected, found, evidence } of differences) {
    if (kind === 'pending' || kind === 'duplicate' || kind === 'invalid') continue;
    const whole = field === '' ? (expected ?? found ?? firstValue(evidence, fields.indexOf(measured))) : null;
    const amount = field === measured.label ? delta : whole;
    sum = sum.plus(readDecimal(amount ?? '0')?.abs() ?? '0');
  }
  return sum;
}

function firstValue(evidence: readonly Evidence[], field: number): string | null {
  for (const each of evidence) if (each.type === 'values') return each.values[field] ?? null;
  return null;
}

/** Per thousand, one decimal. */
export function rateOf(different: number, keys: number): string {
  return keys === 0 ? '0' : toPlain(decimal(different).times(1000).div(keys).round(1));
}
