/** A contract's fields as a flat list: what the editor shows as targets, and what suggestions are made for. */
import { isCanonical } from '../canonical';
import type { ContractRegistry, JsonSchema } from '../contract';
import { asSchema, childNode, rootNode, type SchemaNode } from '../contract/schema-tree';
import { READY_MAPPINGS, readyMapping } from '../mapping';
import type { ContractAnswer, ContractEntry, ContractField } from './api';

const MAX_FIELDS = 5000;
const MAX_DEPTH = 16;

/** Every contract with its title. */
export function contractEntries(registry: ContractRegistry): ContractEntry[] {
  return registry.list().map(({ name, version }) => contractEntry(registry, name, version));
}

export function contractEntry(registry: ContractRegistry, name: string, version: string): ContractEntry {
  const schema = registry.schema(name, version);
  const title = typeof schema.title === 'string' ? schema.title : name;
  return { name, version, title, canonical: isCanonical(name) };
}

/** @throws CrossdockError CONTRACT_UNKNOWN */
export function contractAnswer(registry: ContractRegistry, name: string, version: string): ContractAnswer {
  const schema = registry.schema(name, version);
  return {
    ...contractEntry(registry, name, version),
    description: text(schema.description) ?? '',
    fields: contractFields(schema),
  };
}

/** The fields in the order of the schema, parents before their members. */
export function contractFields(root: JsonSchema): ContractField[] {
  const fields: ContractField[] = [];
  const walk = (node: SchemaNode, place: Place): void => {
    if (fields.length >= MAX_FIELDS || place.depth > MAX_DEPTH) return;
    const { schema } = node;
    if (place.path !== '') fields.push(field(node, place));
    const required = new Set(Array.isArray(schema.required) ? schema.required : []);
    for (const name of Object.keys(asSchema(schema.properties) ?? {})) {
      const child = childNode(root, node, name);
      if (child === undefined) continue;
      walk(child, {
        path: place.path === '' ? key(name) : `${place.path}.${key(name)}`,
        required: !required.has(name) ? false : place.required === 'always' ? 'always' : 'with parent',
        list: place.list,
        depth: place.depth + 1,
      });
    }
    const entry = asSchema(schema.items) === undefined ? undefined : childNode(root, node, '0');
    if (entry === undefined || !hasMembers(entry.schema)) return;
    const path = `${place.path}[]`;
    const always = place.required === 'always' && Number(schema.minItems ?? 0) > 0;
    walk(entry, { path, required: always ? 'always' : 'with parent', list: path, depth: place.depth + 1 });
  };
  walk(rootNode(root), { path: '', required: 'always', list: undefined, depth: 0 });
  return fields;
}

interface Place {
  readonly path: string;
  readonly required: ContractField['required'];
  readonly list: string | undefined;
  readonly depth: number;
}

function field({ schema, dataClass }: SchemaNode, { path, required, list }: Place): ContractField {
  const example = Array.isArray(schema.examples) ? (schema.examples[0] as unknown) : undefined;
  const values = Array.isArray(schema.enum) ? (schema.enum as unknown[]) : undefined;
  const standard = standardOf(schema);
  const format = text(schema.format);
  return {
    path,
    title: text(schema.title) ?? path.replace(/^.*\./, '').replace('[]', ''),
    type: typeOf(schema),
    ...(format === undefined ? {} : { format }),
    ...(values === undefined ? {} : { enum: values }),
    ...(schema.const === undefined ? {} : { const: schema.const }),
    required,
    ...(list === undefined ? {} : { list }),
    leaf: !hasMembers(schema) && !hasMembers(asSchema(schema.items)),
    description: text(schema.description) ?? '',
    ...(example === undefined ? {} : { example }),
    class: dataClass,
    ...(standard === undefined ? {} : { standard }),
  };
}

/** An entry of a list may be a reference: what it has is seen only when it is resolved, so it counts as members. */
function hasMembers(schema: JsonSchema | undefined): boolean {
  if (schema === undefined) return false;
  return asSchema(schema.properties) !== undefined || typeof schema.$ref === 'string';
}

function typeOf(schema: JsonSchema): ContractField['type'] {
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((name) => name !== 'null');
  const [type] = types;
  if (type === undefined && schema.const !== undefined)
    return typeof schema.const === 'string' ? 'text' : 'any';
  if (types.length !== 1) return types.includes('string') ? 'text' : 'any';
  if (type === 'array') return 'list';
  if (type === 'object' || type === 'number' || type === 'integer' || type === 'boolean') return type;
  return isDecimal(schema) ? 'decimal' : type === 'string' ? 'text' : 'any';
}

/** Decimal numbers are texts with a pattern that takes digits with a point, and nothing else. */
function isDecimal({ pattern }: JsonSchema): boolean {
  if (typeof pattern !== 'string' || pattern.length > 200) return false;
  try {
    const takes = new RegExp(pattern, 'u');
    return takes.test('12.5') && takes.test('3') && !takes.test('A') && !takes.test('2026-11-27');
  } catch {
    return false;
  }
}

const STANDARDS = [
  ['x-ubl', 'UBL'],
  ['x-edi', 'EDI'],
  ['x-odoo', 'Odoo'],
] as const;

function standardOf(schema: JsonSchema): string | undefined {
  const found = STANDARDS.flatMap(([name, label]) => {
    const value = schema[name];
    return typeof value === 'string' ? [`${label} ${value}`] : [];
  });
  return found.length === 0 ? undefined : found.join('; ');
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function key(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$-]*$/.test(name) ? name : `['${name}']`;
}

/** Ready mappings that read this contract. */
export function mappingsFrom(contract: string): string[] {
  return READY_MAPPINGS.filter((name) => readyMapping(name).from.contract === contract);
}
