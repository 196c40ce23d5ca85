/** Running a compiled plan over one message. */

import { isDecimalValue, toPlain } from '../canonical/decimal';
import { findUnsafeKey } from '../canonical/parse-json';
import type { Evaluation, ExpressionEngine } from '../expression';
import {
  type Frame,
  faultOf,
  isMissing,
  PENDING,
  type Run,
  sourceIndexes,
  targetIndexes,
  ValueFault,
} from './frame';
import { pathText, type Reader, type Step } from './path';
import type { Gate, GroupPlan, ObjectPlan, Plan, ValueRow, Variable } from './plan';
import type { CrossReferences, ReferenceKey, Traced } from './types';

/** Passes over the rows: each may ask for what depends on the answers of the one before. */
const MAX_PASSES = 9;
/** Most rows that a trace keeps. */
const MAX_TRACE = 10_000;

/** Where answers come from that a pass cannot give itself. */
export interface Outside {
  readonly expression: ExpressionEngine | undefined;
  readonly references: CrossReferences | undefined;
}

export type Start = Pick<Run, 'source' | 'context' | 'mappingVersion'> & { readonly trace?: boolean };

/** What a run made: the document, or the list of them. */
export interface Made extends Pick<Run, 'problems' | 'trace'> {
  readonly value: unknown;
}

/**
 * Translates one message: all rows, all faults.
 *
 * Rows run synchronously. A row that needs something from outside (an expression's result, what was taught about a
 * unit) for the first time asks for it and ends; everything that one pass asks for is fetched in one call, and the
 * rows run again, so that a spec that needs nothing from outside pays nothing.
 */
export async function runPlan(plan: Plan, start: Start, outside: Outside): Promise<Made> {
  const { source, context, mappingVersion, trace } = start;
  const answers: Run['answers'] = new Map();
  for (let pass = 1; ; pass += 1) {
    const run: Run = {
      source,
      context,
      mappingVersion,
      problems: [],
      result: {},
      answers,
      wanted: new Map(),
      trace: trace === true ? [] : undefined,
    };
    const frame = rootFrame(run, plan);
    let value: unknown = run.result;
    if (plan.list === undefined) fillObject(plan.root, frame, run.result);
    else value = fillList(plan.list, frame);
    if (run.wanted.size === 0) return { value, problems: run.problems, trace: run.trace };
    if (pass === MAX_PASSES) {
      const message = `the rows with expressions depend on each other through more than ${MAX_PASSES - 1} steps`;
      return { value, problems: [{ path: '', from: undefined, rule: 0, message }], trace: run.trace };
    }
    await fetchWanted(run, outside);
  }
}

/** Answers everything that a pass asked for: one call for all expressions, one for all codes. */
async function fetchWanted(
  { wanted, answers, context }: Run,
  { expression, references }: Outside,
): Promise<void> {
  const evaluations: [string, Evaluation][] = [];
  const keys: [string, ReferenceKey][] = [];
  for (const [place, want] of wanted) {
    if (want.type === 'expression') evaluations.push([place, want.evaluation]);
    else keys.push([place, want.key]);
  }
  const [outcomes, values] = await Promise.all([
    evaluations.length === 0 ? [] : expression?.evaluate(evaluations.map(([, evaluation]) => evaluation)),
    keys.length === 0
      ? []
      : references?.lookup(
          context.partnerId,
          keys.map(([, key]) => key),
        ),
  ]);
  evaluations.forEach(([place], index) => {
    const outcome = outcomes?.[index];
    if (outcome === undefined) answers.set(place, { fault: new ValueFault('the expression was not run') });
    else if ('error' in outcome) answers.set(place, { fault: faultOf(outcome.error) });
    else answers.set(place, outcome);
  });
  keys.forEach(([place], index) => {
    answers.set(place, { value: values?.[index] });
  });
}

