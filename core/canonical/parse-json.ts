/** Reading JSON from outside: bounded, without prototype pollution, and with errors that say where. */
import { CrossdockError } from '../errors';
import { findJsonFault } from './json-fault';

export interface JsonLimits {
  /** Longest text, in bytes of UTF-8. Default 1 MiB. */
  readonly maxBytes?: number;
  /** Deepest nesting of lists and objects. Default 64. */
  readonly maxDepth?: number;
}

const DEFAULT_MAX_BYTES = 1024 * 1024;
const DEFAULT_MAX_DEPTH = 64;

/** A text without these has no unsafe key: a key is written as it is, or with escapes. */
const MAY_BE_UNSAFE = /__proto__|constructor|\\u/;
/** Making one costs more than what it decodes here. */
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses JSON from outside.
 *
 * Whole numbers that a JavaScript number cannot hold (beyond 2^53) come back as text, digit by digit: they are
 * identifiers, and a rounded identifier is another one.
 *
 * @throws CrossdockError (permanent) JSON_TOO_LARGE | JSON_TOO_DEEP | JSON_UNSAFE | JSON_INVALID (facts: line, column).
 * No error quotes the text.
 */
export function parseJson(input: string | Uint8Array, limits: JsonLimits = {}): unknown {
  const maxBytes = limits.maxBytes ?? DEFAULT_MAX_BYTES;
  const maxDepth = limits.maxDepth ?? DEFAULT_MAX_DEPTH;
  const size = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength;
  if (size > maxBytes) {
    throw new CrossdockError(`The message has ${size} bytes; at most ${maxBytes} are accepted.`, {
      code: 'JSON_TOO_LARGE',
      kind: 'permanent',
      facts: { bytes: size, maxBytes },
    });
  }
  const text = withoutMark(typeof input === 'string' ? input : decode(input));
  const shape = scan(text, maxDepth);
  if (shape.tooDeepAt !== undefined) {
    throw new CrossdockError(
      `The message is nested deeper than ${maxDepth} levels (from ${place(text, shape.tooDeepAt)}).`,
      { code: 'JSON_TOO_DEEP', kind: 'permanent', facts: { maxDepth } },
    );
  }
  let value: unknown;
  try {
    value = shape.longNumber ? JSON.parse(text, keepLongIntegers) : JSON.parse(text);
  } catch {
    throw invalid(text);
  }
  const unsafe = MAY_BE_UNSAFE.test(text) ? findUnsafeKey(value) : undefined;
  if (unsafe !== undefined) throw unsafeKey(unsafe);
  return value;
}

/**
 * Where a parsed value carries a key that can change objects' prototypes when it is copied (`__proto__`, or
 * `constructor` with `prototype` inside), as JSON pointer; undefined when it carries none.
 */
export function findUnsafeKey(value: unknown): string | undefined {
  // A loop instead of recursion: values that did not pass parseJson may be nested deeper than the stack.
  const open: { value: unknown; path: string }[] = [{ value, path: '' }];
  const seen = new Set<object>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.value === null || typeof next.value !== 'object' || seen.has(next.value)) continue;
    seen.add(next.value);
    if (Array.isArray(next.value)) {
      for (let index = 0; index < next.value.length; index += 1) {
        const item: unknown = next.value[index];
        if (item !== null && typeof item === 'object')
          open.push({ value: item, path: `${next.path}/${index}` });
      }
      continue;
    }
    const record = next.value as Record<string, unknown>;
    for (const key of Object.keys(record)) {
      if (key === '__proto__') return `${next.path}/__proto__`;
      const item = record[key];
      if (item === null || typeof item !== 'object') continue;
      if (key === 'constructor' && Object.hasOwn(item, 'prototype'))
        return `${next.path}/constructor/prototype`;
      open.push({ value: item, path: `${next.path}/${key}` });
    }
  }
  return undefined;
}

/** The error for a message that `findUnsafeKey` found wanting. */
export function unsafeKey(path: string): CrossdockError {
  const key = path.slice(path.lastIndexOf('/') + 1);
  const message = `The message has a field named "${key}", which no partner needs and which can change how programs work; it was refused.`;
  return new CrossdockError(message, {
    code: 'JSON_UNSAFE',
    kind: 'permanent',
    problems: [{ path, message }],
  });
}

function decode(bytes: Uint8Array): string {
  try {
    return UTF_8.decode(bytes);
  } catch {
    throw new CrossdockError('The message is not text in UTF-8.', {
      code: 'JSON_INVALID',
      kind: 'permanent',
    });
  }
}

function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** One pass outside of strings: the depth (JSON.parse recurses), and whether a number has 16 digits or more. */
function scan(text: string, maxDepth: number): { tooDeepAt: number | undefined; longNumber: boolean } {
  let depth = 0;
  let digits = 0;
  let longNumber = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= 0x30 && code <= 0x39) {
      digits += 1;
      if (digits === 16) longNumber = true;
      continue;
    }
    digits = 0;
    if (code === 0x22) {
      index = endOfString(text, index + 1);
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > maxDepth) return { tooDeepAt: index, longNumber };
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return { tooDeepAt: undefined, longNumber };
}

/** Index of the quote that ends the string whose content starts at `from` (or the text's end). */
function endOfString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c && quote - 1 - backslashes >= from)
      backslashes += 1;
    if (backslashes % 2 === 0) return quote;
  }
  return text.length;
}

function keepLongIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && /^-?\d+$/.test(source) ? source : value;
}

function place(text: string, position: number): string {
  const { line, column } = lineAndColumn(text, position);
  return `line ${line}, column ${column}`;
}

function lineAndColumn(text: string, position: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end !== -1 && end < position; end = text.indexOf('\n', end + 1)) {
    line += 1;
    start = end + 1;
  }
  return { line, column: position - start + 1 };
}

function invalid(text: string): CrossdockError {
  const fault = findJsonFault(text);
  const { line, column } = lineAndColumn(text, fault.position);
  return new CrossdockError(
    `The message is not valid JSON: ${fault.sentence} (line ${line}, column ${column}).`,
    {
      code: 'JSON_INVALID',
      kind: 'permanent',
      facts: { line, column },
    },
  );
}
