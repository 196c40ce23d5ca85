import { CrossdockError } from '../../errors/index';
import { assertAllowed, isReading } from './allow-list';
import { type Clock, SYSTEM_CLOCK } from './clock';
import { Companies } from './company';
import { normaliseConfig } from './config';
import { strangeAnswer } from './errors';
import { OdooHttp } from './http';
import { Json2Transport, type Transport } from './json2';
import { JsonRpcTransport } from './jsonrpc';
import { Keys } from './keys';
import { Lane } from './lane';
import type { CallOptions, OdooConfig, OdooConnection, OdooVersion, TransportKind } from './types';

/** The first version with JSON-2. */
const JSON2_SINCE = 19;

/** What a client does not read from its configuration. */
export interface ClientParts {
  readonly clock?: Clock;
}

/**
 * A client for one Odoo database. Nothing is sent before the first call.
 *
 * Throws CONFIG_ENV_MISSING or CONFIG_INVALID (CrossdockError) for a configuration that cannot work.
 */
export function createOdooClient(config: OdooConfig, parts: ClientParts = {}): OdooConnection {
  const normal = normaliseConfig(config);
  const clock = parts.clock ?? SYSTEM_CLOCK;
  const http = new OdooHttp(normal);
  const keys = new Keys(normal.apiKey, normal.apiKeyNext, clock);
  const transports: Record<TransportKind, Transport> = {
    json2: new Json2Transport(http, normal),
    jsonrpc: new JsonRpcTransport(http, normal),
  };
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) {
      try {
        listener();
      } catch {
        // Whoever looks on must not make a call fail.
      }
    }
  };
  let detection: Promise<OdooVersion> | undefined;
  let known: OdooVersion | undefined;
  let closing: Promise<void> | undefined;

  const refuseClosed = (): void => {
    if (closing === undefined) return;
    throw new CrossdockError('The connection to Odoo is closed (the flow was stopped or deployed anew).', {
      code: 'ODOO_CLOSED',
      kind: 'transient',
    });
  };

  const lane = new Lane(normal, clock, refuseClosed, (state) => {
    // It may have been upgraded while it was down.
    if (state === 'closed') {
      detection = undefined;
      companies.forget();
    }
    tell();
  });

  const detect = async (): Promise<OdooVersion> => {
    const info = { model: 'web', method: 'version', write: false };
    const payload = { jsonrpc: '2.0', method: 'call', id: 1, params: {} };
    const { status, body, retryAfter } = await lane.run(() =>
      http.post('/web/webclient/version_info', payload, {}, info),
    );
    const version = readVersion(body);
    if (version === undefined) throw strangeAnswer(status, retryAfter, normal.database, info);
    const automatic = version.major >= JSON2_SINCE ? 'json2' : 'jsonrpc';
    known = { ...version, transport: normal.transport === 'auto' ? automatic : normal.transport };
    tell();
    return known;
  };

  const version = async (): Promise<OdooVersion> => {
    refuseClosed();
    if (detection === undefined) {
      const attempt = detect();
      detection = attempt;
      attempt.catch(() => {
        if (detection === attempt) detection = undefined;
      });
    }
    return detection;
  };

  const plainCall = async (model: string, method: string, options: CallOptions): Promise<unknown> => {
    const transport = transports[(await version()).transport];
    const info = { model, method, write: !isReading(method) };
    const before = keys.current;
    try {
      return await lane.run(() =>
        keys.use(({ secret }) => transport.call(model, method, options, info, secret)),
      );
    } finally {
      if (keys.current !== before) tell();
    }
  };

  const companies = new Companies(normal.company, plainCall);

  return {
    url: normal.url,
    database: normal.database,
    login: normal.login,
    company: normal.company,
    batchWindowMs: normal.batchWindowMs,
    version,
    clockOffsetMs: () => http.clockOffsetMs,
    async call<T>(model: string, method: string, options: CallOptions = {}): Promise<T> {
      refuseClosed();
      assertAllowed(normal.allow, model, method);
      return (await plainCall(model, method, await companies.into(options))) as T;
    },
    health: () => ({
      version: known,
      ...lane.health(),
      keys: {
        count: keys.count,
        current: keys.current,
        refused: (['first', 'next'] as const).filter((slot) => keys.refused(slot)),
      },
    }),
    onHealth(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      closing ??= (async () => {
        http.closeIdle();
        await lane.idle();
        http.destroy();
      })();
      return closing;
    },
  };
}

/** `server_version_info` is [19, 0, 0, 'final', 0, '']; hosted versions write `saas~18` in the first place. */
function readVersion(body: unknown): Omit<OdooVersion, 'transport'> | undefined {
  const result = (body as { result?: { server_version?: unknown; server_version_info?: unknown } } | null)
    ?.result;
  const info = result?.server_version_info;
  if (!Array.isArray(info)) return undefined;
  const major = Number(/\d+/.exec(String(info[0]))?.[0]);
  if (!Number.isInteger(major)) return undefined;
  const text = typeof result?.server_version === 'string' ? result.server_version : String(major);
  return { major, minor: Number(info[1]) || 0, text };
}
