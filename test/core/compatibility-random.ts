/** The brute oracle: random messages of a schema, made without anything of the check itself; and random schemas. */
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

export type Random = () => number;

const ajv = new Ajv2020({ strict: false, logger: false, validateSchema: false });
addFormats(ajv);
ajv.addFormat('iso-4217', /^(EUR|USD|JPY|GBP)$/);

export function validatorOf(schema: object | boolean): ValidateFunction {
  const check = ajv.compile(schema);
  if (typeof schema === 'object') ajv.removeSchema(schema);
  return check;
}

type Schema = Record<string, unknown>;

const pick = <T>(random: Random, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)] as T;
const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null;
const NAMES = ['a', 'b', 'c', 'xa', 'x-1', 'kind', 'extra'];
const TEXTS = [
  '',
  'a',
  'b',
  'ab',
  'abc',
  'A',
  'AB',
  'ABC',
  'ABCD',
  'aaaaaa',
  '0',
  '12',
  '2026-11-23',
  'a@example.com',
  '2026-11-23T10:00:00Z',
  '12.30',
  'x',
];
const NUMBERS = [0, 1, -1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 0.5, 1.5, 0.1, 0.25, 9.5, 100];

/** Interesting values that a schema itself mentions: examples, values, neighbours of limits. */
export function poolOf(schema: unknown, pool: unknown[] = []): unknown[] {
  if (!isSchema(schema)) return pool;
  for (const [key, value] of Object.entries(schema)) {
    if (typeof value === 'number')
      pool.push(
        value,
        value + 1,
        value - 1,
        'a'.repeat(Math.max(0, Math.min(300, value))),
        'a'.repeat(Math.max(0, Math.min(300, value + 1))),
      );
    if ((key === 'enum' || key === 'examples') && Array.isArray(value)) pool.push(...value);
    if (key === 'const') pool.push(value);
    poolOf(value, pool);
  }
  return pool;
}

/** A value that often keeps the schema, made by reading it top down. */
export function messageOf(
  schema: unknown,
  root: Schema,
  random: Random,
  pool: readonly unknown[],
  depth = 0,
): unknown {
  if (!isSchema(schema) || depth > 7) return anything(random, pool, depth);
  if (random() < 0.03) return anything(random, pool, depth);
  if (typeof schema.$ref === 'string') {
    let target: unknown = root;
    for (const part of schema.$ref.split('/').slice(1)) target = isSchema(target) ? target[part] : undefined;
    return messageOf(target, root, random, pool, depth + 1);
  }
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return pick(random, schema.enum);
  if (Array.isArray(schema.examples) && random() < 0.3) return pick(random, schema.examples);
  for (const key of ['anyOf', 'oneOf']) {
    const ways = schema[key];
    if (Array.isArray(ways) && schema.type === undefined)
      return messageOf(pick(random, ways), root, random, pool, depth + 1);
  }
  if (Array.isArray(schema.allOf)) {
    const parts = schema.allOf.map((part: unknown) => messageOf(part, root, random, pool, depth + 1));
    return parts.every(isSchema) ? Object.assign({}, ...parts) : pick(random, parts);
  }
  const types = Array.isArray(schema.type) ? schema.type : [schema.type ?? guess(schema)];
  switch (pick(random, types)) {
    case 'null':
      return null;
    case 'boolean':
      return random() < 0.5;
    case 'integer':
      return Math.floor(number(schema, random, pool));
    case 'number':
      return number(schema, random, pool);
    case 'string':
      return pick(random, [...TEXTS, ...pool.filter((value) => typeof value === 'string')]);
    case 'array': {
      const least = typeof schema.minItems === 'number' ? schema.minItems : 0;
      const prefix = Array.isArray(schema.prefixItems) ? schema.prefixItems : [];
      const length = least + Math.floor(random() * 3) + (random() < 0.5 ? prefix.length : 0);
      return Array.from({ length: Math.min(length, 8) }, (_, index) =>
        messageOf(prefix[index] ?? schema.items ?? schema.contains, root, random, pool, depth + 1),
      );
    }
    case 'object': {
      const value: Schema = {};
      const properties = isSchema(schema.properties) ? schema.properties : {};
      const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
      for (const name of new Set([...Object.keys(properties), ...required])) {
        if (properties[name] === false) continue;
        if (required.includes(name) || random() < 0.4)
          value[name] = messageOf(properties[name], root, random, pool, depth + 1);
      }
      if (
        schema.additionalProperties !== false ||
        schema.patternProperties !== undefined ||
        random() < 0.05
      ) {
        while (random() < 0.4) value[pick(random, NAMES)] = anything(random, pool, depth + 1);
      }
      return value;
    }
    default:
      return anything(random, pool, depth);
  }
}

