/** The contracts of a description as its components: each once, with references that hold in their new place. */
import type { JsonSchema } from '../schema-tree';
import type { DescribedContract } from './types';

/** Words of a schema that speak about the document it stands in. */
const OF_THE_DOCUMENT = new Set(['$schema', '$id', '$anchor']);
/** Keywords whose members are named by people: nothing in there is a keyword. */
const NAMED = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);
/** Keywords that hold data, not schemas. */
const DATA = new Set(['const', 'enum', 'default', 'examples', 'example']);

export class Components {
  readonly #schemas = new Map<string, JsonSchema>();

  /** The reference to a contract's schema, which is added when it is new. */
  reference({ contract, version, schema }: DescribedContract): { $ref: string } {
    const key = `${contract}-${version}`;
    const place = `#/components/schemas/${key}`;
    if (!this.#schemas.has(key)) this.#schemas.set(key, moved(schema, place) as JsonSchema);
    return { $ref: place };
  }

  get all(): Record<string, JsonSchema> {
    return Object.fromEntries(this.#schemas);
  }
}

/** A schema with `#/...` references rewritten to where it now stands. */
function moved(value: unknown, place: string): unknown {
  if (Array.isArray(value)) return value.map((entry) => moved(entry, place));
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    if (OF_THE_DOCUMENT.has(key)) continue;
    if (key === '$ref' && typeof member === 'string') {
      result[key] = member === '#' ? place : member.startsWith('#/') ? `${place}${member.slice(1)}` : member;
    } else if (DATA.has(key)) result[key] = member;
    else if (NAMED.has(key) && typeof member === 'object' && member !== null) {
      result[key] = Object.fromEntries(
        Object.entries(member).map(([name, schema]) => [name, moved(schema, place)]),
      );
    } else result[key] = moved(member, place);
  }
  return result;
}

/** The first of a schema's examples; undefined when it has none. */
export function exampleOf(schema: JsonSchema): unknown {
  const { examples } = schema;
  return Array.isArray(examples) ? (examples[0] as unknown) : undefined;
}

export function textOf(schema: JsonSchema, field: 'title' | 'description'): string | undefined {
  const value = schema[field];
  return typeof value === 'string' ? value : undefined;
}

/** Keys in both specifications: letters, digits, `.`, `-`, `_`. */
export function key(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^-+|-+$/g, '') || 'unnamed';
}
