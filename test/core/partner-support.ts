/** Ready mappings over the project's own partner documents (`test/fixtures/partner/<mapping>/<case>.json`). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CanonicalOrder, parseJson } from '../../core/canonical';
import { createMapper, type Mapper } from '../../core/mapping';
import { projectFolders } from '../support';
import { CONTEXT } from './mapping-support';

export const PARTNER_FIXTURES = join(projectFolders().root, 'test/fixtures/partner');

const mappers = new Map<string, Mapper>();

export function readyMapper(mapping: string): Mapper {
  let mapper = mappers.get(mapping);
  if (mapper === undefined) {
    mapper = createMapper({ mapping });
    mappers.set(mapping, mapper);
  }
  return mapper;
}

/** A fixture of a ready mapping. It is as loose as its partner's documents: tests change what they like. */
// biome-ignore format: one line
export type Doc = { [key: string]: Doc } & Doc[] & (string | number | boolean | null);

export function partnerFixture(mapping: string, name: string): Doc {
  return parseJson(readFileSync(join(PARTNER_FIXTURES, mapping, `${name}.json`))) as Doc;
}

/** Names of all fixtures of a mapping. */
export function partnerFixtures(mapping: string): string[] {
  return readdirSync(join(PARTNER_FIXTURES, mapping)).map((file) => file.replace(/\.json$/, ''));
}
