/** The shim that tells in which order a process writes, syncs and answers: compiling it, and reading what it tells. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolders } from '../../support';

/** Compiles it into `folder`; undefined where there is no C compiler (or no LD_PRELOAD). */
export function buildShim(folder: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const source = join(projectFolders().root, 'test', 'faults', 'support', 'sync-shim.c');
  const file = join(folder, 'sync-shim.so');
  const made = spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', file, source, '-ldl'], { encoding: 'utf8' });
  if (made.error !== undefined) return undefined;
  if (made.status !== 0) throw new Error(`The shim does not compile: ${made.stderr}`);
  return file;
}

export type StoreFile = 'wal' | 'db';

/** A write to the store that has returned. */
export interface Write {
  readonly n: number;
  readonly file: StoreFile;
  readonly offset: number;
  readonly length: number;
  /** Message ids in what was written. */
  readonly tokens: readonly string[];
}

/** A sync that has returned without an error. */
export interface Sync {
  readonly file: StoreFile;
  readonly began: number;
  readonly ended: number;
}

/** Bytes that were handed to a TCP socket. */
export interface Answer {
  readonly n: number;
  readonly ownPort: number;
  readonly peerPort: number;
  readonly bytes: Buffer;
}

/** Message ids as the shim finds them. */
export const tokenOf = (n: number): string => `plx${String(n).padStart(6, '0')}`;

export function tokensIn(bytes: Buffer): string[] {
  return bytes.toString('latin1').match(/plx\d{6}/g) ?? [];
}

/** Reads the shim's log on and on. */
export class ShimLog {
  readonly writes: Write[] = [];
  readonly syncs: Sync[] = [];
  readonly answers: Answer[] = [];
  #at = 0;
  #rest = '';

  constructor(private readonly file: string) {}

  /** Reads what has come since. Threads write their lines on their own, so the numbers may be a little out of order. */
  read(): this {
    const handle = openSync(this.file, 'r');
    try {
      const buffer = Buffer.alloc(1 << 20);
      for (;;) {
        const count = readSync(handle, buffer, 0, buffer.length, this.#at);
        if (count === 0) return this;
        this.#at += count;
        const lines = (this.#rest + buffer.toString('latin1', 0, count)).split('\n');
        this.#rest = lines.pop() ?? '';
        for (const line of lines) this.#take(line.split(' '));
      }
    } finally {
      closeSync(handle);
    }
  }

  /** What is not known to be on the disk: writes behind which no sync of their file has begun and returned. */
  unsynced(): Write[] {
    const safe = { wal: 0, db: 0 };
    for (const { file, began } of this.syncs) safe[file] = Math.max(safe[file], began);
    return this.writes.filter(({ n, file }) => n > safe[file]);
  }

  #take([n = '', kind, ...rest]: string[]): void {
    const [first = '', second = '', third = ''] = rest;
    if (kind === 'W') {
      this.writes.push({
        n: Number(n),
        file: first as StoreFile,
        offset: Number(second),
        length: Number(third),
        tokens: rest.slice(3),
      });
    } else if (kind === 'f' && third === '0') {
      this.syncs.push({ file: first as StoreFile, began: Number(second), ended: Number(n) });
    } else if (kind === 'N') {
      this.answers.push({
        n: Number(n),
        ownPort: Number(first),
        peerPort: Number(second),
        bytes: Buffer.from(third, 'hex'),
      });
    }
  }
}

export interface OrderFindings {
  /** Acknowledged messages that were looked at. */
  readonly acknowledged: number;
  /** Acknowledged before a sync that began after their write had returned. */
  readonly tooEarly: readonly string[];
  /** Syncs of the write-ahead log. */
  readonly syncs: number;
}

/**
 * Compares: every message must have been written to the log, a sync must have begun after that, and must have returned
 * before the acknowledgement was handed to the socket.
 * @param acknowledged number of the event at which each message was acknowledged
 */
export function judgeOrder(log: ShimLog, acknowledged: ReadonlyMap<string, number>): OrderFindings {
  const written = new Map<string, number>();
  for (const { n, file, tokens } of log.writes) {
    if (file !== 'wal') continue;
    for (const token of tokens) written.set(token, Math.min(n, written.get(token) ?? n));
  }
  const syncs = log.syncs.filter(({ file }) => file === 'wal').sort((a, b) => a.began - b.began);
  const tooEarly: string[] = [];
  for (const [token, answeredAt] of acknowledged) {
    const writtenAt = written.get(token);
    const sync = writtenAt === undefined ? undefined : syncs.find(({ began }) => began > writtenAt);
    if (sync === undefined || sync.ended > answeredAt) tooEarly.push(token);
  }
  return { acknowledged: acknowledged.size, tooEarly, syncs: syncs.length };
}
