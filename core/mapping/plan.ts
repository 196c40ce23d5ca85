/** The rows of a spec as a tree in the shape of the result, with everything compiled. */
import type { ExpressionEngine } from '../expression';
import { compileSource, type Evaluate, type Frame, type Scope, SpecFault, specPath } from './frame';
import { compileReader, pathText, type Reader, type Step, startsWith } from './path';
import { firstRows, sortByRows, sortGroups } from './plan-order';
import type { JsonScalar, MappingSpec, Rule } from './types';
import { compileConditions, compileValue, hasSource, ONE_SOURCE, type ValueCompiler } from './value';

/** One row that gives a value. */
export interface ValueRow {
  readonly index: number;
  readonly target: readonly Step[];
  /** The source path for messages; the first one of several. */
  readonly from: readonly Step[] | undefined;
  readonly holds: ((frame: Frame) => boolean) | undefined;
  readonly value: Evaluate;
  /** The value is written in the spec: it counts even when it is empty. */
  readonly constant: boolean;
  readonly otherwise: JsonScalar | undefined;
  readonly required: boolean;
}

/** What decides whether an object or a list's entries are made. */
export interface Gate {
  readonly index: number;
  readonly target: readonly Step[];
  readonly holds: (frame: Frame) => boolean;
}

export interface Variable {
  readonly slot: number;
  readonly rows: ValueRow[];
}

export interface ObjectPlan {
  gate: Gate | undefined;
  /** In the order of their first rows. */
  readonly variables: Variable[];
  readonly members: Map<string, Member>;
}

/** What fills one member: rows (the first that gives a value), an object, or groups of list entries. */
export type Member =
  | { readonly kind: 'value'; readonly rows: ValueRow[] }
  | { readonly kind: 'object'; readonly plan: ObjectPlan; readonly attached: boolean }
  | { readonly kind: 'list'; readonly groups: GroupPlan[] };

export interface GroupPlan {
  readonly scope: Scope;
  /** The source list; undefined for a single entry. */
  readonly each: Evaluate | undefined;
  /** What makes entries of the source list one entry of the target. */
  readonly groupBy: readonly Reader[] | undefined;
  gate: Gate | undefined;
  /** Entries that are objects. */
  readonly plan: ObjectPlan;
  /** Entries that are plain values. */
  readonly rows: ValueRow[];
}

export interface Plan {
  readonly root: ObjectPlan;
  /** The mapping gives a list of documents; `root` is then empty. */
  readonly list: GroupPlan[] | undefined;
  readonly scope: Scope;
}

export interface PlanOptions {
  readonly expression: ExpressionEngine | undefined;
  readonly mayQuote: (target: string) => boolean;
  /** Indexes of rules that are not looked at. */
  readonly leaveOut: ReadonlySet<number | undefined>;
}

/** A fault of the spec at one rule. */
export class RuleFault extends Error {
  constructor(
    readonly rule: number,
    message: string,
  ) {
    super(message);
  }
}

interface Place {
  readonly plan: ObjectPlan;
  readonly scope: Scope;
}

interface Parsed {
  readonly rule: Rule;
  readonly index: number;
  target: readonly Step[];
}

const EACH: Step = { kind: 'all', group: '' };

const MAX_QUOTE = 40;

/**
 * Compiles a spec that its schema has accepted.
 * @returns the plan, or what is wrong with the rows.
 */
export function buildPlan(
  spec: MappingSpec,
  options: PlanOptions,
): { plan: Plan; faults: readonly RuleFault[] } {
  const builder = new PlanBuilder(spec, options);
  return { plan: builder.plan, faults: builder.faults };
}

class PlanBuilder {
  readonly plan: Plan;
  readonly faults: RuleFault[] = [];
  readonly #options: PlanOptions;
  readonly #tables: ReadonlyMap<string, ReadonlyMap<string, JsonScalar>>;
  readonly #groups = new Map<string, GroupPlan>();
  /** Where rows read what the rows above them have made. */
  readonly #results: readonly (readonly Step[])[];
  #places = 0;

