/**
 * One connection to an MQTT broker, from the first attempt to its end. It never reconnects: mqtt.js would replay its
 * own queue with its own rules, whereas here the channel decides what is sent again.
 */
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { MqttMessage } from './mqtt-binding';
import type { MqttSettings } from './mqtt-config';
import { type Reason, reasonOfCode, reasonOfError, reasonOfHangUp } from './mqtt-reasons';

export type MqttVersion = 4 | 5;

/** What the broker allows on this connection. */
export interface BrokerLimits {
  /** Messages that it takes unacknowledged. */
  readonly receiveMaximum: number;
  /** Bytes of the largest packet; undefined: it did not say. */
  readonly maximumPacketSize: number | undefined;
  readonly retainAvailable: boolean;
}

export interface ConnectionEvents {
  connected(limits: BrokerLimits): void;
  /** Exactly once, also when no connection came about. `silent`: the broker hung up without a word. */
  ended(reason: Reason, silent: boolean): void;
}

/** The reason code of a PUBACK from 0x80, or undefined for a success. */
export type Confirmed = (refusal: number | undefined) => void;

export class MqttConnection {
  /** When the last packet of the broker came (performance.now). */
  lastPacketAt = performance.now();
  readonly #client: MqttClient | undefined;
  readonly #address: string;
  readonly #events: ConnectionEvents;
  readonly #watchdog: NodeJS.Timeout;
  #reason: Reason | undefined;
  #connackSeen = false;
  #connected = false;
  #ended = false;

  constructor(settings: MqttSettings, version: MqttVersion, events: ConnectionEvents) {
    this.#address = settings.shownAddress;
    this.#events = events;
    // mqtt.js has a timer of its own; this one ends what neither connects nor closes.
    this.#watchdog = setTimeout(() => {
      if (!this.#connected) this.#end(reasonOfError(new Error('connack timeout'), this.#address));
    }, settings.connectTimeoutMs + 1000);
    try {
      this.#client = this.#open(settings, version);
    } catch (error) {
      queueMicrotask(() => this.#end(reasonOfError(error, this.#address)));
    }
  }

  #open(settings: MqttSettings, version: MqttVersion): MqttClient {
    const options: IClientOptions = {
      ...(settings.tls as Partial<IClientOptions> | undefined),
      protocol: settings.protocol,
      host: settings.host,
      port: settings.port,
      path: settings.path,
      protocolVersion: version,
      clientId: settings.clientId,
      // A publisher has no session to come back to: the caller's store holds what was not confirmed.
      clean: true,
      keepalive: settings.keepAliveSeconds,
      connectTimeout: settings.connectTimeoutMs,
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      ...(settings.username === undefined ? {} : { username: settings.username }),
      ...(settings.password === undefined ? {} : { password: settings.password }),
      ...(version === 5 ? { properties: { sessionExpiryInterval: 0, requestProblemInformation: true } } : {}),
    };
    const client = mqtt.connect(options);
    client.on('packetreceive', (packet) => {
      this.lastPacketAt = performance.now();
      if (packet.cmd === 'connack') this.#connackSeen = true;
    });
    client.on('connect', (connack) => {
      const limits = connack.properties;
      if (limits?.maximumQoS === 0) {
        this.#end({
          code: 'CHANNEL_PROTOCOL',
          message: `The broker at ${this.#address} confirms nothing (QoS 0 only).`,
          slow: true,
        });
        return;
      }
      this.#connected = true;
      this.#events.connected({
        receiveMaximum: limits?.receiveMaximum ?? 0xffff,
        maximumPacketSize: limits?.maximumPacketSize,
        retainAvailable: limits?.retainAvailable !== false,
      });
    });
    client.on('disconnect', (packet) => {
      this.#reason ??= reasonOfCode(packet.reasonCode ?? 0, this.#address);
    });
    // Stays for good: an 'error' event without a listener would end the process.
    client.on('error', (error) => {
      this.#reason ??= reasonOfError(error, this.#address);
    });
    client.on('close', () => this.#end());
    return client;
  }

  /** Sends with QoS 1. `confirmed` is called at most once, and never after the connection has ended. */
  publish(topic: string, message: MqttMessage, retain: boolean, confirmed: Confirmed): void {
    const { properties } = message;
    this.#client?.publish(
      topic,
      message.payload,
      {
        qos: 1,
        retain,
        ...(properties === undefined ? {} : { properties: mutable(properties) }),
      },
      (error) => {
        if (this.#ended) return;
        if (error === undefined || error === null) {
          confirmed(undefined);
          return;
        }
        const code: unknown = 'code' in error ? error.code : undefined;
        // Without a code the connection is going: `ended` follows, and the channel sends again.
        if (typeof code === 'number') confirmed(code);
      },
    );
  }

  /** Cuts the connection; `ended` follows with this reason. */
  drop(reason: Reason): void {
    this.#end(reason);
  }

  /** Says goodbye to the broker; waits for it a second at most. */
  async close(): Promise<void> {
    const client = this.#client;
    if (client === undefined || this.#ended) return;
    if (this.#connected) {
      await new Promise<void>((done) => {
        const timer = setTimeout(done, 1000);
        client.end(false, () => {
          clearTimeout(timer);
          done();
        });
      });
    }
    this.#end();
  }

  #end(reason?: Reason): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#watchdog);
    const silent =
      !this.#connackSeen &&
      reason === undefined &&
      (this.#reason === undefined || this.#reason.wordless === true);
    this.#client?.end(true);
    // `end` does nothing when a graceful one is already under way.
    this.#client?.stream?.destroy();
    this.#events.ended(reason ?? this.#reason ?? reasonOfHangUp(this.#address), silent);
  }
}

function mutable(properties: NonNullable<MqttMessage['properties']>) {
  const { userProperties, ...rest } = properties;
  return userProperties === undefined ? rest : { ...rest, userProperties: { ...userProperties } };
}
