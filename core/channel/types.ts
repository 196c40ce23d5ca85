/** Channels: where events go and come from, whatever carries them: MQTT, AMQP 0-9-1, or the store itself. */
import type { CrossdockError } from '../errors';
import type { Statement, Store } from '../store';
import type { CloudEvent, WrittenEvent } from './cloudevents';

export interface ChannelState {
  /**
   * - `connecting`: never connected so far;
   * - `connected`;
   * - `reconnecting`: was connected or was refused, tries again and never stops;
   * - `closed`: by `close()`, for good.
   */
  readonly status: 'connecting' | 'connected' | 'reconnecting' | 'closed';
  /** Why it is not connected: a sentence for an analyst and a stable code. */
  readonly reason?: { readonly code: string; readonly message: string };
  /** What was negotiated, while connected; for example `MQTT 5`. */
  readonly protocol?: string;
  /** Connected, but less durable than promised (the start-up probe of the broker); for example BROKER_VOLATILE. */
  readonly warning?: { readonly code: string; readonly message: string };
}

/** A durable subscription: what is published while nobody listens waits for it at the broker. */
export interface SubscriptionRequest {
  /** Its name at the broker (part of the client id, of the queue's name): the same after restarts and deploys. */
  readonly name: string;
  /**
   * Which addresses, in MQTT's grammar, below the channel's prefix: levels parted by `/`, `+` for one level, `#` at
   * the end for all further ones. An event's address is `<domain>/<entity>/<event>/<site>/<key>` (`addressOf`), so
   * `order/#` is all about orders. AMQP translates it to binding keys; the analyst writes the same on every kind.
   */
  readonly filter: string;
  /** The filter that this subscription had before, when it has changed: the broker is told to forget it. */
  readonly previousFilter?: string;
  /** Messages that may be unacknowledged at once (MQTT 5: receive maximum; AMQP: prefetch). The back-pressure. */
  readonly window: number;
}

/** A message as the broker delivered it. Exactly one of the three verbs is to be called, once; later calls are no-ops. */
export interface ReceivedMessage {
  /** Where it was published to, below the channel's prefix, in MQTT's grammar. */
  readonly address: string;
  readonly body: Buffer;
  readonly contentType: string | undefined;
  /** User properties (MQTT 5) or headers (AMQP) that are texts, numbers or booleans, as texts. */
  readonly headers: Readonly<Record<string, string>>;
  /** The sender's id of the message, when the protocol has one (AMQP message-id). */
  readonly messageId: string | undefined;
  /** The event, when it is one. */
  readonly event: CloudEvent | undefined;
  /** Why it is not an event (EVENT_INVALID). */
  readonly problem: CrossdockError | undefined;
  /** The broker says that it has delivered it before. */
  readonly redelivered: boolean;
  /** Earlier deliveries, when the broker counts them (quorum queues: x-delivery-count). */
  readonly deliveries: number | undefined;
  /** It is in our hands: the broker may forget it. A late one (other connection, other channel) is dropped. */
  acknowledge(): void;
  /** Not now: deliver it again. MQTT knows no such verb: there it stays unacknowledged until the next connection. */
  requeue(): void;
  /** Never again: to the broker's dead letter exchange where there is one. MQTT: acknowledged. */
  discard(): void;
}

export interface Subscription {
  /** Connection and subscription together: `connected` only while messages can arrive. */
  readonly state: ChannelState;
  onState(listener: (state: ChannelState) => void): () => void;
  /** Counts for the status and for tests: late acknowledgements that were dropped since their channel was gone. */
  readonly staleAcknowledgements: number;
  /**
   * Stops receiving; the durable subscription stays at the broker. What was delivered and not acknowledged is given
   * back. Acknowledgements that came before are written first. Safe to call twice.
   */
  close(): Promise<void>;
  /** Ends the durable subscription at the broker as well: its node was removed. */
  remove(): Promise<void>;
}

