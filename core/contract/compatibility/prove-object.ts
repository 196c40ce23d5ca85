/** Proofs about objects. */
import { accepts, schemasFor } from './accepts';
import { type Branch, branchesOf } from './branch';
import { below, keyword, membersBelow, numberOf, type Place, textsOf } from './document';
import { type Failure, type Failures, type Frame, PROVED } from './failure';
import type { Prover } from './prove';
import { findText } from './regex/search';
import { matches, type ObjectRules, objectRules } from './rules';

/** A name for a member that nobody declares. */
const STRANGE_NAMES = ['extra', 'somethingElse', 'x_extra', 'Extra1'];

export function proveObject(
  prover: Prover,
  branch: Branch,
  reader: Place,
  key: string,
  frame: Frame | undefined,
): Failures {
  const rules = objectRules(branch);
  const limit = numberOf(reader, key) ?? 0;
  switch (key) {
    case 'required':
      return (textsOf(reader, key) ?? [])
        .filter((name) => !rules.required.has(name))
        .map((name) => missing(prover, branch, reader, key, frame, name));
    case 'minProperties':
      return rules.min >= limit
        ? PROVED
        : [prover.failure('FIELD_COUNT_REFUSED', key, reader, branch, frame)];
    case 'maxProperties': {
      const most = rules.closed ? Math.min(rules.max, rules.declared.size) : rules.max;
      return most <= limit ? PROVED : [prover.failure('FIELD_COUNT_REFUSED', key, reader, branch, frame)];
    }
    case 'properties':
      return proveMembers(prover, branch, rules, reader, frame);
    case 'patternProperties':
    case 'additionalProperties':
      // All three are looked at together, at the first that is there.
      return Object.keys(reader.schema).find((name) => MEMBERS.includes(name)) === key
        ? proveMembers(prover, branch, rules, reader, frame)
        : PROVED;
    case 'propertyNames':
      return proveNames(prover, branch, rules, below(reader, key), frame);
    case 'dependentRequired':
      return Object.entries(keyword(reader, key) as Record<string, unknown>).flatMap(([name, needed]) =>
        proveDependents(
          prover,
          branch,
          reader,
          key,
          frame,
          name,
          Array.isArray(needed) ? needed.map(String) : [],
        ),
      );
    case 'dependentSchemas':
      return membersBelow(reader, key).flatMap(([name, schema]) =>
        havingMember(prover, branch, name).flatMap((piece) => prover.proveBranch(piece, schema, frame)),
      );
    default:
      return PROVED;
  }
}

const MEMBERS = ['properties', 'patternProperties', 'additionalProperties'];

function missing(
  prover: Prover,
  branch: Branch,
  reader: Place,
  key: string,
  frame: Frame | undefined,
  name: string,
): Failure {
  const code = key === 'required' ? 'FIELD_REQUIRED' : 'DEPENDENT_FIELD_REQUIRED';
  return prover.failure(code, key, reader, branch, frame, [], { name, without: name });
}

function proveMembers(
  prover: Prover,
  branch: Branch,
  rules: ObjectRules,
  reader: Place,
  frame: Frame | undefined,
): Failures {
  if (Object.keys(reader.schema).find((name) => MEMBERS.includes(name)) === undefined) return PROVED;
  const ownNames = membersBelow(reader, 'properties').map(([name]) => name);
  const named = new Set([...rules.declared, ...rules.required, ...ownNames]);
  const failures: Failure[] = [];
  for (const name of named) {
    if (rules.names.some((rule) => accepts(rule, name) === false)) continue;
    const writer = rules.member(name);
    if (writer.some(({ schema }) => schema === false)) continue;
    const declared = rules.declared.has(name);
    for (const [from, place] of schemasFor(reader, name)) {
      const step = { kind: 'member', name, declared } as const;
      if (place.schema !== false) {
        failures.push(...prover.proveBelow(branch, step, writer, place, frame));
      } else if (!prover.isImpossible(writer)) {
        const at: Frame = { parent: frame, branch, step, depth: (frame?.depth ?? 0) + 1 };
        const [inside = { type: 'object', facts: writer, denied: [] } as Branch] = branchesOf(writer);
        const place = from === 'additionalProperties' ? reader : below(reader, 'properties', name);
        failures.push(prover.failure('FIELD_REFUSED', from, place, inside, at, [], { name }));
      }
    }
  }
  return [...failures, ...proveOthers(prover, branch, rules, reader, frame, named)];
}

