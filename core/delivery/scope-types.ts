/** The words that scopes, sources and settling nodes share. */
import type { CrossdockError, ErrorKind, Problem } from '../errors';
import type { Statement, StatementResult, Store } from '../store';

/** How a scope ended. */
export type Outcome =
  | { readonly type: 'completed'; readonly result: unknown }
  /** Failed: delivered again by the schedule when the error may be retried, else kept with its error. */
  | {
      readonly type: 'failed';
      readonly error: CrossdockError;
      /** The node it failed at, where that is known. */
      readonly nodeId?: string | undefined;
      /** What a retry node in front of the failure has decided; undefined: the source's own schedule decides. */
      readonly retry?: RetryDecision;
      /** Set by the registry: this scope is the innermost of its kind around the failure. */
      readonly innermost?: boolean;
    }
  /** Given to people: the dead letter `id` holds it now. */
  | {
      readonly type: 'parked';
      readonly error: CrossdockError;
      readonly id: string;
      readonly innermost?: boolean;
    }
  /** Given back unfinished, as if it had not been delivered: its node stops, the next instance takes it. */
  | { readonly type: 'handedBack' };

/** Whether and when a message comes again, as the retry node in front of the failure has it. */
export interface RetryDecision {
  /** Ms until its next delivery; undefined: it is not delivered again. */
  readonly inMs: number | undefined;
  /** Failures so far, per retry node. */
  readonly tries: Readonly<Record<string, number>>;
}

/** A failure and where it happened. */
export interface Failing {
  readonly error: CrossdockError;
  /** The scopes of the message that failed, outermost first. */
  readonly tokens: readonly string[];
  /** The node it happened at, where that is known. */
  readonly nodeId?: string | undefined;
}

/** A retry node's say about the failures behind it. Of several, the innermost around the failure decides. */
export interface RetryPolicy {
  /** Under which the message's failures are counted: the node's id. */
  readonly id: string;
  /**
   * Ms until the message is tried again; undefined: it is not.
   * @param failures failures behind this node so far, this one included
   */
  delay(error: CrossdockError, failures: number): number | undefined;
  /**
   * Sends the message on by the node's second output, as it came. Undefined: nothing is connected there, and what is
   * not tried again has failed for good. Must not throw.
   * @returns false when it cannot (the node has closed): the message is given back
   */
  exhausted?(failing: Failing, failures: number): boolean;
}

/** A source that can stop delivering for a while. */
export interface Pausable {
  /**
   * Delivers nothing for `ms`, then one message at a time, until it is resumed. Calling again sets the time anew.
   * @param by who asks: each pause is lifted by whoever asked for it
   * @param reason in a few words, for the status
   */
  pause(by: string, ms: number, reason: string): void;
  resume(by: string): void;
}

/** What becomes of a message after a failure. */
export type Fate =
  /** It is delivered again. */
  | { readonly type: 'again'; readonly inMs: number }
  /** It leaves the retry node `by` by its second output. */
  | { readonly type: 'leaves'; readonly by: string }
  /** It has failed for good, unless a dead letter node takes it. */
  | { readonly type: 'final' };

/** What a node contributes when it opens a scope. */
export interface ScopeHandlers {
  /** Undefined: this scope writes nothing, its `ended` does all (a message that its broker still holds). */
  readonly store: Store | undefined;
  /** A word for logs and status, for example `inbox` or `guard`. */
  readonly kind: string;
  /** Statements that record the outcome; must fence themselves with `expect`. */
  statements(outcome: Outcome): readonly Statement[];
  /** Called once, after the unit committed (or was discarded as stale). Must not throw. */
  ended(outcome: Outcome | 'stale' | 'abandoned'): void;
  /** Ms until this scope would deliver the message again after such a failure; undefined when it would not. */
  retryDelay?(error: CrossdockError): number | undefined;
  /** What the message was when it entered, for the dead letters; only the scope of a source knows it. */
  origin?(): Origin;
  /** How to make the message's source pause, when it can. */
  pausable?(): Pausable;
  readonly retry?: RetryPolicy;
}

/** A message as it arrived. */
export interface Origin {
  readonly source: string;
  readonly deliveryId: string;
  readonly body: Uint8Array;
  /** Store clock, ms. */
  readonly receivedAt: number;
  /** Deliveries into the flow so far, this one included. */
  readonly attempts: number;
  /** What a replay needs to put it into its inbox again as it was. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly partitionKey?: string | undefined;
  readonly priority?: number;
  /** Failures so far, per retry node that has sent the message back. */
  readonly tries?: Readonly<Record<string, number>>;
}

/** An error as plain data. */
export interface Failure {
  nodeId: string;
  code: string;
  kind: ErrorKind;
  message: string;
  facts: CrossdockError['facts'];
  problems: readonly Problem[];
}

/** The plain data that travels in `msg.crossdock`. */
export interface MessageState {
  /** Open scopes, outermost first. */
  scopes?: string[];
  /** Business key for people and for the journal, for example `order:shop-eu:1001`. */
  key?: string;
  /**
   * Set when the message failed and somebody looks after it: its source delivers it again (`inMs`), or it leaves a
   * retry node by the second output (`leavesBy`). `exhausted`: it has left so, and this is the message that did.
   */
  retry?: { attempt: number; inMs?: number; leavesBy?: string; exhausted?: true };
  /** The last failure and the node it happened at. */
  failure?: Failure;
  [extra: string]: unknown;
}

/** The part of a Node-RED message that scopes touch. */
export interface ScopedMessage {
  _msgid?: string;
  crossdock?: MessageState;
}

/** Whether somebody looks after the message's failure already, so that it must not be parked. */
export function isLookedAfter({ crossdock }: ScopedMessage): boolean {
  return crossdock?.retry !== undefined && crossdock.retry.exhausted !== true;
}

/** What is to be written together with a message's good end. */
export interface Extra {
  readonly store: Store;
  /** Asked for when the unit is run, each time that it is. */
  readonly statements: readonly Statement[];
  /** Called with their results as soon as the unit that held the statements has committed. Must not throw. */
  readonly committed?: (results: readonly StatementResult[]) => void;
}

/** How a message ends: see the head of this file. */
export type EndMode = 'automatic' | 'explicit';
