/**
 * Events over AMQP 0-9-1. The CloudEvents project binds AMQP 1.0 only, so this is our own choice for 0-9-1:
 *
 * - *structured mode*: the body is the whole event as JSON, the content type `application/cloudevents+json`. Every
 *   client can read it without knowing how attributes would be spelled as headers.
 * - properties: `message-id` = the event's id (or `sha256:` and its hash when it is longer than the 255 bytes that
 *   fit), `type` = the event's type, `timestamp` = its time in whole seconds, `delivery-mode` 2, `expiration` = ms
 *   until the extension `expirytime`.
 * - header `partitionkey`: what messages are kept in order by (partitionkey, else subject, else id); hash exchanges
 *   read it.
 * - *binary mode* is understood when it comes in: attributes in headers `cloudEvents:<name>` or `cloudEvents_<name>`,
 *   as in the AMQP 1.0 binding.
 *
 * Routing key: the levels of prefix and address joined with `.`. In each level `.`, `*`, `#`, `%` and white space are
 * percent-escaped, so that the address can be read back and a level is always one word. A key of more than 255 bytes
 * (the protocol's limit) is refused: a shortened one could no longer be bound to, nor read back.
 */
import { createHash } from 'node:crypto';
import type { Message, Options } from 'amqplib';
import { CrossdockError } from '../errors';
import { addressOf, checkedAddress } from './address';
import {
  assertEvent,
  type CloudEvent,
  decodeStructured,
  encodeStructured,
  STRUCTURED_CONTENT_TYPE,
} from './cloudevents';
import { readData } from './event-data';
import type { PublishOptions } from './types';

const STRUCTURED = `${STRUCTURED_CONTENT_TYPE}; charset=utf-8`;
const MAX_SHORT_STRING = 255;
/** RabbitMQ closes the channel for an expiration beyond 32 bits (about 49 days). */
const MAX_EXPIRATION_MS = 4_294_967_295;
/** The header that hash exchanges read. */
export const PARTITION_HEADER = 'partitionkey';

export interface OutgoingMessage {
  readonly address: string;
  readonly routingKey: string;
  readonly messageId: string;
  /** A text goes as UTF-8. */
  readonly body: Buffer | string;
  /** Bytes of the body. */
  readonly size: number;
  readonly options: Options.Publish;
  /** When it is no longer worth delivering (ms since 1970). */
  readonly expiresAt: number | undefined;
}

/**
 * An event as an AMQP message.
 * @param prefixKey the channel's prefix as `prefixKeyOf` gives it
 * @throws CrossdockError EVENT_INVALID or CHANNEL_REFUSED (permanent)
 */
export function toAmqp(
  event: CloudEvent,
  prefixKey: string,
  { address, written }: Pick<PublishOptions, 'address' | 'written'> = {},
): OutgoingMessage {
  const body = written === undefined ? encodeStructured(event).payload : written.text;
  const to = checkedAddress(address ?? addressOf(event));
  const messageId = isShort(event.id)
    ? event.id
    : `sha256:${createHash('sha256').update(event.id).digest('hex')}`;
  const time = event.time === undefined ? Number.NaN : Date.parse(event.time);
  const expires = typeof event.expirytime === 'string' ? Date.parse(event.expirytime) : Number.NaN;
  const options: Options.Publish = {
    mandatory: true,
    deliveryMode: 2,
    contentType: STRUCTURED,
    messageId,
    headers: { [PARTITION_HEADER]: event.partitionkey ?? event.subject ?? event.id },
  };
  if (isShort(event.type)) options.type = event.type;
  if (time >= 0) options.timestamp = Math.floor(time / 1000);
  return {
    address: to,
    routingKey: routingKeyOf(to, prefixKey),
    messageId,
    body,
    size: typeof body === 'string' ? Buffer.byteLength(body) : body.length,
    options,
    expiresAt: Number.isNaN(expires) ? undefined : expires,
  };
}

/** The message's options at the moment of sending: how long it has left. */
export function optionsNow(message: OutgoingMessage, now = Date.now()): Options.Publish {
  if (message.expiresAt === undefined) return message.options;
  const left = Math.max(1, message.expiresAt - now);
  return left > MAX_EXPIRATION_MS ? message.options : { ...message.options, expiration: String(left) };
}

