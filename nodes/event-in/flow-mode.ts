/**
 * Over AMQP, when the broker is to hold a message until the flow is done: for gateways that share one queue. Nothing
 * is stored here; the message's scope ends with one of the broker's verbs. The window is the concurrency: what may be
 * unacknowledged is what may be in the flow.
 */
import { randomUUID } from 'node:crypto';
import {
  type EventChannel,
  incomingOf,
  type ReceivedMessage,
  rawContent,
  type Subscription,
  subscriptionMemory,
} from '../../core/channel';
import {
  type Backoff,
  backoffDelay,
  crashPoint,
  type Incoming,
  type Origin,
  type Outcome,
  type ScopeHandlers,
} from '../../core/delivery';
import type { CrossdockError } from '../../core/errors';
import type { Behaviour } from '../shared/base';
import { drainMs } from '../shared/closing';
import type { ChosenContract } from '../shared/contracts';
import type { Message, Red } from '../shared/red';
import { enter } from '../shared/source';
import { trackMessages } from '../shared/tracking';
import {
  type EventInConfig,
  type EventInContext,
  fill,
  follow,
  removeWhenGone,
  requestOf,
  showStatus,
} from './common';
import { Work } from './work';

/** Between the attempts of a message that failed for now. */
const BACKOFF: Backoff = { baseMs: 1000, capMs: 60_000 };
/**
 * How long a message that fails is tried again here before it goes back to the broker, and so perhaps to another
 * gateway. A broker delivers what is given back at once, and counts it: its delivery limit (20 in RabbitMQ 4) would be
 * used up by a short outage. Well below its time limit for acknowledgements (30 min).
 */
const KEEP_MS = 10 * 60_000;

/** Ids of finished messages that are remembered; more than a window (1000 at most) may hold. */
const REMEMBERED = 2000;

/** A message that the broker holds for us. */
interface Entry {
  /**
   * The message, and the copies of it that came while it was at work: after a lost connection the broker delivers again
   * what the flow is still busy with. Its end is the end of all of them; verbs on a lost connection do nothing.
   */
  readonly copies: ReceivedMessage[];
  readonly incoming: Incoming;
  readonly receivedAt: number;
  /** Deliveries into a flow so far. */
  attempts: number;
  /** Failures here so far, per retry node. */
  tries: Readonly<Record<string, number>>;
}

export async function startFlowMode(
  red: Red,
  { node, config, status, closed }: EventInContext,
  channel: EventChannel,
  contract: ChosenContract | undefined,
): Promise<Behaviour> {
  const memory = await subscriptionMemory(await config.store(closed), config.channelId, config.name);
  trackMessages(red);
  let subscribed: Subscription | undefined;
  const show = (): void => showStatus(status, subscribed?.state ?? channel.state, work, contract);
  const start = (entry: Entry): (() => Promise<unknown>) => {
    entry.attempts += 1;
    const { incoming } = entry;
    const message = messageOf(config, entry);
    const ended = (done: boolean): void => {
      if (done) remember(finished, incoming.id);
      show();
    };
    return enter(node, message, scopeOf(config, entry, work, ended), config, () => {
      try {
        fill(message, { body: incoming.body, headers: incoming.headers ?? {} }, contract);
        return 'filled';
      } catch (thrown) {
        message.payload = rawContent(incoming);
        throw thrown;
      }
    });
  };
  const held = new Map<string, Entry>();
  const finished = new Set<string>();
  const work = new Work<Entry>({
    start,
    giveBack: ({ copies }) => {
      // The end of the subscription gives all of it back, in order; one by one the broker would put them behind others.
      if (work.stopping) return;
      for (const copy of copies) copy.requeue();
    },
    left: ({ incoming }) => held.delete(incoming.id),
  });
  const subscription = channel.subscribe(requestOf(config, memory, config.concurrency), (received) => {
    const incoming = incomingOf(received, config);
    // Only quorum queues count; of others it is known whether it is the first time.
    const attempts = received.deliveries ?? (received.redelivered ? 1 : 0);
    const known = held.get(incoming.id);
    // Finished while the connection was lost: its acknowledgement never got there.
    if (received.redelivered && finished.has(incoming.id)) received.acknowledge();
    else if (known !== undefined) known.copies.push(received);
    else {
      const entry = { copies: [received], incoming, receivedAt: Date.now(), attempts, tries: {} };
      if (work.take(entry, incoming.partitionKey)) held.set(incoming.id, entry);
    }
    show();
  });
  subscribed = subscription;
  const deaf = follow(subscription, config.filter, memory, show);
  return {
    close: async (removed) => {
      deaf();
      try {
        // The connection must outlive the flow: an end that comes now is still acknowledged.
        await work.stop(drainMs(red));
      } finally {
        await subscription.close();
      }
      await removeWhenGone(red, node.id, removed, async () => {
        await subscription.remove();
        await memory.forget();
      });
    },
  };
}

function originOf({ name }: EventInConfig, { incoming, receivedAt, attempts, tries }: Entry): Origin {
  const { id, body } = incoming;
  return { source: `event-in:${name}`, deliveryId: id, body, receivedAt, attempts, tries };
}

function messageOf(config: EventInConfig, entry: Entry): Message {
  const { source, deliveryId, receivedAt, attempts } = originOf(config, entry);
  return {
    _msgid: randomUUID().replaceAll('-', '').slice(0, 16),
    topic: source,
    crossdock: {
      source,
      deliveryId,
      receivedAt: new Date(receivedAt).toISOString(),
      attempt: attempts,
    },
  };
}

function remember(finished: Set<string>, id: string): void {
  finished.add(id);
  const [oldest] = finished;
  if (finished.size > REMEMBERED && oldest !== undefined) finished.delete(oldest);
}

function scopeOf(
  config: EventInConfig,
  entry: Entry,
  work: Work<Entry>,
  ended: (done: boolean) => void,
): ScopeHandlers {
  const { copies, receivedAt } = entry;
  const origin = originOf(config, entry);
  // Drawn once, so that what the base says about the next attempt is what happens.
  let drawn: number | undefined;
  const delay = (error: CrossdockError): number | undefined => {
    if (!error.retryable || origin.attempts >= config.maxAttempts) return undefined;
    drawn ??= backoffDelay(BACKOFF, origin.attempts, Math.min(error.retryAfterMs ?? 0, BACKOFF.capMs));
    return drawn;
  };
  const end = (outcome: Outcome | 'stale' | 'abandoned'): boolean => {
    const type = typeof outcome === 'string' ? outcome : outcome.type;
    if (type === 'completed' || type === 'parked') {
      crashPoint('broker.beforeAck');
      for (const copy of copies) copy.acknowledge();
      work.done(entry);
      return true;
    }
    if (typeof outcome === 'string' || outcome.type !== 'failed') {
      work.returned(entry);
      return false;
    }
    const { retry } = outcome;
    if (retry !== undefined) entry.tries = retry.tries;
    const inMs = retry === undefined ? delay(outcome.error) : retry.inMs;
    if (inMs === undefined) {
      // Final: to the broker's dead letter exchange, where it has one.
      for (const copy of copies) copy.discard();
      work.done(entry);
    } else if (Date.now() - receivedAt + inMs > KEEP_MS) work.returned(entry);
    else work.again(entry, inMs);
    return false;
  };
  return {
    store: undefined,
    kind: 'broker',
    statements: () => [],
    origin: () => origin,
    retryDelay: delay,
    ended: (outcome) => ended(end(outcome)),
  };
}
