/** What earlier mappings took for which target: learned from the mappings that are there, by the fields' names. */
import type { MappingSpec, Rule } from '../../mapping';
import { plainPath } from '../paths';
import { nameOf } from './names';

export interface Memory {
  /** How many mappings took a field of this name for this target. */
  times(target: string, source: string): number;
}

/** Learns from specs; each counts once per target and name. */
export function learn(specs: readonly MappingSpec[]): Memory {
  const counts = new Map<string, number>();
  for (const spec of specs) {
    const seen = new Set<string>();
    const variables = new Map<string, string[]>();
    for (const rule of spec.rules) {
      if (calculates(rule)) continue;
      if (calculates(rule)) continue;
      const sources = sourcesOf(rule, variables);
      const variable = /\$[A-Za-z0-9_]+$/.exec(rule.target)?.[0];
      if (variable !== undefined) {
        variables.set(variable, [...(variables.get(variable) ?? []), ...sources]);
        continue;
      }
      for (const source of sources.slice(0, 3)) seen.add(keyOf(plainPath(rule.target), source));
    }
    for (const key of seen) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const names = new Map<string, string>();
  const nameKey = (source: string): string => {
    const known = names.get(source);
    if (known !== undefined) return known;
    const fresh = nameKeyOf(source);
    names.set(source, fresh);
    return fresh;
  };
  return { times: (target, source) => counts.get(`${plainPath(target)} ${nameKey(source)}`) ?? 0 };
}

export const NO_MEMORY: Memory = { times: () => 0 };

const CALCULATIONS = new Set(['add', 'subtract', 'multiply', 'divide', 'count', 'concat', 'find', 'filter']);

/** A row that makes something else of the field says nothing about what the field is. */
function calculates({ transforms, where }: Rule): boolean {
  if (
    where?.some(({ greaterThan, lessThan }) => greaterThan !== undefined || lessThan !== undefined) === true
  )
    return true;
  return (transforms ?? []).some((each) =>
    CALCULATIONS.has(typeof each === 'string' ? each : (Object.keys(each)[0] ?? '')),
  );
}

/** The fields that a row takes its value from, variables followed. */
function sourcesOf({ from }: Rule, variables: ReadonlyMap<string, readonly string[]>): string[] {
  const paths = from === undefined ? [] : typeof from === 'string' ? [from] : [...from];
  return paths.flatMap((path) => {
    const name = /^\$[A-Za-z0-9_]+/.exec(path)?.[0];
    if (name === undefined) return [path];
    return (variables.get(name) ?? []).map((base) => base + path.slice(name.length));
  });
}

/** Target, the field's own words, and whose it is: `line_items[].sku` of one partner is `items[].SKU` of another. */
function keyOf(target: string, source: string): string {
  return `${target} ${nameKeyOf(source)}`;
}

function nameKeyOf(source: string): string {
  const { own, around } = nameOf(source);
  return `${own.join(' ')} < ${around.at(-1) ?? ''}`;
}
