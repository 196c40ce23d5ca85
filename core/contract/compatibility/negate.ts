/** What a value must be like that breaks a schema: alternatives that together allow at least all such values. */
import type { Alternative } from './branch';
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
import { TYPES } from './values';

const MAX_DEPTH = 6;

const OF_TYPE: Readonly<Record<string, string>> = {
  minLength: 'string',
  maxLength: 'string',
  pattern: 'string',
  format: 'string',
  minimum: 'number',
  maximum: 'number',
  exclusiveMinimum: 'number',
  exclusiveMaximum: 'number',
  multipleOf: 'number',
  items: 'array',
  prefixItems: 'array',
  contains: 'array',
  minItems: 'array',
  maxItems: 'array',
  uniqueItems: 'array',
  properties: 'object',
  patternProperties: 'object',
  additionalProperties: 'object',
  propertyNames: 'object',
  required: 'object',
  minProperties: 'object',
  maxProperties: 'object',
  dependentRequired: 'object',
  dependentSchemas: 'object',
};

/** The ways to break a schema; none when every value keeps it. Each carries the schema as denied. */
export function negate(place: Place, depth = 0): Alternative[] {
  if (place.schema === true) return [];
  const anything: Alternative[] = [{ facts: [], denied: [place] }];
  if (place.schema === false) return [{ facts: [], denied: [] }];
  if (depth > MAX_DEPTH) return anything;
  const keys = Object.keys(place.schema).filter((key) => !isAnnotation(key));
  const ways = keys.flatMap((key) => negateKeyword(place, key, depth));
  if (ways.length > 24) return anything;
  return ways.map(({ facts, denied }) => ({ facts, denied: [...denied, place] }));
}

function negateKeyword(place: Place, key: string, depth: number): Alternative[] {
  const made = (schema: Record<string, unknown>): Alternative => ({
    facts: [place.document.made(schema, place.pointer)],
    denied: [],
  });
  const value = keyword(place, key);
  const limit = numberOf(place, key);
  switch (key) {
    case 'type': {
      const types = (textsOf(place, key) ?? []).map((type) => (type === 'integer' ? 'number' : type));
      const rest = TYPES.filter((type) => !types.includes(type));
      const whole =
        (textsOf(place, key) ?? []).includes('integer') && !(textsOf(place, key) ?? []).includes('number');
      return rest.length === 0 && !whole ? [] : [made({ type: whole ? [...rest, 'number'] : rest })];
    }
    case '$ref': {
      const target = place.document.resolve(String(value));
      return target === undefined ? [{ facts: [], denied: [] }] : negate(target, depth + 1);
    }
    case 'allOf':
      return listBelow(place, key).flatMap((entry) => negate(entry, depth + 1));
    case 'anyOf':
      return listBelow(place, key)
        .map((entry) => negate(entry, depth + 1))
        .reduce<Alternative[]>(
          (sofar, ways) =>
            sofar.length * ways.length > 24
              ? sofar
              : sofar.flatMap((one) =>
                  ways.map((other) => ({
                    facts: [...one.facts, ...other.facts],
                    denied: [...one.denied, ...other.denied],
                  })),
                ),
          [{ facts: [], denied: [] }],
        );
    case 'not':
      return [{ facts: [below(place, key)], denied: [] }];
    case 'then':
    case 'else':
    case 'minContains':
    case 'maxContains':
      return [];
    case 'required':
      return (textsOf(place, key) ?? []).map((name) =>
        made({ type: 'object', properties: { [name]: false } }),
      );
    case 'properties':
      return membersBelow(place, key)
        .filter(([, schema]) => schema.schema !== true)
        .map(([name, { schema }]) =>
          made({ type: 'object', required: [name], properties: { [name]: { not: schema } } }),
        );
    case 'minLength':
      return limit === undefined || limit < 1 ? [] : [made({ type: 'string', maxLength: limit - 1 })];
    case 'maxLength':
      return limit === undefined ? [] : [made({ type: 'string', minLength: limit + 1 })];
    case 'minimum':
      return limit === undefined ? [] : [made({ type: 'number', exclusiveMaximum: limit })];
    case 'maximum':
      return limit === undefined ? [] : [made({ type: 'number', exclusiveMinimum: limit })];
    case 'exclusiveMinimum':
      return limit === undefined ? [] : [made({ type: 'number', maximum: limit })];
    case 'exclusiveMaximum':
      return limit === undefined ? [] : [made({ type: 'number', minimum: limit })];
    case 'minItems':
      return limit === undefined || limit < 1 ? [] : [made({ type: 'array', maxItems: limit - 1 })];
    case 'maxItems':
      return limit === undefined ? [] : [made({ type: 'array', minItems: limit + 1 })];
    default: {
      const type = OF_TYPE[key];
      if (type === undefined) return [{ facts: [], denied: [] }];
      const [whole] = made(aloneOf(place, key)).facts;
      return [{ facts: made({ type }).facts, denied: whole === undefined ? [] : [whole] }];
    }
  }
}

/** A schema that says what one keyword says, with those that it goes with. */
function aloneOf(place: Place, key: string): Record<string, unknown> {
  const value = keyword(place, key);
  const open = (name: string): Record<string, unknown> =>
    Object.fromEntries(membersBelow(place, name).map(([member]) => [member, true]));
  const beside = (...names: string[]): Record<string, unknown> =>
    Object.fromEntries(
      names.flatMap((name) => (keyword(place, name) === undefined ? [] : [[name, keyword(place, name)]])),
    );
  switch (key) {
    case 'additionalProperties':
      return { properties: open('properties'), patternProperties: open('patternProperties'), [key]: value };
    case 'items': {
      const prefix = listBelow(place, 'prefixItems').map(() => true);
      return { ...(prefix.length === 0 ? {} : { prefixItems: prefix }), [key]: value };
    }
    case 'contains':
      return { [key]: value, ...beside('minContains', 'maxContains') };
    default:
      return { [key]: value };
  }
}
