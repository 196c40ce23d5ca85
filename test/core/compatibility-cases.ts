/** Pairs of schemas with the verdict that a person who knows JSON Schema gives: what the check and the oracles must say. */
export type Json = Record<string, unknown>;

export interface Case {
  readonly name: string;
  readonly old: Json | boolean;
  readonly now: Json | boolean;
  /** Every message of the old version keeps the new one. */
  readonly backward: boolean;
  /** Every message of the new version keeps the old one. */
  readonly forward: boolean;
}

const object = (properties: Json, rest: Json = {}): Json => ({ type: 'object', properties, ...rest });
const closed = (properties: Json, rest: Json = {}): Json =>
  object(properties, { additionalProperties: false, ...rest });
const list = (items: Json | boolean, rest: Json = {}): Json => ({ type: 'array', items, ...rest });
const text = (rest: Json = {}): Json => ({ type: 'string', ...rest });
const number = (rest: Json = {}): Json => ({ type: 'number', ...rest });
const integer = (rest: Json = {}): Json => ({ type: 'integer', ...rest });
/** A condition; written this way since an object with a member `then` looks like a promise to tools. */
const when = (condition: Json, consequence: Json, rest: Json = {}): Json =>
  Object.fromEntries([['if', condition], ['then', consequence], ...Object.entries(rest)]);
const one = (name: string, old: Case['old'], now: Case['now'], verdict: '=' | '<' | '>' | 'x'): Case => ({
  name,
  old,
  now,
  // `<`: the new one allows more; `>`: less; `x`: neither.
  backward: verdict === '=' || verdict === '<',
  forward: verdict === '=' || verdict === '>',
});

