/**
 * basic.publish of AMQP 0-9-1 (clauses 2.3.5, 4.2) as bytes, many messages in one piece. amqplib writes a message in
 * five buffers of its own and moves it through two streams; that costs more than all that event out does to keep an
 * event safe. amqplib goes on to read the confirmations: it counts its callbacks in the order of publishing, so on a
 * channel either all messages are written here or none.
 */
import type { Duplex } from 'node:stream';
import type { ConfirmChannel, Options } from 'amqplib';
import { type OutgoingMessage, PARTITION_HEADER } from './amqp-binding';
import { ByteBatch } from './byte-batch';

const METHOD = 1;
const HEADER = 2;
const BODY = 3;
const END = 0xce;
/** Type, channel, size; and the end's mark. */
const FRAME = 8;
const BASIC = 60;
const PUBLISH = 40;
const MANDATORY = 1;
const FOUR_GIGABYTES = 4_294_967_296;

/** Which properties a header holds. */
const Flag = {
  contentType: 0x8000,
  headers: 0x2000,
  deliveryMode: 0x1000,
  expiration: 0x0100,
  messageId: 0x0080,
  timestamp: 0x0040,
  type: 0x0020,
} as const;

/** Gathers messages of one channel. */
export class PublishBatch {
  readonly #bytes = new ByteBatch();

  /** @param frameMax bytes of the largest frame that was agreed upon */
  constructor(
    private readonly channel: number,
    private readonly frameMax: number,
    private readonly exchange: string,
  ) {}

  get length(): number {
    return this.#bytes.length;
  }

  /**
   * Appends a message, unless its properties do not fit into one frame.
   * @param options of this sending (`optionsNow`)
   * @returns whether it was appended
   */
  add({ routingKey, body, size }: OutgoingMessage, options: Options.Publish): boolean {
    const key = String(options.headers?.[PARTITION_HEADER] ?? '');
    const lengths = { key: Buffer.byteLength(key), routingKey: Buffer.byteLength(routingKey) };
    const exchange = Buffer.byteLength(this.exchange);
    const properties = propertiesLength(options, lengths.key);
    const method = 4 + 2 + 1 + exchange + 1 + lengths.routingKey + 1;
    const header = 2 + 2 + 8 + 2 + properties;
    if (header + FRAME > this.frameMax) return false;
    const room = this.frameMax - FRAME;
    const bytes = this.#bytes;
    bytes.reserve(method + header + size + FRAME * (2 + Math.ceil(size / room)));

    this.#frame(METHOD, method);
    bytes.uint16(BASIC);
    bytes.uint16(PUBLISH);
    bytes.uint16(0);
    this.#short(this.exchange, exchange);
    this.#short(routingKey, lengths.routingKey);
    bytes.byte(options.mandatory === true ? MANDATORY : 0);
    bytes.byte(END);

    this.#frame(HEADER, header);
    bytes.uint16(BASIC);
    bytes.uint16(0);
    bytes.uint32(0);
    bytes.uint32(size);
    this.#properties(options, key, lengths.key);
    bytes.byte(END);

    if (size <= room) {
      if (size > 0) this.#body(body, size);
    } else {
      const whole = typeof body === 'string' ? Buffer.from(body) : body;
      for (let at = 0; at < size; at += room) {
        const part = whole.subarray(at, at + room);
        this.#body(part, part.length);
      }
    }
    return true;
  }

  /** What was gathered; the batch is empty then. */
  take(): Buffer {
    return this.#bytes.take();
  }

