export { type Backoff, backoffDelay, INBOX_BACKOFF } from './backoff';
export { type Deliver, type Delivery, Inbox, type InboxOptions, type Incoming } from './inbox';
export type { Outbox, OutgoingEvent } from './outbox';
export {
  type Failure,
  type MessageState,
  type Origin,
  type Outcome,
  type ScopedMessage,
  type ScopeHandlers,
  ScopeRegistry,
  scopes,
} from './scope';
