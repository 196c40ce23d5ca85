import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface TcpProxyOptions {
  /** Where connections go: `host:port`, or any URL with a host and a port (`http://127.0.0.1:8069`). */
  target: string;
}

/** A TCP proxy on 127.0.0.1 that a test can break in the ways networks break. */
export interface TcpProxy {
  readonly port: number;
  /** The target's URL with the proxy's host and port in place of its own (or `host:port`). */
  readonly url: string;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** When they were accepted, in ms by `performance.now()`. */
  readonly acceptedAt: readonly number[];
  /** Bytes passed on so far, towards the target and back. */
  readonly bytes: { readonly up: number; readonly down: number };
  /** Resets every open connection and every new one, until `restore()`. */
  cut(): void;
  /** Resets the open connections once; new ones pass. */
  reset(): void;
  /** Accepts and holds everything, passes nothing either way, until `restore()` (the held bytes then pass). */
  blackhole(): void;
  /** Requests reach the target, replies are held until `restore()`: done over there, unknown over here. */
  holdReplies(): void;
  /**
   * Resets a connection after `n` more reply bytes have passed (0: at the first byte of the reply), once.
   * The request has been carried out by then: the classic ambiguous outcome.
   */
  cutReplyAfter(n: number): void;
  /** Ends cut, blackhole and holdReplies, and forgets a pending cutReplyAfter. */
  restore(): void;
  close(): Promise<void>;
}

type Mode = 'pass' | 'cut' | 'blackhole' | 'holdReplies';

interface Target {
  host: string;
  port: number;
  urlFor(port: number): string;
}

const defaultPorts: Record<string, number> = { 'http:': 80, 'https:': 443, 'mqtt:': 1883, 'amqp:': 5672 };

function parseTarget(target: string): Target {
  if (!target.includes('://')) {
    const colon = target.lastIndexOf(':');
    return {
      host: target.slice(0, colon),
      port: Number(target.slice(colon + 1)),
      urlFor: (port) => `127.0.0.1:${port}`,
    };
  }
  const url = new URL(target);
  const port = url.port === '' ? defaultPorts[url.protocol] : Number(url.port);
  if (port === undefined) throw new Error(`The proxy's target ${target} has no port.`);
  return {
    host: url.hostname,
    port,
    urlFor: (proxyPort) => target.replace(url.host, `127.0.0.1:${proxyPort}`),
  };
}

/** Starts a proxy in front of `target`; close it in `after`. */
export async function startTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  const target = parseTarget(options.target);
  const pairs = new Set<{ client: Socket; upstream: Socket }>();
  const bytes = { up: 0, down: 0 };
  const acceptedAt: number[] = [];
  let mode: Mode = 'pass';
  let replyBytesLeft: number | undefined;

  const applyMode = (pair: { client: Socket; upstream: Socket }): void => {
    const up = mode === 'pass' || mode === 'holdReplies';
    const down = mode === 'pass';
    pair.client[up ? 'resume' : 'pause']();
    pair.upstream[down ? 'resume' : 'pause']();
  };
  const resetAll = (): void => {
    for (const { client, upstream } of pairs) {
      client.resetAndDestroy();
      upstream.destroy();
    }
  };
  const setMode = (next: Mode): void => {
    mode = next;
    for (const pair of pairs) applyMode(pair);
  };

  // allowHalfOpen: an end in one direction must not close the other before its bytes have passed.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    acceptedAt.push(performance.now());
    // An error here is the fault that the test has asked for, or the peer's own end: both show at the client.
    client.on('error', () => client.destroy());
    if (mode === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ host: target.host, port: target.port, allowHalfOpen: true });
    const pair = { client, upstream };
    pairs.add(pair);
    upstream.on('error', () => client.resetAndDestroy());
    client.on('data', (chunk: Buffer) => {
      bytes.up += chunk.length;
      if (!upstream.write(chunk)) {
        client.pause();
        upstream.once('drain', () => applyMode(pair));
      }
    });
    upstream.on('data', (chunk: Buffer) => {
      const left = replyBytesLeft;
      if (left !== undefined && chunk.length > left) {
        replyBytesLeft = undefined;
        bytes.down += left;
        client.write(chunk.subarray(0, left), () => client.resetAndDestroy());
        upstream.destroy();
        return;
      }
      if (left !== undefined) replyBytesLeft = left - chunk.length;
      bytes.down += chunk.length;
      if (!client.write(chunk)) {
        upstream.pause();
        client.once('drain', () => applyMode(pair));
      }
    });
    client.on('end', () => upstream.end());
    upstream.on('end', () => client.end());
    client.on('close', () => {
      pairs.delete(pair);
      upstream.destroy();
    });
    upstream.on('close', () => {
      if (!client.writableEnded) client.destroy();
    });
    applyMode(pair);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no TCP port.');
  const { port } = address;

  return {
    port,
    url: target.urlFor(port),
    bytes,
    get accepted() {
      return acceptedAt.length;
    },
    acceptedAt,
    cut() {
      setMode('cut');
      resetAll();
    },
    reset: resetAll,
    blackhole: () => setMode('blackhole'),
    holdReplies: () => setMode('holdReplies'),
    cutReplyAfter(n) {
      replyBytesLeft = n;
    },
    restore() {
      replyBytesLeft = undefined;
      setMode('pass');
    },
    async close() {
      resetAll();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}
