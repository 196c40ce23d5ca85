/** A message as it came from a queue. Its parts are read when they are asked for. */
import type { ConsumeMessage } from 'amqplib';
import { asCrossdockError, type CrossdockError } from '../errors';
import { addressOfKey, fromAmqp, headerTexts } from './amqp-binding';
import type { CloudEvent } from './cloudevents';
import type { ReceivedMessage } from './types';

export type Verb = 'acknowledge' | 'requeue' | 'discard';

export class AmqpMessage implements ReceivedMessage {
  readonly #message: ConsumeMessage;
  readonly #prefixKey: string;
  readonly #settle: (message: ConsumeMessage, verb: Verb) => void;
  #settled = false;
  #read: { event: CloudEvent | undefined; problem: CrossdockError | undefined } | undefined;

  constructor(
    message: ConsumeMessage,
    prefixKey: string,
    settle: (message: ConsumeMessage, verb: Verb) => void,
  ) {
    this.#message = message;
    this.#prefixKey = prefixKey;
    this.#settle = settle;
  }

  get address(): string {
    // Sent straight to a queue, or dead-lettered: the first routing key is what it was published with.
    return addressOfKey(this.#message.fields.routingKey, this.#prefixKey);
  }

  get body(): Buffer {
    return this.#message.content;
  }

  get contentType(): string | undefined {
    return text(this.#message.properties.contentType);
  }

  get headers(): Readonly<Record<string, string>> {
    return headerTexts(this.#message);
  }

  get messageId(): string | undefined {
    return text(this.#message.properties.messageId);
  }

  get event(): CloudEvent | undefined {
    return this.#decoded().event;
  }

  get problem(): CrossdockError | undefined {
    return this.#decoded().problem;
  }

  get redelivered(): boolean {
    return this.#message.fields.redelivered;
  }

  get deliveries(): number | undefined {
    const count: unknown = this.#message.properties.headers?.['x-delivery-count'];
    return typeof count === 'number' ? count : undefined;
  }

  acknowledge(): void {
    this.#once('acknowledge');
  }

  requeue(): void {
    this.#once('requeue');
  }

  discard(): void {
    this.#once('discard');
  }

  #once(verb: Verb): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#settle(this.#message, verb);
  }

  #decoded(): { event: CloudEvent | undefined; problem: CrossdockError | undefined } {
    if (this.#read === undefined) {
      try {
        this.#read = { event: fromAmqp(this.#message), problem: undefined };
      } catch (error) {
        this.#read = { event: undefined, problem: asCrossdockError(error) };
      }
    }
    return this.#read;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
