/**
 * One connection to PostgreSQL, made ready for a store: schema, durability, time limits. Statements go out one behind
 * the other without waiting for answers (pipelined), and a connection that answers no more is cut by us: TCP alone
 * would leave a half-open one hanging for minutes.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, QueryResult } from 'pg';
import { CrossdockError } from '../../errors';
import type { StoreWarning } from '../types';
import type { Endpoint } from './config';
import { type Command, parserOf, translate } from './dialect';

/** Time limits in ms. */
export interface Limits {
  /** Connecting and signing in. */
  readonly connectMs: number;
  /** Silence of the server after which the connection is cut; statements are cancelled a little earlier. */
  readonly answerMs: number;
}

/** The answer to one command. */
export type Answer = { readonly result: QueryResult } | { readonly error: Error };

/** A session's process at the server. */
export interface Backend {
  readonly pid: number;
  /** Pids come again; and a connection pooler gives a backend to somebody else, under another name. */
  readonly name: string;
}

/** What the server says about itself. */
export interface ServerFacts {
  readonly version: string;
  /** Its process that serves us. */
  readonly pid: number;
  /** Server clock minus ours, ms. */
  readonly clockOffset: number;
  readonly warnings: readonly StoreWarning[];
}

const FACTS = `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync,
  current_setting('synchronous_commit') AS synchronous_commit, pg_backend_pid() AS pid, {now} AS now,
  (SELECT count(*) FROM pg_namespace WHERE nspname = current_schema()) AS schema_there`;

