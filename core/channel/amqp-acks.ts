/**
 * Acknowledgements on one AMQP channel, gathered per turn of the event loop: when a store commits a group of messages,
 * one frame acknowledges all of them.
 *
 * `multiple` acknowledges everything up to a delivery tag, so it is used only where that is right: RabbitMQ numbers the
 * deliveries of a channel 1, 2, 3 …, and every tag below `#lowest` is settled at the broker. The tags from there on
 * that are all acknowledged or settled already may go as one; those behind a gap go one by one.
 */
import type { Channel, ConsumeMessage } from 'amqplib';

export class Acknowledger {
  readonly #channel: Channel;
  /** The lowest tag that is not settled at the broker. */
  #lowest = 1;
  /** Tags above `#lowest` that are settled at the broker. */
  readonly #settled = new Set<number>();
  /** Acknowledged, not written yet. */
  readonly #acked = new Map<number, ConsumeMessage>();
  #scheduled = false;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  acknowledge(message: ConsumeMessage): void {
    this.#acked.set(message.fields.deliveryTag, message);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.flush());
  }

  /**
   * basic.reject at once: back to the queue, or to its dead letter exchange. Not basic.nack, which RabbitMQ 4.3 no
   * longer counts towards the delivery limit.
   */
  reject(message: ConsumeMessage, requeue: boolean): void {
    this.#settled.add(message.fields.deliveryTag);
    this.#write(() => this.#channel.reject(message, requeue));
  }

  /** Writes what is gathered. */
  flush(): void {
    this.#scheduled = false;
    if (this.#acked.size === 0) return;
    let last: ConsumeMessage | undefined;
    let count = 0;
    for (;;) {
      const message = this.#acked.get(this.#lowest);
      if (message !== undefined) {
        this.#acked.delete(this.#lowest);
        last = message;
        count += 1;
      } else if (!this.#settled.delete(this.#lowest)) break;
      this.#lowest += 1;
    }
    const upTo = last;
    if (upTo !== undefined) this.#write(() => this.#channel.ack(upTo, count > 1));
    for (const [tag, message] of this.#acked) {
      this.#settled.add(tag);
      this.#write(() => this.#channel.ack(message));
    }
    this.#acked.clear();
  }

  /** On a channel that is closing this does nothing: the broker takes back what it has no answer for. */
  #write(frame: () => void): void {
    try {
      frame();
    } catch {
      // IllegalOperationError: the channel has closed meanwhile.
    }
  }
}
