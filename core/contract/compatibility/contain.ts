/**
 * Whether every value that one side may send keeps the other side's schema. A proof by cases: the sender's schemas are
 * expanded to branches and types (facts.ts), each is held against every keyword of the receiver's. What can neither be
 * proved nor refuted is a finding of its own (NOT_PROVED): silence means that it was proved.
 */
import { checkArray } from './contain-array';
import { checkObject } from './contain-object';
import { checkNumber, checkText } from './contain-scalar';
import { disjoint } from './disjoint';
import { below, keyword, listBelow, type Place, same, sameKeyword, textsOf } from './document';
import { expand, listedValues, type Typed, typesOf } from './facts';
import type { Change, Code, RawFinding, Step } from './finding';
import { instanceOf } from './instance';
import { keeps } from './validate';
import { typeOf } from './values';

/** Most comparisons of two schemas in one check. */
const MAX_COMPARED = 20_000;
const MAX_DEPTH = 60;
/** Most findings that one comparison reports. */
const MAX_FINDINGS = 200;
const MAX_LISTED = 500;

export class Comparison {
  readonly findings: RawFinding[] = [];
  readonly #proved = new Set<string>();
  #compared = 0;

  /** Whether all that `sent` allows keeps `wanted`; what does not is added to the findings. */
  contains(sent: readonly Place[], wanted: Place, path: readonly Step[]): boolean {
    if (wanted.schema === true || sent.some((place) => same(place, wanted))) return true;
    const key = `${sent.map(({ id }) => id).sort((a, b) => a - b)} ${wanted.id}`;
    // Being proved counts as proved: a loop adds nothing that a walk along it would not find.
    if (this.#proved.has(key)) return true;
    this.#compared += 1;
    if (this.#compared > MAX_COMPARED || path.length > MAX_DEPTH)
      return this.find('NOT_PROVED', path, wanted, { why: 'the schemas are too large to compare here' });
    this.#proved.add(key);
    const before = this.findings.length;
    for (const branch of expand(sent)) {
      for (const typed of typesOf(branch)) this.#case(sent, typed, wanted, path);
    }
    const contained = this.findings.length === before;
    if (!contained) this.#proved.delete(key);
    return contained;
  }

  find(
    code: Code,
    path: readonly Step[],
    wanted: Place,
    facts: RawFinding['facts'] = {},
    change?: Change,
  ): false {
    const place = JSON.stringify(path);
    const known = this.findings.some((one) => one.code === code && JSON.stringify(one.path) === place);
    if (!known && this.findings.length < MAX_FINDINGS) {
      const base = { code, path, facts, pointer: wanted.pointer };
      this.findings.push(change === undefined ? base : { ...base, change });
    }
    return false;
  }

  /** Findings of a trial, without adding them. */
  attempt(work: () => boolean): readonly RawFinding[] {
    const before = this.findings.length;
    const contained = work();
    const found = this.findings.splice(before);
    return contained ? [] : found;
  }

  #case(sent: readonly Place[], typed: Typed, wanted: Place, path: readonly Step[]): void {
    const values = finiteValues(typed);
    if (values === undefined) {
      this.fits(typed, wanted, path);
      return;
    }
    for (const value of values.slice(0, MAX_LISTED)) {
      if (typeOf(value) !== typed.type) continue;
      // Values that the sender's other keywords forbid are never sent.
      if (sent.some((place) => keeps(place, value) === false)) continue;
      const kept = keeps(wanted, value);
      if (kept === false) this.find('VALUE_REFUSED', path, wanted, { value: short(value) }, { set: value });
      else if (kept === undefined) this.fits(typed, wanted, path);
    }
    if (values.length > MAX_LISTED)
      this.find('NOT_PROVED', path, wanted, { why: 'the list of values is too long' });
  }

  /** Whether all values of one case keep a schema. */
  fits(typed: Typed, wanted: Place, path: readonly Step[]): boolean {
    const { schema } = wanted;
    if (schema === true) return true;
    if (schema === false)
      return this.find('NOTHING_ALLOWED', path, wanted, {}, { set: instanceOf(typed.branch) });
    if (typed.branch.some((place) => same(place, wanted))) return true;
    let fine = this.#type(typed, wanted, path);
    if (!fine) return false;
    if (keyword(wanted, 'enum') !== undefined || keyword(wanted, 'const') !== undefined) {
      fine = this.find(
        'VALUE_REFUSED',
        path,
        wanted,
        { value: 'any other' },
        { set: instanceOf(typed.branch) },
      );
    }
    if (typed.type === 'string') fine = checkText(this, typed, wanted, path) && fine;
    else if (typed.type === 'number') fine = checkNumber(this, typed, wanted, path) && fine;
    else if (typed.type === 'array') fine = checkArray(this, typed, wanted, path) && fine;
    else if (typed.type === 'object') fine = checkObject(this, typed, wanted, path) && fine;
    return this.#combined(typed, wanted, path) && fine;
  }

  #type({ type, whole, branch }: Typed, wanted: Place, path: readonly Step[]): boolean {
    const named = textsOf(wanted, 'type');
    if (named === undefined || named.includes(type)) return true;
    if (type === 'number' && named.includes('integer')) {
      if (whole || branch.some((place) => Number.isInteger(keyword(place, 'multipleOf')))) return true;
      return this.find('NOT_WHOLE', path, wanted, {}, { set: instanceOf(branch, { fraction: true }) });
    }
    return this.find(
      'TYPE_REFUSED',
      path,
      wanted,
      { type, wanted: named.join(' or ') },
      { set: instanceOf(branch, { type }) },
    );
  }

