import { asCrossdockError } from '../../errors/index';
import { fieldMap } from './field-map';
import type { OdooClient, TransportKind } from './types';

/** What a connection test shows. */
export interface ConnectionReport {
  /** For example `19.0`. */
  readonly version: string;
  readonly transport: TransportKind;
  readonly database: string;
  /** Login of the API key's user. */
  readonly user: string;
  readonly company: string;
  /** Duration of the whole test. */
  readonly ms: number;
  /** Whether the user may create sales orders; false when the sales app is not installed. */
  readonly canCreateOrders: boolean;
  /** What keeps the user from placing orders, in a sentence. */
  readonly problem?: string;
}

/** Logs in and finds out what the key may do. Changes nothing. Rejects with CrossdockError like OdooClient.call. */
export async function checkConnection(client: OdooClient): Promise<ConnectionReport> {
  const start = performance.now();
  const version = await client.version();
  const { uid } = await client.call<{ uid: number }>('res.users', 'context_get');
  const [user] = await client.call<
    readonly { login: string; company_id: readonly [number, string] | false }[]
  >('res.users', 'read', { ids: [uid], args: { fields: ['login', 'company_id'] } });
  const orders = await mayCreateOrders(client);
  return {
    version: version.text,
    transport: version.transport,
    database: client.database,
    user: user?.login ?? '',
    company: user?.company_id ? user.company_id[1] : '',
    ms: Math.round(performance.now() - start),
    canCreateOrders: orders === undefined,
    ...(orders === undefined ? {} : { problem: orders }),
  };

  /** Undefined when the user may, else the reason. */
  async function mayCreateOrders(odoo: OdooClient): Promise<string | undefined> {
    const { mayMethod } = fieldMap(version);
    const args =
      mayMethod === 'has_access' ? { operation: 'create' } : { operation: 'create', raise_exception: false };
    // has_access is a method of records, check_access_rights one of the model.
    const target = mayMethod === 'has_access' ? { ids: [] } : {};
    try {
      const may = await odoo.call<boolean>('sale.order', mayMethod, { ...target, args });
      return may ? undefined : "The API key's user may not create sales orders in Odoo.";
    } catch (thrown) {
      const error = asCrossdockError(thrown);
      if (error.retryable) throw error;
      return error.message;
    }
  }
}
