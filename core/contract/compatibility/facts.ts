/**
 * What values a set of schemas allows together, sorted by type: the writer's side of a comparison.
 *
 * It errs on the side of more: what cannot be told exactly (not, a long list of alternatives, if) is left out, so that
 * "everything the writer may send" is never too little, and nothing is called compatible that is not.
 */
import { below, keyword, listBelow, membersBelow, numberOf, type Place, textsOf } from './document';
import { deepEqual, type JsonType, TYPES } from './values';

/** Most branches that alternatives (anyOf, oneOf, if) are multiplied out to. */
const MAX_BRANCHES = 64;

/** Schemas that hold at once, without references and alternatives: what stands in each of them itself counts. */
export type Branch = readonly Place[];

/** Alternatives within alternatives, up to here; deeper ones are left out. */
const MAX_NESTED = 6;

/**
 * The ways in which a value can keep all of these schemas; empty when none can.
 * @param within the schemas whose alternatives are being expanded: one that leads back to itself adds nothing
 */
export function expand(conjunction: readonly Place[], within: ReadonlySet<number> = new Set()): Branch[] {
  let branches: Place[][] = [[]];
  const open = [...conjunction];
  const seen = new Set<number>();
  for (let place = open.shift(); place !== undefined; place = open.shift()) {
    if (place.schema === true || seen.has(place.id)) continue;
    if (place.schema === false) return [];
    seen.add(place.id);
    for (const branch of branches) branch.push(place);
    const ref = keyword(place, '$ref');
    if (typeof ref === 'string') {
      const target = place.document.resolve(ref);
      if (target !== undefined) open.push(target);
    }
    open.push(...listBelow(place, 'allOf'));
    for (const alternatives of [listBelow(place, 'anyOf'), listBelow(place, 'oneOf'), conditional(place)]) {
      if (alternatives.length === 0 || branches.length * alternatives.length > MAX_BRANCHES) continue;
      if (within.has(place.id) || within.size >= MAX_NESTED) continue;
      const inner = new Set(within).add(place.id);
      const expanded = alternatives.flatMap((alternative) => expand([alternative], inner));
      if (branches.length * expanded.length > MAX_BRANCHES) continue;
      branches = branches.flatMap((branch) => expanded.map((more) => [...branch, ...more]));
    }
  }
  return branches.map((branch) => [...new Map(branch.map((place) => [place.id, place])).values()]);
}

/** `if` holds and so does `then`, or `else` does; that `if` then does not hold is left out. */
function conditional(place: Place): Place[] {
  if (keyword(place, 'if') === undefined) return [];
  const pointer = `${place.pointer}/if`;
  const members = [
    below(place, 'if'),
    ...(keyword(place, 'then') === undefined ? [] : [below(place, 'then')]),
  ];
  const both = place.document.made({ allOf: members.map(({ schema }) => schema) }, pointer);
  const otherwise =
    keyword(place, 'else') === undefined ? place.document.made({}, pointer) : below(place, 'else');
  return [both, otherwise];
}

/** The values that a branch is limited to by enum or const, not yet checked against the rest; undefined: not limited. */
export function listedValues(branch: Branch): unknown[] | undefined {
  let listed: unknown[] | undefined;
  for (const place of branch) {
    for (const values of [keyword(place, 'enum'), constOf(place)]) {
      if (!Array.isArray(values)) continue;
      const known = listed;
      listed =
        known === undefined
          ? values
          : known.filter((value) => values.some((other) => deepEqual(value, other)));
    }
  }
  return listed;
}

function constOf(place: Place): unknown[] | undefined {
  const value = keyword(place, 'const');
  return value === undefined ? undefined : [value];
}

/** One type of value that a branch allows. */
export interface Typed {
  readonly type: JsonType;
  readonly branch: Branch;
  /** Of numbers: only whole ones. */
  readonly whole: boolean;
}

export function typesOf(branch: Branch): Typed[] {
  let types: readonly JsonType[] = TYPES;
  let whole = false;
  for (const place of branch) {
    const named = textsOf(place, 'type');
    if (named === undefined) continue;
    types = types.filter((type) => named.includes(type) || (type === 'number' && named.includes('integer')));
    if (named.includes('integer') && !named.includes('number')) whole = true;
  }
  return types.map((type) => ({ type, branch, whole: whole && type === 'number' }));
}

/** The strictest of a keyword's numbers in a branch; undefined when none has it. */
export function most(branch: Branch, name: string, pick: 'max' | 'min'): number | undefined {
  const found = branch.map((place) => numberOf(place, name)).filter((value) => value !== undefined);
  if (found.length === 0) return undefined;
  return pick === 'max' ? Math.max(...found) : Math.min(...found);
}

