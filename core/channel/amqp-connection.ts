/**
 * One connection to an AMQP broker, from the first attempt to its end. It never reconnects: that is `AmqpLink`'s part.
 * amqplib notices a broker that went silent after up to three heartbeats and leaves the socket open then; this one
 * looks more often and closes it.
 */
import type { Duplex } from 'node:stream';
import { type ChannelModel, connect } from 'amqplib';
import type { AmqpSettings } from './amqp-config';
import { reasonOfConnection, reasonOfSilence } from './amqp-reasons';
import type { Reason } from './channel-state';

/** Looks per heartbeat whether anything came. */
const LOOKS = 4;
/** Silent looks in a row that end the connection. RabbitMQ sends a heartbeat every half interval: three are missing. */
const SILENT_LOOKS = 6;
/**
 * Bytes that a socket takes before it says "full"; more than a window of usual events. amqplib waits for "drain" then, and
 * goes on with a system call for one message.
 */
const WRITE_AHEAD = 1_048_576;

export interface ConnectionEvents {
  connected(model: ChannelModel): void;
  /** The broker takes no more publishes (memory or disk alarm), or does again. */
  blocked(blocked: boolean): void;
  /** Exactly once, also when no connection came about. */
  ended(reason: Reason): void;
}

/** Connects once. The model has a listener for errors: without one an 'error' event would end the process. */
export async function connectOnce(settings: AmqpSettings, purpose: string): Promise<ChannelModel> {
  // What amqplib does not know of this it hands to Node.js.
  const socket = {
    ...settings.tls,
    timeout: settings.connectTimeoutMs,
    noDelay: true,
    keepAlive: true,
    writableHighWaterMark: WRITE_AHEAD,
    clientProperties: { connection_name: `${settings.clientId} (${purpose})` },
  };
  const model = await connect(
    {
      protocol: settings.protocol,
      hostname: settings.host,
      port: settings.port,
      vhost: encodeURIComponent(settings.vhost),
      heartbeat: settings.heartbeatSeconds,
      ...(settings.username === undefined && settings.password === undefined
        ? {}
        : { username: settings.username ?? '', password: settings.password ?? '' }),
    },
    socket,
  );
  model.on('error', () => undefined);
  return model;
}

export class AmqpConnection {
  readonly #settings: AmqpSettings;
  readonly #events: ConnectionEvents;
  readonly #watchdog: NodeJS.Timeout;
  #model: ChannelModel | undefined;
  #socket: (Duplex & { readonly bytesRead?: number }) | undefined;
  #looks: NodeJS.Timeout | undefined;
  #reason: Reason | undefined;
  #ended = false;
  #gathering = false;

  constructor(settings: AmqpSettings, purpose: string, events: ConnectionEvents) {
    this.#settings = settings;
    this.#events = events;
    // amqplib's own time-out starts anew with every byte; this one ends what neither opens nor fails.
    this.#watchdog = setTimeout(
      () => this.#failed(new Error('connect ETIMEDOUT')),
      settings.connectTimeoutMs + 1000,
    );
    connectOnce(settings, purpose).then(
      (model) => this.#opened(model),
      (error: unknown) => this.#failed(error),
    );
  }

  /** Bytes that came from the broker so far: what has not changed since was not answered. */
  get heard(): number {
    return this.#socket?.bytesRead ?? 0;
  }

  /**
   * What was just published leaves as one write: amqplib makes a system call per message, which costs more than all
   * else. It hands its frames to the socket with setImmediate, after a 'readable' event of the next tick.
   */
  gather(): void {
    const socket = this.#socket;
    if (socket === undefined || this.#gathering) return;
    this.#gathering = true;
    socket.cork();
    process.nextTick(() =>
      setImmediate(() => {
        this.#gathering = false;
        socket.uncork();
      }),
    );
  }

  /** Cuts the connection; `ended` follows with this reason. */
  drop(reason: Reason): void {
    this.#end(reason);
  }

  /** Says goodbye to the broker; waits for it a second at most. */
  async close(): Promise<void> {
    const model = this.#model;
    if (model !== undefined && !this.#ended) await closeModel(model);
    this.#end({ code: 'CHANNEL_CLOSED', message: 'The channel was closed.' });
  }

  #opened(model: ChannelModel): void {
    this.#model = model;
    this.#socket = socketOf(model);
    if (this.#ended) {
      destroy(this.#socket);
      return;
    }
    clearTimeout(this.#watchdog);
    model.on('error', (error) => {
      this.#reason ??= this.#reasonOf(error);
    });
    model.on('close', (error) => {
      this.#reason ??= this.#reasonOf(error ?? new Error('Connection closed'));
      this.#end(this.#reason);
    });
    model.on('blocked', () => this.#events.blocked(true));
    model.on('unblocked', () => this.#events.blocked(false));
    this.#watch();
    this.#events.connected(model);
  }

  /** Counts looks, not time: a process that was stopped for a while must not blame the broker. */
  #watch(): void {
    if (this.#socket?.bytesRead === undefined) return;
    let heard = this.heard;
    let silent = 0;
    this.#looks = setInterval(
      () => {
        silent = this.heard === heard ? silent + 1 : 0;
        heard = this.heard;
        if (silent >= SILENT_LOOKS) this.#end(reasonOfSilence(this.#settings.shownAddress));
      },
      (this.#settings.heartbeatSeconds * 1000) / LOOKS,
    );
  }

  #reasonOf(error: unknown): Reason {
    return reasonOfConnection(error, this.#settings.shownAddress, this.#settings.vhost);
  }

  #failed(error: unknown): void {
    this.#end(this.#reasonOf(error));
  }

  #end(reason: Reason): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#watchdog);
    clearInterval(this.#looks);
    destroy(this.#socket);
    this.#events.ended(reason);
  }
}

/** Closes a connection in good order, within a second. */
export async function closeModel(model: ChannelModel): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    model.close().catch(() => undefined),
    new Promise((resolve) => {
      timer = setTimeout(resolve, 1000);
    }),
  ]);
  clearTimeout(timer);
  destroy(socketOf(model));
}

/** amqplib's types hide the socket. Without it there is only amqplib's own look at the heartbeats. */
function socketOf(model: ChannelModel): (Duplex & { readonly bytesRead?: number }) | undefined {
  const { stream } = model.connection as { readonly stream?: Duplex & { readonly bytesRead?: number } };
  return typeof stream?.destroy === 'function' ? stream : undefined;
}

/** With an error, since amqplib cleans up (timers, channels) only after 'error' or 'end'; it listens for both. */
function destroy(socket: Duplex | undefined): void {
  if (socket !== undefined && !socket.destroyed) socket.destroy(new Error('Connection closed'));
}
