/** How much of the target is filled and how much of the source is used. */
import type { ContractRegistry, JsonSchema } from '../contract';
import { asSchema, childNode, rootNode, type SchemaNode } from '../contract/schema-tree';
import type { MappingSpec } from '../mapping';
import type { Coverage } from './api';
import { plainPath } from './paths';
import { readsOf } from './reads';
import { sourceFields } from './source-fields';

const MAX_PATHS = 500;

/** @param documents what the mapping made, faulty or not; [undefined] when it made nothing */
export function coverageOf(
  spec: Pick<MappingSpec, 'rules' | 'to'>,
  registry: ContractRegistry,
  source: unknown,
  documents: readonly unknown[],
): Coverage {
  return { target: targetCoverage(spec, registry, documents), source: sourceCoverage(spec, source) };
}

function targetCoverage(
  { to }: Pick<MappingSpec, 'to'>,
  registry: ContractRegistry,
  documents: readonly unknown[],
): Coverage['target'] {
  if (to === undefined || !registry.has(to.contract, to.version)) {
    return { required: 0, filled: 0, missing: [], mapped: 0 };
  }
  const found = requiredFields(registry.schema(to.contract, to.version), documents);
  const missing = [...found.required].filter(([, filled]) => !filled).map(([path]) => path);
  return {
    required: found.required.size,
    filled: found.required.size - missing.length,
    missing: missing.slice(0, MAX_PATHS),
    mapped: found.mapped.size,
  };
}

export interface RequiredFields {
  /** Plain path of each required place of a value, and whether it has one wherever it must. */
  readonly required: ReadonlyMap<string, boolean>;
  /** Plain paths that hold a value. */
  readonly mapped: ReadonlySet<string>;
}

/** What these documents must have by their contract: fields of parents that are there, or must be. */
export function requiredFields(root: JsonSchema, documents: readonly unknown[]): RequiredFields {
  const required = new Map<string, boolean>();
  const mapped = new Set<string>();
  const note = (path: string, filled: boolean): void => {
    required.set(path, filled && (required.get(path) ?? true));
  };
  const walk = (node: SchemaNode, value: unknown, path: string, needed: boolean, depth: number): void => {
    if (depth > 16) return;
    const { schema } = node;
    const members = asSchema(schema.properties);
    if (members !== undefined) {
      const names = new Set(Array.isArray(schema.required) ? (schema.required as unknown[]) : []);
      if (needed && names.size === 0) note(path, value !== undefined);
      for (const name of Object.keys(members)) {
        const child = childNode(root, node, name);
        const inner = asSchema(value)?.[name];
        if (child === undefined || (inner === undefined && !names.has(name))) continue;
        walk(child, inner, path === '' ? name : `${path}.${name}`, names.has(name), depth + 1);
      }
      return;
    }
    const entry = asSchema(schema.items) === undefined ? undefined : childNode(root, node, '0');
    if (entry === undefined || asSchema(entry.schema.properties) === undefined) {
      if (value !== undefined) mapped.add(path);
      if (needed) note(path, value !== undefined);
      return;
    }
    const entries = Array.isArray(value) ? (value as unknown[]) : [];
    const least = Number(schema.minItems ?? 0);
    if (entries.length === 0 && least === 0) {
      if (value !== undefined) mapped.add(path);
      if (needed) note(path, value !== undefined);
      return;
    }
    for (const item of entries.length === 0 ? [undefined] : entries)
      walk(entry, item, `${path}[]`, true, depth + 1);
  };
  for (const document of documents) walk(rootNode(root), document, '', true, 0);
  return { required, mapped };
}

function sourceCoverage(spec: Pick<MappingSpec, 'rules'>, source: unknown): Coverage['source'] {
  const reads = readsOf(spec);
  const plain = new Set(
    sourceFields(source)
      .fields.filter(({ leaf, count, path }) => leaf && count > 0 && !/\[[^\]']*=/.test(path))
      .map(({ path }) => plainPath(path)),
  );
  const unused = [...plain].filter((path) => !reads.uses(path));
  return { total: plain.size, used: plain.size - unused.length, unused: unused.slice(0, MAX_PATHS) };
}
