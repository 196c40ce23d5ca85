/** Files in other encodings are written anew as UTF-8 into the run's folder, so that all else knows bytes of one kind. */

import { isUtf8 } from 'node:buffer';
import { closeSync, existsSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { badSource, fileError } from './errors';
import type { Job } from './job';

const BLOCK = 1 << 20;

/**
 * The file of a side as UTF-8: itself, or its copy.
 * @throws CrossdockError RECONCILE_SOURCE (permanent): no file, too large, not in its encoding; or of `fileError`
 */
export function decodedFile(job: Job, index: number): string {
  const side = job.sides[index] as Job['sides'][number];
  try {
    const found = statSync(side.file);
    // A pipe that nobody writes would be waited for without end.
    if (!found.isFile()) throw badSource(side, 'it is no file, but a folder, a pipe or a device.');
    const { size } = found;
    if (size > side.maxBytes) {
      throw badSource(
        side,
        `the file has ${Math.ceil(size / 1e6)} MB, and at most ${Math.floor(side.maxBytes / 1e6)} MB are read.`,
        { bytes: size },
      );
    }
    if (side.encoding === 'utf-8') {
      assertUtf8(job, index);
      return side.file;
    }
    const copy = join(job.folder, `side-${index}.utf8`);
    if (!existsSync(copy)) transcode(side.file, copy, side.encoding);
    return copy;
  } catch (error) {
    throw fileError(error, side.label);
  }
}

/** A look at the beginning: a file in another encoding shows itself early, and reading all twice would cost too much. */
function assertUtf8(job: Job, index: number): void {
  const side = job.sides[index] as Job['sides'][number];
  const fd = openSync(side.file, 'r');
  try {
    const block = Buffer.allocUnsafe(4 * BLOCK);
    const length = readSync(fd, block, 0, block.length, 0);
    let end = length;
    // Not in the middle of a character.
    while (end > 0 && length === block.length && ((block[end - 1] as number) & 0x80) !== 0) end -= 1;
    if (isUtf8(block.subarray(0, end))) return;
    throw badSource(side, 'the file is not UTF-8. Choose its encoding, for example Windows-1252.');
  } finally {
    closeSync(fd);
  }
}

function transcode(from: string, to: string, encoding: string): void {
  const decoder = new TextDecoder(encoding);
  const [source, target] = [openSync(from, 'r'), openSync(`${to}.part`, 'w', 0o600)];
  try {
    const block = Buffer.allocUnsafe(BLOCK);
    for (let at = 0; ; ) {
      const length = readSync(source, block, 0, BLOCK, at);
      const text =
        length === 0 ? decoder.decode() : decoder.decode(block.subarray(0, length), { stream: true });
      const bytes = Buffer.from(text);
      for (let done = 0; done < bytes.length; ) done += writeSync(target, bytes, done);
      if (length === 0) break;
      at += length;
    }
  } finally {
    closeSync(source);
    closeSync(target);
  }
  renameSync(`${to}.part`, to);
}
