import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { badRequest, errorBody, notFound } from './errors';
import { asRecord } from './python';
import { openState, type ServerState } from './server-state';
import { type Answer, json2, jsonRpc, versionOf } from './transports';

/** Options of the stand-in; every one has a default. */
export interface OdooStandInOptions {
  /** 0 (default) lets the OS choose. */
  readonly port?: number;
  readonly host?: string;
  /** Path of its SQLite database, or `:memory:` (default). What is in the file survives a restart. */
  readonly file?: string;
  readonly database?: string;
  /** Without it a random one, which the database keeps. */
  readonly apiKey?: string;
  readonly login?: string;
  /** Milliseconds between the start of a request and its work; default 2. */
  readonly latencyMs?: number;
  /** `19.0` (default), or an older one: it then has no JSON-2 and the older names of some fields. */
  readonly serverVersion?: string;
}

/** A running stand-in. */
export interface OdooStandIn {
  readonly url: string;
  readonly database: string;
  readonly login: string;
  readonly apiKey: string;
  /** A plain account: salesperson of all documents and stock user. */
  readonly clerk: { readonly login: string; readonly apiKey: string };
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 64 * 1024 * 1024;

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) throw badRequest('request body too large');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

const sendJson = (response: ServerResponse, { status, body }: Answer) =>
  send(response, status, 'application/json', JSON.stringify(body));

const page = (title: string, text: string) =>
  `<!doctype html>\n<html lang=en>\n<title>${title}</title>\n<h1>${title.replace(/^\d+ /, '')}</h1>\n<p>${text}</p>\n`;

const sendPage = (response: ServerResponse, status: number, title: string, text: string) =>
  send(response, status, 'text/html', page(`${status} ${title}`, text));

const isJson = (request: IncomingMessage) =>
  /^application\/json\b/i.test(request.headers['content-type'] ?? '');

function parse(text: string): { ok: true; value: unknown } | { ok: false; message: string } {
  try {
    return { ok: true, value: text === '' ? {} : JSON.parse(text) };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

async function serveJson2(
  state: ServerState,
  request: IncomingMessage,
  response: ServerResponse,
  [model, method, ...rest]: readonly string[],
): Promise<void> {
  const wanted = request.headers['x-odoo-database'];
  if (wanted !== undefined && wanted !== state.database) {
    sendPage(
      response,
      404,
      'Not Found',
      'No database is selected and the requested URL was not found in the server-wide controllers.',
    );
    return;
  }
  if (request.method !== 'POST' || !model || !method || rest.length > 0) {
    const error = notFound('Did you mean POST /json/2/<model>/<method>?');
    sendJson(response, { status: 404, body: errorBody(error) });
    return;
  }
  if (!isJson(request)) {
    sendPage(
      response,
      415,
      'Unsupported Media Type',
      'Please verify the Content-Type request header and try again.',
    );
    return;
  }
  const parsed = parse(await bodyOf(request));
  if (!parsed.ok) {
    const error = badRequest(`could not parse the body as json: ${parsed.message}`);
    sendJson(response, { status: 400, body: errorBody(error) });
    return;
  }
  const key = /^bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  sendJson(response, await json2(state, key, model, method, parsed.value));
}

async function serveRpc(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (body: Readonly<Record<string, unknown>>) => Promise<Answer>,
): Promise<void> {
  if (!isJson(request) || request.method !== 'POST') {
    sendPage(
      response,
      415,
      'Unsupported Media Type',
      'Please verify the Content-Type request header and try again.',
    );
    return;
  }
  const parsed = parse(await bodyOf(request));
  if (!parsed.ok) send(response, 400, 'text/html', 'Invalid JSON data');
  else {
    const body = asRecord(parsed.value);
    if (body === undefined) send(response, 400, 'text/html', 'Invalid JSON-RPC data');
    else sendJson(response, await answer(body));
  }
}

async function serve(state: ServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  const major = state.registry.major;
  if (major >= 19 && (path === '/json/2' || path.startsWith('/json/2/'))) {
    await serveJson2(state, request, response, path.split('/').slice(3).map(decodeURIComponent));
  } else if (path === '/jsonrpc') {
    await serveRpc(request, response, (body) => jsonRpc(state, body));
  } else if (path === '/web/webclient/version_info') {
    await serveRpc(request, response, async ({ id }) => ({
      status: 200,
      body: { jsonrpc: '2.0', id: id ?? null, result: versionOf(state) },
    }));
  } else if (
    major >= 19 &&
    (path === '/web/version' || path === '/json/version') &&
    request.method === 'GET'
  ) {
    const { server_version_info, server_version } = versionOf(state);
    sendJson(response, { status: 200, body: { version_info: server_version_info, version: server_version } });
  } else if (path === '/web/health') {
    sendJson(response, { status: 200, body: { status: 'pass' } });
  } else {
    sendPage(response, 404, 'Not Found', 'The requested URL was not found on the server.');
  }
}

/**
 * Starts the stand-in for Odoo.
 *
 * It answers like a fresh Odoo 19 with sale and stock for what Crossdock calls, and with 501 "sandbox: not supported"
 * for what a real one could do and it cannot. The conformance suite in test/conformance holds it to that.
 */
export async function startOdooStandIn(options: OdooStandInOptions = {}): Promise<OdooStandIn> {
  const version = options.serverVersion ?? '19.0';
  if (!/^(17|18|19)\.0$/.test(version))
    throw new Error(`The Odoo stand-in speaks versions 17.0, 18.0 and 19.0, not ${version}.`);
  const state = openState({
    file: options.file ?? ':memory:',
    database: options.database ?? 'sandbox',
    login: options.login ?? 'admin',
    apiKey: options.apiKey,
    version,
    latencyMs: options.latencyMs ?? 2,
  });
  const pending = new Set<Promise<void>>();
  const server: Server = createServer((request, response) => {
    const work = serve(state, request, response).catch((error: unknown) => {
      if (!response.headersSent) sendPage(response, 500, 'Internal Server Error', String(error));
      else response.destroy();
    });
    pending.add(work);
    void work.finally(() => pending.delete(work));
  });
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    database: state.database,
    login: state.accounts.administrator.login,
    apiKey: state.accounts.administrator.apiKey,
    clerk: { login: state.accounts.clerk.login, apiKey: state.accounts.clerk.apiKey },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Calls that are under way finish and commit; idle keep-alive connections would hold the server open.
      await Promise.all(pending);
      server.closeAllConnections();
      await closed;
      state.registry.db.close();
    },
  };
}
