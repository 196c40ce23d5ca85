/**
 * What a writer may send, as branches: one JSON type each, with every schema that its values are known to keep (facts) and
 * those they are known to break (denied). Whatever cannot be put into branches is left out, so that the branches allow at
 * least what the schemas allow: a proof about them holds.
 */
import { accepts } from './accepts';
import { below, keyword, listBelow, membersBelow, type Place, textsOf } from './document';
import { spend } from './effort';
import { negate } from './negate';
import { type JsonType, TYPES, typeOf } from './values';

export interface Branch {
  readonly type: JsonType;
  readonly facts: readonly Place[];
  readonly denied: readonly Place[];
  /** All values there are, when they are few. */
  readonly values?: readonly unknown[];
}

/** Schemas that all hold, and schemas that none does. */
export interface Alternative {
  readonly facts: readonly Place[];
  readonly denied: readonly Place[];
}

/** Most branches of one set of schemas; further alternatives are left out of the facts. */
const MAX_BRANCHES = 64;

interface State {
  types: Set<JsonType>;
  facts: Place[];
  denied: Place[];
  values: readonly unknown[] | undefined;
  open: Alternative[][];
}

/** The branches of schemas that all hold. None: nothing keeps them all. */
export function branchesOf(facts: readonly Place[], denied: readonly Place[] = []): Branch[] {
  const first: State = { types: new Set(TYPES), facts: [], denied: [], values: undefined, open: [] };
  if (!absorb(first, { facts, denied })) return [];
  let states = [first];
  for (let rounds = 0; rounds < 200; rounds += 1) {
    const index = states.findIndex(({ open }) => open.length > 0);
    const state = states[index];
    if (state === undefined) break;
    // What is not opened up only allows more.
    if (!spend()) {
      state.open = [];
      continue;
    }
    const [choice, ...rest] = state.open;
    const expanded: State[] = [];
    for (const alternative of choice ?? []) {
      const next: State = {
        types: new Set(state.types),
        facts: [...state.facts],
        denied: [...state.denied],
        values: state.values,
        open: [...rest],
      };
      if (absorb(next, alternative)) expanded.push(next);
    }
    if (states.length - 1 + expanded.length > MAX_BRANCHES) state.open = rest;
    else states = [...states.slice(0, index), ...expanded, ...states.slice(index + 1)];
  }
  return states.flatMap((state) => [...state.types].flatMap((type) => branchOf(state, type)));
}

/** Takes schemas into a state. @returns whether anything can keep them all */
function absorb(state: State, { facts, denied }: Alternative): boolean {
  for (const place of denied) {
    if (state.denied.includes(place)) continue;
    state.denied.push(place);
    if (place.schema === true) return false;
  }
  return facts.every((place) => absorbFact(state, place));
}

function absorbFact(state: State, place: Place): boolean {
  const { schema } = place;
  if (schema === true || state.facts.includes(place)) return true;
  if (schema === false) return false;
  state.facts.push(place);
  spend();
  const ref = keyword(place, '$ref');
  const target = typeof ref === 'string' ? place.document.resolve(ref) : undefined;
  if (target !== undefined && !absorbFact(state, target)) return false;
  const types = textsOf(place, 'type');
  if (types !== undefined) {
    const allowed = new Set(types.map((type) => (type === 'integer' ? 'number' : type)));
    for (const type of [...state.types]) if (!allowed.has(type)) state.types.delete(type);
  }
  const listed = keyword(place, 'const') === undefined ? keyword(place, 'enum') : [keyword(place, 'const')];
  if (Array.isArray(listed)) {
    const values: readonly unknown[] = state.values ?? listed;
    state.values = values.filter((value) => accepts(place, value) !== false);
    if (state.values.length === 0) return false;
  }
  if (state.types.size === 0) return false;
  if (!listBelow(place, 'allOf').every((entry) => absorbFact(state, entry))) return false;
  const any = listBelow(place, 'anyOf');
  if (any.length > 0) state.open.push(any.map((entry) => ({ facts: [entry], denied: [] })));
  const one = listBelow(place, 'oneOf');
  if (one.length > 0) {
    state.open.push(one.map((entry) => ({ facts: [entry], denied: one.filter((other) => other !== entry) })));
  }
  if (keyword(place, 'not') !== undefined) {
    const forbidden = below(place, 'not');
    if (!deny(state, forbidden)) return false;
  }
  if (keyword(place, 'if') !== undefined) {
    const condition = below(place, 'if');
    const then = keyword(place, 'then') === undefined ? [] : [below(place, 'then')];
    const otherwise = keyword(place, 'else') === undefined ? [] : [below(place, 'else')];
    state.open.push([
      { facts: [condition, ...then], denied: [] },
      ...negate(condition).map(({ facts, denied }) => ({ facts: [...facts, ...otherwise], denied })),
    ]);
  }
  return true;
}

function deny(state: State, forbidden: Place): boolean {
  const ways = negate(forbidden);
  const [only] = ways;
  if (only === undefined) return false;
  if (ways.length === 1) return absorb(state, only);
  state.denied.push(forbidden);
  state.open.push(ways);
  return true;
}

function branchOf(state: State, type: JsonType): Branch[] {
  const facts = type === 'object' ? withDependents(state.facts) : state.facts;
  if (facts === undefined) return [];
  const { denied } = state;
  const listed = state.values ?? (type === 'null' ? [null] : type === 'boolean' ? [true, false] : undefined);
  if (listed === undefined) return [{ type, facts, denied }];
  const values = listed.filter(
    (value) =>
      typeOf(value) === type &&
      facts.every((place) => accepts(place, value) !== false) &&
      denied.every((place) => accepts(place, value) !== true),
  );
  return values.length === 0 ? [] : [{ type, facts, denied, values }];
}

/** With the schemas that the required members bring along; undefined when they cannot be kept. */
function withDependents(given: readonly Place[]): readonly Place[] | undefined {
  let facts = given;
  for (let round = 0; round < 20; round += 1) {
    const required = requiredOf(facts);
    const more = facts
      .flatMap((place) => membersBelow(place, 'dependentSchemas'))
      .filter(([name, schema]) => required.has(name) && !facts.includes(schema))
      .map(([, schema]) => schema);
    if (more.length === 0) return facts;
    if (more.some(({ schema }) => schema === false)) return undefined;
    // Taken as they stand: alternatives inside them are not opened up, which only allows more.
    facts = [...facts, ...more.filter(({ schema }) => schema !== true)];
    if (more.every(({ schema }) => schema === true)) return facts;
  }
  return facts;
}

/** Members that an object must have by these facts. */
export function requiredOf(facts: readonly Place[]): Set<string> {
  const required = new Set(facts.flatMap((place) => textsOf(place, 'required') ?? []));
  for (let before = -1; before !== required.size; ) {
    before = required.size;
    for (const place of facts) {
      const dependent = keyword(place, 'dependentRequired');
      if (typeof dependent !== 'object' || dependent === null) continue;
      for (const [name, needed] of Object.entries(dependent)) {
        if (required.has(name) && Array.isArray(needed))
          for (const other of needed) required.add(String(other));
      }
    }
  }
  return required;
}
