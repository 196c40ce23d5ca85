/**
 * The AMQP 0-9-1 channel (RabbitMQ): publishes with confirms and `mandatory`, subscribes with durable queues.
 *
 * It has two connections, since RabbitMQ stops reading from a connection that publishes during a memory or disk alarm:
 * acknowledgements on the same connection would be stuck, and the queues could not be emptied. The second one is opened
 * with the first subscription. There is no retained state in AMQP: `retain` has no effect.
 */
import { type AmqpChannelConfig, type AmqpSettings, amqpSettings } from './amqp-config';
import { AmqpLink } from './amqp-link';
import { AmqpPublisher } from './amqp-publisher';
import { AmqpSubscription } from './amqp-subscription';
import { planTopology } from './amqp-topology';
import type { CloudEvent } from './cloudevents';
import { whole } from './settings';
import type {
  ChannelState,
  EventChannel,
  PublishOptions,
  ReceivedMessage,
  StateListener,
  Subscription,
  SubscriptionRequest,
} from './types';

/**
 * Opens a channel to an AMQP 0-9-1 broker; returns at once and connects in the background, for as long as it is not
 * closed. Throws CONFIG_ENV_MISSING or CONFIG_INVALID (permanent).
 */
export function openAmqpChannel(config: AmqpChannelConfig): EventChannel {
  return new AmqpChannel(amqpSettings(config));
}

class AmqpChannel implements EventChannel {
  readonly kind = 'amqp';
  readonly #settings: AmqpSettings;
  readonly #publisher: AmqpPublisher;
  readonly #subscriptions = new Set<AmqpSubscription>();
  #consumers: AmqpLink | undefined;
  #closed: Promise<void> | undefined;

  constructor(settings: AmqpSettings) {
    this.#settings = settings;
    this.#publisher = new AmqpPublisher(settings, () => {
      for (const subscription of this.#subscriptions) subscription.renew();
    });
  }

  get state(): ChannelState {
    return this.#publisher.state.current;
  }

  onState(listener: StateListener): () => void {
    return this.#publisher.state.onState(listener);
  }

  publish(event: CloudEvent, options?: PublishOptions): Promise<void> {
    return this.#publisher.publish(event, options);
  }

  subscribe(request: SubscriptionRequest, onMessage: (message: ReceivedMessage) => void): Subscription {
    // What cannot be is refused here, not when there is a connection.
    planTopology(this.#settings, [request]);
    whole(request.window, 1, 1, 65_535, 'window');
    this.#consumers ??= this.#openConsumers();
    const subscription: AmqpSubscription = new AmqpSubscription({
      settings: this.#settings,
      link: this.#consumers,
      request,
      onMessage,
      ended: () => this.#subscriptions.delete(subscription),
    });
    this.#subscriptions.add(subscription);
    if (this.#closed !== undefined) {
      void subscription.close();
      void this.#consumers.close();
    } else if (this.#consumers.model !== undefined) subscription.connected(this.#consumers.model);
    return subscription;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const consumers = async (): Promise<void> => {
      await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
      await this.#consumers?.close();
    };
    await Promise.all([this.#publisher.close(), consumers()]);
  }

  #openConsumers(): AmqpLink {
    return new AmqpLink(this.#settings, 'receives', {
      ready: (model) => {
        for (const subscription of this.#subscriptions) subscription.connected(model);
      },
      lost: () => {
        for (const subscription of this.#subscriptions) subscription.disconnected();
      },
    });
  }
}
