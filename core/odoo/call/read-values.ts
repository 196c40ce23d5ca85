/**
 * Records as Odoo gives them, made plain: nothing that is empty is `false`, a many2one is `{ id, name }`, times are
 * RFC 3339, and amounts are decimal strings, since a binary fraction is no amount of money.
 */
import { fromFloat } from '../client/decimals';
import type { ModelFields } from './fields';

export type PlainRecord = Record<string, unknown>;

/** Fields that are not known (computed by a method) are given as they came. */
export function toPlain(record: Readonly<Record<string, unknown>>, fields: ModelFields): PlainRecord {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, plainValue(value, fields.get(name)?.type)]),
  );
}

/** The rows of `read` and `search_read`; anything else is no list of records, and given as it came. */
export function toPlainRows(answer: unknown, fields: ModelFields): unknown {
  if (!Array.isArray(answer)) return answer;
  return answer.map((row: unknown) =>
    typeof row === 'object' && row !== null && !Array.isArray(row)
      ? toPlain(row as Record<string, unknown>, fields)
      : row,
  );
}

function plainValue(value: unknown, type: string | undefined): unknown {
  if (type === undefined || type === 'boolean') return value;
  if (value === false || value === null) return null;
  if (type === 'datetime' && typeof value === 'string') return toRfc3339(value);
  if (type === 'many2one' && Array.isArray(value))
    return { id: value[0] as unknown, name: value[1] as unknown };
  if ((type === 'float' || type === 'monetary') && typeof value === 'number') return fromFloat(value);
  return value;
}

/** Odoo's `2026-11-27 10:00:00` (UTC) as `2026-11-27T10:00:00Z`. */
export function toRfc3339(value: string): string {
  return /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}/.test(value)
    ? `${value.slice(0, 19).replace(' ', 'T')}Z`
    : value;
}