  constructor(spec: MappingSpec, options: PlanOptions) {
    this.#options = options;
    this.#results = resultPaths(spec.rules);
    this.#tables = new Map(
      Object.entries(spec.tables ?? {}).map(([name, table]) => [name, new Map(Object.entries(table))]),
    );
    const parsed: Parsed[] = [];
    spec.rules.forEach((rule, index) => {
      if (options.leaveOut.has(index)) return;
      this.#guard(index, () => parsed.push({ rule, index, target: specPath(rule.target) }));
    });
    const isList = parsed.some(({ target }) => target[0]?.kind === 'all');
    // Targets of a list of documents are written as those of one document.
    if (isList)
      for (const row of parsed) if (row.target[0]?.kind !== 'all') row.target = [EACH, ...row.target];
    this.plan = {
      root: emptyObject(),
      list: isList ? [] : undefined,
      scope: { parent: undefined, target: [], each: undefined, grouped: false, variables: new Map() },
    };
    // Repetitions first, from the outside in: every other row needs to know which lists it runs through.
    const lists = parsed.filter(({ target }) => target.at(-1)?.kind === 'all');
    for (const row of lists.toSorted((a, b) => a.target.length - b.target.length)) {
      this.#guard(row.index, () => this.#addGroup(row));
    }
    for (const row of parsed) this.#guard(row.index, () => this.#addRow(row));
    const first = firstRows(parsed);
    sortByRows(this.plan.root, [], first);
    sortGroups(this.plan.list ?? [], first);
  }

  /** The first fault of a row explains it: what follows from it only repeats. */
  #guard(index: number, work: () => void): void {
    if (this.faults.some(({ rule }) => rule === index)) return;
    try {
      work();
    } catch (fault) {
      if (!(fault instanceof SpecFault)) throw fault;
      this.faults.push(new RuleFault(index, fault.message));
    }
  }

  #addGroup({ rule, target }: Parsed): void {
    if (rule.each === undefined && hasSource(rule)) {
      this.#group(target);
      return;
    }
    if (this.#groups.has(pathText(target))) {
      throw new SpecFault(
        `${rule.target} is set up by two rows; give one of them a name, for example ${rule.target.replace(/\[[^[]*\]$/, '[second]')}`,
      );
    }
    this.#group(target, rule);
  }

  #addRow(row: Parsed): void {
    const { rule, target } = row;
    const last = target.at(-1) as Step;
    if (last.kind === 'all') {
      const group = this.#group(target);
      const compiler = this.#compiler(rule, group.scope);
      if (rule.where !== undefined) group.gate = gate(row, compiler);
      if (hasSource(rule)) {
        if (target.length === 1) throw new SpecFault('a document is an object, not one value');
        group.rows.push(compileRow(row, compiler));
      } else if (rule.where === undefined && rule.each === undefined) {
        throw new SpecFault('a list row needs each, where or a value');
      }
      return;
    }
    if (last.kind !== 'key') throw new SpecFault('a target must not have [0] or [key=value]');
    const { plan, scope } = this.#place(target.slice(0, -1));
    const compiler = this.#compiler(rule, scope);
    if (rule.each !== undefined || rule.groupBy !== undefined)
      throw new SpecFault('each and groupBy belong to a target that ends with []');
    if (last.key.startsWith('$')) this.#addVariable(row, last.key, plan, compiler);
    else if (hasSource(rule)) addValue(row, last.key, plan, compiler);
    else if (rule.where !== undefined) this.#place(target).plan.gate = gate(row, compiler);
    else throw new SpecFault(ONE_SOURCE);
  }

  #addVariable(row: Parsed, name: string, plan: ObjectPlan, compiler: ValueCompiler): void {
    const { scope } = compiler;
    if (row.target.length - 1 !== scope.target.length)
      throw new SpecFault('a variable belongs to the root or to a list entry');
    const compiled = compileRow(row, compiler);
    const slot = scope.variables.get(name);
    if (slot !== undefined) plan.variables.find((variable) => variable.slot === slot)?.rows.push(compiled);
    else {
      // Known only from here on, so that a row cannot read a variable that is set after it.
      scope.variables.set(name, scope.variables.size);
      plan.variables.push({ slot: scope.variables.size - 1, rows: [compiled] });
    }
  }

  #isRead(target: readonly Step[]): boolean {
    // `result` paths of a list of documents are those of one document.
    const place = target[0]?.kind === 'all' ? target.slice(1) : target;
    return this.#results.some((path) => startsWith(path, place));
  }

  /** The object plan at a target path, made where it is not there yet. */
  #place(target: readonly Step[]): Place {
    let place: Place = { plan: this.plan.root, scope: this.plan.scope };
    for (let index = 0; index < target.length; index += 1) {
      const step = target[index] as Step;
      if (step.kind === 'all' && index === 0) {
        const group = this.#group([step]);
        place = { plan: group.plan, scope: group.scope };
        continue;
      }
      if (step.kind !== 'key') throw new SpecFault('a target must not have [0] or [key=value]');
      const next = target[index + 1];
      if (next?.kind === 'all') {
        const group = this.#group(target.slice(0, index + 2));
        place = { plan: group.plan, scope: group.scope };
        index += 1;
        continue;
      }
      const { members } = place.plan;
      const member: Member = members.get(step.key) ?? {
        kind: 'object',
        plan: emptyObject(),
        attached: this.#isRead(target.slice(0, index + 1)),
      };
      if (member.kind !== 'object')
        throw new SpecFault(
          `${pathText(target.slice(0, index + 1))} is a ${member.kind}, so nothing can be filled below it`,
        );
      members.set(step.key, member);
      place = { plan: member.plan, scope: place.scope };
    }
    return place;
  }

  /** The group of list entries at a target path, made where it is not there yet. */
  #group(target: readonly Step[], { each, groupBy }: Pick<Rule, 'each' | 'groupBy'> = {}): GroupPlan {
    const found = this.#groups.get(pathText(target));
    if (found !== undefined) return found;
    const name = groupName(target);
    if (each === undefined && name === '') {
      throw new SpecFault(`no row says what ${pathText(target)} repeats over (each)`);
    }
    if (each === undefined && groupBy !== undefined) throw new SpecFault('groupBy needs each');
    const { groups, scope } = this.#list(target);
    const steps = each === undefined ? undefined : eachSteps(each, scope);
    const grouped = groupBy !== undefined;
    const group: GroupPlan = {
      scope: { parent: scope, target, each: steps, grouped, variables: new Map() },
      each: each === undefined ? undefined : compileSource(each, scope),
      groupBy: groupBy === undefined ? undefined : groupReaders(groupBy, steps ?? []),
      gate: undefined,
      plan: emptyObject(),
      rows: [],
    };
    groups.push(group);
    this.#groups.set(pathText(target), group);
    return group;
  }

  /** The groups of the list that a target's last `[]` belongs to, made where it is not there yet. */
  #list(target: readonly Step[]): { groups: GroupPlan[]; scope: Scope } {
    if (target.length === 1) return { groups: this.plan.list ?? [], scope: this.plan.scope };
    const list = target.at(-2);
    if (list?.kind !== 'key') throw new SpecFault('a list inside a list is not supported');
    const { plan, scope } = this.#place(target.slice(0, -2));
    const member: Member = plan.members.get(list.key) ?? { kind: 'list', groups: [] };
    if (member.kind !== 'list')
      throw new SpecFault(`${pathText(target.slice(0, -1))} is a ${member.kind}, not a list`);
    plan.members.set(list.key, member);
    return { groups: member.groups, scope };
  }

  #compiler(rule: Rule, scope: Scope): ValueCompiler {
    const mayQuote = !rule.target.includes('$') && this.#options.mayQuote(rule.target);
    return {
      scope,
      tables: this.#tables,
      expression: this.#options.expression,
      nextPlace: () => {
        this.#places += 1;
        return this.#places;
      },
      name: (value) => {
        if (!mayQuote || typeof value === 'object') return 'the value';
        const text = String(value);
        return JSON.stringify(text.length > MAX_QUOTE ? `${text.slice(0, MAX_QUOTE)}...` : text);
      },
    };
  }
}

