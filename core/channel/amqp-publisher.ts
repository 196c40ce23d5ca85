/** The publishing half of an AMQP channel: confirms, returned messages, a window, and a connection of its own. */
import { type ChannelModel, type ConfirmChannel, IllegalOperationError } from 'amqplib';
import { CrossdockError } from '../errors';
import { type OutgoingMessage, optionsNow, prefixKeyOf, toAmqp } from './amqp-binding';
import type { AmqpSettings } from './amqp-config';
import { ensureTopology } from './amqp-declare';
import { AmqpLink, PROTOCOL } from './amqp-link';
import { ChannelWriter } from './amqp-publish';
import { reasonOfChannel, replyCode, replyText } from './amqp-reasons';
import { planTopology } from './amqp-topology';
import type { Reason, StateHolder } from './channel-state';
import { type CloudEvent, priorityOf } from './cloudevents';
import { type Pending, PublishQueue } from './publish-queue';
import type { PublishOptions } from './types';

/** Ms that `close` waits for confirmations. */
const CLOSE_GRACE_MS = 2000;

/** A message on its way, with what is known about its last sending. */
interface Sending {
  readonly out: OutgoingMessage;
  readonly timeoutMs: number;
  /** performance.now() */
  sentAt: number;
  /** Bytes that had come from the broker when it was sent. */
  heard: number;
  /** The broker has given it back: no queue takes its address. */
  returned: boolean;
}

export class AmqpPublisher {
  readonly state: StateHolder;
  readonly #settings: AmqpSettings;
  readonly #prefixKey: string;
  readonly #queue: PublishQueue<Sending>;
  readonly #link: AmqpLink;
  readonly #exchangeGone: () => void;
  /** The confirm channel, while it can be sent to. */
  #channel: ConfirmChannel | undefined;
  /** Writes to that channel; undefined: amqplib has to. */
  #writer: ChannelWriter | undefined;
  #blocked = false;
  /** Bytes of the largest message; less than configured once the broker has said so. */
  #maxBytes: number;
  #closing = false;

