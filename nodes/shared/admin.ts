/** What our routes of the admin API share: bounded JSON bodies, answers, and who asks. */
import { parseJson } from '../../core/canonical';
import { asCrossdockError, CrossdockError } from '../../core/errors';
import { readBody } from '../../core/webhook';
import type { HttpRequest, HttpResponse } from './red';

const READ_TIMEOUT_MS = 10_000;

/**
 * The JSON object in a request's body; {} when it has none.
 * @throws CrossdockError REQUEST_INVALID, or what `readBody` and `parseJson` throw
 */
export async function jsonBody(request: HttpRequest, maxBytes: number): Promise<Record<string, unknown>> {
  const size = Number(request.headers['content-length'] ?? 0);
  const has = size > 0 || request.headers['transfer-encoding'] !== undefined;
  if (!has) return {};
  if (size > maxBytes) throw new CrossdockError(`The body is larger than ${maxBytes} bytes.`, TOO_LARGE);
  // A page of another origin can send forms and plain text, but no JSON without being allowed to.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw invalid('The body must be JSON (Content-Type: application/json).');
  }
  // Under the editor's roots its own parser was there first.
  const read: unknown =
    request._body === true
      ? request.body
      : parseJson(await readBody(request, { maxBytes, timeoutMs: READ_TIMEOUT_MS }), { maxBytes });
  if (typeof read !== 'object' || read === null || Array.isArray(read)) {
    throw invalid('The body must be a JSON object.');
  }
  return read as Record<string, unknown>;
}

const TOO_LARGE = { code: 'BODY_TOO_LARGE', kind: 'permanent' } as const;

export function invalid(message: string): CrossdockError {
  return new CrossdockError(message, { code: 'REQUEST_INVALID', kind: 'permanent' });
}

/** The HTTP status of what may be wrong with any request and its body. */
export const REQUEST_STATUS: Readonly<Record<string, number>> = {
  REQUEST_INVALID: 400,
  JSON_INVALID: 400,
  JSON_UNSAFE: 400,
  JSON_TOO_DEEP: 400,
  BODY_CUT: 400,
  BODY_TOO_SLOW: 408,
  JSON_TOO_LARGE: 413,
  BODY_TOO_LARGE: 413,
  BODY_ENCODED: 415,
};

/**
 * Answers a refusal with its code and sentence: 503 for what may pass, else what the route's own table, or the one of all
 * requests, says of the code.
 * @throws what was thrown, when neither knows it (our fault, of which the log learns more than whoever asked), or when
 *   the answer has begun
 */
export function refuse(
  thrown: unknown,
  response: HttpResponse,
  own: Readonly<Record<string, number>> = {},
): void {
  const error = asCrossdockError(thrown);
  const status = error.retryable ? 503 : (own[error.code] ?? REQUEST_STATUS[error.code]);
  if (status === undefined || response.headersSent) throw thrown;
  const { code, message, problems } = error;
  response.status(status).json({ code, message, ...(problems.length === 0 ? {} : { problems }) });
}

/** Who is logged in, for the audit. */
export function whoOf(request: HttpRequest): string {
  const name = request.user?.username;
  return typeof name === 'string' && name !== '' ? name.slice(0, 200) : 'anonymous';
}

export function queryOf(request: HttpRequest): URLSearchParams {
  return new URL(request.url ?? '/', 'http://localhost').searchParams;
}
