import { CrossdockError } from '../../core/errors';
import type { Message, Red } from './red';

/** JSONata of Node-RED, compiled once, as a promise. */
export function jsonata(red: Red, source: string): (input: unknown) => Promise<unknown> {
  let expression: ReturnType<Red['util']['prepareJSONataExpression']>;
  try {
    expression = red.util.prepareJSONataExpression(source, {});
  } catch (cause) {
    const { message } = cause as { message?: string };
    throw new CrossdockError(`The expression cannot be read: ${message ?? 'it is not JSONata'}.`, {
      code: 'EXPRESSION_INVALID',
      kind: 'permanent',
      cause,
    });
  }
  return (input) =>
    new Promise((resolve, reject) => {
      red.util.evaluateJSONataExpression(expression, input, (error, value) => {
        if (error === null || error === undefined) {
          resolve(value);
          return;
        }
        reject(
          new CrossdockError(`The expression failed: ${error.message}.`, {
            code: 'EXPRESSION_FAILED',
            kind: 'permanent',
            cause: error,
          }),
        );
      });
    });
}

/** A value of the message, by property path or JSONata; undefined where there is none. */
export function evaluator(
  red: Red,
  type: 'msg' | 'jsonata',
  source: string,
): (message: Message) => Promise<unknown> {
  if (type === 'jsonata') return jsonata(red, source);
  return async (message) => {
    try {
      return red.util.getMessageProperty(message, source);
    } catch (error) {
      // Node-RED reads on below a property that is missing.
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  };
}
