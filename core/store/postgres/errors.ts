/**
 * What PostgreSQL and the way to it say, as errors with a sentence. Codes are SQLSTATEs
 * (postgresql.org/docs/current/errcodes-appendix.html) or those of Node.js's sockets.
 */
import { CrossdockError } from '../../errors';
import type { Endpoint } from './config';

/** A certificate that was rotated, a password, a right: a person mends it, so asking often is of no use. */
const A_PERSON_MENDS_MS = 30_000;

export function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** Conflicts between transactions that run at the same time: the same unit may succeed a moment later. */
export function isConflict(error: Error): boolean {
  return ['40001', '40P01', '55P03'].includes(codeOf(error));
}

/** A prepared statement that the server no longer has or whose tables have changed: prepare again, then repeat. */
export function isStalePlan(error: Error): boolean {
  return codeOf(error) === '26000' || (codeOf(error) === '0A000' && error.message.includes('cached plan'));
}

/** Whether the server has said it; else it is the driver's or the network's, and the server may have gone on. */
export function isServers(error: Error): boolean {
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(codeOf(error));
}

/** The connection is of no more use (the server is going down, or has become a standby). */
export function endsSession(error: Error): boolean {
  return /^(08|57P|25006|25P03)/.test(codeOf(error));
}

/** Whether the fault is the server's (disk full, overload), so that every other unit would meet it too. */
export function isServerFault(error: Error): boolean {
  return /^(53|57|58|08|25006|42501|XX)/.test(codeOf(error));
}

/** Any error of a statement, a commit or a connection as a CrossdockError; nothing was committed. */
export function errorOf(error: Error, endpoint: Endpoint): CrossdockError {
  const code = codeOf(error);
  const at = endpoint.label;
  const transient = (name: string, sentence: string, retryAfterMs = 2000): CrossdockError =>
    new CrossdockError(sentence, {
      code: name,
      kind: 'transient',
      facts: code === '' ? {} : { postgres: code },
      retryAfterMs,
    });
  if (code === '53100') {
    return transient(
      'STORE_FULL',
      `The disk of PostgreSQL at ${at} is full: nothing is accepted until there is room again.`,
      5000,
    );
  }
  if (isConflict(error)) {
    return transient('STORE_BUSY', 'Other work on the same rows kept PostgreSQL from committing this.');
  }
  if (code === '57014') {
    return transient('STORE_BUSY', `PostgreSQL at ${at} took too long and the work was cancelled.`);
  }
  if (code.startsWith('53')) {
    return transient('STORE_BUSY', `PostgreSQL at ${at} is overloaded: ${error.message}.`, 5000);
  }
  if (code === '25006') {
    return transient('STORE_IO', `PostgreSQL at ${at} is a standby that takes no changes.`, 5000);
  }
  if (/^(08|57|58|XX|25P)/.test(code)) {
    return transient('STORE_IO', `PostgreSQL at ${at} cannot work now: ${error.message}.`);
  }
  if (code.startsWith('28') || error.message.startsWith('SASL')) {
    return transient(
      'STORE_CREDENTIALS',
      `PostgreSQL at ${at} refused the user or the password.`,
      A_PERSON_MENDS_MS,
    );
  }
  if (code === '42501') {
    return transient(
      'STORE_CREDENTIALS',
      `The PostgreSQL user lacks a right at ${at}: ${error.message}.`,
      A_PERSON_MENDS_MS,
    );
  }
  if (code === '3D000') {
    return transient('STORE_IO', `There is no such database: ${at}.`, A_PERSON_MENDS_MS);
  }
  if (isServers(error)) {
    return new CrossdockError(`The store refused a statement: ${withoutValues(code, error.message)}.`, {
      code: 'STORE_SQL',
      kind: 'permanent',
      facts: { postgres: code },
    });
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|VERIFY_LEAF|ISSUER/i.test(`${code} ${error.message}`)) {
    return transient(
      'STORE_TLS',
      `No trusted TLS connection to PostgreSQL at ${at}: ${error.message}.`,
      A_PERSON_MENDS_MS,
    );
  }
  return transient('STORE_IO', `PostgreSQL at ${at} cannot be reached: ${unreachable(code, error)}.`);
}

/** Data exceptions quote the value, which may be personal. */
function withoutValues(code: string, message: string): string {
  return code.startsWith('22') ? message.replace(/: ".*"$/s, '') : message;
}

function unreachable(code: string, error: Error): string {
  const sentences: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'its name is unknown',
    EAI_AGAIN: 'its name cannot be looked up now',
    ECONNRESET: 'the connection was cut',
    EPIPE: 'the connection was cut',
    ETIMEDOUT: 'it does not answer',
    EHOSTUNREACH: 'there is no way to it',
    ENETUNREACH: 'there is no way to it',
  };
  const first = error instanceof AggregateError ? (error.errors as Error[])[0] : undefined;
  return sentences[code] ?? sentences[first === undefined ? '' : codeOf(first)] ?? error.message;
}
