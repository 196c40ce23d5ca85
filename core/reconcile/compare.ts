/** Reading and comparing one field of two records. */
import Big from 'big.js';
import type { CompareField } from './types';

const MAX_SHOWN = 200;
const DECIMAL = /^[+-]?\d{1,30}(\.\d{1,30})?$/;
const TIME = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** The names of a path: `a.b.0` or the JSON pointer `/a/b/0`. */
export function pathNames(path: string): readonly string[] {
  if (!path.startsWith('/')) return path.split('.');
  return path
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The value at a path, own properties only; undefined when there is none. */
export function valueAt(record: unknown, names: readonly string[]): unknown {
  let value = record;
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** A value as text for people, bounded; null where there is none. */
export function shown(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 1)}…` : text;
}

/** A key as text, trimmed; undefined when the record has none. */
export function keyOf(record: unknown, names: readonly string[]): string | undefined {
  const value = valueAt(record, names);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return text === '' ? undefined : text;
}

export type Comparison =
  | { readonly outcome: 'equal' | 'tolerated' }
  | { readonly outcome: 'different'; readonly delta: string | null }
  | { readonly outcome: 'invalid'; readonly left: boolean; readonly right: boolean };

/** A field, prepared once per run. */
export interface FieldPlan {
  readonly field: CompareField;
  readonly label: string;
  readonly leftNames: readonly string[];
  readonly rightNames: readonly string[];
  compare(left: unknown, right: unknown): Comparison;
}

/** Throws RangeError with a sentence when a tolerance is not a number from 0. */
export function planField(field: CompareField): FieldPlan {
  return {
    field,
    label: field.label ?? field.path,
    leftNames: pathNames(field.path),
    rightNames: pathNames(field.rightPath ?? field.path),
    compare: comparer(field),
  };
}

function comparer(field: CompareField): FieldPlan['compare'] {
  if (field.type === 'text') {
    return (left, right) => {
      const [a, b] = [textOf(left), textOf(right)];
      return a === b ? { outcome: 'equal' } : { outcome: 'different', delta: null };
    };
  }
  const absolute = tolerance(field.toleranceAbsolute, field.path);
  const percent = field.type === 'time' ? new Big(0) : tolerance(field.tolerancePercent, field.path);
  const read = field.type === 'time' ? secondsOf : decimalOf;
  return (left, right) => {
    const [a, b] = [read(left), read(right)];
    if (a === undefined || b === undefined) {
      return { outcome: 'invalid', left: a === undefined, right: b === undefined };
    }
    const delta = b.minus(a);
    if (delta.eq(0)) return { outcome: 'equal' };
    const size = delta.abs();
    // Percent without a division: |delta| * 100 <= percent * |left| is exact.
    if (size.lte(absolute) || size.times(100).lte(percent.times(a.abs()))) return { outcome: 'tolerated' };
    return { outcome: 'different', delta: delta.toFixed() };
  };
}

function tolerance(value: string | number | undefined, path: string): Big {
  const parsed = value === undefined || value === '' ? new Big(0) : decimalOf(value);
  if (parsed === undefined || parsed.lt(0))
    throw new RangeError(`The tolerance of ${path} must be a number from 0.`);
  return parsed;
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A decimal from a finite number or a decimal text with a point; undefined for anything else ("1,5", "", null). */
function decimalOf(value: unknown): Big | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? new Big(value) : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return DECIMAL.test(text) ? new Big(text.startsWith('+') ? text.slice(1) : text) : undefined;
}

/** Seconds since the epoch from a Date, ms since the epoch, or ISO text; without a zone it is UTC (as in Odoo). */
function secondsOf(value: unknown): Big | undefined {
  let ms: number;
  if (value instanceof Date) ms = value.getTime();
  else if (typeof value === 'number') ms = value;
  else if (typeof value === 'string') {
    const match = TIME.exec(value.trim());
    if (match === null) return undefined;
    ms = Date.parse(`${match[1]}T${match[2] ?? '00:00'}${match[3] ?? 'Z'}`);
  } else return undefined;
  return Number.isFinite(ms) ? new Big(ms).div(1000) : undefined;
}