function guess(schema: Schema): string {
  if (
    schema.properties !== undefined ||
    schema.required !== undefined ||
    schema.additionalProperties !== undefined
  )
    return 'object';
  if (schema.items !== undefined || schema.contains !== undefined) return 'array';
  return 'any';
}

function number(schema: Schema, random: Random, pool: readonly unknown[]): number {
  const known = [...NUMBERS, ...pool.filter((value) => typeof value === 'number')];
  const step = typeof schema.multipleOf === 'number' ? schema.multipleOf : undefined;
  return step !== undefined && random() < 0.7 ? step * Math.floor(random() * 20 - 5) : pick(random, known);
}

function anything(random: Random, pool: readonly unknown[], depth: number): unknown {
  const kind = random();
  if (kind < 0.25) return pick(random, TEXTS);
  if (kind < 0.5) return pick(random, NUMBERS);
  if (kind < 0.6 && pool.length > 0) return pick(random, pool);
  if (kind < 0.8 || depth > 5) return pick(random, [null, true, false]);
  if (kind < 0.9)
    return Array.from({ length: Math.floor(random() * 3) }, () => anything(random, pool, depth + 1));
  return Object.fromEntries(
    Array.from({ length: Math.floor(random() * 3) }, () => [
      pick(random, NAMES),
      anything(random, pool, depth + 1),
    ]),
  );
}

/** A random small schema over few names and values, so that two of them often have to do with each other. */
export function schemaOf(random: Random, depth = 0): object | boolean {
  const inner = (): object | boolean => schemaOf(random, depth + 1);
  const kind = random();
  const leaf = depth > 2;
  if (kind < 0.03) return random() < 0.7;
  if (!leaf && kind < 0.12) return { [pick(random, ['anyOf', 'oneOf'])]: [inner(), inner()] };
  if (!leaf && kind < 0.17) return { allOf: [inner(), inner()] };
  if (!leaf && kind < 0.21) return { not: inner() };
  if (!leaf && kind < 0.25)
    return Object.fromEntries([
      ['if', inner()],
      ['then', inner()],
      ...(random() < 0.5 ? [['else', inner()]] : []),
    ]);
  if (kind < 0.33) return { enum: [pick(random, TEXTS), pick(random, NUMBERS), pick(random, TEXTS)] };
  if (kind < 0.36) return { const: pick<unknown>(random, [...TEXTS, ...NUMBERS, null]) };
  const some = (chance: number, part: () => object): object => (random() < chance ? part() : {});
  if (kind < 0.5) {
    return {
      type: pick(random, ['string', 'string', ['string', 'null']]),
      ...some(0.3, () => ({ minLength: Math.floor(random() * 3) })),
      ...some(0.3, () => ({ maxLength: 1 + Math.floor(random() * 4) })),
      ...some(0.3, () => ({
        pattern: pick(random, [
          '^a',
          'b$',
          '^[A-Z]+$',
          '^[A-Z]{2,3}$',
          '^[a-z]*$',
          'a|b',
          '^(a|A)b?',
          '^\\d+$',
        ]),
      })),
      ...some(0.1, () => ({ format: pick(random, ['date', 'email', 'date-time']) })),
    };
  }
  if (kind < 0.64) {
    return {
      type: pick(random, ['integer', 'number', ['integer', 'string'], ['number', 'null']]),
      ...some(0.3, () => ({ minimum: pick(random, NUMBERS) })),
      ...some(0.3, () => ({ maximum: pick(random, NUMBERS) })),
      ...some(0.15, () => ({ exclusiveMinimum: pick(random, NUMBERS) })),
      ...some(0.15, () => ({ exclusiveMaximum: pick(random, NUMBERS) })),
      ...some(0.2, () => ({ multipleOf: pick(random, [1, 2, 3, 6, 0.5, 0.1]) })),
    };
  }
  if (leaf) return { type: pick(random, ['boolean', 'null', 'string', 'number']) };
  if (kind < 0.76) {
    return {
      type: 'array',
      ...some(0.7, () => ({ items: inner() })),
      ...some(0.2, () => ({ prefixItems: [inner(), inner()] })),
      ...some(0.3, () => ({ minItems: Math.floor(random() * 3) })),
      ...some(0.3, () => ({ maxItems: Math.floor(random() * 4) })),
      ...some(0.15, () => ({ uniqueItems: true })),
      ...some(0.2, () => ({
        contains: inner(),
        ...some(0.3, () => ({ minContains: Math.floor(random() * 3) })),
        ...some(0.3, () => ({ maxContains: 1 })),
      })),
    };
  }
  return {
    ...some(0.9, () => ({ type: 'object' })),
    properties: Object.fromEntries(NAMES.filter(() => random() < 0.35).map((name) => [name, inner()])),
    ...some(0.4, () => ({ required: NAMES.filter(() => random() < 0.25) })),
    ...some(0.6, () => ({ additionalProperties: random() < 0.6 ? false : inner() })),
    ...some(0.2, () => ({ patternProperties: { [pick(random, ['^x', '^[a-z]$', 'a'])]: inner() } })),
    ...some(0.1, () => ({ propertyNames: { [pick(random, ['maxLength', 'minLength'])]: 2 } })),
    ...some(0.1, () => ({ minProperties: Math.floor(random() * 3) })),
    ...some(0.1, () => ({ maxProperties: Math.floor(random() * 4) })),
    ...some(0.1, () => ({ dependentRequired: { a: ['b'] } })),
    ...some(0.1, () => ({ dependentSchemas: { b: inner() } })),
  };
}

