/** Running a compiled plan over one message. */
import { isDecimalValue, toPlain } from '../canonical/decimal';
import { findUnsafeKey } from '../canonical/parse-json';
import { type Frame, isMissing, type Run, sourceIndexes, targetIndexes, ValueFault } from './frame';
import { pathText, type Step } from './path';
import type { Gate, GroupPlan, ObjectPlan, Plan, ValueRow, Variable } from './plan';

/** Rounds of computing expressions: each may ask for others that depend on it. */
const MAX_ROUNDS = 8;

/**
 * Translates one message: all rows, all faults.
 *
 * Rows run synchronously. A row that needs an expression's result for the first time asks for it and is passed over;
 * the wanted results are awaited together and the rows run again, so that a spec without expressions pays nothing.
 */
export async function runPlan(
  plan: Plan,
  start: Pick<Run, 'source' | 'context' | 'mappingVersion'>,
): Promise<Run> {
  const answers: Run['answers'] = new Map();
  for (let round = 0; ; round += 1) {
    const run: Run = { ...start, problems: [], result: {}, answers, wanted: new Map() };
    fillObject(plan.root, rootFrame(run, plan), run.result);
    if (run.wanted.size === 0 || round === MAX_ROUNDS) return run;
    for (const [key, evaluate] of run.wanted) {
      try {
        answers.set(key, { value: await evaluate() });
      } catch (fault) {
        answers.set(key, { fault: `the expression failed: ${expressionFault(fault)}` });
      }
    }
  }
}

function rootFrame(run: Run, plan: Plan): Frame {
  return {
    run,
    parent: undefined,
    scope: plan.scope,
    item: run.source,
    index: 0,
    position: 0,
    variables: [],
  };
}

/** JSONata's codes are stable and safe; its messages may quote values of the message. */
function expressionFault(fault: unknown): string {
  const code = typeof fault === 'object' && fault !== null && 'code' in fault ? fault.code : undefined;
  return typeof code === 'string' ? `JSONata error ${code}` : 'see the expression';
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
    if (group.each === undefined) addEntry(list, group, frame, frame.item, 0);
    else {
      const items = group.each(frame);
      if (!Array.isArray(items)) continue;
      for (let index = 0; index < items.length; index += 1) addEntry(list, group, frame, items[index], index);
    }
  }
  return list;
}

function addEntry(list: unknown[], group: GroupPlan, parent: Frame, item: unknown, index: number): void {
  const frame: Frame = {
    run: parent.run,
    parent,
    scope: group.scope,
    item,
    index,
    position: list.length,
    variables: [],
  };
  const faults = parent.run.problems.length;
  let entry: unknown;
  if (group.rows.length > 0) {
    entry = group.gate === undefined || passes(group.gate, frame) ? fillValue(group.rows, frame) : undefined;
  } else if (setVariables(group.plan.variables, group.gate, frame)) {
    entry = fillObject({ ...group.plan, variables: NONE }, frame);
  }
  // A faulty entry keeps its place, so that the problems of later entries point to the right one.
  if (entry !== undefined || parent.run.problems.length > faults) list.push(entry);
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
      if (row.constant || !isMissing(value)) return value;
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

function report(
  frame: Frame,
  rule: number,
  target: readonly Step[],
  from: readonly Step[] | undefined,
  fault: unknown,
): void {
  if (!(fault instanceof ValueFault)) throw fault;
  const filled = pathText(target, targetIndexes(frame));
  const source = from === undefined ? undefined : pathText(from, sourceIndexes(frame, from));
  const place = source === undefined ? filled : `${source} (for ${filled})`;
  frame.run.problems.push({
    path: pointer(target, frame),
    from: source,
    rule,
    message: `${place}: ${fault.message}`,
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
