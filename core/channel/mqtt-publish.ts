/**
 * PUBLISH packets of QoS 1 as bytes (MQTT 5 and 3.1.1, clause 3.3), many in one piece. mqtt.js writes a packet in some
 * thirty parts, stores it and asks its store again when it is confirmed, for a queue of its own that we do without;
 * that costs more than all that event out does to keep an event safe.
 */
import { ByteBatch } from './byte-batch';
import type { MqttMessage } from './mqtt-binding';

export interface PublishPacket {
  readonly version: 4 | 5;
  readonly id: number;
  readonly topic: string;
  readonly message: MqttMessage;
  readonly retain: boolean;
}

/** PUBLISH, QoS 1; the lowest bit is "retain". */
const PUBLISH_QOS_1 = 0x32;
const RETAIN = 0x01;
const MAX_REMAINING_LENGTH = 268_435_455;
/** Identifiers of properties (MQTT 5, 2.2.2.2). */
const Property = { payloadFormat: 0x01, expiry: 0x02, contentType: 0x03, user: 0x26 } as const;

/** Gathers packets. */
export class PublishBatch {
  readonly #bytes = new ByteBatch();

  get length(): number {
    return this.#bytes.length;
  }

  /**
   * Appends a packet, unless it is longer than `maxBytes` or than MQTT allows.
   * @returns whether it was appended
   */
  add(packet: PublishPacket, maxBytes = Number.POSITIVE_INFINITY): boolean {
    const { version, id, topic, message, retain } = packet;
    const { payload } = message;
    const topicBytes = Buffer.byteLength(topic);
    const properties = version === 5 ? propertiesLength(message) : 0;
    const head = 2 + topicBytes + 2 + (version === 5 ? varintLength(properties) + properties : 0);
    const remaining = head + payload.length;
    const total = 1 + varintLength(remaining) + remaining;
    if (remaining > MAX_REMAINING_LENGTH || total > maxBytes) return false;
    const bytes = this.#bytes;
    bytes.reserve(total);
    bytes.byte(PUBLISH_QOS_1 | (retain ? RETAIN : 0));
    this.#varint(remaining);
    this.#text(topic, topicBytes);
    bytes.uint16(id);
    if (version === 5) {
      this.#varint(properties);
      this.#properties(message);
    }
    bytes.bytes(payload);
    return true;
  }

  /** What was gathered; the batch is empty then. */
  take(): Buffer {
    return this.#bytes.take();
  }

  #properties({ properties = {} }: MqttMessage): void {
    const { payloadFormatIndicator, messageExpiryInterval, contentType, userProperties } = properties;
    if (payloadFormatIndicator !== undefined) {
      this.#bytes.byte(Property.payloadFormat);
      this.#bytes.byte(payloadFormatIndicator ? 1 : 0);
    }
    if (messageExpiryInterval !== undefined) {
      this.#bytes.byte(Property.expiry);
      this.#bytes.uint32(messageExpiryInterval);
    }
    if (contentType !== undefined) {
      this.#bytes.byte(Property.contentType);
      this.#text(contentType, Buffer.byteLength(contentType));
    }
    for (const name in userProperties) {
      for (const value of listOf(userProperties[name])) {
        this.#bytes.byte(Property.user);
        this.#text(name, Buffer.byteLength(name));
        this.#text(value, Buffer.byteLength(value));
      }
    }
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.#bytes.byte(rest);
  }

  #text(text: string, bytes: number): void {
    this.#bytes.uint16(bytes);
    this.#bytes.text(text, bytes);
  }
}

function propertiesLength({ properties = {} }: MqttMessage): number {
  const { payloadFormatIndicator, messageExpiryInterval, contentType, userProperties } = properties;
  let length = 0;
  if (payloadFormatIndicator !== undefined) length += 2;
  if (messageExpiryInterval !== undefined) length += 5;
  if (contentType !== undefined) length += 3 + Buffer.byteLength(contentType);
  for (const name in userProperties) {
    for (const value of listOf(userProperties[name]))
      length += 5 + Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  return length;
}

function listOf(value: string | string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x200000 ? 3 : 4;
}