/** Members whose names nobody declares: those of each of the writer's patterns, and all the rest. */
function proveOthers(
  prover: Prover,
  branch: Branch,
  rules: ObjectRules,
  reader: Place,
  frame: Frame | undefined,
  named: ReadonlySet<string>,
): Failures {
  const readerPatterns = membersBelow(reader, 'patternProperties');
  const additional =
    keyword(reader, 'additionalProperties') === undefined ? undefined : below(reader, 'additionalProperties');
  if (readerPatterns.length === 0 && additional === undefined) return PROVED;
  const listed = listedNames(rules);
  const failures: Failure[] = [];
  /** A kind of name that the writer may use, with what its members are like. */
  const kinds: { match: readonly string[]; avoid: readonly string[]; writer: readonly Place[] }[] = [
    ...rules.patterns.map((pattern) => ({
      match: [pattern],
      avoid: [],
      writer: patternSchemas(branch, pattern),
    })),
    { match: [], avoid: rules.patterns, writer: rules.other },
  ];
  for (const { match, avoid, writer } of kinds) {
    if (writer.some(({ schema }) => schema === false) || prover.isImpossible(writer)) continue;
    const check = (
      wantMatch: readonly string[],
      wantAvoid: readonly string[],
      place: Place,
      from: string,
    ): void => {
      if (place.schema === true) return;
      const all = [...match, ...wantMatch];
      const none = [...avoid, ...wantAvoid];
      const name = freshName(rules, all, none, named, listed);
      if (name === undefined) return;
      const step = { kind: 'member', name, declared: false } as const;
      if (place.schema === false) {
        const at: Frame = { parent: frame, branch, step, depth: (frame?.depth ?? 0) + 1 };
        const [inside = { type: 'object', facts: writer, denied: [] } as Branch] = branchesOf(writer);
        failures.push(prover.failure('EXTRA_FIELDS_REFUSED', from, reader, inside, at, [], { name }));
      } else failures.push(...prover.proveBelow(branch, step, writer, place, frame));
    };
    for (const [pattern, place] of readerPatterns) check([pattern], [], place, 'patternProperties');
    if (additional !== undefined) {
      check(
        [],
        readerPatterns.map(([pattern]) => pattern),
        additional,
        'additionalProperties',
      );
    }
  }
  return failures;
}

/** All names that the writer's rule for names lists; undefined when it lists none. */
function listedNames(rules: ObjectRules): string[] | undefined {
  if (rules.names.length === 0) return undefined;
  const branches = branchesOf(rules.names);
  if (!branches.every(({ type, values }) => type !== 'string' || values !== undefined)) return undefined;
  return branches
    .filter(({ type }) => type === 'string')
    .flatMap(({ values }) => values ?? [])
    .filter((name) => typeof name === 'string');
}

/** A name of a kind that is not named anywhere; undefined when there can be none. */
function freshName(
  rules: ObjectRules,
  match: readonly string[],
  avoid: readonly string[],
  named: ReadonlySet<string>,
  listed: readonly string[] | undefined,
): string | undefined {
  const fits = (name: string): boolean =>
    !named.has(name) &&
    match.every((pattern) => matches(pattern, name)) &&
    !avoid.some((pattern) => matches(pattern, name)) &&
    rules.names.every((rule) => accepts(rule, name) !== false);
  if (listed !== undefined) return listed.find(fits);
  const plain = STRANGE_NAMES.find(fits);
  if (plain !== undefined) return plain;
  const avoidNamed = [...named].map((name) => `^${name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}$`);
  const found = findText({
    matches: match,
    avoids: [...avoid, ...avoidNamed],
    minLength: 0,
    maxLength: Number.POSITIVE_INFINITY,
  });
  if (found === 'none') return undefined;
  return found === 'unknown' ? 'extra' : found.text;
}

function patternSchemas(branch: Branch, pattern: string): Place[] {
  return branch.facts.flatMap((place) =>
    membersBelow(place, 'patternProperties')
      .filter(([own]) => own === pattern)
      .map(([, schema]) => schema),
  );
}

function proveNames(
  prover: Prover,
  branch: Branch,
  rules: ObjectRules,
  reader: Place,
  frame: Frame | undefined,
): Failures {
  const failures: Failure[] = [];
  const listed = listedNames(rules);
  const known = listed ?? [...rules.declared];
  for (const name of known) {
    if (rules.member(name).some(({ schema }) => schema === false) || accepts(reader, name) === true) continue;
    if (rules.names.some((rule) => accepts(rule, name) === false)) continue;
    const at: Frame = {
      parent: frame,
      branch,
      step: { kind: 'member', name, declared: rules.declared.has(name) },
      depth: (frame?.depth ?? 0) + 1,
    };
    const [inside] = branchesOf(rules.member(name));
    if (inside !== undefined)
      failures.push(prover.failure('FIELD_NAME_REFUSED', 'propertyNames', reader, inside, at, [], { name }));
  }
  if (listed !== undefined || rules.closed) return failures;
  const text = reader.document.made({ type: 'string' }, reader.pointer);
  const step = { kind: 'name' } as const;
  return [...failures, ...prover.proveBelow(branch, step, [text, ...rules.names], reader, frame)];
}

function havingMember(prover: Prover, branch: Branch, name: string): Branch[] {
  const [first] = branch.facts;
  const rules = objectRules(branch);
  if (rules.member(name).some(({ schema }) => schema === false)) return [];
  if (first === undefined) return [branch];
  const having = first.document.made({ type: 'object', required: [name] }, first.pointer);
  return branchesOf([...branch.facts, having], branch.denied).filter(
    (piece) => piece.type === 'object' && !prover.isEmpty(piece),
  );
}

function proveDependents(
  prover: Prover,
  branch: Branch,
  reader: Place,
  key: string,
  frame: Frame | undefined,
  name: string,
  needed: readonly string[],
): Failures {
  return havingMember(prover, branch, name).flatMap((piece) => {
    const { required } = objectRules(piece);
    return needed
      .filter((other) => !required.has(other))
      .map((other) => ({ ...missing(prover, piece, reader, key, frame, other), trigger: name }));
  });
}
