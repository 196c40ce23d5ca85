import type { Value } from './database';
import { notSupported } from './errors';
import type { Model } from './model';
import { parseIntStrict, repr } from './python';

/** The field by which records of a model hang below one another. */
const PARENTS: Readonly<Record<string, string>> = {
  'res.partner': 'parent_id',
  'stock.location': 'location_id',
};

/**
 * `child_of` and `parent_of` as SQL: the records named, and all below (or above) them.
 * @param column SQL of the id that is compared
 * @param value an id or several; false names none
 */
export function hierarchySql(
  model: Model,
  column: string,
  operator: 'child_of' | 'parent_of',
  value: unknown,
): { text: string; params: readonly Value[] } {
  const parent = PARENTS[model.name];
  if (parent === undefined || !model.columns.includes(parent))
    throw notSupported(`${operator} over ${model.name}`);
  const given = (Array.isArray(value) ? value : [value]).filter((item) => item !== false && item !== null);
  const ids = given.map((item) => {
    const id = parseIntStrict(item);
    if (id === undefined) throw notSupported(`${operator} ${repr(item)}`);
    return id;
  });
  if (ids.length === 0) return { text: '0', params: [] };
  const step = operator === 'child_of' ? `c."${parent}" = tree.id` : 'c.id = tree.parent';
  const marks = ids.map(() => '?').join(', ');
  return {
    text: `${column} IN (WITH RECURSIVE tree(id, parent) AS (
      SELECT id, "${parent}" FROM ${model.table} WHERE id IN (${marks})
      UNION SELECT c.id, c."${parent}" FROM ${model.table} c JOIN tree ON ${step}) SELECT id FROM tree)`,
    params: ids,
  };
}
