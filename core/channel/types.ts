/** Channels: where events go, whatever carries them. MQTT now; AMQP and local channels fit the same interface. */
import type { CloudEvent } from './cloudevents';

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
}

export interface PublishOptions {
  /** Ms until `publish` gives up, waiting for a connection included. Default: the channel's. */
  readonly timeoutMs?: number;
  /** Keep as the latest state for those who subscribe later (MQTT: retained). Default false. */
  readonly retain?: boolean;
  /** Another address than the one that the channel builds (MQTT: topic; AMQP: routing key). */
  readonly address?: string;
}

/**
 * A connection to where events go. `subscribe(filter, handler)` will join it with `event in`: the handler resolves
 * after the inbox has committed, and only then the channel acknowledges (PUBACK, basic.ack).
 */
export interface EventChannel {
  readonly kind: 'mqtt' | 'amqp' | 'local';
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
   * - EVENT_INVALID (permanent).
   */
  publish(event: CloudEvent, options?: PublishOptions): Promise<void>;
  /** Gives what is in flight a moment to be confirmed, rejects the rest, disconnects. Safe to call twice. */
  close(): Promise<void>;
}

export type StateListener = (state: ChannelState) => void;

/** The part of a channel that publishers need. */
export type Publisher = Pick<EventChannel, 'publish'>;
