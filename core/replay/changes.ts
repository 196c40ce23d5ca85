/** What differs between a message as it failed and as the current mapping makes it. */
import { type Contract, contractOf, mayShow } from '../dead-letter';
import type { Change } from './api';

const MAX_CHANGES = 50;

/** Undefined when the two cannot be compared: the message had not been mapped when it failed. */
export function changesBetween(
  before: unknown,
  after: unknown,
): { readonly changes: readonly Change[]; readonly more: number } | undefined {
  const contract = contractOf(after);
  if (contract === undefined || contractOf(before)?.name !== contract.name) return undefined;
  const found: Change[] = [];
  let more = 0;
  const note = (path: string, from: unknown, to: unknown): void => {
    if (found.length < MAX_CHANGES) found.push(hidden(contract, path, from, to));
    else more += 1;
  };
  const compare = (from: unknown, to: unknown, path: string): void => {
    if (Object.is(from, to)) return;
    if (!isTree(from) || !isTree(to) || Array.isArray(from) !== Array.isArray(to)) {
      note(path, from, to);
      return;
    }
    const names = new Set([...Object.keys(from), ...Object.keys(to)]);
    for (const name of names) {
      const segment = name.replaceAll('~', '~0').replaceAll('/', '~1');
      compare(from[name], to[name], `${path}/${segment}`);
    }
  };
  compare(before, after, '');
  return { changes: found, more };
}

function hidden(contract: Contract, path: string, before: unknown, after: unknown): Change {
  const mask = mayShow(contract, path);
  const shown = (value: unknown): unknown => {
    if (value === undefined) return null;
    return mask ?? (isTree(value) ? '…' : value);
  };
  return { path, before: shown(before), after: shown(after) };
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
