/** Values as a typedInput gives them: text, number, JSON, a property of the message, flow or global context, JSONata. */
import { CrossdockError } from '../../core/errors';
import { jsonata } from './jsonata';
import type { Message, RawConfig, Red, RedNode } from './red';

export const VALUE_TYPES = ['str', 'num', 'bool', 'json', 'msg', 'flow', 'global', 'env', 'jsonata'] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

/** Finds the value for a message; rejects with CrossdockError VALUE_UNREADABLE or EXPRESSION_FAILED (permanent). */
export type ValueOf = (message: Message) => Promise<unknown>;

/**
 * Prepares a typed value.
 * @param label names it in errors
 * @throws CrossdockError CONFIG_INVALID or EXPRESSION_INVALID (permanent)
 */
export function typedValue(red: Red, node: RedNode, type: unknown, value: unknown, label: string): ValueOf {
  const known = VALUE_TYPES.find((word) => word === type);
  if (known === undefined) throw invalid(`${label} has a kind of value that is not known.`);
  const text = typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value);
  if (known === 'jsonata') return jsonata(red, text);
  if (known === 'str') return async () => text;
  if (known === 'num' && (text.trim() === '' || !Number.isFinite(Number(text)))) {
    throw invalid(`${label} must be a number.`);
  }
  if (known === 'json') {
    // Written once in the dialog; each message gets a copy of its own.
    parse(text, label);
    return async () => parse(text, label);
  }
  return (message) =>
    new Promise((resolve, reject) => {
      const failed = (thrown: unknown): void => {
        // Node-RED reads on below a property that is missing.
        if (thrown instanceof TypeError) {
          resolve(undefined);
          return;
        }
        const { message: why = 'it cannot be read' } = thrown as { message?: string };
        const details = { code: 'VALUE_UNREADABLE', kind: 'permanent', cause: thrown } as const;
        reject(new CrossdockError(`${label}: ${why}.`, details));
      };
      try {
        red.util.evaluateNodeProperty(text, known, node, message, (error, found) => {
          if (error === null || error === undefined) resolve(found);
          else failed(error);
        });
      } catch (thrown) {
        failed(thrown);
      }
    });
}

/** As `typedValue`, of the fields `name` and `nameType`; undefined when the type is `none` or nothing is entered. */
export function optionalValue(
  red: Red,
  node: RedNode,
  config: RawConfig,
  name: string,
  label: string,
): ValueOf | undefined {
  const type = config[`${name}Type`];
  const value = config[name];
  if (type === undefined || type === '' || type === 'none') return undefined;
  if (value === '' || value === undefined) return undefined;
  return typedValue(red, node, type, value, label);
}

function parse(text: string, label: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid(`${label} is no JSON.`);
  }
}

function invalid(message: string): CrossdockError {
  return new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent' });
}
