import { CrossdockError } from '../../core/errors';
import { createOdooClient, type OdooConfig, type OdooConnection, parseAllowLines } from '../../core/odoo';
import { number, secret, text } from '../shared/config';
import { registerShared } from '../shared/config-node';
import { unwatchConnection, watchConnection } from '../shared/odoo-connections';
import type { RawConfig, Red, RedNode } from '../shared/red';
import { addConnectionRoutes } from './routes';

export = (red: Red): void => {
  registerShared<OdooConnection>(red, 'crossdock-odoo-server', {
    credentials: { apiKey: { type: 'password' }, apiKeyNext: { type: 'password' } },
    create: async (config, node) => {
      const client = createOdooClient(read(config, node));
      watchConnection(node, client);
      return client;
    },
    close: async (client) => {
      unwatchConnection(client);
      await client.close();
    },
  });
  addConnectionRoutes(red);
};

function read(config: RawConfig, node: RedNode): OdooConfig {
  const apiKey = secret(node.credentials, 'apiKey', 'API key');
  if (apiKey === '') {
    throw new CrossdockError('The API key of the Odoo server is missing.', {
      code: 'CONFIG_INVALID',
      kind: 'permanent',
      facts: { field: 'apiKey' },
    });
  }
  // 0 stands for "no limit", as it does for everybody who has seen a form.
  const rate = number(config, 'callsPerSecond', 'Calls per second', 0, { min: 0, max: 1000 });
  return {
    url: text(config, 'url', 'Address of Odoo'),
    database: text(config, 'database', 'Database'),
    login: optional(config, 'login', 'Login'),
    company: text(config, 'company', 'Company', ''),
    apiKey,
    apiKeyNext: optionalSecret(node),
    timeoutMs: number(config, 'timeoutSeconds', 'Time limit', 60, { min: 5, max: 600 }) * 1000,
    maxConcurrent: number(config, 'maxConcurrent', 'Calls at once', 4, { min: 1, max: 32 }),
    callsPerSecond: rate === 0 ? undefined : rate,
    batchWindowMs: number(config, 'batchWindowMs', 'Gathering time', 0, { min: 0, max: 5000 }),
    allowAlso: parseAllowLines(text(config, 'allow', 'Additional calls', '')),
  };
}

/** A login is needed for Odoo 18 and older only, so an environment variable that is not set counts as none. */
function optional(config: RawConfig, field: string, label: string): string | undefined {
  return unlessUnset(() => text(config, field, label, '')) || undefined;
}

/** The next key may be an environment variable that is set only while keys are exchanged. */
function optionalSecret(node: RedNode): string | undefined {
  return unlessUnset(() => secret(node.credentials, 'apiKeyNext', 'Next API key')) || undefined;
}

function unlessUnset(read: () => string): string | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof CrossdockError && error.code === 'CONFIG_ENV_MISSING') return undefined;
    throw error;
  }
}
