/** The few habits of Python that show in Odoo's answers: `repr`, truth, and how it reads numbers. */

/** Python's repr() of a JSON value. */
export function repr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string')
    return value.includes("'") ? JSON.stringify(value) : `'${value.replace(/\n/g, '\\n')}'`;
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, item]) => `${repr(key)}: ${repr(item)}`)
      .join(', ')}}`;
  }
  return String(value);
}

/** Python's repr() of a tuple. */
export function reprTuple(values: readonly unknown[]): string {
  return `(${values.map(repr).join(', ')}${values.length === 1 ? ',' : ''})`;
}

/** Python's truth of a JSON value: empty strings, lists and objects, zero, None and False are false. */
export function truthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** Python's float(): accepts surrounding white space, refuses everything that is no plain number. */
export function parseFloatStrict(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return /^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)
    ? Number(text.replace(/_/g, ''))
    : undefined;
}

/** Python's int() of a string or number. */
export function parseIntStrict(value: unknown): number | undefined {
  if (typeof value === 'number') return Math.trunc(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : undefined;
}

/** A JSON value as an object, or undefined. */
export function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/**
 * Rounds half away from zero the way Odoo's `float_round` does, with its epsilon for values like 1.005 that binary
 * floats cannot hold.
 */
export function roundHalfUp(value: number, digits: number): number {
  if (value === 0 || !Number.isFinite(value)) return 0;
  const factor = 10 ** digits;
  const normalized = value * factor;
  const epsilon = 2 ** (Math.log2(Math.abs(normalized)) - 50);
  const shifted = Math.abs(normalized) + epsilon;
  const floor = Math.floor(shifted);
  // Python's round() is half-to-even; after adding epsilon a tie is all but impossible, so this is enough.
  const rounded = shifted - floor >= 0.5 ? floor + 1 : floor;
  const result = (Math.sign(normalized) * rounded) / factor;
  return result === 0 ? 0 : result;
}
