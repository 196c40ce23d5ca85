import { requireAccess } from './access';
import type { Row, Value } from './database';
import type { Environment, ResolvedField } from './environment';
import { DatabaseError, missingError, notSupported, valueError } from './errors';
import { fullKey, insert as insertExternalId } from './external-ids';
import { type Inverse, idList, type Model, num, type Vals } from './model';
import { olderValues } from './older';
import { asRecord, parseFloatStrict, parseIntStrict, repr, roundHalfUp } from './python';
import { fieldsOf } from './reality';
import { unlink } from './records';
import { insertRow } from './rows';

/** Digits that Odoo keeps of some numbers (decimal.precision); others are kept as they come. */
const DIGITS: Readonly<Record<string, number>> = {
  'sale.order.line.discount': 2,
  'sale.order.line.product_uom_qty': 2,
  'product.template.list_price': 2,
  'account.tax.amount': 4,
};

/** Values split by where they are kept. */
interface SplitVals {
  readonly own: [string, Value][];
  readonly inherited: Vals;
  readonly children: [ResolvedField, unknown[]][];
  readonly inverses: [Inverse, unknown][];
}

/** The ids that many2many commands leave of those there are. */
function manyToMany(
  env: Environment,
  relation: string,
  value: unknown,
  present: readonly number[],
): number[] {
  if (!Array.isArray(value)) return [];
  let ids = value.some((item) => typeof item === 'number') ? [] : [...present];
  for (const item of value) {
    const [code, id, more] = Array.isArray(item) ? item : [undefined, item, undefined];
    if (typeof item === 'number' || code === 4) ids.push(num(id as Value));
    else if (code === 0) ids.push(create(env, env.model(relation), asRecord(more) ?? {}));
    else if (code === 2 || code === 3) {
      ids = ids.filter((other) => other !== Number(id));
      if (code === 2) unlink(env, env.model(relation), [Number(id)]);
    } else if (code === 5) ids = [];
    else if (code === 6 && Array.isArray(more)) ids = more.map(Number);
    else throw notSupported(`many2many command ${repr(item)}`);
  }
  return [...new Set(ids)];
}

