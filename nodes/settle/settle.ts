import { type Outcome, scopes } from '../../core/delivery';
import { CrossdockError, parseRetryAfter } from '../../core/errors';
import { registerNode } from '../shared/base';
import { choice, flag, text } from '../shared/config';
import { evaluator } from '../shared/expression';
import type { Message, RawConfig, Red } from '../shared/red';

type Value = (message: Message) => Promise<unknown>;

/** Longest sentence that is kept. */
const MAX_SENTENCE = 1000;
/** Longest time that an answer may ask for. */
const MAX_WAIT_MS = 7 * 86_400_000;

interface Config {
  /** How the message ends. */
  readonly outcome: (message: Message) => Promise<Outcome>;
}

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-settle', {
    normalise: (config) => ({
      outcome:
        choice(config, 'outcome', 'The message is', ['completed', 'failed'], 'completed') === 'completed'
          ? completed(red, config)
          : failed(red, config),
    }),
    async start({ config, status }) {
      let count = 0;
      status.ok('ready');
      return {
        async input(message, send) {
          const settled = await scopes.settle(message, await config.outcome(message));
          if (settled === 'settled') {
            count += 1;
            status.ok(`${count} settled`);
          } else if (settled === 'stale') status.waiting('too late: delivered again meanwhile');
          else status.waiting('nothing to settle');
          message['settled'] = settled;
          send(message);
        },
      };
    },
  });
};

function completed(red: Red, config: RawConfig): Config['outcome'] {
  const type = choice(config, 'resultType', 'Result', ['msg', 'jsonata', 'str', 'json'], 'msg');
  const source =
    type === 'str' ? String(config['result'] ?? '') : text(config, 'result', 'Result', 'payload');
  const result = value(red, type, source, 'Result');
  return async (message) => ({ type: 'completed', result: await result(message) });
}

function failed(red: Red, config: RawConfig): Config['outcome'] {
  const code = text(config, 'code', 'Code', 'FLOW_REFUSED');
  if (!/^[A-Z][A-Z0-9_]{0,63}$/.test(code)) {
    throw invalid('The code may only contain capital letters, digits and underscores.', 'code');
  }
  const type = choice(config, 'sentenceType', 'Reason', ['str', 'msg', 'jsonata'], 'str');
  const sentence = value(red, type, text(config, 'sentence', 'Reason'), 'Reason');
  const kind = flag(config, 'retry', false) ? 'transient' : 'business';
  return async (message) => {
    const found = await sentence(message);
    const known = typeof found === 'string' && found.trim() !== '';
    const words = known
      ? found.trim().slice(0, MAX_SENTENCE)
      : 'The flow refused the message without a reason.';
    const retryAfterMs = kind === 'transient' ? askedFor(message) : undefined;
    const asked = retryAfterMs === undefined ? {} : { retryAfterMs };
    return { type: 'failed', error: new CrossdockError(words, { code, kind, ...asked }) };
  };
}

/** Ms until the other side wants to be asked again, as the answer says that an http request node has put into the message. */
function askedFor(message: Message): number | undefined {
  const headers = message['headers'] as Readonly<Record<string, unknown>> | undefined;
  const value = headers?.['retry-after'];
  const ms = parseRetryAfter(typeof value === 'string' ? value : undefined);
  return ms === undefined ? undefined : Math.min(ms, MAX_WAIT_MS);
}

/** A typed value: a literal is read once, the rest per message. */
function value(red: Red, type: 'msg' | 'jsonata' | 'str' | 'json', source: string, label: string): Value {
  if (type === 'msg' || type === 'jsonata') return evaluator(red, type, source);
  if (type === 'str') return async () => source;
  let literal: unknown;
  try {
    literal = JSON.parse(source);
  } catch {
    throw invalid(`${label} is not valid JSON.`, 'result');
  }
  return async () => structuredClone(literal);
}

function invalid(message: string, field: string): CrossdockError {
  return new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { field } });
}
