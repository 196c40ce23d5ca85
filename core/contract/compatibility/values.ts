/** JSON values: equality as JSON Schema means it, types, lengths. */

export type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

export const TYPES: readonly JsonType[] = ['null', 'boolean', 'number', 'string', 'array', 'object'];

export function typeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'boolean':
    case 'number':
    case 'string':
      return typeof value as JsonType;
    default:
      return 'object';
  }
}

export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && deepEqual(left[key], right[key]))
  );
}

export function isSubset(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.every((entry) => b.some((other) => deepEqual(entry, other)));
}

/** Without what is there twice. */
export function distinct(values: readonly unknown[]): unknown[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const text = JSON.stringify(value);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

/** Characters as JSON Schema counts them. */
export function textLength(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** Whether every multiple of `a` is one of `b`, also for a validator that divides binary fractions. */
export function dividesSafely(a: number, b: number): boolean {
  if (a === b) return true;
  if (Number.isInteger(a) && Number.isInteger(b)) return a % b === 0;
  const ratio = a / b;
  // A ratio that is a power of two is exact in binary: both divisions give the same digits.
  return ratio >= 1 && Number.isInteger(ratio) && Number.isInteger(Math.log2(ratio)) && ratio * b === a;
}