const ENDED = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE pid = $1 AND application_name = $2 AND datname = current_database() AND pid <> pg_backend_pid()`;
/** An end that is asked for comes at once, or after the commit that is under way. */
const ENDING_MS = 2000;
const ENDING_LOOK_MS = 20;

/** @throws CrossdockError STORE_NEEDS_PG (permanent) when the optional package is not installed. */
function loadClient(): typeof Client {
  try {
    return (require('pg') as typeof import('pg')).Client;
  } catch (cause) {
    throw new CrossdockError(
      'The PostgreSQL store needs the package pg, which is not installed: run "npm install pg" in the user directory of Node-RED.',
      { code: 'STORE_NEEDS_PG', kind: 'permanent', cause },
    );
  }
}

export class Session {
  /** Why the connection is gone. */
  #gone: Error | undefined;
  readonly #lost: Promise<Error>;
  facts: ServerFacts = { version: '', pid: 0, clockOffset: 0, warnings: [] };

  private constructor(
    private readonly client: Client,
    private readonly name: string,
    private readonly limits: Limits,
  ) {
    this.#lost = new Promise((resolve) => {
      const end = (error: Error): void => {
        this.#gone ??= error;
        resolve(this.#gone);
      };
      // An 'error' without a listener would end the process.
      client.on('error', end);
      client.on('end', () => end(new Error('the connection has ended')));
    });
  }

  /**
   * Connects and makes the session ready. Rejects with the driver's or the server's error.
   * @param before the session that was lost: it is ended at the server first, so that what it was sent and is still on
   *   its way does not commit later, behind the back of who was told that it is unknown
   */
  static async open(endpoint: Endpoint, limits: Limits, before?: Backend): Promise<Session> {
    const PgClient = loadClient();
    const { host, port, database, user, password, ssl, channelBinding } = endpoint;
    const name = `crossdock ${randomBytes(6).toString('hex')}`;
    const client = new PgClient({
      host,
      port,
      database,
      user,
      password,
      ssl,
      enableChannelBinding: channelBinding,
      application_name: name,
      connectionTimeoutMillis: limits.connectMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      pipeline: true,
      types: { getTypeParser: (oid: number) => parserOf(oid) },
    });
    const session = new Session(client, name, limits);
    try {
      await client.connect();
      await session.#prepare(endpoint);
      if (before !== undefined) await session.#endEarlier(before);
    } catch (error) {
      session.cut(error as Error);
      throw error;
    }
    return session;
  }

  get backend(): Backend {
    return { pid: this.facts.pid, name: this.name };
  }

  get alive(): boolean {
    return this.#gone === undefined;
  }

  /** Resolves with the reason when the connection is gone. */
  get lost(): Promise<Error> {
    return this.#lost;
  }

  /**
   * Sends the commands in order, without waiting in between; resolves with one answer each, also when the connection
   * ends (the rest are errors then). Never rejects.
   * @param silenceMs how long the server may say nothing
   */
  exchange(commands: readonly Command[], silenceMs = this.limits.answerMs): Promise<readonly Answer[]> {
    const answers = new Array<Answer>(commands.length);
    let open = commands.length;
    const stream = this.client.connection.stream as Socket;
    return new Promise((resolve) => {
      let read = stream.bytesRead;
      const guard = setTimeout(() => {
        // When our own event loop was busy, the answer may lie there unread: look once more after reading.
        setImmediate(() => {
          if (open === 0) return;
          if (stream.bytesRead === read) this.cut(new Error('it does not answer any more'));
          read = stream.bytesRead;
          guard.refresh();
        });
      }, silenceMs);
      const answer = (index: number, given: Answer): void => {
        // pg answers twice for a value that it cannot write: with the error, then as if it had been done.
        if (answers[index] !== undefined) return;
        answers[index] = given;
        open -= 1;
        read = stream.bytesRead;
        guard.refresh();
        if (open > 0) return;
        clearTimeout(guard);
        resolve(answers);
      };
      // One write for the whole group instead of one per statement.
      stream.cork();
      for (const [index, { text, name, values }] of commands.entries()) {
        const query = {
          text,
          ...(name === undefined ? {} : { name }),
          ...(values === undefined ? {} : { values: values as unknown[] }),
        };
        void this.client.query(query, (error: Error | null, result: QueryResult) =>
          answer(index, error ? { error } : { result }),
        );
      }
      stream.uncork();
    });
  }

  /** Ends the connection at once: what waits for an answer gets this error. */
  cut(reason: Error): void {
    this.#gone ??= reason;
    (this.client.connection.stream as Socket).destroy(reason);
  }

  /** Says goodbye; a server that does not react is left. */
  async end(): Promise<void> {
    const timer = setTimeout(() => this.cut(new Error('closed')), 2000);
    await this.client.end().catch(() => undefined);
    clearTimeout(timer);
  }

  async #ask(text: string): Promise<QueryResult> {
    const [answer] = await this.exchange([{ text }]);
    if (answer === undefined || 'error' in answer) throw answer?.error ?? new Error('no answer');
    const { result } = answer;
    // A text of several statements gives a list of results.
    return Array.isArray(result) ? (result.at(-1) as QueryResult) : result;
  }

  /** Also resolves when it may not, or does not end soon: then there are the fences. */
  async #endEarlier({ pid, name }: Backend): Promise<void> {
    const until = performance.now() + ENDING_MS;
    while (performance.now() < until) {
      const [answer] = await this.exchange([{ text: ENDED, values: [pid, name] }]);
      if (answer === undefined || 'error' in answer || answer.result.rows.length === 0) return;
      await sleep(ENDING_LOOK_MS);
    }
  }

  async #prepare({ schema, ssl, label }: Endpoint): Promise<void> {
    await this.#ask(`SET search_path TO "${schema}"; SET client_encoding TO 'UTF8'; SET timezone TO 'UTC';
      SET default_transaction_isolation TO 'read committed'; SET lock_timeout TO 1000; SET statement_timeout TO 0;
      SET idle_in_transaction_session_timeout TO ${this.limits.answerMs}`);
    const { rows } = await this.#ask(translate(FACTS));
    const facts = rows[0] as {
      version: string;
      pid: number;
      fsync: string;
      synchronous_commit: string;
      now: number;
      schema_there: number;
    };
    // Acknowledged must mean on disk here, whatever the server's or the role's default is; more than that may stay.
    if (!['on', 'remote_apply'].includes(facts.synchronous_commit))
      await this.#ask('SET synchronous_commit TO on');
    // "IF NOT EXISTS" alone fails when two processes come at the same time, so one after the other.
    if (facts.schema_there === 0) {
      await this.#ask(`BEGIN; SELECT pg_advisory_xact_lock(${MIGRATION_LOCK});
        CREATE SCHEMA IF NOT EXISTS "${schema}"; COMMIT`);
    }
    const warnings: StoreWarning[] = [];
    if (facts.fsync !== 'on') {
      warnings.push({
        code: 'STORE_FSYNC_OFF',
        message: `PostgreSQL at ${label} runs with fsync off: a power cut loses what was acknowledged.`,
      });
    }
    if (ssl !== false && ssl.rejectUnauthorized === false) {
      warnings.push({
        code: 'STORE_TLS_UNVERIFIED',
        message:
          'The certificate of PostgreSQL is not checked: somebody in between could read and change all.',
      });
    }
    this.facts = {
      version: facts.version.split(' ')[0] ?? facts.version,
      pid: facts.pid,
      clockOffset: facts.now - Date.now(),
      warnings,
    };
  }
}

/** The advisory lock under which schemas change, one process after the other: "xdock" in ASCII. */
export const MIGRATION_LOCK = 0x78646f636b;
