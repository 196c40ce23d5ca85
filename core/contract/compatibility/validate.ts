/** Whether a value keeps a schema that stands somewhere in a document: by ajv, so that examples are what they claim. */
import Ajv from 'ajv';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { currencyExponent } from '../../canonical/decimal';
import type { Place, SchemaDocument } from './document';

type Test = (value: unknown) => boolean;

const known = new WeakMap<
  SchemaDocument,
  { readonly ajv: Ajv; readonly tests: Map<string, Test | undefined> }
>();

/** True, false, or undefined when the schema cannot be asked (it is made up, or faulty). */
export function keeps(place: Place, value: unknown): boolean | undefined {
  if (typeof place.schema === 'boolean') return place.schema;
  const { ajv, tests } = open(place.document);
  const key = `${place.pointer} ${place.id}`;
  if (!tests.has(key)) tests.set(key, compile(ajv, place));
  try {
    return tests.get(key)?.(value);
  } catch {
    return undefined;
  }
}

function compile(ajv: Ajv, place: Place): Test | undefined {
  try {
    return ajv.compile(
      standsAt(place) ? { $ref: `document#${encodePointer(place.pointer)}` } : localised(place),
    );
  } catch {
    return undefined;
  }
}

/** Whether the document has this very schema at the place's pointer. */
function standsAt(place: Place): boolean {
  return place.document.resolve(`#${encodePointer(place.pointer)}`) === place;
}

/** A made-up schema keeps its references by bringing the document's definitions along. */
function localised({ schema, document }: Place): object {
  const root = document.root.schema;
  const defs = typeof root === 'object' ? root['$defs'] : undefined;
  return { ...(schema as object), ...(defs === undefined ? {} : { $defs: defs }) };
}

function encodePointer(pointer: string): string {
  return pointer.split('/').map(encodeURIComponent).join('/');
}

function open(document: SchemaDocument) {
  let found = known.get(document);
  if (found === undefined) {
    const { schema } = document.root;
    const draft = typeof schema === 'object' ? String(schema['$schema'] ?? '') : '';
    const options = { strict: false, logger: false, allowUnionTypes: true } as const;
    const ajv = /draft-0[67]/.test(draft) ? new Ajv(options) : new Ajv2020(options);
    addFormats(ajv);
    ajv.addFormat('iso-4217', (code: string) => currencyExponent(code) !== undefined);
    if (typeof schema === 'object') {
      const { $id: _id, ...rest } = schema;
      try {
        ajv.addSchema(rest, 'document');
      } catch {
        // Then nothing of it can be asked.
      }
    }
    found = { ajv, tests: new Map() };
    known.set(document, found);
  }
  return found;
}
