// The reference flows, and where the build puts them for Import > Examples.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './project.mjs';

/** Below examples/. The number puts the folder before those of the nodes. */
export const offeredFolder = '00 - Reference flows';

/**
 * @returns {{file: string, offered: string}[]} each flow's name in flows/ and its path for the import dialog
 * @throws for a file that is named like one and yet would not be offered
 */
export function referenceFlows() {
  return readdirSync(join(root, 'flows'))
    .filter((file) => file.startsWith('reference'))
    .map((file) => {
      const what = /^reference - (\S.*\.json)$/.exec(file)?.[1];
      if (what === undefined) throw new Error(`flows/${file} is not named "reference - <what it does>.json"`);
      return { file, offered: `examples/${offeredFolder}/${what[0].toUpperCase()}${what.slice(1)}` };
    });
}
