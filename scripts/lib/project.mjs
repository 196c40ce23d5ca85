// Where the project is, and how its scripts start other programs. Runs on any Node.js from 20 on.
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');
export const bin = join(root, 'node_modules', '.bin');

/** The Node.js that runs Node-RED and the tests: the devDependency `node`, whatever the machine has. */
export const projectNode = join(bin, process.platform === 'win32' ? 'node.cmd' : 'node');

/** The environment for the project's programs: its Node.js and its tools come first on the PATH. */
export function projectEnv(extra = {}) {
  return { ...process.env, PATH: bin + delimiter + (process.env.PATH ?? ''), ...extra };
}

/**
 * The environment for the machine's npm. Ours is left out of the PATH, for `npm ci` takes it away while it works;
 * what the surrounding `npm run` has put in about itself is not for an npm of its own.
 */
export function machineEnv() {
  const env = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^npm_(lifecycle|package|execpath|node_execpath|command)/.test(name)) env[name] = value;
  }
  const path = (process.env.PATH ?? '').split(delimiter);
  env.PATH = path
    .filter((folder) => !folder.replaceAll('\\', '/').endsWith('node_modules/.bin'))
    .join(delimiter);
  return env;
}

const running = new Set();
// A script that is stopped takes along what it waits for.
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});

/**
 * Runs a program and gathers what it prints; never throws.
 * @returns {Promise<{code: number | null, signal: string | null, output: string, stdout: string}>}
 */
export function capture(command, args, options = {}) {
  return new Promise((resolve) => {
    let output = '';
    let stdout = '';
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    running.add(child);
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      output += text;
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.on('error', (error) =>
      resolve({ code: 127, signal: null, output: output + error.message, stdout }),
    );
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, output, stdout });
    });
  });
}

/** Runs npm with the machine's Node.js, quietly. */
export function machineNpm(args, options = {}) {
  const windows = process.platform === 'win32';
  return capture(windows ? 'npm.cmd' : 'npm', args, { env: machineEnv(), shell: windows, ...options });
}

/** The last lines of a program's output, indented, without empty ones. */
export function tail(output, lines = 15) {
  const kept = output.split('\n').filter((line) => line.trim() !== '');
  return kept
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n');
}

export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Seconds since `start` (Date.now()), as people write them: "3.2 s", "48 s". */
export function since(start) {
  const seconds = (Date.now() - start) / 1000;
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

/** Ends this script with a sentence instead of a stack. */
export function fail(sentence) {
  say(sentence);
  process.exit(1);
}
