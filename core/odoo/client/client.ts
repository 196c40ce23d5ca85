import { CrossdockError } from '../../errors/index';
import { assertAllowed, isReading } from './allow-list';
import { normaliseConfig } from './config';
import { strangeAnswer } from './errors';
import { OdooHttp } from './http';
import { Json2Transport, type Transport } from './json2';
import { JsonRpcTransport } from './jsonrpc';
import { Semaphore } from './semaphore';
import type { CallOptions, OdooClient, OdooConfig, OdooVersion, TransportKind } from './types';

/** The first version with JSON-2. */
const JSON2_SINCE = 19;

/**
 * A client for one Odoo database. Nothing is sent before the first call.
 *
 * Throws CONFIG_ENV_MISSING or CONFIG_INVALID (CrossdockError) for a configuration that cannot work.
 */
export function createOdooClient(config: OdooConfig): OdooClient {
  const normal = normaliseConfig(config);
  const http = new OdooHttp(normal);
  const slots = new Semaphore(normal.maxConcurrent);
  const transports: Record<TransportKind, Transport> = {
    json2: new Json2Transport(http, normal),
    jsonrpc: new JsonRpcTransport(http, normal),
  };
  let detection: Promise<OdooVersion> | undefined;
  let closing: Promise<void> | undefined;

  const refuseClosed = (): void => {
    if (closing === undefined) return;
    throw new CrossdockError('The connection to Odoo is closed (the flow was stopped or deployed anew).', {
      code: 'ODOO_CLOSED',
      kind: 'transient',
    });
  };

  const inSlot = <T>(work: () => Promise<T>): Promise<T> =>
    slots.run(() => {
      refuseClosed();
      return work();
    });

  const detect = async (): Promise<OdooVersion> => {
    const info = { model: 'web', method: 'version', write: false };
    const payload = { jsonrpc: '2.0', method: 'call', id: 1, params: {} };
    const { status, body } = await inSlot(() => http.post('/web/webclient/version_info', payload, {}, info));
    const version = readVersion(body);
    if (version === undefined) throw strangeAnswer(status, undefined, normal.database, info);
    const automatic = version.major >= JSON2_SINCE ? 'json2' : 'jsonrpc';
    return { ...version, transport: normal.transport === 'auto' ? automatic : normal.transport };
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

  return {
    url: normal.url,
    database: normal.database,
    version,
    clockOffsetMs: () => http.clockOffsetMs,
    async call<T>(model: string, method: string, options: CallOptions = {}): Promise<T> {
      refuseClosed();
      assertAllowed(normal.allow, model, method);
      const transport = transports[(await version()).transport];
      const info = { model, method, write: !isReading(method) };
      return (await inSlot(() => transport.call(model, method, options, info))) as T;
    },
    close() {
      closing ??= (async () => {
        http.closeIdle();
        await slots.idle();
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
