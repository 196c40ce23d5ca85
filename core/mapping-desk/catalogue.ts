/** What a mapping can be made of: contracts, ready mappings, transforms with how their arguments are asked for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContractRegistry, JsonSchema } from '../contract';
import { asSchema } from '../contract/schema-tree';
import { READY_MAPPINGS, readyMapping, TRANSFORM_NAMES } from '../mapping';
import type { ArgumentKind, Catalogue, MappingEntry, TransformEntry, TransformMember } from './api';
import { contractEntries } from './contract-fields';

export function catalogue(registry: ContractRegistry): Catalogue {
  return {
    contracts: contractEntries(registry),
    mappings: READY_MAPPINGS.map(mappingEntry),
    transforms: transformEntries(),
  };
}

function mappingEntry(name: string): MappingEntry {
  const { version, title, from, to } = readyMapping(name);
  return {
    name,
    version,
    title: title ?? name,
    from: `${from.contract} ${from.version}`,
    to: `${to.contract} ${to.version}`,
  };
}

const GROUPS: Readonly<Record<Exclude<TransformEntry['group'], 'other'>, readonly string[]>> = {
  text: [
    ...[
      'trim',
      'squeeze',
      'upper',
      'lower',
      'string',
      'truncate',
      'prefix',
      'suffix',
      'removePrefix',
      'removeSuffix',
    ],
    ...['concat', 'split', 'substring', 'pad', 'replace', 'extract', 'replacePattern'],
  ],
  number: [
    ...[
      'decimal',
      'integer',
      'number',
      'formatNumber',
      'add',
      'subtract',
      'multiply',
      'divide',
      'negate',
      'abs',
      'round',
    ],
    ...['sum', 'min', 'max', 'average', 'lineAmounts'],
  ],
  time: ['date'],
  code: ['boolean', 'enum', 'lookup', 'country'],
  list: ['join', 'first', 'last', 'distinct', 'list', 'count', 'filter', 'pluck', 'find'],
  identifier: ['businessKey', 'unit', 'gtin', 'gln', 'sscc', 'item'],
};

/** Members whose text is of a kind of its own. */
const KINDS: Readonly<Record<string, ArgumentKind>> = {
  'date.zone': 'zone',
  'date.format': 'text',
  'lookup.table': 'table',
  'find.in': 'path',
  'find.key': 'path',
  'find.value': 'path',
  'filter.key': 'path',
};
const PATHS = new Set(['pluck']);
const TABLES = new Set(['lookup']);

/** Every transform that there is, as the spec's own schema describes it. */
export function transformEntries(): TransformEntry[] {
  const described = asSchema(transformSchema().properties) ?? {};
  return TRANSFORM_NAMES.map((name) => transformEntry(name, asSchema(described[name]) ?? {}));
}

function transformEntry(name: string, schema: JsonSchema): TransformEntry {
  const argument = argumentOf(name, schema);
  const members = argument === 'object' ? membersOf(name, schema) : undefined;
  const bare = bareNames();
  const examples = Array.isArray(schema.examples) ? (schema.examples as unknown[]) : [];
  return {
    name,
    group: (Object.entries(GROUPS).find(([, names]) => names.includes(name))?.[0] ??
      'other') as TransformEntry['group'],
    argument,
    ...(members === undefined ? {} : { members }),
    ...(argument !== 'none' && (bare.test(name) || [schema.type].flat().includes('boolean'))
      ? { optional: true }
      : {}),
    example: examples[0] ?? (argument === 'none' ? name : { [name]: null }),
    title: typeof schema.title === 'string' ? schema.title : name,
    description: typeof schema.description === 'string' ? schema.description : '',
  };
}

function argumentOf(name: string, schema: JsonSchema): ArgumentKind {
  if (schema.const === true) return 'none';
  const kind = KINDS[name];
  if (kind !== undefined) return kind;
  if (TABLES.has(name)) return 'table';
  if (PATHS.has(name)) return 'path';
  if (schema.$ref === '#/$defs/operand') return 'operand';
  const types = [schema.type].flat();
  const hasMembers = asSchema(schema.properties) !== undefined;
  if (hasMembers && (types.includes('boolean') || name === 'unit')) return 'object';
  const entry = asSchema(schema.items);
  if (types.includes('array')) return entry?.$ref === '#/$defs/operand' ? 'operands' : 'texts';
  if (types.includes('integer') && types.includes('string')) return 'digits';
  if (types.includes('boolean') && types.includes('string')) return 'scalar';
  if (types[0] === 'string') return 'text';
  if (types.includes('integer') || types.includes('number')) return 'number';
  if (types.includes('boolean')) return 'boolean';
  if (asSchema(schema.properties) !== undefined) return 'object';
  return types.includes('object') ? 'values' : 'scalar';
}

function membersOf(name: string, schema: JsonSchema): TransformMember[] {
  const required = Array.isArray(schema.required) ? (schema.required as unknown[]) : [];
  return Object.entries(asSchema(schema.properties) ?? {}).map(([member, inner]) => {
    const own = asSchema(inner) ?? {};
    const values = Array.isArray(own.enum) ? { values: own.enum as unknown[] } : {};
    const optional = required.includes(member) ? {} : { optional: true };
    return { name: member, argument: argumentOf(`${name}.${member}`, own), ...values, ...optional };
  });
}

let schema: JsonSchema | undefined;

function transformSchema(): JsonSchema {
  schema ??= JSON.parse(
    readFileSync(join(__dirname, '..', 'mapping', 'mapping-spec.schema.json'), 'utf8'),
  ) as JsonSchema;
  return asSchema(asSchema(schema.$defs)?.['transform']) ?? {};
}

/** Transforms that may be written as their name alone. */
function bareNames(): RegExp {
  const { pattern } = transformSchema();
  return new RegExp(typeof pattern === 'string' ? pattern : '^$');
}
