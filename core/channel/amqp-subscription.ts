/**
 * A durable subscription over AMQP: a queue (or one per shard) that is consumed on a channel of its own, opened again
 * whenever it closes.
 *
 * A delivery tag means nothing outside its channel: sent to the next one, it would acknowledge another message. So
 * every message holds on to the channel it came from, and a verb for a channel that is gone is counted and dropped;
 * the broker delivers that message again.
 */
import { randomInt } from 'node:crypto';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { CrossdockError } from '../errors';
import { Acknowledger } from './amqp-acks';
import { prefixKeyOf } from './amqp-binding';
import type { AmqpSettings } from './amqp-config';
import { ensureTopology, withChannel } from './amqp-declare';
import { type AmqpLink, CLOSED, PROTOCOL, retryDelay } from './amqp-link';
import { AmqpMessage, type Verb } from './amqp-message';
import { reasonOfChannel, replyCode } from './amqp-reasons';
import { planTopology, type SubscriptionNames, subscriptionNames } from './amqp-topology';
import { type Reason, StateHolder } from './channel-state';
import type {
  ChannelState,
  ReceivedMessage,
  StateListener,
  Subscription,
  SubscriptionRequest,
} from './types';

/** Ms that the broker has to declare and to begin delivering. A quorum queue may have to elect a leader first. */
const OPEN_MS = 60_000;
/** Ms that `close` waits for the broker's answers. */
const CLOSE_MS = 2000;
/** Ms that `remove` waits for a connection. */
const REMOVE_MS = 5000;
/** Ms after which consuming counts as good, so that its end starts the backoff anew. */
const STABLE_MS = 10_000;

/** One consuming channel, from its opening to its end. */
interface Session {
  readonly channel: Channel;
  readonly acks: Acknowledger;
  readonly tags: string[];
  readonly since: number;
  alive: boolean;
}

export interface SubscriptionOptions {
  readonly settings: AmqpSettings;
  readonly link: AmqpLink;
  readonly request: SubscriptionRequest;
  readonly onMessage: (message: ReceivedMessage) => void;
  /** Called once when it was closed. */
  readonly ended: () => void;
}

