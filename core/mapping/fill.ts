/** The compiled rows of a plan as functions that fill a document. */
import { findUnsafeKey } from '../canonical/parse-json';
import { isNum, plainText } from './fixed';
import { type Evaluate, Frame, isMissing, ValueFault } from './frame';
import { type Generated, generateFiller } from './generate';
import type { Reader } from './path';
import type { Gate, GroupPlan, Member, ObjectPlan, Plan, ValueRow, Variable } from './plan';
import { report } from './report';
import type { Traced } from './types';

/** Most rows that a trace keeps. */
const MAX_TRACE = 10_000;

/** Fills its part of an object; whether there was something to fill in. */
type Fill = (result: Record<string, unknown>, frame: Frame) => boolean;

/** Compiles a plan to the function that makes the document, or the list of documents. */
export function compileFiller({ root, list }: Plan): (frame: Frame) => unknown {
  if (list !== undefined) return compileList(list);
  const prepare = compilePreparation(root.variables, root.gate);
  const fill = compileObject(root);
  return (frame) => {
    if (prepare(frame)) fill(frame.run.result, frame);
    return frame.run.result;
  };
}

function compileObject({ members }: ObjectPlan): Fill {
  // An object that its own rows read (`result: totals.charge`) is attached before it is filled, and so needs its holder.
  const parts: Fill[] = [];
  let simple: Generated<Frame>[] = [];
  const close = (): void => {
    if (simple.length > 0) parts.push(generateFiller(simple));
    simple = [];
  };
  for (const [key, member] of members) {
    if (member.kind !== 'object' || !member.attached)
      simple.push({ key, make: compileMember(member), list: member.kind === 'list' });
    else {
      close();
      parts.push(compileAttached(key, member.plan));
    }
  }
  close();
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  return (result, frame) => {
    let filled = false;
    for (const part of parts) if (part(result, frame)) filled = true;
    return filled;
  };
}

function compileMember(member: Member): Evaluate {
  if (member.kind === 'value') return compileValues(member.rows);
  if (member.kind === 'list') return compileList(member.groups);
  const { plan } = member;
  const prepare = compilePreparation(plan.variables, plan.gate);
  const fill = compileObject(plan);
  return (frame) => {
    if (!prepare(frame)) return undefined;
    const child: Record<string, unknown> = {};
    return fill(child, frame) ? child : undefined;
  };
}

function compileAttached(key: string, plan: ObjectPlan): Fill {
  const prepare = compilePreparation(plan.variables, plan.gate);
  const fill = compileObject(plan);
  return (result, frame) => {
    if (!prepare(frame)) return false;
    const child: Record<string, unknown> = {};
    result[key] = child;
    if (fill(child, frame)) return true;
    delete result[key];
    return false;
  };
}

/** Sets variables and asks the gate, each in its place among the rows; whether the object is to be made. */
function compilePreparation(
  variables: readonly Variable[],
  gate: Gate | undefined,
): (frame: Frame) => boolean {
  if (variables.length === 0) return gate === undefined ? () => true : (frame) => passes(gate, frame);
  const reads = variables.map(({ slot, rows }) => ({ slot, rows, first: rows[0]?.index ?? 0 }));
  return (frame) => {
    let asked = gate === undefined;
    for (const { slot, rows, first } of reads) {
      if (!asked && gate !== undefined && gate.index < first) {
        if (!passes(gate, frame)) return false;
        asked = true;
      }
      frame.variables[slot] = readRows(rows, frame);
    }
    return asked || gate === undefined || passes(gate, frame);
  };
}

function compileList(groups: readonly GroupPlan[]): (frame: Frame) => unknown[] {
  const adds = groups.map(compileGroup);
  return (frame) => {
    const list: unknown[] = [];
    for (const add of adds) add(list, frame);
    return list;
  };
}

