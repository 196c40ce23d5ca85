/** What the dialog of odoo call offers: models and methods that are allowed, arguments of common methods, fields. */
import { asCrossdockError } from '../../errors/index';
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
  /** Why there are no fields. */
  readonly problem?: { readonly code: string; readonly message: string };
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

/**
 * @param client undefined while the connection is not deployed: then only what the list says is offered
 * @param model undefined: no fields are asked for
 */
export async function suggest(
  client: OdooClient | undefined,
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
  return {
    models,
    methods: methods.sort(),
    args: Object.fromEntries(
      methods.map((method) => [method, Object.hasOwn(ARGUMENTS, method) ? (ARGUMENTS[method] ?? []) : []]),
    ),
    ...(await suggestFields(client, model)),
  };
}

/** Odoo may be away, or not know the model: that is told, and the rest can be chosen all the same. */
async function suggestFields(
  client: OdooClient | undefined,
  model: string | undefined,
): Promise<Pick<Suggestions, 'fields' | 'problem'>> {
  if (client === undefined || model === undefined) return { fields: [] };
  try {
    const fields = [...(await fieldsOf(client, model))].map(([name, facts]) => ({
      name,
      label: facts.label,
      type: facts.type,
      ...(facts.relation === undefined ? {} : { relation: facts.relation }),
      required: facts.required,
      readonly: facts.readonly,
    }));
    return { fields: fields.sort((one, other) => one.name.localeCompare(other.name)) };
  } catch (thrown) {
    const { code, message } = asCrossdockError(thrown);
    return { fields: [], problem: { code, message } };
  }
}
