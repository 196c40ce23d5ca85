import type { Value } from './database';
import { defaultSql } from './defaults';
import type { Environment, ResolvedField } from './environment';
import { invalidText, notSupported, typeError, valueError } from './errors';
import { hierarchySql } from './hierarchy';
import type { Model } from './model';
import { olderCondition } from './older';
import { parseFloatStrict, parseIntStrict, repr, reprTuple } from './python';

/** A condition in SQL with its parameters. `t` is the alias of the model's table. */
export interface Sql {
  readonly text: string;
  readonly params: readonly Value[];
}

const IMPLEMENTED = [
  '=',
  '!=',
  'in',
  'not in',
  '>',
  '>=',
  '<',
  '<=',
  'like',
  'ilike',
  '=like',
  '=ilike',
  'not ilike',
  'not like',
  'child_of',
  'parent_of',
];
const OTHER_REAL = ['=?', 'any', 'not any', 'any!', 'not any!', 'not =like', 'not =ilike', '<>', '=='];

const TRUE: Sql = { text: '1', params: [] };
const FALSE: Sql = { text: '0', params: [] };

/**
 * Translates an Odoo search domain (Polish notation, paths over many2one and one2many fields) into SQL.
 * @throws OdooError with the sentences of the real server for malformed domains and unknown fields
 */
export function domainToSql(env: Environment, model: Model, domain: unknown, alias: string): Sql {
  if (domain === false) return FALSE;
  if (domain === true) return TRUE;
  if (!Array.isArray(domain)) throw typeError(`Domain() invalid argument type for domain: ${repr(domain)}`);
  const stack: Sql[] = [];
  for (const item of [...domain].reverse()) {
    if (item === '!' || item === '&' || item === '|') {
      const first = stack.pop();
      const second = item === '!' ? undefined : stack.pop();
      if (first === undefined || (item !== '!' && second === undefined)) {
        throw valueError(`Domain() malformed domain ${repr(domain)}`);
      }
      stack.push(
        second === undefined
          ? { text: `NOT (${first.text})`, params: first.params }
          : {
              text: `(${first.text} ${item === '&' ? 'AND' : 'OR'} ${second.text})`,
              params: [...first.params, ...second.params],
            },
      );
    } else if (
      Array.isArray(item) &&
      item.length === 3 &&
      (typeof item[0] === 'string' || item[0] === 1 || item[0] === 0)
    ) {
      stack.push(conditionToSql(env, model, item as [unknown, unknown, unknown], alias));
    } else {
      throw valueError(`Domain() invalid item in domain: ${repr(item)}`);
    }
  }
  stack.reverse();
  return {
    text: stack.length === 0 ? '1' : stack.map((part) => `(${part.text})`).join(' AND '),
    params: stack.flatMap((part) => part.params),
  };
}

/** Whether a domain mentions a field on the model itself. */
export function mentions(domain: unknown, field: string): boolean {
  return Array.isArray(domain) && domain.some((item) => Array.isArray(item) && item[0] === field);
}

function conditionToSql(
  env: Environment,
  model: Model,
  condition: [unknown, unknown, unknown],
  alias: string,
): Sql {
  const [path, rawOperator, value] = condition;
  if (typeof path !== 'string') return path === 1 ? TRUE : FALSE;
  const operator = typeof rawOperator === 'string' ? rawOperator.toLowerCase() : rawOperator;
  if (!IMPLEMENTED.includes(String(operator))) {
    if (OTHER_REAL.includes(String(operator))) throw notSupported(`domain operator ${String(operator)}`);
    throw valueError(`Invalid operator in condition ${reprTuple(condition)}`);
  }
  const dot = path.indexOf('.');
  const head = dot < 0 ? path : path.slice(0, dot);
  const resolved = env.field(model, head);
  if (resolved === undefined) {
    throw valueError(`Invalid field ${model.name}.${head} in condition ${reprTuple(condition)}`);
  }
  if (dot >= 0) return pathToSql(env, model, resolved, path.slice(dot + 1), String(operator), value, alias);
  if (resolved.storage === 'related') {
    const target = model.related?.[resolved.field.name] ?? '';
    return conditionToSql(env, model, [target, operator, value], alias);
  }
  if (resolved.older !== undefined) {
    return domainToSql(env.current(), model, olderCondition(head, String(operator), value), alias);
  }
  if (resolved.storage === 'computed') {
    if (resolved.field.stored && resolved.field.type === 'selection')
      return computedToSql(env, model, resolved, String(operator), value, alias);
    if (
      resolved.field.name.endsWith('qty') ||
      resolved.field.name === 'display_name' ||
      resolved.field.stored
    ) {
      throw notSupported(`search on ${model.name}.${resolved.field.name}`);
    }
    throw valueError(`Cannot convert ${model.name}.${resolved.field.name} to SQL because it is not stored`);
  }
  return leafToSql(env, model, resolved, String(operator), value, alias);
}

