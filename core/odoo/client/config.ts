import { CrossdockError } from '../../errors/index';
import { joinAllowLists } from './allow-lines';
import { DEFAULT_ALLOW } from './allow-list';
import type { AllowList, OdooConfig } from './types';

/** A config with every default filled in and every fault found. */
export interface NormalConfig {
  readonly url: string;
  readonly database: string;
  readonly login: string;
  readonly apiKey: string;
  /** Undefined when there is none. */
  readonly apiKeyNext: string | undefined;
  readonly company: string;
  readonly timeoutMs: number;
  readonly maxConcurrent: number;
  readonly callsPerSecond: number | undefined;
  readonly batchWindowMs: number;
  readonly maxResponseBytes: number;
  readonly transport: 'auto' | 'json2' | 'jsonrpc';
  readonly allow: AllowList;
}

/**
 * Checks a config and fills in its defaults.
 *
 * Throws CONFIG_ENV_MISSING (a value still reads `${NAME}`) or CONFIG_INVALID. Both are transient: the messages are
 * not at fault, so they are kept until the configuration is right.
 */
export function normaliseConfig(config: OdooConfig): NormalConfig {
  const text = (field: keyof typeof LABELS): string => {
    const value = typeof config[field] === 'string' ? config[field].trim() : '';
    const variable = /\$\{([^}]*)\}/.exec(value)?.[1];
    if (variable !== undefined) {
      throw new CrossdockError(
        `environment variable ${variable} is not set (Odoo server, ${LABELS[field]})`,
        {
          code: 'CONFIG_ENV_MISSING',
          kind: 'transient',
          facts: { variable, field },
        },
      );
    }
    return value;
  };
  const url = normaliseUrl(text('url'));
  const database = text('database');
  const login = text('login');
  const apiKey = text('apiKey');
  if (database === '') throw invalid('The Odoo server has no database name.', 'database');
  if (apiKey === '') throw invalid('The Odoo server has no API key.', 'apiKey');
  return {
    url,
    database,
    login,
    apiKey,
    apiKeyNext: text('apiKeyNext') || undefined,
    company: text('company'),
    timeoutMs: positive(config.timeoutMs, 60_000, 'timeoutMs'),
    maxConcurrent: Math.ceil(positive(config.maxConcurrent, 4, 'maxConcurrent')),
    callsPerSecond:
      config.callsPerSecond === undefined ? undefined : positive(config.callsPerSecond, 0, 'callsPerSecond'),
    batchWindowMs: config.batchWindowMs === 0 ? 0 : positive(config.batchWindowMs, 0, 'batchWindowMs'),
    maxResponseBytes: positive(config.maxResponseBytes, 64 * 1024 * 1024, 'maxResponseBytes'),
    transport: config.transport ?? 'auto',
    allow: joinAllowLists(config.allow ?? DEFAULT_ALLOW, config.allowAlso ?? {}),
  };
}

const LABELS = {
  url: 'address',
  database: 'database',
  login: 'login',
  apiKey: 'API key',
  apiKeyNext: 'next API key',
  company: 'company',
} as const;

function normaliseUrl(value: string): string {
  if (value === '') throw invalid('The Odoo server has no address.', 'url');
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw invalid('The address of the Odoo server is not a URL such as https://odoo.example.com.', 'url');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw invalid('The address of the Odoo server must start with https:// or http://.', 'url');
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('The address of the Odoo server must not contain a user or password.', 'url');
  }
  // People paste the address of a page: what follows the database's root is not part of the base.
  const path = url.pathname.replace(/\/(web|odoo)(\/.*)?$/, '').replace(/\/+$/, '');
  return `${url.protocol}//${url.host}${path}`;
}

function positive(value: number | undefined, fallback: number, field: string): number {
  if (value === undefined) return fallback;
  if (!Number.isFinite(value) || value <= 0) {
    throw invalid(`The Odoo server's ${field} must be a number above 0.`, field);
  }
  return value;
}

function invalid(message: string, field: string): CrossdockError {
  return new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'transient', facts: { field } });
}
