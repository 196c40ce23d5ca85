/** CloudEvents over MQTT (cloudevents/spec, mqtt-protocol-binding 1.0.2), and how our topics are built. */
import { CrossdockError } from '../errors';
import { addressOf, checkedAddress } from './address';
import {
  assertEvent,
  attributesOf,
  type CloudEvent,
  decodeStructured,
  encodeStructured,
  STRUCTURED_CONTENT_TYPE,
  type WrittenEvent,
  writtenData,
} from './cloudevents';
import { isJson, readData } from './event-data';

/** What of an MQTT message carries an event. `properties` exist in MQTT 5 only. */
export interface MqttMessage {
  readonly payload: Buffer;
  readonly properties?: {
    readonly contentType?: string;
    readonly userProperties?: Readonly<Record<string, string | string[]>>;
    /** True: the payload is UTF-8 text. */
    readonly payloadFormatIndicator?: boolean;
    /** Seconds after which the broker drops the message (from the extension `expirytime`). */
    readonly messageExpiryInterval?: number;
  };
}

export type ContentMode = 'binary' | 'structured';

/**
 * An event as an MQTT message. Binary mode (MQTT 5): the payload is the data, its type is the Content Type property,
 * the attributes are user properties without a prefix. MQTT 3.1.1 has no properties, so it is always structured.
 */
export function toMqtt(
  event: CloudEvent,
  version: 4 | 5,
  mode: ContentMode,
  now = Date.now(),
  written?: WrittenEvent,
): MqttMessage {
  if (version === 4) return { payload: structured(event, written) };
  const messageExpiryInterval = expirySeconds(event, now);
  const expiry = messageExpiryInterval === undefined ? {} : { messageExpiryInterval };
  if (mode === 'structured') {
    const contentType = `${STRUCTURED_CONTENT_TYPE}; charset=utf-8`;
    const payload = structured(event, written);
    return { payload, properties: { contentType, payloadFormatIndicator: true, ...expiry } };
  }
  if (written === undefined) assertEvent(event);
  const contentType = event.datacontenttype;
  const userProperties: Record<string, string> = {};
  for (const [name, value] of attributesOf(event)) {
    if (name === 'datacontenttype') continue;
    const text = String(value);
    // A property's length is two bytes on the wire; a longer one would break the connection for all others.
    if (Buffer.byteLength(text) > 0xffff) throw refused(`Its attribute ${name} is longer than 65,535 bytes.`);
    userProperties[name] = text;
  }
  const { data } = event;
  const json = written === undefined ? undefined : writtenData(written);
  const bytes = data instanceof Uint8Array;
  return {
    payload: json === undefined ? dataBytes(data, contentType) : Buffer.from(json),
    properties: {
      ...(contentType === undefined ? {} : { contentType }),
      userProperties,
      ...(bytes ? {} : { payloadFormatIndicator: true }),
      ...expiry,
    },
  };
}

function refused(why: string): CrossdockError {
  return new CrossdockError(`The event cannot travel over MQTT. ${why}`, {
    code: 'CHANNEL_REFUSED',
    kind: 'permanent',
  });
}

function structured(event: CloudEvent, written: WrittenEvent | undefined): Buffer {
  return written === undefined ? encodeStructured(event).payload : Buffer.from(written.text);
}

function dataBytes(data: unknown, contentType: string | undefined): Buffer {
  if (data === undefined) return Buffer.alloc(0);
  if (data instanceof Uint8Array) return Buffer.from(data);
  if (typeof data === 'string' && !isJson(contentType)) return Buffer.from(data, 'utf8');
  return Buffer.from(JSON.stringify(data), 'utf8');
}

function expirySeconds(event: CloudEvent, now: number): number | undefined {
  const at = typeof event.expirytime === 'string' ? Date.parse(event.expirytime) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  return Math.min(0xffffffff, Math.max(1, Math.ceil((at - now) / 1000)));
}

/** Reads the event of a message in either mode. Throws EVENT_INVALID (permanent). */
export function fromMqtt(message: MqttMessage): CloudEvent {
  const contentType = message.properties?.contentType;
  if (contentType === undefined && message.properties?.userProperties === undefined) {
    return decodeStructured(message.payload);
  }
  if (contentType?.toLowerCase().startsWith(STRUCTURED_CONTENT_TYPE))
    return decodeStructured(message.payload);
  const event: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message.properties?.userProperties ?? {})) {
    // Other user properties (tracing of brokers, prefixes of other systems) are not attributes.
    if (/^[a-z0-9]+$/.test(name)) event[name] = Array.isArray(value) ? value.at(-1) : value;
  }
  if (contentType !== undefined) event.datacontenttype = contentType;
  if (message.payload.length > 0) event.data = readData(message.payload, contentType);
  assertEvent(event);
  return event;
}

/** Topic of an event: `<prefix>/<address>`. */
export function topicOf(event: CloudEvent, prefix: string): string {
  return checkedAddress(`${prefix}/${addressOf(event)}`);
}

/** A topic prefix as configured, without slashes at its ends. Throws CONFIG_INVALID (permanent). */
export function checkedTopicPrefix(prefix: string): string {
  const trimmed = prefix.trim().replace(/^\/+|\/+$/g, '');
  const bad = trimmed === '' || trimmed.startsWith('$') || trimmed.split('/').includes('');
  if (bad || /[+#\p{Cc}\p{Cs}]/u.test(trimmed) || Buffer.byteLength(trimmed) > 1000) {
    throw new CrossdockError(
      `The topic prefix "${trimmed.slice(0, 80)}" cannot be used: it must not be empty, start with $, or contain + or # or an empty level.`,
      { code: 'CONFIG_INVALID', kind: 'permanent', facts: { setting: 'topicPrefix' } },
    );
  }
  return trimmed;
}
