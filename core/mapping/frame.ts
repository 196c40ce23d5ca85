/** What a mapping run carries along, and how a source path finds its value in it. */

import { currencyExponent } from '../canonical/decimal';
import type { CrossdockError } from '../errors';
import type { Evaluation } from '../expression';
import { isNum, plainText } from './fixed';
import { compileReader, PathFault, parsePath, type Reader, type Step, startsWith } from './path';
import type { FaultCause, MappingContext, MappingProblem, ReferenceKey, Traced } from './types';

/** One translation of one message. */
export interface Run {
  readonly source: unknown;
  readonly context: MappingContext;
  readonly mappingVersion: string;
  readonly problems: MappingProblem[];
  /** What the rows have made so far of the document; of a list, the one that is being made. */
  result: Record<string, unknown>;
  /** What came from outside, by place; what is asked for and not there is put on `wanted` and fetched between passes. */
  readonly answers: Map<string, Answer>;
  readonly wanted: Map<string, Want>;
  readonly trace: Traced[] | undefined;
  /** There is someone to ask what was taught. */
  readonly references: boolean;
}

export type Answer = { readonly value: unknown } | { readonly fault: ValueFault };

/** What a row needs from outside of this turn: an expression's result, or what was taught about a code. */
export type Want =
  | { readonly type: 'expression'; readonly evaluation: Evaluation }
  | { readonly type: 'reference'; readonly key: ReferenceKey };

/** A level of repetition, known at compile time: the root, or the entries of one target group. */
export interface Scope {
  readonly parent: Scope | undefined;
  /** Absolute target path of the entry, ending with its group; empty for the root. */
  readonly target: readonly Step[];
  /** Absolute source path that is repeated over; undefined for the root and for single entries. */
  readonly each: readonly Step[] | undefined;
  /** An entry stands for a group of source entries; its item is the list of them. */
  readonly grouped: boolean;
  readonly variables: Map<string, number>;
}

/** An entry of a scope at run time. */
export class Frame {
  /** Index in the target list. */
  position = 0;
  readonly variables: unknown[] = [];

  constructor(
    readonly run: Run,
    readonly parent: Frame | undefined,
    readonly scope: Scope,
    readonly item: unknown,
    /** Index in the source list; of a group, that of its first entry. */
    readonly index = 0,
    /** Counts the repetitions: 0, 1 ... */
    readonly turn = 0,
    /** Of a group: the indexes of its entries in the source list. */
    readonly origins: readonly number[] | undefined = undefined,
  ) {}
}

export type Evaluate = (frame: Frame) => unknown;

/** Why a value cannot be translated, as a clause ('"12,5" is not a decimal number'). */
export class ValueFault extends Error {
  /** @param because for a fault with a code of its own (UNIT_UNKNOWN), that a person can remove */
  constructor(
    message: string,
    readonly because?: FaultCause,
  ) {
    super(message);
  }
}

/** Ends a row for this pass: what it needs is fetched first. Not a fault, and without a stack, since it is common. */
export const PENDING: unique symbol = Symbol('pending');

/** An error from outside, as a clause that follows the row's place. */
export function faultOf({ message, code, kind, facts }: CrossdockError): ValueFault {
  const text = message.replace(/\.$/, '');
  return new ValueFault(text.charAt(0).toLowerCase() + text.slice(1), { code, kind, facts });
}

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
  if (isNum(value)) return plainText(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  // Nodes that ask a database give dates; an invalid one is no value that can be written.
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
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
      return fromFrame(up, readerOf(at, steps.slice(at.each.length)));
    }
  }
  const [first, ...rest] = steps;
  if (first?.kind === 'key' && first.key.startsWith('$'))
    return compileVariable(first.key, compileReader(rest), scope);
  const read = compileReader(steps);
  return (frame) => read(frame.run.source);
}

/** A group is read by its first entry; the list itself is the group. */
function readerOf({ grouped }: Scope, steps: readonly Step[]): Reader {
  const read = compileReader(steps);
  return grouped && steps.length > 0 ? (group) => read((group as readonly unknown[])[0]) : read;
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
  const given = compileGiven(name, read, scope);
  if (given !== undefined) return given;
  throw new SpecFault(`there is no row that sets the variable ${name} here`);
}

/** Variables that every repetition has: `$number`, and `$group` where entries are grouped. */
function compileGiven(name: string, read: Reader, scope: Scope): Evaluate | undefined {
  if (name !== '$number' && name !== '$group') return undefined;
  let up = 0;
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent, up += 1) {
    const height = up;
    if (name === '$number' && at.each !== undefined) return (frame) => climb(frame, height).turn + 1;
    if (name === '$group' && at.grouped) return (frame) => read(climb(frame, height).item);
  }
  throw new SpecFault(
    name === '$number' ? '$number needs a row with each' : '$group needs a row with each and groupBy',
  );
}

/**
 * What a place of the spec gets from outside of this turn. Asks for it at the first pass, which ends the row.
 * @param place a number of its own for each place of the spec that asks
 * @throws PENDING, or ValueFault when it cannot be had
 */
export function ask(frame: Frame, place: number, want: () => Want): unknown {
  const { run } = frame;
  const key = `${place}${frameKey(frame)}`;
  const answer = run.answers.get(key);
  if (answer === undefined) {
    const wanted = want();
    // Where nobody can have taught anything, that need not be asked for.
    if (wanted.type === 'reference' && !run.references) return undefined;
    run.wanted.set(key, wanted);
    throw PENDING;
  }
  if ('fault' in answer) throw answer.fault;
  return answer.value;
}

function climb(frame: Frame, up: number): Frame {
  let at = frame;
  for (let step = 0; step < up; step += 1) at = at.parent as Frame;
  return at;
}

/** The entry that an expression sees: the innermost repeated one (of a group, the list), else the whole message. */
export function inputOf(frame: Frame): unknown {
  for (let at: Frame | undefined = frame; at !== undefined; at = at.parent) {
    if (at.scope.each !== undefined) return at.item;
  }
  return frame.run.source;
}

/** Where a frame is, as a key: `/2/0`. */
export function frameKey(frame: Frame): string {
  return frame.parent === undefined ? '' : `${frameKey(frame.parent)}/${frame.turn}`;
}

/** Indexes of the repeated source lists from the outermost to this frame's, for a path that runs through them. */
export function sourceIndexes(frame: Frame, steps: readonly Step[]): number[] {
  for (let at: Frame | undefined = frame; at !== undefined; at = at.parent) {
    const { each } = at.scope;
    if (each === undefined || !startsWith(steps, each)) continue;
    const lists = each.filter((step) => step.kind === 'all').length;
    // The entries of a group repeat over the group's own list: one list, one index.
    const above =
      at.parent?.scope.grouped === true && each === at.parent.scope.each ? at.parent.parent : at.parent;
    const outer = above === undefined ? [] : sourceIndexes(above, each);
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