function rootFrame(run: Run, plan: Plan): Frame {
  return {
    run,
    parent: undefined,
    scope: plan.scope,
    item: run.source,
    index: 0,
    turn: 0,
    origins: undefined,
    position: 0,
    variables: [],
  };
}

/** The object that a plan makes; undefined when its gate is shut or nothing in it has a value. */
function fillObject(
  plan: ObjectPlan,
  frame: Frame,
  result: Record<string, unknown> = {},
): Record<string, unknown> | undefined {
  if (!setVariables(plan.variables, plan.gate, frame)) return undefined;
  let filled = false;
  for (const [key, member] of plan.members) {
    if (member.kind === 'list') {
      const list = fillList(member.groups, frame);
      result[key] = list;
      filled ||= list.length > 0;
      continue;
    }
    if (member.kind === 'object') {
      // Attached before it is filled: its own rows may read each other (`result: totals.charge`).
      const child: Record<string, unknown> = {};
      result[key] = child;
      if (fillObject(member.plan, frame, child) === undefined) delete result[key];
      else filled = true;
      continue;
    }
    const value = fillValue(member.rows, frame);
    if (value === undefined) continue;
    result[key] = value;
    filled = true;
  }
  return filled ? result : undefined;
}

/** Sets variables and asks the gate, each in its place among the rows. */
function setVariables(variables: readonly Variable[], gate: Gate | undefined, frame: Frame): boolean {
  let asked = gate === undefined;
  for (const { slot, rows } of variables) {
    if (!asked && gate !== undefined && gate.index < (rows[0]?.index ?? 0)) {
      if (!passes(gate, frame)) return false;
      asked = true;
    }
    frame.variables[slot] = readRows(rows, frame);
  }
  return asked || gate === undefined || passes(gate, frame);
}

function fillList(groups: readonly GroupPlan[], frame: Frame): unknown[] {
  const list: unknown[] = [];
  for (const group of groups) {
    if (group.each === undefined) {
      addEntry(list, group, frame, { item: frame.item, index: 0, turn: 0, origins: undefined });
      continue;
    }
    const items = group.each(frame);
    if (!Array.isArray(items)) continue;
    if (group.groupBy !== undefined) {
      const bundles = bundle(items, group.groupBy);
      bundles.forEach((origins, turn) => {
        const item = origins.map((index) => items[index] as unknown);
        addEntry(list, group, frame, { item, index: origins[0] ?? 0, turn, origins });
      });
      continue;
    }
    // Over the entries of a group: they keep the index that they have in the message.
    const origins = group.scope.each === frame.scope.each ? frame.origins : undefined;
    for (let turn = 0; turn < items.length; turn += 1)
      addEntry(list, group, frame, {
        item: items[turn],
        index: origins?.[turn] ?? turn,
        turn,
        origins: undefined,
      });
  }
  return list;
}

/** Indexes of a list's entries, brought together by the values that they are grouped by, in order of appearance. */
function bundle(items: readonly unknown[], groupBy: readonly Reader[]): number[][] {
  const bundles = new Map<string, number[]>();
  items.forEach((item, index) => {
    const parts = groupBy.map((read) => {
      const value = read(item);
      return typeof value === 'object' ? '' : String(value ?? '');
    });
    // Entries that say nothing about where they belong are not thrown together.
    const key = parts.every((part) => part === '') ? `${index}` : JSON.stringify(parts);
    const known = bundles.get(key);
    if (known === undefined) bundles.set(key, [index]);
    else known.push(index);
  });
  return [...bundles.values()];
}

