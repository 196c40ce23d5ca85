import type { Value } from './database';
import { columnSql } from './domain';
import type { Environment } from './environment';
import { notSupported, valueError } from './errors';
import { type Model, num } from './model';
import { parseIntStrict, repr } from './python';
import { relatedOrder, sorted, whereOf } from './records';

/** Aggregates by their name in Odoo, as SQL. */
const AGGREGATES: Readonly<Record<string, (column: string) => string>> = {
  sum: (column) => `SUM(${column})`,
  avg: (column) => `AVG(${column})`,
  min: (column) => `MIN(${column})`,
  max: (column) => `MAX(${column})`,
  count: (column) => `COUNT(${column})`,
  count_distinct: (column) => `COUNT(DISTINCT ${column})`,
};

/** Fields that Odoo sums although it does not keep them. */
const SUMMED: Readonly<Record<string, string>> = {
  'stock.quant.available_quantity': '(t.quantity - t.reserved_quantity)',
};

const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

function groupColumn(env: Environment, model: Model, spec: string) {
  const [name = '', granularity] = spec.split(':');
  const resolved = env.field(model, name);
  if (resolved === undefined) throw valueError(`Invalid field ${repr(name)} on model ${repr(model.name)}`);
  const { field, storage } = resolved;
  const plain = storage === 'column' || storage === 'inherited';
  if (granularity !== undefined || !plain || ['many2many', 'date', 'datetime'].includes(field.type))
    throw notSupported(`grouping by ${model.name}.${spec}`);
  return { spec, field, column: columnSql(model, resolved, 't') };
}

function aggregateSql(env: Environment, model: Model, spec: string): string {
  if (spec === '__count') return 'COUNT(*)';
  const [name = '', method] = spec.split(':');
  if (method === undefined) throw valueError(`Aggregate method is mandatory for ${repr(name)}`);
  const resolved = env.field(model, name);
  if (resolved === undefined)
    throw valueError(`Invalid field ${repr(name)} on model ${repr(model.name)} for ${repr(spec)}.`);
  const build = AGGREGATES[method];
  const summed = SUMMED[`${model.name}.${resolved.field.name}`];
  const plain = resolved.storage === 'column' || resolved.storage === 'inherited';
  if (build === undefined || (summed === undefined && !plain)) throw notSupported(`aggregate ${spec}`);
  return build(summed ?? columnSql(model, resolved, 't'));
}

const value = (raw: Value | undefined, type: string): unknown =>
  type === 'boolean' ? Boolean(raw) : (raw ?? false);

/** `formatted_read_group`: sums and counts of records, group by group. */
export function formattedReadGroup(
  env: Environment,
  model: Model,
  args: Readonly<Record<string, unknown>>,
): Record<string, unknown>[] {
  const groups = list(args.groupby).map((spec) => groupColumn(env, model, spec));
  const aggregates = list(args.aggregates).map((spec) => ({ spec, sql: aggregateSql(env, model, spec) }));
  if (list(args.having).length > 0) throw notSupported('formatted_read_group with having');
  if (args.order) throw notSupported('formatted_read_group with an order');
  const where = whereOf(env, model, args.domain ?? []);
  const columns = [
    ...groups.map(({ column }, at) => `${column} AS g${at}`),
    ...aggregates.map(({ sql }, at) => `${sql} AS a${at}`),
  ];
  const order = groups.flatMap(({ field, column }) =>
    field.type === 'many2one'
      ? relatedOrder(env, field.relation ?? '', column, false)
      : [sorted(column, false)],
  );
  const sql = [
    `SELECT ${columns.length > 0 ? columns.join(', ') : '1'} FROM ${model.table} t WHERE ${where.text}`,
    groups.length > 0 ? `GROUP BY ${groups.map(({ column }) => column).join(', ')}` : '',
    order.length > 0 ? `ORDER BY ${order.join(', ')}` : '',
    'LIMIT ? OFFSET ?',
  ].join(' ');
  const rows = env.db.all(
    sql,
    ...where.params,
    parseIntStrict(args.limit) || -1,
    parseIntStrict(args.offset) || 0,
  );
  const names = groups.map(({ field }, at) =>
    field.type === 'many2one'
      ? env.displayNames(
          field.relation ?? '',
          rows.map((row) => num(row[`g${at}`])).filter((id) => id > 0),
        )
      : undefined,
  );
  return rows.map((row) => {
    const record: Record<string, unknown> = {};
    const conditions: unknown[] = [];
    groups.forEach(({ spec, field }, at) => {
      const raw = row[`g${at}`];
      const id = names[at] === undefined ? undefined : num(raw);
      record[spec] = id === undefined ? value(raw, field.type) : id > 0 && [id, names[at]?.get(id)];
      conditions.push([spec, '=', id === undefined ? value(raw, field.type) : id > 0 && id]);
    });
    record.__extra_domain =
      conditions.length === 0
        ? [[1, '=', 1]]
        : [...Array<string>(conditions.length - 1).fill('&'), ...conditions];
    aggregates.forEach(({ spec }, at) => {
      record[spec] = row[`a${at}`] ?? false;
    });
    return record;
  });
}
