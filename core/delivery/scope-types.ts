/** The words that scopes, sources and settling nodes share. */
import type { CrossdockError, ErrorKind, Problem } from '../errors';
import type { Statement, Store } from '../store';

/** How a scope ended. */
export type Outcome =
  | { readonly type: 'completed'; readonly result: unknown }
  /** Failed: delivered again by the schedule when the error may be retried, else kept with its error. */
  | { readonly type: 'failed'; readonly error: CrossdockError }
  /** Given to people: the dead letter `id` holds it now. */
  | { readonly type: 'parked'; readonly error: CrossdockError; readonly id: string }
  /** Given back unfinished, as if it had not been delivered: its node stops, the next instance takes it. */
  | { readonly type: 'handedBack' };

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
  /** Set when the message failed and its source will deliver it again: it must not be parked. */
  retry?: { attempt: number; inMs: number };
  /** The last failure and the node it happened at. */
  failure?: Failure;
  [extra: string]: unknown;
}

/** The part of a Node-RED message that scopes touch. */
export interface ScopedMessage {
  _msgid?: string;
  crossdock?: MessageState;
}

/** What is to be written together with a message's good end. */
export interface Extra {
  readonly store: Store;
  readonly statements: readonly Statement[];
  /** Called after the unit that held the statements has committed. Must not throw. */
  readonly committed?: () => void;
}

/** How a message ends: see the head of this file. */
export type EndMode = 'automatic' | 'explicit';
