/**
 * JSONata that an analyst wrote into a node. What is bounded by its length and by what it reads runs at once, as Node-RED
 * runs it; all else runs in a process of its own, under limits (core/expression), so that none holds up the gateway.
 */
import { CrossdockError } from '../../core/errors';
import { type LookedAt, lookAtJsonata } from '../../core/expression';
import { type ExpressionRunner, expressionRunner } from './expression-pool';
import type { Message, Red } from './red';

/** Request and response of an HTTP node: alive, and no part of what a message says. */
const ALIVE = new Set(['req', 'res']);
/** What of a request can be handed over. */
const OF_REQUEST = [
  'method',
  'url',
  'originalUrl',
  'path',
  'headers',
  'query',
  'params',
  'body',
  'cookies',
  'ip',
];

/**
 * JSONata of Node-RED, looked at once.
 * @throws CrossdockError EXPRESSION_INVALID (permanent)
 * @returns rejects with EXPRESSION_FAILED, EXPRESSION_TIMEOUT, EXPRESSION_MEMORY, EXPRESSION_INPUT_TOO_LARGE or
 *   EXPRESSION_RESULT_TOO_LARGE (permanent), EXPRESSION_BUSY, EXPRESSION_CLOSED or EXPRESSION_UNAVAILABLE (transient)
 */
export function jsonata(red: Red, source: string): (message: Message) => Promise<unknown> {
  const prepared = prepare(red, source);
  const look = lookAtJsonata(() => prepared, source);
  // Node-RED's old way: `msg` is in the expression, and so around the message.
  const around = prepared._legacyMode === true;
  let runner: Promise<ExpressionRunner> | undefined;
  const inProcess = async (message: Message): Promise<unknown> => {
    runner ??= environment(red, look.env).then((env) => expressionRunner(red, source, env));
    const run = await runner;
    const handed = fieldsOf(message, look.fields);
    return run(around ? { msg: handed } : handed);
  };
  const inOrder = oneAfterTheOther();
  return (message) => {
    const input = around ? { msg: message } : message;
    const found = look.read(input);
    if (found !== undefined) return inOrder(Promise.resolve(found[0]), 'now');
    if (look.isCheap(input)) return inOrder(evaluate(red, prepared, message), 'now');
    return inOrder(inProcess(message), 'later');
  };
}

/**
 * Results in the order in which they were asked for: what one message takes longer than the next is no reason that the next
 * overtakes it on its way through the flow.
 */
function oneAfterTheOther(): (own: Promise<unknown>, comes: 'now' | 'later') => Promise<unknown> {
  let waiting = 0;
  let before: Promise<unknown> = Promise.resolve();
  return async (own, comes) => {
    if (comes === 'now' && waiting === 0) return own;
    const others = before;
    // Looks at both, so that one that fails while it waits for its turn is no unhandled rejection.
    before = Promise.allSettled([others, own]);
    waiting += 1;
    try {
      await others;
      return await own;
    } finally {
      waiting -= 1;
    }
  };
}

function prepare(red: Red, source: string): ReturnType<Red['util']['prepareJSONataExpression']> {
  try {
    return red.util.prepareJSONataExpression(source, {});
  } catch (cause) {
    const { message } = cause as { message?: string };
    throw new CrossdockError(`The expression cannot be read: ${message ?? 'it is not JSONata'}.`, {
      code: 'EXPRESSION_INVALID',
      kind: 'permanent',
      cause,
    });
  }
}

function evaluate(red: Red, prepared: ReturnType<typeof prepare>, message: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    red.util.evaluateJSONataExpression(prepared, message, (error, value) => {
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

/** What `$env` gives here; the process of expressions has no environment. */
async function environment(red: Red, names: LookedAt['env']): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const name of names) {
    const value = await evaluate(red, prepare(red, `$env(${JSON.stringify(name)})`), {});
    if (typeof value === 'string') env[name] = value;
  }
  return env;
}

/** No more than what the expression may read is handed over. */
function fieldsOf(message: Message, fields: LookedAt['fields']): Record<string, unknown> {
  const handed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message)) {
    if (typeof value === 'function' || (fields !== 'all' && !fields.has(name))) continue;
    if (!ALIVE.has(name)) handed[name] = value;
    else if (name === 'req' && fields !== 'all') handed[name] = requestFacts(value);
  }
  return handed;
}

function requestFacts(request: unknown): Record<string, unknown> {
  if (typeof request !== 'object' || request === null) return {};
  const from = request as Readonly<Record<string, unknown>>;
  return Object.fromEntries(OF_REQUEST.map((name) => [name, from[name]]));
}