  /** Keywords that combine other schemas. */
  #combined(typed: Typed, wanted: Place, path: readonly Step[]): boolean {
    let fine = true;
    const ref = keyword(wanted, '$ref');
    if (typeof ref === 'string') {
      const target = wanted.document.resolve(ref);
      if (target === undefined)
        fine = this.find('NOT_PROVED', path, wanted, {
          why: `the reference ${ref} leads out of the contract`,
        });
      else fine = this.contains(typed.branch.concat(ofType(typed)), target, path);
    }
    for (const part of listBelow(wanted, 'allOf')) fine = this.fits(typed, part, path) && fine;
    const any = listBelow(wanted, 'anyOf');
    if (any.length > 0) fine = this.#any(typed, any, wanted, path, 'anyOf') && fine;
    const one = listBelow(wanted, 'oneOf');
    if (one.length > 0) fine = this.#one(typed, one, wanted, path) && fine;
    if (keyword(wanted, 'not') !== undefined) fine = this.#not(typed, wanted, path) && fine;
    if (keyword(wanted, 'if') !== undefined) fine = this.#if(typed, wanted, path) && fine;
    for (const name of [
      'unevaluatedProperties',
      'unevaluatedItems',
      '$dynamicRef',
      '$recursiveRef',
      'dependencies',
    ]) {
      const value = keyword(wanted, name);
      if (value === undefined || value === true) continue;
      if (!typed.branch.some((place) => sameKeyword(place, wanted, name)))
        fine = this.find('NOT_PROVED', path, wanted, { why: `the keyword ${name} cannot be compared` });
    }
    return fine;
  }

  #any(
    typed: Typed,
    alternatives: readonly Place[],
    wanted: Place,
    path: readonly Step[],
    name: string,
  ): boolean {
    if (typed.branch.some((place) => sameKeyword(place, wanted, name))) return true;
    let nearest: readonly RawFinding[] | undefined;
    for (const alternative of alternatives) {
      const found = this.attempt(() => this.fits(typed, alternative, path));
      if (found.length === 0) return true;
      if (nearest === undefined || found.length < nearest.length) nearest = found;
    }
    const [first] = nearest ?? [];
    return this.find(
      'NO_ALTERNATIVE',
      path,
      wanted,
      {},
      first?.change !== undefined && first.path.length === path.length
        ? first.change
        : { set: instanceOf(typed.branch) },
    );
  }

  #one(typed: Typed, alternatives: readonly Place[], wanted: Place, path: readonly Step[]): boolean {
    if (typed.branch.some((place) => sameKeyword(place, wanted, 'oneOf'))) return true;
    const kept = alternatives.filter(
      (alternative) => this.attempt(() => this.fits(typed, alternative, path)).length === 0,
    );
    if (kept.length === 0) return this.#any(typed, alternatives, wanted, path, 'oneOf');
    const [home] = kept;
    const others = alternatives.filter((alternative) => alternative !== home);
    if (others.every((other) => disjoint(typed, other))) return true;
    return this.find('NOT_PROVED', path, wanted, {
      why: 'a value may keep more than one of the alternatives of oneOf',
    });
  }

  #not(typed: Typed, wanted: Place, path: readonly Step[]): boolean {
    if (typed.branch.some((place) => sameKeyword(place, wanted, 'not'))) return true;
    if (disjoint(typed, below(wanted, 'not'))) return true;
    const value = instanceOf(typed.branch);
    if (keeps(wanted, value) === false) return this.find('NO_ALTERNATIVE', path, wanted, {}, { set: value });
    return this.find('NOT_PROVED', path, wanted, { why: 'the keyword not cannot be compared' });
  }

  #if(typed: Typed, wanted: Place, path: readonly Step[]): boolean {
    const parts = ['if', 'then', 'else'];
    if (typed.branch.some((place) => parts.every((part) => sameKeyword(place, wanted, part)))) return true;
    const holds = (part: string): boolean =>
      keyword(wanted, part) === undefined ||
      this.attempt(() => this.fits(typed, below(wanted, part), path)).length === 0;
    if (holds('then') && holds('else')) return true;
    if (disjoint(typed, below(wanted, 'if'))) return this.#part(typed, wanted, path, 'else');
    if (holds('if')) return this.#part(typed, wanted, path, 'then');
    return this.find('NOT_PROVED', path, wanted, {
      why: 'the condition (if, then, else) cannot be compared',
    });
  }

  #part(typed: Typed, wanted: Place, path: readonly Step[], part: string): boolean {
    return keyword(wanted, part) === undefined || this.fits(typed, below(wanted, part), path);
  }
}

/** The case's type as a schema of its own, so that a reference is held against this type only. */
function ofType({ type, whole, branch }: Typed): Place[] {
  const [place] = branch;
  return place === undefined ? [] : [place.document.made({ type: whole ? 'integer' : type }, place.pointer)];
}

function finiteValues({ type, branch }: Typed): unknown[] | undefined {
  const listed = listedValues(branch);
  if (listed !== undefined) return listed;
  if (type === 'null') return [null];
  return type === 'boolean' ? [true, false] : undefined;
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
