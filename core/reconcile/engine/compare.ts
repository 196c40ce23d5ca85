/** What two sources say about one field, held against each other. */
import { type DecimalValue, decimal, readDecimal, toPlain } from '../../canonical/decimal';
import { CrossdockError } from '../../errors';
import { convert, resolveUnit } from '../../units';
import type { FieldJob, Job, Notice, RawKind, SideJob } from './job';
import { slotsOf } from './spill';
import { readNumber, readTime } from './values';

export type Outcome =
  | { readonly outcome: 'equal' | 'tolerated' }
  | {
      readonly outcome: 'different';
      readonly kind: RawKind;
      readonly delta: string | null;
      readonly notice: Notice | null;
    }
  /** A value is not what it should be: on the first side, on the other, or on both. */
  | { readonly outcome: 'invalid'; readonly first: Notice | undefined; readonly other: Notice | undefined };

const EQUAL: Outcome = { outcome: 'equal' };
const TOLERATED: Outcome = { outcome: 'tolerated' };

/** A field between the first side and another one, prepared once. */
export interface FieldPlan {
  readonly slot: number;
  readonly field: FieldJob;
  /** Equal bytes are equal values, once they are valid. */
  readonly bytewise: boolean;
  /** Whether the bytes of a value are what the field wants; only asked where they are equal. */
  valid(bytes: Uint8Array, from: number, to: number): boolean;
  compare(first: readonly (string | null)[], other: readonly (string | null)[]): Outcome;
}

/** @param other index of the side that is held against the first */
export function planFields(job: Job, other: number): FieldPlan[] {
  let slot = 0;
  return job.fields.map((field) => {
    const plan = planField(job, field, slot, job.sides[0] as SideJob, job.sides[other] as SideJob);
    slot += slotsOf(field.type);
    return plan;
  });
}

/** A side's value alone: why it is none, or undefined. */
export type Check = (slots: readonly (string | null)[]) => Notice | undefined;

