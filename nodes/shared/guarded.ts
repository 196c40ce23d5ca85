/** What the guards share: whose message it is (scope) and which (key), as typed values of the message. */
import { CrossdockError } from '../../core/errors';
import { choice, text } from './config';
import { evaluator } from './expression';
import type { Message, RawConfig, Red } from './red';

export type Value = (message: Message) => Promise<unknown>;

/** The scope: a word, or a value of the message such as its source. Flows without `scopeType` have a word. */
export function scopeValue(red: Red, config: RawConfig, fallback: string): Value {
  const type = choice(config, 'scopeType', 'Scope', ['str', 'msg', 'jsonata'], 'str');
  if (type !== 'str') return evaluator(red, type, text(config, 'scope', 'Scope'));
  const scope = text(config, 'scope', 'Scope', fallback);
  return async () => scope;
}

/** The key: the canonical object's id, or a value of the message. */
export function keyValue(red: Red, config: RawConfig, fallback: 'canonical' | 'msg'): Value {
  const type = choice(config, 'keyType', 'Key', ['canonical', 'msg', 'jsonata'], fallback);
  if (type !== 'canonical') return evaluator(red, type, text(config, 'key', 'Key'));
  return async ({ payload }) =>
    typeof payload === 'object' && payload !== null ? (payload as { id?: unknown }).id : undefined;
}

/** How a guard names what it looks for, in its errors. */
export interface Wanted {
  /** For example `idempotency key`. */
  readonly name: string;
  readonly code: string;
  /** Characters. */
  readonly max: number;
}

/**
 * A key or scope as text.
 * @throws CrossdockError `code` (permanent) when it is missing, empty, too long, or neither text nor number
 */
export function keyText(value: unknown, { name, code, max }: Wanted): string {
  const key = typeof value === 'number' && Number.isFinite(value) ? String(value) : value;
  if (typeof key === 'string' && key.trim() !== '' && key.length <= max) return key;
  const long = typeof key === 'string' && key.length > max;
  throw new CrossdockError(
    long
      ? `The ${name} is longer than ${max} characters.`
      : `The message has no ${name}: the place where it should be is empty.`,
    { code, kind: 'permanent' },
  );
}
