import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Database } from './database';
import { Environment, type Registry, XmlidCache } from './environment';
import { DatabaseError, OdooError, validationError } from './errors';
import { num, str } from './model';
import { allModels } from './models';
import { createSchema } from './schema';

/** What the transports need to know about the server they serve. */
export interface ServerState {
  readonly registry: Registry;
  readonly database: string;
  readonly login: string;
  readonly apiKey: string;
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
  const apiKey = db.transaction(() => {
    createSchema(db, allModels, options.login);
    return keepKey(db, options.apiKey);
  });
  return { registry, ...options, apiKey };
}

/** The API key: the given one, or the one that the database was made with, so that a restart keeps it. */
function keepKey(db: Database, given: string | undefined): string {
  db.exec('CREATE TABLE IF NOT EXISTS sandbox_key (id INTEGER PRIMARY KEY, value TEXT NOT NULL)');
  const kept = db.get('SELECT value FROM sandbox_key WHERE id = 1');
  const key = given ?? (kept === undefined ? randomBytes(20).toString('hex') : str(kept.value));
  db.run(
    'INSERT INTO sandbox_key (id, value) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value',
    key,
  );
  return key;
}

/** The id of the user that may call, or undefined when the login is unknown. */
export function userId(state: ServerState, login: string): number | undefined {
  const row = state.registry.db.get('SELECT id FROM res_users WHERE login = ?', login);
  return row === undefined ? undefined : num(row.id);
}

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
