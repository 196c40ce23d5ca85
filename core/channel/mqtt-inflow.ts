/**
 * What one connection of a subscription delivers: handed over within the window, in the broker's order, and
 * acknowledged in the order of receipt whatever the order in which the messages are done.
 *
 * MQTT 5 brokers keep the window themselves (receive maximum). MQTT 3.1.1 knows none, and messages of QoS 0 are not
 * counted by either: what comes beyond the window waits here, and beyond four windows (or 16 MiB) nothing more is
 * read from the connection, so that TCP pushes back.
 */
import type { IncomingPacket, MqttConnection } from './mqtt-connection';
import { MqttReceived } from './mqtt-received';
import type { ReceivedMessage } from './types';

const READ_AHEAD = 4;
const READ_AHEAD_BYTES = 16 * 1024 * 1024;

export interface InflowOptions {
  readonly window: number;
  readonly topicPrefix: string;
  readonly onMessage: (message: ReceivedMessage) => void;
  /** A message was given back. */
  readonly onRequeue: () => void;
  /** A message was acknowledged for the broker to forget. */
  readonly onProgress: () => void;
  /** Nothing that was handed over is open any more. */
  readonly onIdle: () => void;
  /** Somebody acknowledged a message of an inflow that has ended. */
  readonly onStale: () => void;
}

/**
 * - `waiting`: received, not handed over
 * - `open`: handed over
 * - `done`: to be acknowledged, or acknowledged
 * - `left`: never acknowledged on this connection; the broker sends it again on the next one
 */
type Status = 'waiting' | 'open' | 'done' | 'left';

interface Entry {
  readonly receipt: number | undefined;
  status: Status;
}

export class MqttInflow {
  readonly #connection: Pick<MqttConnection, 'acknowledge' | 'resume'>;
  readonly #options: InflowOptions;
  /** Entries with a receipt whose PUBACK has not been written, in the order of receipt. */
  readonly #unwritten = new Queue<Entry>();
  readonly #waiting = new Queue<{ entry: Entry; packet: IncomingPacket }>();
  #waitingBytes = 0;
  #open = 0;
  #flushing: NodeJS.Immediate | undefined;
  #handing = false;
  #muted = false;
  #ended = false;
  #held = false;

  constructor(connection: Pick<MqttConnection, 'acknowledge' | 'resume'>, options: InflowOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Messages handed over that nobody has settled. */
  get open(): number {
    return this.#open;
  }

  /** Takes a packet. @returns whether more may be read; if not, `resume` of the connection follows later */
  arrived(packet: IncomingPacket): boolean {
    // A message of QoS 0 would not come again, so it is taken as long as anybody listens.
    if (this.#ended || (this.#muted && packet.receipt !== undefined)) return true;
    const entry: Entry = { receipt: packet.receipt, status: 'waiting' };
    if (packet.receipt !== undefined) this.#unwritten.push(entry);
    this.#waiting.push({ entry, packet });
    this.#waitingBytes += packet.payload.length;
    this.#handOver();
    this.#held = this.#full();
    return !this.#held;
  }

  /** Acknowledges a packet without handing it over. */
  skip(packet: IncomingPacket): void {
    if (packet.receipt === undefined || this.#muted || this.#ended) return;
    this.#unwritten.push({ receipt: packet.receipt, status: 'done' });
    this.#later();
  }

  /** Takes nothing more that would come again on another connection; what is open can still be settled. */
  mute(): void {
    this.#muted = true;
  }

  /** Writes the PUBACKs of what has been acknowledged, as far as the order of receipt allows. */
  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const receipts: number[] = [];
    for (let head = this.#unwritten.first; head !== undefined; head = this.#unwritten.first) {
      if (head.status !== 'done' && head.status !== 'left') break;
      this.#unwritten.shift();
      if (head.status === 'done' && head.receipt !== undefined) receipts.push(head.receipt);
    }
    this.#connection.acknowledge(receipts);
    this.#readOn();
  }

  /**
   * Writes the PUBACKs of all that has been acknowledged, and ends. What is still open will have none on this
   * connection, so it holds up nobody.
   */
  finish(): void {
    if (this.#ended) return;
    const receipts: number[] = [];
    for (let head = this.#unwritten.shift(); head !== undefined; head = this.#unwritten.shift()) {
      if (head.status === 'done' && head.receipt !== undefined) receipts.push(head.receipt);
    }
    this.#connection.acknowledge(receipts);
    this.end();
  }

  /** The connection is gone: verbs that come from now on are stale. */
  end(): void {
    this.#ended = true;
    clearImmediate(this.#flushing);
    this.#waiting.clear();
    this.#unwritten.clear();
  }

  #full(): boolean {
    const most = READ_AHEAD * this.#options.window;
    return (
      this.#unwritten.size >= most || this.#waiting.size >= most || this.#waitingBytes >= READ_AHEAD_BYTES
    );
  }

  #readOn(): void {
    if (!this.#held || this.#ended || this.#full()) return;
    this.#held = false;
    this.#connection.resume();
  }

  #handOver(): void {
    // A message that is settled while it is handed over comes back here.
    if (this.#handing) return;
    this.#handing = true;
    while (this.#open < this.#options.window && !this.#ended) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      const { entry, packet } = next;
      this.#waitingBytes -= packet.payload.length;
      if (this.#muted && entry.receipt !== undefined) {
        entry.status = 'left';
        continue;
      }
      entry.status = 'open';
      this.#open += 1;
      const message = new MqttReceived(packet, this.#options.topicPrefix, (verb) =>
        this.#settle(entry, verb === 'requeue' ? 'left' : 'done'),
      );
      try {
        this.#options.onMessage(message);
      } catch {
        // Against the contract; the message must not be lost for it.
        message.requeue();
      }
    }
    this.#handing = false;
    this.#readOn();
  }

  #settle(entry: Entry, status: 'done' | 'left'): void {
    if (entry.status !== 'open') return;
    entry.status = status;
    if (this.#ended) {
      if (status === 'done') this.#options.onStale();
      return;
    }
    this.#open -= 1;
    if (entry.receipt !== undefined) {
      this.#later();
      if (status === 'left') this.#options.onRequeue();
      else this.#options.onProgress();
    }
    this.#handOver();
    if (this.#open === 0) this.#options.onIdle();
  }

  /** PUBACKs of one turn of the event loop go out in one write. */
  #later(): void {
    this.#flushing ??= setImmediate(() => this.#flush());
  }
}

/** First in, first out; drops what was taken without moving the rest each time. */
class Queue<T> {
  #items: T[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (this.#head < this.#items.length) this.#head += 1;
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head >= 1024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
