/** Which source fields the rows of a spec read: with variables, conditions, operands; of JSONata by its names. */
import type { MappingSpec, Rule } from '../mapping';
import { isWithin, plainPath } from './paths';

export interface Reads {
  /** Whether any row reads this source field (a plain path). */
  uses(path: string): boolean;
}

interface Read {
  readonly path: string;
  /** The value is taken whole: everything below it is read, too. */
  readonly whole: boolean;
}

const MAX_EXPANSION = 4;

/** Never throws: a spec that is being edited may hold anything. */
export function readsOf(spec: Pick<MappingSpec, 'rules'>): Reads {
  const rules = (Array.isArray(spec.rules) ? spec.rules : []).filter(
    (rule): rule is Rule => typeof rule === 'object' && rule !== null,
  );
  const variables = new Map<string, Read[]>();
  const reads: Read[] = [];
  const names = new Set<string>();
  for (const rule of rules) {
    const own: Read[] = [];
    gather(rule, own, names);
    const variable = /\$[A-Za-z0-9_]+$/.exec(String(rule.target))?.[0];
    if (variable === undefined) {
      reads.push(...own);
      continue;
    }
    // A variable reads nothing by itself, what reads the variable does; its conditions and operands read at once.
    const sources = new Set(fromOf(rule));
    reads.push(...own.filter(({ path, whole }) => !whole || !sources.has(path)));
    const known = variables.get(variable) ?? [];
    variables.set(variable, [...known, ...own.filter(({ path, whole }) => whole && sources.has(path))]);
  }
  for (const rule of rules) {
    if (rule.groupBy === undefined || typeof rule.each !== 'string') continue;
    variables.set('$group', [
      ...(variables.get('$group') ?? []),
      { path: rule.each.replace(/\[\]$/, ''), whole: true },
    ]);
  }
  const expanded = reads.flatMap((read) => expand(read, variables, 0));
  const exact = new Set(expanded.map(({ path }) => plainPath(path)));
  const whole = [...new Set(expanded.filter((read) => read.whole).map(({ path }) => plainPath(path)))];
  return {
    uses: (path) =>
      exact.has(path) || whole.some((read) => isWithin(path, read)) || names.has(lastName(path)),
  };
}

/** The last field name of a path. */
export function lastName(path: string): string {
  return /([^.[\]']+)(?:\[[^\]]*\]|'\])*$/.exec(path)?.[1] ?? path;
}

function fromOf({ from }: Rule): readonly string[] {
  if (from === undefined) return [];
  return typeof from === 'string' ? [from] : from;
}

function expand({ path, whole }: Read, variables: ReadonlyMap<string, Read[]>, depth: number): Read[] {
  const name = /^\$[A-Za-z0-9_]+/.exec(path)?.[0];
  if (name === undefined) return [{ path, whole }];
  if (depth >= MAX_EXPANSION) return [];
  const rest = path.slice(name.length);
  return (variables.get(name) ?? []).flatMap((read) =>
    expand({ path: read.path + rest, whole }, variables, depth + 1),
  );
}

/** All paths in a rule, condition or operand. */
function gather(value: object, reads: Read[], names: Set<string>): void {
  const spec = value as Readonly<Record<string, unknown>>;
  const { from, jsonata, transforms, where, each, groupBy } = spec;
  const paths = (Array.isArray(from) ? (from as unknown[]) : [from]).filter(
    (path) => typeof path === 'string',
  );
  for (const path of paths) reads.push({ path, whole: true });
  for (const path of [each, ...(Array.isArray(groupBy) ? (groupBy as unknown[]) : [groupBy])]) {
    if (typeof path === 'string') reads.push({ path, whole: false });
  }
  if (typeof jsonata === 'string') {
    for (const name of jsonata.match(/[A-Za-z_][A-Za-z0-9_]*/g) ?? []) names.add(name);
  }
  for (const condition of Array.isArray(where) ? (where as unknown[]) : []) {
    if (typeof condition !== 'object' || condition === null) continue;
    const own: Read[] = [];
    gather(condition, own, names);
    reads.push(...own.map(({ path }) => ({ path, whole: false })));
  }
  for (const transform of Array.isArray(transforms) ? (transforms as unknown[]) : []) {
    if (typeof transform === 'object' && transform !== null) gatherTransform(transform, paths, reads, names);
  }
}

function gatherTransform(
  transform: object,
  paths: readonly string[],
  reads: Read[],
  names: Set<string>,
): void {
  for (const [name, argument] of Object.entries(transform) as [string, unknown][]) {
    if (name === 'pluck' && typeof argument === 'string') {
      for (const path of paths) reads.push({ path: `${path}.${argument}`, whole: true });
    }
    if (typeof argument !== 'object' || argument === null) continue;
    const members = argument as Readonly<Record<string, unknown>>;
    if (name === 'find' && typeof members['in'] === 'string') {
      for (const member of [members['key'], members['value']]) {
        if (typeof member === 'string') reads.push({ path: `${members['in']}.${member}`, whole: true });
      }
    } else if (name === 'filter' && typeof members['key'] === 'string') {
      for (const path of paths) reads.push({ path: `${path}.${members['key']}`, whole: false });
    } else {
      const operands = Array.isArray(argument)
        ? (argument as unknown[])
        : [argument, ...Object.values(members)];
      for (const operand of operands.flat()) {
        if (typeof operand === 'object' && operand !== null) gather(operand, reads, names);
      }
    }
  }
}
