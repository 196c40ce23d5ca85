/**
 * Where Odoo's webhooks knock: `POST <path>/<token>`. Odoo waits a second, signs nothing and does not come again, so
 * the answer is given at once, and nothing of the body is believed: it only makes the node look.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { parseJson } from '../../core/canonical';
import { asCrossdockError, CrossdockError } from '../../core/errors';
import { readHint } from '../../core/odoo';
import { readBody } from '../../core/webhook';
import { REQUEST_STATUS } from '../shared/admin';
import { mountRoutes, normalisePath } from '../shared/public-routes';
import type { HttpRequest, HttpResponse, Red } from '../shared/red';

/** Odoo posts the fields of one record. */
const MAX_BYTES = 64 * 1024;
/** Odoo gives up after one second. */
const READ_TIMEOUT_MS = 900;

export interface HintSettings {
  readonly path: string;
  readonly token: string;
}

type Hint = ReturnType<typeof readHint>;

/**
 * Takes the path. @returns what gives it free again
 * @param hint takes a hint; false: there are too many
 * @throws CrossdockError PATH_TAKEN (permanent)
 */
export function openHints(
  red: Red,
  id: string,
  settings: HintSettings,
  hint: (found: Hint) => boolean,
): () => void {
  const routes = mountRoutes(red);
  const path = normalisePath(settings.path);
  const taken = routes.get(path);
  if (taken !== undefined && taken.id !== id) {
    throw new CrossdockError(`The path ${path} is used by another node.`, {
      code: 'PATH_TAKEN',
      kind: 'permanent',
      facts: { path },
    });
  }
  const own = {
    id,
    below: true,
    handle: (request: HttpRequest, response: HttpResponse): void => {
      receive(settings, request, response, hint).catch((thrown: unknown) => {
        const { code, retryable } = asCrossdockError(thrown);
        answer(request, response, REQUEST_STATUS[code] ?? (retryable ? 503 : 500), code);
      });
    },
  };
  routes.set(path, own);
  return () => {
    if (routes.get(path) === own) routes.delete(path);
  };
}

async function receive(
  { token }: HintSettings,
  request: HttpRequest,
  response: HttpResponse,
  hint: (found: Hint) => boolean,
): Promise<void> {
  const given = (request.path ?? '').split('/').findLast((part) => part !== '') ?? '';
  // Who does not know the token learns nothing, not even that there is something.
  if (request.method !== 'POST' || !sameSecret(given, token)) {
    answer(request, response, 404, 'NOT_FOUND');
    return;
  }
  const body = await readBody(request, { maxBytes: MAX_BYTES, timeoutMs: READ_TIMEOUT_MS });
  if (hint(hintOf(body))) answer(request, response, 202, 'ACCEPTED');
  else answer(request, response, 429, 'TOO_MANY_HINTS');
}

/** What it cannot read is a hint all the same: something has happened. */
function hintOf(body: Buffer): Hint {
  try {
    return readHint(parseJson(body, { maxBytes: MAX_BYTES }));
  } catch {
    return undefined;
  }
}

/** In a time that says nothing about how much of it is right, nor about its length. */
function sameSecret(given: string, secret: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(secret));
}

function answer(request: HttpRequest, response: HttpResponse, status: number, code: string): void {
  if (response.headersSent) return;
  const text = JSON.stringify({ status, code });
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  // What of the body was not read is not read any more.
  if (!request.complete) response.setHeader('Connection', 'close');
  response.end(text);
}
