/** Checks that every canonical object shares: unique ids, references, parents, spans of time. */
import type { CanonicalProblem } from './problem';

/**
 * Ids that must be unique in a list; rows without one are left out.
 * @param path JSON pointer of the list
 * @param field the id's field, named at the end of the problem's path
 * @param what the row and its id in words: "line", "line id"
 */
export function checkUnique<Row>(
  rows: readonly Row[],
  path: string,
  field: string,
  idOf: (row: Row) => string | undefined,
  what: { row: string; id: string; within: string },
): CanonicalProblem[] {
  const problems: CanonicalProblem[] = [];
  const seen = new Map<string, number>();
  rows.forEach((row, index) => {
    const id = idOf(row);
    if (id === undefined) return;
    const first = seen.get(id);
    if (first === undefined) seen.set(id, index);
    else {
      problems.push({
        path: `${path}/${index}/${field}`,
        kind: 'identity',
        message: `${what.row}s ${first + 1} and ${index + 1} have the same ${what.id}; it must be unique in the ${what.within}`,
      });
    }
  });
  return problems;
}

/**
 * Parents within one list: each must be there, and nobody may be its own ancestor.
 * @param parentOf index of the parent; undefined for a row without one; -1 for one that is not in the list
 */
export function checkParents<Row>(
  rows: readonly Row[],
  path: string,
  field: (row: Row) => string,
  parentOf: (row: Row) => number | undefined,
  what: { row: string; within: string },
): CanonicalProblem[] {
  const parents = rows.map(parentOf);
  const problems: CanonicalProblem[] = [];
  // 0: not visited, 1: on the way, 2: leads to a root. Each row is walked once, however deep the tree.
  const state = new Uint8Array(rows.length);
  rows.forEach((row, index) => {
    if (parents[index] === -1) {
      problems.push({
        path: `${path}/${index}/${field(row)}`,
        kind: 'identity',
        message: `${what.row} ${index + 1} names a parent that is no ${what.row} of this ${what.within}`,
      });
    }
    const way: number[] = [];
    let at: number | undefined = index;
    while (at !== undefined && at !== -1 && state[at] === 0) {
      state[at] = 1;
      way.push(at);
      at = parents[at];
    }
    if (at !== undefined && at !== -1 && state[at] === 1) {
      const circle = way.slice(way.indexOf(at)).map((each) => each + 1);
      const last = rows[at];
      problems.push({
        path: `${path}/${at}/${last === undefined ? '' : field(last)}`,
        kind: 'identity',
        message:
          circle.length === 1
            ? `${what.row} ${circle[0]} is its own parent`
            : `${what.row}s ${circle.join(', ')} are each other's parents in a circle`,
      });
    }
    for (const each of way) state[each] = 2;
  });
  return problems;
}

/** A span of time that must not end before it begins. */
export function checkSpan(
  path: string,
  span: { readonly from?: string; readonly to?: string } | undefined,
  what: string,
  rule?: string,
): CanonicalProblem[] {
  if (span?.from === undefined || span.to === undefined || Date.parse(span.from) <= Date.parse(span.to))
    return [];
  const message = `${what} ends (${span.to}) before it begins (${span.from})`;
  return [
    {
      path: `${path}/to`,
      kind: rule === undefined ? 'times' : 'rule',
      ...(rule === undefined ? {} : { rule }),
      message: rule === undefined ? message : `${rule}: ${message}`,
    },
  ];
}

/** Of a list, the numbers (from 1) as words: "lines 1, 3 and 4". */
export function numbered(word: string, indexes: readonly number[]): string {
  const numbers = indexes.map((index) => index + 1);
  const last = numbers.at(-1);
  return numbers.length === 1 ? `${word} ${last}` : `${word}s ${numbers.slice(0, -1).join(', ')} and ${last}`;
}
