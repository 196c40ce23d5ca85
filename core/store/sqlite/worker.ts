/**
 * The thread that owns the SQLite file: one connection, WAL, synchronous=FULL, group commit.
 *
 * While one group commits (the fsync is the cost), further units queue up in this thread's message port; the next
 * group takes all of them into one transaction with one fsync. A unit that fails is rolled back to its savepoint and
 * does not disturb its neighbours. Nothing is answered before the COMMIT that holds it has returned.
 *
 * A unit that the file has no room for shuts the store: nothing is written any more, whether it would fit or not, until
 * a probe has shown that there is room again. Units that only read go on.
 */
import { rmSync, statSync, writeFileSync } from 'node:fs';
import * as sqlite from 'node:sqlite';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { StatementResult } from '../types';
import type {
  Failure,
  FromWorker,
  Reply,
  Request,
  ToWorker,
  WireResult,
  WireStatement,
  WireUnit,
} from './protocol';
import { diskHasRoom, probe, undo } from './room';

type OtherRequest = Exclude<Request, WireUnit>;

/** Units in one commit: measured to be flat beyond 256; a bound keeps the latency of the first one small. */
const MAX_GROUP = 512;
/** Pages per step of a copy (4 KB each): a step holds the connection for a millisecond or two. */
const COPY_PAGES = 256;
/** Prepared statements kept; our code has a few dozen distinct texts. */
const MAX_PREPARED = 500;
/** SQLite result codes after which SQLite itself has rolled the whole transaction back (sqlite.org/lang_transaction). */
const ROLLS_BACK_ALL = new Set([7, 9, 10, 13]); // NOMEM, INTERRUPT, IOERR, FULL
const READONLY = 8;
/** SQLite result codes that say that the file cannot be written, by whatever unit. */
const SHUTS = new Set([READONLY, 10, 13, 14]); // IOERR, FULL, CANTOPEN
/** From a refused unit or probe to the next probe, in ms. */
const PROBE_EVERY = 1000;

const port = parentPort;
if (port === null) throw new Error('the store worker runs in a worker thread only');
const file = String((workerData as { file: string }).file);

let db: sqlite.DatabaseSync;
let lastCommitAt: number | undefined;
/** Why nothing is written now, and when that is looked at again (performance.now()). */
let shut: { readonly failure: Failure; readonly until: number } | undefined;
let nextLook: NodeJS.Timeout | undefined;
/** SQL by the numbers that the driver has given. */
const texts = new Map<number, string>();
const prepared = new Map<number | string, { statement: sqlite.StatementSync; reads: boolean }>();

class ExpectationFailed extends Error {
  constructor(readonly failure: Failure) {
    super('expectation failed');
  }
}

function post(message: FromWorker): void {
  port?.postMessage(message);
}

function open(): void {
  db = new sqlite.DatabaseSync(file);
  // Exclusive: a second process gets SQLITE_BUSY at once instead of two owners of one set of leases; and with the
  // WAL index in memory the WAL-reset bug of SQLite < 3.51.3 (two connections) cannot happen.
  db.exec('PRAGMA busy_timeout = 2000');
  db.exec('PRAGMA locking_mode = EXCLUSIVE');
  db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA synchronous = FULL');
  db.exec('PRAGMA foreign_keys = ON');
  db.exec('PRAGMA journal_size_limit = 16777216');
  db.exec('BEGIN IMMEDIATE');
  db.exec('COMMIT');
}

function prepare(named: number | string): { statement: sqlite.StatementSync; reads: boolean } {
  const known = prepared.get(named);
  if (known !== undefined) return known;
  if (prepared.size >= MAX_PREPARED) prepared.clear();
  const sql = typeof named === 'number' ? (texts.get(named) ?? '') : named;
  const statement = db.prepare(sql);
  const entry = { statement, reads: givesRows(sql) };
  prepared.set(named, entry);
  return entry;
}

function givesRows(sql: string): boolean {
  if (/^\s*(select|pragma|explain)\b|\breturning\b/i.test(sql)) return true;
  // What picks rows in front of a change gives none itself.
  return /^\s*with\b/i.test(sql) && !/\)\s*(insert|update|delete)\b/i.test(sql);
}

