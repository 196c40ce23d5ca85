/** What the facts of a branch say together: bounds of numbers and lengths, members, entries. */
import { regexOf, schemasFor } from './accepts';
import { type Branch, requiredOf } from './branch';
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

/** The strictest of the facts' limits: the highest of a minimum, the lowest of a maximum. */
export function lowest(facts: readonly Place[], name: string): number {
  return Math.min(Number.POSITIVE_INFINITY, ...facts.flatMap((place) => numberOf(place, name) ?? []));
}

export function highest(facts: readonly Place[], name: string): number {
  return Math.max(Number.NEGATIVE_INFINITY, ...facts.flatMap((place) => numberOf(place, name) ?? []));
}

export interface NumberRules {
  readonly whole: boolean;
  readonly min: number;
  readonly max: number;
  /** The limit itself is not allowed. */
  readonly openMin: boolean;
  readonly openMax: boolean;
  readonly multiples: readonly number[];
}

export function numberRules({ facts }: Branch): NumberRules {
  const whole = facts.some((place) => {
    const types = textsOf(place, 'type');
    return types?.includes('integer') === true && !types.includes('number');
  });
  const min = Math.max(highest(facts, 'minimum'), highest(facts, 'exclusiveMinimum'));
  const max = Math.min(lowest(facts, 'maximum'), lowest(facts, 'exclusiveMaximum'));
  const openMin = highest(facts, 'exclusiveMinimum') === min && Number.isFinite(min);
  const openMax = lowest(facts, 'exclusiveMaximum') === max && Number.isFinite(max);
  const multiples = facts.flatMap((place) => numberOf(place, 'multipleOf') ?? []);
  if (!whole) return { whole, min, max, openMin, openMax, multiples };
  return {
    whole,
    min: openMin ? Math.floor(min) + 1 : Math.ceil(min),
    max: openMax ? Math.ceil(max) - 1 : Math.floor(max),
    openMin: false,
    openMax: false,
    multiples,
  };
}

/** Whether no number keeps the rules (found for the plain cases). */
export function noNumber({ min, max, openMin, openMax }: NumberRules): boolean {
  return min > max || (min === max && (openMin || openMax));
}

export interface TextRules {
  readonly minLength: number;
  readonly maxLength: number;
  readonly patterns: readonly string[];
  readonly formats: readonly string[];
  /** Patterns that do not match. */
  readonly avoids: readonly string[];
}

export function textRules({ facts, denied }: Branch): TextRules {
  const texts = (name: string, of: readonly Place[]): string[] => [
    ...new Set(
      of.flatMap((place) => (typeof keyword(place, name) === 'string' ? String(keyword(place, name)) : [])),
    ),
  ];
  return {
    minLength: Math.max(0, highest(facts, 'minLength')),
    maxLength: lowest(facts, 'maxLength'),
    patterns: texts('pattern', facts),
    formats: texts('format', facts),
    avoids: texts(
      'pattern',
      denied.filter(({ schema }) => {
        if (typeof schema === 'boolean' || (schema.type ?? 'string') !== 'string') return false;
        const keys = Object.keys(schema).filter((key) => key !== 'type' && !isAnnotation(key));
        return keys.length === 1 && keys[0] === 'pattern';
      }),
    ),
  };
}

export interface ListRules {
  readonly min: number;
  readonly max: number;
  readonly unique: boolean;
  /** Number of first entries that have schemas of their own. */
  readonly prefix: number;
  /** Schemas of the entry at an index. */
  at(index: number): Place[];
}

export function listRules({ facts }: Branch): ListRules {
  const prefix = Math.max(0, ...facts.map((place) => listBelow(place, 'prefixItems').length));
  const at = (index: number): Place[] =>
    facts.flatMap((place) => {
      const own = listBelow(place, 'prefixItems');
      const entry = own[index];
      if (entry !== undefined) return [entry];
      return keyword(place, 'items') === undefined ? [] : [below(place, 'items')];
    });
  const closed = facts
    .filter((place) => keyword(place, 'items') === false)
    .map((place) => listBelow(place, 'prefixItems').length);
  const contained = facts.filter(heedsContains).map((place) => numberOf(place, 'minContains') ?? 1);
  return {
    min: Math.max(0, highest(facts, 'minItems'), ...contained),
    max: Math.min(lowest(facts, 'maxItems'), ...closed),
    unique: facts.some((place) => keyword(place, 'uniqueItems') === true),
    prefix,
    at,
  };
}

/** Whether ajv heeds `contains` here: beside `prefixItems` it passes it over for lists that are too short for those. */
export function heedsContains(place: Place): boolean {
  return keyword(place, 'contains') !== undefined && listBelow(place, 'prefixItems').length === 0;
}

export interface ObjectRules {
  readonly required: ReadonlySet<string>;
  readonly min: number;
  readonly max: number;
  /** Names that some fact declares. */
  readonly declared: ReadonlySet<string>;
  readonly patterns: readonly string[];
  readonly names: readonly Place[];
  /** Schemas of the member of this name. */
  member(name: string): Place[];
  /** Schemas of a member whose name no fact declares and no pattern matches. */
  readonly other: readonly Place[];
  /** Whether members of other names than the declared are impossible. */
  readonly closed: boolean;
}

const known = new WeakMap<readonly Place[], ObjectRules>();

export function objectRules({ facts }: Branch): ObjectRules {
  let rules = known.get(facts);
  if (rules === undefined) {
    rules = readObject(facts);
    known.set(facts, rules);
  }
  return rules;
}

function readObject(facts: readonly Place[]): ObjectRules {
  const shaped = facts.filter((place) =>
    ['properties', 'patternProperties', 'additionalProperties'].some(
      (key) => keyword(place, key) !== undefined,
    ),
  );
  const declared = new Set(
    shaped.flatMap((place) => membersBelow(place, 'properties').map(([name]) => name)),
  );
  const patterns = [
    ...new Set(
      shaped.flatMap((place) => membersBelow(place, 'patternProperties').map(([pattern]) => pattern)),
    ),
  ];
  const other = shaped.flatMap((place) =>
    keyword(place, 'additionalProperties') === undefined ? [] : [below(place, 'additionalProperties')],
  );
  const required = requiredOf(facts);
  return {
    required,
    min: Math.max(required.size, highest(facts, 'minProperties')),
    max: lowest(facts, 'maxProperties'),
    declared,
    patterns,
    names: facts.flatMap((place) =>
      keyword(place, 'propertyNames') === undefined ? [] : [below(place, 'propertyNames')],
    ),
    member: (name) => shaped.flatMap((place) => schemasFor(place, name).map(([, schema]) => schema)),
    other,
    closed: shaped.some(
      (place) =>
        keyword(place, 'additionalProperties') === false &&
        membersBelow(place, 'patternProperties').length === 0,
    ),
  };
}

/** Whether a name matches a pattern. */
export function matches(pattern: string, name: string): boolean {
  return regexOf(pattern)?.test(name) === true;
}
