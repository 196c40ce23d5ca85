/** Where the PostgreSQL store is, read from what a person writes. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { CrossdockError } from '../../errors';

export interface PostgresConfig {
  /**
   * `postgres://host:5432/database`, with `?sslmode=` as below. User and password may be in it (then encoded as URLs
   * want it); the fields of their own go before. A Unix socket: `postgres:///database?host=/var/run/postgresql`.
   *
   * sslmode: `disable` (default without `tls`); `require`, `verify-ca`, `verify-full`: encrypted, and the certificate
   * is checked (unlike libpq's `require`, which anybody in between can undo); `no-verify`: encrypted, not checked.
   */
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  /** Name of the schema that holds all tables; made when it is missing. Default `crossdock`. */
  readonly schema?: string;
  /** TLS options as of `tls.connect` (ca, cert, key, servername ...); their presence turns TLS on. */
  readonly tls?: ConnectionOptions;
}

/** A checked configuration. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly schema: string;
  readonly ssl: false | ConnectionOptions;
  readonly channelBinding: boolean;
  /** For sentences: host, port and database, never user or password. */
  readonly label: string;
}

const DEFAULT_PORT = 5432;
const VERIFIED = ['require', 'verify-ca', 'verify-full'];

function wrong(message: string, field: string): CrossdockError {
  return new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { field } });
}

/**
 * Reads and checks the configuration; connects to nothing.
 * @throws CrossdockError CONFIG_INVALID (permanent). Its text never holds the URL, which may hold a password.
 */
export function readEndpoint(config: PostgresConfig): Endpoint {
  const url = parse(config.url);
  const schema = config.schema ?? 'crossdock';
  // Used unquoted in SQL nowhere, but checked so that quoting it is always right; pg_ is PostgreSQL's own.
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema) || schema.startsWith('pg_')) {
    throw wrong(
      'The schema must be lower-case letters, digits and _, and must not start with a digit or pg_.',
      'schema',
    );
  }
  const host = url.searchParams.get('host') ?? url.hostname;
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  const database = decode(url.pathname.slice(1));
  if (host === '') throw wrong('The address of PostgreSQL names no host.', 'url');
  if (database === '') throw wrong('The address of PostgreSQL names no database.', 'url');
  return {
    host,
    port,
    database,
    user: config.user ?? (decode(url.username) || undefined),
    password: config.password ?? (decode(url.password) || undefined),
    schema,
    ssl: tlsOf(url, config.tls),
    channelBinding: url.searchParams.get('channel_binding') === 'require',
    label: host.startsWith('/') ? `${host}/${database}` : `${host}:${port}/${database}`,
  };
}

function parse(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong(
      'The address of PostgreSQL is not a URL; it must look like postgres://host:5432/database.',
      'url',
    );
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    throw wrong('The address of PostgreSQL must start with postgres://.', 'url');
  }
  return url;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw wrong('The address of PostgreSQL has a % that is not part of a code such as %40.', 'url');
  }
}

function tlsOf(url: URL, tls: ConnectionOptions | undefined): false | ConnectionOptions {
  const mode = url.searchParams.get('sslmode') ?? (tls === undefined ? 'disable' : 'verify-full');
  const rootFile = url.searchParams.get('sslrootcert');
  if (mode === 'disable') {
    // Settings that were chosen must not be dropped silently.
    if (tls !== undefined)
      throw wrong('TLS settings are chosen, but the address says sslmode=disable.', 'url');
    return false;
  }
  if (mode === 'no-verify') return { ...tls, rejectUnauthorized: false };
  if (!VERIFIED.includes(mode)) {
    throw wrong(`sslmode must be one of: disable, no-verify, ${VERIFIED.join(', ')}.`, 'url');
  }
  if (rootFile === null || rootFile === 'system') return { ...tls };
  try {
    return { ca: readFileSync(rootFile, 'utf8'), ...tls };
  } catch {
    throw wrong('The file that sslrootcert names cannot be read.', 'url');
  }
}
