import { setTimeout as delay } from 'node:timers/promises';
import { type Accounts, ensureAccounts } from './accounts';
import { Database } from './database';
import { Environment, type Registry, XmlidCache } from './environment';
import { DatabaseError, OdooError, validationError } from './errors';
import { allModels } from './models';
import { createSchema } from './schema';

/** What the transports need to know about the server they serve. */
export interface ServerState {
  readonly registry: Registry;
  readonly database: string;
  readonly accounts: Accounts;
  /** For example `19.0`. */
  readonly version: string;
  /** Milliseconds between a request's start (its snapshot) and its work. */
  readonly latencyMs: number;
}

/** Opens the database, makes its tables and what a fresh Odoo has in them. */
export function openState(options: {
  file: string;
  database: string;
  login: string;
  apiKey: string | undefined;
  version: string;
  latencyMs: number;
}): ServerState {
  const db = new Database(options.file);
  const registry: Registry = {
    db,
    models: allModels,
    xmlids: new XmlidCache(),
    major: Number.parseInt(options.version, 10),
  };
  const accounts = db.transaction(() => {
    createSchema(db, allModels, options.login);
    return ensureAccounts(db, options.login, options.apiKey);
  });
  const { database, version, latencyMs } = options;
  return { registry, database, version, latencyMs, accounts };
}

/** The account of a login, or of a key; undefined when there is none. */
export const accountOf = (state: ServerState, by: { login?: unknown; key?: unknown; uid?: unknown }) =>
  [state.accounts.administrator, state.accounts.clerk].find(
    ({ login, apiKey, uid }) =>
      (by.login === undefined || by.login === login) &&
      (by.key === undefined || by.key === apiKey) &&
      (by.uid === undefined || by.uid === uid),
  );

/**
 * Runs one call in one transaction on the snapshot of its start. Calls overlap: between start and work lies the
 * latency, so that concurrent creators of one external id do race.
 */
export async function inTransaction<T>(
  state: ServerState,
  uid: number,
  work: (env: Environment) => T,
): Promise<T> {
  const snapshot = state.registry.db.commits;
  await delay(state.latencyMs);
  const env = new Environment(state.registry, uid, {}, snapshot);
  const { db, xmlids } = state.registry;
  try {
    const result = db.transaction(() => work(env));
    for (const key of env.insertedXmlids) xmlids.committed(key, db.commits);
    return result;
  } catch (error) {
    throw asOdooError(error);
  }
}

/** What PostgreSQL refused, as Odoo reports it outside of `load`. */
function asOdooError(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  if (error.kind === 'serialization') {
    return new OdooError('psycopg2.errors.SerializationFailure', error.message, 500);
  }
  if (error.kind === 'datatype') return new OdooError('builtins.AssertionError', error.message, 500);
  return validationError(`The operation cannot be completed: ${error.message}`);
}
