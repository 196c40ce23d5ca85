/** What the dialog of odoo call offers: models and methods that are allowed, arguments of common methods, fields. */
import type { AllowList, OdooClient } from '../client/types';
import { fieldsOf } from './fields';

export interface SuggestedField {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly relation?: string;
  readonly required: boolean;
  readonly readonly: boolean;
}

export interface Suggestions {
  readonly models: readonly string[];
  readonly methods: readonly string[];
  /** Argument names of methods that are known, in the order in which people give them. */
  readonly args: Readonly<Record<string, readonly string[]>>;
  readonly fields: readonly SuggestedField[];
}

/** Named arguments, as Odoo 19 names them; earlier versions have the same. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  create: ['values'],
  fields_get: ['allfields', 'attributes'],
  has_access: ['operation'],
  load: ['fields', 'data'],
  read: ['fields'],
  search: ['domain', 'limit', 'offset', 'order'],
  search_count: ['domain', 'limit'],
  search_read: ['domain', 'fields', 'limit', 'offset', 'order'],
  unlink: [],
  write: ['values'],
};

/** Rejects like `OdooClient.call` when the fields of `model` are asked for; none are without a model. */
export async function suggest(
  client: OdooClient,
  allow: AllowList,
  model: string | undefined,
): Promise<Suggestions> {
  const models = Object.keys(allow)
    .filter((name) => name !== '*')
    .sort();
  const listed = model !== undefined && Object.hasOwn(allow, model) ? allow[model] : undefined;
  const methods = [...(listed ?? (model === undefined ? [] : (allow['*'] ?? [])))].filter(
    (name) => name !== '*',
  );
  const fields = model === undefined ? [] : [...(await fieldsOf(client, model))];
  return {
    models,
    methods: methods.sort(),
    args: Object.fromEntries(
      methods.map((method) => [method, Object.hasOwn(ARGUMENTS, method) ? (ARGUMENTS[method] ?? []) : []]),
    ),
    fields: fields
      .map(([name, facts]) => ({
        name,
        label: facts.label,
        type: facts.type,
        ...(facts.relation === undefined ? {} : { relation: facts.relation }),
        required: facts.required,
        readonly: facts.readonly,
      }))
      .sort((one, other) => one.name.localeCompare(other.name)),
  };
}