  #body(body: Uint8Array | string, size: number): void {
    this.#frame(BODY, size);
    if (typeof body === 'string') this.#bytes.text(body, size);
    else this.#bytes.bytes(body);
    this.#bytes.byte(END);
  }

  #frame(type: number, size: number): void {
    this.#bytes.byte(type);
    this.#bytes.uint16(this.channel);
    this.#bytes.uint32(size);
  }

  #short(text: string, length: number): void {
    this.#bytes.byte(length);
    this.#bytes.text(text, length);
  }

  /** In the order of their flags. */
  #properties(options: Options.Publish, key: string, keyLength: number): void {
    const { contentType, deliveryMode, expiration, messageId, timestamp, type } = options;
    const bytes = this.#bytes;
    let flags: number = Flag.headers;
    if (contentType !== undefined) flags |= Flag.contentType;
    if (deliveryMode !== undefined) flags |= Flag.deliveryMode;
    if (expiration !== undefined) flags |= Flag.expiration;
    if (messageId !== undefined) flags |= Flag.messageId;
    if (timestamp !== undefined) flags |= Flag.timestamp;
    if (type !== undefined) flags |= Flag.type;
    bytes.uint16(flags);
    if (contentType !== undefined) this.#short(contentType, Buffer.byteLength(contentType));
    bytes.uint32(1 + PARTITION_HEADER.length + 1 + 4 + keyLength);
    this.#short(PARTITION_HEADER, PARTITION_HEADER.length);
    bytes.byte(LONG_STRING);
    bytes.uint32(keyLength);
    bytes.text(key, keyLength);
    if (deliveryMode !== undefined) bytes.byte(Number(deliveryMode));
    if (expiration !== undefined) this.#short(String(expiration), String(expiration).length);
    if (messageId !== undefined) this.#short(messageId, Buffer.byteLength(messageId));
    if (timestamp !== undefined) {
      bytes.uint32(Math.floor(timestamp / FOUR_GIGABYTES));
      bytes.uint32(timestamp % FOUR_GIGABYTES);
    }
    if (type !== undefined) this.#short(type, Buffer.byteLength(type));
  }
}

/** `S`: the type of a header's value. */
const LONG_STRING = 0x53;

function propertiesLength(options: Options.Publish, keyLength: number): number {
  const { contentType, deliveryMode, expiration, messageId, timestamp, type } = options;
  let length = 4 + 1 + PARTITION_HEADER.length + 1 + 4 + keyLength;
  if (contentType !== undefined) length += 1 + Buffer.byteLength(contentType);
  if (deliveryMode !== undefined) length += 1;
  if (expiration !== undefined) length += 1 + String(expiration).length;
  if (messageId !== undefined) length += 1 + Buffer.byteLength(messageId);
  if (timestamp !== undefined) length += 8;
  if (type !== undefined) length += 1 + Buffer.byteLength(type);
  return length;
}

/** What a channel of amqplib must have so that its messages can be written here; its types do not show it. */
interface Inside {
  readonly ch?: unknown;
  readonly pushConfirmCallback?: (confirmed: (error: unknown) => void) => void;
  readonly connection?: { readonly stream?: Duplex; readonly frameMax?: unknown };
}

export class ChannelWriter {
  private constructor(
    private readonly batch: PublishBatch,
    private readonly stream: Duplex,
    private readonly expect: (confirmed: (error: unknown) => void) => void,
  ) {}

  /** @returns undefined when amqplib is another one than we know: then it is to publish itself */
  static of(channel: ConfirmChannel, exchange: string): ChannelWriter | undefined {
    const { ch, pushConfirmCallback, connection } = channel as unknown as Inside;
    const { stream, frameMax } = connection ?? {};
    const known =
      typeof ch === 'number' &&
      typeof frameMax === 'number' &&
      typeof pushConfirmCallback === 'function' &&
      typeof stream?.write === 'function';
    if (!known) return undefined;
    const batch = new PublishBatch(ch, frameMax, exchange);
    return new ChannelWriter(batch, stream, pushConfirmCallback.bind(channel));
  }

  /**
   * Sends a message with all others of this turn of the event loop.
   * @param confirmed called as amqplib calls it: null, or an error
   * @returns whether it is sent; not when its properties are too long
   */
  publish(message: OutgoingMessage, options: Options.Publish, confirmed: (error: unknown) => void): boolean {
    const first = this.batch.length === 0;
    if (!this.batch.add(message, options)) return false;
    this.expect(confirmed);
    if (first) setImmediate(() => this.#flush());
    return true;
  }

  #flush(): void {
    const bytes = this.batch.take();
    // What is lost with its connection is sent again on the next one.
    if (this.stream.writable) this.stream.write(bytes);
  }
}
