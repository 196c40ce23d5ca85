import type { Row, Value } from './database';
import { defaultOf } from './defaults';
import { columnSql, domainToSql, mentions } from './domain';
import type { Environment, ResolvedField } from './environment';
import { invalidText, missingError, notSupported, userError, validationError, valueError } from './errors';
import { idList, type Model, num } from './model';
import { parseIntStrict, repr } from './python';
import { fieldsOf } from './reality';

/** What `search` takes beside the domain. */
export interface SearchOptions {
  readonly offset?: unknown;
  readonly limit?: unknown;
  readonly order?: unknown;
}

/** A domain as SQL over the alias `t`; archived records are left out unless asked for. */
export function whereOf(
  env: Environment,
  model: Model,
  domain: unknown,
): { text: string; params: readonly Value[] } {
  const where = domainToSql(env, model, domain, 't');
  const filterActive =
    env.context.active_test !== false && model.columns.includes('active') && !mentions(domain, 'active');
  return filterActive
    ? { text: `(${where.text}) AND COALESCE(t.active, 0) = 1`, params: where.params }
    : where;
}

function orderTerms(order: string): { name: string; descending: boolean }[] {
  return order.split(',').map((part) => {
    const match = /^\s*([a-z0-9_.]+)(?:\s+(asc|desc))?\s*$/i.exec(part);
    if (match === null) {
      throw userError(
        `Invalid "order" specified (${order}). A valid "order" specification is a comma-separated list of valid field names (optionally followed by asc/desc for the direction)`,
      );
    }
    return { name: match[1] ?? '', descending: match[2]?.toLowerCase() === 'desc' };
  });
}

function orderSql(env: Environment, model: Model, order: string): string {
  return orderTerms(order)
    .flatMap(({ name, descending }) => {
      const resolved = env.field(model, name);
      if (resolved === undefined)
        throw valueError(`Invalid field ${repr(name)} on model ${repr(model.name)}`);
      const { field, storage } = resolved;
      if (storage !== 'column' && storage !== 'inherited')
        throw notSupported(`order by ${model.name}.${name}`);
      const column = field.type === 'datetime' ? `t."${field.name}"` : columnSql(model, resolved, 't');
      if (field.type === 'many2one') return relatedOrder(env, field.relation ?? '', column, descending);
      return [sorted(column, descending)];
    })
    .join(', ');
}

// PostgreSQL sorts NULL last when ascending, SQLite first.
export const sorted = (column: string, descending: boolean) =>
  `${column} ${descending ? 'DESC NULLS FIRST' : 'ASC NULLS LAST'}`;

/** Records are sorted by a related one as the related ones are sorted among themselves. */
export function relatedOrder(env: Environment, name: string, column: string, descending: boolean): string[] {
  const related = env.registry.models.get(name);
  if (related === undefined) return [sorted(column, descending)];
  return orderTerms(related.order).map((term) => {
    const direction = term.descending !== descending;
    if (!related.columns.includes(term.name)) return sorted(column, direction);
    return sorted(`(SELECT r."${term.name}" FROM ${related.table} r WHERE r.id = ${column})`, direction);
  });
}

function whole(value: unknown, fallback: number): number {
  if (value === null || value === undefined || value === false || value === 0) return fallback;
  const parsed = parseIntStrict(value);
  if (parsed === undefined) throw invalidText('bigint', String(value));
  return parsed;
}

/** `search`: the ids that a domain matches, in order. */
export function search(
  env: Environment,
  model: Model,
  domain: unknown,
  options: SearchOptions = {},
): number[] {
  const where = whereOf(env, model, domain);
  const order = typeof options.order === 'string' && options.order !== '' ? options.order : model.order;
  const sql = `SELECT t.id FROM ${model.table} t WHERE ${where.text} ORDER BY ${orderSql(env, model, order)} LIMIT ? OFFSET ?`;
  return env.db
    .all(sql, ...where.params, whole(options.limit, -1), whole(options.offset, 0))
    .map((row) => num(row.id));
}

/** `search_count`. */
export function searchCount(env: Environment, model: Model, domain: unknown, limit?: unknown): number {
  const where = whereOf(env, model, domain);
  const sql = `SELECT COUNT(*) AS n FROM (SELECT 1 FROM ${model.table} t WHERE ${where.text} LIMIT ?)`;
  return num(env.db.get(sql, ...where.params, whole(limit, -1))?.n);
}

/** Values of one field for some records, as `read` returns them. */
type Column = (id: number, row: Row) => unknown;

function readColumn(
  env: Environment,
  model: Model,
  resolved: ResolvedField,
  rows: ReadonlyMap<number, Row>,
  withNames: boolean,
): Column {
  const { field, storage } = resolved;
  const ids = [...rows.keys()];
  if (storage === 'computed') {
    const values =
      field.name === 'display_name'
        ? env.displayNames(model.name, ids)
        : (resolved.older ?? model.computed?.[field.name])?.(env, ids, rows);
    return formatter(env, resolved, (id) => values?.get(id) as Value | undefined, ids, withNames);
  }
  if (storage === 'default')
    return formatter(env, resolved, () => defaultOf(model.name, field.name), ids, withNames);
  if (storage === 'one2many') {
    const related = env.model(field.relation ?? '');
    const inverse = field.relationField ?? '';
    return (id) => search(env, related, [[inverse, '=', id]]);
  }
  if (storage === 'inherited' && model.inherits !== undefined) {
    const { via, model: parent } = model.inherits;
    const parents = env.rows(
      parent,
      [...rows.values()].map((row) => num(row[via])),
    );
    return formatter(
      env,
      resolved,
      (id) => parents.get(num(rows.get(id)?.[via]))?.[field.name],
      ids,
      withNames,
    );
  }
  if (storage === 'related') {
    const [head = '', tail = ''] = (model.related?.[field.name] ?? '').split('.');
    const via = env.field(model, head);
    const relatedModel = env.model(via?.field.relation ?? '');
    const targets = ids.map((id) => num(rows.get(id)?.[head])).filter((id) => id > 0);
    const target = env.field(relatedModel, tail);
    if (target === undefined) throw new Error(`bad related path of ${model.name}.${field.name}`);
    const column = readColumn(env, relatedModel, target, env.rows(relatedModel.name, targets), withNames);
    return (_id, row) => {
      const at = num(row[head]);
      return at > 0 ? column(at, env.row(relatedModel.name, at)) : false;
    };
  }
  return formatter(env, resolved, (_id, row) => row[field.name], ids, withNames, rows);
}

