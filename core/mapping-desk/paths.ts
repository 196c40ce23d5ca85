/** Paths of specs as plain text that can be compared: lists without the names, numbers and qualifiers of their entries. */
import { PathFault, parsePath, pathText, type Step } from '../mapping/path';

/** A path's steps; undefined where it is none. */
export function stepsOf(path: string): Step[] | undefined {
  try {
    return parsePath(path);
  } catch (fault) {
    if (fault instanceof PathFault) return undefined;
    throw fault;
  }
}

/** `lines[].item.identifiers[sku].value` as `lines[].item.identifiers[].value`. */
export function plainPath(path: string): string {
  const steps = stepsOf(path);
  return steps === undefined ? path : plainSteps(steps);
}

export function plainSteps(steps: readonly Step[]): string {
  return pathText(steps.map((step) => (step.kind === 'key' ? step : { kind: 'all', group: '' })));
}

/** A JSON pointer as a plain path; `list` when the pointer begins with the number of a document. */
export function pathOfPointer(pointer: string, list: boolean): string {
  const segments = pointer.split('/').slice(list ? 2 : 1);
  let path = '';
  for (const segment of segments) {
    if (/^\d+$/.test(segment) && path !== '') path += '[]';
    else path += path === '' ? segment : `.${segment}`;
  }
  return path.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** Whether a path is another one or lies below it. */
export function isWithin(path: string, parent: string): boolean {
  if (!path.startsWith(parent)) return false;
  const next = path[parent.length];
  return next === undefined || next === '.' || next === '[';
}

/** The path of the list that a path is in: `lines[]` of `lines[].unit`; '' for the document. */
export function listOf(path: string): string {
  const end = path.lastIndexOf('[]');
  return end < 0 ? '' : path.slice(0, end + 2);
}

/** What is at a plain path: all values, flat. */
export function valuesAt(value: unknown, path: string): unknown[] {
  const steps = stepsOf(path) ?? [];
  let found: unknown[] = [value];
  for (const step of steps) {
    found = found.flatMap((item): unknown[] => {
      if (step.kind === 'key') {
        const has = typeof item === 'object' && item !== null && Object.hasOwn(item, step.key);
        return has ? [(item as Record<string, unknown>)[step.key]] : [];
      }
      if (!Array.isArray(item)) return [];
      const list = item as unknown[];
      if (step.kind === 'index') return step.index < list.length ? [list[step.index]] : [];
      if (step.kind === 'all') return list;
      return list
        .filter((entry) => String((entry as Record<string, unknown> | null)?.[step.key]) === step.value)
        .slice(0, 1);
    });
  }
  return found;
}