/** Keeps a text as Odoo's html fields do: plain text becomes a paragraph. Markup other than inline is left to the real one. */
function html(text: string): string {
  // Odoo's sanitizer drops NUL, which PostgreSQL would refuse.
  const plain = text.replaceAll('\0', '');
  const trimmed = plain.trim() === '' ? plain : plain.replace(/^\s+/, '');
  if (/<(?!\/?(b|i|u|em|strong|br)\b)[a-z/!]/i.test(trimmed)) return trimmed;
  const safe = trimmed.replace(/&(?!\w+;|#)/g, '&amp;').replace(/<(?![a-z/])/gi, '&lt;');
  return `<p>${safe}</p>`;
}

function toColumn(
  env: Environment,
  model: Model,
  { field }: ResolvedField,
  value: unknown,
  present: Value | undefined,
): Value {
  const empty = value === false || value === null || value === undefined;
  switch (field.type) {
    case 'boolean':
      return value ? 1 : 0;
    case 'integer':
    case 'many2one_reference': {
      if (empty) return field.type === 'integer' ? 0 : null;
      const parsed = parseIntStrict(value);
      if (parsed === undefined) {
        throw valueError(`invalid literal for int() with base 10: ${repr(value)}`);
      }
      return parsed;
    }
    case 'float':
    case 'monetary': {
      if (empty || value === '') return 0;
      const parsed = parseFloatStrict(value);
      if (parsed === undefined) throw valueError(`could not convert string to float: ${repr(value)}`);
      const digits = DIGITS[`${model.name}.${field.name}`];
      return digits === undefined ? parsed : roundHalfUp(parsed, digits);
    }
    case 'many2one': {
      if (empty || value === 0 || value === '') return null;
      const id = Array.isArray(value) ? Number(value[0]) : Number(value);
      if (!Number.isInteger(id)) throw notSupported(`${repr(value)} as ${model.name}.${field.name}`);
      if (!env.exists(field.relation ?? '', id)) throw missingError(field.relation ?? '', id, env.uid);
      return id;
    }
    case 'many2many': {
      const ids = manyToMany(env, field.relation ?? '', value, idList(present));
      env.requireAll(field.relation ?? '', ids);
      return JSON.stringify(ids);
    }
    case 'selection': {
      if (empty || value === '') return null;
      if (field.selection !== undefined && !field.selection.some(([key]) => key === value)) {
        throw valueError(`Wrong value for ${model.name}.${field.name}: ${repr(value)}`);
      }
      return String(value);
    }
    case 'date':
    case 'datetime': {
      if (empty || value === '') return null;
      const text = String(value);
      const shape = field.type === 'date' ? /^\d{4}-\d\d-\d\d$/ : /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$/;
      if (!shape.test(text))
        throw valueError(`time data ${repr(text)} does not match format '%Y-%m-%d %H:%M:%S'`);
      return text;
    }
    case 'html':
      return empty || value === '' ? null : html(String(value));
    default:
      return empty || value === '' ? null : String(value);
  }
}

/** @param row the record as it is; empty when it is being created */
function split(env: Environment, model: Model, vals: Vals, row: Row = {}): SplitVals {
  const own: [string, Value][] = [];
  const inherited: Vals = {};
  const children: [ResolvedField, unknown[]][] = [];
  const inverses: [Inverse, unknown][] = [];
  for (const [callersName, value] of Object.entries(vals)) {
    const resolved = env.field(model, callersName);
    if (resolved === undefined) throw valueError(`Invalid field ${repr(callersName)} in ${repr(model.name)}`);
    const { field, storage } = resolved;
    // An import names what it creates; `create` gives it that name.
    if (field.name === 'id' && env.context._import_current_module !== undefined) continue;
    if (field.name === 'id' || field.name === 'create_date' || field.name === 'write_date') {
      throw notSupported(`setting ${model.name}.${field.name}`);
    }
    const inverse = model.inverse?.[field.name];
    if (inverse !== undefined) inverses.push([inverse, value]);
    else if (storage === 'inherited') inherited[field.name] = value;
    else if (storage === 'column')
      own.push([field.name, toColumn(env, model, resolved, value, row[field.name])]);
    else if (storage === 'one2many') {
      if (!value) continue;
      if (!Array.isArray(value)) throw notSupported(`${repr(value)} as ${model.name}.${field.name}`);
      children.push([resolved, value]);
    } else throw notSupported(`setting ${model.name}.${field.name}`);
  }
  return { own, inherited, children, inverses };
}

/** Translates the caller's field names into those of Odoo 19, so that hooks see only those. */
function currentNames(env: Environment, model: Model, vals: Vals): Vals {
  if (env.registry.major >= 19) return { ...vals };
  const result: Vals = {};
  for (const [name, value] of Object.entries(vals)) {
    const resolved = env.field(model, name);
    if (resolved?.older !== undefined) Object.assign(result, olderValues(name, value));
    else result[resolved?.field.name ?? name] = value;
  }
  return result;
}

function checkRequired(model: Model, values: ReadonlyMap<string, Value>): void {
  for (const field of fieldsOf(model.name).values()) {
    if (!field.required || !model.columns.includes(field.name)) continue;
    const value = values.get(field.name);
    if (value !== null && value !== undefined) continue;
    throw new DatabaseError(
      'not-null',
      missingRequired(model.title, model.name, field.label, field.name),
      model.name,
      field.name,
    );
  }
}

/** The sentence for a required field that is empty. */
export function missingRequired(title: string, model: string, label: string, field: string): string {
  const where = model === '' ? 'Model: Unknown' : `Model: '${title}' (${model})`;
  return `Missing required value for the field '${label}' (${field}).\n${where}\n- create/update: a mandatory field is not set\n- delete: another model requires the record being deleted, you can archive it instead\n`;
}

function applyChildren(
  env: Environment,
  parentId: number,
  [{ field }, commands]: [ResolvedField, unknown[]],
): void {
  const child = env.model(field.relation ?? '');
  const inverse = field.relationField ?? '';
  const required = fieldsOf(child.name).get(inverse)?.required ?? false;
  const present = () =>
    env.db
      .all(`SELECT id FROM ${child.table} WHERE "${inverse}" = ? ORDER BY id`, parentId)
      .map((row) => num(row.id));
  /** What belongs to its parent goes with it; other records only lose the link. */
  const detach = (ids: readonly number[]) => {
    if (ids.length === 0) return;
    if (required) unlink(env, child, ids);
    else write(env, child, ids, { [inverse]: false });
  };
  for (const command of commands) {
    const [code, id, vals] = Array.isArray(command) ? command : [undefined, undefined, undefined];
    const needs = code === 0 ? 'create' : code === 1 ? 'write' : code === 2 ? 'unlink' : undefined;
    if (needs !== undefined) requireAccess(env, child.name, needs);
    if (code === 0) create(env, child, { ...asRecord(vals), [inverse]: parentId });
    else if (code === 1) write(env, child, [Number(id)], asRecord(vals) ?? {});
    else if (code === 2) unlink(env, child, [Number(id)]);
    else if (code === 3) detach([Number(id)]);
    else if (code === 4) {
      if (!present().includes(Number(id))) write(env, child, [Number(id)], { [inverse]: parentId });
    } else if (code === 5) detach(present());
    else if (code === 6 && Array.isArray(vals)) {
      const wanted = vals.map(Number);
      detach(present().filter((other) => !wanted.includes(other)));
      const added = wanted.filter((other) => !present().includes(other));
      if (added.length > 0) write(env, child, added, { [inverse]: parentId });
    } else throw notSupported(`one2many command ${repr(command)}`);
  }
}

/**
 * `create` of one record.
 * @returns its id
 * @throws DatabaseError for what PostgreSQL would refuse, OdooError for what Odoo would
 */
export function create(env: Environment, model: Model, given: Vals): number {
  for (const name of Object.keys(given)) {
    if (env.field(model, name) === undefined)
      throw valueError(`Invalid field ${repr(name)} in ${repr(model.name)}`);
  }
  const vals = currentNames(env, model, given);
  // Hooks speak the names of Odoo 19, and these names are not to be translated a second time.
  const current = env.current();
  const instead = model.insteadOfCreate?.(current, vals);
  if (instead !== undefined) return instead;
  contextDefaults(current, model, vals);
  model.defaults?.(current, vals);
  const { own, inherited, children, inverses } = split(current, model, vals);
  const values = new Map(own);
  if (model.inherits !== undefined && !values.get(model.inherits.via)) {
    values.set(model.inherits.via, create(current, env.model(model.inherits.model), inherited));
  }
  checkRequired(model, values);
  const id = insertRow(env, model.table, Object.fromEntries(values));
  for (const child of children) applyChildren(env, id, child);
  for (const [inverse, value] of inverses) inverse(current, [id], value);
  model.created?.(current, id, vals);
  if (current.context._import_current_module !== undefined && vals.id) {
    insertExternalId(
      current,
      fullKey(current, String(vals.id)),
      model.name,
      id,
      Boolean(current.context.noupdate),
    );
  }
  return id;
}

/** Fills in what the context gives as defaults (`default_<field>`). */
function contextDefaults(env: Environment, model: Model, vals: Vals): void {
  for (const [key, value] of Object.entries(env.context)) {
    if (!key.startsWith('default_')) continue;
    const name = key.slice('default_'.length);
    if (!(name in vals) && fieldsOf(model.name).has(name)) vals[name] = value;
  }
}

/** `write` on records. Refuses with MissingError when one does not exist. */
export function write(env: Environment, model: Model, ids: readonly number[], given: Vals): boolean {
  if (ids.length === 0) return true;
  const vals = currentNames(env, model, given);
  const current = env.current();
  if (Object.keys(vals).length === 0) return true;
  for (const name of Object.keys(vals)) {
    if (current.field(model, name) === undefined) {
      throw valueError(`Invalid field ${repr(name)} in ${repr(model.name)}`);
    }
  }
  env.requireAll(model.name, ids);
  model.beforeWrite?.(current, ids, vals);
  // Commands of a many2many field start from what each record has.
  const fields = fieldsOf(model.name);
  const apart = Object.keys(vals).some((name) => fields.get(name)?.type === 'many2many');
  for (const group of apart ? ids.map((id) => [id]) : [ids]) writeSame(env, model, group, vals);
  model.written?.(current, ids, vals);
  return true;
}

/** Writes records whose columns come out the same. */
function writeSame(env: Environment, model: Model, ids: readonly number[], vals: Vals): void {
  const current = env.current();
  const { own, inherited, children, inverses } = split(
    current,
    model,
    vals,
    env.row(model.name, ids[0] ?? 0),
  );
  for (const [name, value] of own) {
    const field = fieldsOf(model.name).get(name);
    if (field?.required && value === null) {
      throw new DatabaseError(
        'not-null',
        missingRequired(model.title, model.name, field.label, name),
        model.name,
        name,
      );
    }
  }
  const set: [string, Value][] = [...own, ['write_uid', env.uid], ['write_date', env.now]];
  const sql = `UPDATE ${model.table} SET ${set.map(([name]) => `"${name}" = ?`).join(', ')} WHERE id = ?`;
  for (const id of ids) {
    env.db.run(sql, ...set.map(([, value]) => value), id);
    if (model.inherits !== undefined && Object.keys(inherited).length > 0) {
      const parent = num(env.row(model.name, id)[model.inherits.via]);
      write(current, env.model(model.inherits.model), [parent], inherited);
    }
    for (const child of children) applyChildren(env, id, child);
  }
  for (const [inverse, value] of inverses) inverse(current, ids, value);
}
