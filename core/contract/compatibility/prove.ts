/**
 * Proves that every value of some schemas (the writer's) is one of another (the reader's), or says where the proof got stuck.
 * An empty list of failures is a proof; a failure need not be a breach.
 */
import { acceptsKeyword } from './accepts';
import { type Branch, branchesOf } from './branch';
import { below, isAnnotation, keyword, listBelow, type Place, same, sameKeyword, textsOf } from './document';
import { isSpent } from './effort';
import { type Failure, type FailureCode, type Failures, type Frame, PROVED } from './failure';
import { negate } from './negate';
import { proveList } from './prove-list';
import { proveObject } from './prove-object';
import { proveNumber, proveText } from './prove-value';
import { findText } from './regex/search';
import { listRules, noNumber, numberRules, objectRules, textRules } from './rules';

/** Steps of one comparison. Real contracts need some thousands; nests of alternatives could take for ever. */
const MAX_STEPS = 30_000;
const MAX_DEPTH = 40;
/** How deep "nothing can be like that" is looked into. */
const MAX_EMPTY_DEPTH = 5;

const CODES: Readonly<Record<string, FailureCode>> = {
  type: 'TYPE_REFUSED',
  enum: 'VALUE_REFUSED',
  const: 'VALUE_REFUSED',
  anyOf: 'NO_ALTERNATIVE_FITS',
  oneOf: 'NO_ALTERNATIVE_FITS',
  not: 'FORBIDDEN_CONTENT',
  if: 'RULE_REFUSED',
  pattern: 'PATTERN_REFUSED',
  format: 'FORMAT_REFUSED',
  minLength: 'LENGTH_REFUSED',
  maxLength: 'LENGTH_REFUSED',
  minimum: 'RANGE_REFUSED',
  maximum: 'RANGE_REFUSED',
  exclusiveMinimum: 'RANGE_REFUSED',
  exclusiveMaximum: 'RANGE_REFUSED',
  multipleOf: 'MULTIPLE_REFUSED',
  required: 'FIELD_REQUIRED',
  minItems: 'ITEM_COUNT_REFUSED',
  maxItems: 'ITEM_COUNT_REFUSED',
  uniqueItems: 'DUPLICATES_REFUSED',
  contains: 'CONTENT_MISSING',
  minProperties: 'FIELD_COUNT_REFUSED',
  maxProperties: 'FIELD_COUNT_REFUSED',
  propertyNames: 'FIELD_NAME_REFUSED',
  dependentRequired: 'DEPENDENT_FIELD_REQUIRED',
};

export class Prover {
  #steps = 0;
  /** Pairs that are being proved, with the depth of the value: met again further down, they hold if the rest does. */
  readonly #open = new Map<string, number>();
  readonly #proved = new Set<string>();
  /** The shallowest open pair that something proved now relies on. */
  #relied = 0;
  #emptyDepth = 0;

  /** Whether the limit of steps was reached. */
  get exhausted(): boolean {
    return this.#steps > MAX_STEPS || isSpent();
  }

