/**
 * CloudEvents 1.0.2: the envelope of everything that Crossdock publishes (github cloudevents/spec).
 *
 * Ids are deterministic, so that an event that is published again after a crash is the same event: consumers tell
 * duplicates by `source` + `id`, as the specification asks them to.
 */
import { hash, randomUUID } from 'node:crypto';
import { CrossdockError, type Problem } from '../errors';
import { isJson } from './event-data';

/** What an attribute may hold in JSON (the specification's String, Integer, Boolean; all others are strings). */
export type AttributeValue = string | number | boolean;

export interface CloudEvent<T = unknown> {
  readonly specversion: '1.0';
  /** Unique within `source`. */
  readonly id: string;
  /** Who says so, a URI reference, for example `/systems/odoo/main`. */
  readonly source: string;
  /** `com.crossdock.<domain>.<entity>.<pastTenseVerb>.v<major>`. */
  readonly type: string;
  /** The business key within the source, for example the SKU or the order's id. */
  readonly subject?: string;
  /** When it happened, RFC 3339 UTC. */
  readonly time?: string;
  readonly datacontenttype?: string;
  /** URI of the contract of `data`, with its full version. */
  readonly dataschema?: string;
  readonly data?: T;
  /** Events with the same key are delivered in order (extension "partitioning"). */
  readonly partitionkey?: string;
  /** Orders events of one subject; compares as text (extension "sequence"), hence the leading zeros. */
  readonly sequence?: string;
  /** The location or partner that the event is about: one level of the topic. */
  readonly site?: string;
  /** Further extension attributes: lower-case letters and digits only. */
  readonly [extension: string]: unknown;
}

export interface EventInput<T> {
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  /** When it happened; given by the caller, since a repeated event must not get another time. */
  readonly time: string | Date;
  readonly data?: T | undefined;
  readonly dataschema?: string | undefined;
  /** Default `application/json`. */
  readonly datacontenttype?: string | undefined;
  readonly partitionkey?: string | undefined;
  /** Counts the events of one subject from 1. Part of the id. */
  readonly sequence?: number;
  /** Version of the business object, where nothing counts. Part of the id when there is no sequence. */
  readonly version?: string;
  /** What else makes the event a different one, for example the channel and the site. Part of the id. */
  readonly idScope?: readonly string[];
  /** An id that the caller has; else it is computed. */
  readonly id?: string;
  readonly extensions?: Readonly<Record<string, AttributeValue | undefined>>;
}

const CORE = new Set([
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'time',
  'datacontenttype',
  'dataschema',
]);
const PAYLOAD = new Set(['data', 'data_base64']);
const NAME = /^[a-z0-9]+$/;
/** The specification asks senders for names of at most 20 characters; receivers take longer ones. */
const MAX_NAME = 20;
const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const URI_REFERENCE = /^[^\s<>"{}|\\^`]+$/;
const ABSOLUTE_URI = /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]+$/;
// Characters that the specification forbids in strings: controls, lone surrogates, noncharacters.
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;

/** A sequence number as text that sorts like the number (16 digits hold every safe integer). */
export function sequenceText(sequence: number): string {
  return String(sequence).padStart(16, '0');
}

/**
 * The id of an event: SHA-256 (hex) over source, type, subject, sequence (or version) and what else tells it apart.
 * The parts are joined as JSON, so that no two lists of parts give the same text.
 */
export function eventId(parts: {
  source: string;
  type: string;
  subject: string;
  sequence?: number | undefined;
  version?: string | undefined;
  idScope?: readonly string[] | undefined;
}): string {
  const order = parts.sequence === undefined ? ['v', parts.version ?? ''] : ['s', String(parts.sequence)];
  const text = JSON.stringify([parts.source, parts.type, parts.subject, ...order, ...(parts.idScope ?? [])]);
  return hash('sha256', text, 'hex');
}

/**
 * A new id: a UUID that begins with the time (RFC 9562, version 7). What is kept by id keeps new ones together then,
 * where ids without an order would touch a page of its index each.
 */
export function newEventId(): string {
  const now = Date.now();
  if (now !== newest.at) {
    const time = now.toString(16).padStart(12, '0');
    newest = { at: now, head: `${time.slice(0, 8)}-${time.slice(8)}-7` };
  }
  // Of a random one (version 4) all but the first 48 bits and the version.
  return newest.head + randomUUID().slice(15);
}

/** The head of all ids of the same millisecond. */
let newest = { at: Number.NaN, head: '' };

/**
 * Makes a valid event. Throws `CrossdockError` EVENT_INVALID (permanent) with the faults as problems, also when
 * nothing would tell this event from the next one of its subject (no id, sequence or version).
 */
