export { type Backoff, backoffDelay, INBOX_BACKOFF } from './backoff';
export { crashPoint, crashPointLater } from './crash-point';
export { Inbox, type InboxHealth, type InboxOptions } from './inbox';
export type { Delivery } from './inbox-delivery';
export type { Deliver } from './inbox-dispatcher';
export { MANY_SUPERSEDED } from './inbox-newest';
export {
  acceptStatement,
  INBOX_SCHEMA,
  type Incoming,
  type IncomingVersion,
  lockPartition,
} from './inbox-schema';
export { comeAlive, ownerIsGone } from './instances';
export { Intake, type IntakeOptions } from './intake';
export {
  type Outbox,
  type OutboxHealth,
  type OutboxOptions,
  type OutgoingEvent,
  openOutbox,
} from './outbox';
export { OUTBOX_SCHEMA } from './outbox-schema';
export { Pacer } from './pacer';
export { isRetried, type RetryOptions, retryScope } from './retry';
export { type OpenOptions, ScopeRegistry, scopes } from './scope';
export type {
  EndMode,
  Extra,
  Failing,
  Failure,
  Fate,
  MessageState,
  Origin,
  Outcome,
  Pausable,
  RetryDecision,
  RetryPolicy,
  ScopedMessage,
  ScopeHandlers,
} from './scope-types';
export { isLookedAfter } from './scope-types';
export { Turns } from './turns';