/** Checks of a source's values, for rows that are held against no other. */
function planField(job: Job, field: FieldJob, slot: number, first: SideJob, other: SideJob): FieldPlan {
  const alike =
    first.decimalComma === other.decimalComma && (field.type !== 'time' || first.zone === other.zone);
  const base = { slot, field };
  switch (field.type) {
    case 'text':
      return { ...base, bytewise: true, valid: anything, compare: textComparer(slot) };
    case 'status':
      return { ...base, bytewise: true, valid: anything, compare: statusComparer(field, slot) };
    case 'time':
      return {
        ...base,
        bytewise: alike,
        valid: (bytes, from, to) =>
          readTime(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1'), '') !==
          undefined,
        compare: timeComparer(field, slot, first.zone, other.zone),
      };
    default:
      return {
        ...base,
        bytewise: alike && !job.sides.some(({ decimalComma }) => decimalComma),
        valid: isPlainDecimal,
        compare: numberComparer(field, slot, first, other),
      };
  }
}

function anything(): boolean {
  return true;
}

/** Digits with at most one point, and a sign; what is written otherwise is looked at with more care. */
function isPlainDecimal(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  const sign = bytes[at];
  if (sign === 45 || sign === 43) at += 1;
  let digits = 0;
  let point = false;
  if (to - at > 38) return false;
  for (; at < to; at += 1) {
    const byte = bytes[at] as number;
    if (byte >= 48 && byte <= 57) digits += 1;
    else if (byte === 46 && !point) point = true;
    else return false;
  }
  return digits > 0;
}

function textComparer(slot: number): FieldPlan['compare'] {
  return (first, other) => {
    const [a, b] = [first[slot] ?? '', other[slot] ?? ''];
    if (a === b) return EQUAL;
    const spelling = a.trim().toLowerCase() === b.trim().toLowerCase();
    return { outcome: 'different', kind: 'value', delta: null, notice: spelling ? 'SPELLING' : null };
  };
}

function statusComparer(field: FieldJob, slot: number): FieldPlan['compare'] {
  const places = new Map<string, number>();
  field.words.forEach((same, place) => {
    for (const word of same) places.set(word.trim().toLowerCase(), place);
  });
  return (first, other) => {
    const [a, b] = [(first[slot] ?? '').trim().toLowerCase(), (other[slot] ?? '').trim().toLowerCase()];
    if (a === b) return EQUAL;
    const [from, to] = [places.get(a), places.get(b)];
    if (from !== undefined && from === to) return EQUAL;
    let notice: Notice | null = null;
    if (places.size > 0 && (from === undefined || to === undefined)) notice = 'WORD_UNKNOWN';
    else if (from !== undefined && to !== undefined) notice = to < from ? 'BEHIND' : 'AHEAD';
    return { outcome: 'different', kind: 'status', delta: null, notice };
  };
}

function timeComparer(
  field: FieldJob,
  slot: number,
  firstZone: string,
  otherZone: string,
): FieldPlan['compare'] {
  const tolerance = (readDecimal(field.toleranceAbsolute) ?? decimal('0')).times(1000).toNumber();
  return (first, other) => {
    const a = readTime(first[slot] ?? '', firstZone);
    const b = readTime(other[slot] ?? '', otherZone);
    if (a === undefined || b === undefined) {
      return {
        outcome: 'invalid',
        first: missing(a, first[slot], 'NOT_A_TIME'),
        other: missing(b, other[slot], 'NOT_A_TIME'),
      };
    }
    if (a === b) return EQUAL;
    const apart = b - a;
    if (Math.abs(apart) <= tolerance) return TOLERATED;
    // Whole (or half) hours that somebody's zone explains are most likely that.
    const hours = Math.abs(apart) / 1_800_000;
    const zone = Number.isInteger(hours) && hours <= 28;
    return {
      outcome: 'different',
      kind: 'late',
      delta: toPlain(decimal(apart).div(1000)),
      notice: zone ? 'TIME_ZONE' : null,
    };
  };
}

function missing(value: unknown, text: string | null | undefined, notice: Notice): Notice | undefined {
  if (value !== undefined) return undefined;
  return text === null || text === undefined || text.trim() === '' ? 'NO_VALUE' : notice;
}

const SIMPLE = /^-?\d{1,12}(?:\.\d{1,3})?$/;

function numberComparer(field: FieldJob, slot: number, first: SideJob, other: SideJob): FieldPlan['compare'] {
  const absolute = readDecimal(field.toleranceAbsolute || '0') ?? decimal('0');
  const percent = readDecimal(field.tolerancePercent || '0') ?? decimal('0');
  const withUnit = slotsOf(field.type) === 2;
  const commas = first.decimalComma || other.decimalComma;
  return (one, two) => {
    const [textA, textB] = [one[slot] ?? '', two[slot] ?? ''];
    // Most rows: both are short plain numbers, which a double holds exactly.
    if (!withUnit && !commas && SIMPLE.test(textA) && SIMPLE.test(textB) && Number(textA) === Number(textB))
      return EQUAL;
    const a = readNumber(textA, first.decimalComma);
    let b = readNumber(textB, other.decimalComma);
    if (a === undefined || b === undefined) {
      return {
        outcome: 'invalid',
        first: missing(a, one[slot], 'NOT_A_NUMBER'),
        other: missing(b, two[slot], 'NOT_A_NUMBER'),
      };
    }
    let notice: Notice | null = null;
    if (withUnit) {
      const [unitA, unitB] = [unitOf(one[slot + 1], field), unitOf(two[slot + 1], field)];
      if (field.type === 'money') {
        if (unitA.toUpperCase() !== unitB.toUpperCase())
          return { outcome: 'different', kind: 'value', delta: null, notice: 'CURRENCY' };
      } else if (unitA !== unitB) {
        const converted = inUnit(b, unitB, unitA);
        if (typeof converted === 'string')
          return { outcome: 'different', kind: 'quantity', delta: null, notice: converted };
        b = converted;
      }
    }
    const delta = b.minus(a);
    if (delta.eq(0)) return EQUAL;
    const size = delta.abs();
    // Percent without a division: |delta| * 100 <= percent * |a| is exact.
    if (size.lte(absolute) || size.times(100).lte(percent.times(a.abs()))) return TOLERATED;
    notice = whyDifferent(a, b);
    const kind: RawKind = field.type === 'money' ? 'value' : 'quantity';
    return { outcome: 'different', kind, delta: toPlain(delta), notice };
  };
}

function unitOf(said: string | null | undefined, field: FieldJob): string {
  const own = (said ?? '').trim();
  return own === '' ? field.unit.trim() : own;
}

/** Packagings that are often taken for single pieces. */
const FACTORS = ['6', '10', '12', '24', '48', '100', '144', '1000'];

function whyDifferent(a: DecimalValue, b: DecimalValue): Notice | null {
  if (a.eq(0) || b.eq(0)) return null;
  if (a.plus(b).eq(0)) return 'SIGN';
  const [small, large] = a.abs().lt(b.abs()) ? [a, b] : [b, a];
  if (FACTORS.some((factor) => small.times(factor).eq(large))) return 'FACTOR';
  return large.minus(small).abs().lte('0.01') || small.eq(large.round(0, 1)) ? 'ROUNDED' : null;
}

/** A value in another unit, or why it cannot be. */
export function inUnit(value: DecimalValue, from: string, to: string): DecimalValue | Notice {
  const [source, target] = [codeOf(from), codeOf(to)];
  if (source === undefined || target === undefined) return 'UNIT_UNKNOWN';
  if (source === target) return value;
  try {
    return decimal(convert(value, source, target).value);
  } catch (error) {
    if (error instanceof CrossdockError) return 'UNIT_NOT_CONVERTIBLE';
    throw error;
  }
}

const codes = new Map<string, string | undefined>();

/** The code of Recommendation 20 or 21 for what a source calls a unit. */
export function codeOf(unit: string): string | undefined {
  if (codes.has(unit)) return codes.get(unit);
  let found: string | undefined;
  for (const scheme of ['rec20', 'odoo', 'edifact', 'x12'] as const) {
    const resolved = resolveUnit(scheme, unit);
    if (resolved.type === 'known') {
      found = resolved.code;
      break;
    }
  }
  // Units come from rows, and a map of them must not grow without bound.
  if (codes.size < 1000) codes.set(unit, found);
  return found;
}
