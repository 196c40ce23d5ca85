/**
 * Counts the messages that an MQTT broker forwards, as cheaply as can be: a subscriber (QoS 0) on a thread of its own,
 * which looks at the packets' headers only. A client library would take a good part of the machine that is measured.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

export interface MqttCounter {
  /** Counts from now on. @returns what resolves when `count` messages have come */
  next(count: number): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

/** Subscribes; resolves when the broker has granted it. */
export async function countMqtt(url: string, filter: string): Promise<MqttCounter> {
  const { hostname, port } = new URL(url);
  const worker = new Worker(__filename, { workerData: { host: hostname, port: Number(port), filter } });
  await once(worker, 'message');
  return {
    next: async (count) => {
      worker.postMessage(count);
      await once(worker, 'message');
      const come = once(worker, 'message');
      return async () => void (await come);
    },
    stop: async () => void (await worker.terminate()),
  };
}

const CONNACK = 2;
const PUBLISH = 3;
const SUBACK = 9;

/** Calls `packet` with the type of each packet of a stream. */
export function packetTypes(packet: (type: number) => void): (chunk: Buffer) => void {
  /** Bytes of the current packet that are still to come; below 0: its header is being read. */
  let left = -1;
  let type = 0;
  let length = 0;
  let shift = 0;
  return (chunk) => {
    let position = 0;
    while (position < chunk.length) {
      if (left > 0) {
        const skipped = Math.min(left, chunk.length - position);
        position += skipped;
        left -= skipped;
      } else if (left === -1) {
        type = (chunk[position] ?? 0) >> 4;
        length = 0;
        shift = 0;
        left = -2;
        position += 1;
      } else {
        const byte = chunk[position] ?? 0;
        length += (byte & 0x7f) << shift;
        shift += 7;
        position += 1;
        if (byte < 0x80) left = length;
      }
      if (left === 0) {
        left = -1;
        packet(type);
      }
    }
  };
}

function text(value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(value));
  return Buffer.concat([length, Buffer.from(value)]);
}

/** Packets shorter than 128 bytes only. */
function packetOf(header: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([header, body.length]), body]);
}

function count(): void {
  const { host, port, filter } = workerData as { host: string; port: number; filter: string };
  const socket = connect(port, host);
  let awaited = 0;
  // MQTT 3.1.1 (level 4), a clean session, no keep-alive.
  socket.write(packetOf(0x10, text('MQTT'), Buffer.from([4, 2, 0, 0]), text('bench-counter')));
  socket.on(
    'data',
    packetTypes((type) => {
      if (type === CONNACK) socket.write(packetOf(0x82, Buffer.from([0, 1]), text(filter), Buffer.from([0])));
      else if (type === SUBACK) parentPort?.postMessage('subscribed');
      else if (type === PUBLISH) {
        awaited -= 1;
        if (awaited === 0) parentPort?.postMessage('come');
      }
    }),
  );
  parentPort?.on('message', (expected: number) => {
    awaited = expected;
    parentPort?.postMessage('counting');
  });
}

if (!isMainThread) count();
