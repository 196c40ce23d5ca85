/**
 * What went wrong, from what Odoo and the network said. Odoo's HTTP status is no guide (500 for a wrong field name,
 * 200 for everything over JSON-RPC): the exception's `name` in the body is (reference: reliability 2.3.8).
 */
import { CrossdockError, type ErrorKind, parseRetryAfter } from '../../errors/index';
import { redact } from './redact';

/** One call, for sentences and facts. */
export interface CallInfo {
  readonly model: string;
  readonly method: string;
  /** Whether the method may change something, so that a lost answer is ambiguous. */
  readonly write: boolean;
}

/** Odoo's serialised exception. Its `debug` (a traceback) and `arguments` are never read. */
export interface OdooFault {
  readonly name: string;
  readonly message: string;
  /** HTTP status; 200 over JSON-RPC. */
  readonly status: number;
  /** What the answer's Retry-After says, in ms. */
  readonly retryAfterMs?: number | undefined;
}

interface Rule {
  readonly names: RegExp;
  readonly code: string;
  readonly kind: ErrorKind;
  /** HTTP statuses that say the same when the name is unknown. */
  readonly statuses?: readonly number[];
  readonly sentence: (message: string, call: CallInfo) => string;
}

const RULES: readonly Rule[] = [
  {
    // A revoked key is nobody's message's fault: keep the messages and try again, never dead-letter them.
    names: /(^werkzeug\.exceptions\.Unauthorized|\.AccessDenied|\.SessionExpiredException)$/,
    code: 'ODOO_AUTH',
    statuses: [401],
    kind: 'transient',
    sentence: () =>
      'Odoo refused the API key. It may be revoked or expired, or belong to another database: check the Odoo server.',
  },
  {
    names: /^(odoo\.exceptions\.AccessError|werkzeug\.exceptions\.Forbidden)$/,
    code: 'ODOO_ACCESS',
    statuses: [403],
    kind: 'business',
    sentence: (message, call) =>
      `The API key's user has no right for ${call.model} (${call.method}) in Odoo: ${message}`,
  },
  {
    names: /^odoo\.exceptions\.MissingError$/,
    code: 'ODOO_MISSING',
    kind: 'permanent',
    sentence: (_message, call) => `A record of ${call.model} does not exist in Odoo any more.`,
  },
  {
    names: /^odoo\.exceptions\.(LockError|ConcurrencyError)$/,
    code: 'ODOO_LOCKED',
    statuses: [409],
    kind: 'transient',
    sentence: (_message, call) =>
      `Odoo could not lock a record of ${call.model}: somebody else is changing it.`,
  },
  {
    names: /(SerializationFailure|DeadlockDetected|LockNotAvailable|TransactionRollback(Error)?)$/,
    code: 'ODOO_SERIALIZATION',
    kind: 'transient',
    sentence: () => 'Odoo was busy with the same records and rolled the change back.',
  },
  {
    names:
      /^psycopg2\.(.*\.)?(OperationalError|InterfaceError|PoolError|AdminShutdown|CrashShutdown|CannotConnectNow|TooManyConnections|DiskFull|OutOfMemory|QueryCanceled|InFailedSqlTransaction|ReadOnlySqlTransaction|ConnectionException|ConnectionFailure)$/,
    code: 'ODOO_DATABASE',
    kind: 'transient',
    sentence: () => "Odoo's database does not answer (or the database's name is wrong).",
  },
  {
    names:
      /^odoo\.exceptions\.(UserError|ValidationError|RedirectWarning|Warning|CacheMiss)$|Violation$|IntegrityError$/,
    code: 'ODOO_VALIDATION',
    statuses: [422],
    kind: 'business',
    sentence: (message) => `Odoo refused: ${message}`,
  },
  {
    names: /^werkzeug\.exceptions\.NotFound$/,
    code: 'ODOO_NOT_FOUND',
    // What a server says that it cannot do is no outage: repeating is no help.
    statuses: [404, 501],
    kind: 'permanent',
    sentence: (message, call) =>
      `Odoo does not know ${call.model}.${call.method} (is the app installed?): ${message}`,
  },
  {
    names:
      /^builtins\.(ValueError|TypeError|KeyError|AttributeError|IndexError|AssertionError|NameError|NotImplementedError)$|Representation$|DataError$|InvalidDatetimeFormat$|UndefinedColumn$|^werkzeug\.exceptions\.(UnprocessableEntity|BadRequest|RequestEntityTooLarge)$/,
    code: 'ODOO_INVALID_CALL',
    statuses: [400, 413, 415],
    kind: 'permanent',
    sentence: (message, call) => `Odoo could not process ${call.model}.${call.method}: ${message}`,
  },
];

