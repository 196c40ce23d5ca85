/** From what a broker delivers to what an inbox keeps, and from there to what a flow gets: the same on every kind. */
import { createHash, randomUUID } from 'node:crypto';
import { findUnsafeKey, parseJson } from '../canonical';
import type { Incoming, IncomingVersion } from '../delivery';
import { asCrossdockError, CrossdockError } from '../errors';
import { versionOf } from '../sequence/version';
import {
  type AttributeValue,
  attributesOf,
  type CloudEvent,
  decodeStructured,
  encodeStructured,
  priorityOf,
  USUAL_EVENT_PRIORITY,
  type WrittenEvent,
} from './cloudevents';
import type { ReceivedMessage } from './types';

/** Longest id or partition key that is kept as it is: indexes of databases have their limits. */
const MAX_KEY = 500;
const MAX_HEADERS = 50;
const MAX_HEADER_NAME = 100;
const MAX_HEADER_VALUE = 1000;

export interface ReadOptions {
  /** `cloudevents`: every message is to be an event. `plain`: content of any kind. */
  readonly format: 'cloudevents' | 'plain';
  /** The priority of an address (lower goes first, 5 is the usual one). */
  laneOf(address: string): number;
}

/**
 * What the inbox keeps of a message. Its headers say how to read it again: `format` (`cloudevents`, `plain`, or
 * `invalid` for what should have been an event), `address`, and where there are any `contentType`, `headers` (JSON)
 * and `problem` (why it is no event).
 */
export function incomingOf(message: ReceivedMessage, options: ReadOptions): Incoming {
  const { address, event } = message;
  const lane = options.laneOf(address);
  let { problem } = message;
  if (options.format === 'cloudevents' && event !== undefined) {
    try {
      return incomingEvent(event, address, lane);
    } catch (thrown) {
      problem = asCrossdockError(thrown);
    }
  }
  const { messageId, contentType, body } = message;
  return {
    // Without an id of its sender's, a copy that the broker delivers again cannot be told from a new message.
    id: messageId === undefined || messageId === '' ? randomUUID() : bounded(messageId),
    partitionKey: undefined,
    body,
    headers: {
      format: options.format === 'plain' ? 'plain' : 'invalid',
      address,
      ...(contentType === undefined ? {} : { contentType: contentType.slice(0, MAX_HEADER_VALUE) }),
      ...(options.format === 'plain' ? { headers: JSON.stringify(keptHeaders(message.headers)) } : {}),
      ...(options.format === 'plain' || problem === undefined
        ? {}
        : { problem: problem.message.slice(0, 500) }),
    },
    priority: lane,
  };
}

/**
 * What the inbox keeps of an event. A lane other than the usual one wins over the event's own extension `priority`.
 * Throws EVENT_INVALID (permanent).
 */
export function incomingEvent(
  event: CloudEvent,
  address: string,
  lane: number = USUAL_EVENT_PRIORITY,
  written?: WrittenEvent,
): Incoming {
  // Checked as an attribute only, so it may have come as a number.
  const key = String(event.partitionkey ?? event.subject ?? '');
  return {
    id: bounded(identityOf(event)),
    partitionKey: key === '' ? undefined : bounded(key),
    body: written === undefined ? encodeStructured(event).payload : Buffer.from(written.text),
    headers: { format: 'cloudevents', address },
    priority: lane === USUAL_EVENT_PRIORITY ? priorityOf(event) : lane,
    ...expiryOf(event),
    ...(event.sequence === undefined ? {} : versionedBy(event)),
  };
}

/**
 * The extension `sequence` orders the events of one source and type: as numbers where it is one, else as text. One that
 * is neither says nothing, and then their arrival orders them.
 */
function versionedBy(event: CloudEvent): { version?: IncomingVersion } {
  const { source, type, sequence, time } = event;
  const kind = /^\d+$/.test(String(sequence)) ? 'number' : 'text';
  try {
    const { order } = versionOf(kind, sequence);
    const at = Date.parse(time ?? '');
    const series = bounded(`${kind} ${source} ${type}`);
    return { version: { series, order, ...(Number.isNaN(at) ? {} : { at }) } };
  } catch {
    return {};
  }
}

