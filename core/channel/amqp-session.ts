/** One queue consumed on a channel of its own, from its opening to its end. */
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { Acknowledger } from './amqp-acks';
import { AmqpMessage, type Verb } from './amqp-message';
import { reasonOfChannel } from './amqp-reasons';
import type { Reason } from './channel-state';

/** Ms that `close` waits for the broker's answers. */
const CLOSE_MS = 2000;

export interface SessionOptions {
  readonly queue: string;
  /** Unacknowledged messages at once. */
  readonly prefetch: number;
  readonly prefixKey: string;
  /** For sentences. */
  readonly address: string;
  readonly onMessage: (message: AmqpMessage) => void;
  /** A verb came for a message of this session after its end. */
  readonly onStale: () => void;
  /** The broker has ended it; not called after `close`, nor when the whole connection ends. */
  readonly onEnded: (reason: Reason) => void;
}

export class QueueSession {
  readonly queue: string;
  readonly #options: SessionOptions;
  readonly #channel: Channel;
  readonly #acks: Acknowledger;
  #alive = true;
  #receives = false;

  private constructor(channel: Channel, options: SessionOptions) {
    this.queue = options.queue;
    this.#channel = channel;
    this.#options = options;
    this.#acks = new Acknowledger(channel);
    let reason: Reason | undefined;
    channel.on('error', (error) => {
      reason = reasonOfChannel(error, options.address, `receive from the queue ${options.queue}`);
    });
    channel.on('close', () => {
      // Without a word of the broker about this channel it is the connection that ends, or we do.
      if (reason !== undefined) this.#ended(reason);
      this.#alive = false;
    });
  }

  /**
   * Begins to consume. A rejection leaves nothing open.
   * @throws errors of amqplib (`reasonOfChannel` explains them)
   */
  static async open(model: ChannelModel, options: SessionOptions): Promise<QueueSession> {
    const channel = await model.createChannel();
    const session = new QueueSession(channel, options);
    try {
      await channel.prefetch(options.prefetch);
      const { consumerCount } = await channel.checkQueue(options.queue);
      await channel.consume(options.queue, (message) => session.#deliver(message));
      if (consumerCount === 0) session.#receives = true;
      return session;
    } catch (error) {
      session.abandon();
      throw error;
    }
  }

  /** Among single active consumers: ours is the one that receives. It stays so until it is cancelled. */
  get receives(): boolean {
    return this.#receives;
  }

  /**
   * Writes the acknowledgements that came so far, then gives back the rest, in order. The consumer is not cancelled
   * first: the broker would make the next one active at once and give it what follows, before what this one holds
   * (measured on 3.10: always; with the channel's end alone: never).
   */
  async close(): Promise<void> {
    if (!this.#alive) return;
    this.#acks.flush();
    this.#alive = false;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      this.#channel.close().catch(() => undefined),
      new Promise((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      }),
    ]);
    clearTimeout(timer);
  }

  /** Ends it without waiting for the broker. */
  abandon(): void {
    if (this.#alive) this.#acks.flush();
    this.#alive = false;
    try {
      this.#channel.close().catch(() => undefined);
    } catch {
      // It is closed already.
    }
  }

  #deliver(message: ConsumeMessage | null): void {
    if (message === null) {
      const { address, queue } = this.#options;
      this.#ended({
        code: 'CHANNEL_TOPOLOGY',
        message: `The broker at ${address} has ended the delivery from the queue ${queue}: it was deleted, or its node is away.`,
      });
      return;
    }
    // After the end the broker takes it back with the channel.
    if (!this.#alive) return;
    this.#receives = true;
    const { prefixKey, onMessage } = this.#options;
    onMessage(new AmqpMessage(message, prefixKey, this.#settle));
  }

  /** A delivery tag means nothing outside its channel: sent to the next one, it would acknowledge another message. */
  readonly #settle = (message: ConsumeMessage, verb: Verb): void => {
    if (!this.#alive) this.#options.onStale();
    else if (verb === 'acknowledge') this.#acks.acknowledge(message);
    else this.#acks.reject(message, verb === 'requeue');
  };

  #ended(reason: Reason): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#options.onEnded(reason);
  }
}

/**
 * Which shards to leave so that they spread over the processes. The broker makes the process that comes first the
 * active consumer of every shard, and it stays that until it leaves.
 * @param receives per shard, whether we are its active consumer
 * @param processes how many processes consume the shards, ours included
 * @returns indexes of shards
 */
export function surplus(receives: readonly boolean[], processes: number): number[] {
  const fair = Math.ceil(receives.length / Math.max(1, processes));
  return receives.flatMap((active, index) => (active ? [index] : [])).slice(fair);
}
