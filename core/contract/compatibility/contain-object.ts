/** Objects: every keyword of the wanted schema against what is sent. */
import { asSchema } from '../schema-tree';
import type { Comparison } from './contain';
import { below, keyword, membersBelow, numberOf, type Place, sameKeyword, textsOf } from './document';
import {
  expand,
  fieldOf,
  fieldOfOne,
  isClosed,
  most,
  namesOf,
  otherFields,
  patternsOf,
  requiredOf,
  type Typed,
} from './facts';
import type { Step } from './finding';
import { instanceOf } from './instance';
import { findText } from './regex/search';
import { keeps } from './validate';

/** A name that no contract knows. */
const OTHER = 'someOtherField';

export function checkObject(
  comparison: Comparison,
  typed: Typed,
  wanted: Place,
  path: readonly Step[],
): boolean {
  const { branch } = typed;
  const required = requiredOf(branch);
  // A field that must be there and cannot be: no such object is ever sent.
  for (const name of required) if (expand(fieldOf(branch, name)).length === 0) return true;
  let fine = true;
  for (const name of textsOf(wanted, 'required') ?? []) {
    if (required.has(name)) continue;
    fine = comparison.find(
      'FIELD_REQUIRED',
      [...path, { field: name }],
      wanted,
      { field: name },
      { remove: name },
    );
  }
  fine = checkFields(comparison, typed, wanted, path) && fine;
  fine = checkOthers(comparison, typed, wanted, path) && fine;
  fine = checkCounts(comparison, typed, wanted, path, required) && fine;
  fine = checkNames(comparison, typed, wanted, path) && fine;
  return checkDependent(comparison, typed, wanted, path, required) && fine;
}

/** Fields that one of the two sides knows by name. */
function checkFields(
  comparison: Comparison,
  { branch }: Typed,
  wanted: Place,
  path: readonly Step[],
): boolean {
  let fine = true;
  for (const name of new Set([...namesOf(branch), ...namesOf([wanted])])) {
    const sent = fieldOf(branch, name);
    if (expand(sent).length === 0) continue;
    const field: Step = { field: name };
    for (const schema of fieldOfOne(wanted, name)) {
      if (expand([schema]).length === 0)
        fine = comparison.find(
          'FIELD_REFUSED',
          [...path, field],
          wanted,
          { field: name },
          { set: instanceOf(sent) },
        );
      else fine = comparison.contains(sent, schema, [...path, field]) && fine;
    }
  }
  return fine;
}

/** Fields whose names neither side lists. */
function checkOthers(
  comparison: Comparison,
  { branch }: Typed,
  wanted: Place,
  path: readonly Step[],
): boolean {
  let fine = true;
  const sentPatterns = patternsOf(branch);
  const wantedPatterns = membersBelow(wanted, 'patternProperties');
  const closed = isClosed(branch);
  const here = [...path, { field: OTHER }];
  const rest =
    keyword(wanted, 'additionalProperties') === undefined ? undefined : below(wanted, 'additionalProperties');
  if (!closed) {
    const sent = otherFields(branch);
    if (rest !== undefined) {
      if (expand([rest]).length === 0)
        fine = comparison.find('OTHER_FIELDS_REFUSED', here, wanted, {}, { set: instanceOf(sent) });
      else fine = comparison.contains(sent, rest, here) && fine;
    }
    for (const [pattern, schema] of wantedPatterns) {
      if (sentPatterns.some(([known]) => known === pattern)) continue;
      fine = comparison.contains(sent, schema, [...path, { field: nameLike(pattern) }]) && fine;
    }
  }
  for (const [pattern, schema] of sentPatterns) {
    const twin = wantedPatterns.find(([known]) => known === pattern);
    if (twin !== undefined)
      fine = comparison.contains([schema], twin[1], [...path, { field: nameLike(pattern) }]) && fine;
    // Names of this pattern that the other side's patterns do not take come under its rule for all others.
    const avoids = wantedPatterns.map(([known]) => known);
    const left =
      twin === undefined ? findText({ matches: [pattern], avoids, minLength: 0, maxLength: 60 }) : 'none';
    if (left === 'unknown')
      fine = comparison.find('NOT_PROVED', path, wanted, {
        why: `fields like ${pattern} cannot be compared`,
      });
    else if (left !== 'none' && rest !== undefined) {
      const field = { field: left.text };
      if (expand([rest]).length === 0)
        fine = comparison.find(
          'FIELD_REFUSED',
          [...path, field],
          wanted,
          { field: pattern },
          { set: instanceOf([schema]) },
        );
      else fine = comparison.contains([schema], rest, [...path, field]) && fine;
    }
    for (const [other, theirs] of wantedPatterns) {
      if (other === pattern) continue;
      const both = findText({ matches: [pattern, other], avoids: [], minLength: 0, maxLength: 60 });
      if (both !== 'none')
        fine =
          comparison.contains([schema], theirs, [
            ...path,
            { field: both === 'unknown' ? pattern : both.text },
          ]) && fine;
    }
  }
  return fine;
}