function compileGroup(group: GroupPlan): (list: unknown[], frame: Frame) => void {
  const { scope, each, groupBy } = group;
  const make = compileEntry(group);
  const addEntry = (list: unknown[], frame: Frame): void => {
    frame.position = list.length;
    const { problems } = frame.run;
    const faults = problems.length;
    const entry = make(frame);
    // A faulty entry keeps its place, so that the problems of later entries point to the right one.
    if (entry !== undefined || problems.length > faults) list.push(entry);
  };
  if (each === undefined)
    return (list, frame) => addEntry(list, new Frame(frame.run, frame, scope, frame.item));
  return (list, frame) => {
    const items = each(frame);
    if (!Array.isArray(items)) return;
    if (groupBy !== undefined) {
      bundle(items, groupBy).forEach((origins, turn) => {
        const item = origins.map((index) => items[index] as unknown);
        addEntry(list, new Frame(frame.run, frame, scope, item, origins[0], turn, origins));
      });
      return;
    }
    // Over the entries of a group: they keep the index that they have in the message.
    const origins = scope.each === frame.scope.each ? frame.origins : undefined;
    for (let turn = 0; turn < items.length; turn += 1)
      addEntry(list, new Frame(frame.run, frame, scope, items[turn], origins?.[turn] ?? turn, turn));
  };
}

/** Makes one entry of a list; undefined when its gate is shut or nothing in it has a value. */
function compileEntry({ rows, plan, gate, scope }: GroupPlan): (frame: Frame) => unknown {
  if (rows.length > 0) {
    const read = compileValues(rows);
    return (frame) => (gate === undefined || passes(gate, frame) ? read(frame) : undefined);
  }
  const prepare = compilePreparation(plan.variables, gate);
  const fill = compileObject(plan);
  const isDocument = scope.target.length === 1;
  return (frame) => {
    if (!prepare(frame)) return undefined;
    const made: Record<string, unknown> = {};
    // `result` paths of a list of documents are those of the document that is being made.
    if (isDocument) frame.run.result = made;
    return fill(made, frame) ? made : undefined;
  };
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

function passes(gate: Gate, frame: Frame): boolean {
  try {
    return gate.holds(frame);
  } catch (fault) {
    report(frame, gate.index, gate.target, undefined, fault);
    return false;
  }
}

/** The value of rows, ready for the result: a decimal as text, structures as checked copies. */
function compileValues(rows: readonly ValueRow[]): Evaluate {
  const [first] = rows;
  return (frame) => {
    const value = readRows(rows, frame);
    if (typeof value !== 'object' || value === null) return value;
    if (isNum(value)) return plainText(value);
    try {
      return copy(value);
    } catch (fault) {
      if (first !== undefined) report(frame, first.index, first.target, first.from, fault);
      return undefined;
    }
  };
}

/** The first value that the rows give; reports a fault, and a required value that is missing. */
function readRows(rows: readonly ValueRow[], frame: Frame): unknown {
  let required: ValueRow | undefined;
  let at = 0;
  try {
    for (; at < rows.length; at += 1) {
      const row = rows[at] as ValueRow;
      if (row.holds === undefined || row.holds(frame)) {
        const value = row.value(frame);
        const given = row.constant || !isMissing(value);
        if (frame.run.trace !== undefined) note(frame.run.trace, row, given ? value : row.otherwise);
        if (given) return value;
        if (row.otherwise !== undefined) return row.otherwise;
      }
      if (row.required) required ??= row;
    }
  } catch (fault) {
    const { index, target, from } = rows[at] as ValueRow;
    report(frame, index, target, from, fault);
    return undefined;
  }
  if (required === undefined) return undefined;
  const missing = new ValueFault('the value is missing, and it is required');
  report(frame, required.index, required.target, required.from, missing);
  return undefined;
}

function note(trace: Traced[], { index }: ValueRow, value: unknown): void {
  if (trace.length < MAX_TRACE) trace.push({ rule: index, value: isNum(value) ? plainText(value) : value });
}

/** Structures are copied, so that a result never shares parts with its message, and never carries a prototype along. */
function copy(value: object): unknown {
  if (Array.isArray(value) && value.length === 0) return [];
  const unsafe = findUnsafeKey(value);
  if (unsafe !== undefined) throw new ValueFault('the value has a field that can change how programs work');
  try {
    return JSON.parse(
      JSON.stringify(value, (_key, part: unknown) => (isNum(part) ? plainText(part) : part)),
    ) as unknown;
  } catch {
    throw new ValueFault('the value cannot be written as JSON');
  }
}
