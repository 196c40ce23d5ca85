/** Whether no value of a case keeps a schema: what oneOf, not and if need to know. "False" also means "not known". */
import type { Place } from './document';
import {
  expand,
  fieldOf,
  listedValues,
  lowerBound,
  requiredOf,
  type Typed,
  typesOf,
  upperBound,
} from './facts';
import { keeps } from './validate';

const MAX_DEPTH = 6;

export function disjoint(typed: Typed, other: Place, depth = 0): boolean {
  const types = new Set([typed.type]);
  return expand([other]).every((branch) =>
    typesOf(branch)
      .filter(({ type }) => types.has(type))
      .every((theirs) => apart(typed, theirs, other, depth)),
  );
}

function apart(ours: Typed, theirs: Typed, other: Place, depth: number): boolean {
  const listed = listedValues(ours.branch);
  if (listed !== undefined && listed.every((value) => keeps(other, value) === false)) return true;
  const foreign = listedValues(theirs.branch);
  if (
    foreign !== undefined &&
    foreign.every((value) => ours.branch.some((place) => keeps(place, value) === false))
  )
    return true;
  if (ours.type === 'number') {
    const [low, high] = [lowerBound(ours.branch), upperBound(ours.branch)];
    const [theirLow, theirHigh] = [lowerBound(theirs.branch), upperBound(theirs.branch)];
    const below = (a: typeof low, b: typeof low): boolean =>
      a !== undefined &&
      b !== undefined &&
      (a.value < b.value || (a.value === b.value && (a.exclusive || b.exclusive)));
    return below(high, theirLow) || below(theirHigh, low);
  }
  if (ours.type !== 'object' || depth >= MAX_DEPTH) return false;
  const required = requiredOf(ours.branch);
  const wanted = requiredOf(theirs.branch);
  // A field that one side must have and the other cannot.
  for (const name of required) if (expand(fieldOf(theirs.branch, name)).length === 0) return true;
  for (const name of wanted) if (expand(fieldOf(ours.branch, name)).length === 0) return true;
  // A field that is there on our side, and whose values have nothing in common: the usual discriminator.
  for (const name of required) {
    const fields = fieldOf(theirs.branch, name);
    if (fields.length === 0) continue;
    const cases = expand(fieldOf(ours.branch, name)).flatMap(typesOf);
    if (cases.every((one) => fields.some((field) => disjoint(one, field, depth + 1)))) return true;
  }
  return false;
}
