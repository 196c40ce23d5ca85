/** Whether a store that was refused a write may be written again: first the disk is asked, then SQLite. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

/**
 * Bytes that must fit. A page or two is always found (the end of the write-ahead log that the refused unit left
 * behind is written over), so less would let in a few small units of a disk that is full.
 */
const ROOM = 1024 * 1024;

/** Room for one more file of that size? What is asked of it is given back at once. */
export function diskHasRoom(file: string): boolean {
  try {
    const { bfree, bsize } = statfsSync(dirname(file));
    if (bfree * bsize < ROOM) return false;
  } catch {
    // SQLite will find out.
    return true;
  }
  // Blocks kept for root and quotas show in a write only.
  const trial = `${file}-room`;
  try {
    const handle = openSync(trial, 'w', 0o600);
    try {
      // Not zeros: those need no room on a disk that compresses.
      writeFileSync(handle, randomBytes(ROOM));
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOSPC' && code !== 'EDQUOT';
  } finally {
    rmSync(trial, { force: true });
  }
}

/**
 * One unit that takes as many pages, gives them back and commits a write that changes nothing.
 * @throws what SQLite says when it cannot; nothing is left open then
 */
export function probe(db: DatabaseSync): void {
  try {
    db.exec('BEGIN IMMEDIATE');
    db.exec('SAVEPOINT room');
    db.exec('CREATE TABLE crossdock_room (taken BLOB)');
    db.exec(`INSERT INTO crossdock_room (taken) VALUES (zeroblob(${ROOM}))`);
    db.exec('ROLLBACK TO room');
    db.exec('RELEASE room');
    const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
    db.exec(`PRAGMA user_version = ${version}`);
    db.exec('COMMIT');
  } catch (error) {
    undo(db);
    throw error;
  }
}

/** Ends the open transaction, if SQLite has not done so by itself. */
export function undo(db: DatabaseSync): void {
  try {
    db.exec('ROLLBACK');
  } catch {
    // There is none any more.
  }
}