  /** @param exchangeGone called when somebody has deleted the exchange, and its bindings with it */
  constructor(settings: AmqpSettings, exchangeGone: () => void) {
    this.#settings = settings;
    this.#exchangeGone = exchangeGone;
    this.#prefixKey = prefixKeyOf(settings.topicPrefix);
    this.#maxBytes = settings.maxMessageBytes;
    this.#queue = new PublishQueue<Sending>({
      maxInFlight: settings.maxInFlight,
      timeUp: (_message, sent) => this.#timeUp(sent),
      overdue: () => this.#overdue(),
    });
    this.#link = new AmqpLink(settings, 'publishes', {
      prepare: (model) => this.#prepare(model),
      ready: () => this.#pump(),
      lost: () => this.#lost(),
      blocked: (blocked) => this.#setBlocked(blocked),
    });
    this.state = this.#link.state;
  }

  /** As `EventChannel.publish`. */
  publish(event: CloudEvent, options: PublishOptions = {}): Promise<void> {
    let message: OutgoingMessage;
    try {
      message = toAmqp(event, this.#prefixKey, options);
      if (message.size > this.#maxBytes) throw this.#refused('it is larger than the broker allows');
      if (this.#closing) throw this.#offline();
      if (this.#queue.waiting >= this.#settings.maxWaiting) throw this.#busy();
    } catch (error) {
      return Promise.reject(error);
    }
    const timeoutMs = options.timeoutMs ?? this.#settings.publishTimeoutMs;
    const settled = this.#queue.add(
      { out: message, timeoutMs, sentAt: 0, heard: 0, returned: false },
      timeoutMs,
      options.priority ?? priorityOf(event),
    );
    this.#pump();
    return settled;
  }

  /** Gives what is in flight a moment to be confirmed, rejects the rest. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#link.stop();
    this.#queue.rejectWaiting(() => this.#offline());
    await this.#queue.drained(CLOSE_GRACE_MS);
    await this.#link.close();
    this.#queue.close(() => this.#offline());
  }

  async #prepare(model: ChannelModel): Promise<void> {
    const { shownAddress, exchange } = this.#settings;
    this.#setBlocked(false);
    await ensureTopology(model, this.#settings, planTopology(this.#settings, []));
    const channel = await model.createConfirmChannel();
    let reason: Reason | undefined;
    channel.on('error', (error) => {
      reason = reasonOfChannel(error, shownAddress, `publish to the exchange ${exchange}`);
      if (replyCode(error) === 404) this.#exchangeGone();
      // The others need not wait for long.
      if (this.#refuseCulprits(error)) reason = { code: reason.code, message: reason.message };
    });
    channel.on('close', () => {
      if (this.#channel !== channel) return;
      this.#channel = undefined;
      this.#link.drop(
        reason ?? {
          code: 'CHANNEL_UNREACHABLE',
          message: `The broker at ${shownAddress} ended the connection.`,
        },
      );
    });
    channel.on('return', ({ properties, fields }) => this.#returned(properties.messageId, fields.routingKey));
    this.#channel = channel;
    this.#writer = ChannelWriter.of(channel, exchange);
  }

  #lost(): void {
    this.#channel = undefined;
    this.#blocked = false;
    this.#queue.again();
  }

  #pump(): void {
    const channel = this.#channel;
    if (channel === undefined || this.#blocked || this.state.current.status !== 'connected') return;
    const { heard } = this.#link;
    let sent = false;
    for (let next = this.#queue.take(); next !== undefined; next = this.#queue.take()) {
      next.message.sentAt = performance.now();
      next.message.heard = heard;
      next.message.returned = false;
      if (!this.#send(channel, next)) return;
      sent = true;
    }
    if (sent && this.#writer === undefined) this.#link.gather();
  }

  /** @returns whether more can be sent */
  #send(channel: ConfirmChannel, pending: Pending<Sending>): boolean {
    const { out } = pending.message;
    const options = optionsNow(out);
    const confirmed = (error: unknown): void => this.#confirmed(channel, pending, error);
    try {
      if (this.#writer === undefined) {
        const body = typeof out.body === 'string' ? Buffer.from(out.body) : out.body;
        channel.publish(this.#settings.exchange, out.routingKey, body, options, confirmed);
      } else if (!this.#writer.publish(out, options, confirmed)) {
        throw new RangeError('its properties are too long');
      }
      return true;
    } catch (error) {
      // The channel is closing: `lost` follows, and the message is sent again.
      if (error instanceof IllegalOperationError) return false;
      this.#queue.settle(pending, this.#refused('it cannot be written as an AMQP message', error));
      return true;
    }
  }

  #confirmed(channel: ConfirmChannel, pending: Pending<Sending>, error: unknown): void {
    // amqplib also calls this with an error when the channel closes, or has closed: those are sent again.
    const nack = error instanceof Error && error.message === 'message nacked';
    if (this.#channel !== channel || (error !== null && error !== undefined && !nack)) return;
    const { shownAddress } = this.#settings;
    if (nack) {
      this.#queue.settle(
        pending,
        busy(
          `The broker at ${shownAddress} could not take the event now (a queue is full, or its nodes are away).`,
        ),
      );
    } else if (pending.message.returned) {
      this.#queue.settle(
        pending,
        new CrossdockError(
          `Nobody is subscribed to ${pending.message.out.address} at the broker at ${shownAddress}, so the event was not kept there.`,
          { code: 'CHANNEL_UNROUTABLE', kind: 'transient', facts: { address: pending.message.out.address } },
        ),
      );
    } else this.#queue.settle(pending);
    this.#pump();
  }

  /**
   * basic.return comes before the confirmation, which looks like any other. The same id may be in flight twice: the
   * broker answers in the order of sending, so the first one that is not marked is meant.
   */
  #returned(messageId: unknown, routingKey: string): void {
    for (const { message } of this.#queue.inFlight) {
      const { out } = message;
      if (out.messageId === messageId && out.routingKey === routingKey && !message.returned) {
        message.returned = true;
        return;
      }
    }
  }

  /**
   * The broker closes the channel for a message that it will not take. Sent again, it would close the next one.
   * @returns whether some messages are to blame, and refused now
   */
  #refuseCulprits(error: unknown): boolean {
    const code = replyCode(error);
    const text = replyText(error);
    const limit = Number(/message size \d+ is larger than configured max size (\d+)/.exec(text)?.[1]);
    let culprit: ((message: Sending) => boolean) | undefined;
    let why = 'this user may not publish there';
    if (code === 403) {
      const key = /access to topic '([^']*)'/.exec(text)?.[1];
      culprit = (message) => key === undefined || message.out.routingKey === key;
    } else if (code === 406 && limit > 0) {
      this.#maxBytes = Math.min(this.#maxBytes, limit);
      why = 'it is larger than the broker allows';
      culprit = (message) => message.out.size > limit;
    }
    if (culprit === undefined) return false;
    for (const pending of [...this.#queue.inFlight]) {
      if (culprit(pending.message)) this.#queue.settle(pending, this.#refused(why));
    }
    return true;
  }

  #setBlocked(blocked: boolean): void {
    this.#blocked = blocked;
    if (this.state.current.status !== 'connected') return;
    const { shownAddress } = this.#settings;
    this.state.set({
      status: 'connected',
      protocol: PROTOCOL,
      ...(blocked
        ? {
            warning: {
              code: 'BROKER_BLOCKED',
              message: `The broker at ${shownAddress} takes no events now: it is short of memory or disk space. They wait here.`,
            },
          }
        : {}),
    });
    if (!blocked) this.#pump();
  }

  #timeUp(sent: boolean): CrossdockError {
    const { shownAddress } = this.#settings;
    if (this.#channel === undefined) return this.#offline();
    if (!sent || this.#blocked) return this.#busy();
    return new CrossdockError(
      `The broker at ${shownAddress} did not confirm the event in time. It may have it: publish it again with the same id.`,
      { code: 'CHANNEL_TIMEOUT', kind: 'transient' },
    );
  }

  /**
   * Messages that ran out of time keep their place until a late confirmation. When the broker said nothing at all since
   * one was sent, or when they fill the window, the connection is dead whatever TCP believes. One that was sent only
   * just before its time was up proves nothing.
   */
  #overdue(): void {
    if (this.#blocked) return;
    const now = performance.now();
    const { heard } = this.#link;
    const late = [...this.#queue.inFlight].filter(
      ({ settled, message }) => settled && now - message.sentAt >= message.timeoutMs / 2,
    );
    if (late.length < this.#settings.maxInFlight && !late.some(({ message }) => message.heard === heard))
      return;
    this.#link.drop({
      code: 'CHANNEL_UNREACHABLE',
      message: `The broker at ${this.#settings.shownAddress} does not answer.`,
    });
  }

  #offline(): CrossdockError {
    const { reason } = this.state.current;
    const address = this.#settings.shownAddress;
    return new CrossdockError(
      `No connection to the broker at ${address}. ${reason?.message ?? 'It has not answered yet.'}`,
      {
        code: 'CHANNEL_OFFLINE',
        kind: 'transient',
        facts: { address, reason: reason?.code ?? 'CHANNEL_CONNECTING' },
      },
    );
  }

  #busy(): CrossdockError {
    if (this.#channel === undefined) return this.#offline();
    const { shownAddress } = this.#settings;
    return busy(
      this.state.current.warning?.message ??
        `The broker at ${shownAddress} takes events slower than they come.`,
      { waiting: this.#queue.waiting },
    );
  }

  #refused(why: string, cause?: unknown): CrossdockError {
    return new CrossdockError(`The event cannot be published to ${this.#settings.shownAddress}: ${why}.`, {
      code: 'CHANNEL_REFUSED',
      kind: 'permanent',
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

function busy(sentence: string, facts: Record<string, number> = {}): CrossdockError {
  return new CrossdockError(sentence, { code: 'CHANNEL_BUSY', kind: 'transient', facts });
}
