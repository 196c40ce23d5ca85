/** Values of Odoo's rows, whose field names depend on the version, read from `unknown`. */
import { type DecimalValue, decimal, readDecimal } from '../../canonical/decimal';
import type { Named } from './types';

export type Row = Readonly<Record<string, unknown>>;

export function idOf(row: Row): number {
  return Number(row['id']);
}

/** Odoo writes false for nothing. */
export function textOf(row: Row, field: string | undefined): string | undefined {
  const value = field === undefined ? undefined : row[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function flagOf(row: Row, field: string | undefined): boolean {
  return field !== undefined && row[field] === true;
}

/** A float as a decimal; what lies behind six digits is an artefact of binary fractions. */
export function numberOf(row: Row, field: string): DecimalValue {
  return (readDecimal(row[field]) ?? decimal('0')).round(6);
}

export function linkOf(row: Row, field: string | undefined): Named | undefined {
  const value = field === undefined ? undefined : row[field];
  if (!Array.isArray(value) || typeof value[0] !== 'number') return undefined;
  return { id: value[0], name: String(value[1] ?? '') };
}

/** Odoo's `YYYY-MM-DD HH:MM:SS` in UTC as RFC 3339. */
export function timeOf(row: Row, field: string): string | undefined {
  const text = textOf(row, field);
  return text === undefined ? undefined : `${text.replace(' ', 'T')}Z`;
}
