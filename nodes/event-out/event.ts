/** From a message to the event that event out publishes. */
import { randomUUID } from 'node:crypto';
import { assertEvent, type CloudEvent, eventId, makeEvent, newEventId } from '../../core/channel';
import { scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { choice, text } from '../shared/config';
import { evaluator } from '../shared/expression';
import type { Message, RawConfig, Red } from '../shared/red';

export interface MadeEvent {
  readonly event: CloudEvent;
  /** Events with the same key leave in order; undefined: no order is wanted. */
  readonly key: string | undefined;
}

export type EventMaker = (message: Message, source: string) => Promise<MadeEvent>;

/** A text of the message, at once where nothing has to be evaluated; undefined: to be found automatically. */
type Value = ((message: Message) => string | Promise<string>) | undefined;

/** What a new node publishes. */
const DEFAULT_TYPE = 'com.crossdock.order.order.placed.v1';
/** Different things that one delivery may publish under one subject, remembered to number them. */
const MAX_COUNTED = 10_000;

/** Reads what makes the event. Throws CONFIG_INVALID or EXPRESSION_INVALID (permanent). */
export function eventMaker(red: Red, config: RawConfig): EventMaker {
  const named = { ...config, eventType: text(config, 'eventType', 'Event type', DEFAULT_TYPE) };
  const typeOf = value(red, named, 'eventType', 'Event type', ['str', 'msg', 'jsonata'], 'str');
  const subjectOf = value(red, config, 'subject', 'Subject', ['auto', 'msg', 'jsonata', 'str'], 'auto');
  const idOf = value(red, config, 'eventId', 'Event id', ['auto', 'msg', 'jsonata'], 'auto');
  const keyType = choice(
    config,
    'partitionKeyType',
    'Order',
    ['auto', 'none', 'msg', 'jsonata', 'str'],
    'auto',
  );
  const keyOf =
    keyType === 'auto' || keyType === 'none'
      ? undefined
      : value(red, config, 'partitionKey', 'Order', ['msg', 'jsonata', 'str'], 'msg');
  const property = text(config, 'property', 'Data', 'payload');
  const next = counter();

  return async (message, source) => {
    const data = propertyOf(red, message, property);
    if (data === undefined && property !== 'payload') throw missing('Data', property, 'property');
    if (isEvent(data)) {
      assertEvent(data);
      return { event: data, key: keyType === 'none' ? undefined : keyOfEvent(data) };
    }
    const typed = typeOf?.(message) ?? '';
    const type = typeof typed === 'string' ? typed : await typed;
    const about = subjectOf === undefined ? subjectIn(message, data) : subjectOf(message);
    const found = about === undefined || typeof about === 'string' ? about : await about;
    // A message of its own stands in no order with any other.
    const subject = found ?? message._msgid ?? randomUUID();
    const ordered = keyOf?.(message);
    const partitionkey = ordered === undefined || typeof ordered === 'string' ? ordered : await ordered;
    const event = makeEvent({
      type,
      source,
      subject,
      time: timeOf(message),
      id:
        idOf === undefined
          ? automaticId(message, [source, type, subject, config.id], next)
          : await idOf(message),
      data,
      datacontenttype: data instanceof Uint8Array ? 'application/octet-stream' : undefined,
      partitionkey,
    });
    const key = partitionkey ?? found;
    return { event, key: keyType === 'none' ? undefined : key };
  };
}

/** The payload is an event already (of another system, or kept from before): it is published as it is. */
function isEvent(data: unknown): data is CloudEvent {
  if (typeof data !== 'object' || data === null) return false;
  const { specversion, type, source } = data as Partial<CloudEvent>;
  return specversion === '1.0' && typeof type === 'string' && typeof source === 'string';
}

function keyOfEvent({ partitionkey, subject }: CloudEvent): string | undefined {
  const key: unknown = partitionkey ?? subject;
  return key === undefined ? undefined : String(key);
}

/** The business key that the message has: of the canonical object it carries, else the one that it was given. */
function subjectIn(message: Message, data: unknown): string | undefined {
  const { order } = message;
  for (const candidate of [data, order]) {
    if (typeof candidate !== 'object' || candidate === null) continue;
    const { schemaVersion, id } = candidate as { schemaVersion?: unknown; id?: unknown };
    if (typeof schemaVersion === 'string' && typeof id === 'string' && id !== '') return id;
  }
  const key = message.crossdock?.key;
  return typeof key === 'string' && key !== '' ? key : undefined;
}

/** When the message came in, so that a repeated event does not get another time. */
function timeOf(message: Message): string {
  const received = message.crossdock?.['receivedAt'];
  return typeof received === 'string' ? received : nowText();
}

let now = { at: Number.NaN, text: '' };

/** The time; events of the same millisecond share one text. */
function nowText(): string {
  const at = Date.now();
  if (at !== now.at) now = { at, text: new Date(at).toISOString() };
  return now.text;
}

/**
 * The same message delivered again makes the same id. One delivery may publish several events of one subject (a message
 * that was split): they are numbered, since two of one id would be taken for one.
 */
function automaticId(
  message: Message,
  about: readonly [source: string, type: string, subject: string, node: string],
  nextNumber: (what: string) => number,
): string {
  const { crossdock } = message;
  const origin = scopes.origin(message);
  const from = origin?.source ?? crossdock?.['source'];
  const deliveryId = origin?.deliveryId ?? crossdock?.['deliveryId'];
  if (typeof deliveryId !== 'string') return newEventId();
  const [source, type, subject, node] = about;
  // The outermost scope is another one each time that the message is delivered.
  const delivery = crossdock?.scopes?.[0] ?? message._msgid ?? '';
  const number = nextNumber(JSON.stringify([delivery, type, subject]));
  const idScope = [node, String(from ?? ''), deliveryId, ...(number === 0 ? [] : [String(number)])];
  return eventId({ source, type, subject, idScope });
}

/** Counts from 0 how often it is asked for the same thing; the oldest are forgotten. */
function counter(): (what: string) => number {
  const counts = new Map<string, number>();
  return (what) => {
    const number = counts.get(what) ?? 0;
    counts.set(what, number + 1);
    if (counts.size > MAX_COUNTED) counts.delete(counts.keys().next().value ?? '');
    return number;
  };
}

/** A typed value as text; undefined when it is found automatically. */
function value<const T extends string>(
  red: Red,
  config: RawConfig,
  field: string,
  label: string,
  types: readonly T[],
  fallback: T,
): Value {
  const type: string = choice(config, `${field}Type`, label, types, fallback);
  if (type === 'auto') return undefined;
  const source = text(config, field, label);
  if (type === 'str') return () => source;
  const usable = (found: unknown): string => {
    if (typeof found === 'string' && found !== '') return found;
    if (typeof found === 'number' && Number.isFinite(found)) return String(found);
    throw missing(label, type === 'msg' ? source : undefined, field);
  };
  if (type === 'msg') return (message) => usable(propertyOf(red, message, source));
  const evaluate = evaluator(red, 'jsonata', source);
  return async (message) => usable(await evaluate(message));
}

/** A property of the message; undefined when it, or what it is in, is not there. */
function propertyOf(red: Red, message: Message, path: string): unknown {
  try {
    return red.util.getMessageProperty(message, path);
  } catch {
    return undefined;
  }
}

function missing(label: string, path: string | undefined, field: string): CrossdockError {
  const what = path === undefined ? 'the expression gives' : `msg.${path} has`;
  return new CrossdockError(`${label}: ${what} nothing usable for this message.`, {
    code: 'EVENT_INVALID',
    kind: 'permanent',
    facts: { field },
  });
}
