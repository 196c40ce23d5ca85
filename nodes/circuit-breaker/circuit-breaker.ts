import {
  type CircuitPolicy,
  type CircuitState,
  type Result,
  sharedCircuit,
  type Trial,
} from '../../core/circuit-breaker';
import { isRetried, type ScopeHandlers, scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { type Context, registerNode } from '../shared/base';
import { choice, flag, number, text } from '../shared/config';
import type { Message, Red, Send } from '../shared/red';
import type { StatusLine } from '../shared/status';
import { storeOf } from '../shared/store';
import { trackMessages } from '../shared/tracking';

/** How long a message of no source may take behind this node before nothing is learned from it. */
const HOLD_MS = 300_000;

interface Config {
  readonly target: string;
  readonly policy: CircuitPolicy;
  /** Also errors of nodes that do not say whether they may pass. */
  readonly unknown: boolean;
  /** Something is connected to the second output. */
  readonly hasFallback: boolean;
  readonly store: ReturnType<typeof storeOf>;
}

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-circuit-breaker', {
    normalise(config, node) {
      const count = choice(config, 'count', 'Count', ['row', 'window'], 'row');
      const windowSeconds = number(config, 'windowSeconds', 'Within', 30, { min: 1, max: 3600 });
      return {
        target: text(config, 'target', 'Target'),
        policy: {
          failures: number(config, 'failures', 'Failures', 5, { min: 1, max: 1000 }),
          windowMs: count === 'window' ? windowSeconds * 1000 : undefined,
          probeMs: number(config, 'probeSeconds', 'Probe every', 30, { min: 1, max: 86_400 }) * 1000,
        },
        unknown: flag(config, 'unknown', false),
        hasFallback: (node.wires?.[1]?.length ?? 0) > 0,
        store: storeOf(red, config),
      };
    },
    start: (context) => start(red, context),
  });
};

async function start(red: Red, { config, status, closed }: Context<Config>) {
  trackMessages(red);
  const { circuit, release } = await sharedCircuit(await config.store(closed), config.target);
  const show = (state: CircuitState): void => showState(status, state);
  const deaf = circuit.onState(show);
  show(circuit.state);
  const gone = new AbortController();
  return {
    async input(message: Message, send: Send) {
      const admission = await circuit.admit(config.policy, gone.signal);
      if (admission.type === 'pass') {
        open(message, admission.trial, config.unknown);
        send([message, null]);
        return;
      }
      const { state } = circuit;
      if (config.hasFallback && !gone.signal.aborted) {
        message['circuit'] = described(config.target, state);
        send([null, message]);
        return;
      }
      const source = scopes.pausable(message);
      if (source === undefined) throw refusal(config.target, state, admission.inMs);
      // A node that is closing has nobody left who would let the source go on.
      if (!gone.signal.aborted) circuit.hold(source);
      await scopes.giveBack(message);
    },
    close: async () => {
      gone.abort();
      deaf();
      release();
    },
  };
}

/** The scope of one message behind this node: its end is what the target has answered. */
function open(message: Message, trial: Trial, unknown: boolean): void {
  const handlers: ScopeHandlers = {
    kind: 'circuit',
    store: undefined,
    statements: () => [],
    ended: (outcome) => {
      const error = typeof outcome !== 'string' && 'error' in outcome ? outcome.error : undefined;
      trial.end(resultOf(outcome, unknown), error);
    },
  };
  scopes.open(message, handlers, scopes.isOpen(message) ? undefined : HOLD_MS);
}

/**
 * What an end says about the target. An error that will not pass does not say whether the target was asked at all; one
 * behind another circuit breaker is that one's business.
 */
function resultOf(outcome: Parameters<ScopeHandlers['ended']>[0], unknown: boolean): Result {
  if (typeof outcome === 'string' || outcome.type === 'handedBack') return 'neutral';
  if (outcome.type === 'completed') return 'success';
  const { error, innermost } = outcome;
  const counts = innermost === true && isRetried(error, unknown) && error.code !== 'CIRCUIT_OPEN';
  return counts ? 'failure' : 'neutral';
}

function refusal(target: string, { error }: CircuitState, inMs: number): CrossdockError {
  const why = error === undefined || error === '' ? '' : ` (${error.replace(/\.$/, '')})`;
  return new CrossdockError(`${target} is down${why}; the circuit breaker lets nothing through to it now.`, {
    code: 'CIRCUIT_OPEN',
    kind: 'transient',
    facts: { target },
    retryAfterMs: Math.ceil(inMs),
  });
}

function described(target: string, { state, openedAt, probeAt, error }: CircuitState): object {
  const iso = (at: number | undefined): string | undefined =>
    at === undefined ? undefined : new Date(at).toISOString();
  return { target, state, openSince: iso(openedAt), nextProbeAt: iso(probeAt), reason: error };
}

function showState(status: StatusLine, { state, failures, openedAt = 0, probeAt = 0 }: CircuitState): void {
  if (state === 'half-open') status.waiting(`half-open since ${clock(openedAt)}: a probe is on its way`);
  else if (state === 'open') status.failed(`open since ${clock(openedAt)}, next probe ${clock(probeAt)}`);
  else if (failures > 0) status.waiting(`closed, ${failures} failed`);
  else status.ok('closed');
}

/** The time of day on this gateway; with the date when it was another day. */
function clock(at: number): string {
  const then = new Date(at);
  const time = then.toTimeString().slice(0, 8);
  return then.toDateString() === new Date().toDateString()
    ? time
    : `${then.toISOString().slice(0, 10)} ${time}`;
}
