/** A leased row of the inbox as a delivery: the message, and the scope whose end is the row's end. */
import { CrossdockError } from '../errors';
import type { Row, Statement, Store } from '../store';
import { type Backoff, backoffDelay } from './backoff';
import { supersedeStatements } from './inbox-newest';
import {
  HAND_BACK,
  MAX_UNENDED,
  partitionLock,
  promoteStatement,
  SETTLE_DEAD,
  SETTLE_DONE,
  SETTLE_PARKED,
  SETTLE_RETRY,
} from './inbox-schema';
import type { Origin, Outcome, Pausable, ScopeHandlers } from './scope-types';

/** A message as it is leased into the flow. */
export interface Delivery extends Origin {
  readonly seq: number;
  readonly fence: number;
  readonly partitionKey: string | undefined;
  readonly priority: number;
  /** Orders what is equally urgent, before `seq`. */
  readonly place: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Set when it must not run again: it ended the process (or its lease) too often, or it has expired. */
  readonly refusal: CrossdockError | undefined;
  /** What to open as the message's outermost scope (`scopes.open(msg, delivery.scope, inbox.holdMs)`). */
  readonly scope: ScopeHandlers;
}

/** How the inbox that leased a row ends it. */
export interface LeaseTerms {
  readonly store: Store;
  readonly source: string;
  /** Failed deliveries before a transient error becomes final. */
  readonly maxAttempts: number;
  readonly backoff: Backoff;
  /** A failed message is not tried again once a newer one of its key waits. */
  readonly newestOnly?: boolean | undefined;
  readonly pausable: Pausable;
  /**
   * The scope has ended.
   * @param retryInMs set when the message is delivered again after a failure
   */
  ended(delivery: Delivery, outcome: Outcome | 'stale' | 'abandoned', retryInMs: number | undefined): void;
}

export function deliveryOf(row: Row, terms: LeaseTerms): Delivery {
  const expired = row['expires_at'] !== null && Number(row['expires_at']) < Number(row['now']);
  const delivery: Omit<Delivery, 'scope'> = {
    seq: Number(row['seq']),
    fence: Number(row['fence']),
    source: terms.source,
    deliveryId: String(row['id']),
    body: row['body'] instanceof Uint8Array ? row['body'] : new Uint8Array(),
    receivedAt: Number(row['received_at']),
    attempts: Number(row['attempts']),
    ...(typeof row['tries'] === 'string'
      ? { tries: JSON.parse(row['tries']) as Record<string, number> }
      : {}),
    partitionKey: row['partition_key'] === null ? undefined : String(row['partition_key']),
    priority: Number(row['priority']),
    place: Number(row['place']),
    headers: JSON.parse(String(row['headers'])) as Record<string, string>,
    refusal: refusalOf(Number(row['unended']) - 1, expired),
  };
  const scope = scopeOf(delivery, Number(row['failures']), terms, (outcome, retryInMs) =>
    terms.ended(whole, outcome, retryInMs),
  );
  const whole: Delivery = { ...delivery, scope };
  return whole;
}

function scopeOf(
  delivery: Omit<Delivery, 'scope'>,
  failures: number,
  terms: LeaseTerms,
  ended: (outcome: Outcome | 'stale' | 'abandoned', retryInMs: number | undefined) => void,
): ScopeHandlers {
  const { seq, fence, partitionKey } = delivery;
  const { store, source, maxAttempts, backoff, newestOnly = false } = terms;
  const origin: Origin = delivery;
  const fenced = (sql: string, ...params: (string | number | null)[]): Statement => ({
    sql,
    params: [...params, seq, fence],
    expect: 1,
  });
  const forGood = (statement: Statement): Statement[] =>
    partitionKey === undefined
      ? [statement]
      : [...partitionLock(store, source, partitionKey), statement, promoteStatement(source, partitionKey)];
  // Drawn once, so that what the status says is what the store is told.
  let drawn: number | undefined;
  const delay = (error: CrossdockError): number | undefined => {
    // A branch may fail for now and another one for good: then nothing is tried again.
    if (!error.retryable || failures + 1 >= maxAttempts) return undefined;
    drawn ??= backoffDelay(backoff, failures + 1, error.retryAfterMs);
    return drawn;
  };
  // A retry node in front of the failure has the last word.
  const wait = ({ error, retry }: Outcome & { type: 'failed' }): number | undefined =>
    retry === undefined ? delay(error) : retry.inMs;
  return {
    kind: 'inbox',
    store,
    origin: () => origin,
    pausable: () => terms.pausable,
    retryDelay: delay,
    statements: (outcome: Outcome) => {
      if (outcome.type === 'completed') return forGood(fenced(SETTLE_DONE));
      if (outcome.type === 'parked') return forGood(fenced(SETTLE_PARKED, describe(outcome.error)));
      if (outcome.type === 'handedBack') return [fenced(HAND_BACK)];
      const inMs = wait(outcome);
      if (inMs === undefined) return forGood(fenced(SETTLE_DEAD, describe(outcome.error)));
      const tries = outcome.retry === undefined ? null : JSON.stringify(outcome.retry.tries);
      const retry = fenced(SETTLE_RETRY, inMs, describe(outcome.error), tries);
      if (!newestOnly || partitionKey === undefined) return [retry];
      return [
        ...partitionLock(store, source, partitionKey),
        retry,
        ...supersedeStatements(source, partitionKey),
      ];
    },
    ended: (outcome) => {
      const failed = typeof outcome !== 'string' && outcome.type === 'failed';
      ended(outcome, failed ? wait(outcome) : undefined);
    },
  };
}

/** @param silent how often in a row its lease has ended without a word before */
function refusalOf(silent: number, expired: boolean): CrossdockError | undefined {
  if (expired) {
    return new CrossdockError('The message is older than its sender wanted it delivered.', {
      code: 'MESSAGE_EXPIRED',
      kind: 'permanent',
    });
  }
  if (silent < MAX_UNENDED) return undefined;
  return new CrossdockError(
    `The message was delivered ${silent} times without an end: the gateway stopped or the flow swallowed it each time.`,
    { code: 'DELIVERY_POISON', kind: 'permanent', facts: { deliveries: silent } },
  );
}

/** An error as it is kept beside the message: no stack, no cause. */
function describe(error: CrossdockError): string {
  return JSON.stringify({ code: error.code, kind: error.kind, message: error.message, facts: error.facts });
}
