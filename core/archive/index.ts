/**
 * Versions that went live, kept for good: one file each, `<folder>/<name>/<version>.json`, written once and never changed
 * or removed by us. Contracts and mappings are kept this way, so that a gateway knows what was in force before, and so
 * that git shows what changed.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Names become folders: small letters, digits, hyphens; nothing that a path could be made of. */
const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const VERSION = /^\d+(?:\.\d+){0,2}(?:[+-][0-9A-Za-z.-]{1,40})?$/;
const MAX_NAME = 60;
const ENDING = '.json';

export interface KeptVersion {
  readonly version: string;
  /** When it was written, ms since 1970. */
  readonly at: number;
}

export class VersionFiles {
  constructor(private readonly folder: string) {}

  static isName(name: string): boolean {
    return NAME.test(name) && name.length <= MAX_NAME;
  }

  static isVersion(version: string): boolean {
    return VERSION.test(version);
  }

  /**
   * Keeps a version. The same text again changes nothing; another text under the same version is refused.
   * @throws what the file system throws; a RangeError for a name or version that cannot be a file's
   */
  async keep(name: string, version: string, text: string): Promise<'kept' | 'same' | 'differs'> {
    const file = this.#file(name, version);
    if (file === undefined) throw new RangeError('not the name or version of a kept file');
    const folder = join(this.folder, name);
    await mkdir(folder, { recursive: true });
    if (await putNew(folder, file, text)) return 'kept';
    return (await readFile(join(folder, file), 'utf8')) === text ? 'same' : 'differs';
  }

  /** All versions of a name, the newest first. */
  async list(name: string): Promise<KeptVersion[]> {
    if (!VersionFiles.isName(name)) return [];
    const folder = join(this.folder, name);
    const found: KeptVersion[] = [];
    for (const file of await readdir(folder).catch(() => [])) {
      const version = file.slice(0, -ENDING.length);
      if (!file.endsWith(ENDING) || !VersionFiles.isVersion(version)) continue;
      const facts = await stat(join(folder, file)).catch(() => undefined);
      if (facts !== undefined) found.push({ version, at: Math.round(facts.mtimeMs) });
    }
    return found.sort((a, b) => b.at - a.at || compareVersions(b.version, a.version));
  }

  /** The text of a version; undefined when there is none. */
  async read(name: string, version: string): Promise<string | undefined> {
    const file = this.#file(name, version);
    if (file === undefined) return undefined;
    return readFile(join(this.folder, name, file), 'utf8').catch(() => undefined);
  }

  /** All names of which something is kept, sorted. */
  async names(): Promise<string[]> {
    return (await readdir(this.folder).catch(() => [])).filter((name) => VersionFiles.isName(name)).sort();
  }

  #file(name: string, version: string): string | undefined {
    return VersionFiles.isName(name) && VersionFiles.isVersion(version) ? `${version}${ENDING}` : undefined;
  }
}

/** Orders versions by their numbers: 1.9 before 1.10. */
export function compareVersions(a: string, b: string): number {
  const [left = [], right = []] = [a, b].map((version) => version.split(/[.+-]/).slice(0, 3).map(Number));
  for (let index = 0; index < 3; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
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