function addEntry(
  list: unknown[],
  group: GroupPlan,
  parent: Frame,
  entryOf: Pick<Frame, 'item' | 'index' | 'turn' | 'origins'>,
): void {
  const { run } = parent;
  const frame: Frame = {
    ...entryOf,
    run,
    parent,
    scope: group.scope,
    position: list.length,
    variables: [],
  };
  const faults = run.problems.length;
  let entry: unknown;
  if (group.rows.length > 0) {
    entry = group.gate === undefined || passes(group.gate, frame) ? fillValue(group.rows, frame) : undefined;
  } else if (setVariables(group.plan.variables, group.gate, frame)) {
    const made: Record<string, unknown> = {};
    // `result` paths of a list of documents are those of the document that is being made.
    if (parent.parent === undefined && group.scope.target.length === 1) run.result = made;
    entry = fillObject({ ...group.plan, variables: NONE, gate: undefined }, frame, made);
  }
  // A faulty entry keeps its place, so that the problems of later entries point to the right one.
  if (entry !== undefined || run.problems.length > faults) list.push(entry);
}

const NONE: Variable[] = [];

function passes(gate: Gate, frame: Frame): boolean {
  try {
    return gate.holds(frame);
  } catch (fault) {
    report(frame, gate.index, gate.target, undefined, fault);
    return false;
  }
}

/** A value ready for the result: a decimal as text, structures as checked copies. */
function fillValue(rows: readonly ValueRow[], frame: Frame): unknown {
  const value = readRows(rows, frame);
  if (isDecimalValue(value)) return toPlain(value);
  if (typeof value !== 'object' || value === null) return value;
  const row = rows[0] as ValueRow;
  try {
    return copy(value);
  } catch (fault) {
    report(frame, row.index, row.target, row.from, fault);
    return undefined;
  }
}

/** The first value that the rows give; reports a fault, and a required value that is missing. */
function readRows(rows: readonly ValueRow[], frame: Frame): unknown {
  let required: ValueRow | undefined;
  for (const row of rows) {
    try {
      if (row.holds !== undefined && !row.holds(frame)) {
        if (row.required) required ??= row;
        continue;
      }
      const value = row.value(frame);
      const given = row.constant || !isMissing(value);
      if (frame.run.trace !== undefined) note(frame.run.trace, row, given ? value : row.otherwise);
      if (given) return value;
    } catch (fault) {
      report(frame, row.index, row.target, row.from, fault);
      return undefined;
    }
    if (row.otherwise !== undefined) return row.otherwise;
    if (row.required) required ??= row;
  }
  if (required !== undefined) {
    report(
      frame,
      required.index,
      required.target,
      required.from,
      new ValueFault('the value is missing, and it is required'),
    );
  }
  return undefined;
}

function note(trace: Traced[], { index }: ValueRow, value: unknown): void {
  if (trace.length >= MAX_TRACE) return;
  trace.push({ rule: index, value: isDecimalValue(value) ? toPlain(value) : value });
}

function report(
  frame: Frame,
  rule: number,
  target: readonly Step[],
  from: readonly Step[] | undefined,
  fault: unknown,
): void {
  if (fault === PENDING) return;
  if (!(fault instanceof ValueFault)) throw fault;
  const filled = pathText(target, targetIndexes(frame));
  const source = from === undefined ? undefined : pathText(from, sourceIndexes(frame, from));
  const place = source === undefined ? filled : `${source} (for ${filled})`;
  frame.run.problems.push({
    path: pointer(target, frame),
    from: source,
    rule,
    message: `${place}: ${fault.message}`,
    ...(fault.because === undefined ? {} : { cause: fault.because }),
  });
}

function pointer(target: readonly Step[], frame: Frame): string {
  const indexes = targetIndexes(frame);
  let used = 0;
  return target
    .map((step) => {
      if (step.kind === 'key') return `/${step.key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      const index = indexes[used] ?? 0;
      used += 1;
      return `/${index}`;
    })
    .join('');
}

/** Structures are copied, so that a result never shares parts with its message, and never carries a prototype along. */
function copy(value: object): unknown {
  const unsafe = findUnsafeKey(value);
  if (unsafe !== undefined) throw new ValueFault('the value has a field that can change how programs work');
  try {
    return JSON.parse(JSON.stringify(value)) as unknown;
  } catch {
    throw new ValueFault('the value cannot be written as JSON');
  }
}
