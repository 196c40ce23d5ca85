/** Whether a schema takes one value, decided place by place. The last word about a whole message is ajv's. */

import { asSchema } from '../schema-tree';
import {
  below,
  isAnnotation,
  keyword,
  listBelow,
  membersBelow,
  numberOf,
  type Place,
  textsOf,
} from './document';
import { spend } from './effort';
import { keepsFormat } from './formats';
import { deepEqual, distinct, textLength, typeOf } from './values';

/** undefined: it uses what we do not judge (unevaluated*, dynamic references), or goes round in circles. */
export type Answer = boolean | undefined;

const MAX_DEPTH = 60;

export function accepts(place: Place, value: unknown, depth = 0): Answer {
  const { schema } = place;
  if (typeof schema === 'boolean') return schema;
  if (depth > MAX_DEPTH || !spend()) return undefined;
  let answer: Answer = true;
  for (const key of Object.keys(schema)) {
    if (isAnnotation(key)) continue;
    const one = acceptsKeyword(place, key, value, depth + 1);
    if (one === false) return false;
    if (one === undefined) answer = undefined;
  }
  return answer;
}

/** Whether one keyword, with those it goes with, takes a value. */
export function acceptsKeyword(place: Place, key: string, value: unknown, depth = 0): Answer {
  const to = (): Place => below(place, key);
  switch (key) {
    case '$ref': {
      const target = place.document.resolve(String(keyword(place, key)));
      return target === undefined ? undefined : accepts(target, value, depth);
    }
    case 'type':
      return (textsOf(place, key) ?? []).some((type) => isOfType(type, value));
    case 'enum': {
      const values = keyword(place, key);
      return Array.isArray(values) && values.some((entry) => deepEqual(entry, value));
    }
    case 'const':
      return deepEqual(keyword(place, key), value);
    case 'allOf':
      return all(listBelow(place, key).map((entry) => accepts(entry, value, depth)));
    case 'anyOf':
      return negated(all(listBelow(place, key).map((entry) => negated(accepts(entry, value, depth)))));
    case 'oneOf':
      return one(listBelow(place, key).map((entry) => accepts(entry, value, depth)));
    case 'not':
      return negated(accepts(to(), value, depth));
    case 'if': {
      const condition = accepts(to(), value, depth);
      const branch = (name: string): Answer =>
        keyword(place, name) === undefined ? true : accepts(below(place, name), value, depth);
      if (condition !== undefined) return branch(condition ? 'then' : 'else');
      return branch('then') === true && branch('else') === true ? true : undefined;
    }
    case 'then':
    case 'else':
    case 'minContains':
    case 'maxContains':
      return true;
    case '$dynamicRef':
    case '$recursiveRef':
    case 'unevaluatedProperties':
    case 'unevaluatedItems':
    case 'dependencies':
    case 'additionalItems':
      return undefined;
    default:
      break;
  }
  switch (typeOf(value)) {
    case 'number':
      return acceptsNumber(place, key, value as number);
    case 'string':
      return acceptsText(place, key, value as string);
    case 'array':
      return acceptsList(place, key, value as unknown[], depth);
    case 'object':
      return acceptsObject(place, key, value as Record<string, unknown>, depth);
    default:
      return true;
  }
}

function isOfType(type: string, value: unknown): boolean {
  return type === 'integer' ? Number.isInteger(value) : type === typeOf(value);
}

function acceptsNumber(place: Place, key: string, value: number): Answer {
  const limit = numberOf(place, key);
  if (limit === undefined) return true;
  switch (key) {
    case 'minimum':
      return value >= limit;
    case 'maximum':
      return value <= limit;
    case 'exclusiveMinimum':
      return value > limit;
    case 'exclusiveMaximum':
      return value < limit;
    case 'multipleOf':
      return Number.isInteger(value / limit);
    default:
      return true;
  }
}

const compiled = new Map<string, RegExp | undefined>();

/** A pattern as the validator takes it; undefined for a faulty one. */
export function regexOf(pattern: string): RegExp | undefined {
  if (!compiled.has(pattern)) {
    if (compiled.size > 1000) compiled.clear();
    let regex: RegExp | undefined;
    try {
      regex = new RegExp(pattern, 'u');
    } catch {
      // Told as a fault of the schema elsewhere.
    }
    compiled.set(pattern, regex);
  }
  return compiled.get(pattern);
}

