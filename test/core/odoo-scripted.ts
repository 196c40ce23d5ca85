/**
 * A scripted Odoo for tests: a local HTTP server whose answers the test decides call by call, over JSON-2 and
 * JSON-RPC. It knows nothing of Odoo but the forms of question and answer.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ScriptedCall {
  readonly transport: 'json2' | 'jsonrpc';
  readonly model: string;
  readonly method: string;
  readonly ids: readonly number[] | undefined;
  readonly args: Readonly<Record<string, unknown>>;
  readonly context: Readonly<Record<string, unknown>> | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** An exception of Odoo. */
export class Fault {
  constructor(
    readonly status: number,
    readonly odooName: string,
    readonly message = 'refused',
  ) {}
}

/** Answers that are no data: `cut` resets the connection, `hang` never answers, `raw` writes what it wants. */
export type Oddity =
  | { readonly odd: 'cut' }
  | { readonly odd: 'hang' }
  | { readonly odd: 'raw'; readonly write: (response: ServerResponse) => void };

export const CUT: Oddity = { odd: 'cut' };
export const HANG: Oddity = { odd: 'hang' };

export function raw(status: number, headers: Record<string, string>, body: string): Oddity {
  return { odd: 'raw', write: (response) => response.writeHead(status, headers).end(body) };
}

export type Script = (call: ScriptedCall) => unknown;

export interface ScriptedOdoo {
  readonly url: string;
  readonly calls: ScriptedCall[];
  /** Requests for the version so far. */
  versionRequests: number;
  /** What the version request answers. */
  version: unknown[] | Oddity;
  script: Script;
  close(): Promise<void>;
}

export async function startScriptedOdoo(script: Script): Promise<ScriptedOdoo> {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      answer(request.url ?? '', request.headers, text, response).catch((error: unknown) => {
        response.writeHead(599).end(String(error));
      });
    });
  });

  const odoo: ScriptedOdoo = {
    url: '',
    calls: [],
    versionRequests: 0,
    version: [19, 0, 0, 'final', 0, ''],
    script,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  async function answer(
    path: string,
    headers: Readonly<Record<string, unknown>>,
    text: string,
    response: ServerResponse,
  ): Promise<void> {
    if (path === '/web/webclient/version_info') {
      odoo.versionRequests += 1;
      if (!Array.isArray(odoo.version)) return write(odoo.version, response);
      const info = odoo.version;
      return json(response, 200, {
        jsonrpc: '2.0',
        result: { server_version: `${info[0]}.${info[1]}`, server_version_info: info },
      });
    }
    const body = JSON.parse(text) as Record<string, unknown>;
    const call = readCall(path, body, headers);
    odoo.calls.push(call);
    const result = await odoo.script(call);
    if (typeof result === 'object' && result !== null && 'odd' in result)
      return write(result as Oddity, response);
    const rpc = path === '/jsonrpc';
    if (result instanceof Fault) {
      const data = {
        name: result.odooName,
        message: result.message,
        arguments: ['argument-secret'],
        context: {},
        debug: 'Traceback debug-secret',
      };
      if (rpc)
        return json(response, 200, {
          jsonrpc: '2.0',
          id: 1,
          error: { code: 200, message: 'Odoo Server Error', data },
        });
      return json(response, result.status, data);
    }
    return json(
      response,
      200,
      rpc ? { jsonrpc: '2.0', id: 1, ...(result === null ? {} : { result }) } : result,
    );
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(odoo, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function readCall(
  path: string,
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, unknown>>,
): ScriptedCall {
  const [, model, method] = /^\/json\/2\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  if (model !== undefined && method !== undefined) {
    const { ids, context, ...args } = body;
    return {
      transport: 'json2',
      model,
      method,
      ids: ids as number[] | undefined,
      args,
      context: context as Record<string, unknown> | undefined,
      headers,
    };
  }
  const { service, method: verb, args } = body.params as { service: string; method: string; args: unknown[] };
  if (service === 'common') {
    return {
      transport: 'jsonrpc',
      model: 'common',
      method: verb,
      ids: undefined,
      args: { args },
      context: undefined,
      headers,
    };
  }
  const [, , , rpcModel, rpcMethod, positional, named] = args as [
    string,
    number,
    string,
    string,
    string,
    unknown[],
    Record<string, unknown>,
  ];
  const { context, ...rest } = named;
  return {
    transport: 'jsonrpc',
    model: rpcModel,
    method: rpcMethod,
    ids: positional[0] as number[] | undefined,
    args: rest,
    context: context as Record<string, unknown> | undefined,
    headers,
  };
}

function write(oddity: Oddity, response: ServerResponse): void {
  if (oddity.odd === 'cut') response.socket?.resetAndDestroy();
  if (oddity.odd === 'raw') oddity.write(response);
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
    .end(JSON.stringify(value));
}
