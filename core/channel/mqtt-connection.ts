/**
 * One connection to an MQTT broker, from the first attempt to its end. It never reconnects: mqtt.js would replay its
 * own queue with its own rules, whereas here the channel decides what is sent again.
 *
 * Acknowledging by hand: mqtt.js has no such mode, and its hooks that delay a PUBACK delay everything behind it too
 * (PINGRESP, PUBACKs of own publishes). But it shows each packet (`packetreceive`) before it handles it, as the very
 * object that it then handles. So a PUBLISH of QoS 1 is turned into one of QoS 0 there: mqtt.js hands it over and
 * sends no PUBACK; `acknowledge` writes it when the message is in safe hands. test/core/mqtt-subscription.test.ts
 * fails when a version of mqtt.js changes that order.
 *
 * Publishing by hand (mqtt-publish.ts): what is published in one turn of the event loop leaves as one write, and its
 * PUBACKs are taken where packets are shown. mqtt.js ignores a PUBACK of a message that it has not sent.
 */
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import type { MqttMessage } from './mqtt-binding';
import type { MqttSettings } from './mqtt-config';
import { PublishBatch } from './mqtt-publish';
import { type Reason, reasonOfCode, reasonOfError, reasonOfHangUp } from './mqtt-reasons';

export type MqttVersion = 4 | 5;

/** What the broker allows on this connection. */
export interface BrokerLimits {
  /** Messages that it takes unacknowledged. */
  readonly receiveMaximum: number;
  /** Bytes of the largest packet; undefined: it did not say. */
  readonly maximumPacketSize: number | undefined;
  readonly retainAvailable: boolean;
  /** It knew this client id and goes on with its session. */
  readonly sessionPresent: boolean;
  /** Seconds for which it will keep the session, when it overrides what was asked (MQTT 5). */
  readonly sessionExpirySeconds: number | undefined;
}

/** Who connects. */
export interface ConnectionIdentity {
  readonly clientId: string;
  /** A session that outlives the connection. Left out: clean start, nothing is kept, and an old session is ended. */
  readonly session?: {
    /** Seconds for which the broker is asked to keep it (MQTT 5). */
    readonly expirySeconds: number;
    /** Messages that we take unacknowledged (MQTT 5). */
    readonly receiveMaximum: number;
  };
}

/** A PUBLISH of the broker. */
export interface IncomingPacket {
  readonly topic: string;
  readonly payload: Buffer;
  readonly properties: IPublishPacket['properties'];
  readonly dup: boolean;
  /** It is the latest state that the broker kept, given since we have just subscribed. */
  readonly retained: boolean;
  /** What `acknowledge` takes; undefined for QoS 0, which nobody acknowledges. */
  readonly receipt: number | undefined;
}

export interface ConnectionEvents {
  connected(limits: BrokerLimits): void;
  /**
   * A message came; it may come before `connected`, when a session goes on. Must not throw.
   * @returns whether to go on reading; after false nothing more is read until `resume()`
   */
  message?(packet: IncomingPacket): boolean;
  /** Exactly once, also when no connection came about. `silent`: the broker hung up without a word. */
  ended(reason: Reason, silent: boolean): void;
}

/** The reason code of a PUBACK from 0x80, or undefined for a success. */
export type Confirmed = (refusal: number | undefined) => void;

export class MqttConnection {
  /** When the last packet of the broker came (performance.now). */
  lastPacketAt = performance.now();
  readonly #client: MqttClient | undefined;
  readonly #version: MqttVersion;
  readonly #address: string;
  readonly #keepAliveMs: number;
  readonly #events: ConnectionEvents;
  readonly #watchdog: NodeJS.Timeout;
  #reason: Reason | undefined;
  #connackSeen = false;
  #connected = false;
  #ended = false;
  /** The id of the PUBLISH of QoS 1 that is just being handed over. */
  #receipt: number | undefined;
  #resume: (() => void) | undefined;
  readonly #batch = new PublishBatch();
  /** By packet id: what is sent and not yet confirmed. */
  readonly #unconfirmed = new Map<number, Confirmed>();
  #lastId = 0;
  #heldPing: NodeJS.Timeout | undefined;