/** A selection that the real one stores and the stand-in computes. */
function computedToSql(
  env: Environment,
  model: Model,
  { field }: ResolvedField,
  operator: string,
  value: unknown,
  alias: string,
): Sql {
  const wanted: readonly unknown[] = operator.endsWith('in') ? asList(value) : [value];
  if (!['=', '!=', 'in', 'not in'].includes(operator))
    throw notSupported(`${operator} on ${model.name}.${field.name}`);
  const all = new Map(env.db.all(`SELECT * FROM ${model.table}`).map((row) => [Number(row.id), row]));
  const values = model.computed?.[field.name]?.(env, [...all.keys()], all) ?? new Map<number, unknown>();
  const negative = operator === '!=' || operator === 'not in';
  const ids = [...all.keys()].filter((id) => wanted.includes(values.get(id) ?? false) !== negative);
  return { text: `${alias}.id IN (SELECT value FROM json_each(?))`, params: [JSON.stringify(ids)] };
}

function pathToSql(
  env: Environment,
  model: Model,
  resolved: ResolvedField,
  rest: string,
  operator: string,
  value: unknown,
  alias: string,
): Sql {
  const { field, storage } = resolved;
  if (field.relation === undefined) {
    throw valueError(`Invalid field property '${rest}' on ${model.name}.${field.name}`);
  }
  const related = env.model(field.relation);
  const inner = `${alias}_`;
  const condition = conditionToSql(env, related, [rest, operator, value], inner);
  if (storage === 'one2many') {
    const inverse = field.relationField ?? '';
    return {
      text: `EXISTS (SELECT 1 FROM ${related.table} ${inner} WHERE ${inner}."${inverse}" = ${alias}.id AND ${condition.text})`,
      params: condition.params,
    };
  }
  if (storage === 'related') throw notSupported(`search over ${model.name}.${field.name}`);
  const column = columnSql(model, resolved, alias);
  const join =
    field.type === 'many2many'
      ? `${inner}.id IN (SELECT value FROM json_each(${column}))`
      : `${inner}.id = ${column}`;
  return {
    text: `EXISTS (SELECT 1 FROM ${related.table} ${inner} WHERE ${join} AND ${condition.text})`,
    params: condition.params,
  };
}

/** The SQL expression of a stored field's column. */
export function columnSql(model: Model, { field, storage }: ResolvedField, alias: string): string {
  if (storage === 'inherited' && model.inherits !== undefined) {
    const table = model.inherits.model.replace(/\./g, '_');
    return `(SELECT "${field.name}" FROM ${table} WHERE id = ${alias}."${model.inherits.via}")`;
  }
  if (storage === 'default') return defaultSql(model.name, field.name);
  // The real one stores microseconds and compares seconds.
  if (field.type === 'datetime') return `substr(${alias}."${field.name}", 1, 19)`;
  return `${alias}."${field.name}"`;
}

function leafToSql(
  env: Environment,
  model: Model,
  resolved: ResolvedField,
  operator: string,
  value: unknown,
  alias: string,
): Sql {
  const { field, storage } = resolved;
  if (storage === 'one2many') {
    if ((operator === '=' || operator === '!=') && !value) {
      const related = env.model(field.relation ?? '');
      const some = `EXISTS (SELECT 1 FROM ${related.table} x WHERE x."${field.relationField}" = ${alias}.id)`;
      return { text: operator === '=' ? `NOT ${some}` : some, params: [] };
    }
    throw notSupported(`operator ${operator} on one2many ${model.name}.${field.name}`);
  }
  const column = columnSql(model, resolved, alias);
  if (operator === 'child_of' || operator === 'parent_of') {
    if (field.name === 'id') return hierarchySql(model, column, operator, value);
    if (field.type !== 'many2one') throw notSupported(`${operator} on ${model.name}.${field.name}`);
    return hierarchySql(env.model(field.relation ?? ''), column, operator, value);
  }
  if (operator.endsWith('like')) return likeToSql(env, resolved, column, operator, value);
  if (['>', '>=', '<', '<='].includes(operator)) {
    if (field.type === 'many2one' || field.type === 'many2many')
      throw notSupported(`${operator} on ${field.name}`);
    return { text: `${column} ${operator} ?`, params: [toValue(resolved, value)] };
  }
  const negative = operator === '!=' || operator === 'not in';
  const values = operator === 'in' || operator === 'not in' ? asList(value) : [value];
  const positive = anyOf(env, resolved, column, values);
  return negative ? { text: `NOT (${positive.text})`, params: positive.params } : positive;
}

