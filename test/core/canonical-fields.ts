import {
  asSchema,
  childNode,
  type JsonSchema,
  rootNode,
  type SchemaNode,
} from '../../core/contract/schema-tree';

export interface Field {
  /** Names from the root; 0 stands for the entries of a list. */
  readonly path: readonly string[];
  /** Its schema, references resolved. */
  readonly schema: JsonSchema;
}

/** Every property of a schema with its place, through references and lists. */
export function* fieldsOf(root: JsonSchema): Generator<Field> {
  yield* below(root, rootNode(root), []);
}

function* below(root: JsonSchema, node: SchemaNode, path: readonly string[]): Generator<Field> {
  for (const name of Object.keys(asSchema(node.schema.properties) ?? {})) {
    const child = childNode(root, node, name);
    if (child === undefined) throw new Error(`${[...path, name].join('.')} has no schema`);
    yield { path: [...path, name], schema: child.schema };
    yield* below(root, child, [...path, name]);
  }
  const items = childNode(root, node, '0');
  if (items !== undefined) yield* below(root, items, [...path, '0']);
}

/** Every value at a field's place; of a list, those of all entries. */
export function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  const [name, ...rest] = path;
  if (value === undefined || value === null) return [];
  if (name === undefined) return [value];
  if (Array.isArray(value)) return value.flatMap((entry) => valuesAt(entry, rest));
  return valuesAt((value as Record<string, unknown>)[name], rest);
}
