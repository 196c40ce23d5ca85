import { CrossdockError } from '../../errors/index';
import type { NormalConfig } from './config';
import { type CallInfo, faultToError, readFault, strangeAnswer } from './errors';
import type { OdooHttp } from './http';
import type { Transport } from './json2';
import type { CallOptions } from './types';

/**
 * `POST /jsonrpc` with `execute_kw`, Odoo 18 and older (deprecated in 19, announced to go in 22). Errors come with
 * HTTP 200. The user's number is asked once by `common.authenticate` and kept.
 */
export class JsonRpcTransport implements Transport {
  /** The user's number by API key. */
  private readonly logins = new Map<string, Promise<number>>();
  private lastId = 0;

  constructor(
    private readonly http: OdooHttp,
    private readonly config: NormalConfig,
  ) {}

  async call(
    model: string,
    method: string,
    options: CallOptions,
    info: CallInfo,
    key: string,
  ): Promise<unknown> {
    const uid = await this.authenticate(key);
    const { database } = this.config;
    const { positional, args } = argumentsOf(method, options);
    const named = { ...args, ...(options.context === undefined ? {} : { context: options.context }) };
    try {
      return await this.rpc(
        'object',
        'execute_kw',
        [database, uid, key, model, method, positional, named],
        info,
      );
    } catch (error) {
      // The key may have been exchanged together with its user.
      if (error instanceof CrossdockError && error.code === 'ODOO_AUTH') this.logins.delete(key);
      throw error;
    }
  }

  private authenticate(key: string): Promise<number> {
    const known = this.logins.get(key);
    if (known !== undefined) return known;
    const attempt = this.logIn(key);
    this.logins.set(key, attempt);
    attempt.catch(() => {
      if (this.logins.get(key) === attempt) this.logins.delete(key);
    });
    return attempt;
  }

  private async logIn(key: string): Promise<number> {
    const { database, login } = this.config;
    const info = { model: 'common', method: 'authenticate', write: false };
    if (login === '') {
      throw new CrossdockError("The Odoo server needs the user's login: this Odoo is older than 19.", {
        code: 'CONFIG_INVALID',
        kind: 'transient',
        facts: { field: 'login' },
      });
    }
    const uid = await this.rpc('common', 'authenticate', [database, login, key, {}], info);
    if (typeof uid === 'number' && uid > 0) return uid;
    throw faultToError({ name: 'odoo.exceptions.AccessDenied', message: '', status: 200 }, info);
  }

  private async rpc(service: string, method: string, args: unknown[], info: CallInfo): Promise<unknown> {
    this.lastId += 1;
    const payload = { jsonrpc: '2.0', method: 'call', id: this.lastId, params: { service, method, args } };
    const { status, body, retryAfter } = await this.http.post('/jsonrpc', payload, {}, info);
    if (typeof body !== 'object' || body === null || !('jsonrpc' in body)) {
      throw strangeAnswer(status, retryAfter, this.config.database, info);
    }
    const { result, error } = body as { result?: unknown; error?: { data?: unknown; message?: unknown } };
    // A method that returns None has no `result` member at all.
    if (error === undefined || error === null) return result ?? null;
    throw faultToError(
      readFault(error.data, status) ?? { name: 'unknown', message: String(error.message ?? ''), status },
      info,
    );
  }
}

/** Odoo looks into the first positional argument of `create` for the form of its answer: by name, the call fails. */
function argumentsOf(method: string, { ids, args = {} }: CallOptions) {
  if (ids !== undefined) return { positional: [ids], args };
  const { vals_list: values, ...rest } = args;
  return method === 'create' && values !== undefined
    ? { positional: [values], args: rest }
    : { positional: [], args };
}
