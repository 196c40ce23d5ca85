/** Every text of the mapping table, in the editor's language; numbers as that language writes them. */

const catalogue = 'node-red-contrib-crossdock/crossdock-canonical-mapper:canonical-mapper.table.';

export function t(key, values) {
  return RED._(catalogue + key, values);
}

/** The text, or `fallback` when the catalogue lacks it: for words that a newer server may send. */
export function tOr(key, fallback, values) {
  const found = t(key, values);
  return found.endsWith(key) ? fallback : found;
}

/** "1 row", "10,000 rows". */
export function counted(key, n, values) {
  return t(`${key}.${n === 1 ? 'one' : 'other'}`, { ...values, n: number(n) });
}

export function number(n) {
  return new Intl.NumberFormat(RED.i18n.lang()).format(n);
}

/** A share from 0 to 1 as "82 %". */
export function percent(share) {
  return new Intl.NumberFormat(RED.i18n.lang(), { style: 'percent', maximumFractionDigits: 0 }).format(share);
}

/** Day and minute of a time in ISO form or milliseconds; a dash for anything else. */
export function shortTime(at) {
  const value = typeof at === 'string' ? Date.parse(at) : at;
  if (typeof value !== 'number' || !Number.isFinite(value)) return '–';
  return new Intl.DateTimeFormat(RED.i18n.lang(), { dateStyle: 'medium', timeStyle: 'short' }).format(value);
}

/** A value on one line, as a person reads it: text bare, everything else as JSON. */
export function shown(value, most = 120) {
  if (value === undefined || value === null) return '–';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
