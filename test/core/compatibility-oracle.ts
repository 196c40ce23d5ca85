/**
 * Who judges compatibility without our code: instances of json-schema-faker and mutations of them, validated by ajv; and
 * the set algebra of json-schema-diff for the keywords it knows.
 */
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { currencyExponent } from '../../core/canonical';
import { projectFolders } from '../support';
import type { Json } from './compatibility-cases';

export const SEED = Number(process.env.CROSSDOCK_SEED ?? 20261127);

/** Mulberry32: small and repeatable. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value = (value + Math.imul(value ^ (value >>> 7), value | 61)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Faker {
  generateSync(schema: object | boolean, options: object): unknown;
}

function validator(schema: Json | boolean): (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false, logger: false });
  addFormats(ajv);
  ajv.addFormat('iso-4217', (code: string) => currencyExponent(code) !== undefined);
  const validate = ajv.compile(typeof schema === 'boolean' ? schema : structuredClone(schema));
  return (value) => validate(value) === true;
}

/** A value that the sender's schema allows and the receiver's refuses, among `count` that the sender allows. */
export async function counterExample(
  sent: Json | boolean,
  wanted: Json | boolean,
  random: () => number,
  count: number,
): Promise<{ readonly tried: number; readonly example?: unknown }> {
  // The package is an ES module only, which a compiled import of ours would look for as another kind.
  const file = join(projectFolders().root, 'node_modules', 'json-schema-faker', 'dist', 'index.js');
  const { generateSync } = (await import(file)) as unknown as Faker;
  const keepsSent = validator(sent);
  const keepsWanted = validator(wanted);
  let tried = 0;
  const pool: unknown[] = [...COMMON];
  for (let round = 0; round < count * 6 && tried < count; round += 1) {
    let value: unknown;
    if (round % 3 === 0) {
      try {
        value = generateSync(structuredClone(sent), {
          seed: Math.floor(random() * 2 ** 31),
          alwaysFakeOptionals: random() < 0.4,
          optionalsProbability: random(),
        });
      } catch {
        value = pick(pool, random);
      }
    } else if (round % 3 === 1) value = mutated(pick(pool, random), random, 0);
    else value = fromSchema(pick([sent, wanted], random), random, 0);
    if (!keepsSent(value)) continue;
    tried += 1;
    if (pool.length < 300) pool.push(value);
    if (!keepsWanted(value)) return { tried, example: value };
  }
  return { tried };
}

const COMMON: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  0.5,
  1.5,
  2,
  3,
  5,
  9,
  10,
  11,
  15,
  '',
  'a',
  'ab',
  'abc',
  'abcdef',
  'cow',
  '2026-01-01',
  'someone@example.com',
  [],
  ['a', 'a'],
  [1],
  [1, 'a'],
  {},
  { a: 1 },
  { a: 'x', b: 'y' },
  { b: 1 },
  { other: true },
];

function pick<T>(values: readonly T[], random: () => number): T {
  return values[Math.floor(random() * values.length)] as T;
}

function mutated(value: unknown, random: () => number, depth: number): unknown {
  if (depth > 4 || random() < 0.12) return pick(COMMON, random);
  if (typeof value === 'number') return value + pick([1, -1, 0.5, 0.1, 10, -10, 2, 5], random);
  if (typeof value === 'string')
    return pick([value.slice(1), `${value}a`, value + value, value.toUpperCase(), `x-${value}`], random);
  if (Array.isArray(value)) {
    const copy = [...(value as unknown[])];
    const at = Math.floor(random() * (copy.length + 1));
    if (random() < 0.3) copy.splice(at, 1);
    else if (random() < 0.5)
      copy.splice(at, 0, copy.length > 0 && random() < 0.5 ? copy[0] : pick(COMMON, random));
    else if (copy.length > 0) copy[at % copy.length] = mutated(copy[at % copy.length], random, depth + 1);
    return copy;
  }
  if (typeof value === 'object' && value !== null) {
    const copy: Json = { ...(value as Json) };
    const names = Object.keys(copy);
    const name = names.length > 0 ? pick(names, random) : 'a';
    if (random() < 0.3) delete copy[name];
    else if (random() < 0.4)
      copy[pick(['a', 'b', 'k', 'v', 'x-a', 'extra', 'long-name'], random)] = pick(COMMON, random);
    else copy[name] = mutated(copy[name], random, depth + 1);
    return copy;
  }
  return pick(COMMON, random);
}