  constructor(
    settings: MqttSettings,
    version: MqttVersion,
    identity: ConnectionIdentity,
    events: ConnectionEvents,
  ) {
    this.#version = version;
    this.#address = settings.shownAddress;
    this.#keepAliveMs = settings.keepAliveSeconds * 1000;
    this.#events = events;
    // mqtt.js has a timer of its own; this one ends what neither connects nor closes.
    this.#watchdog = setTimeout(() => {
      if (!this.#connected) this.#end(reasonOfError(new Error('connack timeout'), this.#address));
    }, settings.connectTimeoutMs + 1000);
    try {
      this.#client = this.#open(settings, version, identity);
    } catch (error) {
      queueMicrotask(() => this.#end(reasonOfError(error, this.#address)));
    }
  }

  #open(settings: MqttSettings, version: MqttVersion, { clientId, session }: ConnectionIdentity): MqttClient {
    const options: IClientOptions = {
      ...(settings.tls as Partial<IClientOptions> | undefined),
      protocol: settings.protocol,
      host: settings.host,
      port: settings.port,
      path: settings.path,
      protocolVersion: version,
      clientId,
      clean: session === undefined,
      keepalive: settings.keepAliveSeconds,
      connectTimeout: settings.connectTimeoutMs,
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      ...(settings.username === undefined ? {} : { username: settings.username }),
      ...(settings.password === undefined ? {} : { password: settings.password }),
      ...(version === 5
        ? {
            properties: {
              sessionExpiryInterval: session?.expirySeconds ?? 0,
              requestProblemInformation: true,
              ...(session === undefined ? {} : { receiveMaximum: session.receiveMaximum }),
            },
          }
        : {}),
    };
    const client = mqtt.connect(options);
    const { stream } = client;
    // Small packets (PUBACKs) must not wait for the other side's TCP acknowledgement of earlier ones.
    if ('setNoDelay' in stream && typeof stream.setNoDelay === 'function') stream.setNoDelay(true);
    client.on('packetreceive', (packet) => {
      this.lastPacketAt = performance.now();
      if (packet.cmd === 'connack') this.#connackSeen = true;
      if (packet.cmd === 'puback') this.#confirm(packet.messageId ?? 0, packet.reasonCode ?? 0);
      if (packet.cmd !== 'publish') return;
      this.#receipt = undefined;
      if (packet.qos === 2) {
        // We never ask for QoS 2. As QoS 0 it is not answered by mqtt.js, which would keep it in a store of its own.
        packet.qos = 0;
        this.#end({
          code: 'CHANNEL_PROTOCOL',
          message: `The broker at ${this.#address} sent a message with QoS 2, which was not asked for.`,
          slow: true,
        });
      } else if (packet.qos === 1) {
        this.#receipt = packet.messageId;
        packet.qos = 0;
      }
    });
    client.handleMessage = (packet, done) => {
      if (this.#ended || this.#handOver(packet)) done();
      else this.#hold(done);
    };
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
        sessionPresent: connack.sessionPresent,
        sessionExpirySeconds: limits?.sessionExpiryInterval,
      });
    });
    client.on('disconnect', (packet) => {
      this.#reason ??= reasonOfCode(packet.reasonCode ?? 0, this.#address);
    });
    // Stays for good: an 'error' event without a listener would end the process.
    client.on('error', (error) => {
      this.#reason ??= reasonOfError(error, this.#address);
      // What cannot be parsed leaves the connection open and deaf.
      if (this.#connected) this.#end();
    });
    client.on('close', () => this.#end());
    return client;
  }

  #handOver(packet: IPublishPacket): boolean {
    const { message } = this.#events;
    if (message === undefined) return true;
    const payload = packet.payload;
    return message.call(this.#events, {
      topic: packet.topic,
      payload: Buffer.isBuffer(payload) ? payload : Buffer.from(payload),
      properties: packet.properties,
      dup: packet.dup,
      retained: packet.retain,
      receipt: this.#receipt,
    });
  }

  /**
   * Reads nothing more. PINGRESPs wait unread with all else, so mqtt.js must not take their absence for a dead
   * broker, while the broker must go on to hear from us.
   */
  #hold(resume: () => void): void {
    this.#resume = resume;
    this.#heldPing ??= setInterval(() => {
      this.#client?.reschedulePing(true);
      this.#client?.sendPing();
    }, this.#keepAliveMs / 2);
    this.#client?.reschedulePing(true);
  }

  /** Goes on reading after `message` has returned false. */
  resume(): void {
    const resume = this.#resume;
    clearInterval(this.#heldPing);
    this.#heldPing = undefined;
    this.#resume = undefined;
    resume?.();
  }

  /**
   * Writes PUBACKs (success) for these receipts, in this order, which must be the order of receipt (MQTT 5, 4.6).
   * A PUBACK without reason code and properties is four bytes in MQTT 3.1.1 and 5 alike (MQTT 5, 3.4.2.1).
   */
  acknowledge(receipts: readonly number[]): void {
    const stream = this.#client?.stream;
    if (this.#ended || stream === undefined || !stream.writable || receipts.length === 0) return;
    const bytes = Buffer.allocUnsafe(receipts.length * 4);
    for (const [index, receipt] of receipts.entries()) bytes.writeUInt32BE(0x40020000 + receipt, index * 4);
    stream.write(bytes);
  }

  /**
   * Subscribes one filter.
   * @param answer called at most once, with the SUBACK's code: the granted QoS, or a refusal from 0x80
   */
  subscribe(filter: string, qos: 0 | 1, retainHandling: 0 | 1 | 2, answer: (code: number) => void): void {
    // `rh` is ignored over 3.1.1.
    this.#client?.subscribe(filter, { qos, rh: retainHandling }, (_error, _granted, suback) => {
      const code = suback?.granted[0];
      if (!this.#ended && typeof code === 'number') answer(code);
    });
  }

  /** @param done called at most once, when the broker has answered; whether there was such a filter is all the same */
  unsubscribe(filter: string, done: () => void): void {
    this.#client?.unsubscribe(filter, (error) => {
      if (!this.#ended && (error === undefined || error === null)) done();
    });
  }

  /**
   * Sends with QoS 1, with all else that is published in this turn of the event loop. `confirmed` is called at most
   * once, and never after the connection has ended.
   * @returns whether it is sent; not when its packet has more than `maxBytes`
   */
  publish(
    topic: string,
    message: MqttMessage,
    retain: boolean,
    maxBytes: number | undefined,
    confirmed: Confirmed,
  ): boolean {
    if (this.#ended) return true;
    const id = this.#freeId();
    const packet = { version: this.#version, id, topic, message, retain };
    const first = this.#batch.length === 0;
    if (!this.#batch.add(packet, maxBytes)) return false;
    this.#unconfirmed.set(id, confirmed);
    if (first) setImmediate(() => this.#flush());
    return true;
  }

  /** mqtt.js has ids for its SUBSCRIBEs, but a connection either publishes or subscribes. */
  #freeId(): number {
    do this.#lastId = (this.#lastId % 0xffff) + 1;
    while (this.#unconfirmed.has(this.#lastId));
    return this.#lastId;
  }

  #flush(): void {
    const stream = this.#client?.stream;
    if (this.#batch.length === 0 || this.#ended || stream === undefined || !stream.writable) return;
    stream.write(this.#batch.take());
  }

  #confirm(id: number, code: number): void {
    const confirmed = this.#unconfirmed.get(id);
    if (confirmed === undefined || this.#ended) return;
    this.#unconfirmed.delete(id);
    confirmed(code >= 0x80 ? code : undefined);
  }

  /** Cuts the connection; `ended` follows with this reason. */
  drop(reason: Reason): void {
    this.#end(reason);
  }

  /** Says goodbye to the broker; waits for it a second at most. A session stays there. */
  async close(): Promise<void> {
    const client = this.#client;
    if (client === undefined || this.#ended) return;
    if (this.#connected) {
      this.#flush();
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
    this.#unconfirmed.clear();
    clearTimeout(this.#watchdog);
    clearInterval(this.#heldPing);
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
