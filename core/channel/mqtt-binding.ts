/** CloudEvents over MQTT (cloudevents/spec, mqtt-protocol-binding 1.0.2), and how our topics are built. */
import { CrossdockError } from '../errors';
import {
  assertEvent,
  attributesOf,
  type CloudEvent,
  decodeStructured,
  encodeStructured,
  STRUCTURED_CONTENT_TYPE,
} from './cloudevents';

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
export function toMqtt(event: CloudEvent, version: 4 | 5, mode: ContentMode, now = Date.now()): MqttMessage {
  if (version === 4) return { payload: encodeStructured(event).payload };
  const messageExpiryInterval = expirySeconds(event, now);
  const expiry = messageExpiryInterval === undefined ? {} : { messageExpiryInterval };
  if (mode === 'structured') {
    const { contentType, payload } = encodeStructured(event);
    return { payload, properties: { contentType, payloadFormatIndicator: true, ...expiry } };
  }
  assertEvent(event);
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
  const bytes = data instanceof Uint8Array;
  return {
    payload: bytes ? Buffer.from(data) : dataBytes(data, contentType),
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

function dataBytes(data: unknown, contentType: string | undefined): Buffer {
  if (data === undefined) return Buffer.alloc(0);
  if (typeof data === 'string' && !isJson(contentType)) return Buffer.from(data, 'utf8');
  return Buffer.from(JSON.stringify(data), 'utf8');
}

function expirySeconds(event: CloudEvent, now: number): number | undefined {
  const at = typeof event.expirytime === 'string' ? Date.parse(event.expirytime) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  return Math.min(0xffffffff, Math.max(1, Math.ceil((at - now) / 1000)));
}

function isJson(contentType: string | undefined): boolean {
  return contentType === undefined || /^[^;]*[/+]json\s*(;|$)/i.test(contentType);
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

function readData(payload: Buffer, contentType: string | undefined): unknown {
  if (!isJson(contentType)) return contentType?.startsWith('text/') ? payload.toString('utf8') : payload;
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch (cause) {
    throw new CrossdockError('The event says that its data is JSON, but it cannot be read as JSON.', {
      code: 'EVENT_INVALID',
      kind: 'permanent',
      cause,
    });
  }
}

/** `+`, `#`, `/` and `%` have a meaning in topics; controls, lone surrogates and noncharacters are not allowed there. */
const UNSAFE = /[+#/%\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu;

/**
 * A text as one level of a topic: what is not safe there is percent-escaped (decodeURIComponent reads it back), and
 * an empty text becomes `-`, since levels must not vanish.
 */
export function topicSegment(text: string): string {
  if (text === '') return '-';
  if (text === '-') return '%2D';
  return text.replace(UNSAFE, (character) => (/\p{Cs}/u.test(character) ? '%EF%BF%BD' : percent(character)));
}

function percent(character: string): string {
  return [...Buffer.from(character, 'utf8')]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}

/**
 * Topic of an event: `<prefix>/<domain>/<entity>/<event>/<site>/<key>`. Domain, entity and event come from the type
 * (`com.crossdock.<domain>.<entity>.<event>.v1`), the site from the extension `site`, the key from the subject.
 */
export function topicOf(event: CloudEvent, prefix: string): string {
  const words = event.type.split('.');
  if (/^v\d+$/.test(words.at(-1) ?? '')) words.pop();
  const [name = '', entity = '', ...domain] = words.reverse();
  // The domain is what stands before entity and event, without the organisation's reversed domain name.
  const levels = [
    domain.reverse().slice(2).join('.'),
    entity,
    name,
    event.site ?? '',
    event.subject ?? event.id,
  ];
  return checkedTopic([prefix, ...levels.map(topicSegment)].join('/'));
}

/** A topic that may be published to. Throws CHANNEL_REFUSED (permanent). */
export function checkedTopic(topic: string): string {
  if (topic === '' || /[+#\p{Cc}\p{Cs}]/u.test(topic)) {
    throw refused('Its topic is empty or contains +, # or a control character.');
  }
  if (Buffer.byteLength(topic) > 0xffff) throw refused('Its topic is longer than 65,535 bytes.');
  return topic;
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
