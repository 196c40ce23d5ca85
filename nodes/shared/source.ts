/**
 * What the source nodes share (webhook in, event in, ...): an inbox that leases messages into the flow, each with its
 * outermost scope, and the settings that all of them have.
 */
import { randomUUID } from 'node:crypto';
import { checkedFilter, filterMatches } from '../../core/channel';
import { attemptStatements, DeadLetters } from '../../core/dead-letter';
import {
  type Delivery,
  type EndMode,
  Inbox,
  type InboxHealth,
  type Incoming,
  type Outcome,
  type ScopeHandlers,
  scopes,
} from '../../core/delivery';
import { asCrossdockError, type CrossdockError } from '../../core/errors';
import type { Store } from '../../core/store';
import { raise } from './base';
import { drainMs } from './closing';
import { choice, number, text } from './config';
import { lettersChanged } from './desks';
import { takeSource } from './open-sources';
import { businessKeyOf, forgetLabels, placeOf } from './place';
import type { Message, RawConfig, Red, RedNode } from './red';
import type { StatusLine } from './status';
import { trackMessages } from './tracking';

/** Priorities of the lanes; lower goes first. */
const LANES = { first: 1, normal: 5, last: 9 } as const;

/** The settings that every source has. */
export interface SourceSettings {
  /** Messages in the flow at once. */
  readonly concurrency: number;
  /** Failed deliveries before an error that may pass becomes final. */
  readonly maxAttempts: number;
  /** Ms that a message may stay in the flow. */
  readonly holdMs: number;
  /** Who says that a message is done: the count of its branches, or a settling node. */
  readonly end: EndMode;
  /** The priority of a message by its topic or address: orders before catalogue. */
  laneOf(topic: string): number;
}

/** Reads concurrency, maxAttempts, holdSeconds, end, laneFirst and laneLast. Throws CONFIG_INVALID. */
export function sourceSettings(config: RawConfig): SourceSettings {
  const first = filters(text(config, 'laneFirst', 'Goes first', ''));
  const last = filters(text(config, 'laneLast', 'Goes last', ''));
  return {
    concurrency: number(config, 'concurrency', 'In the flow at once', 64, { min: 1, max: 1000 }),
    maxAttempts: number(config, 'maxAttempts', 'Attempts', 100, { min: 1, max: 10_000 }),
    holdMs: number(config, 'holdSeconds', 'Time in the flow', 300, { min: 1, max: 86_400 }) * 1000,
    end: choice(config, 'end', 'Done when', ['automatic', 'explicit'], 'automatic'),
    laneOf: (topic) => {
      if (first.some((filter) => filterMatches(filter, topic))) return LANES.first;
      return last.some((filter) => filterMatches(filter, topic)) ? LANES.last : LANES.normal;
    },
  };
}

/** A list of filters in MQTT's grammar, parted by commas. */
function filters(list: string): string[] {
  return list
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(checkedFilter);
}

export interface SourceOptions extends Omit<SourceSettings, 'laneOf'> {
  readonly red: Red;
  readonly node: RedNode;
  readonly status: StatusLine;
  readonly store: Store;
  /** Names the inbox; two sources with one name would take each other's messages. */
  readonly source: string;
  readonly highWater?: number;
  /** Of each partition key only the newest message is delivered; what is older is settled as superseded. */
  readonly newestOnly?: boolean;
  readonly retentionMs?: number;
  /** Sets what the flow gets from the delivery; a CrossdockError is the message's failure and goes to Catch. */
  fill(message: Message, delivery: Delivery): void;
  /** The payload that people see when `fill` threw. Default: the body as text. */
  raw?(delivery: Delivery): unknown;
  /**
   * Sends a message by itself that must not run again (poison, expired). Default: it goes to the Catch nodes.
   * @returns whether it has sent it
   */
  refused?(message: Message, delivery: Delivery, error: CrossdockError): boolean;
  /** A delivery has come to an end after which it does not come again. */
  settled?(delivery: Delivery): void;
  /** The counts have changed: refresh the status. */
  changed?(): void;
}

export interface Source {
  /** Commits a message; acknowledge its sender only after this resolved. Rejects with transient errors only. */
  accept(incoming: Incoming): Promise<'accepted' | 'duplicate'>;
  /** `count` messages were put into the inbox by another unit. */
  arrived(count: number): void;
  /** Messages in the flow. */
  readonly inFlight: number;
  /** Messages that wait or are in the flow. */
  readonly depth: number;
  /** Messages that newer ones have superseded in the last 24 hours; 10,000 stands for more. */
  readonly superseded: number;
  /** Why the store does not work now. */
  readonly problem: CrossdockError | undefined;
  /** Why little or nothing is delivered, in a few words for the status: a circuit breaker waits for its target. */
  readonly paused: string | undefined;
  health(): Promise<InboxHealth>;
  /** Stops delivering, drains (see `drainMs`), hands the rest back to the next instance. */
  stop(): Promise<void>;
}

