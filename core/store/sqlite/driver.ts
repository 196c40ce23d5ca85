import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CrossdockError } from '../../errors';
import { placeOf, refuseNetworkShare, sqliteWarnings } from '../checks';
import { applyMigrations } from '../migrations';
import type { Migration, Statement, StatementResult, Store, StoreHealth, StoreOptions } from '../types';
import { StatementExpectationError } from '../types';
import type {
  Failure,
  FromWorker,
  Reply,
  Request,
  ToWorker,
  WireResult,
  WireStatement,
  WorkerHealth,
} from './protocol';

const DEFAULT_MAX_QUEUED = 10_000;

/** What the `{...}` words of portable SQL mean on SQLite. */
const WORDS: Readonly<Record<string, string>> = {
  '{blob}': 'BLOB',
  '{serial}': 'INTEGER PRIMARY KEY AUTOINCREMENT',
  '{now}': "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
  '{skip_locked}': '',
};
/** Distinct texts that are given to the worker once. We have some dozens. */
const MAX_TEXTS = 1000;
const NO_ROWS: StatementResult['rows'] = [];

/** Portable SQL to SQLite's, but for quoted text. */
function translate(sql: string): string {
  return sql.replace(/'(?:[^']|'')*'|\{[a-z_]+\}/g, (word) => WORDS[word] ?? word);
}

function isList(value: Value): value is readonly WireResult[] {
  return Array.isArray(value);
}

function resultOf([changes, inserted, rows = NO_ROWS]: WireResult): StatementResult {
  return inserted === undefined ? { rows, changes } : { rows, changes, inserted };
}

/** SQLite's primary result codes (sqlite.org/rescode.html) as errors with a sentence; nothing was committed. */
function errorOf(failure: Failure, file: string): Error {
  if (failure.type === 'expect') {
    return new StatementExpectationError(failure.index, failure.expected, failure.actual);
  }
  const facts = { sqlite: failure.errcode };
  switch (failure.errcode) {
    case 13:
      return new CrossdockError(
        `The disk that holds the store ${file} is full: nothing is accepted until there is room again.`,
        { code: 'STORE_FULL', kind: 'transient', facts, retryAfterMs: 5000 },
      );
    case 5:
    case 6:
      return new CrossdockError(
        `The store ${file} is in use by another process. Each gateway needs a store file of its own.`,
        { code: 'STORE_BUSY', kind: 'transient', facts, retryAfterMs: 5000 },
      );
    case 7:
    case 8:
    case 10:
    case 14:
      return new CrossdockError(`The store ${file} cannot be written: ${failure.message}.`, {
        code: 'STORE_IO',
        kind: 'transient',
        facts,
        retryAfterMs: 5000,
      });
    default:
      return new CrossdockError(`The store refused a statement: ${failure.message}.`, {
        code: 'STORE_SQL',
        kind: 'permanent',
        facts,
      });
  }
}

type Value = Exclude<Reply[1], undefined>;
type Answer = readonly StatementResult[] | WorkerHealth | null;

interface Waiting {
  resolve(value: Answer): void;
  reject(error: Error): void;
}

/** The SQLite driver's main-thread half: sends units to the worker, never blocks the event loop. */
class SqliteStore implements Store {
  readonly dialect = 'sqlite';
  readonly exclusive = true;
  readonly instanceId = randomUUID();
  readonly #waiting = new Map<number, Waiting>();
  readonly #maxQueued: number;
  /** By portable SQL. */
  readonly #numbers = new Map<string, number>();
  #newTexts: (readonly [number: number, sql: string])[] = [];
  /** Asked in this turn of the event loop, not posted yet. */
  #unsent: Request[] = [];
  #nextId = 1;
  #closing: Promise<void> | undefined;

