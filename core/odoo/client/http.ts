import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import axios, { type AxiosError, type AxiosInstance } from 'axios';
import { CrossdockError } from '../../errors/index';
import type { NormalConfig } from './config';
import { type CallInfo, strangeAnswer } from './errors';

/** Nothing of the call has reached the other side when a connection ends with one of these. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
]);
const TLS = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH)/;
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_BAD_RESPONSE', 'HPE_INVALID_CONSTANT']);

export interface JsonReply {
  readonly status: number;
  /** The parsed body. */
  readonly body: unknown;
  /** The header Retry-After as it came. */
  readonly retryAfter?: string | undefined;
}

/** JSON over HTTP to one Odoo: kept-alive connections, no redirects, no proxies from the environment, limits. */
export class OdooHttp {
  private readonly agents: { http: HttpAgent; https: HttpsAgent };
  private readonly axios: AxiosInstance;
  private offset: number | undefined;

  constructor(private readonly config: NormalConfig) {
    const options = {
      keepAlive: true,
      maxSockets: config.maxConcurrent,
      maxFreeSockets: config.maxConcurrent,
    };
    this.agents = { http: new HttpAgent(options), https: new HttpsAgent(options) };
    this.axios = axios.create({
      adapter: 'http',
      baseURL: config.url,
      httpAgent: this.agents.http,
      httpsAgent: this.agents.https,
      proxy: false,
      maxRedirects: 0,
      maxContentLength: config.maxResponseBytes,
      maxBodyLength: config.maxResponseBytes,
      responseType: 'text',
      transformResponse: (data: unknown) => data,
      validateStatus: () => true,
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/json',
        'User-Agent': 'node-red-contrib-crossdock',
      },
    });
  }

  get clockOffsetMs(): number | undefined {
    return this.offset;
  }

  /**
   * Posts `payload` and gives the parsed JSON answer, whatever its status. Everything that is no JSON is an error
   * with a sentence (wrong address, proxy, time-out ...).
   */
  async post(
    path: string,
    payload: unknown,
    headers: Readonly<Record<string, string>>,
    call: CallInfo,
  ): Promise<JsonReply> {
    const body = JSON.stringify(payload);
    try {
      return await this.once(path, body, headers, call);
    } catch (error) {
      // An idle connection that the server closes at the very moment of our send: repeat what changes nothing.
      if (!call.write && error instanceof CrossdockError && error.facts.reusedConnection === true) {
        return await this.once(path, body, headers, call);
      }
      throw error;
    }
  }

  /** Ends idle connections. Those in use stay; `destroy` after the last call ends the rest. */
  closeIdle(): void {
    for (const agent of [this.agents.http, this.agents.https]) {
      for (const sockets of Object.values(agent.freeSockets))
        for (const socket of sockets ?? []) socket.destroy();
    }
  }

  destroy(): void {
    this.agents.http.destroy();
    this.agents.https.destroy();
  }

  private async once(
    path: string,
    body: string,
    headers: Readonly<Record<string, string>>,
    call: CallInfo,
  ): Promise<JsonReply> {
    // One deadline for the whole exchange: axios' own time-out only bounds silence, so a trickle would never end.
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.config.timeoutMs);
    try {
      const reply = await this.axios.post<string>(path, body, {
        headers: { ...headers },
        signal: deadline.signal,
      });
      this.noteClock(reply.headers.date as unknown);
      const type = String(reply.headers['content-type'] ?? '');
      const parsed = type.includes('json') || !type.includes('html') ? parse(reply.data) : undefined;
      const asked = reply.headers['retry-after'] as unknown;
      const retryAfter = typeof asked === 'string' ? asked : undefined;
      if (parsed !== undefined && !(reply.status >= 300 && reply.status < 400)) {
        return { status: reply.status, body: parsed.value, retryAfter };
      }
      throw strangeAnswer(reply.status, retryAfter, this.config.database, call);
    } catch (error) {
      if (error instanceof CrossdockError) throw error;
      throw this.networkError(error as AxiosError, deadline.signal.aborted, call);
    } finally {
      clearTimeout(timer);
    }
  }

  private noteClock(date: unknown): void {
    const at = typeof date === 'string' ? Date.parse(date) : Number.NaN;
    if (!Number.isNaN(at)) this.offset = at - Date.now();
  }

  private networkError(error: AxiosError, timedOut: boolean, call: CallInfo): CrossdockError {
    const reason = error.code ?? error.cause?.name ?? 'unknown';
    const request = error.request as { socket?: Socket | null; reusedSocket?: boolean } | undefined;
    const facts = { model: call.model, method: call.method, reason };
    const outcome = call.write ? ('ambiguous' as const) : ('transient' as const);
    const { host } = new URL(this.config.url);
    if (TLS.test(reason)) {
      return new CrossdockError(`The certificate of ${host} is not accepted (${reason}).`, {
        code: 'ODOO_TLS',
        kind: 'transient',
        facts,
      });
    }
    const neverConnected = request?.socket?.connecting === true;
    if (NOT_SENT.has(reason) || neverConnected) {
      return new CrossdockError(
        `Odoo at ${host} cannot be reached (${neverConnected ? 'no connection' : reason}).`,
        {
          code: 'ODOO_UNREACHABLE',
          kind: 'transient',
          facts,
        },
      );
    }
    if (timedOut || reason === 'ETIMEDOUT') {
      const seconds = Math.round(this.config.timeoutMs / 1000);
      return new CrossdockError(`Odoo did not answer ${call.model}.${call.method} within ${seconds} s.`, {
        code: 'ODOO_TIMEOUT',
        kind: outcome,
        facts,
      });
    }
    if (/maxContentLength/.test(error.message)) {
      return new CrossdockError(`Odoo's answer to ${call.model}.${call.method} is too large.`, {
        code: 'ODOO_RESPONSE_TOO_LARGE',
        kind: call.write ? 'ambiguous' : 'permanent',
        facts,
      });
    }
    if (/maxBodyLength/.test(error.message)) {
      return new CrossdockError(`The request ${call.model}.${call.method} is too large.`, {
        code: 'ODOO_INVALID_CALL',
        kind: 'permanent',
        facts,
      });
    }
    return new CrossdockError(
      `The connection to Odoo at ${host} was lost during ${call.model}.${call.method}.`,
      {
        code: 'ODOO_CONNECTION_LOST',
        kind: outcome,
        facts: { ...facts, reusedConnection: LOST.has(reason) && request?.reusedSocket === true },
      },
    );
  }
}

function parse(text: unknown): { value: unknown } | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
