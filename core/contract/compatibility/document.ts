/** A JSON Schema document and the places in it: what a reference means, and whether two places say the same. */
import { asSchema, type JsonSchema, pointerSegment, pointerSegments } from '../schema-tree';
import { spend } from './effort';
import { deepEqual, isSubset } from './values';

/** One schema of a document. `schema` may be `true` or `false`. */
export interface Place {
  readonly schema: JsonSchema | boolean;
  readonly document: SchemaDocument;
  /** JSON pointer of the schema in its document. Made-up schemas have the one of the schema they come from. */
  readonly pointer: string;
  /** Unique in this process; what proofs are remembered by. */
  readonly id: number;
}

/** Keywords that say nothing about which values are allowed. */
const ANNOTATIONS = new Set(
  '$id $schema $comment $defs definitions $anchor title description examples default deprecated readOnly writeOnly contentEncoding contentMediaType contentSchema'.split(
    ' ',
  ),
);

export function isAnnotation(keyword: string): boolean {
  return ANNOTATIONS.has(keyword) || keyword.startsWith('x-');
}

let lastId = 0;

/** A schema with its references. */
export class SchemaDocument {
  readonly root: Place;
  readonly #places = new WeakMap<object, Place>();
  readonly #anchors = new Map<string, JsonSchema>();
  readonly #made = new Map<string, Place>();

  constructor(schema: JsonSchema | boolean) {
    this.root = this.place(schema, '');
    if (typeof schema === 'object') this.#index(schema, '', 0);
  }

  /** The place of a schema; the same object has the same place. */
  place(schema: unknown, pointer: string): Place {
    if (typeof schema === 'boolean' || asSchema(schema) === undefined) {
      return this.#remembered(`${schema !== false} ${pointer}`, schema !== false, pointer);
    }
    const object = schema as JsonSchema;
    let place = this.#places.get(object);
    if (place === undefined) {
      place = { schema: object, document: this, pointer, id: ++lastId };
      this.#places.set(object, place);
    }
    return place;
  }

  /** A place for a schema that stands nowhere; one of the same text has the same place, so that proofs come to an end. */
  made(schema: JsonSchema, pointer: string): Place {
    return this.#remembered(`${JSON.stringify(schema)} ${pointer}`, schema, pointer);
  }

  /** What a `$ref` points to; undefined when it is not in this document. */
  resolve(ref: string): Place | undefined {
    const { schema } = this.root;
    if (typeof schema === 'boolean') return undefined;
    const id = typeof schema.$id === 'string' ? schema.$id.replace(/#$/, '') : '';
    const local = id !== '' && ref.startsWith(id) ? ref.slice(id.length) : ref;
    if (local === '' || local === '#') return this.root;
    if (local.startsWith('#/')) return this.#at(safeDecode(local.slice(1)));
    const named = this.#anchors.get(local);
    return named === undefined ? undefined : this.place(named, '');
  }

  #at(pointer: string): Place | undefined {
    let found: unknown = this.root.schema;
    for (const segment of pointerSegments(pointer)) {
      if (typeof found !== 'object' || found === null || !Object.hasOwn(found, segment)) return undefined;
      found = (found as Record<string, unknown>)[segment];
    }
    return typeof found === 'boolean' || asSchema(found) !== undefined
      ? this.place(found, pointer)
      : undefined;
  }

  #remembered(key: string, schema: JsonSchema | boolean, pointer: string): Place {
    let place = this.#made.get(key);
    if (place === undefined) {
      place = { schema, document: this, pointer, id: ++lastId };
      this.#made.set(key, place);
    }
    return place;
  }

  #index(value: unknown, pointer: string, depth: number): void {
    if (typeof value !== 'object' || value === null || depth > 200) return;
    const schema = asSchema(value);
    if (schema !== undefined) {
      if (typeof schema.$anchor === 'string') this.#anchors.set(`#${schema.$anchor}`, schema);
      if (typeof schema.$id === 'string' && pointer !== '') this.#anchors.set(schema.$id, schema);
    }
    for (const [key, entry] of Object.entries(value)) {
      this.#index(entry, `${pointer}/${pointerSegment(key)}`, depth + 1);
    }
  }
}

