/** The MQTT channel: keeps a connection, sends with QoS 1, resolves when the broker has confirmed. */
import { backoffDelay } from '../delivery/backoff';
import { CrossdockError } from '../errors';
import { assertEvent, type CloudEvent } from './cloudevents';
import { checkedTopic, toMqtt, topicOf } from './mqtt-binding';
import { type MqttChannelConfig, type MqttSettings, mqttSettings } from './mqtt-config';
import { type BrokerLimits, MqttConnection, type MqttVersion } from './mqtt-connection';
import { errorOfPuback, type Reason, reasonOfDrops } from './mqtt-reasons';
import type { ChannelState, EventChannel, PublishOptions, StateListener } from './types';

/** Silent hang-ups in a row after which MQTT 3.1.1 is tried: some old brokers refuse version 5 without a word. */
const SILENT_LIMIT = 3;
/** Ms at least before the next attempt when the broker refused us: brokers ban those who insist. */
const SLOW_MS = 5000;
/** Ms after which a connection counts as good, so that its end starts the backoff anew. */
const STABLE_MS = 10_000;
/** Ms within which the broker hangs up twice in a row for us to suspect another client with our client id. */
const DROPPED_MS = 60_000;
/** Ms that `close` waits for confirmations. */
const CLOSE_GRACE_MS = 2000;
/** Fixed header, topic length, packet id: a generous bound of what stands beside topic, properties and payload. */
const PACKET_OVERHEAD = 64;

