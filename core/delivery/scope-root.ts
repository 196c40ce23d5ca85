/** What one message has open, and what its end writes. */
import type { Statement, StatementResult, Store } from '../store';
import type { EndMode, Extra, Failing, Outcome, ScopeHandlers } from './scope-types';

/** All that was opened for one message, from its outermost scope down. */
export interface Root {
  readonly end: EndMode;
  readonly scopes: Set<OpenScope>;
  /** Under which its messages are remembered: a node on the way may have given them a new `_msgid`. */
  readonly msgids: Set<string>;
  /** What nodes have left to be written with a good end. */
  staged: Staged[];
  /** Branches under way; meaningful when `end` is automatic. */
  pending: number;
  failure: Failing | undefined;
  /** A branch was dropped by a node that stops: however the others end, the message has to go round again. */
  cut: boolean;
}

interface Staged {
  readonly extra: Extra;
  /** The scopes of the message that left it. */
  readonly tokens: readonly string[];
}

export interface OpenScope {
  readonly token: string;
  readonly root: Root;
  readonly handlers: ScopeHandlers;
  /** The scopes around it, outermost first. */
  readonly outer: readonly string[];
  /** Undefined: it lasts as long as the outermost one. */
  readonly deadline: NodeJS.Timeout | undefined;
  /** When the deadline is, on `performance.now()`. */
  readonly endsAt: number | undefined;
  /** What a settling node said that this scope's work came to. */
  result: unknown;
  /** An end is being committed: a second one at the same time finds it closed. */
  settling: boolean;
  /** The message has left this retry node by its second output: failures behind the first one are past. */
  left: boolean;
  /** A retry node around this scope was left so: whatever comes of the message, the work in here has failed. */
  failed: Failing | undefined;
}

/** A scope with its own view of the message's end. */
export interface Ending {
  readonly scope: OpenScope;
  readonly outcome: Outcome;
}

/** @param at the scopes of the message that was settled or failed */
export function endingsOf(
  ending: readonly OpenScope[],
  outcome: Outcome,
  at: readonly string[],
): readonly Ending[] {
  return ending.map((scope) => ({ scope, outcome: ownOutcome(scope, ending, outcome, at) }));
}

function ownOutcome(
  scope: OpenScope,
  all: readonly OpenScope[],
  outcome: Outcome,
  at: readonly string[],
): Outcome {
  if (outcome.type === 'handedBack') return outcome;
  if (scope.failed !== undefined) {
    const { error, tokens } = scope.failed;
    return { type: 'failed', error, innermost: isInnermost(scope, all, tokens) };
  }
  if (outcome.type === 'completed') {
    return outcome.result === undefined ? { type: 'completed', result: scope.result } : outcome;
  }
  return { ...outcome, innermost: isInnermost(scope, all, at) };
}

/** Whether no other scope of its kind stands between this one and the place `at`. */
function isInnermost(scope: OpenScope, all: readonly OpenScope[], at: readonly string[]): boolean {
  const inner = at.findLast((token) =>
    all.some((other) => other.token === token && other.handlers.kind === scope.handlers.kind),
  );
  return inner === scope.token;
}

/** What a store is to write. */
export interface Unit {
  readonly store: Store;
  readonly statements: readonly Statement[];
  /** To be called with their results as soon as it has committed. */
  committed(results: readonly StatementResult[]): void;
}

/**
 * What is to be written, per store; innermost scopes first, so that the source's lease ends last. Statements are asked
 * for when the unit's turn has come, since those of an outbox depend on what is committed before it.
 */
export function* unitsOf(endings: readonly Ending[], extras: readonly Extra[]): Generator<Unit> {
  const stores: Store[] = [];
  const note = (store: Store | undefined): void => {
    if (store !== undefined && !stores.includes(store)) stores.push(store);
  };
  for (const { store } of extras) note(store);
  for (let at = endings.length - 1; at >= 0; at -= 1) note(endings[at]?.scope.handlers.store);
  for (const store of stores) {
    const unit = unitOf(store, endings, extras);
    if (unit.statements.length > 0) yield unit;
    else unit.committed([]);
  }
}

function unitOf(store: Store, endings: readonly Ending[], extras: readonly Extra[]): Unit {
  const statements: Statement[] = [];
  const told: { readonly extra: Extra; readonly from: number; readonly to: number }[] = [];
  for (const extra of extras) {
    if (extra.store !== store) continue;
    const from = statements.length;
    const to = statements.push(...extra.statements);
    told.push({ extra, from, to });
  }
  for (let at = endings.length - 1; at >= 0; at -= 1) {
    const ending = endings[at];
    if (ending?.scope.handlers.store !== store) continue;
    statements.push(...ending.scope.handlers.statements(ending.outcome));
  }
  return {
    store,
    statements,
    committed: (results) => {
      for (const { extra, from, to } of told) extra.committed?.(results.slice(from, to));
    },
  };
}