export interface PublishOptions {
  /** Ms until `publish` gives up, waiting for a connection included. Default: the channel's. */
  readonly timeoutMs?: number;
  /** 1 to 9, lower goes first: who waits for a place in the window. Default: the event's extension `priority`, or 5. */
  readonly priority?: number;
  /** Keep as the latest state for those who subscribe later (MQTT: retained). Default false. */
  readonly retain?: boolean;
  /** Another address than the event's own (`addressOf`), below the channel's prefix, in MQTT's grammar. */
  readonly address?: string | undefined;
  /**
   * The event as JSON, from a caller who has it: then it counts as checked, is not written again, and need not have its
   * data beside it. A local channel's `publish` does not know it.
   */
  readonly written?: WrittenEvent;
}

/** A connection to where events go and come from. */
export interface EventChannel {
  readonly kind: 'mqtt' | 'amqp';
  readonly state: ChannelState;
  /** Calls the listener at every change of `state` from now on; returns what ends that. */
  onState(listener: (state: ChannelState) => void): () => void;
  /**
   * Publishes one event; resolves only after the broker has confirmed it. A channel keeps nothing durable: whoever
   * gets a rejection still has the event and publishes it again, with the same id.
   *
   * Rejects with `CrossdockError`
   * - CHANNEL_OFFLINE (transient): no connection within the time, or closed;
   * - CHANNEL_TIMEOUT (transient): sent, not confirmed within the time;
   * - CHANNEL_BUSY (transient): too much is waiting, or the broker cannot take it now;
   * - CHANNEL_REFUSED (permanent): the broker will not take this event (rights, size, topic);
   * - CHANNEL_UNROUTABLE (transient): nobody is subscribed to its address (AMQP: returned as mandatory);
   * - EVENT_INVALID (permanent).
   */
  publish(event: CloudEvent, options?: PublishOptions): Promise<void>;
  /**
   * Subscribes; returns at once and keeps the subscription alive over reconnects. `onMessage` is called for each
   * message, in the order of the broker, and must not throw; it or what it starts calls one of the message's verbs.
   * Throws CONFIG_INVALID (permanent) for a filter that cannot be.
   */
  subscribe(request: SubscriptionRequest, onMessage: (message: ReceivedMessage) => void): Subscription;
  /** Gives what is in flight a moment to be confirmed, rejects the rest, disconnects. Safe to call twice. */
  close(): Promise<void>;
}

export interface LocalRequest extends Pick<SubscriptionRequest, 'name' | 'filter'> {
  /** Of each partition key only the newest event waits; an inbox opened with `newestOnly` takes them. Default: all. */
  readonly newestOnly?: boolean | undefined;
}

/**
 * A channel without a broker: a durable queue between flows, in the store itself. A publish writes straight into the
 * inboxes of the subscriptions, in the publisher's own unit: there is nothing between that could be lost or doubled.
 */
export interface LocalChannel {
  readonly kind: 'local';
  readonly state: ChannelState;
  onState(listener: (state: ChannelState) => void): () => void;
  readonly store: Store;
  /**
   * Declares a durable subscription (and forgets its earlier filter).
   * @returns the name of the inbox source that holds its messages
   */
  declare(request: LocalRequest): Promise<string>;
  /** Ends the subscription; what waits in its inbox is deleted with it. */
  remove(name: string): Promise<void>;
  /** Whether some subscription takes events of this address. */
  routable(event: CloudEvent, address?: string): boolean;
  /** The statements that put the event into its subscriptions' inboxes, for a unit of `store`. */
  statements(event: CloudEvent, options?: Pick<PublishOptions, 'address' | 'written'>): readonly Statement[];
  /** Tells the inboxes of these events' subscriptions, after the unit has committed. */
  published(events: readonly CloudEvent[]): void;
  /** Called with the source whose inbox got messages. */
  onPublished(listener: (source: string) => void): () => void;
  /** As on the other kinds: CHANNEL_UNROUTABLE (transient) when nobody is subscribed. */
  publish(event: CloudEvent, options?: PublishOptions): Promise<void>;
  close(): Promise<void>;
}

export type AnyChannel = EventChannel | LocalChannel;

export type StateListener = (state: ChannelState) => void;

/** The part of a channel that publishers need. */
export type Publisher = Pick<AnyChannel, 'publish'>;