interface Entry {
  readonly event: CloudEvent;
  readonly topic: string;
  readonly retain: boolean;
  readonly settle: (error?: CrossdockError) => void;
  timer: NodeJS.Timeout | undefined;
  sentAt: number | undefined;
  /** Its caller has been told; while true, it only holds its place on the connection. */
  settled: boolean;
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
  readonly #listeners = new Set<StateListener>();
  readonly #inFlight = new Set<Entry>();
  #waiting: Entry[] = [];
  #state: ChannelState = { status: 'connecting' };
  #connection: MqttConnection | undefined;
  #limits: BrokerLimits | undefined;
  #connectedAt = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #failures = 0;
  #silent = 0;
  #dropped = 0;
  #version: MqttVersion = 5;
  #closing = false;
  #closed: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  constructor(settings: MqttSettings) {
    this.#settings = settings;
    this.#connect(this.#version);
  }

  get state(): ChannelState {
    return this.#state;
  }

  onState(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async publish(event: CloudEvent, options: PublishOptions = {}): Promise<void> {
    assertEvent(event);
    if (this.#closing) throw this.#offline();
    const topic =
      options.address === undefined
        ? topicOf(event, this.#settings.topicPrefix)
        : checkedTopic(options.address);
    if (this.#waiting.length >= this.#settings.maxWaiting) throw this.#full();
    await new Promise<void>((resolve, reject) => {
      const entry: Entry = {
        event,
        topic,
        retain: options.retain ?? false,
        timer: undefined,
        sentAt: undefined,
        settled: false,
        settle: (error) => {
          if (entry.settled) return;
          entry.settled = true;
          clearTimeout(entry.timer);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      entry.timer = setTimeout(
        () => this.#timeUp(entry),
        options.timeoutMs ?? this.#settings.publishTimeoutMs,
      );
      this.#waiting.push(entry);
      this.#pump();
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#retryTimer);
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#setState({
      status: 'closed',
      reason: { code: 'CHANNEL_CLOSED', message: 'The channel was closed.' },
    });
    for (const entry of waiting) entry.settle(this.#offline());
    if (this.#inFlight.size > 0) {
      await new Promise<void>((done) => {
        const timer = setTimeout(done, CLOSE_GRACE_MS);
        this.#idle = () => {
          clearTimeout(timer);
          done();
        };
      });
    }
    await this.#connection?.close();
    for (const entry of this.#inFlight) entry.settle(this.#offline());
    this.#inFlight.clear();
    this.#listeners.clear();
  }

  #connect(version: MqttVersion): void {
    const connection = new MqttConnection(this.#settings, version, {
      connected: (limits) => {
        this.#limits = limits;
        this.#connectedAt = performance.now();
        this.#silent = 0;
        if (this.#closing) return;
        this.#setState({ status: 'connected', protocol: version === 5 ? 'MQTT 5' : 'MQTT 3.1.1' });
        this.#pump();
      },
      ended: (reason, silent) => {
        if (this.#connection === connection) this.#lost(reason, silent, version);
      },
    });
    this.#connection = connection;
  }

  #lost(why: Reason, silent: boolean, version: MqttVersion): void {
    const wasConnected = this.#limits !== undefined;
    const lived = wasConnected ? performance.now() - this.#connectedAt : 0;
    // Before MQTT 5 (and in old brokers that speak it) a takeover of the client id is a hang-up without a word.
    this.#dropped = wasConnected && why.wordless === true && lived < DROPPED_MS ? this.#dropped + 1 : 0;
    const reason = this.#dropped < 2 ? why : reasonOfDrops(this.#settings.shownAddress);
    this.#connection = undefined;
    this.#limits = undefined;
    // What was sent and not confirmed is sent again first, in the same order; the id tells duplicates.
    const again = [...this.#inFlight].filter((entry) => !entry.settled);
    this.#inFlight.clear();
    for (const entry of again) entry.sentAt = undefined;
    this.#idle?.();
    if (this.#closing) {
      for (const entry of again) entry.settle(this.#offline());
      return;
    }
    this.#waiting = [...again, ...this.#waiting];
    if (lived > STABLE_MS) this.#failures = 0;
    this.#failures += 1;
    this.#silent = silent ? this.#silent + 1 : 0;
    const status = this.#state.status === 'connecting' && !wasConnected ? 'connecting' : 'reconnecting';
    if (reason.version === true && version === 5) {
      this.#version = 4;
      this.#setState({ status });
      this.#retry(0, 4);
      return;
    }
    // Refused as 3.1.1 as well: the next attempt starts from the top.
    if (reason.version === true) this.#version = 5;
    this.#setState({ status, reason: { code: reason.code, message: reason.message } });
    const floor = Math.min(
      this.#settings.backoff.capMs,
      reason.slow ? SLOW_MS : this.#settings.backoff.baseMs / 2,
    );
    const next = this.#silent >= SILENT_LIMIT && this.#silent % 2 === 1 ? 4 : this.#version;
    this.#retry(backoffDelay(this.#settings.backoff, this.#failures, floor), next);
  }

  #retry(delayMs: number, version: MqttVersion): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#connect(version), delayMs);
  }

  #pump(): void {
    const connection = this.#connection;
    const limits = this.#limits;
    if (connection === undefined || limits === undefined) return;
    const window = Math.min(this.#settings.maxInFlight, limits.receiveMaximum);
    while (this.#inFlight.size < window) {
      const entry = this.#waiting.shift();
      if (entry === undefined) return;
      if (!entry.settled) this.#send(entry, connection, limits);
    }
  }

  #send(entry: Entry, connection: MqttConnection, limits: BrokerLimits): void {
    const version = this.#state.protocol === 'MQTT 5' ? 5 : 4;
    try {
      const message = toMqtt(entry.event, version, this.#settings.contentMode);
      if (entry.retain && !limits.retainAvailable)
        throw this.#refused('the broker does not keep latest states');
      const size = packetSize(entry.topic, message);
      if (size > (limits.maximumPacketSize ?? 268_435_455))
        throw this.#refused('it is larger than the broker allows');
      this.#inFlight.add(entry);
      entry.sentAt = performance.now();
      connection.publish(entry.topic, message, entry.retain, (refusal) => {
        // A confirmation of an earlier connection never gets here (see MqttConnection.publish).
        this.#inFlight.delete(entry);
        if (refusal === undefined) this.#failures = 0;
        entry.settle(refusal === undefined ? undefined : errorOfPuback(refusal, this.#settings.shownAddress));
        if (this.#inFlight.size === 0) this.#idle?.();
        this.#pump();
      });
    } catch (error) {
      this.#inFlight.delete(entry);
      entry.settle(
        error instanceof CrossdockError
          ? error
          : new CrossdockError('The event could not be put into an MQTT message.', {
              code: 'CHANNEL_REFUSED',
              kind: 'permanent',
              cause: error,
            }),
      );
    }
  }

  #timeUp(entry: Entry): void {
    const { sentAt } = entry;
    if (sentAt === undefined) {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
      entry.settle(this.#limits === undefined ? this.#offline() : this.#full());
      return;
    }
    entry.settle(
      new CrossdockError(
        `The broker at ${this.#settings.shownAddress} did not confirm the event in time. It may have it: publish it again with the same id.`,
        { code: 'CHANNEL_TIMEOUT', kind: 'transient' },
      ),
    );
    // The entry keeps its place until a late confirmation. When the broker said nothing at all since, or when such
    // entries fill the connection, it is dead whatever TCP believes.
    const connection = this.#connection;
    const dead = connection !== undefined && connection.lastPacketAt < sentAt;
    if (dead || [...this.#inFlight].every((other) => other.settled)) {
      connection?.drop({
        code: 'CHANNEL_UNREACHABLE',
        message: `The broker at ${this.#settings.shownAddress} does not answer.`,
      });
    }
  }

  #setState(next: ChannelState): void {
    const now = this.#state;
    if (
      now.status === next.status &&
      now.reason?.message === next.reason?.message &&
      now.protocol === next.protocol
    )
      return;
    this.#state = next;
    for (const listener of [...this.#listeners]) {
      try {
        listener(next);
      } catch {
        // A listener's fault must not break the connection; listeners show status, nothing else.
      }
    }
  }

  #offline(): CrossdockError {
    const { reason } = this.#state;
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
    if (this.#limits === undefined) return this.#offline();
    return new CrossdockError(
      `The broker at ${this.#settings.shownAddress} takes events slower than they come.`,
      { code: 'CHANNEL_BUSY', kind: 'transient', facts: { waiting: this.#waiting.length } },
    );
  }

  #refused(why: string): CrossdockError {
    return new CrossdockError(`The event cannot be published to ${this.#settings.shownAddress}: ${why}.`, {
      code: 'CHANNEL_REFUSED',
      kind: 'permanent',
    });
  }
}

/** Upper bound of the packet's bytes. */
function packetSize(topic: string, message: ReturnType<typeof toMqtt>): number {
  let size = PACKET_OVERHEAD + Buffer.byteLength(topic) + message.payload.length;
  size += Buffer.byteLength(message.properties?.contentType ?? '');
  for (const [name, value] of Object.entries(message.properties?.userProperties ?? {})) {
    size += 5 + Buffer.byteLength(name) + Buffer.byteLength(String(value));
  }
  return size;
}
