import { maySee } from './access';
import type { Environment } from './environment';
import { notSupported } from './errors';
import type { Model } from './model';
import { currentName, type Field, fieldsOf, modelNameIn, olderFields, olderName } from './reality';

const ATTRIBUTES = [
  ...['type', 'string', 'required', 'readonly', 'store'],
  ...['relation', 'relation_field', 'related', 'selection', 'name'],
];

function describe(
  model: Model,
  field: Field,
  name: string,
  wanted: readonly string[],
  major: number,
): Record<string, unknown> {
  const all: Record<string, unknown> = {
    name,
    type: field.type,
    string: field.label,
    required: field.required,
    readonly: field.readonly,
    store: field.stored,
  };
  if (field.relation !== undefined) all.relation = modelNameIn(major, field.relation);
  if (field.relationField !== undefined) all.relation_field = field.relationField;
  if (field.related !== undefined) all.related = field.related;
  if (field.type === 'selection' && wanted.includes('selection')) {
    if (field.selection === undefined) throw notSupported(`the selection of ${model.name}.${name}`);
    all.selection = field.selection;
  }
  return Object.fromEntries(Object.entries(all).filter(([key]) => wanted.includes(key)));
}

/**
 * `fields_get`: what a version's fields are, whether or not the stand-in keeps them. Names that the version does not have
 * are left out, as in Odoo.
 * @param names without them every field
 */
export function fieldsGet(
  env: Environment,
  model: Model,
  names: unknown,
  attributes: unknown,
): Record<string, unknown> {
  const wanted = Array.isArray(attributes) && attributes.length > 0 ? attributes.map(String) : undefined;
  if (wanted === undefined) throw notSupported('fields_get of all attributes: name the attributes you need');
  const strange = wanted.find((name) => !ATTRIBUTES.includes(name));
  if (strange !== undefined) throw notSupported(`fields_get attribute ${strange}`);
  const { major } = env.registry;
  const fields = fieldsOf(model.name);
  const older = new Map(olderFields(model.name, major).map((field) => [field.name, field]));
  const known = Array.isArray(names) && names.length > 0 ? names.map(String) : undefined;
  const all = () => [...fields.keys()].flatMap((now) => olderName(model.name, now, major) ?? []);
  const result: Record<string, unknown> = {};
  for (const name of known ?? new Set([...all(), ...older.keys()])) {
    const now = currentName(model.name, name, major);
    const field = older.get(name) ?? (now === undefined ? undefined : fields.get(now));
    if (field !== undefined && maySee(env, model.name, field.name))
      result[name] = describe(model, field, name, wanted, major);
  }
  return result;
}