/**
 * Opens the inbox and begins to deliver.
 * @throws CrossdockError SOURCE_TAKEN (permanent) or a store error (transient)
 */
export async function openSource(options: SourceOptions): Promise<Source> {
  const { red, node, status, store, source, holdMs, end } = options;
  trackMessages(red);
  forgetLabels(red);
  const taken = takeSource(store, source, node.id);
  const changed = options.changed ?? (() => undefined);
  const rawOf = (delivery: Delivery): unknown =>
    options.raw?.(delivery) ?? Buffer.from(delivery.body).toString('utf8');
  let problem: CrossdockError | undefined;
  let paused: string | undefined;
  let inbox: Inbox;
  let letters: DeadLetters;
  try {
    letters = await DeadLetters.open(store);
    inbox = await Inbox.open(store, {
      ...options,
      onProblem: (now) => {
        problem = now;
        if (now !== undefined) status.failed(now.message);
        changed();
      },
      onCounted: changed,
      onPause: (reason) => {
        paused = reason;
        changed();
      },
    });
  } catch (thrown) {
    taken.free();
    throw thrown;
  }
  taken.opened((count) => inbox.arrived(count));
  inbox.start((delivery) => {
    const message: Message = {
      _msgid: randomUUID().replaceAll('-', '').slice(0, 16),
      topic: delivery.source,
      crossdock: {
        source: delivery.source,
        deliveryId: delivery.deliveryId,
        receivedAt: new Date(delivery.receivedAt).toISOString(),
        attempt: delivery.attempts,
      },
    };
    const { scope } = delivery;
    const handlers: ScopeHandlers = {
      ...scope,
      statements: (outcome) => {
        const attempts = attemptStatements(delivery, outcome);
        if (outcome.type !== 'failed' || !isFinal(outcome) || mayRetry(scope, outcome)) {
          return [...attempts, ...scope.statements(outcome)];
        }
        // Nobody has parked it, and it must not be out of sight.
        const { error } = outcome;
        const letter = letters.park({
          error,
          failedAt: placeOf(red, outcome.nodeId, node),
          origin: delivery,
          payload: rawOf(delivery),
          businessKey: businessKeyOf(message),
        });
        const parked: Outcome = { type: 'parked', error, id: letter.id };
        return [...attempts, ...letter.statements, ...scope.statements(parked)];
      },
      ended: (outcome) => {
        scope.ended(outcome);
        if (isFinal(outcome)) options.settled?.(delivery);
        if (typeof outcome !== 'string' && outcome.type === 'failed') lettersChanged(store);
        changed();
      },
    };
    changed();
    return enter(node, message, handlers, { holdMs, end }, () => {
      try {
        if (delivery.refusal !== undefined) {
          if (options.refused?.(message, delivery, delivery.refusal) === true) return 'sent';
          throw delivery.refusal;
        }
        options.fill(message, delivery);
        return 'filled';
      } catch (thrown) {
        // What cannot enter the flow goes to the Catch nodes as it arrived.
        message.payload = rawOf(delivery);
        throw thrown;
      }
    });
  });
  return {
    accept: async (incoming) => {
      const taken = await inbox.accept(incoming);
      changed();
      return taken;
    },
    arrived: (count) => inbox.arrived(count),
    get inFlight() {
      return inbox.inFlight;
    },
    get depth() {
      return inbox.depth;
    },
    get superseded() {
      return inbox.superseded;
    },
    get problem() {
      return problem;
    },
    get paused() {
      return paused;
    },
    health: () => inbox.health(),
    stop: async () => {
      await inbox.stop(drainMs(red));
      taken.free();
    },
  };
}

/**
 * Sends a message into the flow as its outermost scope.
 * @param prepare fills the message, or sends it by itself; what it throws is the message's failure (a source has no
 *   `done`)
 * @returns what gives the message back unfinished, with everything that was opened for it
 */
export function enter(
  node: RedNode,
  message: Message,
  handlers: ScopeHandlers,
  { holdMs, end }: Pick<SourceSettings, 'holdMs' | 'end'>,
  prepare: () => 'filled' | 'sent',
): () => Promise<unknown> {
  const token = scopes.open(message, handlers, holdMs, { end, pending: 0 });
  // Kept apart from the message, which the flow may change while it is looked at here.
  const own = { crossdock: { scopes: [token] } };
  try {
    if (prepare() === 'filled') node.send(message);
    scopes.sent(own);
  } catch (thrown) {
    raise(node, message, asCrossdockError(thrown));
  }
  return () => scopes.handBack(token);
}

/** Without a retry node's decision the source's own schedule decides. */
function mayRetry(scope: ScopeHandlers, { error, retry }: Outcome & { type: 'failed' }): boolean {
  return retry === undefined && scope.retryDelay?.(error) !== undefined;
}

function isFinal(outcome: Parameters<ScopeHandlers['ended']>[0]): boolean {
  if (typeof outcome === 'string' || outcome.type === 'handedBack') return false;
  return outcome.type !== 'failed' || outcome.retry?.inMs === undefined;
}