function anyOf(env: Environment, resolved: ResolvedField, column: string, values: readonly unknown[]): Sql {
  const { field } = resolved;
  if (field.type === 'boolean') {
    const wanted = new Set(values.map(Boolean));
    if (wanted.size === 2) return TRUE;
    if (wanted.size === 0) return FALSE;
    return { text: `COALESCE(${column}, 0) = ${wanted.has(true) ? 1 : 0}`, params: [] };
  }
  const isRelation = field.type === 'many2one' || field.type === 'many2many';
  const empty = values.some((item) => item === false || item === null || item === undefined || item === '');
  const texts = isRelation ? values.filter((item) => typeof item === 'string' && item !== '') : [];
  const plain = values.filter(
    (item) => item !== false && item !== null && item !== undefined && item !== '' && !texts.includes(item),
  );
  const parts: Sql[] = [];
  if (plain.length > 0) {
    const params = plain.map((item) => toValue(resolved, item));
    const marks = params.map(() => '?').join(', ');
    parts.push({
      text:
        field.type === 'many2many'
          ? `EXISTS (SELECT 1 FROM json_each(${column}) WHERE value IN (${marks}))`
          : `COALESCE(${column} IN (${marks}), 0)`,
      params,
    });
  }
  for (const text of texts) parts.push(byName(env, resolved, column, '=like', String(text)));
  if (empty) parts.push({ text: emptySql(resolved, column), params: [] });
  if (parts.length === 0) return FALSE;
  return { text: parts.map((part) => part.text).join(' OR '), params: parts.flatMap((part) => part.params) };
}

function emptySql({ field }: ResolvedField, column: string): string {
  if (field.type === 'many2many') return `COALESCE(${column}, '[]') = '[]'`;
  if (field.type === 'char' || field.type === 'text' || field.type === 'html')
    return `COALESCE(${column}, '') = ''`;
  if (field.type === 'float' || field.type === 'monetary' || field.type === 'integer') {
    return field.name === 'id' ? `${column} IS NULL` : `COALESCE(${column}, 0) = 0`;
  }
  return `${column} IS NULL`;
}

function likeToSql(
  env: Environment,
  resolved: ResolvedField,
  column: string,
  operator: string,
  value: unknown,
): Sql {
  const negative = operator.startsWith('not ');
  const bare = negative ? operator.slice(4) : operator;
  const text = value === false || value === null || value === undefined ? '' : String(value);
  const found =
    resolved.field.type === 'many2one'
      ? byName(env, resolved, column, bare, text)
      : likeSql(column, bare, text);
  return negative ? { text: `NOT (${found.text})`, params: found.params } : found;
}

function likeSql(column: string, operator: string, text: string): Sql {
  const pattern = operator.startsWith('=') ? text : `%${text}%`;
  return { text: `${operator.endsWith('ilike') ? 'pg_ilike' : 'pg_like'}(${column}, ?)`, params: [pattern] };
}

/** A many2one compared with a text: the related record is looked up by its name. */
function byName(
  env: Environment,
  { field }: ResolvedField,
  column: string,
  operator: string,
  text: string,
): Sql {
  if (field.type !== 'many2one') throw notSupported(`search of ${field.name} by name`);
  const related = env.model(field.relation ?? '');
  if (related.nameColumn === '') throw notSupported(`search of ${field.name} by name`);
  const like = likeSql(`r."${related.nameColumn}"`, operator, text);
  return {
    text: `COALESCE(${column} IN (SELECT r.id FROM ${related.table} r WHERE ${like.text}), 0)`,
    params: like.params,
  };
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

function toValue({ field }: ResolvedField, value: unknown): Value {
  switch (field.type) {
    case 'integer':
    case 'many2one':
    case 'many2one_reference':
    case 'many2many': {
      if (typeof value === 'number') return value;
      const parsed = parseIntStrict(value);
      if (parsed === undefined) throw invalidText('integer', String(value));
      return parsed;
    }
    case 'float':
    case 'monetary': {
      const parsed = parseFloatStrict(value);
      if (parsed === undefined) throw invalidText('double precision', String(value));
      return parsed;
    }
    case 'date':
    case 'datetime':
      return toDate(value, field.type);
    default:
      return String(value);
  }
}

function toDate(value: unknown, type: 'date' | 'datetime'): string {
  const text = String(value)
    .replace('T', ' ')
    .replace(/\.\d+$/, '');
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return type === 'date' ? text : `${text} 00:00:00`;
  if (/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return type === 'date' ? text.slice(0, 10) : text;
  // The real one also takes expressions such as "today -1d"; they start with a word it knows.
  if (/^(today|now|[-+=])/.test(text)) throw notSupported(`relative date ${text}`);
  const term = String(value).split(' ')[0] ?? '';
  throw valueError(`Invalid term ${repr(term)} in expression date: ${repr(String(value))}`);
}
