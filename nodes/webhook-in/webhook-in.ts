import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { parseJson } from '../../core/canonical';
import { lifeHeaders } from '../../core/contract';
import { asCrossdockError, CrossdockError } from '../../core/errors';
import { readBody, SIGNATURE_KINDS, signatureMatches } from '../../core/webhook';
import { REQUEST_STATUS } from '../shared/admin';
import { type Context, registerNode } from '../shared/base';
import { choice, number, secret, text } from '../shared/config';
import { type ChosenContract, contractChoice, lifeWords } from '../shared/contracts';
import { mountRoutes, normalisePath } from '../shared/public-routes';
import type { HttpRequest, HttpResponse, Red } from '../shared/red';
import { openSource, type Source, type SourceSettings, sourceSettings } from '../shared/source';
import { storeOf } from '../shared/store';

/** Headers that senders identify a delivery by, in the order in which they are looked at. */
const DELIVERY_ID_HEADERS = [
  'idempotency-key',
  'webhook-id',
  'x-shopify-webhook-id',
  'x-wc-webhook-delivery-id',
];
/** Headers that the flow gets; never credentials, cookies or signatures. */
const KEPT_HEADERS = [
  'content-type',
  'user-agent',
  'x-shopify-topic',
  'x-shopify-shop-domain',
  'x-wc-webhook-topic',
  'x-wc-webhook-source',
];
const READ_TIMEOUT_MS = 15_000;
/** How long the rest of a refused body is thrown away, so that the sender reads why. */
const LINGER_MS = 1000;
const HTTP_STATUS: Readonly<Record<string, number>> = {
  ...REQUEST_STATUS,
  CONTRACT_BROKEN: 422,
  CONTRACT_SUNSET: 410,
};

interface Config {
  readonly path: string;
  readonly source: string;
  readonly signature: (typeof SIGNATURE_KINDS)[number];
  readonly secret: string;
  readonly partitionKey: string;
  readonly maxBytes: number;
  readonly settings: SourceSettings;
  readonly highWater: number;
  readonly store: ReturnType<typeof storeOf>;
  readonly contract: (() => Promise<ChosenContract>) | undefined;
  /** What does not keep the contract is taken in and parked by the flow, or refused at the door. */
  readonly broken: 'park' | 'refuse';
}

/** What requests are answered by; nothing until the node has started. */
interface Open {
  readonly inbox: Source;
  readonly contract: ChosenContract | undefined;
  /** Says how old the contract is. */
  readonly headers: Readonly<Record<string, string>>;
}

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-webhook-in', {
    credentials: { secret: { type: 'password' } },
    normalise(config, node) {
      const signature = choice(config, 'signature', 'Signature', SIGNATURE_KINDS, 'none');
      const key = secret(node.credentials, 'secret', 'Secret');
      if (signature !== 'none' && key === '') {
        throw new CrossdockError('The secret that the sender signs with is missing.', {
          code: 'CONFIG_INVALID',
          kind: 'permanent',
          facts: { field: 'secret' },
        });
      }
      return {
        path: normalisePath(text(config, 'path', 'Path')),
        source: text(config, 'source', 'Source'),
        signature,
        secret: key,
        partitionKey: text(config, 'partitionKey', 'Order by', ''),
        maxBytes: number(config, 'maxBodyKb', 'Largest body', 1024, { min: 1, max: 65_536 }) * 1024,
        settings: sourceSettings(config),
        highWater: number(config, 'highWater', 'Waiting at most', 50_000, { min: 1, max: 10_000_000 }),
        store: storeOf(red, config),
        contract: contractChoice(red, config),
        broken: choice(config, 'broken', 'What breaks the contract', ['park', 'refuse'], 'park'),
      };
    },
    start: (context) => start(red, context),
  });
};

async function start(red: Red, { node, config, status, closed }: Context<Config>) {
  const routes = mountRoutes(red);
  const taken = routes.get(config.path);
  if (taken !== undefined && taken.id !== node.id) {
    throw new CrossdockError(`The path ${config.path} is used by another webhook in node.`, {
      code: 'PATH_TAKEN',
      kind: 'permanent',
      facts: { path: config.path },
    });
  }
  // What an earlier instance of this node left to answer 503 during the deploy; its path may be another one now.
  const release = (): void => {
    for (const [path, { id }] of routes) if (id === node.id) routes.delete(path);
  };
  release();
  // Taken before anything is awaited, so that two nodes cannot get the same path; answers 503 until it is open.
  let inbox: Source | undefined;
  let open: Open | undefined;
  const compose = (): void => {
    if (inbox === undefined || inbox.problem !== undefined) return;
    const { inFlight, depth, paused } = inbox;
    const aged = open?.contract === undefined ? undefined : lifeWords(open.contract);
    if (paused !== undefined) status.waiting(`${paused}, ${depth} waiting`);
    else if (depth === 0 && aged !== undefined) status.waiting(aged);
    else if (depth === 0) status.ok('ready');
    else status.busy(`${inFlight} in the flow, ${Math.max(0, depth - inFlight)} waiting`);
  };
  const show = (): void => status.soon(compose);
  routes.set(config.path, {
    id: node.id,
    handle: (request, response) => {
      receive(config, open, request, response).catch((thrown: unknown) => {
        node.error(asCrossdockError(thrown).message);
        if (!response.headersSent)
          answer(request, response, 500, { code: 'INTERNAL_ERROR', message: 'Internal error.' });
      });
    },
  });
  try {
    const contract = await config.contract?.();
    const opened = await openSource({
      ...config.settings,
      red,
      node,
      status,
      store: await config.store(closed),
      source: config.source,
      highWater: config.highWater,
      fill: (message, { body, headers }) => {
        message['headers'] = headers;
        message.payload = parseJson(body, { maxBytes: config.maxBytes });
        // Also what was taken in before the contract was chosen.
        contract?.demand(message.payload);
      },
      changed: show,
    });
    inbox = opened;
    open = { inbox: opened, contract, headers: contract === undefined ? {} : lifeHeaders(contract.life) };
    show();
    return {
      close: async (removed: boolean) => {
        // Senders that come during a deploy are told to come again (503); 404 would make some of them give up.
        if (removed) release();
        else open = undefined;
        await opened.stop();
      },
    };
  } catch (thrown) {
    // What may heal is tried again by the base; until then, and until the node is closed, senders get 503.
    if (asCrossdockError(thrown).retryable) closed.then(release, release);
    else release();
    throw thrown;
  }
}