/** Source and id together are what tells events apart (CloudEvents 1.0.2, "id"); a source contains no space. */
function identityOf(event: CloudEvent): string {
  return `${event.source} ${event.id}`;
}

function bounded(text: string): string {
  if (text.length <= MAX_KEY && !/\p{Cc}/u.test(text)) return text;
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

function expiryOf(event: CloudEvent): { expiresInMs?: number } {
  const time = event['expirytime'];
  const at = typeof time === 'string' && /^\d{4}-\d{2}-\d{2}[Tt]/.test(time) ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) ? {} : { expiresInMs: at - Date.now() };
}

function keptHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name !== '__proto__' && name.length <= MAX_HEADER_NAME)
      .slice(0, MAX_HEADERS)
      .map(([name, value]) => [name, value.slice(0, MAX_HEADER_VALUE)]),
  );
}

/** What a flow gets of a message. */
export interface Content {
  readonly address: string;
  readonly payload: unknown;
  /** The event's attributes, when it is one. */
  readonly event?: Readonly<Record<string, AttributeValue>>;
  /** Headers or user properties, when it is none. */
  readonly headers?: Readonly<Record<string, string>>;
}

type Kept = Pick<Incoming, 'body'> & { readonly headers?: Readonly<Record<string, string>> };

/**
 * Reads what `incomingOf`, or a local channel, has put into an inbox.
 * @throws CrossdockError (permanent) EVENT_INVALID for what should have been an event, JSON_UNSAFE, or what
 *   `parseJson` finds wrong with content that says it is JSON
 */
export function contentOf({ body, headers = {} }: Kept): Content {
  const address = headers['address'] ?? '';
  if (headers['format'] === 'invalid') {
    throw new CrossdockError(headers['problem'] ?? 'The message is not a CloudEvent.', {
      code: 'EVENT_INVALID',
      kind: 'permanent',
      facts: { address: address.slice(0, 200) },
    });
  }
  if (headers['format'] === 'plain') {
    return {
      address,
      payload: readPlain(body, headers['contentType']),
      headers: JSON.parse(headers['headers'] ?? '{}') as Record<string, string>,
    };
  }
  const event = decodeStructured(body);
  const unsafe = event.data instanceof Uint8Array ? undefined : findUnsafeKey(event.data);
  if (unsafe !== undefined) {
    throw new CrossdockError(
      'The event’s data has a field which no sender needs and which can change how programs work; it was refused.',
      {
        code: 'JSON_UNSAFE',
        kind: 'permanent',
        problems: [{ path: `/data${unsafe}`, message: 'is not allowed' }],
      },
    );
  }
  return { address, payload: event.data, event: Object.fromEntries(attributesOf(event)) };
}

/** The content as it came, for people: text where it is text. */
export function rawContent({ body }: Kept): string | Buffer {
  return textOf(body) ?? Buffer.from(body);
}

/** By its type; content without a type (all of MQTT 3.1.1) is looked at. */
function readPlain(body: Uint8Array, contentType: string | undefined): unknown {
  const maxBytes = body.length;
  if (contentType === undefined) {
    const text = textOf(body);
    if (text === undefined || !/^\s*[{[]/.test(text)) return text ?? Buffer.from(body);
    try {
      return parseJson(text, { maxBytes });
    } catch (thrown) {
      // Text that only begins like JSON is text; what is not safe to read is refused all the same.
      if (thrown instanceof CrossdockError && thrown.code === 'JSON_INVALID') return text;
      throw thrown;
    }
  }
  if (/^[^;]*[/+]json\s*(;|$)/i.test(contentType)) return parseJson(body, { maxBytes });
  if (/^text\//i.test(contentType)) return rawContent({ body });
  return Buffer.from(body);
}

function textOf(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}
