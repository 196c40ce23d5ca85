/**
 * What is looked at where a SQLite store lies: a network share breaks SQLite's locks and its fsync, a disk that is
 * nearly full stops the gateway soon, an old SQLite has a known fault.
 */
import { statfs } from 'node:fs/promises';
import { CrossdockError } from '../errors';
import type { StoreWarning } from './types';

/** File systems by their magic number (Linux statfs(2), linux/magic.h). */
const NETWORK_SHARES: Readonly<Record<number, string>> = {
  26985: 'NFS',
  20859: 'SMB',
  4283649346: 'CIFS',
  4266872130: 'SMB2',
};
/** May be a share of a host or a cluster, or a local file system of a sort we do not know. */
const DOUBTFUL: Readonly<Record<number, string>> = { 16914839: '9P', 1702057286: 'FUSE' };

/** Free bytes below which a person should see to the disk. */
const DISK_LOW = 200 * 1024 * 1024;
/** From here on the WAL-reset fault of SQLite is mended (sqlite.org/wal.html#walresetbug). */
const MENDED_SQLITE = [3, 51, 3];

/** The part of `statfs` that is looked at. */
export interface Place {
  /** Magic number of the file system; may come as a negative 32-bit number. */
  readonly type: number;
  /** Block size in bytes, and blocks free for an unprivileged user. */
  readonly bsize: number;
  readonly bavail: number;
}

/** `statfs` of a folder; undefined where the system has none. */
export async function placeOf(folder: string): Promise<Place | undefined> {
  try {
    return await statfs(folder);
  } catch {
    return undefined;
  }
}

function kindOf(place: Place, kinds: Readonly<Record<number, string>>): string | undefined {
  // The numbers mean this on Linux only.
  return process.platform === 'linux' ? kinds[place.type >>> 0] : undefined;
}

/** @throws CrossdockError STORE_NETWORK_SHARE (permanent) when `file` lies on a network share. */
export function refuseNetworkShare(file: string, place: Place | undefined): void {
  const share = place === undefined ? undefined : kindOf(place, NETWORK_SHARES);
  if (share === undefined) return;
  throw new CrossdockError(
    `The store ${file} lies on a network share (${share}), where SQLite can lose what was acknowledged. Put it on a local disk, or use a PostgreSQL store.`,
    { code: 'STORE_NETWORK_SHARE', kind: 'permanent', facts: { filesystem: share } },
  );
}

/** What a person should see to: doubtful file system, little room, old SQLite. */
export function sqliteWarnings(place: Place | undefined, version: string): readonly StoreWarning[] {
  const warnings: StoreWarning[] = [];
  const doubtful = place === undefined ? undefined : kindOf(place, DOUBTFUL);
  if (doubtful !== undefined) {
    warnings.push({
      code: 'STORE_FILESYSTEM_DOUBTFUL',
      message: `The store lies on a file system (${doubtful}) that may be a share of another machine; a local disk is safe.`,
    });
  }
  const free = place === undefined ? Number.POSITIVE_INFINITY : place.bavail * place.bsize;
  if (free < DISK_LOW) {
    warnings.push({
      code: 'STORE_DISK_LOW',
      message: `Only ${Math.floor(free / 1024 / 1024)} MB are free on the disk of the store; nothing is accepted when it is full.`,
    });
  }
  if (isOlder(version, MENDED_SQLITE)) {
    warnings.push({
      code: 'STORE_SQLITE_OLD',
      message: `SQLite ${version} can damage a file that two connections write at the same time. Crossdock uses one only; open the file with no other program while Node-RED runs, or update Node.js.`,
    });
  }
  return warnings;
}

function isOlder(version: string, than: readonly number[]): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, wanted] of than.entries()) {
    const part = parts[index] ?? 0;
    if (part !== wanted) return part < wanted;
  }
  return false;
}
