// What the service scripts share: folders, the user that runs them, processes, waiting.
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { capture, root, tail } from '../lib/project.mjs';

/** Outside the clone, so that the next clone on this machine need not download and set up again. */
export const cache = process.env.CROSSDOCK_CACHE || '/var/cache/crossdock';
/** Data, logs and the state of the services themselves, owned by their user. */
export const home = join(cache, 'home');
export const logs = join(home, 'log');

/** PostgreSQL and Odoo refuse to run as root; this user owns nothing else. */
export const user = 'crossdock';

/** A failure with a sentence for people; everything else is a bug of these scripts. */
export class ServiceError extends Error {}

/** Runs a program; its output is the answer, a failure tells what was tried and the end of the output. */
export async function run(what, command, args, options = {}) {
  const result = await capture(command, args, options);
  if (result.code !== 0) {
    throw new ServiceError(
      `${tail(result.output)}\n${what} failed (${command}, exit code ${result.code ?? result.signal}).`,
    );
  }
  return result.stdout;
}

/** Tries again after a pause: for what depends on a network. */
export async function withRetries(times, action) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      if (attempt >= times) throw error;
      await sleep(attempt * 3000);
    }
  }
}

export async function waitUntil(what, timeoutMs, condition, logFile) {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (await condition()) return;
    await sleep(200);
  }
  const log = logFile !== undefined && existsSync(logFile) ? `${tail(readFileSync(logFile, 'utf8'))}\n` : '';
  throw new ServiceError(`${log}${what} did not answer within ${timeoutMs / 1000} s.`);
}

export function portAnswers(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host, timeout: 2000 });
    const done = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket
      .on('connect', () => done(true))
      .on('error', () => done(false))
      .on('timeout', () => done(false));
  });
}

/** The wanted port, or the next one that nothing answers on. */
export async function portFrom(wanted) {
  for (let port = wanted; port < wanted + 20; port += 1) {
    if (!(await portAnswers(port))) return port;
  }
  throw new ServiceError(`The ports ${wanted} to ${wanted + 19} are all taken.`);
}

export async function ids() {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => capture('id', [flag, user])));
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** Writes a file that only the services' user (and root) can read. */
export async function writeForUser(file, content) {
  const { uid, gid } = await ids();
  writeFileSync(file, content, { mode: 0o600 });
  chownSync(file, uid, gid);
}

/** Makes a folder that the services' user owns. */
export async function folderForUser(folder) {
  const { uid, gid } = await ids();
  mkdirSync(folder, { recursive: true });
  chownSync(folder, uid, gid);
}

/** Creates the user and its folders. */
export async function prepareUser() {
  if ((await capture('id', [user])).code !== 0) {
    await run('Creating the user', 'useradd', [
      '--system',
      '--user-group',
      '--home-dir',
      home,
      '--shell',
      '/bin/sh',
      user,
    ]);
  }
  for (const folder of [home, logs]) await folderForUser(folder);
  chmodSync(home, 0o711);
  const reachable = await capture('runuser', ['-u', user, '--', 'test', '-w', home]);
  if (reachable.code !== 0) {
    throw new ServiceError(
      `The user ${user} cannot reach ${home}: put CROSSDOCK_CACHE below a folder that others may enter.`,
    );
  }
}

const environment = (extra = {}) => ({
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  HOME: home,
  USER: user,
  ...extra,
});

/** Runs a program as the services' user. */
export async function runAsUser(what, command, args, options = {}) {
  const { env, ...rest } = options;
  return run(what, command, args, { cwd: home, env: environment(env), ...(await ids()), ...rest });
}

/** Starts a program that outlives this script, as the services' user; its output goes to a log file. */
export async function startDaemon(name, command, args, env = {}) {
  const logFile = join(logs, `${name}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, {
    cwd: home,
    env: environment(env),
    detached: true,
    stdio: ['ignore', log, log],
    ...(await ids()),
  });
  const failed = new Promise((_, reject) => child.on('error', reject));
  await Promise.race([failed, sleep(50)]);
  child.unref();
  return { pid: child.pid, logFile };
}

/** Whether `pid` is alive and still the program that was started (pids are used again). */
export function isAlive(pid, word) {
  if (!Number.isInteger(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word);
  } catch {
    return false;
  }
}

/** Ends a daemon of ours and waits until it is gone. */
export async function stopDaemon(pid, word, signal = 'SIGTERM', timeoutMs = 30_000) {
  if (!isAlive(pid, word)) return false;
  process.kill(pid, signal);
  const deadline = Date.now() + timeoutMs;
  while (isAlive(pid, word)) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await sleep(100);
  }
  return true;
}

const sharedState = join(home, 'state.json');
/** What tests and benchmarks of this clone read. */
export const cloneState = join(root, '.services', 'state.json');

function writePrivate(file, content) {
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
}

/** The services of this machine, as last written; empty when there are none. */
export function readState() {
  try {
    return JSON.parse(readFileSync(sharedState, 'utf8'));
  } catch {
    return {};
  }
}

/** Holds credentials of test services: only the owner may read it. */
export function writeState(state) {
  writePrivate(sharedState, state);
  mkdirSync(join(root, '.services'), { recursive: true });
  writePrivate(cloneState, state);
}
