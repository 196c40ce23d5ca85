/** The versions of mappings that went live: one immutable file each, below `<userDir>/crossdock/mappings/<name>/`. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../canonical';
import { CrossdockError } from '../errors';
import type { MappingSpec } from '../mapping';
import type { VersionEntry } from './api';
import { specHash, specText } from './spec-file';

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const VERSION = /^\d+\.\d+\.\d+(?:\+[0-9a-f]{8})?$/;
const ENDING = '.json';
const MAX_LISTED = 200;
const MAX_BYTES = 4 * 1024 * 1024;

export interface Archived {
  /** As it is listed: `1.2.0`, or `1.2.0+3fa9c1d2`. */
  readonly version: string;
  /** The same version went live with other content before. */
  readonly differs: boolean;
}

/** The archive of one user directory. Files are never changed or removed. */
export class MappingVersions {
  constructor(private readonly folder: string) {}

  /**
   * Notes that a spec goes live; the same content again changes nothing.
   * @throws CrossdockError VERSIONS_NOT_WRITABLE
   */
  async archive(spec: MappingSpec): Promise<Archived> {
    const folder = this.#folderOf(spec.name);
    const text = specText(spec);
    try {
      await mkdir(folder, { recursive: true });
      for (const version of [spec.version, `${spec.version}+${specHash(spec)}`]) {
        if (!VERSION.test(version)) throw unknownVersion(spec.name, version);
        const differs = version !== spec.version;
        if (await putNew(folder, `${version}${ENDING}`, text)) return { version, differs };
        if ((await readFile(join(folder, `${version}${ENDING}`), 'utf8')) === text)
          return { version, differs };
      }
    } catch (cause) {
      if (cause instanceof CrossdockError) throw cause;
      throw new CrossdockError(
        'The version of the mapping that goes live could not be written to the archive.',
        {
          code: 'VERSIONS_NOT_WRITABLE',
          kind: 'transient',
          cause,
        },
      );
    }
    // Two contents with one hash of 32 bits under one version, or a file that was changed by hand.
    throw new CrossdockError(`The archived file of ${spec.name} ${spec.version} was changed by someone.`, {
      code: 'VERSIONS_NOT_WRITABLE',
      kind: 'permanent',
    });
  }

  /** The newest first, at most 200; files that are no specs are passed over. */
  async list(name: string): Promise<VersionEntry[]> {
    const folder = this.#folderOf(name);
    const files = await readdir(folder).catch(() => []);
    const dated: { version: string; at: number }[] = [];
    for (const file of files) {
      const version = file.slice(0, -ENDING.length);
      if (!file.endsWith(ENDING) || !VERSION.test(version)) continue;
      const found = await stat(join(folder, file)).catch(() => undefined);
      if (found !== undefined) dated.push({ version, at: Math.round(found.mtimeMs) });
    }
    dated.sort((a, b) => b.at - a.at || compareVersions(b.version, a.version));
    const entries: VersionEntry[] = [];
    for (const { version, at } of dated.slice(0, MAX_LISTED)) {
      const spec = await this.read(name, version).catch(() => undefined);
      if (spec !== undefined)
        entries.push({ version, at, rules: spec.rules.length, title: spec.title ?? '' });
    }
    return entries;
  }

  /** @throws CrossdockError VERSION_UNKNOWN */
  async read(name: string, version: string): Promise<MappingSpec> {
    if (!VERSION.test(version)) throw unknownVersion(name, version);
    const file = join(this.#folderOf(name), `${version}${ENDING}`);
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes === undefined) throw unknownVersion(name, version);
    const spec = parseJson(bytes, { maxBytes: MAX_BYTES }) as MappingSpec;
    if (typeof spec !== 'object' || spec === null || !Array.isArray(spec.rules))
      throw unknownVersion(name, version);
    return spec;
  }

  /** The newest version of every mapping that ever went live here; what suggestions learn from. At most 100. */
  async newest(): Promise<MappingSpec[]> {
    const names = (await readdir(this.folder).catch(() => [])).filter((name) => NAME.test(name)).sort();
    const specs: MappingSpec[] = [];
    for (const name of names.slice(0, 100)) {
      const [entry] = await this.list(name);
      const spec =
        entry === undefined ? undefined : await this.read(name, entry.version).catch(() => undefined);
      if (spec !== undefined) specs.push(spec);
    }
    return specs;
  }

  /** Names become folders: nothing but small letters, digits and hyphens does. */
  #folderOf(name: string): string {
    if (!NAME.test(name) || name.length > 60) throw unknownVersion(name, '');
    return join(this.folder, name);
  }
}

/** Writes a file that is not there yet, whole or not at all. @returns false when it is there */
async function putNew(folder: string, name: string, text: string): Promise<boolean> {
  const temporary = join(folder, `.${randomBytes(6).toString('hex')}.tmp`);
  await writeFile(temporary, text, { flag: 'wx' });
  try {
    await link(temporary, join(folder, name));
    return true;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'EEXIST') return false;
    // Cards with FAT have no links: there, a file that is written when the power goes stays half.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    return await writeNew(join(folder, name), text);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeNew(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') return false;
    throw error;
  }
}

function compareVersions(a: string, b: string): number {
  const [left = [], right = []] = [a, b].map((version) => version.split(/[.+]/).slice(0, 3).map(Number));
  for (let index = 0; index < 3; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function unknownVersion(name: string, version: string): CrossdockError {
  return new CrossdockError(
    `There is no version ${version.slice(0, 40)} of the mapping ${name.slice(0, 60)}.`,
    {
      code: 'VERSION_UNKNOWN',
      kind: 'permanent',
    },
  );
}
