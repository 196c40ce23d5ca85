/** From a store's configuration to the open store, one function per kind. */
import { isAbsolute, join, normalize } from 'node:path';
import { CrossdockError } from '../../core/errors';
import { openPostgresStore, openSqliteStore, type SqliteStoreHandle, type Store } from '../../core/store';
import { choice, secret, text } from '../shared/config';
import type { RawConfig, Red, RedNode } from '../shared/red';
import { tlsOptions } from '../shared/tls';

/** A store that a config node has opened. */
export interface OpenStore {
  readonly store: Store;
  /** Of a SQLite store: its file, and how to copy it while it works. */
  readonly sqlite?: { readonly file: string; backup(target: string): Promise<void> };
  close(): Promise<void>;
}

/**
 * Store files open in this process. After a redeploy the new config node may open its file while the old one is
 * still closing it; a file can be open once only, so the opening waits for the closing.
 */
const closing = new Map<string, Promise<void>>();
/** Which config node has a file, so that a second one with the same file is told whom to use instead. */
const holders = new Map<string, RedNode>();

/** @throws CrossdockError CONFIG_INVALID, CONFIG_ENV_MISSING, or the driver's reason */
export async function openStore(red: Red, config: RawConfig, node: RedNode): Promise<OpenStore> {
  const kind = choice(config, 'kind', 'Kind', ['sqlite', 'postgres'], 'sqlite');
  const opened = kind === 'sqlite' ? await openFile(red, config, node) : await openServer(red, config, node);
  for (const { code, message } of (await opened.store.health()).warnings) {
    // With one connection, as here, an old SQLite is a note for the health panel and no reason to be told at each start.
    if (code !== 'STORE_SQLITE_OLD') node.warn(message);
  }
  return opened;
}

async function openFile(red: Red, config: RawConfig, node: RedNode): Promise<OpenStore> {
  const path = text(config, 'path', 'File', 'crossdock.sqlite');
  const file = normalize(isAbsolute(path) ? path : join(red.settings.userDir ?? process.cwd(), path));
  await closing.get(file);
  const store = await hold(file, node);
  return {
    store,
    sqlite: { file, backup: (target) => store.backup(target) },
    async close() {
      const closed = store.close().finally(() => closing.delete(file));
      closing.set(file, closed);
      if (holders.get(file) === node) holders.delete(file);
      await closed;
    },
  };
}

/** @throws CrossdockError STORE_BUSY when another config node has the file, or the driver's reason */
async function hold(file: string, node: RedNode): Promise<SqliteStoreHandle> {
  const holder = holders.get(file);
  if (holder !== undefined && holder.id !== node.id) {
    const has = holder.name
      ? `The store "${holder.name}" of this Node-RED has the file ${file} already`
      : `The store ${file} is open at another store node of this Node-RED already`;
    throw new CrossdockError(`${has}: choose that store in the nodes, or give this one a file of its own.`, {
      code: 'STORE_BUSY',
      kind: 'transient',
      retryAfterMs: 5000,
    });
  }
  holders.set(file, node);
  try {
    return await openSqliteStore(file);
  } catch (error) {
    if (holders.get(file) === node) holders.delete(file);
    throw error;
  }
}

async function openServer(red: Red, config: RawConfig, node: RedNode): Promise<OpenStore> {
  const user = secret(node.credentials, 'user', 'User');
  const password = secret(node.credentials, 'password', 'Password');
  const tls = tlsOptions(red, text(config, 'tls', 'TLS settings', ''));
  const store = await openPostgresStore({
    url: text(config, 'url', 'Address of PostgreSQL'),
    schema: text(config, 'schema', 'Schema', 'crossdock'),
    ...(user === '' ? {} : { user }),
    ...(password === '' ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  });
  return { store, close: () => store.close() };
}