/** All values of a keyword whose value is a text. */
export function allTexts(branch: Branch, name: string): string[] {
  return branch.flatMap((place) => {
    const value = keyword(place, name);
    return typeof value === 'string' ? [value] : [];
  });
}

export function numbersOf(branch: Branch, name: string): number[] {
  return branch.flatMap((place) => numberOf(place, name) ?? []);
}

export function has(branch: Branch, name: string, value: unknown): boolean {
  return branch.some((place) => deepEqual(keyword(place, name), value));
}

export interface Bound {
  readonly value: number;
  readonly exclusive: boolean;
}

/** @param whole only whole numbers count: then more than 0 is the same as 1 and more */
export function lowerBound(branch: Branch, whole = false): Bound | undefined {
  const found = bound(branch, 'minimum', 'exclusiveMinimum', (a, b) => a > b);
  if (found === undefined || !whole) return found;
  const { value, exclusive } = found;
  return { value: exclusive ? Math.floor(value) + 1 : Math.ceil(value), exclusive: false };
}

export function upperBound(branch: Branch, whole = false): Bound | undefined {
  const found = bound(branch, 'maximum', 'exclusiveMaximum', (a, b) => a < b);
  if (found === undefined || !whole) return found;
  const { value, exclusive } = found;
  return { value: exclusive ? Math.ceil(value) - 1 : Math.floor(value), exclusive: false };
}

function bound(
  branch: Branch,
  inclusive: string,
  exclusive: string,
  stricter: (a: number, b: number) => boolean,
): Bound | undefined {
  let found: Bound | undefined;
  const take = (value: number, isExclusive: boolean): void => {
    if (found === undefined || stricter(value, found.value)) found = { value, exclusive: isExclusive };
    else if (value === found.value && isExclusive) found = { value, exclusive: true };
  };
  for (const value of numbersOf(branch, inclusive)) take(value, false);
  for (const value of numbersOf(branch, exclusive)) take(value, true);
  return found;
}

export function requiredOf(branch: Branch): Set<string> {
  return new Set(
    branch.flatMap((place) =>
      Array.isArray(keyword(place, 'required')) ? (textsOf(place, 'required') ?? []) : [],
    ),
  );
}

/** Every field that one of the schemas names. */
export function namesOf(branch: Branch): Set<string> {
  return new Set(branch.flatMap((place) => membersBelow(place, 'properties').map(([name]) => name)));
}

/** What a field of this name must keep. */
export function fieldOf(branch: Branch, name: string): Place[] {
  return branch.flatMap((place) => fieldOfOne(place, name));
}

export function fieldOfOne(place: Place, name: string): Place[] {
  const found: Place[] = [];
  const named = membersBelow(place, 'properties').find(([known]) => known === name);
  if (named !== undefined) found.push(named[1]);
  for (const [pattern, schema] of membersBelow(place, 'patternProperties')) {
    if (matches(pattern, name)) found.push(schema);
  }
  if (found.length === 0 && keyword(place, 'additionalProperties') !== undefined)
    found.push(below(place, 'additionalProperties'));
  return found;
}

/** What fields must keep whose name no schema knows. */
export function otherFields(branch: Branch): Place[] {
  return branch.flatMap((place) =>
    keyword(place, 'additionalProperties') === undefined ? [] : [below(place, 'additionalProperties')],
  );
}

export function patternsOf(branch: Branch): [string, Place][] {
  return branch.flatMap((place) => membersBelow(place, 'patternProperties'));
}

/** Whether only fields that are named (or match a pattern) can be there. */
export function isClosed(branch: Branch): boolean {
  return expand(otherFields(branch)).length === 0;
}

export function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    return false;
  }
}

/** What the entry at an index of a list must keep; beyond `prefixItems`, `items`. */
export function entryOf(branch: Branch, index: number): Place[] {
  return branch.flatMap((place) => entryOfOne(place, index));
}

export function entryOfOne(place: Place, index: number): Place[] {
  const prefix = listBelow(place, 'prefixItems');
  if (index < prefix.length) return prefix[index] === undefined ? [] : [prefix[index]];
  return keyword(place, 'items') === undefined || Array.isArray(keyword(place, 'items'))
    ? []
    : [below(place, 'items')];
}

export function prefixLength(branch: Branch): number {
  return Math.max(0, ...branch.map((place) => listBelow(place, 'prefixItems').length));
}
