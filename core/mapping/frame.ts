/** What a mapping run carries along, and how a source path finds its value in it. */
import { currencyExponent, isDecimalValue, toPlain } from '../canonical/decimal';
import { compileReader, PathFault, parsePath, type Reader, type Step, startsWith } from './path';
import type { MappingContext, MappingProblem } from './types';

/** One translation of one message. */
export interface Run {
  readonly source: unknown;
  readonly context: MappingContext;
  readonly mappingVersion: string;
  readonly problems: MappingProblem[];
  /** What the rows have made so far. */
  readonly result: Record<string, unknown>;
  /** Results of expressions by place; what is asked for and not there is put on `wanted` and computed between passes. */
  readonly answers: Map<string, Answer>;
  readonly wanted: Map<string, () => Promise<unknown>>;
}

export type Answer = { readonly value: unknown } | { readonly fault: string };

/** A level of repetition, known at compile time: the root, or the entries of one target group. */
export interface Scope {
  readonly parent: Scope | undefined;
  /** Absolute target path of the entry, ending with its group; empty for the root. */
  readonly target: readonly Step[];
  /** Absolute source path that is repeated over; undefined for the root and for single entries. */
  readonly each: readonly Step[] | undefined;
  readonly variables: Map<string, number>;
}

/** An entry of a scope at run time. */
export interface Frame {
  readonly run: Run;
  readonly parent: Frame | undefined;
  readonly scope: Scope;
  readonly item: unknown;
  /** Index in the source list. */
  readonly index: number;
  /** Index in the target list. */
  readonly position: number;
  readonly variables: unknown[];
}

export type Evaluate = (frame: Frame) => unknown;

/** Why a value cannot be translated, as a clause ('"12,5" is not a decimal number'). */
export class ValueFault extends Error {}

/** A fault of the spec, found at compile time. */
export class SpecFault extends Error {}

/** What counts as "no value": partners write null, empty text and empty lists for the same thing. */
export function isMissing(value: unknown): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

/** Any scalar as text. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (isDecimalValue(value)) return toPlain(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new ValueFault(
    Array.isArray(value) ? 'the value is a list, not one value' : 'the value is an object, not one value',
  );
}

/** Parses a path of the spec; what is wrong with it is a fault of the spec. */
export function specPath(path: string): Step[] {
  try {
    return parsePath(path);
  } catch (fault) {
    throw fault instanceof PathFault ? new SpecFault(fault.message) : fault;
  }
}

/** Compiles a source path for a scope: relative to the innermost repetition that it runs through, else to the message. */
export function compileSource(path: string, scope: Scope): Evaluate {
  const steps = specPath(path);
  let up = 0;
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent, up += 1) {
    if (at.each !== undefined && startsWith(steps, at.each)) {
      return fromFrame(up, compileReader(steps.slice(at.each.length)));
    }
  }
  const [first, ...rest] = steps;
  if (first?.kind === 'key' && first.key.startsWith('$'))
    return compileVariable(first.key, compileReader(rest), scope);
  const read = compileReader(steps);
  return (frame) => read(frame.run.source);
}

function fromFrame(up: number, read: Reader): Evaluate {
  if (up === 0) return (frame) => read(frame.item);
  return (frame) => read(climb(frame, up).item);
}

function compileVariable(name: string, read: Reader, scope: Scope): Evaluate {
  let up = 0;
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent, up += 1) {
    const slot = at.variables.get(name);
    if (slot === undefined) continue;
    const height = up;
    return (frame) => read(climb(frame, height).variables[slot]);
  }
  throw new SpecFault(`there is no row that sets the variable ${name} here`);
}

function climb(frame: Frame, up: number): Frame {
  let at = frame;
  for (let step = 0; step < up; step += 1) at = at.parent as Frame;
  return at;
}

/** The entry that an expression sees: the innermost repeated one, else the whole message. */
export function inputOf(frame: Frame): unknown {
  for (let at: Frame | undefined = frame; at !== undefined; at = at.parent) {
    if (at.scope.each !== undefined) return at.item;
  }
  return frame.run.source;
}

/** Where a frame is, as a key: `/2/0`. */
export function frameKey(frame: Frame): string {
  return frame.parent === undefined ? '' : `${frameKey(frame.parent)}/${frame.index}`;
}

/** Indexes of the repeated source lists from the outermost to this frame's, for a path that runs through them. */
export function sourceIndexes(frame: Frame, steps: readonly Step[]): number[] {
  for (let at: Frame | undefined = frame; at !== undefined; at = at.parent) {
    const { each } = at.scope;
    if (each === undefined || !startsWith(steps, each)) continue;
    const lists = each.filter((step) => step.kind === 'all').length;
    const outer = at.parent === undefined ? [] : sourceIndexes(at.parent, each);
    // A row over `a[].b[]` without a row over `a[]` has one index for both lists: only then is the path left as it is.
    return outer.length === lists - 1 ? [...outer, at.index] : outer;
  }
  return [];
}

/** Target indexes from the outermost list to this frame's. */
export function targetIndexes(frame: Frame): number[] {
  return frame.parent === undefined ? [] : [...targetIndexes(frame.parent), frame.position];
}

/** Fraction digits of the run's currency, from the variable `$currency`. */
export function compileDigits(scope: Scope): (frame: Frame) => number {
  let currency: Evaluate;
  try {
    currency = compileSource('$currency', scope);
  } catch {
    throw new SpecFault('rounding to the currency needs a row that sets the variable $currency');
  }
  return (frame) => {
    const code = currency(frame);
    const digits = typeof code === 'string' ? currencyExponent(code) : undefined;
    if (digits === undefined)
      throw new ValueFault('the amount cannot be rounded: the currency is not one of ISO 4217');
    return digits;
  };
}
