/** Values, operands and conditions of a spec, compiled to closures. */

import type { Expression, ExpressionEngine } from '../expression';
import { compareNums, readNum } from './fixed';
import {
  ask,
  compileSource,
  type Evaluate,
  type Frame,
  faultOf,
  inputOf,
  isMissing,
  type Scope,
  SpecFault,
  specPath,
  textOf,
} from './frame';
import { compileReader } from './path';
import type { Transform } from './transform';
import { compileTransform } from './transforms';
import type { Condition, JsonScalar, Operand, ReferenceKey, ValueSpec } from './types';

/** What compiling a value needs to know about its spec and row. */
export interface ValueCompiler {
  readonly scope: Scope;
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, JsonScalar>>;
  readonly expression: ExpressionEngine | undefined;
  /** A number for each place of the spec that asks for something from outside, so that the answers are told apart. */
  readonly nextPlace: () => number;
  /** How a faulty value is named in a sentence: quoted where that is allowed. */
  readonly name: (value: unknown) => string;
}

/** Compiles a value: its source, then its transforms. The closure throws ValueFault. */
export function compileValue(spec: ValueSpec, compiler: ValueCompiler): Evaluate {
  const source = compileOrigin(spec, compiler);
  const chain = (spec.transforms ?? []).map((transform) => compileTransform(transform, compiler));
  return chain.length === 0 ? source : withTransforms(source, chain);
}

function withTransforms(source: Evaluate, chain: readonly Transform[]): Evaluate {
  const [first, second, ...more] = chain;
  if (first !== undefined && more.length === 0) {
    const once = withTransform(source, first);
    return second === undefined ? once : withTransform(once, second);
  }
  return (frame) => {
    let value = source(frame);
    for (const transform of chain) {
      if (transform.onMissing !== true && isMissing(value)) continue;
      value = transform.run(value, frame);
    }
    return value;
  };
}

function withTransform(source: Evaluate, transform: Transform): Evaluate {
  const onMissing = transform.onMissing === true;
  return (frame) => {
    const value = source(frame);
    return onMissing || !isMissing(value) ? transform.run(value, frame) : value;
  };
}

/** Compiles an argument: a number or text stands for itself. */
export function compileOperand(operand: Operand | boolean, compiler: ValueCompiler): Evaluate {
  return typeof operand === 'object' ? compileValue(operand, compiler) : () => operand;
}

const SOURCES = ['from', 'const', 'context', 'result', 'jsonata'] as const;

export const ONE_SOURCE = 'exactly one of from, const, context, result and jsonata must be given';

/** Whether a value spec names where its value comes from. */
export function hasSource(spec: ValueSpec): boolean {
  return SOURCES.some((source) => spec[source] !== undefined);
}

function compileOrigin(spec: ValueSpec, compiler: ValueCompiler): Evaluate {
  const named = SOURCES.filter((source) => spec[source] !== undefined);
  if (named.length !== 1) throw new SpecFault(ONE_SOURCE);
  if (spec.from !== undefined) return compileFrom(spec.from, compiler.scope);
  if (spec.context !== undefined) return compileContext(spec.context);
  if (spec.result !== undefined) {
    const read = compileReader(specPath(spec.result));
    return (frame) => read(frame.run.result);
  }
  if (spec.jsonata !== undefined) return compileExpression(spec.jsonata, compiler);
  const value = spec.const;
  return () => value;
}

function compileFrom(from: string | readonly string[], scope: Scope): Evaluate {
  if (typeof from === 'string') return compileSource(from, scope);
  const sources = from.map((path) => compileSource(path, scope));
  return (frame) => {
    for (const source of sources) {
      const value = source(frame);
      if (!isMissing(value)) return value;
    }
    return undefined;
  };
}

function compileContext(name: string): Evaluate {
  if (name === 'mappingVersion') return (frame) => frame.run.mappingVersion;
  return (frame) => (Object.hasOwn(frame.run.context, name) ? frame.run.context[name] : undefined);
}

function compileExpression(source: string, compiler: ValueCompiler): Evaluate {
  const expression = acceptedBy(compiler, (engine) => engine.jsonata(source));
  const answer = askExpression(expression, compiler);
  return (frame) => answer(frame, inputOf(frame));
}

