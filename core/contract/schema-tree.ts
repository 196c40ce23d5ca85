/** Walking a JSON Schema by the place of a value: what a schema says about one field of a message. */

export type JsonSchema = Readonly<Record<string, unknown>>;

/** How sensitive a field is (`x-class`). Values of `pii` and `confidential` fields never go into a sentence. */
export type DataClass = 'public' | 'internal' | 'confidential' | 'pii';

export interface SchemaNode {
  /** The field's schema; a `$ref` is resolved, with what stands beside it taking precedence. */
  readonly schema: JsonSchema;
  /** Its own `x-class`, or its parent's. */
  readonly dataClass: DataClass;
}

/** The node of a contract's root. */
export function rootNode(root: JsonSchema): SchemaNode {
  return { schema: resolve(root, root), dataClass: ownClass(root) ?? 'confidential' };
}

/** The node of a member or entry (by name or index); undefined when the schema says nothing about it. */
export function childNode(root: JsonSchema, node: SchemaNode, segment: string): SchemaNode | undefined {
  const properties = asSchema(node.schema.properties);
  const child =
    (properties !== undefined && Object.hasOwn(properties, segment) ? properties[segment] : undefined) ??
    (/^\d+$/.test(segment) ? node.schema.items : undefined);
  const raw = asSchema(child);
  if (raw === undefined) return undefined;
  const schema = resolve(root, raw);
  return { schema, dataClass: ownClass(schema) ?? node.dataClass };
}

/** The node at a JSON pointer's segments; undefined when the schema says nothing about that place. */
export function nodeAt(root: JsonSchema, segments: readonly string[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = rootNode(root);
  for (const segment of segments) {
    if (node === undefined) return undefined;
    node = childNode(root, node, segment);
  }
  return node;
}

/** The segments of a JSON pointer, unescaped. */
export function pointerSegments(pointer: string): string[] {
  return pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** One segment of a JSON pointer, escaped. */
export function pointerSegment(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** A value as a schema object; undefined for anything else. */
export function asSchema(value: unknown): JsonSchema | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonSchema)
    : undefined;
}

function ownClass(schema: JsonSchema): DataClass | undefined {
  const value = schema['x-class'];
  return value === 'public' || value === 'internal' || value === 'confidential' || value === 'pii'
    ? value
    : undefined;
}

function resolve(root: JsonSchema, schema: JsonSchema): JsonSchema {
  let merged = schema;
  // Bounded: a chain of references in our contracts is one step long.
  for (let step = 0; step < 8 && typeof merged.$ref === 'string'; step += 1) {
    const target = asSchema(asSchema(root.$defs)?.[merged.$ref.replace('#/$defs/', '')]);
    if (target === undefined) break;
    const { $ref: _ref, ...beside } = merged;
    merged = { ...target, ...beside };
  }
  return merged;
}
