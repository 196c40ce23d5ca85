/**
 * A TCP proxy that writes down what a broker delivers, and readers of the two protocols: which message an
 * acknowledgement is for can only be told by what was delivered before.
 */
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { type Answer, tokensIn } from './shim';

export interface Tap {
  readonly url: string;
  /** What the broker has sent, per connection: by the port of the one that connected. */
  readonly delivered: ReadonlyMap<number, readonly Buffer[]>;
  close(): Promise<void>;
}

export async function startTap(target: string): Promise<Tap> {
  const { hostname, port } = new URL(target);
  const delivered = new Map<number, Buffer[]>();
  const server: Server = createServer((client) => {
    const chunks: Buffer[] = [];
    delivered.set(client.remotePort ?? 0, chunks);
    const upstream = connect(Number(port), hostname);
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy());
    upstream.on('data', (chunk: Buffer) => chunks.push(chunk));
    client.pipe(upstream);
    upstream.pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const own = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: target.replace(`${hostname}:${port}`, `127.0.0.1:${own}`),
    delivered,
    close: async () => {
      server.close();
      server.unref();
    },
  };
}

/** Reads frames from what came in pieces; `frame` gives the length of the first one when it is whole. */
function* framesOf(
  pieces: readonly { readonly n: number; readonly bytes: Buffer }[],
  frame: (bytes: Buffer) => number | undefined,
): Generator<{ n: number; bytes: Buffer }> {
  let rest: Buffer = Buffer.alloc(0);
  for (const { n, bytes } of pieces) {
    rest = Buffer.concat([rest, bytes]);
    for (let length = frame(rest); length !== undefined; length = frame(rest)) {
      // The frame is complete with this piece, so this is when it went out.
      yield { n, bytes: rest.subarray(0, length) };
      rest = rest.subarray(length);
    }
  }
}

/** Length of an MQTT control packet (5.0, 2.1.4). */
function mqttLength(bytes: Buffer): number | undefined {
  let length = 0;
  for (let index = 1; index < Math.min(bytes.length, 5); index += 1) {
    const byte = bytes[index] ?? 0;
    length += (byte & 127) << (7 * (index - 1));
    if (byte < 128) {
      const whole = index + 1 + length;
      return bytes.length >= whole ? whole : undefined;
    }
  }
  return undefined;
}

/** The packet without its fixed header. */
function mqttBody(bytes: Buffer): Buffer {
  let index = 1;
  while ((bytes[index] ?? 0) >= 128) index += 1;
  return bytes.subarray(index + 1);
}

/** When each message was acknowledged with PUBACK. Packet ids are used again, so they are paired in their order. */
export function mqttAcknowledged(tap: Tap, answers: readonly Answer[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const [port, chunks] of tap.delivered) {
    const tokens = new Map<number, string[]>();
    for (const { bytes } of framesOf(
      chunks.map((chunk) => ({ n: 0, bytes: chunk })),
      mqttLength,
    )) {
      // PUBLISH with QoS 1.
      if (bytes[0] === undefined || bytes[0] >> 4 !== 3 || (bytes[0] & 6) !== 2) continue;
      const body = mqttBody(bytes);
      const id = body.readUInt16BE(2 + body.readUInt16BE(0));
      tokens.set(id, [...(tokens.get(id) ?? []), tokensIn(body)[0] ?? '']);
    }
    for (const { n, bytes } of framesOf(from(answers, port), mqttLength)) {
      if (bytes[0] !== 0x40) continue;
      const token = tokens.get(mqttBody(bytes).readUInt16BE(0))?.shift();
      if (token !== undefined && token !== '') found.set(token, n);
    }
  }
  return found;
}

/** Length of an AMQP 0-9-1 frame (2.3.5); the protocol header at the start counts as one. */
function amqpLength(bytes: Buffer): number | undefined {
  if (bytes.length < 8) return undefined;
  if (bytes.toString('latin1', 0, 4) === 'AMQP') return 8;
  const whole = 7 + bytes.readUInt32BE(3) + 1;
  return bytes.length >= whole ? whole : undefined;
}

/** When each message was acknowledged with basic.ack. */
export function amqpAcknowledged(tap: Tap, answers: readonly Answer[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const [port, chunks] of tap.delivered) {
    const tokens = new Map<string, string>();
    const tagged = new Map<number, string>();
    for (const { bytes } of framesOf(
      chunks.map((chunk) => ({ n: 0, bytes: chunk })),
      amqpLength,
    )) {
      const channel = bytes.readUInt16BE(1);
      if (bytes[0] === 1 && bytes.readUInt32BE(7) === ((60 << 16) | 60)) {
        const tag = bytes.readBigUInt64BE(12 + (bytes[11] ?? 0));
        tagged.set(channel, `${channel} ${tag}`);
      } else if (bytes[0] === 3) {
        const [token] = tokensIn(bytes);
        const key = tagged.get(channel);
        if (token !== undefined && key !== undefined) tokens.set(key, token);
      }
    }
    for (const { n, bytes } of framesOf(from(answers, port), amqpLength)) {
      if (bytes[0] !== 1 || bytes.readUInt32BE(7) !== ((60 << 16) | 80)) continue;
      const channel = bytes.readUInt16BE(1);
      const last = bytes.readBigUInt64BE(11);
      const multiple = ((bytes[19] ?? 0) & 1) === 1;
      for (const [key, token] of tokens) {
        const [onChannel, tag] = key.split(' ');
        const covered = multiple ? BigInt(tag ?? 0) <= last : BigInt(tag ?? 0) === last;
        if (Number(onChannel) !== channel || !covered) continue;
        found.set(token, n);
        tokens.delete(key);
      }
    }
  }
  return found;
}

function from(answers: readonly Answer[], port: number): Answer[] {
  return answers.filter(({ ownPort }) => ownPort === port).sort((a, b) => a.n - b.n);
}