export class AmqpSubscription implements Subscription {
  readonly #options: SubscriptionOptions;
  readonly #names: SubscriptionNames;
  readonly #prefixKey: string;
  readonly #state: StateHolder;
  readonly #unlisten: () => void;
  #model: ChannelModel | undefined;
  #session: Session | undefined;
  /** Counts the attempts to consume; a step of an earlier one finds another number and stops. */
  #attempt = 0;
  #failures = 0;
  #consuming = false;
  #reason: Reason | undefined;
  #warning: Reason | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stale = 0;
  #closed: Promise<void> | undefined;
  #removed: Promise<void> | undefined;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#names = subscriptionNames(options.settings, options.request.name);
    this.#prefixKey = prefixKeyOf(options.settings.topicPrefix);
    const { current } = options.link.state;
    this.#state = new StateHolder(current.status === 'connected' ? { status: 'connecting' } : current);
    this.#unlisten = options.link.state.onState(() => this.#show());
  }

  get state(): ChannelState {
    return this.#state.current;
  }

  onState(listener: StateListener): () => void {
    return this.#state.onState(listener);
  }

  get staleAcknowledgements(): number {
    return this.#stale;
  }

  /** There is a connection: begins to consume. */
  connected(model: ChannelModel): void {
    if (this.#closed !== undefined) return;
    this.#model = model;
    this.#start();
  }

  /** The connection has ended, and every channel with it. */
  disconnected(): void {
    this.#model = undefined;
    this.#reason = undefined;
    this.#stop();
    this.#show();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  remove(): Promise<void> {
    this.#removed ??= this.#remove();
    return this.#removed;
  }

  async #close(): Promise<void> {
    const session = this.#session;
    session?.acks.flush();
    this.#stop();
    this.#unlisten();
    this.#state.set(CLOSED);
    this.#options.ended();
    if (session === undefined) return;
    // Without the cancel first, the broker would go on delivering into a channel that is going.
    await bounded(CLOSE_MS, async () => {
      for (const tag of session.tags) await session.channel.cancel(tag);
      await session.channel.close();
    });
  }

  /** A first attempt, or the next one: declares what is needed and consumes. */
  #start(): void {
    const model = this.#model;
    if (model === undefined || this.#closed !== undefined) return;
    this.#stop();
    const attempt = this.#attempt;
    const { settings } = this.#options;
    const timer = setTimeout(() => {
      this.#failed(attempt, {
        code: 'CHANNEL_UNAVAILABLE',
        message: `The broker at ${settings.shownAddress} takes too long to open the queue ${this.#names.queues[0]}.`,
      });
    }, OPEN_MS);
    this.#consume(model, attempt)
      .catch((error: unknown) => {
        const what = `receive from the queue ${this.#names.queues[0]}`;
        this.#failed(attempt, reasonOfChannel(error, settings.shownAddress, what));
      })
      .finally(() => clearTimeout(timer));
  }

  async #consume(model: ChannelModel, attempt: number): Promise<void> {
    const { settings, request } = this.#options;
    const warning = await ensureTopology(model, settings, planTopology(settings, [request]));
    const channel = await model.createChannel();
    const session = this.#open(channel, attempt);
    if (session === undefined) return;
    // Per consumer, since quorum queues know no limit per channel: the window is divided among the shards.
    await channel.prefetch(Math.max(1, Math.floor(request.window / this.#names.queues.length)));
    for (const queue of this.#names.queues) {
      const { consumerTag } = await channel.consume(
        queue,
        (message) => {
          if (message === null) this.#failed(attempt, this.#cancelled(queue));
          else this.#deliver(session, message);
        },
        this.#shareOptions(),
      );
      session.tags.push(consumerTag);
    }
    if (attempt !== this.#attempt) return;
    this.#consuming = true;
    this.#reason = undefined;
    this.#warning = warning;
    this.#show();
  }

  /**
   * With shards, each process draws a priority per shard: the highest one becomes the single active consumer, so that
   * the shards spread over the processes, also over those that come later (quorum queues since RabbitMQ 4.0).
   */
  #shareOptions(): { readonly priority?: number } {
    const { shards, order } = this.#options.settings;
    return shards > 1 && order === 'key' ? { priority: randomInt(1, 1_000_000) } : {};
  }

  /** Takes a new channel for this attempt; undefined (and the channel closed) when another attempt has begun. */
  #open(channel: Channel, attempt: number): Session | undefined {
    const { settings } = this.#options;
    let reason: Reason | undefined;
    channel.on('error', (error) => {
      const what = `receive from the queue ${this.#names.queues[0]}`;
      reason = reasonOfChannel(error, settings.shownAddress, what);
    });
    if (attempt !== this.#attempt) {
      closeQuietly(channel);
      return undefined;
    }
    const session: Session = {
      channel,
      acks: new Acknowledger(channel),
      tags: [],
      since: performance.now(),
      alive: true,
    };
    channel.on('close', () => {
      session.alive = false;
      // Without a word of the broker about this channel it is the connection that ends: `disconnected` follows.
      if (reason !== undefined) this.#failed(attempt, reason);
    });
    this.#session = session;
    return session;
  }

  /** The broker cancels a consumer when its queue is gone, or moves to another node. */
  #cancelled(queue: string): Reason {
    return {
      code: 'CHANNEL_TOPOLOGY',
      message: `The broker at ${this.#options.settings.shownAddress} has ended the delivery from the queue ${queue}: it was deleted, or its node is away.`,
    };
  }

  #deliver(session: Session, message: ConsumeMessage): void {
    // After the end of the session the broker takes it back with the channel.
    if (!session.alive) return;
    this.#options.onMessage(
      new AmqpMessage(message, this.#prefixKey, (delivery, verb) => this.#settle(session, delivery, verb)),
    );
  }

  #settle(session: Session, message: ConsumeMessage, verb: Verb): void {
    if (!session.alive) {
      this.#stale += 1;
      return;
    }
    if (verb === 'acknowledge') session.acks.acknowledge(message);
    else session.acks.reject(message, verb === 'requeue');
  }

  #failed(attempt: number, reason: Reason): void {
    if (attempt !== this.#attempt || this.#closed !== undefined) return;
    const session = this.#session;
    if (this.#consuming && session !== undefined && performance.now() - session.since > STABLE_MS) {
      this.#failures = 0;
    }
    this.#failures += 1;
    this.#reason = reason;
    this.#stop();
    if (session !== undefined) closeQuietly(session.channel);
    this.#show();
    // Without a connection, the next one begins anew.
    if (this.#model === undefined) return;
    this.#retry = setTimeout(() => this.#start(), retryDelay(this.#options.settings, this.#failures, reason));
  }

  /** Ends the present attempt and session; what it still holds is given back by the broker. */
  #stop(): void {
    clearTimeout(this.#retry);
    this.#attempt += 1;
    this.#consuming = false;
    if (this.#session !== undefined) this.#session.alive = false;
    this.#session = undefined;
  }

  #show(): void {
    if (this.#closed !== undefined) return;
    const link = this.#options.link.state.current;
    if (link.status !== 'connected') {
      this.#state.set(link);
    } else if (this.#consuming) {
      const warning = this.#warning;
      this.#state.set({
        status: 'connected',
        protocol: PROTOCOL,
        ...(warning === undefined ? {} : { warning }),
      });
    } else if (this.#reason !== undefined) {
      const { code, message } = this.#reason;
      this.#state.set({ status: 'reconnecting', reason: { code, message } });
    }
    // Else it is about to consume: the state before says enough for that moment.
  }

  async #remove(): Promise<void> {
    await this.close();
    const { settings, link } = this.#options;
    // What somebody else declared is theirs to delete.
    if (settings.declare === 'check') return;
    const model = await link.modelWithin(REMOVE_MS);
    if (model === undefined) {
      throw new CrossdockError(
        `The queue ${this.#names.queues[0]} could not be deleted, since there is no connection to the broker at ${settings.shownAddress}. It keeps collecting messages until somebody deletes it there.`,
        { code: 'CHANNEL_OFFLINE', kind: 'transient', facts: { address: settings.shownAddress } },
      );
    }
    try {
      for (const queue of this.#names.queues) await deleteQueue(model, queue, false);
      await deleteQueue(model, this.#names.dead, true);
      await withChannel(model, (channel) => channel.deleteExchange(this.#names.hash));
    } catch (error) {
      const reason = reasonOfChannel(
        error,
        settings.shownAddress,
        `delete the queue ${this.#names.queues[0]}`,
      );
      throw new CrossdockError(reason.message, { code: reason.code, kind: 'transient', cause: error });
    }
  }
}

/**
 * Deletes a queue unless somebody else consumes it (another process shares the subscription) or, for the dead letters,
 * something is in it. RabbitMQ refuses if-unused and if-empty for quorum queues, so it is looked at first.
 */
async function deleteQueue(model: ChannelModel, name: string, onlyEmpty: boolean): Promise<void> {
  await withChannel(model, async (channel) => {
    const { consumerCount, messageCount } = await channel.checkQueue(name);
    if (consumerCount > 0 || (onlyEmpty && messageCount > 0)) return;
    await channel.deleteQueue(name);
  }).catch((error: unknown) => {
    // It is not there: that is what was wanted.
    if (replyCode(error) !== 404) throw error;
  });
}

function closeQuietly(channel: Channel): void {
  try {
    channel.close().catch(() => undefined);
  } catch {
    // It is closed already.
  }
}

async function bounded(ms: number, action: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    action().catch(() => undefined),
    new Promise((resolve) => {
      timer = setTimeout(resolve, ms);
    }),
  ]);
  clearTimeout(timer);
}