/** Values near what a schema says: its own words (constants, limits) put together without any claim to be valid. */
function fromSchema(schema: unknown, random: () => number, depth: number): unknown {
  if (typeof schema !== 'object' || schema === null || depth > 5) return pick(COMMON, random);
  const words = schema as Json;
  if (Array.isArray(words['enum'])) return pick(words['enum'] as unknown[], random);
  if ('const' in words) return words['const'];
  const parts = ['anyOf', 'oneOf', 'allOf'].flatMap((key) =>
    Array.isArray(words[key]) ? (words[key] as unknown[]) : [],
  );
  if (parts.length > 0 && random() < 0.8) return fromSchema(pick(parts, random), random, depth + 1);
  if (typeof words['properties'] === 'object' && words['properties'] !== null) {
    const made: Json = {};
    for (const [name, member] of Object.entries(words['properties'])) {
      if (random() < 0.7) made[name] = fromSchema(member, random, depth + 1);
    }
    if (random() < 0.2) made['extra'] = pick(COMMON, random);
    return made;
  }
  if (words['type'] === 'array' || 'items' in words || 'prefixItems' in words) {
    const prefix = Array.isArray(words['prefixItems']) ? (words['prefixItems'] as unknown[]) : [];
    const length = Math.floor(random() * 5);
    return Array.from({ length }, (_, index) =>
      fromSchema(prefix[index] ?? words['items'], random, depth + 1),
    );
  }
  const limits = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'].flatMap(
    (key) => (typeof words[key] === 'number' ? [words[key] as number] : []),
  );
  if (limits.length > 0) return pick(limits, random) + pick([0, 1, -1, 0.5], random);
  const lengths = ['minLength', 'maxLength'].flatMap((key) =>
    typeof words[key] === 'number' ? [words[key] as number] : [],
  );
  if (lengths.length > 0) return 'a'.repeat(Math.max(0, pick(lengths, random) + pick([0, 1, -1], random)));
  return pick(COMMON, random);
}

/** Keywords that json-schema-diff 1.0 knows (its KEYWORDS.md); `items` as one schema only. */
const ALGEBRA = new Set(
  'type minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength items minItems maxItems minProperties maxProperties required properties additionalProperties allOf anyOf oneOf not description'.split(
    ' ',
  ),
);

function known(schema: unknown): boolean {
  if (typeof schema === 'boolean') return true;
  if (Array.isArray(schema)) return schema.every(known);
  if (typeof schema !== 'object' || schema === null) return true;
  return Object.entries(schema).every(([key, member]) => {
    if (!ALGEBRA.has(key)) return false;
    if (key === 'properties') return Object.values(member as Json).every(known);
    return typeof member !== 'object' || key === 'required' || key === 'type' || known(member);
  });
}

interface SchemaDiff {
  diffSchemas(of: { sourceSchema: unknown; destinationSchema: unknown }): Promise<{
    additionsFound: boolean;
    removalsFound: boolean;
  }>;
}

/** What the algebra says; undefined for keywords that it does not know, and where it gives up. */
export async function algebraSays(
  old: Json | boolean,
  now: Json | boolean,
): Promise<{ backward: boolean; forward: boolean } | undefined> {
  if (!known(old) || !known(now)) return undefined;
  const { diffSchemas } = (await import('json-schema-diff')) as unknown as SchemaDiff;
  try {
    const { additionsFound, removalsFound } = await diffSchemas({
      sourceSchema: structuredClone(old),
      destinationSchema: structuredClone(now),
    });
    return { backward: !removalsFound, forward: !additionsFound };
  } catch {
    return undefined;
  }
}
