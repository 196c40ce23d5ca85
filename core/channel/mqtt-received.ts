/** A message as it came over MQTT. Its parts are read when they are asked for. */
import { asCrossdockError, type CrossdockError } from '../errors';
import type { CloudEvent } from './cloudevents';
import { fromMqtt, type MqttMessage } from './mqtt-binding';
import type { IncomingPacket } from './mqtt-connection';
import type { ReceivedMessage } from './types';

export type Verb = 'acknowledge' | 'requeue' | 'discard';

export class MqttReceived implements ReceivedMessage {
  readonly messageId = undefined;
  readonly deliveries = undefined;
  readonly #packet: IncomingPacket;
  readonly #topicPrefix: string;
  readonly #settle: (verb: Verb) => void;
  #read: Pick<ReceivedMessage, 'event' | 'problem'> | undefined;

  /** @param settle called for each verb; it is to ignore all but the first */
  constructor(packet: IncomingPacket, topicPrefix: string, settle: (verb: Verb) => void) {
    this.#packet = packet;
    this.#topicPrefix = topicPrefix;
    this.#settle = settle;
  }

  /** A topic outside the prefix (subscribed under an earlier one) is given as it is. */
  get address(): string {
    const { topic } = this.#packet;
    if (topic === this.#topicPrefix) return '';
    return topic.startsWith(`${this.#topicPrefix}/`) ? topic.slice(this.#topicPrefix.length + 1) : topic;
  }

  get body(): Buffer {
    return this.#packet.payload;
  }

  get contentType(): string | undefined {
    return this.#packet.properties?.contentType;
  }

  /** Of a name that comes more than once the last value counts. */
  get headers(): Readonly<Record<string, string>> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.#packet.properties?.userProperties ?? {})) {
      // The one name that is no property of a plain object; nothing that copies messages could keep it.
      if (name === '__proto__') continue;
      const text = Array.isArray(value) ? value.at(-1) : value;
      if (text !== undefined) headers[name] = text;
    }
    return headers;
  }

  get event(): CloudEvent | undefined {
    return this.#decoded().event;
  }

  get problem(): CrossdockError | undefined {
    return this.#decoded().problem;
  }

  get redelivered(): boolean {
    return this.#packet.dup;
  }

  acknowledge(): void {
    this.#settle('acknowledge');
  }

  requeue(): void {
    this.#settle('requeue');
  }

  discard(): void {
    this.#settle('discard');
  }

  #decoded(): Pick<ReceivedMessage, 'event' | 'problem'> {
    this.#read ??= readEvent(asMqttMessage(this.#packet));
    return this.#read;
  }
}

function asMqttMessage({ payload, properties }: IncomingPacket): MqttMessage {
  const { contentType, userProperties } = properties ?? {};
  if (contentType === undefined && userProperties === undefined) return { payload };
  return {
    payload,
    properties: {
      ...(contentType === undefined ? {} : { contentType }),
      ...(userProperties === undefined ? {} : { userProperties }),
    },
  };
}

function readEvent(message: MqttMessage): Pick<ReceivedMessage, 'event' | 'problem'> {
  try {
    return { event: fromMqtt(message), problem: undefined };
  } catch (error) {
    return { event: undefined, problem: asCrossdockError(error) };
  }
}