  /** @returns where it got stuck; empty when every value that keeps `writer` keeps `reader` */
  prove(writer: readonly Place[], reader: Place, frame: Frame | undefined): Failures {
    if (reader.schema === true || writer.some((place) => same(place, reader))) return PROVED;
    const depth = frame?.depth ?? 0;
    const key = `${writer
      .map(({ id }) => id)
      .sort((a, b) => a - b)
      .join()} ${reader.id}`;
    if (this.#proved.has(key)) return PROVED;
    const opened = this.#open.get(key);
    if (opened !== undefined && opened < depth) {
      this.#relied += 1;
      return PROVED;
    }
    if (opened !== undefined || !this.#step() || depth > MAX_DEPTH) {
      return [
        this.failure('NOT_DECIDED', '$ref', reader, { type: 'object', facts: writer, denied: [] }, frame),
      ];
    }
    this.#open.set(key, depth);
    const relied = this.#relied;
    const failures = branchesOf(writer)
      .filter((branch) => !this.isEmpty(branch))
      .flatMap((branch) => this.proveBranch(branch, reader, frame));
    this.#open.delete(key);
    // What was proved under an assumption is only remembered when the assumption is proved too.
    if (failures.length === 0 && (relied === this.#relied || this.#open.size === 0)) this.#proved.add(key);
    return failures;
  }

  proveBranch(branch: Branch, reader: Place, frame: Frame | undefined): Failures {
    const { schema } = reader;
    if (schema === true || branch.facts.some((place) => same(place, reader))) return PROVED;
    if (schema === false) return [this.failure('FIELD_REFUSED', 'false', reader, branch, frame)];
    if (!this.#step()) return [this.failure('NOT_DECIDED', 'limit', reader, branch, frame)];
    return Object.keys(schema).flatMap((key) =>
      isAnnotation(key) ? PROVED : this.#proveKeyword(branch, reader, key, frame),
    );
  }

  /** A failure with the reader's keyword. */
  failure(
    code: FailureCode,
    key: string,
    place: Place,
    branch: Branch,
    frame: Frame | undefined,
    candidates: readonly unknown[] = [],
    more: Partial<Failure> = {},
  ): Failure {
    return { code, keyword: key, place, branch, frame, candidates, ...more };
  }

  /** The proof of a value below the branch's. */
  proveBelow(
    branch: Branch,
    step: Frame['step'],
    writer: readonly Place[],
    reader: Place,
    frame: Frame | undefined,
  ): Failures {
    return this.prove(writer, reader, { parent: frame, branch, step, depth: (frame?.depth ?? 0) + 1 });
  }

  /** Whether it is certain that nothing keeps all of these. */
  isImpossible(facts: readonly Place[], denied: readonly Place[] = []): boolean {
    if (!this.#step()) return false;
    if (this.#emptyDepth >= MAX_EMPTY_DEPTH) return facts.some(({ schema }) => schema === false);
    this.#emptyDepth += 1;
    const impossible = branchesOf(facts, denied).every((branch) => this.isEmpty(branch));
    this.#emptyDepth -= 1;
    return impossible;
  }

  isEmpty(branch: Branch): boolean {
    if (branch.values !== undefined || this.exhausted) return false;
    return this.#breaksItself(branch) || this.#isDenied(branch);
  }

  #breaksItself(branch: Branch): boolean {
    switch (branch.type) {
      case 'number':
        return noNumber(numberRules(branch));
      case 'string': {
        const { minLength, maxLength, patterns, avoids } = textRules(branch);
        return findText({ matches: patterns, avoids, minLength, maxLength }) === 'none';
      }
      case 'array': {
        const { min, max, at, prefix } = listRules(branch);
        if (min > max) return true;
        const needed = Math.min(min, prefix + 1);
        return Array.from({ length: needed }, (_, index) => at(index)).some((facts) =>
          this.isImpossible(facts),
        );
      }
      case 'object': {
        const rules = objectRules(branch);
        if (rules.min > rules.max) return true;
        if (rules.closed && rules.min > rules.declared.size) return true;
        return [...rules.required].some((name) => this.isImpossible(rules.member(name)));
      }
      default:
        return false;
    }
  }

  /** Whether all its values keep a schema that none of them may keep. */
  #isDenied(branch: Branch): boolean {
    if (branch.denied.length === 0 || this.#emptyDepth >= MAX_EMPTY_DEPTH) return false;
    this.#emptyDepth += 1;
    const plain = { ...branch, denied: [] };
    const denied = branch.denied.some((place) => this.proveBranch(plain, place, undefined).length === 0);
    this.#emptyDepth -= 1;
    return denied;
  }

  #proveKeyword(branch: Branch, reader: Place, key: string, frame: Frame | undefined): Failures {
    if (key === '$ref') {
      const target = reader.document.resolve(String(keyword(reader, key)));
      if (target === undefined) return [this.failure('NOT_DECIDED', key, reader, branch, frame)];
      return this.#followed(branch, target, frame);
    }
    if (key === 'allOf') {
      return listBelow(reader, key).flatMap((entry) => this.proveBranch(branch, entry, frame));
    }
    if (branch.values !== undefined) return this.#proveValues(branch, reader, key, frame);
    switch (key) {
      case 'type':
        return this.#proveType(branch, reader, frame);
      case 'enum':
      case 'const':
        return [this.failure('VALUE_REFUSED', key, reader, branch, frame)];
      case 'anyOf':
        return this.#proveAny(branch, reader, key, listBelow(reader, key), frame);
      case 'oneOf':
        return this.#proveOne(branch, reader, listBelow(reader, key), frame);
      case 'not': {
        const forbidden = below(reader, key);
        if (this.#areApart(branch, forbidden)) return PROVED;
        const [inside = branch] = this.#within(branch, [forbidden]);
        return [this.failure('FORBIDDEN_CONTENT', key, reader, inside, frame)];
      }
      case 'if':
        return this.#proveIf(branch, reader, frame);
      case 'then':
      case 'else':
      case 'minContains':
      case 'maxContains':
        return PROVED;
      case '$dynamicRef':
      case '$recursiveRef':
      case 'unevaluatedProperties':
      case 'unevaluatedItems':
      case 'dependencies':
      case 'additionalItems':
        // What these mean hangs on everything beside them, so only a schema that is the same altogether is known to hold.
        return keyword(reader, key) === true
          ? PROVED
          : [this.failure('NOT_DECIDED', key, reader, branch, frame)];
      default:
        break;
    }
    switch (branch.type) {
      case 'number':
        return proveNumber(this, branch, reader, key, frame);
      case 'string':
        return proveText(this, branch, reader, key, frame);
      case 'array':
        return proveList(this, branch, reader, key, frame);
      case 'object':
        return proveObject(this, branch, reader, key, frame);
      default:
        return PROVED;
    }
  }

  /** A reference of the reader: guarded, since schemas may go round in circles. */
  #followed(branch: Branch, target: Place, frame: Frame | undefined): Failures {
    const key = `ref ${branch.type} ${branch.facts.map(({ id }) => id).join()} ${target.id}`;
    const depth = frame?.depth ?? 0;
    const opened = this.#open.get(key);
    if (opened !== undefined && opened < depth) {
      this.#relied += 1;
      return PROVED;
    }
    if (opened !== undefined) return [this.failure('NOT_DECIDED', '$ref', target, branch, frame)];
    this.#open.set(key, depth);
    const failures = this.proveBranch(branch, target, frame);
    this.#open.delete(key);
    return failures;
  }

  #proveValues(branch: Branch, reader: Place, key: string, frame: Frame | undefined): Failures {
    const answers = (branch.values ?? []).map(
      (value) => [value, acceptsKeyword(reader, key, value)] as const,
    );
    const refused = answers.filter(([, answer]) => answer === false).map(([value]) => value);
    if (refused.length > 0)
      return [
        this.failure(
          CODES[key] ?? 'RULE_REFUSED',
          key,
          reader,
          { ...branch, values: refused },
          frame,
          refused,
        ),
      ];
    if (answers.every(([, answer]) => answer === true)) return PROVED;
    return [this.failure('NOT_DECIDED', key, reader, branch, frame)];
  }

  #proveType(branch: Branch, reader: Place, frame: Frame | undefined): Failures {
    const types = textsOf(reader, 'type') ?? [];
    if (types.includes(branch.type)) return PROVED;
    if (branch.type === 'number' && types.includes('integer')) {
      const { whole, multiples } = numberRules(branch);
      if (whole || multiples.some((multiple) => Number.isInteger(multiple))) return PROVED;
      return [this.failure('TYPE_REFUSED', 'type', reader, branch, frame, [0.5, 1.5, 12.5])];
    }
    return [this.failure('TYPE_REFUSED', 'type', reader, branch, frame)];
  }

  #proveAny(
    branch: Branch,
    reader: Place,
    key: string,
    alternatives: readonly Place[],
    frame: Frame | undefined,
  ): Failures {
    if (branch.facts.some((place) => sameKeyword(place, reader, key))) return PROVED;
    const tries = alternatives.map((entry) => this.proveBranch(branch, entry, frame));
    if (tries.some((failures) => failures.length === 0)) return PROVED;
    const rest = this.#without(branch, alternatives);
    if (rest.length === 0) return PROVED;
    const fitting = tries.filter(
      (failures) => !failures.some(({ code, frame: at }) => code === 'TYPE_REFUSED' && at === frame),
    );
    const [only] = fitting;
    if (fitting.length === 1 && only !== undefined) return only;
    const candidates = tries.flat().flatMap((failure) => (failure.frame === frame ? failure.candidates : []));
    return [
      this.failure('NO_ALTERNATIVE_FITS', key, reader, rest[0] ?? branch, frame, [
        ...candidates,
        ...rest.flatMap(({ values }) => values ?? []),
      ]),
    ];
  }

  /** What is left of a branch beside some schemas. */
  #without(branch: Branch, alternatives: readonly Place[]): Branch[] {
    let rest: Branch[] = [branch];
    for (const alternative of alternatives) {
      const ways = negate(alternative);
      const next = rest.flatMap((left) => ways.flatMap((way) => this.#within(left, way.facts, way.denied)));
      if (next.length > 32 || this.exhausted) return rest;
      rest = next;
    }
    return rest;
  }

  #proveOne(
    branch: Branch,
    reader: Place,
    alternatives: readonly Place[],
    frame: Frame | undefined,
  ): Failures {
    if (branch.facts.some((place) => sameKeyword(place, reader, 'oneOf'))) return PROVED;
    const failures = this.#proveAny(branch, reader, 'oneOf', alternatives, frame);
    if (failures.length > 0) return failures;
    const possible = alternatives.filter((entry) => !this.#areApart(branch, entry));
    for (const [index, one] of possible.entries()) {
      for (const other of possible.slice(index + 1)) {
        if (this.#areApart(branch, one, other)) continue;
        const [inside = branch] = this.#within(branch, [one, other]);
        return [this.failure('SEVERAL_ALTERNATIVES_FIT', 'oneOf', reader, inside, frame)];
      }
    }
    return PROVED;
  }

  #proveIf(branch: Branch, reader: Place, frame: Frame | undefined): Failures {
    if (
      ['if', 'then', 'else'].every((key) => branch.facts.some((place) => sameKeyword(place, reader, key)))
    ) {
      const whole = branch.facts.some((place) =>
        ['if', 'then', 'else'].every((key) => sameKeyword(place, reader, key)),
      );
      if (whole) return PROVED;
    }
    const condition = below(reader, 'if');
    const failures: Failure[] = [];
    if (keyword(reader, 'then') !== undefined) {
      for (const piece of this.#within(branch, [condition]))
        failures.push(...this.proveBranch(piece, below(reader, 'then'), frame));
    }
    if (keyword(reader, 'else') !== undefined) {
      for (const way of negate(condition))
        for (const piece of this.#within(branch, way.facts, way.denied))
          failures.push(...this.proveBranch(piece, below(reader, 'else'), frame));
    }
    return failures;
  }

  /** Whether no value of the branch keeps all of these. */
  #areApart(branch: Branch, ...places: readonly Place[]): boolean {
    if (places.some((place) => branch.denied.some((denied) => same(denied, place)))) return true;
    return this.#within(branch, places).length === 0;
  }

  /** The part of a branch that keeps some schemas and breaks others. */
  #within(branch: Branch, facts: readonly Place[], denied: readonly Place[] = []): Branch[] {
    return branchesOf([...branch.facts, ...facts], [...branch.denied, ...denied]).filter(
      (piece) => piece.type === branch.type && !this.isEmpty(piece),
    );
  }

  #step(): boolean {
    this.#steps += 1;
    return !this.exhausted;
  }
}
