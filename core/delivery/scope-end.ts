/** How a message's end is committed: all its scopes, and what its nodes have left to be written with it, in one unit. */
import { StatementExpectationError } from '../store';
import { crashPoint } from './crash-point';
import type { ScopeIndex } from './scope-index';
import { endingsOf, type OpenScope, type Root, unitsOf } from './scope-root';
import type { Extra, Outcome } from './scope-types';

export type Ended = 'settled' | 'none' | 'stale';

/** The scopes that are open and not about to end; they are about to from now on. */
export function take(root: Root | undefined): OpenScope[] {
  const taken: OpenScope[] = [];
  for (const scope of root?.scopes ?? []) {
    if (scope.settling) continue;
    scope.settling = true;
    taken.push(scope);
  }
  return taken;
}

/**
 * Ends these scopes (all taken by `take`) with one outcome.
 * @param at the scopes of the message that was settled or failed
 * @returns `none` when there are none (`extra` was still committed), `stale` when a lease was lost: nothing was written
 */
export async function end(
  index: ScopeIndex,
  ending: readonly OpenScope[],
  outcome: Outcome,
  at: readonly string[],
  extra?: Extra,
): Promise<Ended> {
  const staged = outcome.type === 'completed' ? (ending[0]?.root.staged ?? []) : [];
  const extras = [...staged.map((each) => each.extra), ...(extra === undefined ? [] : [extra])];
  const endings = endingsOf(ending, outcome, at);
  crashPoint('done.beforeCommit');
  try {
    for (const { store, statements, committed } of unitsOf(endings, extras)) {
      committed(await store.run(statements));
    }
    crashPoint('done.afterCommit');
  } catch (error) {
    if (error instanceof StatementExpectationError) {
      for (const scope of ending) index.forget(scope);
      for (const { handlers } of ending) handlers.ended('stale');
      return 'stale';
    }
    // The store refused (disk full, closed): nothing was written, so nothing has ended. The scopes stay open for
    // another try; when none comes, their time runs out and the message is delivered again.
    for (const scope of ending) scope.settling = false;
    throw error;
  }
  for (const scope of ending) index.forget(scope);
  for (const { scope, outcome: own } of endings) scope.handlers.ended(own);
  return ending.length === 0 ? 'none' : 'settled';
}

/** Commits what a node has left to be written, of a message that has no scope open. */
export async function commit(extra: Extra | undefined): Promise<'none' | 'stale'> {
  crashPoint('done.beforeCommit');
  if (extra !== undefined) {
    const { store, statements } = extra;
    try {
      extra.committed?.(statements.length === 0 ? [] : await store.run(statements));
    } catch (error) {
      if (error instanceof StatementExpectationError) return 'stale';
      throw error;
    }
  }
  crashPoint('done.afterCommit');
  return 'none';
}