export function makeEvent<T>(input: EventInput<T>): CloudEvent<T> {
  if (input.id === undefined && input.sequence === undefined && input.version === undefined) {
    throw invalid([{ path: '/id', message: 'an event needs a sequence, a version or an id of its own' }]);
  }
  if (input.sequence !== undefined && !(Number.isSafeInteger(input.sequence) && input.sequence >= 0)) {
    throw invalid([{ path: '/sequence', message: 'must be a whole number from 0' }]);
  }
  const { data, dataschema, partitionkey, sequence, extensions } = input;
  // Step by step: an object made of many small ones costs more than all checks.
  const event: { -readonly [K in keyof CloudEvent<T>]: CloudEvent<T>[K] } = {
    specversion: '1.0',
    id: input.id ?? eventId(input),
    source: input.source,
    type: input.type,
    subject: input.subject,
    time: timeText(input.time),
  };
  if (data !== undefined) event.datacontenttype = input.datacontenttype ?? 'application/json';
  if (dataschema !== undefined) event.dataschema = dataschema;
  if (partitionkey !== undefined) event.partitionkey = partitionkey;
  if (sequence !== undefined) event.sequence = sequenceText(sequence);
  if (extensions !== undefined) extend(event, extensions);
  if (data !== undefined) event.data = data;
  assertEvent(event);
  return event;
}

function extend(event: Record<string, unknown>, extensions: NonNullable<EventInput<unknown>['extensions']>) {
  const unfit = Object.keys(extensions).filter(
    (name) => CORE.has(name) || PAYLOAD.has(name) || name.length > MAX_NAME,
  );
  if (unfit.length > 0) {
    throw invalid(
      unfit.map((name) => ({ path: `/${name.slice(0, 64)}`, message: 'is not the name of an extension' })),
    );
  }
  for (const [name, value] of Object.entries(extensions)) if (value !== undefined) event[name] = value;
}

function timeText(time: string | Date): string {
  if (typeof time === 'string') return time;
  return Number.isNaN(time.getTime()) ? 'invalid' : time.toISOString();
}

/** The faults of something that should be a CloudEvent 1.0; empty when it is one. */
export function validateEvent(value: unknown): Problem[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ path: '', message: 'an event is an object with attributes' }];
  }
  const problems: Problem[] = [];
  const event = value as Record<string, unknown>;
  if (event.specversion !== '1.0') problems.push({ path: '/specversion', message: 'must be "1.0"' });
  textOf(event, 'id', true, problems);
  textOf(event, 'type', true, problems);
  textOf(event, 'subject', false, problems);
  textOf(event, 'datacontenttype', false, problems);
  const source = textOf(event, 'source', true, problems);
  if (source !== undefined && !URI_REFERENCE.test(source)) {
    problems.push({ path: '/source', message: 'must be a URI or a path such as /systems/odoo/main' });
  }
  const time = textOf(event, 'time', false, problems);
  if (time !== undefined && (!RFC3339.test(time) || Number.isNaN(Date.parse(time)))) {
    problems.push({ path: '/time', message: 'must be a time such as 2026-11-23T08:15:00Z' });
  }
  const dataschema = textOf(event, 'dataschema', false, problems);
  if (dataschema !== undefined && !ABSOLUTE_URI.test(dataschema)) {
    problems.push({ path: '/dataschema', message: 'must be an absolute URI' });
  }
  for (const name of Object.keys(event)) {
    if (PAYLOAD.has(name)) continue;
    const fault = attributeFault(name, event[name]);
    if (fault !== undefined) problems.push({ path: pathOf(name), message: fault });
  }
  if (event.data !== undefined && event.data_base64 !== undefined) {
    problems.push({ path: '/data_base64', message: 'stands beside data; only one of them is allowed' });
  }
  if (event.data_base64 !== undefined && typeof event.data_base64 !== 'string') {
    problems.push({ path: '/data_base64', message: 'must be base64 text' });
  }
  return problems;
}

/** A text of the event; undefined, and a problem noted, when it is none or missing though required. */
function textOf(
  event: Readonly<Record<string, unknown>>,
  name: string,
  required: boolean,
  problems: Problem[],
): string | undefined {
  const found = event[name];
  if (typeof found === 'string' && found !== '') return found;
  if (found === undefined && !required) return undefined;
  const message = found === undefined ? 'is missing' : 'must be text that is not empty';
  problems.push({ path: `/${name}`, message });
  return undefined;
}

/** Most values are this, and need no second look. */
const PLAIN = /^[ -~]*$/;

/** What is wrong with an attribute, if anything is. */
function attributeFault(name: string, value: unknown): string | undefined {
  const core = CORE.has(name);
  if (!core && !NAME.test(name)) return 'is not a name for an attribute: only lower-case letters and digits';
  if (typeof value === 'string') {
    if (PLAIN.test(value) || !FORBIDDEN.test(value)) return undefined;
    return 'contains a control character or broken text';
  }
  if (core || typeof value === 'boolean') return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value + 0.5) <= 2147483647.5) {
    return undefined;
  }
  return 'must be text, true or false, or a whole number of 32 bits';
}

