/** Sources that are no files: written down row by row, so that a run that was interrupted need not read them again. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { CrossdockError } from '../errors';
import { fileError } from './engine/errors';

/** Rows that are written before Node-RED has its turn again. */
const ROWS_PER_TURN = 200;

/** Rows in pages, however they come. */
export type Pages = AsyncIterable<readonly unknown[]> | Iterable<readonly unknown[]>;

/**
 * Writes all rows as JSON Lines; the file is there only when all of them are.
 * @throws CrossdockError RECONCILE_STOPPED, RECONCILE_TOO_LARGE (permanent), RECONCILE_DISK_FULL (transient), what the
 *   source threw (RECONCILE_SOURCE_FAILED, transient, unless it was a CrossdockError)
 */
export async function spool(
  pages: Pages,
  file: string,
  label: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<void> {
  const out = createWriteStream(`${file}.part`, { mode: 0o600 });
  let fault: unknown;
  out.on('error', (error) => {
    fault = error;
  });
  let bytes = 0;
  let rows = 0;
  try {
    for await (const page of read(pages, label, () => rows)) {
      for (let from = 0; from < page.length; from += ROWS_PER_TURN) {
        if (signal.aborted)
          throw new CrossdockError('The comparison was stopped before its end.', {
            code: 'RECONCILE_STOPPED',
            kind: 'transient',
          });
        const text = page
          .slice(from, from + ROWS_PER_TURN)
          .map(lineOf)
          .join('');
        rows += Math.min(ROWS_PER_TURN, page.length - from);
        bytes += text.length;
        if (bytes > maxBytes) {
          throw new CrossdockError(
            `${label} has more than ${Math.floor(maxBytes / 1e6)} MB of rows, which is its limit.`,
            { code: 'RECONCILE_TOO_LARGE', kind: 'permanent', facts: { source: label } },
          );
        }
        if (fault !== undefined) throw fault;
        if (out.write(text)) await new Promise((resolve) => setImmediate(resolve));
        else await Promise.race([once(out, 'drain'), once(out, 'close')]);
      }
    }
    out.end();
    await once(out, 'close');
    if (fault !== undefined) throw fault;
    await rename(`${file}.part`, file);
  } catch (error) {
    out.destroy();
    throw fileError(error, 'The comparison');
  }
}

async function* read(
  pages: Pages,
  label: string,
  rows: () => number,
): AsyncGenerator<readonly unknown[], void, void> {
  try {
    yield* pages;
  } catch (error) {
    if (error instanceof CrossdockError) throw error;
    throw new CrossdockError(`${label} could not be read to its end.`, {
      code: 'RECONCILE_SOURCE_FAILED',
      kind: 'transient',
      facts: { source: label, rows: rows() },
      cause: error,
    });
  }
}

/** What JSON cannot say is a row without content: it is found as one that cannot be compared. */
function lineOf(row: unknown): string {
  try {
    return `${JSON.stringify(row) ?? 'null'}\n`;
  } catch {
    return 'null\n';
  }
}

/** A list in pages. */
export function* pagesOf(rows: readonly unknown[]): Generator<readonly unknown[], void, void> {
  for (let from = 0; from < rows.length; from += 1000) yield rows.slice(from, from + 1000);
}