export const CASES: readonly Case[] = [
  // Types
  one('the same', text(), text(), '='),
  one('only the description differs', text({ description: 'a' }), text({ description: 'b' }), '='),
  one('integer to number', integer(), number(), '<'),
  one('number to integer', number(), integer(), '>'),
  one('text to number', text(), number(), 'x'),
  one('text to text or null', text(), { type: ['string', 'null'] }, '<'),
  one('a type less in a union', { type: ['string', 'number', 'null'] }, { type: ['string', 'null'] }, '>'),
  one('anything to text', {}, text(), '>'),
  one('true and an empty schema', true, {}, '='),
  one('anything to nothing', {}, false, '>'),
  one(
    'all types listed is anything',
    { type: ['null', 'boolean', 'number', 'string', 'array', 'object'] },
    {},
    '=',
  ),
  one('integer is a number that is a multiple of 1', integer(), number({ multipleOf: 1 }), '='),
  // Values
  one('a value more in an enum', { enum: ['a', 'b'] }, { enum: ['a', 'b', 'c'] }, '<'),
  one('a value less in an enum', { enum: ['a', 'b', 'c'] }, { enum: ['a', 'b'] }, '>'),
  one('another order in an enum', { enum: ['a', 'b'] }, { enum: ['b', 'a'] }, '='),
  one('const to an enum of it', { const: 'a' }, { enum: ['a'] }, '='),
  one('text to an enum', text(), { enum: ['a', 'b'] }, '>'),
  one('enum to text', { enum: ['a', 'b'] }, text(), '<'),
  one('enum with a value that the type forbids', text({ enum: ['a', 1] }), { const: 'a' }, '='),
  one('booleans listed', { type: 'boolean' }, { enum: [true, false] }, '='),
  one('one boolean only', { type: 'boolean' }, { const: true }, '>'),
  one('objects as values', { enum: [{ a: 1 }, { a: 2 }] }, object({ a: integer({ minimum: 1 }) }), '<'),
  // Texts
  one('shorter texts', text({ maxLength: 10 }), text({ maxLength: 5 }), '>'),
  one('longer texts', text({ minLength: 1 }), text({ minLength: 0 }), '<'),
  one('limits that do not overlap', text({ maxLength: 3 }), text({ minLength: 5 }), 'x'),
  one('a limit that the enum keeps anyway', text({ enum: ['ab', 'cd'] }), text({ maxLength: 2 }), '<'),
  one('the same pattern', text({ pattern: '^A\\d+$' }), text({ pattern: '^A\\d+$' }), '='),
  one('a narrower pattern', text({ pattern: '^[A-Z]+$' }), text({ pattern: '^[A-M]+$' }), '>'),
  one('a pattern written otherwise', text({ pattern: '^[0-9]{2}$' }), text({ pattern: '^\\d\\d$' }), '='),
  one(
    'a pattern that implies a length',
    text({ pattern: '^[a-z]{3}$' }),
    text({ minLength: 3, maxLength: 3 }),
    '<',
  ),
  one('a pattern added', text(), text({ pattern: '^x' }), '>'),
  one('a pattern without anchors', text({ pattern: 'abc' }), text({ pattern: 'b' }), '<'),
  one(
    'alternatives in a pattern',
    text({ pattern: '^(cat|dog)$' }),
    text({ pattern: '^(cat|dog|cow)$' }),
    '<',
  ),
  one('a format added', text(), text({ format: 'email' }), '>'),
  one('a format dropped', text({ format: 'date-time' }), text(), '<'),
  one('another format', text({ format: 'date' }), text({ format: 'email' }), 'x'),
  one('an enum of dates to a format', { enum: ['2026-01-01'] }, text({ format: 'date' }), '<'),
  // Numbers
  one('a lower minimum', number({ minimum: 1 }), number({ minimum: 0 }), '<'),
  one('a lower maximum', number({ maximum: 10 }), number({ maximum: 9 }), '>'),
  one('minimum becomes exclusive', number({ minimum: 0 }), number({ exclusiveMinimum: 0 }), '>'),
  one('whole numbers above 0 and from 1', integer({ minimum: 1 }), integer({ exclusiveMinimum: 0 }), '='),
  one('multiples of 10 and of 5', number({ multipleOf: 10 }), number({ multipleOf: 5 }), '<'),
  one('multiples of 3 and of 5', number({ multipleOf: 3 }), number({ multipleOf: 5 }), 'x'),
  one('multipleOf added to integers', integer(), integer({ multipleOf: 2 }), '>'),
  one('ranges that overlap', number({ minimum: 0, maximum: 10 }), number({ minimum: 5, maximum: 15 }), 'x'),
  // Objects
  one('a required field more', object({ a: text() }), object({ a: text() }, { required: ['a'] }), '>'),
  one('a required field less', object({ a: text() }, { required: ['a'] }), object({ a: text() }), '<'),
  one('an optional field more, closed', closed({ a: text() }), closed({ a: text(), b: text() }), '<'),
  one('an optional field more, open', object({ a: text() }), object({ a: text(), b: text() }), '>'),
  one('an untyped field more, open', object({ a: text() }), object({ a: text(), b: {} }), '='),
  one('a field less, closed', closed({ a: text(), b: text() }), closed({ a: text() }), '>'),
  one('a field less, open', object({ a: text(), b: text() }), object({ a: text() }), '<'),
  one(
    'a field renamed',
    closed({ a: text() }, { required: ['a'] }),
    closed({ b: text() }, { required: ['b'] }),
    'x',
  ),
  one('open to closed', object({ a: text() }), closed({ a: text() }), '>'),
  one(
    'other fields get a type',
    object({ a: text() }, { additionalProperties: true }),
    object({ a: text() }, { additionalProperties: text() }),
    '>',
  ),
  one(
    'other fields take more types',
    object({}, { additionalProperties: integer() }),
    object({}, { additionalProperties: number() }),
    '<',
  ),
  one(
    'a field within a field',
    object({ a: object({ b: integer() }) }),
    object({ a: object({ b: number() }) }),
    '<',
  ),
  one('a field that may not be there', object({ a: false }), object({ a: text() }), '<'),
  one(
    'minProperties that required keeps',
    object({ a: {}, b: {} }, { required: ['a', 'b'] }),
    { type: 'object', minProperties: 2 },
    '<',
  ),
  one('maxProperties that closed keeps', closed({ a: {}, b: {} }), { type: 'object', maxProperties: 2 }, '<'),
  one('maxProperties added', object({}), object({}, { maxProperties: 1 }), '>'),
  one(
    'patterns of names',
    object({}, { patternProperties: { '^x-': integer() } }),
    object({}, { patternProperties: { '^x-': number() } }),
    '<',
  ),
  one(
    'a pattern of names in place of a field',
    closed({ 'x-a': text() }),
    { type: 'object', patternProperties: { '^x-': text() }, additionalProperties: false },
    '<',
  ),
  one(
    'names within a length',
    object({}, { propertyNames: { maxLength: 3 } }),
    object({}, { propertyNames: { maxLength: 5 } }),
    '<',
  ),
  one(
    'names of a closed object',
    closed({ ab: {}, cd: {} }),
    object({}, { propertyNames: { maxLength: 2 } }),
    '<',
  ),
  one(
    'a field that another one asks for',
    object({ a: {}, b: {} }),
    object({ a: {}, b: {} }, { dependentRequired: { a: ['b'] } }),
    '>',
  ),
  one(
    'dependentRequired that required keeps',
    object({ a: {}, b: {} }, { required: ['b'] }),
    object({ a: {}, b: {} }, { dependentRequired: { a: ['b'] } }),
    '<',
  ),
  // Lists
  one('longer lists', list(text(), { maxItems: 2 }), list(text(), { maxItems: 3 }), '<'),
  one('at least one entry', list(text()), list(text(), { minItems: 1 }), '>'),
  one('entries of more types', list(text()), list({ type: ['string', 'number'] }), '<'),
  one(
    'entries deep inside',
    list(list(object({ a: integer({ minimum: 1 }) }))),
    list(list(object({ a: integer({ minimum: 0 }) }))),
    '<',
  ),
  one('no entry twice', list(text()), list(text(), { uniqueItems: true }), '>'),
  one(
    'one entry at most is never twice',
    list(text(), { maxItems: 1 }),
    list(text(), { maxItems: 1, uniqueItems: true }),
    '=',
  ),
  one(
    'a pair of fixed entries',
    { type: 'array', prefixItems: [text(), integer()], items: false },
    { type: 'array', prefixItems: [text(), number()], items: false },
    '<',
  ),
  one('no entries at all', list(false), { type: 'array', maxItems: 0 }, '='),
  one(
    'the entry that must be contained',
    list(integer(), { minItems: 1 }),
    list(number(), { contains: integer() }),
    '<',
  ),
  // Combinations
  one(
    'allOf written out',
    { allOf: [text({ minLength: 1 }), text({ maxLength: 5 })] },
    text({ minLength: 1, maxLength: 5 }),
    '=',
  ),
  one('anyOf and a union', { anyOf: [text(), number()] }, { type: ['string', 'number'] }, '='),
  one(
    'an alternative more',
    { anyOf: [text(), integer()] },
    { anyOf: [text(), integer(), { type: 'null' }] },
    '<',
  ),
  one(
    'oneOf by a discriminator, one more',
    {
      oneOf: [
        object({ k: { const: 'a' } }, { required: ['k'] }),
        object({ k: { const: 'b' } }, { required: ['k'] }),
      ],
    },
    {
      oneOf: [
        object({ k: { const: 'a' } }, { required: ['k'] }),
        object({ k: { const: 'b' } }, { required: ['k'] }),
        object({ k: { const: 'c' } }, { required: ['k'] }),
      ],
    },
    '<',
  ),
  one(
    'oneOf of types that share nothing',
    { oneOf: [text(), integer()] },
    { type: ['string', 'integer'] },
    '=',
  ),
  one('not of another type', text(), { not: { type: 'number' } }, '<'),
  one('not added', {}, { not: { const: 1 } }, '>'),
  one(
    'a reference in place of the schema',
    object({ a: text() }),
    { ...object({ a: { $ref: '#/$defs/t' } }), $defs: { t: text() } },
    '=',
  ),
  one(
    'a tree of references',
    { $ref: '#/$defs/n', $defs: { n: object({ v: integer(), next: { $ref: '#/$defs/n' } }) } },
    { $ref: '#/$defs/n', $defs: { n: object({ v: number(), next: { $ref: '#/$defs/n' } }) } },
    '<',
  ),
  one(
    'a tree that asks for more',
    { $ref: '#/$defs/n', $defs: { n: object({ v: integer(), next: { $ref: '#/$defs/n' } }) } },
    {
      $ref: '#/$defs/n',
      $defs: { n: object({ v: integer(), next: { $ref: '#/$defs/n' } }, { required: ['v'] }) },
    },
    '>',
  ),
  one(
    'the same condition',
    { type: 'object', ...when(object({ a: { const: 1 } }), { required: ['b'] }) },
    when(object({ a: { const: 1 } }), { required: ['b'] }, { type: 'object' }),
    '=',
  ),
  one(
    'a condition added',
    object({ a: integer(), b: integer() }),
    object(
      { a: integer(), b: integer() },
      when({ properties: { a: { const: 1 } }, required: ['a'] }, { required: ['b'] }),
    ),
    '>',
  ),
  one(
    'a condition that holds anyway',
    object({ a: integer(), b: integer() }, { required: ['a', 'b'] }),
    object({ a: integer(), b: integer() }, when({ required: ['a'] }, { required: ['b'] })),
    '<',
  ),
  one('a schema that nothing keeps', { allOf: [text(), number()] }, integer(), '<'),
];
