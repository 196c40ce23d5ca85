/** What a failure comes to: decided by the retry node around it, or else by the message's source. */
import type { CrossdockError } from '../errors';
import type { OpenScope } from './scope-root';
import type { Failing, Origin, RetryDecision } from './scope-types';

/** A fate, with what the registry needs to bring it about. */
export type Decision =
  | { readonly type: 'again'; readonly inMs: number; readonly retry?: RetryDecision }
  | { readonly type: 'leaves'; readonly scope: OpenScope; readonly by: string; readonly failures: number }
  /** It belongs to a try that is past: the message has left that retry node already. */
  | { readonly type: 'past'; readonly by: string }
  | { readonly type: 'final'; readonly retry?: RetryDecision };

export type Scopes = ReadonlyMap<string, OpenScope>;

const NEVER: RetryDecision = { inMs: undefined, tries: {} };

export function decide(open: Scopes, tokens: readonly string[], error: CrossdockError): Decision {
  const scope = retryAround(open, tokens);
  const retry = scope?.handlers.retry;
  if (scope === undefined || retry === undefined) {
    const inMs = sourceDelay(open, tokens, error);
    return inMs === undefined ? { type: 'final' } : { type: 'again', inMs };
  }
  if (scope.left) return { type: 'past', by: retry.id };
  const tries = originOf(open, tokens)?.tries ?? {};
  const failures = (tries[retry.id] ?? 0) + 1;
  const decision = { inMs: retry.delay(error, failures), tries: { ...tries, [retry.id]: failures } };
  if (decision.inMs !== undefined) return { type: 'again', inMs: decision.inMs, retry: decision };
  if (retry.exhausted !== undefined) return { type: 'leaves', scope, by: retry.id, failures };
  return { type: 'final', retry: decision };
}

/** What the source is told about a message that does not leave a retry node; undefined: it decides by itself. */
export function toldToSource(decision: Decision): RetryDecision | undefined {
  return decision.type === 'again' || decision.type === 'final' ? decision.retry : NEVER;
}

/** The retry node that decides about a failure: the innermost around it. */
export function retryAround(open: Scopes, tokens: readonly string[]): OpenScope | undefined {
  for (let index = tokens.length - 1; index >= 0; index -= 1) {
    const scope = open.get(tokens[index] ?? '');
    if (scope?.handlers.retry !== undefined) return scope;
  }
  return undefined;
}

/** The message has left the retry node: what was begun behind its first output has come to nothing. */
export function leave(scope: OpenScope, failing: Failing): void {
  const { root, token } = scope;
  scope.left = true;
  root.failure = undefined;
  root.staged = root.staged.filter(({ tokens }) => !tokens.includes(token));
  for (const inner of root.scopes) if (inner.outer.includes(token)) inner.failed = failing;
}

export function originOf(open: Scopes, tokens: readonly string[]): Origin | undefined {
  for (const token of tokens) {
    const origin = open.get(token)?.handlers.origin?.();
    if (origin !== undefined) return origin;
  }
  return undefined;
}

function sourceDelay(open: Scopes, tokens: readonly string[], error: CrossdockError): number | undefined {
  for (const token of tokens) {
    const delay = open.get(token)?.handlers.retryDelay?.(error);
    if (delay !== undefined) return delay;
  }
  return undefined;
}
