import { createRequire } from 'node:module';
import { CrossdockError } from '../../core/errors';
import { type ExpressionEngine, ExpressionPool } from '../../core/expression';
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

/** The pool that all nodes of this process share, and how many use it. */
let pool: ExpressionPool | undefined;
let users = 0;
let closing: NodeJS.Timeout | undefined;
/** How long the pool stays when nobody uses it: a deploy, and whoever tries a mapping in the editor, come again soon. */
const LINGER_MS = 15_000;

/**
 * Runs expressions under limits (core/expression), with the JSONata that this Node-RED ships.
 * @param closed resolves when the node that uses it has closed
 */
export function expressionPool(red: Red, closed: Promise<void>): ExpressionEngine {
  const file = jsonataFile(red);
  pool ??= new ExpressionPool(file === undefined ? {} : { jsonata: file });
  users += 1;
  clearTimeout(closing);
  const leave = (): void => {
    users -= 1;
    if (users > 0) return;
    closing = setTimeout(() => {
      pool?.close();
      pool = undefined;
    }, LINGER_MS);
    closing.unref();
  };
  closed.then(leave, leave);
  return pool;
}

/** The file of JSONata beside Node-RED's utilities (its own copy, or the package), found by the module that we are given. */
function jsonataFile(red: Red): string | undefined {
  for (const module of Object.values(require.cache)) {
    if (module === undefined) continue;
    if (module.exports !== red.util && !/@node-red[\\/]util[\\/]lib[\\/]util\.js$/.test(module.filename))
      continue;
    const resolve = createRequire(module.filename).resolve;
    for (const name of ['./jsonata', 'jsonata']) {
      try {
        return resolve(name);
      } catch {
        // The other one, then.
      }
    }
  }
  return undefined;
}
