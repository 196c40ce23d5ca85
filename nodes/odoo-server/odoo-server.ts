import { asCrossdockError, CrossdockError } from '../../core/errors';
import { checkConnection, createOdooClient, type OdooClient } from '../../core/odoo';
import { number, secret, text } from '../shared/config';
import { registerShared, type SharedNode } from '../shared/config-node';
import type { RawConfig, Red, RedNode } from '../shared/red';

export = (red: Red): void => {
  registerShared<OdooClient>(red, 'crossdock-odoo-server', {
    credentials: { apiKey: { type: 'password' } },
    create: async (config, node) => createOdooClient(read(config, node)),
    close: (client) => client.close(),
  });

  red.httpAdmin.post(
    '/crossdock/odoo-server/:id/test',
    red.auth.needsPermission('crossdock-odoo-server.write'),
    (request, response, next) => {
      test(red, request.params?.['id'] ?? '')
        .then((result) => response.json(result))
        .catch(next);
    },
  );
};

function read(config: RawConfig, node: RedNode) {
  const apiKey = secret(node.credentials, 'apiKey', 'API key');
  if (apiKey === '') {
    throw new CrossdockError('The API key of the Odoo server is missing.', {
      code: 'CONFIG_INVALID',
      kind: 'permanent',
      facts: { field: 'apiKey' },
    });
  }
  return {
    url: text(config, 'url', 'Address of Odoo'),
    database: text(config, 'database', 'Database'),
    login: optional(config, 'login', 'Login'),
    apiKey,
    timeoutMs: number(config, 'timeoutSeconds', 'Time limit', 60, { min: 5, max: 600 }) * 1000,
  };
}

/** A login is needed for Odoo 18 and older only, so an environment variable that is not set counts as none. */
function optional(config: RawConfig, field: string, label: string): string | undefined {
  try {
    return text(config, field, label, '') || undefined;
  } catch (error) {
    if (error instanceof CrossdockError && error.code === 'CONFIG_ENV_MISSING') return undefined;
    throw error;
  }
}

/** What the dialog's test button shows: the deployed configuration, tried now. */
async function test(red: Red, id: string): Promise<Record<string, unknown>> {
  const node = red.nodes.getNode(id) as SharedNode<OdooClient> | null;
  if (node === null || node.type !== 'crossdock-odoo-server') {
    return { ok: false, code: 'NODE_UNKNOWN', message: 'Deploy the connection first, then test it.' };
  }
  try {
    return { ok: true, ...(await checkConnection(await node.open(Promise.resolve()))) };
  } catch (thrown) {
    const { code, message } = asCrossdockError(thrown);
    return { ok: false, code, message };
  }
}
