/** Lists: every keyword of the wanted schema against what is sent. */
import type { Comparison } from './contain';
import { below, keyword, numberOf, type Place, sameKeyword } from './document';
import { entryOf, entryOfOne, expand, has, most, prefixLength, type Typed } from './facts';
import type { Step } from './finding';
import { instanceOf } from './instance';

export function checkArray(
  comparison: Comparison,
  typed: Typed,
  wanted: Place,
  path: readonly Step[],
): boolean {
  const { branch } = typed;
  const fewest = most(branch, 'minItems', 'max') ?? 0;
  let longest = most(branch, 'maxItems', 'min') ?? Number.POSITIVE_INFINITY;
  const prefix = prefixLength([...branch, wanted]);
  // Entries that no value can be: the list ends before them.
  for (let index = 0; index <= prefix; index += 1) {
    if (index < longest && expand(entryOf(branch, index)).length === 0) longest = index;
  }
  if (fewest > longest) return true;
  let fine = true;
  const list = (length: number): unknown[] =>
    Array.from({ length: Math.min(length, 200) }, (_, index) =>
      instanceOf(entryOf(branch, index), { variant: index }),
    );
  const min = numberOf(wanted, 'minItems');
  if (min !== undefined && fewest < min)
    fine = comparison.find(
      'TOO_FEW_ENTRIES',
      path,
      wanted,
      { limit: min, was: fewest },
      { set: list(fewest) },
    );
  const max = numberOf(wanted, 'maxItems');
  if (max !== undefined && longest > max) {
    const was = Number.isFinite(longest) ? longest : 'any';
    fine = comparison.find(
      'TOO_MANY_ENTRIES',
      path,
      wanted,
      { limit: max, was },
      { set: list(Math.max(fewest, max + 1)) },
    );
  }
  if (keyword(wanted, 'uniqueItems') === true && longest > 1 && !has(branch, 'uniqueItems', true)) {
    const one = instanceOf(entryOf(branch, 0));
    const repeated = [one, one, ...list(fewest).slice(2)];
    fine = comparison.find('ENTRIES_REPEAT', path, wanted, {}, { set: repeated });
  }
  for (let index = 0; index <= prefix && index < longest; index += 1) {
    for (const entry of entryOfOne(wanted, index)) {
      fine = comparison.contains(entryOf(branch, index), entry, [...path, { entry: index }]) && fine;
    }
  }
  if (keyword(wanted, 'contains') !== undefined)
    fine = checkContains(comparison, typed, wanted, path, fewest) && fine;
  return fine;
}

function checkContains(
  comparison: Comparison,
  { branch }: Typed,
  wanted: Place,
  path: readonly Step[],
  fewest: number,
): boolean {
  const parts = ['contains', 'minContains', 'maxContains'];
  if (branch.some((place) => parts.every((part) => sameKeyword(place, wanted, part)))) return true;
  const least = numberOf(wanted, 'minContains') ?? 1;
  const every = comparison.attempt(() =>
    comparison.contains(entryOf(branch, prefixLength(branch)), below(wanted, 'contains'), [
      ...path,
      { entry: 0 },
    ]),
  );
  const enough = fewest >= least && every.length === 0 && prefixLength(branch) === 0;
  if ((least === 0 || enough) && keyword(wanted, 'maxContains') === undefined) return true;
  return comparison.find('NOT_PROVED', path, wanted, { why: 'the keyword contains cannot be compared' });
}
