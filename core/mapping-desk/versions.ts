/** The versions of mappings that went live: one immutable file each, below `<userDir>/crossdock/mappings/<name>/`. */
import { VersionFiles } from '../archive';
import { parseJson } from '../canonical';
import { CrossdockError } from '../errors';
import type { MappingSpec } from '../mapping';
import type { VersionEntry } from './api';
import { specHash, specText } from './spec-file';

/** Stricter than what files may be called: a spec's own version, or with the hash of other content. */
const VERSION = /^\d+\.\d+\.\d+(?:\+[0-9a-f]{8})?$/;
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
  readonly #files: VersionFiles;

  constructor(folder: string) {
    this.#files = new VersionFiles(folder);
  }

  /**
   * Notes that a spec goes live; the same content again changes nothing.
   * @throws CrossdockError VERSIONS_NOT_WRITABLE
   */
  async archive(spec: MappingSpec): Promise<Archived> {
    const name = checkedName(spec.name);
    const text = specText(spec);
    try {
      for (const version of [spec.version, `${spec.version}+${specHash(spec)}`]) {
        if (!VERSION.test(version)) throw unknownVersion(name, version);
        if ((await this.#files.keep(name, version, text)) !== 'differs')
          return { version, differs: version !== spec.version };
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
    const kept = (await this.#files.list(checkedName(name))).filter(({ version }) => VERSION.test(version));
    const entries: VersionEntry[] = [];
    for (const { version, at } of kept.slice(0, MAX_LISTED)) {
      const spec = await this.read(name, version).catch(() => undefined);
      if (spec !== undefined)
        entries.push({ version, at, rules: spec.rules.length, title: spec.title ?? '' });
    }
    return entries;
  }

  /** @throws CrossdockError VERSION_UNKNOWN */
  async read(name: string, version: string): Promise<MappingSpec> {
    if (!VERSION.test(version)) throw unknownVersion(name, version);
    const text = await this.#files.read(checkedName(name), version);
    if (text === undefined) throw unknownVersion(name, version);
    const spec = parseJson(text, { maxBytes: MAX_BYTES }) as MappingSpec;
    if (typeof spec !== 'object' || spec === null || !Array.isArray(spec.rules))
      throw unknownVersion(name, version);
    return spec;
  }

  /** The newest version of every mapping that ever went live here; what suggestions learn from. At most 100. */
  async newest(): Promise<MappingSpec[]> {
    const specs: MappingSpec[] = [];
    for (const name of (await this.#files.names()).slice(0, 100)) {
      const [entry] = await this.list(name);
      const spec =
        entry === undefined ? undefined : await this.read(name, entry.version).catch(() => undefined);
      if (spec !== undefined) specs.push(spec);
    }
    return specs;
  }
}

/** @throws CrossdockError VERSION_UNKNOWN for what cannot be a folder's name */
function checkedName(name: string): string {
  if (!VersionFiles.isName(name)) throw unknownVersion(name, '');
  return name;
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
