import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const folders = new Set<string>();

process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder below os.tmpdir() of its own; `remove()` deletes it, the end of the process does so at the latest. */
export interface TempDir {
  readonly path: string;
  remove(): void;
}

/** Makes a new empty folder below os.tmpdir(). */
export function tempDir(prefix = 'crossdock-test-'): TempDir {
  const path = realpathSync(mkdtempSync(join(tmpdir(), prefix)));
  folders.add(path);
  return {
    path,
    remove() {
      folders.delete(path);
      // A process that was just killed may still be closing files here, hence the retries.
      rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

const packageName = 'node-red-contrib-crossdock';

function isProject(folder: string): boolean {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return false;
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return typeof content === 'object' && content !== null && 'name' in content && content.name === packageName;
}

/** Where the compiled code and the project are, whether this runs in the project's dist/ or in a build elsewhere. */
export interface ProjectFolders {
  /** The folder with package.json, examples/ and node_modules/. */
  readonly root: string;
  /** The folder with the compiled core/, nodes/, test/ (normally <root>/dist). */
  readonly dist: string;
}

/**
 * Finds the project from this file's own place, never from the working directory. A build outside the project
 * (a link `node_modules` to the project's beside it) is understood as well.
 */
export function projectFolders(): ProjectFolders {
  const dist = dirname(dirname(__dirname));
  for (let folder = dist; folder !== dirname(folder); folder = dirname(folder)) {
    if (isProject(folder)) return { root: folder, dist };
  }
  const modules = join(dist, 'node_modules');
  if (existsSync(modules)) {
    const root = dirname(realpathSync(modules));
    if (isProject(root)) return { root, dist };
  }
  throw new Error(`The project ${packageName} was not found above ${dist}.`);
}
