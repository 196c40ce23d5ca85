import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP proxy in front of Odoo that can keep the answer to one call: done over there, unknown over here. */
export interface OdooGate {
  readonly url: string;
  /** The answer to the next call whose path ends so is never given. Resolves when Odoo has carried the call out. */
  swallowAnswerTo(ending: string): Promise<void>;
  close(): Promise<void>;
}

export async function startOdooGate(target: string): Promise<OdooGate> {
  let swallow: { readonly ending: string; done(): void } | undefined;
  const server = createServer((incoming, outgoing) => {
    const taken =
      swallow !== undefined && (incoming.url ?? '').endsWith(swallow.ending) ? swallow : undefined;
    if (taken !== undefined) swallow = undefined;
    const { method, headers } = incoming;
    const upstream = request(new URL(incoming.url ?? '/', target), { method, headers }, (answer) => {
      if (taken === undefined) {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        return;
      }
      answer.resume();
      answer.on('end', () => taken.done());
    });
    upstream.on('error', () => outgoing.destroy());
    incoming.pipe(upstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    swallowAnswerTo: (ending) =>
      new Promise((resolve) => {
        swallow = { ending, done: resolve };
      }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