function nameLike(pattern: string): string {
  const found = findText({ matches: [pattern], avoids: [], minLength: 1, maxLength: 60 });
  return typeof found === 'object' ? found.text : pattern;
}

function checkCounts(
  comparison: Comparison,
  { branch }: Typed,
  wanted: Place,
  path: readonly Step[],
  required: ReadonlySet<string>,
): boolean {
  let fine = true;
  const least = Math.max(required.size, most(branch, 'minProperties', 'max') ?? 0);
  const min = numberOf(wanted, 'minProperties');
  if (min !== undefined && least < min)
    fine = comparison.find('TOO_FEW_FIELDS', path, wanted, { limit: min }, { set: instanceOf(branch) });
  const max = numberOf(wanted, 'maxProperties');
  if (max !== undefined) {
    const stated = most(branch, 'maxProperties', 'min') ?? Number.POSITIVE_INFINITY;
    const possible =
      isClosed(branch) && patternsOf(branch).length === 0 ? namesOf(branch).size : Number.POSITIVE_INFINITY;
    if (Math.min(stated, possible) > max)
      fine = comparison.find(
        'TOO_MANY_FIELDS',
        path,
        wanted,
        { limit: max },
        { set: instanceOf(branch, { all: true }) },
      );
  }
  return fine;
}

function checkNames(
  comparison: Comparison,
  { branch }: Typed,
  wanted: Place,
  path: readonly Step[],
): boolean {
  if (keyword(wanted, 'propertyNames') === undefined) return true;
  if (branch.some((place) => sameKeyword(place, wanted, 'propertyNames'))) return true;
  const names = below(wanted, 'propertyNames');
  const sent = branch.flatMap((place) =>
    keyword(place, 'propertyNames') === undefined ? [] : [below(place, 'propertyNames')],
  );
  if (isClosed(branch) && patternsOf(branch).length === 0) {
    const bad = [...namesOf(branch)].find((name) => keeps(names, name) !== true);
    if (bad === undefined) return true;
    return comparison.find(
      'FIELD_REFUSED',
      [...path, { field: bad }],
      wanted,
      { field: bad },
      { set: instanceOf(fieldOf(branch, bad)) },
    );
  }
  const [place] = branch;
  const texts =
    place === undefined ? sent : [...sent, place.document.made({ type: 'string' }, place.pointer)];
  if (comparison.attempt(() => comparison.contains(texts, names, path)).length === 0) return true;
  return comparison.find(
    'OTHER_FIELDS_REFUSED',
    [...path, { field: '?' }],
    wanted,
    {},
    { set: instanceOf(otherFields(branch)) },
  );
}

function checkDependent(
  comparison: Comparison,
  { branch }: Typed,
  wanted: Place,
  path: readonly Step[],
  required: ReadonlySet<string>,
): boolean {
  let fine = true;
  const dependent = asSchema(keyword(wanted, 'dependentRequired')) ?? {};
  for (const [name, others] of Object.entries(dependent)) {
    if (!Array.isArray(others) || expand(fieldOf(branch, name)).length === 0) continue;
    for (const other of others as string[]) {
      const sent = branch.some((place) => {
        const known = asSchema(keyword(place, 'dependentRequired'))?.[name];
        return Array.isArray(known) && known.includes(other);
      });
      if (sent || required.has(other)) continue;
      const facts = { field: other, with: name };
      const value = {
        ...(instanceOf(branch) as object),
        [name]: instanceOf(fieldOf(branch, name)),
      } as Record<string, unknown>;
      delete value[other];
      fine = comparison.find('FIELD_REQUIRED', [...path, { field: other }], wanted, facts, { set: value });
    }
  }
  for (const [name, schema] of membersBelow(wanted, 'dependentSchemas')) {
    if (expand(fieldOf(branch, name)).length === 0) continue;
    if (branch.some((place) => sameKeyword(place, wanted, 'dependentSchemas'))) continue;
    const found = comparison.attempt(() => comparison.contains(branch, schema, path));
    if (found.length > 0)
      fine = comparison.find('NOT_PROVED', path, wanted, {
        why: `what depends on the field ${name} cannot be compared`,
      });
  }
  return fine;
}