function execute([sql, params, expected]: WireStatement, index: number): WireResult {
  const { statement, reads } = prepare(sql);
  let result: WireResult;
  if (reads) {
    const rows = statement.all(...params) as StatementResult['rows'];
    result = [rows.length, undefined, rows];
  } else {
    const { changes, lastInsertRowid } = statement.run(...params);
    result = [Number(changes), Number(lastInsertRowid)];
  }
  const [actual] = result;
  if (expected !== undefined && actual !== expected) {
    throw new ExpectationFailed({ type: 'expect', index, expected, actual });
  }
  return result;
}

function failureOf(error: unknown): Failure {
  if (error instanceof ExpectationFailed) return error.failure;
  const { errcode, message } = error as { errcode?: number; message?: string };
  return { type: 'sqlite', errcode: (errcode ?? 1) & 0xff, message: message ?? String(error) };
}

/** In a store that is shut, READONLY is what a unit gets that is not only reading. */
function endsGroup(errcode: number): boolean {
  return ROLLS_BACK_ALL.has(errcode) || (SHUTS.has(errcode) && !(shut !== undefined && errcode === READONLY));
}

/** Runs one unit inside the open transaction; a failed one leaves no trace. */
function runUnit([id, statements]: WireUnit): Reply {
  // A single statement is atomic by itself; only longer units pay for a savepoint. An expectation is checked after
  // the statement has run, so it needs the savepoint too.
  const [only] = statements;
  const plain = statements.length === 1 && only?.[2] === undefined;
  if (!plain) db.exec('SAVEPOINT unit');
  try {
    const value = statements.map(execute);
    if (!plain) db.exec('RELEASE unit');
    return [id, value];
  } catch (error) {
    const failure = failureOf(error);
    if (failure.type === 'sqlite' && endsGroup(failure.errcode)) throw error;
    if (!plain) {
      db.exec('ROLLBACK TO unit');
      db.exec('RELEASE unit');
    }
    return [id, undefined, failure];
  }
}

function commitGroup(group: readonly WireUnit[]): readonly Reply[] {
  try {
    db.exec('BEGIN IMMEDIATE');
    const replies = group.map(runUnit);
    db.exec('COMMIT');
    lastCommitAt = Date.now();
    return replies;
  } catch (error) {
    // Disk full or an I/O error: nothing of this group is durable, so nothing of it is acknowledged.
    const failure = failureOf(error);
    undo(db);
    if (failure.type === 'sqlite' && SHUTS.has(failure.errcode)) shutFor(failure);
    return group.map(([id]) => [id, undefined, failure]);
  }
}

function shutFor(failure: Failure): void {
  shut = { failure, until: performance.now() + PROBE_EVERY };
  // Opens again with nobody asking too, so that the health tells the truth.
  clearTimeout(nextLook);
  nextLook = setTimeout(serve, PROBE_EVERY + 1);
}

/** Opens a shut store, when it is time to look and there is room. */
function reopen(): void {
  if (shut === undefined || performance.now() < shut.until) return;
  let { failure } = shut;
  try {
    if (diskHasRoom(file)) {
      probe(db);
      shut = undefined;
      return;
    }
  } catch (error) {
    failure = failureOf(error);
  }
  shutFor(failure);
}

/** Units of a shut store: those that only read get their rows, the others the reason. */
function readGroup(group: readonly WireUnit[], reason: Failure): readonly Reply[] {
  try {
    db.exec('PRAGMA query_only = 1');
    db.exec('BEGIN');
    const replies = group.map(runUnit);
    db.exec('COMMIT');
    return replies.map((reply) => (refusedToWrite(reply) ? [reply[0], undefined, reason] : reply));
  } catch (error) {
    const failure = failureOf(error);
    undo(db);
    return group.map(([id]) => [id, undefined, failure]);
  } finally {
    db.exec('PRAGMA query_only = 0');
  }
}