  constructor(
    private readonly worker: Worker,
    private readonly file: string,
    options: StoreOptions,
  ) {
    this.#maxQueued = options.maxQueued ?? DEFAULT_MAX_QUEUED;
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'replies') for (const reply of message.replies) this.#answer(reply);
    });
    worker.on('error', (error) => this.#fail(`The store's thread failed: ${error.message}.`));
    worker.on('exit', () => this.#fail(`The store ${file} is closed.`));
  }

  run(statements: readonly Statement[]): Promise<readonly StatementResult[]> {
    if (this.#closing !== undefined) return Promise.reject(closedError(this.file));
    if (this.#waiting.size >= this.#maxQueued) {
      return Promise.reject(
        new CrossdockError(`The store is busy: ${this.#maxQueued} operations wait for the disk already.`, {
          code: 'STORE_OVERLOADED',
          kind: 'transient',
          retryAfterMs: 1000,
        }),
      );
    }
    const wire = statements.map(({ sql, params = [], expect }): WireStatement => {
      const named = this.#name(sql);
      return expect === undefined ? [named, params] : [named, params, expect];
    });
    return this.#ask((id) => [id, wire]) as Promise<readonly StatementResult[]>;
  }

  /** The number of a text; the first time, the worker is told. Texts beyond the limit go as they are. */
  #name(sql: string): number | string {
    const known = this.#numbers.get(sql);
    if (known !== undefined) return known;
    const text = translate(sql);
    const number = this.#numbers.size;
    if (number >= MAX_TEXTS) return text;
    this.#numbers.set(sql, number);
    this.#newTexts.push([number, text]);
    return number;
  }

  migrate(migration: Migration): Promise<void> {
    return applyMigrations(this, migration);
  }

  async health(): Promise<StoreHealth> {
    const version = process.versions['sqlite'] ?? 'unknown';
    const engine = `SQLite ${version}`;
    if (this.#closing !== undefined) {
      return {
        state: 'closed',
        engine,
        warnings: [],
        bytes: 0,
        lastCommitAt: undefined,
        queued: 0,
        problem: undefined,
      };
    }
    const queued = this.#waiting.size;
    const seen = (await this.#ask((id) => ({ id, type: 'health' }))) as WorkerHealth;
    const warnings = sqliteWarnings(await placeOf(dirname(this.file)), version);
    const problem = seen.refuses === undefined ? undefined : errorOf(seen.refuses, this.file).message;
    return {
      state: problem === undefined ? 'open' : 'failing',
      engine,
      warnings,
      bytes: seen.bytes,
      lastCommitAt: seen.lastCommitAt,
      queued,
      problem,
    };
  }

  /**
   * Writes a consistent copy to `file`, which must not exist. Where Node.js can (22.16, 23.8 and newer), it is written
   * in steps and units go on committing; else they wait until the copy is done.
   */
  async backup(file: string): Promise<void> {
    if (this.#closing !== undefined) throw closedError(this.file);
    await this.#ask((id) => ({ id, type: 'backup', file }));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // The worker serves its port in order, so everything queued before is committed first.
    const exited = new Promise<void>((resolve) => this.worker.once('exit', () => resolve()));
    try {
      await this.#ask((id) => ({ id, type: 'close' }));
    } catch {
      await this.worker.terminate();
    }
    await exited;
  }

  #ask(request: (id: number) => Request): Promise<Answer> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      if (this.#unsent.length === 0) setImmediate(() => this.#send());
      this.#unsent.push(request(id));
    });
  }

  /** Once per turn of the event loop; a message per unit would cost more than the unit. */
  #send(): void {
    const requests = this.#unsent;
    const texts = this.#newTexts;
    this.#unsent = [];
    this.#newTexts = [];
    try {
      this.worker.postMessage({ texts, requests } satisfies ToWorker);
    } catch {
      this.worker.postMessage({ texts, requests: [] } satisfies ToWorker);
      // One of them holds what cannot be cloned; only that one may fail, and nothing may throw out of a timer.
      for (const request of requests) this.#sendOne(request);
    }
  }

  #sendOne(request: Request): void {
    try {
      this.worker.postMessage({ texts: [], requests: [request] } satisfies ToWorker);
    } catch (error) {
      const failure: Failure = { type: 'sqlite', errcode: 20, message: (error as Error).message };
      this.#answer([idOf(request), undefined, failure]);
    }
  }

  #answer([id, value, failure]: Reply): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    if (value !== undefined) waiting.resolve(isList(value) ? value.map(resultOf) : value);
    else waiting.reject(errorOf(failure, this.file));
  }

  #fail(problem: string): void {
    this.#closing ??= Promise.resolve();
    const error = new CrossdockError(problem, {
      code: 'STORE_CLOSED',
      kind: 'transient',
      retryAfterMs: 1000,
    });
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

function idOf(request: Request): number {
  return 'id' in request ? request.id : request[0];
}

function closedError(file: string): CrossdockError {
  return new CrossdockError(`The store ${file} is closed.`, {
    code: 'STORE_CLOSED',
    kind: 'transient',
    retryAfterMs: 1000,
  });
}

/** The SQLite-only extra: a consistent copy while running. */
export type SqliteStoreHandle = Store & { backup(file: string): Promise<void> };

/**
 * Opens (and creates) the store file; its folder is made when missing.
 * @throws CrossdockError STORE_NEEDS_NODE (this Node.js has no node:sqlite), STORE_NETWORK_SHARE,
 *   STORE_BUSY (another process has it), STORE_IO (folder not writable), STORE_SQL (not a store file).
 */
export async function openSqliteStore(file: string, options: StoreOptions = {}): Promise<SqliteStoreHandle> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 13)) {
    throw new CrossdockError(
      `Crossdock's store needs Node.js 22.13 or newer (this is ${process.versions.node}); Node.js 24 is advised.`,
      { code: 'STORE_NEEDS_NODE', kind: 'permanent' },
    );
  }
  try {
    mkdirSync(dirname(file), { recursive: true });
  } catch (error) {
    throw new CrossdockError(`The folder of the store ${file} cannot be made.`, {
      code: 'STORE_IO',
      kind: 'transient',
      cause: error,
    });
  }
  refuseNetworkShare(file, await placeOf(dirname(file)));
  const worker = new Worker(join(__dirname, 'worker.js'), {
    workerData: { file },
    // node:sqlite prints an ExperimentalWarning up to 24.14; it would be noise in every gateway's log.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (message: FromWorker) => {
      worker.off('error', reject);
      if (message.type === 'failed') reject(errorOf(message.failure, file));
      else resolve();
    });
  });
  return new SqliteStore(worker, file, options);
}