/** The error for a serialised exception of Odoo. */
export function faultToError(fault: OdooFault, call: CallInfo): CrossdockError {
  const message = redact(fault.message);
  const facts = { model: call.model, method: call.method, odooError: fault.name, status: fault.status };
  const rule =
    RULES.find((candidate) => candidate.names.test(fault.name)) ??
    // Names are unknown when a proxy or an add-on answers in Odoo's form; the status is all there is then. Add-ons
    // derive their own exceptions from Odoo's, which then answer with its status.
    RULES.find(({ statuses }) => statuses?.includes(fault.status));
  if (rule) {
    return new CrossdockError(rule.sentence(message, call), { code: rule.code, kind: rule.kind, facts });
  }
  if (fault.status === 429) return rateLimited(fault.retryAfterMs, call);
  if (fault.status === 503) return unavailable(fault.retryAfterMs, call);
  return new CrossdockError(`Odoo failed while processing ${call.model}.${call.method}: ${message}`, {
    code: 'ODOO_SERVER',
    kind: 'transient',
    facts,
  });
}

/** Reads Odoo's serialised exception out of a parsed body; undefined when it is not one. */
export function readFault(body: unknown, status: number, retryAfter?: string): OdooFault | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { name, message } = body as { name?: unknown; message?: unknown };
  if (typeof name !== 'string') return undefined;
  return {
    name,
    message: typeof message === 'string' ? message : '',
    status,
    retryAfterMs: parseRetryAfter(retryAfter),
  };
}

/** The error for an answer that did not come from Odoo's data interface: a proxy, a login page, a database chooser. */
export function strangeAnswer(
  status: number,
  retryAfter: string | undefined,
  database: string,
  call: CallInfo,
): CrossdockError {
  const facts = { model: call.model, method: call.method, status };
  const retryAfterMs = parseRetryAfter(retryAfter);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (status === 401) {
    return new CrossdockError('Odoo refused the API key: check the Odoo server.', {
      code: 'ODOO_AUTH',
      kind: 'transient',
      facts,
    });
  }
  if (status === 429) return rateLimited(retryAfterMs, call);
  if (status === 503) return unavailable(retryAfterMs, call);
  // 501: what answers does not know such requests at all, so it is not what stands in front of an Odoo.
  if (status >= 500 && status !== 501) {
    return new CrossdockError(`The server in front of Odoo answered ${status} instead of Odoo.`, {
      code: 'ODOO_GATEWAY',
      kind: call.write ? 'ambiguous' : 'transient',
      facts,
      ...wait,
    });
  }
  if (status >= 300 && status < 400) {
    return new CrossdockError(
      `Odoo's address answers with a redirect (${status}): enter the address that it redirects to (https, host), and check the database name "${database}".`,
      { code: 'ODOO_ADDRESS', kind: 'transient', facts },
    );
  }
  return new CrossdockError(
    `A web page came back (${status}) where Odoo's data interface was expected: check the address and the database name "${database}".`,
    { code: 'ODOO_ADDRESS', kind: 'transient', facts },
  );
}

function unavailable(retryAfterMs: number | undefined, call: CallInfo): CrossdockError {
  return new CrossdockError('Odoo is not available at the moment (503).', {
    code: 'ODOO_UNAVAILABLE',
    kind: 'transient',
    facts: { model: call.model, method: call.method, status: 503 },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function rateLimited(retryAfterMs: number | undefined, call: CallInfo): CrossdockError {
  return new CrossdockError('Odoo asks us to slow down (too many calls).', {
    code: 'ODOO_RATE_LIMITED',
    kind: 'transient',
    facts: { model: call.model, method: call.method, status: 429 },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** Codes that say "Odoo cannot be used now", whatever was sent: splitting a batch or skipping an order is no help. */
const OUTAGE = new Set([
  'CONFIG_ENV_MISSING',
  'CONFIG_INVALID',
  'ODOO_ADDRESS',
  'ODOO_AUTH',
  'ODOO_CIRCUIT_OPEN',
  'ODOO_CLOSED',
  'ODOO_COMPANY_UNKNOWN',
  'ODOO_CONNECTION_LOST',
  'ODOO_DATABASE',
  'ODOO_GATEWAY',
  'ODOO_RATE_LIMITED',
  'ODOO_TIMEOUT',
  'ODOO_TLS',
  'ODOO_UNAVAILABLE',
  'ODOO_UNREACHABLE',
]);

export function isOutage(error: CrossdockError): boolean {
  return OUTAGE.has(error.code);
}

/** Outages that a person has to end: repeating within seconds is no help either. */
const NEEDS_A_PERSON = new Set([
  'CONFIG_ENV_MISSING',
  'CONFIG_INVALID',
  'ODOO_ADDRESS',
  'ODOO_AUTH',
  'ODOO_CLOSED',
  'ODOO_COMPANY_UNKNOWN',
  'ODOO_TLS',
]);

export function needsPerson(error: CrossdockError): boolean {
  return NEEDS_A_PERSON.has(error.code);
}
