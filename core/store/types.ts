/**
 * The durable state of a gateway: one interface, two drivers (SQLite in a worker thread, and PostgreSQL).
 *
 * The unit of work is a list of statements that commit together or not at all (`run`). There is no interactive
 * transaction on purpose: a round trip per statement would hold SQLite's single writer (and a PostgreSQL row lock)
 * across the event loop. What would need "read, decide, write" is written as one statement that decides in SQL
 * (`INSERT ... ON CONFLICT ... DO UPDATE ... WHERE ... RETURNING`), or with `expect`, which rolls the unit back.
 *
 * SQL is written once, in the dialect that both drivers understand:
 * - placeholders are `?`, in order; identifiers are unquoted lower case; table names start with `crossdock_`;
 * - types are TEXT and BIGINT (milliseconds since the epoch for times; decimals and JSON as TEXT) and `{blob}`;
 * - `{serial}` is the type of an ascending key, `{now}` is the store's own clock in ms, `{skip_locked}` ends a
 *   sub-select that leases rows (empty on SQLite, where there is one writer; FOR UPDATE SKIP LOCKED on PostgreSQL).
 *   It stands in `WITH x AS MATERIALIZED (...)`, never in an `IN (...)`: that PostgreSQL may join, and run again for each
 *   row of the table, each time locking the next one, so that a LIMIT of 1 leases all there are;
 * - `ON CONFLICT ... DO UPDATE`, `RETURNING`, partial indexes, `UPDATE ... WHERE x IN (SELECT ... LIMIT ?)` are fine.
 *
 * Times come from the store's clock (`{now}`), so that processes that share a store agree about leases.
 */
export type SqlValue = string | number | bigint | null | Uint8Array;

/** A row as read: BIGINT columns are numbers (all our integers stay below 2^53). */
export type Row = Readonly<Record<string, string | number | null | Uint8Array>>;

export interface Statement {
  readonly sql: string;
  readonly params?: readonly SqlValue[];
  /**
   * The number of rows that must have been changed or returned, else the whole unit is rolled back and `run`
   * rejects with `StatementExpectationError`. Used for fencing: an UPDATE that finds no row means a lost lease.
   */
  readonly expect?: number;
}

export interface StatementResult {
  /** Rows of a SELECT or of RETURNING. */
  readonly rows: readonly Row[];
  /** Rows changed, or returned by SELECT or RETURNING. */
  readonly changes: number;
  /** SQLite only, and cheaper there than RETURNING: the `{serial}` key of the row that an INSERT has added. */
  readonly inserted?: number;
}

/** A unit was rolled back since the statement at `index` touched another number of rows than it expected. */
export class StatementExpectationError extends Error {
  constructor(
    readonly index: number,
    readonly expected: number,
    readonly actual: number,
  ) {
    super(`statement ${index} touched ${actual} row(s), ${expected} expected`);
    this.name = 'StatementExpectationError';
  }
}

/** Versioned schema of one idea. Steps are only ever appended; each runs once, in its own unit. */
export interface Migration {
  /** The idea's name, for example `dead-letter`. */
  readonly idea: string;
  /** Step n (from 1) brings the schema from version n-1 to n; each is a list of statements' SQL. */
  readonly steps: readonly (readonly string[])[];
}

/** Something about the store that a person should see to, though it works. */
export interface StoreWarning {
  /** Stable, for example STORE_DISK_LOW. */
  readonly code: string;
  /** A sentence with what to do. */
  readonly message: string;
}

export interface StoreHealth {
  readonly state: 'open' | 'failing' | 'closed';
  /** What stores, with its version, for example `SQLite 3.53.4` or `PostgreSQL 15.8`. */
  readonly engine: string;
  readonly warnings: readonly StoreWarning[];
  /** Bytes on disk: file and write-ahead log together, or all tables and indexes of the schema. */
  readonly bytes: number;
  /** Store clock, ms, of the last commit; undefined before the first. */
  readonly lastCommitAt: number | undefined;
  /** Units that wait for their commit now. */
  readonly queued: number;
  /** Why the store is failing, in a sentence. */
  readonly problem: string | undefined;
}

export interface StoreOptions {
  /** Units that may wait at once before `run` rejects with STORE_OVERLOADED (transient). Default 10,000. */
  readonly maxQueued?: number;
}

export interface Store {
  readonly dialect: 'sqlite' | 'postgres';
  /** True when only this process can have the store open: leases of an earlier process are void at once. */
  readonly exclusive: boolean;
  /** Names this opening of the store; the owner written into leases. */
  readonly instanceId: string;
  /**
   * Runs the statements as one durable unit, in order. Resolves after the commit is on disk (fsync), never before.
   * Units of one caller commit in the order of their calls. Rejects with
   * - `StatementExpectationError` (rolled back, see `expect`),
   * - `CrossdockError` STORE_FULL | STORE_IO | STORE_BUSY | STORE_OVERLOADED (transient: nothing was committed),
   *   STORE_CLOSED (transient), STORE_SQL (permanent: a constraint or a programming error).
   */
  run(statements: readonly Statement[]): Promise<readonly StatementResult[]>;
  /** Brings the schema of one idea up to date; safe to call often and from several processes. */
  migrate(migration: Migration): Promise<void>;
  health(): Promise<StoreHealth>;
  /** Waits for what was queued, then closes. Safe to call twice. */
  close(): Promise<void>;
}
