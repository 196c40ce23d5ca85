/** What routes below `crossdock/console/:store` share: finding the open store, answers, refusals, files in pieces. */
import { CrossdockError } from '../../core/errors';
import type { Store } from '../../core/store';
import { jsonBody, queryOf, refuse, whoOf } from './admin';
import { openDesks } from './desks';
import type { HttpHandler, HttpRequest, HttpResponse, Red } from './red';

const MAX_BODY_BYTES = 256 * 1024;
/** Beside what is wrong with any request (`REQUEST_STATUS`). */
const STATUS: Readonly<Record<string, number>> = { STORE_UNKNOWN: 404 };

export interface StoreRequest {
  readonly store: Store;
  readonly who: string;
  readonly query: URLSearchParams;
  readonly response: HttpResponse;
  param(name: string): string;
  body(): Promise<Record<string, unknown>>;
}

/** What was answered already, in a stream. */
export const ANSWERED = Symbol('answered');

/**
 * Answers with the JSON of what `answer` gives, for the store that the path names.
 * @param statusOf HTTP status by code, beside those of any request
 */
export function storeHandler(
  red: Red,
  statusOf: Readonly<Record<string, number>>,
  answer: (asked: StoreRequest) => Promise<unknown>,
): HttpHandler {
  const statuses = { ...STATUS, ...statusOf };
  return (request, response, next) => {
    asked(red, request, response, answer)
      .then((body) => {
        if (body !== ANSWERED) response.json(body);
      })
      .catch((thrown: unknown) => {
        // In the middle of a file there is no other way to say that it is not whole.
        if (response.headersSent) response.destroy();
        else refuse(thrown, response, statuses);
      })
      .catch(next);
  };
}

async function asked(
  red: Red,
  request: HttpRequest,
  response: HttpResponse,
  answer: (asked: StoreRequest) => Promise<unknown>,
): Promise<unknown> {
  const param = (name: string): string => request.params?.[name] ?? '';
  const store = openDesks().find(({ id }) => id === param('store'))?.store;
  if (store === undefined) throw notOpen(red, param('store'));
  return answer({
    store,
    who: whoOf(request),
    query: queryOf(request),
    response,
    param,
    body: () => jsonBody(request, MAX_BODY_BYTES),
  });
}

function notOpen(red: Red, id: string): CrossdockError {
  if (red.nodes.getNode(id)?.type !== 'crossdock-store') {
    return new CrossdockError('There is no such store.', { code: 'STORE_UNKNOWN', kind: 'permanent' });
  }
  return new CrossdockError('The store is still opening, or no node has used it since the last deploy.', {
    code: 'STORE_NOT_OPEN',
    kind: 'transient',
  });
}

/**
 * Sends a file in pieces, as fast as it is taken. Ends without an error when nobody takes it any more.
 * @param name of the file that is saved; without one it is shown
 * @param policy its content security policy; by default nothing in it is run or loaded
 */
export async function sendFile(
  response: HttpResponse,
  {
    type,
    name,
    policy = "default-src 'none'",
    parts,
  }: {
    readonly type: string;
    readonly name?: string;
    readonly policy?: string;
    readonly parts: AsyncIterable<string>;
  },
): Promise<typeof ANSWERED> {
  response.setHeader('content-type', type);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('content-security-policy', policy);
  if (name !== undefined) response.setHeader('content-disposition', `attachment; filename="${name}"`);
  for await (const part of parts) {
    if (response.destroyed) return ANSWERED;
    if (!response.write(part)) await taken(response);
  }
  response.end();
  return ANSWERED;
}

/** Resolves when there is room again, or nobody reads any more. */
function taken(response: HttpResponse): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      response.off('drain', over);
      response.off('close', over);
      resolve();
    };
    response.on('drain', over);
    response.on('close', over);
  });
}