function refusedToWrite([, , failure]: Reply): boolean {
  return failure?.type === 'sqlite' && failure.errcode === READONLY;
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

/** Copies that are being written now, one after the other. */
let copying: Promise<void> | undefined;

/** Writes a consistent copy; in steps on a thread of its own where this Node.js can, so that commits go on. */
async function copyTo(target: string): Promise<void> {
  // Made first: it must not exist, and it holds what only the gateway's user may read.
  writeFileSync(target, '', { flag: 'wx', mode: 0o600 });
  try {
    if (typeof sqlite.backup === 'function') await copyInSteps(target);
    else db.prepare('VACUUM INTO ?').run(target);
  } catch (error) {
    rmSync(target, { force: true });
    throw error;
  }
}

/**
 * The first step must not meet a transaction: Node.js (24.21) takes its "busy" for the end of the copy. Later steps may.
 */
async function copyInSteps(target: string): Promise<void> {
  const goOn = (): void => {
    if (!holding) return;
    holding = false;
    serve();
  };
  holding = true;
  try {
    await sqlite.backup(db, target, { rate: COPY_PAGES, progress: goOn });
  } finally {
    goOn();
  }
}

function startCopy({ id, file: target }: Extract<OtherRequest, { type: 'backup' }>): void {
  const copy = (copying ?? Promise.resolve())
    .then(() => copyTo(target))
    .then(
      () => answer([id, null]),
      (error: unknown) => answer([id, undefined, failureOf(error)]),
    )
    .finally(() => {
      if (copying === copy) copying = undefined;
    });
  copying = copy;
}

function answer(reply: Reply): void {
  post({ type: 'replies', replies: [reply] });
}

function answerOther(request: OtherRequest): void {
  const { id } = request;
  try {
    if (request.type === 'backup') {
      startCopy(request);
      return;
    }
    if (request.type === 'close') {
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
      clearTimeout(nextLook);
      answer([id, null]);
      port?.close();
      return;
    }
    const bytes = sizeOf(file) + sizeOf(`${file}-wal`);
    answer([id, { bytes, lastCommitAt, refuses: shut?.failure }]);
  } catch (error) {
    answer([id, undefined, failureOf(error)]);
  }
}

/** Requests that have arrived and are not answered; the oldest first. */
const queue: Request[] = [];
/** The next group is scheduled for the event loop's next turn. */
let turn = false;
/** Nothing may begin now. */
let holding = false;

/** Serves what has queued up: runs of units as commit groups, everything else in its place between them. */
function serve(): void {
  turn = false;
  if (holding) return;
  for (;;) {
    reopen();
    gather();
    const [next] = queue;
    if (next === undefined) return;
    if (isUnit(next)) {
      const end = queue.findIndex((request) => !isUnit(request));
      const group = queue.splice(0, Math.min(MAX_GROUP, end === -1 ? queue.length : end)) as WireUnit[];
      post({
        type: 'replies',
        replies: shut === undefined ? commitGroup(group) : readGroup(group, shut.failure),
      });
    } else if (next.type === 'close' && copying !== undefined) {
      void copying.then(serve);
      return;
    } else {
      queue.shift();
      answerOther(next);
      if (next.type === 'close') return;
    }
    if (copying !== undefined) {
      // The copy's steps are told to this thread's event loop, so it must get its turns between two commits.
      turn = true;
      setImmediate(serve);
      return;
    }
  }
}

function isUnit(request: Request): request is WireUnit {
  return Array.isArray(request);
}

/** Takes what waits in the port, as far as the next group needs it. */
function gather(): void {
  while (queue.length < MAX_GROUP && port !== null) {
    const received = receiveMessageOnPort(port) as { message: ToWorker } | undefined;
    if (received === undefined) return;
    take(received.message);
  }
}

function take(message: ToWorker): void {
  for (const [number, sql] of message.texts) texts.set(number, sql);
  queue.push(...message.requests);
}

try {
  open();
  port.on('message', (message: ToWorker) => {
    take(message);
    if (!turn) serve();
  });
  const version = process.versions['sqlite'] ?? 'unknown';
  post({ type: 'ready', sqlite: version });
} catch (error) {
  post({ type: 'failed', failure: failureOf(error) });
  port.close();
}