/** All `result` paths of the rules, however deep in operands they stand; a faulty one is told where it is compiled. */
function resultPaths(value: unknown): Step[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    if (key !== 'result' || typeof member !== 'string') return resultPaths(member);
    try {
      return [specPath(member)];
    } catch {
      return [];
    }
  });
}

function emptyObject(): ObjectPlan {
  return { gate: undefined, variables: [], members: new Map() };
}

function groupName(target: readonly Step[]): string {
  const last = target.at(-1);
  return last?.kind === 'all' ? last.group : '';
}

/** The very steps of the scope above when it repeats over a group of the same list: then both share its index. */
function eachSteps(each: string, { grouped, each: above }: Scope): readonly Step[] {
  const steps = specPath(each);
  if (steps.at(-1)?.kind !== 'all') throw new SpecFault(`each must end with [], for example ${each}[]`);
  return grouped && above !== undefined && pathText(above) === pathText(steps) ? above : steps;
}

function groupReaders(groupBy: string | readonly string[], each: readonly Step[]): Reader[] {
  return [groupBy].flat().map((path) => {
    const steps = specPath(path);
    if (!startsWith(steps, each))
      throw new SpecFault(
        `groupBy must be a path into ${pathText(each)}, for example ${pathText(each)}.number`,
      );
    return compileReader(steps.slice(each.length));
  });
}

function addValue(row: Parsed, key: string, plan: ObjectPlan, compiler: ValueCompiler): void {
  const member: Member = plan.members.get(key) ?? { kind: 'value', rows: [] };
  if (member.kind !== 'value')
    throw new SpecFault(`${row.rule.target} is filled by other rows as a ${member.kind} already`);
  plan.members.set(key, member);
  member.rows.push(compileRow(row, compiler));
}

function compileRow({ rule, index, target }: Parsed, compiler: ValueCompiler): ValueRow {
  const first = typeof rule.from === 'object' ? rule.from[0] : rule.from;
  return {
    index,
    target,
    from: first === undefined ? undefined : specPath(first),
    holds: rule.where === undefined ? undefined : compileConditions(rule.where, compiler),
    value: compileValue(rule, compiler),
    constant: rule.const !== undefined && rule.transforms === undefined,
    otherwise: rule.default,
    required: rule.required ?? false,
  };
}

function gate({ rule, index, target }: Parsed, compiler: ValueCompiler): Gate {
  return { index, target, holds: compileConditions(rule.where ?? [], compiler) };
}