/** As a JSON pointer. */
function pathOf(name: string): string {
  return `/${name.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function invalid(problems: readonly Problem[]): CrossdockError {
  const first = problems[0];
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return new CrossdockError(
    `The event is not a valid CloudEvent: ${first?.path === '' ? 'it' : first?.path.slice(1)} ${first?.message}${more}.`,
    { code: 'EVENT_INVALID', kind: 'permanent', problems },
  );
}

/** Throws EVENT_INVALID (permanent) unless `value` is a CloudEvent 1.0. */
export function assertEvent(value: unknown): asserts value is CloudEvent {
  const problems = validateEvent(value);
  if (problems.length > 0) throw invalid(problems);
}

/** Attributes (all but the data) with their values. */
export function attributesOf(event: CloudEvent): Array<[string, AttributeValue]> {
  const found: Array<[string, AttributeValue]> = [];
  for (const name of Object.keys(event)) {
    if (PAYLOAD.has(name)) continue;
    const value = event[name];
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      found.push([name, value]);
  }
  return found;
}

/** Priority of what says nothing else: orders 1, sold out 1, catalogue 9. */
export const USUAL_EVENT_PRIORITY = 5;

/** The extension `priority`: a whole number from 1 (goes first) to 9; anything else counts as the usual one. */
export function priorityOf(event: Readonly<Record<string, unknown>>): number {
  const priority = Number(event['priority'] ?? USUAL_EVENT_PRIORITY);
  return Number.isInteger(priority) && priority >= 1 && priority <= 9 ? priority : USUAL_EVENT_PRIORITY;
}

export const STRUCTURED_CONTENT_TYPE = 'application/cloudevents+json';

export interface EncodedEvent {
  readonly contentType: string;
  readonly payload: Buffer;
}

/** JSON event format, structured mode: the whole event is the payload. Bytes as data travel as `data_base64`. */
export function encodeStructured(event: CloudEvent): EncodedEvent {
  assertEvent(event);
  const { data, ...rest } = event;
  const body =
    data instanceof Uint8Array ? { ...rest, data_base64: Buffer.from(data).toString('base64') } : event;
  return {
    contentType: `${STRUCTURED_CONTENT_TYPE}; charset=utf-8`,
    payload: Buffer.from(JSON.stringify(body), 'utf8'),
  };
}

/** An event that was checked, as JSON: it can be kept and published without being read or written again. */
export interface WrittenEvent {
  /** The event, without the data when `dataAt` says where that is. */
  readonly event: CloudEvent;
  /** The whole event, structured. */
  readonly text: string;
  /** Where in `text` the data's JSON begins, which goes up to the last character. Kept apart it would be kept twice. */
  readonly dataAt: number | undefined;
}

/** Writes an event (checked by the caller); what becomes of its data afterwards does not change it any more. */
export function writeEvent(event: CloudEvent): WrittenEvent {
  const { data, ...attributes } = event;
  if (data === undefined) return { event: attributes, text: JSON.stringify(attributes), dataAt: undefined };
  if (data instanceof Uint8Array) {
    const bytes = Buffer.from(data);
    const text = JSON.stringify({ ...attributes, data_base64: bytes.toString('base64') });
    return { event: { ...attributes, data: bytes }, text, dataAt: undefined };
  }
  const json = JSON.stringify(data);
  const head = `${JSON.stringify(attributes).slice(0, -1)},"data":`;
  const text = `${head}${json}}`;
  if (isJson(event.datacontenttype)) return { event: attributes, text, dataAt: head.length };
  return { event: { ...attributes, data: JSON.parse(json) as unknown }, text, dataAt: undefined };
}

/** As `writeEvent`, for an event whose data are JSON already. `attributes` were checked by `makeEvent`. */
export function writeEventAround(attributes: CloudEvent, json: string): WrittenEvent {
  const head = `${JSON.stringify(attributes).slice(0, -1)},"data":`;
  return { event: attributes, text: `${head}${json}}`, dataAt: head.length };
}

/** The JSON of the event's data; undefined: it has none, or `event` has it. */
export function writtenData({ text, dataAt }: WrittenEvent): string | undefined {
  return dataAt === undefined ? undefined : text.slice(dataAt, -1);
}

/** Making one costs more than what it decodes here. */
const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/** The whole event again. */
export function writtenEvent(written: WrittenEvent): CloudEvent {
  const { event } = written;
  const data = writtenData(written);
  return data === undefined ? event : { ...event, data: JSON.parse(data) as unknown };
}

/** Reads a structured event; `data_base64` becomes a Buffer in `data`. Throws EVENT_INVALID (permanent). */
export function decodeStructured(payload: Uint8Array | string): CloudEvent {
  let value: unknown;
  try {
    const text = typeof payload === 'string' ? payload : UTF_8.decode(payload);
    value = JSON.parse(text);
  } catch {
    throw invalid([{ path: '', message: 'is not JSON text in UTF-8' }]);
  }
  assertEvent(value);
  const { data_base64: base64, ...rest } = value;
  if (typeof base64 !== 'string') return value;
  return { ...(rest as CloudEvent), data: Buffer.from(base64, 'base64') };
}