/** What an expression of the spec gives for an input. The function throws PENDING, or ValueFault. */
export function askExpression(
  expression: Expression,
  compiler: ValueCompiler,
): (frame: Frame, input: unknown) => unknown {
  const place = compiler.nextPlace();
  const engine = compiler.expression;
  return (frame, input) => {
    const evaluation = { expression, input };
    const outcome = engine?.atOnce(evaluation);
    if (outcome === undefined) return ask(frame, place, () => ({ type: 'expression', evaluation }));
    if ('error' in outcome) throw faultOf(outcome.error);
    return outcome.value;
  };
}

/** What was taught about a partner's code; undefined when nothing was. The function throws PENDING. */
export function askReference(compiler: ValueCompiler): (frame: Frame, key: ReferenceKey) => unknown {
  const place = compiler.nextPlace();
  return (frame, key) => ask(frame, place, () => ({ type: 'reference', key }));
}

/** An expression of the spec, checked by the engine. Throws SpecFault. */
export function acceptedBy(
  compiler: ValueCompiler,
  accept: (engine: ExpressionEngine) => Expression,
): Expression {
  if (compiler.expression === undefined) throw new SpecFault('expressions are not available here');
  try {
    return accept(compiler.expression);
  } catch (fault) {
    throw new SpecFault(fault instanceof Error ? fault.message.replace(/\.$/, '') : String(fault));
  }
}

type Test = (value: unknown, frame: Frame) => boolean;

/** Compiles conditions to one test that holds when all of them hold. */
export function compileConditions(
  conditions: readonly Condition[],
  compiler: ValueCompiler,
): (frame: Frame) => boolean {
  const compiled = conditions.map((condition) => {
    const value = compileValue(condition, compiler);
    const tests = compileTests(condition, compiler);
    if (tests.length === 0)
      throw new SpecFault('a condition has no test (exists, equals, in, greaterThan ...)');
    return (frame: Frame) => {
      const read = value(frame);
      return tests.every((test) => test(read, frame));
    };
  });
  if (compiled.length === 1 && compiled[0] !== undefined) return compiled[0];
  return (frame) => compiled.every((holds) => holds(frame));
}

function compileTests(condition: Condition, compiler: ValueCompiler): Test[] {
  const tests: Test[] = [];
  const { exists, equals, notEquals, in: among, notIn, greaterThan, lessThan } = condition;
  if (exists !== undefined) tests.push((value) => isMissing(value) !== exists);
  if (equals !== undefined) {
    const other = compileOperand(equals, compiler);
    tests.push((value, frame) => same(value, other(frame)));
  }
  if (notEquals !== undefined) {
    const other = compileOperand(notEquals, compiler);
    tests.push((value, frame) => !same(value, other(frame)));
  }
  if (among !== undefined) {
    const values = new Set(among.map(String));
    tests.push((value) => !isMissing(value) && values.has(textOf(value)));
  }
  if (notIn !== undefined) {
    const values = new Set(notIn.map(String));
    tests.push((value) => isMissing(value) || !values.has(textOf(value)));
  }
  if (greaterThan !== undefined) {
    const other = compileOperand(greaterThan, compiler);
    tests.push((value, frame) => compare(value, other(frame)) > 0);
  }
  if (lessThan !== undefined) {
    const other = compileOperand(lessThan, compiler);
    tests.push((value, frame) => compare(value, other(frame)) < 0);
  }
  return tests;
}

/** Equal as decimals where both are ("0" and "0.00"), else as text; nothing equals nothing only. */
function same(a: unknown, b: unknown): boolean {
  if (isMissing(a) || isMissing(b)) return isMissing(a) && isMissing(b);
  if (a === b) return true;
  const left = readNum(a);
  const right = left === undefined ? undefined : readNum(b);
  return left !== undefined && right !== undefined ? compareNums(left, right) === 0 : textOf(a) === textOf(b);
}

/** Compares decimals; what is no decimal is neither greater nor less. */
function compare(a: unknown, b: unknown): number {
  const left = readNum(a);
  const right = left === undefined ? undefined : readNum(b);
  return left === undefined || right === undefined ? 0 : compareNums(left, right);
}
