import { type AccessReport, accessReport } from './access';
import { type KeyState, keyState } from './key-state';
import type { ConnectionHealth, OdooConnection, TransportKind } from './types';

/** What a connection test shows. */
export interface ConnectionReport extends AccessReport {
  /** For example `19.0`. */
  readonly version: string;
  readonly transport: TransportKind;
  readonly database: string;
  /** Login of the API key's user. */
  readonly user: string;
  /** That calls are made for: the connection's, else the user's own. */
  readonly company: string;
  /** Other companies that the user could work for. */
  readonly otherCompanies: readonly string[];
  /** Duration of the whole test. */
  readonly ms: number;
  /** Whether the user may place sales orders. */
  readonly canCreateOrders: boolean;
  readonly key: KeyState;
  /** Which of two keys Odoo took, and which it refused. */
  readonly keys: ConnectionHealth['keys'];
  /** The key travels unencrypted to another machine. */
  readonly unencrypted: boolean;
}

/** Names shown at most; the test is a sentence, no list. */
const SHOWN_COMPANIES = 5;

/** Logs in and finds out what the key may do. Changes nothing. Rejects with CrossdockError like OdooClient.call. */
export async function checkConnection(client: OdooConnection): Promise<ConnectionReport> {
  const start = performance.now();
  const version = await client.version();
  const [who, access, key] = await Promise.all([accountOf(client), accessReport(client), keyState(client)]);
  const orders = access.capabilities.find(({ name }) => name === 'order');
  return {
    version: version.text,
    transport: version.transport,
    database: client.database,
    ...who,
    ms: Math.round(performance.now() - start),
    canCreateOrders: orders?.may ?? false,
    key,
    keys: client.health().keys,
    unencrypted: isUnencrypted(client.url),
    ...access,
  };
}

/** Whose the key is, and for which company calls are made. */
export async function accountOf(
  client: OdooConnection,
): Promise<Pick<ConnectionReport, 'user' | 'company' | 'otherCompanies'>> {
  const { uid } = await client.call<{ uid: number }>('res.users', 'context_get');
  const [user] = await client.call<
    readonly {
      login: string;
      company_id: readonly [number, string] | false;
      company_ids: readonly number[];
    }[]
  >('res.users', 'read', { ids: [uid], args: { fields: ['login', 'company_id', 'company_ids'] } });
  const companies = await client.call<readonly { id: number; name: string }[]>('res.company', 'search_read', {
    args: {
      domain: [['id', 'in', user?.company_ids ?? []]],
      fields: ['id', 'name'],
      order: 'id',
      limit: 100,
    },
  });
  const given = client.company.trim().toLowerCase();
  const own = user?.company_id ? user.company_id[1] : '';
  // The calls above have gone through it, so it is one of them.
  const company =
    given === ''
      ? own
      : (companies.find(({ id, name }) => name.trim().toLowerCase() === given || String(id) === given)
          ?.name ?? client.company);
  return {
    user: user?.login ?? '',
    company,
    otherCompanies: companies
      .map(({ name }) => name)
      .filter((name) => name !== company)
      .slice(0, SHOWN_COMPANIES),
  };
}

function isUnencrypted(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
