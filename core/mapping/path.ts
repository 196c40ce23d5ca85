/** Paths of sources and targets, parsed once at compile time. */

import { generateReader } from './generate';

/** One step of a path. `all` goes over every entry of a list; in a target, `group` names which entries are meant. */
export type Step =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'match'; readonly key: string; readonly value: string }
  | { readonly kind: 'all'; readonly group: string };

/** A path that cannot be used, said in words. */
export class PathFault extends Error {}

const FORBIDDEN = new Set(['__proto__', 'prototype', 'constructor']);
const NAME = /[A-Za-z_$][A-Za-z0-9_$-]*/y;
const BRACKET = /\[(?:(\d+)|'([^']*)'|([A-Za-z_][A-Za-z0-9_-]*)=([^\]]*)|([A-Za-z_][A-Za-z0-9_-]*)?)\]/y;

/**
 * Parses `a.b[0].c['d e'][key=x].lines[].sku` or, of a target, `allowancesCharges[freight].amount`.
 * @throws PathFault for anything else, and for names that reach objects' prototypes.
 */
export function parsePath(path: string): Step[] {
  const steps: Step[] = [];
  let position = 0;
  while (position < path.length) {
    if (path[position] === '[') {
      BRACKET.lastIndex = position;
      const match = BRACKET.exec(path);
      if (match === null)
        throw new PathFault(
          `"${path}" has a bracket that is none of [], [0], [name], [key=value] and ['name']`,
        );
      position = BRACKET.lastIndex;
      steps.push(bracketStep(match));
    } else {
      if (position > 0) {
        if (path[position] !== '.')
          throw new PathFault(`"${path}" has an unexpected character at position ${position + 1}`);
        position += 1;
      }
      NAME.lastIndex = position;
      const match = NAME.exec(path);
      if (match === null) throw new PathFault(`"${path}" has no field name at position ${position + 1}`);
      position = NAME.lastIndex;
      steps.push(keyStep(match[0]));
    }
  }
  if (steps.length === 0) throw new PathFault('the path is empty');
  return steps;
}

function bracketStep(match: RegExpExecArray): Step {
  const [, index, quoted, key, value, group] = match;
  if (index !== undefined) return { kind: 'index', index: Number(index) };
  if (quoted !== undefined) return keyStep(quoted);
  if (key !== undefined) return { kind: 'match', key: keyStep(key).key, value: value ?? '' };
  return { kind: 'all', group: group === undefined ? '' : keyStep(group).key };
}

function keyStep(key: string): Step & { kind: 'key' } {
  if (FORBIDDEN.has(key))
    throw new PathFault(`"${key}" must not be used in a path: it reaches into how objects are made`);
  if (key === '') throw new PathFault('a field name is empty');
  return { kind: 'key', key };
}

/** A path as text, with `[]` filled by entries' indexes as far as they are given. */
export function pathText(steps: readonly Step[], indexes: readonly number[] = []): string {
  let text = '';
  let used = 0;
  for (const step of steps) {
    if (step.kind === 'key') text += text === '' ? step.key : `.${step.key}`;
    else if (step.kind === 'index') text += `[${step.index}]`;
    else if (step.kind === 'match') text += `[${step.key}=${step.value}]`;
    else {
      text += `[${indexes[used] ?? step.group}]`;
      used += 1;
    }
  }
  return text;
}

/** Whether two steps are the same. */
export function sameStep(a: Step, b: Step): boolean {
  return pathText([a]) === pathText([b]) && a.kind === b.kind;
}

/** Whether a path begins with another. */
export function startsWith(path: readonly Step[], prefix: readonly Step[]): boolean {
  return prefix.length <= path.length && prefix.every((step, index) => sameStep(step, path[index] as Step));
}

export type Reader = (value: unknown) => unknown;

/**
 * Compiles steps to a function that reads them. Only own members are read; what is not there is undefined. With `[]`
 * the result is the list of all values that are there, flat; an object in the place of a list counts as its one entry.
 */
export function compileReader(steps: readonly Step[]): Reader {
  const [first, ...rest] = steps;
  if (first === undefined) return (value) => value;
  const keys = leadingKeys(steps);
  if (keys.length > 0) {
    const read = generateReader(keys);
    if (keys.length === steps.length) return read;
    const further = compileReader(steps.slice(keys.length));
    return (value) => further(read(value));
  }
  const next = rest.length === 0 ? undefined : compileReader(rest);
  const then = next === undefined ? (value: unknown) => value : next;
  switch (first.kind) {
    case 'key':
      return (value) => then(readKey(value, first.key));
    case 'index': {
      const { index } = first;
      return (value) => (Array.isArray(value) ? then(value[index]) : undefined);
    }
    case 'match': {
      const { key, value: wanted } = first;
      return (value) => {
        if (!Array.isArray(value)) return undefined;
        return then(value.find((entry) => String(readKey(entry, key)) === wanted));
      };
    }
    case 'all': {
      return (value) => {
        const list = entriesOf(value);
        if (next === undefined || list === undefined) return list;
        const found: unknown[] = [];
        for (const entry of list) {
          const read = next(entry);
          if (Array.isArray(read)) found.push(...(read as unknown[]));
          else if (read !== undefined && read !== null) found.push(read);
        }
        return found;
      };
    }
  }
}

function leadingKeys(steps: readonly Step[]): string[] {
  const keys: string[] = [];
  for (const step of steps) {
    if (step.kind !== 'key') break;
    keys.push(step.key);
  }
  return keys;
}

/** A list's entries. Senders that translate XML give a list of one entry as that entry. */
function entriesOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value as unknown[];
  return typeof value === 'object' && value !== null ? [value] : undefined;
}

/** An own member of an object; undefined for anything else. */
export function readKey(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