/** The schema with one thing changed somewhere. */
export function mutated(schema: unknown, random: Random): unknown {
  if (!isSchema(schema)) return schemaOf(random, 2);
  const keys = Object.keys(schema);
  if (keys.length === 0 || random() < 0.1) return schemaOf(random, 1);
  const key = pick(random, keys);
  const value = schema[key];
  const chance = random();
  if (chance < 0.15) return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== key));
  if (typeof value === 'number')
    return {
      ...schema,
      [key]: Math.max(key === 'multipleOf' ? 1 : 0, Math.round(value) + (random() < 0.5 ? 1 : -1)),
    };
  if (key === 'required' || key === 'enum') {
    const values = Array.isArray(value) ? value : [];
    const fewer = values.slice(1);
    return {
      ...schema,
      [key]:
        random() < 0.5 && fewer.length > 0
          ? fewer
          : [...new Set([...values, pick<unknown>(random, key === 'enum' ? [...TEXTS, ...NUMBERS] : NAMES)])],
    };
  }
  if (['properties', 'patternProperties', 'dependentSchemas', '$defs'].includes(key) && isSchema(value)) {
    const names = Object.keys(value);
    if (names.length === 0 || (key === 'properties' && random() < 0.3))
      return { ...schema, [key]: { ...value, [pick(random, NAMES)]: schemaOf(random, 2) } };
    const name = pick(random, names);
    return { ...schema, [key]: { ...value, [name]: mutated(value[name], random) } };
  }
  if (['anyOf', 'oneOf', 'allOf', 'prefixItems'].includes(key) && Array.isArray(value)) {
    const at = Math.floor(random() * value.length);
    const changed = value.map((entry: unknown, index: number) =>
      index === at ? mutated(entry, random) : entry,
    );
    return { ...schema, [key]: random() < 0.2 ? [...value, schemaOf(random, 2)] : changed };
  }
  if (
    ['items', 'not', 'if', 'then', 'else', 'contains', 'additionalProperties', 'propertyNames'].includes(key)
  )
    return { ...schema, [key]: mutated(value, random) };
  return { ...schema, ...(schemaOf(random, 2) as object) };
}