/** Takes one request in: everything that can be refused is refused before it is parsed or stored. */
async function receive(
  config: Config,
  open: Open | undefined,
  request: HttpRequest,
  response: HttpResponse,
): Promise<void> {
  if (request.method !== 'POST') {
    response.setHeader('Allow', 'POST');
    answer(request, response, 405, { code: 'METHOD_NOT_ALLOWED', message: 'Only POST is accepted here.' });
    return;
  }
  try {
    if (open === undefined) {
      throw new CrossdockError('The gateway is starting.', {
        code: 'STARTING',
        kind: 'transient',
        retryAfterMs: 5000,
      });
    }
    const { inbox, contract, headers: life } = open;
    for (const [name, value] of Object.entries(life)) response.setHeader(name, value);
    contract?.demandInService();
    const body = await readBody(request, { maxBytes: config.maxBytes, timeoutMs: READ_TIMEOUT_MS });
    if (
      config.signature !== 'none' &&
      !signatureMatches(config.signature, request.headers, body, config.secret)
    ) {
      answer(request, response, 401, { code: 'SIGNATURE_WRONG', message: 'The signature does not match.' });
      return;
    }
    if (config.broken === 'refuse') contract?.demand(parseJson(body, { maxBytes: config.maxBytes }));
    const id = deliveryIdOf(request.headers) ?? randomUUID();
    const headers = keptHeaders(request.headers);
    const taken = await inbox.accept({
      id,
      partitionKey: partitionKeyOf(config.partitionKey, body),
      body,
      headers,
      priority: config.settings.laneOf(topicOf(headers)),
    });
    answer(request, response, taken === 'accepted' ? 202 : 200, { status: taken, id });
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    const code = error.retryable ? 503 : HTTP_STATUS[error.code];
    // Our fault: the sender learns no details, the log does.
    if (code === undefined) throw error;
    if (error.retryable) response.setHeader('Retry-After', Math.ceil((error.retryAfterMs ?? 5000) / 1000));
    answer(request, response, code, {
      code: error.code,
      message: error.message,
      ...(error.problems.length === 0 ? {} : { problems: error.problems }),
    });
  }
}

/**
 * Answers once. When the body was not read to its end, the connection ends with the answer; a connection that is
 * closed on unread bytes is reset, and the reset may reach the sender before it has read the answer. So what still
 * comes is thrown away for a moment.
 */
function answer(
  request: HttpRequest,
  response: HttpResponse,
  status: number,
  body: Record<string, unknown>,
): void {
  const failed = status >= 400;
  const { message, ...rest } = body;
  const text = JSON.stringify(failed ? { status, title: message, ...rest } : body);
  response.statusCode = status;
  response.setHeader('Content-Type', failed ? 'application/problem+json' : 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  if (request.complete) {
    response.end(text);
    return;
  }
  response.setHeader('Connection', 'close');
  response.write(text);
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  request.once('end', end).once('close', end).resume();
}

function deliveryIdOf(headers: IncomingHttpHeaders): string | undefined {
  for (const name of DELIVERY_ID_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string' && value !== '' && value.length <= 255) return `${name}:${value}`;
  }
  return undefined;
}

function keptHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string') kept[name] = value.slice(0, 500);
  }
  return kept;
}

/** What the sender says the message is about; decides its lane. */
function topicOf(headers: Readonly<Record<string, string>>): string {
  return headers['x-shopify-topic'] ?? headers['x-wc-webhook-topic']?.replaceAll('.', '/') ?? '';
}

/**
 * The value at a dotted path of the body, by which messages stay in order. A body that cannot be read gets none: it
 * is taken in all the same, and fails in the flow where people see it.
 */
function partitionKeyOf(path: string, body: Buffer): string | undefined {
  if (path === '') return undefined;
  try {
    let value: unknown = parseJson(body, { maxBytes: body.length });
    for (const step of path.split('.')) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
      value = (value as Record<string, unknown>)[step];
    }
    return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 255) : undefined;
  } catch {
    return undefined;
  }
}