/** A schema below another one. */
export function below(place: Place, ...steps: readonly (string | number)[]): Place {
  let schema: unknown = place.schema;
  for (const step of steps) schema = (schema as Record<string, unknown>)[step];
  return place.document.place(
    schema,
    place.pointer + steps.map((step) => `/${pointerSegment(String(step))}`).join(''),
  );
}

/** The schemas of a list keyword; empty when there is none. */
export function listBelow(place: Place, keyword: string): Place[] {
  const entries = typeof place.schema === 'boolean' ? undefined : place.schema[keyword];
  return Array.isArray(entries) ? entries.map((_, index) => below(place, keyword, index)) : [];
}

/** The schemas of a keyword whose value is an object of schemas. */
export function membersBelow(place: Place, keyword: string): [string, Place][] {
  const members = typeof place.schema === 'boolean' ? undefined : asSchema(place.schema[keyword]);
  return members === undefined
    ? []
    : Object.keys(members).map((name) => [name, below(place, keyword, name)] as [string, Place]);
}

/** A keyword's value; undefined for boolean schemas. */
export function keyword(place: Place, name: string): unknown {
  return typeof place.schema === 'boolean' || !Object.hasOwn(place.schema, name)
    ? undefined
    : place.schema[name];
}

/** A keyword's value when it is a number. */
export function numberOf(place: Place, name: string): number | undefined {
  const value = keyword(place, name);
  return typeof value === 'number' ? value : undefined;
}

/** The texts of a keyword whose value is a list of texts (or one text). */
export function textsOf(place: Place, name: string): string[] | undefined {
  const value = keyword(place, name);
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : undefined;
}

/** Whether two places allow the same by their text: references are followed, order and annotations do not count. */
export function same(a: Place, b: Place): boolean {
  return a === b || sameSchema(a, b, new Set());
}

function sameSchema(a: Place, b: Place, assumed: Set<string>): boolean {
  if (a === b) return true;
  if (typeof a.schema === 'boolean' || typeof b.schema === 'boolean') return a.schema === b.schema;
  if (!spend()) return false;
  const pair = `${a.id} ${b.id}`;
  if (assumed.has(pair)) return true;
  // A loop of references through the same pair adds nothing that could differ.
  assumed.add(pair);
  const keys = Object.keys(a.schema).filter((key) => !isAnnotation(key));
  if (keys.length !== Object.keys(b.schema).filter((key) => !isAnnotation(key)).length) return false;
  return keys.every((key) => sameKeyword(a, b, key, assumed));
}

/** Whether one keyword says the same in both, whatever stands beside it. */
export function sameKeyword(a: Place, b: Place, key: string, assumed: Set<string> = new Set()): boolean {
  const left = keyword(a, key);
  const right = keyword(b, key);
  if (left === undefined || right === undefined) return left === right;
  switch (key) {
    case '$ref': {
      const one = a.document.resolve(String(left));
      const other = b.document.resolve(String(right));
      return one === undefined || other === undefined ? false : sameSchema(one, other, assumed);
    }
    case 'required':
    case 'enum':
    case 'type':
      return isSubset(asList(left), asList(right)) && isSubset(asList(right), asList(left));
    case 'allOf':
    case 'anyOf':
    case 'oneOf':
    case 'prefixItems': {
      const one = listBelow(a, key);
      const other = listBelow(b, key);
      return (
        one.length === other.length &&
        one.every((entry, index) => {
          const twin = other[index];
          return twin !== undefined && sameSchema(entry, twin, assumed);
        })
      );
    }
    case 'properties':
    case 'patternProperties':
    case 'dependentSchemas': {
      const one = membersBelow(a, key);
      const other = new Map(membersBelow(b, key));
      return (
        one.length === other.size &&
        one.every(([name, entry]) => {
          const twin = other.get(name);
          return twin !== undefined && sameSchema(entry, twin, assumed);
        })
      );
    }
    case 'items':
    case 'contains':
    case 'additionalProperties':
    case 'propertyNames':
    case 'not':
    case 'if':
    case 'then':
    case 'else':
    case 'unevaluatedProperties':
    case 'unevaluatedItems':
      return sameSchema(below(a, key), below(b, key), assumed);
    default:
      return deepEqual(left, right);
  }
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
