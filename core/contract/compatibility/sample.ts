/** Values that keep schemas: small, readable, and the schema's own examples first. */
import { accepts } from './accepts';
import { type Branch, branchesOf } from './branch';
import { keyword, type Place } from './document';
import { isSpent } from './effort';
import type { Step } from './failure';
import { samplesOf } from './formats';
import { findText } from './regex/search';
import { listRules, numberRules, objectRules, textRules } from './rules';

/** Most values that are made for one example; beyond that none is found. */
const MAX_MADE = 4000;
const MAX_DEPTH = 12;
const MAX_LIST = 3000;
const TEXTS = ['A-1', 'text', 'x', '1', '12.30', 'EUR', ''];

/** A part of a value that is given. */
export interface Given {
  readonly step: Step;
  readonly value: unknown;
}

export interface Wish {
  readonly given?: Given;
  /** A member that must not be there. */
  readonly without?: string;
  /** A length of a list or a number of members to reach. */
  readonly count?: number;
  /** Entries of a list should not keep this, and no more than needed should. */
  readonly avoids?: Place;
  /** Entries of a list should keep this. */
  readonly prefers?: Place;
  /** A list must have an entry twice. */
  readonly twice?: boolean;
}

export class Sampler {
  #made = 0;

  /** A value of these schemas; several, when there are several kinds. */
  values(facts: readonly Place[], depth = 0, most = 3): unknown[] {
    if (depth > MAX_DEPTH || this.#made > MAX_MADE || isSpent()) return [];
    const found: unknown[] = [];
    for (const branch of branchesOf(facts)) {
      const values = this.ofBranch(branch, {}, depth);
      found.push(...values.slice(0, branch.values === undefined ? 2 : most));
      if (found.length >= most) break;
    }
    return found;
  }

  /** Values of a branch that also keep a wish. */
  ofBranch(branch: Branch, wish: Wish = {}, depth = 0): unknown[] {
    if (depth > MAX_DEPTH || this.#made > MAX_MADE || isSpent()) return [];
    const free = Object.keys(wish).length === 0;
    const made = free && branch.values !== undefined ? branch.values : this.#make(branch, wish, depth);
    const all = free ? [...examplesOf(branch), ...made] : made;
    this.#made += all.length;
    return all.filter((value) => keeps(branch, value));
  }

  #make(branch: Branch, wish: Wish, depth: number): unknown[] {
    switch (branch.type) {
      case 'string':
        return texts(branch);
      case 'number':
        return numbers(branch);
      case 'array':
        return this.#lists(branch, wish, depth);
      case 'object':
        return this.#objects(branch, wish, depth);
      default:
        return [...(branch.values ?? [])];
    }
  }

  #lists(branch: Branch, { given, count, twice, avoids, prefers }: Wish, depth: number): unknown[] {
    const rules = listRules(branch);
    const index = given?.step.kind === 'entry' ? given.step.index : -1;
    const length = Math.max(rules.min, index + 1, count ?? 0, twice === true ? 2 : 0);
    if (length > MAX_LIST || length > rules.max) return [];
    const list: unknown[] = [];
    const wanted = branch.facts.flatMap((place) =>
      keyword(place, 'contains') === undefined
        ? []
        : [place.document.place((place.schema as { contains: unknown }).contains, place.pointer)],
    );
    for (let at = 0; at < length; at += 1) {
      if (at === index) {
        list.push(given?.value);
        continue;
      }
      const entry = first(
        wanted.length > 0 && at < Math.max(1, rules.min)
          ? [
              ...this.values([...rules.at(at), ...wanted], depth + 1, 8),
              ...this.values(rules.at(at), depth + 1, 8),
            ]
          : at > rules.prefix && !rules.unique && list.length > rules.prefix + (index <= rules.prefix ? 1 : 0)
            ? [list.at(-1)]
            : prefers === undefined
              ? this.values(rules.at(at), depth + 1, 8)
              : this.values([...rules.at(at), prefers], depth + 1),
        avoids,
      );
      if (entry === undefined) return [];
      list.push(rules.unique ? varied(entry, at, rules.at(at)) : entry);
    }
    if (twice === true) list[1] = list[0];
    return [list];
  }

