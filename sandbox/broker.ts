/**
 * The MQTT broker of the demo and of fast tests: aedes, in memory, MQTT 3.1.1 (aedes 1.2 answers version 5 with
 * "unacceptable protocol version", so it also exercises the channel's fallback). Not for production: what it has
 * acknowledged is gone when its process ends.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';

export interface BrokerOptions {
  /** Default 0: the system chooses. */
  readonly port?: number;
  /** Default 127.0.0.1: nobody but this machine. */
  readonly host?: string;
  /** When given, others are refused with "bad user name or password". */
  readonly user?: string;
  readonly password?: string;
}

export interface Broker {
  /** mqtt://host:port */
  readonly url: string;
  readonly port: number;
  /** Ends all connections and the server. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts a broker; rejects with the system's error (EADDRINUSE) when the port is taken. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const host = options.host ?? '127.0.0.1';
  const aedes = await Aedes.createBroker({
    authenticate: (_client, user, password, done) => {
      const allowed =
        options.user === undefined ||
        (user === options.user && password?.toString() === (options.password ?? ''));
      if (allowed) done(null, true);
      else done(Object.assign(new Error('bad user name or password'), { returnCode: 4 }), false);
    },
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  server.listen(options.port ?? 0, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    aedes.close();
    throw error;
  }
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  let closing: Promise<void> | undefined;
  return {
    url: `mqtt://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    close: () => {
      closing ??= (async () => {
        const closed = once(server, 'close');
        server.close();
        await new Promise<void>((done) => aedes.close(() => done()));
        for (const socket of sockets) socket.destroy();
        await closed;
      })();
      return closing;
    },
  };
}