function acceptsText(place: Place, key: string, value: string): Answer {
  switch (key) {
    case 'minLength':
      return textLength(value) >= (numberOf(place, key) ?? 0);
    case 'maxLength':
      return textLength(value) <= (numberOf(place, key) ?? Number.POSITIVE_INFINITY);
    case 'pattern':
      return regexOf(String(keyword(place, key)))?.test(value);
    case 'format':
      return keepsFormat(String(keyword(place, key)), value);
    default:
      return true;
  }
}

function acceptsList(place: Place, key: string, value: readonly unknown[], depth: number): Answer {
  switch (key) {
    case 'minItems':
      return value.length >= (numberOf(place, key) ?? 0);
    case 'maxItems':
      return value.length <= (numberOf(place, key) ?? Number.POSITIVE_INFINITY);
    case 'uniqueItems':
      return keyword(place, key) !== true || distinct(value).length === value.length;
    case 'prefixItems':
      return all(
        listBelow(place, key)
          .slice(0, value.length)
          .map((entry, index) => accepts(entry, value[index], depth)),
      );
    case 'items': {
      if (Array.isArray(keyword(place, key))) return undefined;
      const rest = value.slice(listBelow(place, 'prefixItems').length);
      const items = below(place, key);
      return all(rest.map((entry) => accepts(items, entry, depth)));
    }
    case 'contains': {
      const wanted = below(place, key);
      const answers = value.map((entry) => accepts(wanted, entry, depth));
      const sure = answers.filter((answer) => answer === true).length;
      const possible = answers.filter((answer) => answer !== false).length;
      const min = numberOf(place, 'minContains') ?? 1;
      const max = numberOf(place, 'maxContains') ?? Number.POSITIVE_INFINITY;
      if (possible < min || sure > max) return false;
      return sure >= min && possible <= max ? true : undefined;
    }
    default:
      return true;
  }
}

function acceptsObject(place: Place, key: string, value: Record<string, unknown>, depth: number): Answer {
  const names = Object.keys(value);
  switch (key) {
    case 'required':
      return (textsOf(place, key) ?? []).every((name) => Object.hasOwn(value, name));
    case 'minProperties':
      return names.length >= (numberOf(place, key) ?? 0);
    case 'maxProperties':
      return names.length <= (numberOf(place, key) ?? Number.POSITIVE_INFINITY);
    case 'properties':
    case 'patternProperties':
    case 'additionalProperties':
      return all(
        names.flatMap((name) =>
          schemasFor(place, name)
            .filter(([from]) => from === key)
            .map(([, schema]) => accepts(schema, value[name], depth)),
        ),
      );
    case 'propertyNames': {
      const rule = below(place, key);
      return all(names.map((name) => accepts(rule, name, depth)));
    }
    case 'dependentRequired':
      return Object.entries(keyword(place, key) as Record<string, unknown>).every(
        ([name, needed]) =>
          !Object.hasOwn(value, name) ||
          !Array.isArray(needed) ||
          needed.every((other) => Object.hasOwn(value, String(other))),
      );
    case 'dependentSchemas':
      return all(
        membersBelow(place, key)
          .filter(([name]) => Object.hasOwn(value, name))
          .map(([, schema]) => accepts(schema, value, depth)),
      );
    default:
      return true;
  }
}

/** What one schema says about a member of this name, and by which keyword. */
export function schemasFor(place: Place, name: string): [string, Place][] {
  const found: [string, Place][] = [];
  const properties = asSchema(keyword(place, 'properties'));
  if (properties !== undefined && Object.hasOwn(properties, name)) {
    found.push(['properties', below(place, 'properties', name)]);
  }
  for (const [pattern, schema] of membersBelow(place, 'patternProperties')) {
    if (regexOf(pattern)?.test(name)) found.push(['patternProperties', schema]);
  }
  if (found.length === 0 && keyword(place, 'additionalProperties') !== undefined) {
    found.push(['additionalProperties', below(place, 'additionalProperties')]);
  }
  return found;
}

function all(answers: readonly Answer[]): Answer {
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

function one(answers: readonly Answer[]): Answer {
  const yes = answers.filter((answer) => answer === true).length;
  if (yes > 1) return false;
  if (answers.includes(undefined)) return undefined;
  return yes === 1;
}

function negated(answer: Answer): Answer {
  return answer === undefined ? undefined : !answer;
}
