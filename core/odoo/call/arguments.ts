/** What a call says, checked before anything is looked up: names, ids, and that nothing in it is unsafe. */
import { invalidCall } from './faults';

/** Names that would reach an object's prototype instead of its own members. */
const UNSAFE = new Set(['__proto__', 'constructor', 'prototype']);
const MAX_DEPTH = 40;
const MAX_IDS = 100_000;

/** A deep copy of JSON-like data. Throws CALL_INVALID (permanent) for names that are unsafe and for endless depth. */
export function safeCopy(value: unknown, path: string, depth = 0): unknown {
  if (depth > MAX_DEPTH) throw invalidCall(`${path} is nested too deep to be meant.`);
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw invalidCall(`${path} is no data that can be sent.`);
  }
  if (typeof value !== 'object' || value === null || value instanceof Date || Buffer.isBuffer(value))
    return value;
  if (Array.isArray(value)) {
    return value.map((entry: unknown, index) => safeCopy(entry, `${path}/${index}`, depth + 1));
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]: [string, unknown]) => {
      if (UNSAFE.has(name)) throw invalidCall(`${path} has a member "${name}", which is not accepted.`);
      return [name, safeCopy(entry, `${path}/${name}`, depth + 1)];
    }),
  );
}

/** An argument's or context's name, as Python writes names. */
export function safeName(name: string, what: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(name) && !UNSAFE.has(name) && !name.startsWith('__')) return name;
  throw invalidCall(`"${name.slice(0, 60)}" is no name of ${what}.`);
}

/** Ids of records: a number, a list of numbers, or records with an `id`; undefined for none at all. */
export function readIds(value: unknown): readonly number[] | undefined {
  if (value === undefined || value === null || value === '' || value === false) return undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > MAX_IDS) throw invalidCall(`More than ${MAX_IDS} ids in one call.`);
  return list.map((entry) => {
    const id = typeof entry === 'object' && entry !== null ? (entry as { id?: unknown }).id : entry;
    const number = typeof id === 'string' && /^\d{1,15}$/.test(id.trim()) ? Number(id) : id;
    if (typeof number === 'number' && Number.isSafeInteger(number) && number > 0) return number;
    throw invalidCall('The ids must be numbers of records, or records with an id.');
  });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
