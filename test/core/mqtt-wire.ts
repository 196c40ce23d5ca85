/** An MQTT broker of bytes: answers what it must and shows the packets that came; a test plays the rest. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** Types of packets that clients send. */
export const Packet = {
  connect: 1,
  puback: 4,
  subscribe: 8,
  unsubscribe: 10,
  pingreq: 12,
  disconnect: 14,
} as const;

export interface WireOptions {
  /** Whether a CONNECT (counted from 1) finds a session. Default: the second and later ones. */
  readonly sessionPresent?: (connection: number) => boolean;
  /** Properties of CONNACK, as bytes without their length. Default none. */
  readonly connack?: readonly number[];
  /** Code of SUBACK. Default 1. */
  readonly suback?: number;
  /** Protocol levels that are taken; others are refused. Default 5 only. */
  readonly levels?: readonly number[];
}

export interface WirePacket {
  /** Which connection it came on, counted from 1. */
  readonly connection: number;
  readonly type: number;
  readonly body: Buffer;
}

export interface OutgoingPublish {
  readonly id: number;
  readonly qos?: 0 | 1 | 2;
  readonly topic?: string;
  readonly payload?: string | Buffer;
  readonly userProperties?: ReadonlyArray<readonly [string, string]>;
}

export class WireBroker {
  readonly packets: WirePacket[] = [];
  /** Connections made, and those of them that were taken. */
  accepted = 0;
  connections = 0;
  readonly #server;
  readonly #options: WireOptions;
  readonly #sockets = new Set<Socket>();
  #level = 5;

  private constructor(options: WireOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(options: WireOptions = {}): Promise<WireBroker> {
    const broker = new WireBroker(options);
    broker.#server.listen(0, '127.0.0.1');
    await once(broker.#server, 'listening');
    return broker;
  }

  get url(): string {
    const address = this.#server.address();
    return `mqtt://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  }

  /** Packet ids of the PUBACKs that came. */
  get acknowledged(): number[] {
    return this.of(Packet.puback).map(({ body }) => body.readUInt16BE());
  }

  of(type: number): WirePacket[] {
    return this.packets.filter((packet) => packet.type === type);
  }

  /** What came on connections that asked for a session, which only subscriptions do. */
  ofSessions(type: number): WirePacket[] {
    const durable = new Set(
      this.of(Packet.connect)
        .filter(({ body }) => ((body[7] ?? 0) & 2) === 0)
        .map(({ connection }) => connection),
    );
    return this.of(type).filter(({ connection }) => durable.has(connection));
  }

  /** Sends messages to all who are connected, in one write. */
  publish(...messages: readonly OutgoingPublish[]): void {
    const bytes = Buffer.concat(messages.map((message) => this.#publish(message)));
    for (const socket of this.#sockets) socket.write(bytes);
  }

  /** Sends any bytes. */
  nonsense(bytes: Buffer): void {
    for (const socket of this.#sockets) socket.write(bytes);
  }

  /** Bytes of published messages that the other side has not taken from us. */
  get unsent(): number {
    return [...this.#sockets].reduce((sum, socket) => sum + socket.writableLength, 0);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #publish({ id, qos = 1, topic = 't/a', payload = '{}', userProperties = [] }: OutgoingPublish): Buffer {
    const properties = Buffer.concat(
      userProperties.map(([name, value]) => Buffer.concat([Buffer.of(0x26), text(name), text(value)])),
    );
    return frame(0x30 + qos * 2, [
      text(topic),
      qos === 0 ? Buffer.alloc(0) : Buffer.of(id >> 8, id & 255),
      this.#level === 5 ? Buffer.concat([length(properties.length), properties]) : Buffer.alloc(0),
      Buffer.from(payload),
    ]);
  }

  #serve(socket: Socket): void {
    socket.on('error', () => undefined);
    this.accepted += 1;
    const connection = this.accepted;
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (let next = cut(rest); next !== undefined; next = cut(rest)) {
        rest = next.rest;
        const packet = { ...next.packet, connection };
        this.packets.push(packet);
        this.#answer(socket, packet);
      }
    });
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #answer(socket: Socket, { type, body }: WirePacket): void {
    if (type === Packet.connect) {
      const level = body[6] ?? 0;
      if (!(this.#options.levels ?? [5]).includes(level)) {
        socket.end(frame(0x20, [Buffer.of(0, 1)]));
        return;
      }
      this.#level = level;
      this.connections += 1;
      this.#sockets.add(socket);
      const present = this.#options.sessionPresent?.(this.connections) ?? this.connections > 1;
      const properties = Buffer.from(this.#options.connack ?? []);
      const more = level === 5 ? [length(properties.length), properties] : [];
      socket.write(frame(0x20, [Buffer.of(present ? 1 : 0, 0), ...more]));
    }
    const id = body.subarray(0, 2);
    const none = this.#level === 5 ? [Buffer.of(0)] : [];
    if (type === Packet.subscribe)
      socket.write(frame(0x90, [id, ...none, Buffer.of(this.#options.suback ?? 1)]));
    if (type === Packet.unsubscribe) {
      socket.write(frame(0xb0, this.#level === 5 ? [id, ...none, Buffer.of(0)] : [id]));
    }
    if (type === Packet.pingreq) socket.write(frame(0xd0, []));
    if (type === Packet.disconnect) socket.end();
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]);
}

/** A variable byte integer (MQTT 5, 1.5.5). */
function length(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const digit = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? digit + 128 : digit);
  } while (rest > 0);
  return Buffer.from(bytes);
}

function frame(head: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(head), length(body.length), body]);
}

function cut(
  bytes: Buffer,
): { packet: Omit<WirePacket, 'connection'>; rest: Buffer<ArrayBuffer> } | undefined {
  let size = 0;
  for (let index = 1, factor = 1; index < bytes.length; index += 1, factor *= 128) {
    const digit = bytes[index] ?? 0;
    size += (digit & 127) * factor;
    if (digit >= 128) continue;
    const start = index + 1;
    if (bytes.length < start + size) return undefined;
    const packet = { type: (bytes[0] ?? 0) >> 4, body: Buffer.from(bytes.subarray(start, start + size)) };
    return { packet, rest: Buffer.from(bytes.subarray(start + size)) };
  }
  return undefined;
}
