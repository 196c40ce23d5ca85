/** The mappings that come with Crossdock: every file in `specs`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CrossdockError } from '../errors';
import type { MappingSpec } from './types';

const FOLDER = join(__dirname, 'specs');

/** Names of the ready mappings, in alphabetical order. */
export const READY_MAPPINGS: readonly string[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length))
  .sort();

/**
 * The spec of a ready mapping; a fresh copy each time.
 * @throws CrossdockError MAPPING_UNKNOWN
 */
export function readyMapping(name: string): MappingSpec {
  if (!READY_MAPPINGS.includes(name)) {
    throw new CrossdockError(
      `There is no ready mapping "${name.slice(0, 60)}". There are: ${READY_MAPPINGS.join(', ')}.`,
      { code: 'MAPPING_UNKNOWN', kind: 'permanent' },
    );
  }
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as MappingSpec;
}
