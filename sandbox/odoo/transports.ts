import type { Environment } from './environment';
import {
  accessDenied,
  attributeError,
  errorBody,
  indexError,
  keyError,
  OdooError,
  plainException,
  typeError,
  unauthorized,
  unprocessable,
  userError,
  valueError,
} from './errors';
import { bindNamed, bindPositional, findMethod, JSON2_UNKNOWNS, type Target } from './methods';
import { asRecord, parseIntStrict, truthy } from './python';
import { accountOf, inTransaction, type ServerState } from './server-state';

/** What an HTTP answer carries. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Version facts as `version_info` and `common.version` answer them. */
export function versionOf(state: ServerState): Record<string, unknown> {
  const [major = 0, minor = 0] = state.version.split('.').map(Number);
  return {
    server_version: state.version,
    server_version_info: [major, minor, 0, 'final', 0, ''],
    server_serie: `${major}.${minor}`,
    protocol_version: 1,
  };
}

/** Ids as a caller gives them: a list, one number, or nothing. Anything that is no id names no record. */
function idsOf(value: unknown): number[] {
  if (value === null || value === undefined || value === false) return [];
  const list = Array.isArray(value) ? value : [value];
  return list.map((id) => (typeof id === 'number' ? id : (parseIntStrict(id) ?? invalidId(id))));
}

function invalidId(id: unknown): never {
  throw new OdooError(
    'psycopg2.errors.InvalidTextRepresentation',
    `invalid input syntax for type integer: "${String(id)}"\n`,
    500,
  );
}

function run(
  env: Environment,
  target: Target,
  ids: readonly number[],
  args: Record<string, unknown>,
): unknown {
  return target.method.run(env, target.method.modelMethod ? [] : ids, args);
}

/** One call of `/json/2/<model>/<method>`. */
export async function json2(
  state: ServerState,
  key: string | undefined,
  modelName: string,
  methodName: string,
  body: unknown,
): Promise<Answer> {
  try {
    if (key === undefined) {
      throw unauthorized('User not authenticated, use an API Key with a Bearer Authorization header.');
    }
    const uid = accountOf(state, { key })?.uid;
    if (uid === undefined) throw unauthorized('Invalid apikey');
    const { ids, context, ...named } = asRecord(body) ?? {};
    const result = await inTransaction(state, uid, (root) => {
      if (context !== undefined && asRecord(context) === undefined) {
        throw typeError('cannot convert dictionary update sequence element #0 to a sequence');
      }
      const env = root.withContext(asRecord(context) ?? {});
      const target = findMethod(env, modelName, methodName, JSON2_UNKNOWNS);
      if (target.method.modelMethod && truthy(ids))
        throw unprocessable(`cannot call ${modelName}.${methodName} with ids`);
      const args = bindNamed(target, named);
      return run(env, target, target.method.modelMethod ? [] : idsOf(ids), args);
    });
    return { status: 200, body: result ?? null };
  } catch (error) {
    const odooError = asOdooError(error);
    return { status: odooError.status, body: errorBody(odooError) };
  }
}

/** An unforeseen throw is the stand-in's own fault: it says so instead of looking like an answer of Odoo. */
function asOdooError(error: unknown): OdooError {
  if (error instanceof OdooError) return error;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new OdooError('sandbox.InternalError', `sandbox: internal error: ${text}`, 501);
}

async function common(state: ServerState, method: unknown, args: readonly unknown[]): Promise<unknown> {
  if (method === 'version') return versionOf(state);
  if (method !== 'login' && method !== 'authenticate')
    throw plainException(`Method not found: ${String(method)}`);
  const [database, login, password] = args;
  checkDatabase(state, database);
  return accountOf(state, { login: login ?? null, key: password ?? null })?.uid ?? false;
}

function checkDatabase(state: ServerState, database: unknown): void {
  if (database === state.database) return;
  throw new OdooError(
    'psycopg2.OperationalError',
    `connection to server failed: FATAL:  database "${String(database)}" does not exist\n`,
    500,
  );
}

async function object(state: ServerState, method: unknown, params: readonly unknown[]): Promise<unknown> {
  if (params.length < 5)
    throw valueError(`not enough values to unpack (expected at least 5, got ${params.length})`);
  const [database, uid, password, model, name, ...rest] = params;
  const caller = parseIntStrict(uid) ?? 0;
  if (!truthy(password)) throw accessDenied();
  checkDatabase(state, database);
  if (method !== 'execute' && method !== 'execute_kw') {
    throw new OdooError('builtins.NameError', `Method not available ${String(method)}`, 500);
  }
  const positional = method === 'execute' ? rest : ((rest[0] ?? []) as unknown[]);
  const { context, ...keywords } = asRecord(method === 'execute' ? {} : rest[1]) ?? {};
  return inTransaction(state, caller, (root) => {
    if (!root.exists('res.users', caller)) root.requireAll('res.users', [caller]);
    if (accountOf(state, { uid: caller, key: password }) === undefined) throw accessDenied();
    const env = root.withContext(asRecord(context) ?? {});
    const target = findMethod(env, String(model), String(name), {
      model: (unknown) => userError(`Object ${unknown} doesn't exist`),
      method: (text) => attributeError(text),
    });
    let ids: number[] = [];
    let args = positional;
    if (!target.method.modelMethod) {
      if (args.length === 0) throw indexError();
      ids = idsOf(args[0]);
      args = args.slice(1);
    }
    const result = run(env, target, ids, bindPositional(target, args, keywords));
    // A single dictionary creates a single record over this transport.
    const single = target.name === 'create' && asRecord(args[0] ?? keywords.vals_list) !== undefined;
    return single && Array.isArray(result) ? result[0] : result;
  });
}

/** One call of `/jsonrpc`. Errors are answers too: status 200 with `error`. */
export async function jsonRpc(
  state: ServerState,
  request: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const id = request.id ?? null;
  try {
    const params = asRecord(request.params) ?? {};
    const { service, method, args } = params;
    if (!('service' in params && 'method' in params && 'args' in params)) {
      throw typeError(
        "JSONRPC.jsonrpc() missing 3 required positional arguments: 'service', 'method', and 'args'",
      );
    }
    const list = Array.isArray(args) ? args : [];
    let result: unknown;
    if (service === 'common') result = await common(state, method, list);
    else if (service === 'object') result = await object(state, method, list);
    else if (service === 'db')
      throw new OdooError('sandbox.NotSupported', 'sandbox: not supported: service db', 501);
    else throw keyError(String(service));
    // A method without a result leaves `result` out.
    const answered = result !== null && result !== undefined;
    return { status: 200, body: { jsonrpc: '2.0', id, ...(answered && { result }) } };
  } catch (error) {
    const odooError = asOdooError(error);
    const data = errorBody(odooError);
    // What the stand-in cannot do is no answer of an Odoo, so it must not look like one.
    const status = odooError.status === 501 ? 501 : 200;
    return { status, body: { jsonrpc: '2.0', id, error: { code: 0, message: 'Odoo Server Error', data } } };
  }
}
