/** What Odoo says about the fields of a model, asked once and kept for a while. */
import { LruCache, Remembered } from '../client/cache';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';

export interface FieldFacts {
  /** Odoo's word: `char`, `many2one`, `one2many`, `monetary` ... */
  readonly type: string;
  /** The label that people see, in the language of the account. */
  readonly label: string;
  /** The model that a relational field points at. */
  readonly relation: string | undefined;
  readonly required: boolean;
  readonly readonly: boolean;
  /** Kept in the model's own table, so that a change of it is a change of the record. */
  readonly stored: boolean;
  /** Read from a field of another record. */
  readonly related: boolean;
  /** Technical values of a selection. */
  readonly selection: readonly string[] | undefined;
}

export type ModelFields = ReadonlyMap<string, FieldFacts>;

interface Raw {
  readonly type?: unknown;
  readonly string?: unknown;
  readonly relation?: unknown;
  readonly required?: unknown;
  readonly readonly?: unknown;
  readonly store?: unknown;
  readonly related?: unknown;
  readonly selection?: unknown;
}

const ATTRIBUTES = ['type', 'string', 'relation', 'required', 'readonly', 'store', 'related', 'selection'];
const KEEP_MS = 10 * 60_000;
const MODELS = 50;

const known = new WeakMap<OdooClient, LruCache<Remembered<ModelFields>>>();

/** The fields that this account may see. Rejects like `OdooClient.call`. */
export function fieldsOf(client: OdooClient, model: string): Promise<ModelFields> {
  const models = known.get(client) ?? new LruCache<Remembered<ModelFields>>(MODELS, KEEP_MS);
  known.set(client, models);
  let fields = models.get(model);
  if (fields === undefined) {
    fields = new Remembered(() => ask(client, model), KEEP_MS);
    models.set(model, fields);
  }
  return fields.get();
}

async function ask(client: OdooClient, model: string): Promise<ModelFields> {
  const raw = await withRetry(CALL_RETRY, () =>
    client.call<Record<string, Raw>>(model, 'fields_get', { args: { attributes: ATTRIBUTES } }),
  );
  return new Map(Object.entries(raw).map(([name, facts]) => [name, read(name, facts)]));
}

function read(name: string, raw: Raw): FieldFacts {
  return {
    type: String(raw.type ?? 'char'),
    label: typeof raw.string === 'string' ? raw.string : name,
    relation: typeof raw.relation === 'string' ? raw.relation : undefined,
    required: raw.required === true,
    readonly: raw.readonly === true,
    stored: raw.store === true,
    related: typeof raw.related === 'string' && raw.related !== '',
    selection: Array.isArray(raw.selection)
      ? raw.selection.map((choice: unknown) => String(Array.isArray(choice) ? choice[0] : choice))
      : undefined,
  };
}

export function isMany({ type }: FieldFacts): boolean {
  return type === 'one2many' || type === 'many2many';
}
