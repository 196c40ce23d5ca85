/** The MQTT channel: publishes with QoS 1 and resolves when the broker has confirmed; opens subscriptions. */
import { CrossdockError } from '../errors';
import { checkedAddress } from './address';
import { assertEvent, type CloudEvent, priorityOf, type WrittenEvent } from './cloudevents';
import { toMqtt, topicOf } from './mqtt-binding';
import { type MqttChannelConfig, type MqttSettings, mqttSettings } from './mqtt-config';
import { MqttLink, type Up } from './mqtt-link';
import { brokerCheck } from './mqtt-probe';
import { errorOfPuback, reasonOfSilence } from './mqtt-reasons';
import { checkedRequest, MqttSubscription } from './mqtt-subscription';
import { type Pending, PublishQueue } from './publish-queue';
import type {
  ChannelState,
  EventChannel,
  PublishOptions,
  ReceivedMessage,
  StateListener,
  Subscription,
  SubscriptionRequest,
} from './types';

/** Ms that `close` waits for confirmations. */
const CLOSE_GRACE_MS = 2000;

interface Outgoing {
  readonly event: CloudEvent;
  readonly written: WrittenEvent | undefined;
  readonly topic: string;
  readonly retain: boolean;
  /** performance.now() of the last time it was sent. */
  sentAt: number;
}

/**
 * Opens a channel to an MQTT broker; returns at once and connects in the background, for as long as it is not closed.
 * MQTT 5 is offered first, then 3.1.1. Throws CONFIG_ENV_MISSING or CONFIG_INVALID (permanent).
 */
export function openMqttChannel(config: MqttChannelConfig): EventChannel {
  return new MqttChannel(mqttSettings(config));
}

class MqttChannel implements EventChannel {
  readonly kind = 'mqtt';
  readonly #settings: MqttSettings;
  readonly #link: MqttLink;
  readonly #queue: PublishQueue<Outgoing>;
  readonly #subscriptions = new Map<string, MqttSubscription>();
  readonly #ending = new AbortController();
  readonly #check;
  #closing = false;
  #closed: Promise<void> | undefined;

  constructor(settings: MqttSettings) {
    this.#settings = settings;
    this.#check = brokerCheck(settings, this.#ending.signal);
    this.#queue = new PublishQueue({
      maxInFlight: settings.maxInFlight,
      timeUp: (_message, sent) => (sent ? this.#unconfirmed() : this.#full()),
      overdue: () => this.#overdue(),
    });
    // A publisher has no session to come back to: the caller's store holds what was not confirmed.
    this.#link = new MqttLink(
      settings,
      { clientId: settings.clientId },
      {
        up: () => {
          this.#link.ready();
          this.#pump();
        },
        acknowledged: () => this.#pump(),
        // What was sent and not confirmed is sent again first, in the same order; the id tells duplicates.
        down: () => this.#queue.again(),
      },
    );
    this.#link.start();
  }

  get state(): ChannelState {
    return this.#link.state;
  }

  onState(listener: StateListener): () => void {
    return this.#link.onState(listener);
  }

  async publish(event: CloudEvent, options: PublishOptions = {}): Promise<void> {
    if (options.written === undefined) assertEvent(event);
    if (this.#closing) throw this.#offline();
    const topic =
      options.address === undefined
        ? topicOf(event, this.#settings.topicPrefix)
        : checkedAddress(`${this.#settings.topicPrefix}/${options.address}`);
    if (this.#queue.waiting >= this.#settings.maxWaiting) throw this.#full();
    const { written, retain = false } = options;
    const outgoing = { event, written, topic, retain, sentAt: 0 };
    const timeoutMs = options.timeoutMs ?? this.#settings.publishTimeoutMs;
    const confirmed = this.#queue.add(outgoing, timeoutMs, options.priority ?? priorityOf(event));
    this.#pump();
    await confirmed;
  }

  subscribe(request: SubscriptionRequest, onMessage: (message: ReceivedMessage) => void): Subscription {
    const checked = checkedRequest(this.#settings, request);
    if (this.#closing) throw this.#offline();
    const same = this.#subscriptions.get(request.name);
    if (same !== undefined && same.state.status !== 'closed') {
      throw new CrossdockError(
        'This channel has a subscription of that name already. Two of one name would throw each other out.',
        { code: 'CONFIG_INVALID', kind: 'permanent', facts: { setting: 'name' } },
      );
    }
    const subscription = new MqttSubscription(this.#settings, checked, this.#check, onMessage);
    this.#subscriptions.set(request.name, subscription);
    return subscription;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing = true;
    this.#ending.abort();
    const subscriptions = [...this.#subscriptions.values()].map((subscription) => subscription.close());
    this.#link.stop({ code: 'CHANNEL_CLOSED', message: 'The channel was closed.' });
    this.#queue.rejectWaiting(() => this.#offline());
    await this.#queue.drained(CLOSE_GRACE_MS);
    await Promise.all([this.#link.close(), ...subscriptions]);
    this.#queue.close(() => this.#offline());
  }

  #pump(): void {
    const up = this.#link.current;
    if (up === undefined) return;
    while (up.connection.inFlight < up.limits.receiveMaximum) {
      const next = this.#queue.take();
      if (next === undefined) return;
      this.#send(next, up);
    }
  }

  #send(pending: Pending<Outgoing>, { connection, limits, version }: Up): void {
    const { message: outgoing } = pending;
    const { event, written, topic, retain } = outgoing;
    try {
      if (retain && !limits.retainAvailable) throw this.#refused('the broker does not keep latest states');
      const message = toMqtt(event, version, this.#settings.contentMode, Date.now(), written);
      outgoing.sentAt = performance.now();
      const sent = connection.publish(topic, message, retain, limits.maximumPacketSize, (refusal) => {
        // A confirmation of an earlier connection never gets here (see MqttConnection.publish).
        if (refusal === undefined) this.#link.progressed();
        const { shownAddress } = this.#settings;
        this.#queue.settle(pending, refusal === undefined ? undefined : errorOfPuback(refusal, shownAddress));
        this.#pump();
      });
      if (!sent) throw this.#refused('it is larger than the broker allows');
    } catch (error) {
      this.#queue.settle(
        pending,
        error instanceof CrossdockError
          ? error
          : this.#refused('it could not be put into an MQTT message', error),
      );
    }
  }

  /**
   * Sent ones that have run out of time keep their places until a late confirmation. When the broker said nothing at
   * all since, or when such ones fill the connection, it is dead whatever TCP believes.
   */
  #overdue(): void {
    const connection = this.#link.current?.connection;
    if (connection === undefined) return;
    const sent = [...this.#queue.inFlight];
    const late = sent.filter(({ settled }) => settled);
    const dead = late.some(({ message }) => connection.lastPacketAt < message.sentAt);
    if (dead || (late.length > 0 && late.length === sent.length)) {
      connection.drop(reasonOfSilence(this.#settings.shownAddress));
    }
  }

  #unconfirmed(): CrossdockError {
    return new CrossdockError(
      `The broker at ${this.#settings.shownAddress} did not confirm the event in time. It may have it: publish it again with the same id.`,
      { code: 'CHANNEL_TIMEOUT', kind: 'transient' },
    );
  }

  #offline(): CrossdockError {
    const { reason } = this.#link.state;
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

  #full(): CrossdockError {
    if (this.#link.current === undefined) return this.#offline();
    return new CrossdockError(
      `The broker at ${this.#settings.shownAddress} takes events slower than they come.`,
      { code: 'CHANNEL_BUSY', kind: 'transient', facts: { waiting: this.#queue.waiting } },
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
