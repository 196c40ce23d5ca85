import { asCrossdockError, CrossdockError } from '../../core/errors';
import type { Evaluation, ExpressionEngine, Outcome } from '../../core/mapping';
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

/** Runs the expressions of mappings. */
export function expressions(red: Red): ExpressionEngine {
  const compiled = new WeakMap<object, (input: unknown) => Promise<unknown>>();
  const evaluate = async ({ expression, input }: Evaluation): Promise<Outcome> => {
    try {
      return { value: await compiled.get(expression)?.(input) };
    } catch (fault) {
      return { error: asCrossdockError(fault) };
    }
  };
  return {
    jsonata(source) {
      const expression = { language: 'jsonata', source } as const;
      compiled.set(expression, jsonata(red, source));
      return expression;
    },
    regex(source) {
      throw new CrossdockError(`The regular expression ${source} cannot be run here.`, {
        code: 'EXPRESSION_INVALID',
        kind: 'permanent',
      });
    },
    evaluate: (evaluations) => Promise.all(evaluations.map(evaluate)),
  };
}
