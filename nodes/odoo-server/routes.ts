/** The HTTP admin API of the connections to Odoo: the test of the dialog, and the list of the console. */
import { asCrossdockError } from '../../core/errors';
import { checkConnection, type OdooConnection } from '../../core/odoo';
import type { SharedNode } from '../shared/config-node';
import { openConnection } from '../shared/odoo-connections';
import type { Red } from '../shared/red';

const TYPE = 'crossdock-odoo-server';

/** Adds the routes; once per runtime. */
export function addConnectionRoutes(red: Red): void {
  red.httpAdmin.post(
    '/crossdock/odoo-server/:id/test',
    red.auth.needsPermission(`${TYPE}.write`),
    (request, response, next) => {
      test(red, request.params?.['id'] ?? '')
        .then((result) => response.json(result))
        .catch(next);
    },
  );
  red.httpAdmin.get(
    '/crossdock/console/connections',
    red.auth.needsPermission(`${TYPE}.read`),
    (_request, response, next) => {
      try {
        response.json({ connections: connections(red) });
      } catch (thrown) {
        next(thrown);
      }
    },
  );
}

/** What the test button shows: the deployed configuration, tried now. Changes nothing in Odoo. */
async function test(red: Red, id: string): Promise<Record<string, unknown>> {
  const node = red.nodes.getNode(id) as SharedNode<OdooConnection> | null;
  if (node === null || node.type !== TYPE) {
    return { ok: false, code: 'NODE_UNKNOWN', message: 'Deploy the connection first, then test it.' };
  }
  try {
    return { ok: true, ...(await checkConnection(await node.open(Promise.resolve()))) };
  } catch (thrown) {
    const { code, message } = asCrossdockError(thrown);
    return { ok: false, code, message };
  }
}

/** Every connection that is deployed, and how those that are open are doing. Holds no secrets. */
function connections(red: Red): Record<string, unknown>[] {
  const users = new Map<string, { id: string; name: string; type: string }[]>();
  const found: Record<string, unknown>[] = [];
  red.nodes.eachNode(({ id, type, name, server }) => {
    if (typeof server !== 'string' || server === '') return;
    const user = { id, type, name: typeof name === 'string' ? name : '' };
    users.set(server, [...(users.get(server) ?? []), user]);
  });
  red.nodes.eachNode(({ id, type, name }) => {
    if (type !== TYPE) return;
    const open = openConnection(id);
    const base = { id, name: typeof name === 'string' ? name : '', users: users.get(id) ?? [] };
    if (open === undefined) {
      found.push({ ...base, open: false });
      return;
    }
    const { client, key, account } = open;
    const { url, database, login, company } = client;
    const who = account ?? { user: login, company };
    found.push({ ...base, open: true, url, database, ...who, key, ...client.health() });
  });
  return found;
}
