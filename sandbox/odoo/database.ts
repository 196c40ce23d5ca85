import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { valueError } from './errors';

/** One row as SQLite returns it. */
export type Row = Record<string, SQLInputValue>;
export type Value = SQLInputValue;

/** PostgreSQL's driver refuses the one character that SQLite would take. */
function withoutNul(params: readonly Value[]): readonly Value[] {
  if (params.some((param) => typeof param === 'string' && param.includes('\0'))) {
    throw valueError('A string literal cannot contain NUL (0x00) characters.');
  }
  return params;
}

/**
 * The stand-in's tables in one SQLite database, and what SQLite does not have and Odoo's PostgreSQL does: sequences
 * that do not roll back, and snapshots.
 *
 * Requests overlap in time but run one after the other. `commits` counts commits: a request remembers the count when
 * it starts, and treats external ids committed after it as invisible, as a REPEATABLE READ transaction would.
 */
export class Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #sequences = new Map<string, number>();
  readonly #dirty = new Set<string>();
  #savepoints = 0;
  #commits = 0;

  /** @param file path of the database, or `:memory:` */
  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    // The sandbox is to survive a kill of its process, not of the machine: WAL with NORMAL is enough for that.
    this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    this.#db.exec(
      'CREATE TABLE IF NOT EXISTS sandbox_sequence (name TEXT PRIMARY KEY, value INTEGER NOT NULL)',
    );
    for (const row of this.all('SELECT name, value FROM sandbox_sequence')) {
      this.#sequences.set(String(row.name), Number(row.value));
    }
    const like = (text: unknown, pattern: unknown, fold: boolean): number => {
      if (typeof text !== 'string' || typeof pattern !== 'string') return 0;
      const source = [...pattern]
        .map((c) => (c === '%' ? '[^]*' : c === '_' ? '[^]' : c.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
        .join('');
      return new RegExp(`^${source}$`, fold ? 'iu' : 'u').test(text) ? 1 : 0;
    };
    // SQLite's own LIKE folds only ASCII letters, PostgreSQL's ILIKE folds all.
    this.#db.function('pg_ilike', { deterministic: true }, (text, pattern) => like(text, pattern, true));
    this.#db.function('pg_like', { deterministic: true }, (text, pattern) => like(text, pattern, false));
  }

  /** Number of commits so far; a request's snapshot. */
  get commits(): number {
    return this.#commits;
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  all(sql: string, ...params: Value[]): Row[] {
    return this.#prepare(sql).all(...withoutNul(params)) as Row[];
  }

  get(sql: string, ...params: Value[]): Row | undefined {
    return this.#prepare(sql).get(...withoutNul(params)) as Row | undefined;
  }

  run(sql: string, ...params: Value[]): void {
    this.#prepare(sql).run(...withoutNul(params));
  }

  /** The next number of a sequence. Never given twice, not even after a rollback. */
  next(sequence: string): number {
    const value = (this.#sequences.get(sequence) ?? 0) + 1;
    this.#sequences.set(sequence, value);
    this.#dirty.add(sequence);
    return value;
  }

  /** Moves a sequence forward to at least `value` (records that were inserted with their own id). */
  advance(sequence: string, value: number): void {
    if (value <= (this.#sequences.get(sequence) ?? 0)) return;
    this.#sequences.set(sequence, value);
    this.#dirty.add(sequence);
  }

  /** Runs `work` in a transaction: commits its result, rolls back when it throws. */
  transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      for (const name of this.#dirty) {
        this.run(
          'INSERT INTO sandbox_sequence (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
          name,
          this.#sequences.get(name) ?? 0,
        );
      }
      this.#db.exec('COMMIT');
      this.#dirty.clear();
      this.#commits += 1;
      return result;
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** Runs `work` in a savepoint: what it did is undone when it throws, or when it returns `{ undo: true }`. */
  savepoint<T>(work: () => { value: T; undo: boolean }): T {
    this.#savepoints += 1;
    const name = `sp${this.#savepoints}`;
    this.#db.exec(`SAVEPOINT ${name}`);
    try {
      const { value, undo } = work();
      if (undo) this.#db.exec(`ROLLBACK TO ${name}`);
      this.#db.exec(`RELEASE ${name}`);
      return value;
    } catch (error) {
      this.#db.exec(`ROLLBACK TO ${name}`);
      this.#db.exec(`RELEASE ${name}`);
      throw error;
    } finally {
      this.#savepoints -= 1;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
      // Domains of different lengths make ever new statements; forget the oldest.
      if (this.#statements.size > 500) {
        const oldest = this.#statements.keys().next().value;
        if (oldest !== undefined) this.#statements.delete(oldest);
      }
    }
    return statement;
  }
}
