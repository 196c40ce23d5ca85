/**
 * Whether the fields that an operation needs are really there, asked of Odoo itself (`fields_get`) before anything is
 * read or written. Names come from the field map; a version, an app or a right that is missing is told by name instead
 * of being found in the middle of the work.
 */
import { asCrossdockError } from '../../errors/index';
import { LruCache } from './cache';
import { type FieldMap, fieldMap, type RecordKind } from './field-map';
import { type Asked, missingField, missingModel } from './missing-field';
import { CALL_RETRY, withRetry } from './retry';
import type { OdooClient } from './types';

/**
 * Fields by kind of record (`orderLine`) or by Odoo's model (`stock.quant`). A field is a name of the field map's
 * section (`taxes`), or Odoo's own when all versions call it the same (`product_uom_qty`).
 */
export type FieldNeeds = Readonly<
  Partial<Record<RecordKind | `${string}.${string}`, readonly (string | AppField)[]>>
>;

/** A field that an app of Odoo adds, so that the sentence can name the app. */
export interface AppField {
  readonly field: string;
  /** As Odoo's Apps screen calls it, for example `Delivery Costs`. */
  readonly app: string;
}

export interface FieldFact {
  /** For example `many2one`. */
  readonly type: string;
  /** The model that a relation points to. */
  readonly relation?: string;
}

/** What stands in Odoo of the fields that were asked for. */
export interface Fields {
  readonly map: FieldMap;
  has(kind: string, field: string): boolean;
  /** Odoo's name of a field that is there, else undefined. */
  name(kind: string, field: string): string | undefined;
  fact(kind: string, field: string): FieldFact | undefined;
}

/** Fields that were seen stay known so long; an app is rarely uninstalled under a running flow. */
const KNOWN_MS = 10 * 60_000;
/** Fields remembered per connection. All operations together need fewer than 200. */
const KNOWN_FIELDS = 2_000;
/** By connection: facts by `version model.field`. What is missing is not remembered: it may be installed any time. */
const known = new WeakMap<OdooClient, LruCache<FieldFact>>();

/**
 * Finds the fields of an operation, at most one `fields_get` per model in 10 minutes.
 *
 * Rejects with ODOO_FIELD_MISSING or ODOO_MODEL_MISSING (both permanent) for the first of `required` that is not there,
 * ODOO_VERSION_UNSUPPORTED, and what OdooClient.call rejects with. What is missing of `optional` is told by `has`.
 */
export async function requireFields(
  client: OdooClient,
  required: FieldNeeds,
  optional: FieldNeeds = {},
): Promise<Fields> {
  const version = await client.version();
  const map = fieldMap(version);
  const wanted = [...ask(map, required, true), ...ask(map, optional, false)];
  const facts = new Map<string, FieldFact>();
  const models = [...new Set(wanted.map(({ model }) => model))];
  await Promise.all(
    models.map(async (model) => {
      const ofModel = wanted.filter((one) => one.model === model);
      const found = await look(client, version.text, model, ofModel);
      for (const one of ofModel) {
        const fact = one.name === undefined ? undefined : found.get(one.name);
        if (fact !== undefined) facts.set(key(one.kind, one.field), fact);
      }
    }),
  );
  const missing = wanted.find((one) => one.required && !facts.has(key(one.kind, one.field)));
  if (missing !== undefined) throw await missingField(client, version, missing);
  const names = new Map(wanted.map((one) => [key(one.kind, one.field), one.name]));
  return {
    map,
    has: (kind, field) => facts.has(key(kind, field)),
    name: (kind, field) => (facts.has(key(kind, field)) ? names.get(key(kind, field)) : undefined),
    fact: (kind, field) => facts.get(key(kind, field)),
  };
}

function key(kind: string, field: string): string {
  return `${kind} ${field}`;
}

function* ask(map: FieldMap, needs: FieldNeeds, required: boolean): Generator<Asked> {
  for (const [kind, fields] of Object.entries(needs)) {
    for (const one of fields ?? []) {
      const { field, app } = typeof one === 'string' ? { field: one, app: undefined } : one;
      yield {
        kind,
        field,
        model: map.modelOf(kind),
        name: map.nameOf(kind, field),
        required,
        ...(app === undefined ? {} : { app }),
      };
    }
  }
}

/** The facts of the wanted fields that are there, from memory or from one `fields_get`. */
async function look(
  client: OdooClient,
  version: string,
  model: string,
  wanted: readonly Asked[],
): Promise<ReadonlyMap<string, FieldFact>> {
  const memory = known.get(client) ?? new LruCache<FieldFact>(KNOWN_FIELDS, KNOWN_MS);
  known.set(client, memory);
  const facts = new Map<string, FieldFact>();
  const unknown = new Set<string>();
  for (const { name } of wanted) {
    if (name === undefined) continue;
    const fact = memory.get(`${version} ${model}.${name}`);
    if (fact === undefined) unknown.add(name);
    else facts.set(name, fact);
  }
  if (unknown.size === 0) return facts;
  const answer = await fieldsGet(client, model, [...unknown]).catch((thrown: unknown) => {
    const error = asCrossdockError(thrown);
    const needed = wanted.find((one) => one.required);
    const absent = missingModel(error, model, version, needed);
    if (absent === undefined) throw error;
    // Only wishes on a model that is not there: they are simply not there either.
    if (needed === undefined) return {} as Readonly<Record<string, unknown>>;
    throw absent;
  });
  for (const name of unknown) {
    if (!Object.hasOwn(answer, name)) continue;
    const { type, relation } = answer[name] as { type?: unknown; relation?: unknown };
    const fact = { type: String(type), ...(typeof relation === 'string' ? { relation } : {}) };
    facts.set(name, fact);
    memory.set(`${version} ${model}.${name}`, fact);
  }
  return facts;
}

export function fieldsGet(
  client: OdooClient,
  model: string,
  names: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  return withRetry(CALL_RETRY, () =>
    client.call<Readonly<Record<string, unknown>>>(model, 'fields_get', {
      args: { allfields: names, attributes: ['type', 'relation'] },
    }),
  );
}