function isShort(text: string): boolean {
  // 3 bytes at most per UTF-16 unit, so most texts need not be counted.
  return text.length * 3 <= MAX_SHORT_STRING || Buffer.byteLength(text) <= MAX_SHORT_STRING;
}

const UNSAFE = /[.*#%\s]/u;

/** A level as one word of a routing key. */
function word(level: string): string {
  if (!UNSAFE.test(level)) return level;
  return level.replace(/[.*#%\s]/gu, (character) =>
    [...Buffer.from(character, 'utf8')]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}

/** The topic prefix as the beginning of every routing key. */
export function prefixKeyOf(topicPrefix: string): string {
  return topicPrefix.split('/').map(word).join('.');
}

/** The routing key of an address. Throws CHANNEL_REFUSED (permanent) when it is too long. */
export function routingKeyOf(address: string, prefixKey: string): string {
  const path = UNSAFE.test(address) ? address.split('/').map(word).join('.') : address.replaceAll('/', '.');
  const key = `${prefixKey}.${path}`;
  if (isShort(key)) return key;
  throw new CrossdockError(
    `The event cannot travel over AMQP. Its address has ${Buffer.byteLength(key)} bytes as a routing key; 255 are allowed. Its subject may be too long.`,
    { code: 'CHANNEL_REFUSED', kind: 'permanent' },
  );
}

/** The address behind a routing key; a key that is not below the prefix (of another publisher) is taken whole. */
export function addressOfKey(key: string, prefixKey: string): string {
  const path = key.startsWith(`${prefixKey}.`) ? key.slice(prefixKey.length + 1) : key;
  return path.split('.').map(level).join('/');
}

function level(text: string): string {
  let plain = text;
  if (text.includes('%')) {
    try {
      plain = decodeURIComponent(text);
    } catch {
      // Not escaped by us: it stays as it is.
    }
  }
  // Ours never have these; in keys of others they must not become levels or wildcards.
  return plain.replace(/[+#/]/g, encodeURIComponent);
}

/** The binding key for a filter in MQTT's grammar (already checked). `a/#` takes `a` itself in both grammars. */
export function bindingKeyOf(filter: string, prefixKey: string): string {
  const words = filter.split('/').map((part) => {
    if (part === '+') return '*';
    return part === '#' ? '#' : word(part);
  });
  const key = [prefixKey, ...words].join('.');
  if (isShort(key)) return key;
  throw new CrossdockError(
    `The filter has ${Buffer.byteLength(key)} bytes as a binding key; 255 are allowed.`,
    {
      code: 'CONFIG_INVALID',
      kind: 'permanent',
      facts: { setting: 'filter' },
    },
  );
}

/** Headers that are texts, numbers or booleans, as texts. */
export function headerTexts(message: Pick<Message, 'properties'>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.properties.headers ?? {})) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      texts[name] = String(value);
    }
  }
  return texts;
}

const ATTRIBUTE = /^cloudEvents[:_]([a-z0-9]+)$/;

/** Reads the event of a message in either mode. Throws EVENT_INVALID (permanent). */
export function fromAmqp(message: Pick<Message, 'content' | 'properties'>): CloudEvent {
  const { contentType } = message.properties as { contentType: unknown };
  const type = typeof contentType === 'string' ? contentType : undefined;
  if (type?.toLowerCase().startsWith(STRUCTURED_CONTENT_TYPE)) return decodeStructured(message.content);
  const event: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message.properties.headers ?? {})) {
    const attribute = ATTRIBUTE.exec(name)?.[1];
    if (attribute !== undefined) event[attribute] = value;
  }
  if (Object.keys(event).length === 0) {
    if (type === undefined) return decodeStructured(message.content);
    throw new CrossdockError(
      `The message is not a CloudEvent: its content type is ${type.slice(0, 80)}, and it has no headers cloudEvents:….`,
      { code: 'EVENT_INVALID', kind: 'permanent' },
    );
  }
  if (type !== undefined) event['datacontenttype'] = type;
  if (message.content.length > 0) event['data'] = readData(message.content, type);
  assertEvent(event);
  return event;
}