function formatter(
  env: Environment,
  { field }: ResolvedField,
  raw: (id: number, row: Row) => Value | undefined,
  ids: readonly number[],
  withNames: boolean,
  rows?: ReadonlyMap<number, Row>,
): Column {
  switch (field.type) {
    case 'boolean':
      return (id, row) => Boolean(raw(id, row));
    case 'float':
    case 'monetary':
    case 'integer':
    case 'many2one_reference':
      return (id, row) => num(raw(id, row));
    case 'datetime':
      return (id, row) => {
        const value = raw(id, row);
        return typeof value === 'string' ? value.slice(0, 19) : false;
      };
    case 'many2many':
    case 'one2many':
      return (id, row) => {
        const value = raw(id, row);
        return Array.isArray(value) ? value : idList(value);
      };
    case 'many2one': {
      if (!withNames) return (id, row) => raw(id, row) || false;
      const wanted = ids.map((id) => num(raw(id, rows?.get(id) ?? {}))).filter((id) => id > 0);
      const names = env.displayNames(field.relation ?? '', [...new Set(wanted)]);
      return (id, row) => {
        const target = raw(id, row);
        return target ? [target, names.get(num(target)) ?? ''] : false;
      };
    }
    default:
      return (id, row) => raw(id, row) ?? false;
  }
}

/**
 * `read`: the wanted fields of records, in the order of `ids`. Records that do not exist are left out, as in Odoo.
 * @param fields without it Odoo returns every field, which the stand-in cannot
 */
export function read(
  env: Environment,
  model: Model,
  ids: readonly number[],
  fields: unknown,
  load: unknown = '_classic_read',
): Record<string, unknown>[] {
  if (!Array.isArray(fields) || fields.length === 0)
    throw notSupported('reading all fields: name the fields you need');
  const resolved = fields.map((name) => {
    const found = typeof name === 'string' ? env.field(model, name) : undefined;
    if (found === undefined) throw valueError(`Invalid field ${repr(name)} on ${repr(model.name)}`);
    return [name as string, found] as const;
  });
  const rows = env.rows(model.name, ids);
  if (rows.size === 0 || warehouseIsMissing(env, model, resolved)) return [];
  const columns = resolved.map(
    ([name, field]) => [name, readColumn(env, model, field, rows, load === '_classic_read')] as const,
  );
  const records: Record<string, unknown>[] = [];
  for (const id of ids) {
    const row = rows.get(id);
    if (row === undefined) continue;
    const record: Record<string, unknown> = { id };
    for (const [name, column] of columns) record[name] = column(id, row);
    records.push(record);
  }
  return records;
}

/** Seen on Odoo 19: quantities asked for a warehouse that does not exist make `read` leave out every record. */
function warehouseIsMissing(
  env: Environment,
  model: Model,
  fields: readonly (readonly [string, ResolvedField])[],
): boolean {
  const warehouse = env.context.warehouse_id;
  return (
    typeof warehouse === 'number' &&
    model.name.startsWith('product.') &&
    fields.some(([, { field, storage }]) => storage === 'computed' && field.type === 'float') &&
    !env.exists('stock.warehouse', warehouse)
  );
}

/** Refuses to delete what other records need, with the real server's sentence. */
export function checkRestrictions(env: Environment, model: Model, ids: readonly number[]): void {
  for (const [otherName, fieldName] of model.restrictedBy ?? []) {
    const other = env.model(otherName);
    for (const id of ids) {
      if (env.db.get(`SELECT 1 FROM ${other.table} WHERE "${fieldName}" = ? LIMIT 1`, id) === undefined)
        continue;
      const label = fieldsOf(otherName).get(fieldName)?.label ?? fieldName;
      throw restricted(other.title, otherName, label, fieldName);
    }
  }
}

function restricted(title: string, model: string, label: string, field: string): Error {
  return validationError(
    `The operation cannot be completed: Another model is using the record you are trying to delete.\n\nThe troublemaker is: '${title}' (${model})\nThanks to the following constraint: '${label}' (${field})\nHow about archiving the record instead?`,
  );
}

/** `unlink`: deletes records and what belongs to them; frees their external ids. */
export function unlink(env: Environment, model: Model, ids: readonly number[]): boolean {
  for (const id of ids) {
    if (!env.exists(model.name, id)) throw missingError(model.name, id, env.uid);
  }
  model.beforeUnlink?.(env.current(), ids);
  checkRestrictions(env, model, ids);
  const rows = [...env.rows(model.name, ids).values()];
  for (const id of ids) {
    env.db.run(`DELETE FROM ${model.table} WHERE id = ?`, id);
    env.db.run('DELETE FROM ir_model_data WHERE model = ? AND res_id = ?', model.name, id);
  }
  // The real server drops its memory of external ids whenever one is deleted.
  env.registry.xmlids.clear();
  model.unlinked?.(env.current(), rows);
  return true;
}
