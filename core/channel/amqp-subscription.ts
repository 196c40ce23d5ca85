/**
 * A durable subscription over AMQP: a queue (or one per shard) that is consumed for as long as nobody closes it, on
 * channels that are opened again whenever they end.
 *
 * Shards are shared among processes: each shard has one active consumer, and a process that has more than its part
 * leaves some to the others. What it had not acknowledged goes over with the shard, in order; as after a broken
 * connection it is delivered again, and late verbs are dropped.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelModel } from 'amqplib';
import { CrossdockError } from '../errors';
import { prefixKeyOf } from './amqp-binding';
import type { AmqpSettings } from './amqp-config';
import { ensureTopology, rebind, withChannel } from './amqp-declare';
import { type AmqpLink, CLOSED, PROTOCOL, retryDelay } from './amqp-link';
import { reasonOfChannel, replyCode } from './amqp-reasons';
import { QueueSession, surplus } from './amqp-session';
import { planTopology, type SubscriptionNames, subscriptionNames } from './amqp-topology';
import { type Reason, StateHolder } from './channel-state';
import type {
  ChannelState,
  ReceivedMessage,
  StateListener,
  Subscription,
  SubscriptionRequest,
} from './types';

/** Ms after which the state says what is waited for. */
const SLOW_MS = 2000;
/** Ms that the broker has from then on to declare and to begin delivering. */
const OPEN_MS = 60_000;
/** Ms that `remove` waits for a connection. */
const REMOVE_MS = 5000;
/** Ms that `remove` gives the broker to take our consumers off their queues: it does so only after their channels. */
const LEAVE_MS = 2000;
/** Ms between two looks at that. */
const LOOK_MS = 25;
/** Ms after which consuming counts as good, so that its end starts the backoff anew. */
const STABLE_MS = 10_000;
/** Ms between two looks at how many processes share the shards, on average. */
const BALANCE_MS = 2000;
/** Ms between two times of binding, on average. */
const REBIND_MS = 30_000;

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
  #sessions: QueueSession[] = [];
  /** Counts the attempts to consume; a step of an earlier one finds another number and stops. */
  #attempt = 0;
  #failures = 0;
  #consuming = false;
  #reason: Reason | undefined;
  #warning: Reason | undefined;
  #since = 0;
  #retry: NodeJS.Timeout | undefined;
  #opening: NodeJS.Timeout | undefined;
  #upkeep: NodeJS.Timeout | undefined;
  #boundAt = 0;
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

  /** Something that it needs may be gone at the broker: declares it again. */
  renew(): void {
    if (this.#consuming) this.#start();
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
    const sessions = this.#sessions;
    this.#sessions = [];
    const closed = sessions.map((session) => session.close());
    this.#stop();
    this.#unlisten();
    this.#state.set(CLOSED);
    this.#options.ended();
    await Promise.all(closed);
  }

  /** A first attempt, or the next one: declares what is needed and consumes. */
  #start(): void {
    const model = this.#model;
    if (model === undefined || this.#closed !== undefined) return;
    this.#stop();
    const attempt = this.#attempt;
    this.#opening = setTimeout(() => this.#slow(attempt, performance.now()), SLOW_MS);
    this.#consume(model, attempt).catch((error: unknown) => this.#failed(attempt, this.#reasonOf(error)));
  }

  /** Says what takes so long; after a while begins anew. */
  #slow(attempt: number, since: number): void {
    const { shownAddress } = this.#options.settings;
    const reason = {
      code: 'CHANNEL_UNAVAILABLE',
      message: `The broker at ${shownAddress} takes long to open the queue ${this.#names.queues[0]}. A quorum queue waits until most of its nodes are there.`,
    };
    this.#reason = reason;
    this.#show();
    const left = OPEN_MS - (performance.now() - since);
    this.#opening = setTimeout(() => this.#failed(attempt, reason), left);
  }

  async #consume(model: ChannelModel, attempt: number): Promise<void> {
    const { settings, request } = this.#options;
    const { queues, members } = this.#names;
    const warning = await ensureTopology(model, settings, planTopology(settings, [request]));
    for (const queue of queues) {
      if (!(await this.#open(model, queue, attempt))) return;
    }
    const shared = queues.length > 1 && settings.order === 'key';
    if (shared && !(await this.#open(model, members, attempt))) return;
    clearTimeout(this.#opening);
    this.#consuming = true;
    this.#since = performance.now();
    this.#boundAt = this.#since;
    this.#reason = undefined;
    this.#warning = warning;
    this.#show();
    this.#keepUp(model, attempt, shared);
  }

  /** @returns whether this attempt is still the present one */
  async #open(model: ChannelModel, queue: string, attempt: number): Promise<boolean> {
    if (attempt !== this.#attempt) return false;
    const { settings, request, onMessage } = this.#options;
    const session = await QueueSession.open(model, {
      queue,
      // Per queue, since quorum queues know no limit per channel: the window is divided among the shards.
      prefetch: Math.max(1, Math.floor(request.window / this.#names.queues.length)),
      prefixKey: this.#prefixKey,
      address: settings.shownAddress,
      onMessage,
      onStale: () => {
        this.#stale += 1;
      },
      onEnded: (reason) => this.#failed(attempt, reason),
    });
    if (attempt !== this.#attempt) {
      session.abandon();
      return false;
    }
    this.#sessions.push(session);
    return true;
  }

  /** From time to time: binds again what somebody may have unbound, and shares the shards. */
  #keepUp(model: ChannelModel, attempt: number, shared: boolean): void {
    // Not all processes at the same moment.
    const delay = (shared ? BALANCE_MS : REBIND_MS) * (0.5 + Math.random());
    this.#upkeep = setTimeout(() => {
      this.#look(model, attempt, shared).then(
        () => {
          if (attempt === this.#attempt) this.#keepUp(model, attempt, shared);
        },
        (error: unknown) => this.#failed(attempt, this.#reasonOf(error)),
      );
    }, delay);
  }

  async #look(model: ChannelModel, attempt: number, shared: boolean): Promise<void> {
    const { settings, request } = this.#options;
    if (performance.now() - this.#boundAt > REBIND_MS / 2) {
      await rebind(model, settings, planTopology(settings, [request]));
      this.#boundAt = performance.now();
    }
    if (shared) await this.#balance(model, attempt);
  }

  async #balance(model: ChannelModel, attempt: number): Promise<void> {
    const { queues, members } = this.#names;
    const { consumerCount } = await withChannel(model, (channel) => channel.checkQueue(members));
    const shards = this.#sessions.filter(({ queue }) => queues.includes(queue));
    const leave = surplus(
      shards.map(({ receives }) => receives),
      consumerCount,
    );
    for (const index of leave) {
      const session = shards[index];
      if (attempt !== this.#attempt || session === undefined) return;
      this.#sessions = this.#sessions.filter((other) => other !== session);
      await session.close();
      // At the end of the line: it takes over again when the others go.
      if (!(await this.#open(model, session.queue, attempt))) return;
    }
  }

  #reasonOf(error: unknown): Reason {
    const what = `receive from the queue ${this.#names.queues[0]}`;
    return reasonOfChannel(error, this.#options.settings.shownAddress, what);
  }

  #failed(attempt: number, reason: Reason): void {
    if (attempt !== this.#attempt || this.#closed !== undefined) return;
    if (this.#consuming && performance.now() - this.#since > STABLE_MS) this.#failures = 0;
    this.#failures += 1;
    this.#reason = reason;
    this.#stop();
    this.#show();
    // Without a connection, the next one begins anew.
    if (this.#model === undefined) return;
    this.#retry = setTimeout(() => this.#start(), retryDelay(this.#options.settings, this.#failures, reason));
  }

  /** Ends the present attempt and its sessions; what they still hold is given back by the broker. */
  #stop(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#opening);
    clearTimeout(this.#upkeep);
    this.#attempt += 1;
    this.#consuming = false;
    for (const session of this.#sessions) session.abandon();
    this.#sessions = [];
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
    const until = performance.now() + LEAVE_MS;
    try {
      for (const queue of this.#names.queues) await deleteQueue(model, queue, until);
      await deleteQueue(model, this.#names.dead, until, true);
      await deleteQueue(model, this.#names.members, until);
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
 * @param until performance.now() up to which a consumer may be one of ours that the broker still counts
 */
async function deleteQueue(
  model: ChannelModel,
  name: string,
  until: number,
  onlyEmpty = false,
): Promise<void> {
  await withChannel(model, async (channel) => {
    let { consumerCount, messageCount } = await channel.checkQueue(name);
    while (consumerCount > 0 && performance.now() < until) {
      await sleep(LOOK_MS);
      ({ consumerCount, messageCount } = await channel.checkQueue(name));
    }
    if (consumerCount > 0 || (onlyEmpty && messageCount > 0)) return;
    await channel.deleteQueue(name);
  }).catch((error: unknown) => {
    // It is not there: that is what was wanted.
    if (replyCode(error) !== 404) throw error;
  });
}
