// Makes a clone ready to run: installs what package-lock.json names, and builds when a source has changed.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import {
  capture,
  fail,
  machineNpm,
  projectEnv,
  projectNode,
  root,
  say,
  since,
  tail,
} from './lib/project.mjs';

const buildStamp = join(root, 'dist', '.built');
const sources = [
  'cli',
  'core',
  'nodes',
  'icons',
  'flows',
  'sandbox',
  'test',
  'bench',
  'scripts/build.mjs',
  'tsconfig.json',
];

const lockFile = join(root, 'package-lock.json');
const installStamp = join(root, 'node_modules', '.crossdock-installed');
const lockHash = () => createHash('sha256').update(readFileSync(lockFile)).digest('hex');

/** npm's own record of what it has put into node_modules, against package-lock.json. */
function matchesRecord(record) {
  const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  const present = JSON.parse(readFileSync(record, 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || entry.link) return true;
    const found = present[path];
    // What does not fit the machine, or nothing needs, is in the lock file but never installed.
    if (found === undefined) return entry.optional || entry.devOptional || entry.extraneous || entry.peer;
    return found.version === entry.version;
  });
}

/**
 * Whether node_modules holds what package-lock.json names, put there by us (the stamp) or by npm install. Contents
 * are compared and not times: a checkout gives files any time it likes.
 */
function isInstalled() {
  if (!existsSync(projectNode)) return false;
  if (existsSync(installStamp) && readFileSync(installStamp, 'utf8').trim() === lockHash()) return true;
  const record = join(root, 'node_modules', '.package-lock.json');
  return existsSync(record) && matchesRecord(record);
}

async function install() {
  const start = Date.now();
  say('Installing the dependencies (once, about half a minute) ...');
  const result = await machineNpm([
    'ci',
    // Also where NODE_ENV is "production": the demo, the tests and the Node.js that runs them are dev dependencies.
    '--include=dev',
    // The machine's Node.js only runs npm here, so what the packages want of it does not matter.
    '--engine-strict=false',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  if (result.signal !== null) process.exit(0);
  if (result.code !== 0) {
    fail(
      `${tail(result.output)}\nThe dependencies could not be installed (npm ci, above). ` +
        'Check the connection to the npm registry, then try again.',
    );
  }
  if (!existsSync(projectNode)) {
    fail(
      'The dependencies are installed, but the package "node" has not unpacked its Node.js 24. ' +
        'Does npm have "ignore-scripts" set? Run: npm ci --ignore-scripts=false',
    );
  }
  writeFileSync(installStamp, `${lockHash()}\n`);
  say(`Installed in ${since(start)}.`);
}

/** The newest change below `path` in ms; folders count too, so that a deleted file shows. */
function newestChange(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  let newest = stat.mtimeMs;
  for (const name of readdirSync(path)) newest = Math.max(newest, newestChange(join(path, name)));
  return newest;
}

function isBuilt() {
  const stamp = statSync(buildStamp, { throwIfNoEntry: false });
  if (stamp === undefined) return false;
  return sources.every((source) => newestChange(join(root, source)) <= stamp.mtimeMs);
}

async function build() {
  const start = Date.now();
  const result = await capture(projectNode, [join(root, 'scripts', 'build.mjs')], { env: projectEnv() });
  if (result.signal !== null) process.exit(0);
  if (result.code !== 0) fail(`${tail(result.output, 40)}\nThe build failed (above).`);
  mkdirSync(dirname(buildStamp), { recursive: true });
  writeFileSync(
    buildStamp,
    'Written by scripts/ensure.mjs: the sources of this build are not younger than this file.\n',
  );
  // A file saved while the build ran may have been missed: the build is as old as its start.
  utimesSync(buildStamp, start / 1000, start / 1000);
  say(`Built in ${since(start)}.`);
}

/** Installs and builds what is missing or out of date, one line each; ends the process with a sentence if it cannot. */
export async function ensureReady(options = {}) {
  if (!isInstalled()) await install();
  if (options.build !== false && !isBuilt()) await build();
}
