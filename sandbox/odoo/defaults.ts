import type { Value } from './database';
import { fieldsOf } from './reality';
import { defaults } from './reality/defaults';

function parsed(model: string, name: string, text: string | undefined): Value {
  const type = fieldsOf(model).get(name)?.type;
  if (type === undefined) throw new Error(`${model}.${name} is no field of Odoo`);
  if (text === undefined) return null;
  if (type === 'boolean') return text === 'true' ? 1 : 0;
  return ['integer', 'float', 'monetary', 'many2one'].includes(type) ? Number(text) : text;
}

const DEFAULTS: ReadonlyMap<string, ReadonlyMap<string, Value>> = new Map(
  Object.entries(defaults).map(([model, text]) => [
    model,
    new Map(
      text
        .trim()
        .split(/\s+/)
        .map((word) => {
          const [name = '', value] = word.split('=');
          return [name, parsed(model, name, value)] as const;
        }),
    ),
  ]),
);

/** Whether the stand-in only ever has Odoo's default in that field. */
export const hasDefault = (model: string, name: string): boolean => DEFAULTS.get(model)?.has(name) === true;

/** What stands in such a field, as a column would have it. */
export const defaultOf = (model: string, name: string): Value => DEFAULTS.get(model)?.get(name) ?? null;

/** The same in SQL. */
export function defaultSql(model: string, name: string): string {
  const value = defaultOf(model, name);
  if (value === null) return 'NULL';
  return typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`;
}