  #objects(branch: Branch, { given, without, count }: Wish, depth: number): unknown[] {
    const rules = objectRules(branch);
    const object: Record<string, unknown> = {};
    const put = (name: string, value: unknown): void => {
      Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
    };
    const step = given?.step;
    for (const name of rules.required) {
      if (name === without) return [];
      if (step?.kind === 'member' && step.name === name) continue;
      const [value] = this.values(rules.member(name), depth + 1, 1);
      if (value === undefined) return [];
      put(name, value);
    }
    if (step?.kind === 'member') put(step.name, given?.value);
    if (step?.kind === 'name') {
      const name = String(given?.value);
      const [value] = this.values(rules.member(name), depth + 1, 1);
      put(name, value ?? null);
    }
    const wanted = Math.max(rules.min, count ?? 0);
    const more = [
      ...rules.declared,
      ...Array.from({ length: Math.min(wanted, 100) }, (_, at) => `extra${at + 1}`),
    ];
    for (const name of more) {
      if (Object.keys(object).length >= wanted) break;
      if (name === without || Object.hasOwn(object, name)) continue;
      const [value] = this.values(rules.member(name), depth + 1, 1);
      if (value !== undefined) put(name, value);
    }
    return [object];
  }
}

/** The first that breaks a schema, or else the first. */
function first(values: readonly unknown[], avoids: Place | undefined): unknown {
  if (avoids === undefined) return values[0];
  return values.find((value) => accepts(avoids, value) === false) ?? values[0];
}

/** Whether a value is of a branch, as far as that can be judged here. */
export function keeps({ facts, denied }: Branch, value: unknown): boolean {
  return (
    facts.every((place) => accepts(place, value) !== false) &&
    denied.every((place) => accepts(place, value) !== true)
  );
}

function examplesOf({ facts }: Branch): unknown[] {
  return facts.flatMap((place) => {
    const examples = keyword(place, 'examples');
    const preset = keyword(place, 'default');
    return [
      ...(Array.isArray(examples) ? examples.slice(0, 3) : []),
      ...(preset === undefined ? [] : [preset]),
    ];
  });
}

function texts(branch: Branch): string[] {
  const { patterns, avoids, minLength, maxLength, formats } = textRules(branch);
  const found = findText({ matches: patterns, avoids, minLength, maxLength });
  const long = minLength > 1 && minLength < 5000 ? ['a'.repeat(minLength), '1'.repeat(minLength)] : [];
  return [
    ...formats.flatMap((format) => samplesOf(format, minLength)),
    ...TEXTS,
    ...(typeof found === 'string' ? [] : [found.text]),
    ...long,
  ];
}

function numbers(branch: Branch): number[] {
  const { min, max, whole, multiples } = numberRules(branch);
  const base = [1, 2, 0, 10, 0.5, -1, min, min + 1, min + 0.5, max, max - 1, max - 0.5, (min + max) / 2];
  const [step] = multiples;
  const stepped =
    step === undefined ? [] : [step, 2 * step, Math.ceil(min / step) * step, Math.floor(max / step) * step];
  return [...stepped, ...base].filter(
    (value) => Number.isFinite(value) && (!whole || Number.isInteger(value)),
  );
}

/** Another value of the same kind, for lists without duplicates. */
function varied(value: unknown, index: number, facts: readonly Place[]): unknown {
  if (index === 0) return value;
  const others: unknown[] =
    typeof value === 'number'
      ? [value + index]
      : typeof value === 'string'
        ? [`${value}${index}`, `${value}${'x'.repeat(index)}`]
        : [];
  const listed = branchesOf(facts).flatMap(({ values }) => values ?? []);
  return (
    [...others, ...listed.slice(index)].find((other) =>
      facts.every((place) => accepts(place, other) !== false),
    ) ?? value
  );
}
