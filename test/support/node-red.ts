import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, isFree } from './ports';
import { projectFolders, tempDir } from './temp';
import { waitFor } from './wait';

export interface SpawnNodeRedOptions {
  /** Node-RED 5 (`node_modules/node-red`) or 4.1 (`node_modules/node-red-4`); CROSSDOCK_NODE_RED or 5 when left out. */
  major?: 4 | 5;
  /** An existing userDir to start in (it is kept); a temporary one when left out (`remove()` deletes it). */
  userDir?: string;
  /** Flows to deploy after the start; credentials may be inline. What userDir holds already runs when left out. */
  flows?: readonly object[];
  /** Added to the environment; `undefined` takes a variable away. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Node-RED settings as plain data, over the defaults for tests. */
  settings?: Readonly<Record<string, unknown>>;
  /** Port for the editor and HTTP nodes; a free one when left out. Stays the same over restarts. */
  port?: number;
  /** Deadline of a start, in milliseconds; 90 000 when left out. */
  startTimeoutMs?: number;
}

/** A real Node-RED in a process of its own, with this package installed in its userDir. */
export interface NodeRed {
  readonly url: string;
  readonly port: number;
  readonly userDir: string;
  readonly major: 4 | 5;
  /** The running process, or undefined when stopped. */
  readonly pid: number | undefined;
  /** Every line of standard output and error since the first start. */
  readonly log: readonly string[];
  /** Resolves when the flows run and HTTP answers; rejects with the end of the log when the process ends instead. */
  waitReady(): Promise<void>;
  /** Resolves with the first line at or after `from` (an index into `log`) that matches. */
  waitForLog(pattern: RegExp, options?: { from?: number; timeoutMs?: number }): Promise<string>;
  /** Full deploy; resolves when the flows have started (the POST alone answers before that). */
  deploy(flows: readonly object[]): Promise<void>;
  /** A request to the admin API; the parsed JSON body. Rejects unless 2xx. */
  admin(path: string, init?: { method?: string; body?: unknown }): Promise<unknown>;
  /** SIGKILL, like a power cut for the process. Resolves when it is gone. */
  kill9(): Promise<void>;
  /** SIGTERM, like a service manager (SIGKILL after 20 s). Resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Starts again in the same userDir on the same port, after stopping what still runs. */
  restart(): Promise<void>;
  /** Stops, and deletes a temporary userDir. */
  remove(): Promise<void>;
}

const packageName = 'node-red-contrib-crossdock';
const running = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * The folder to link as the package: the project's root, or for a build outside the project a folder made up like
 * it (its dist is that build).
 */
function packageFolder(userDir: string): string {
  const { root, dist } = projectFolders();
  if (dist === join(root, 'dist')) return root;
  const folder = join(userDir, 'package');
  if (existsSync(folder)) return folder;
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), readFileSync(join(root, 'package.json')));
  symlinkSync(dist, join(folder, 'dist'));
  for (const name of ['node_modules', 'examples', 'flows', 'icons']) {
    if (existsSync(join(root, name))) symlinkSync(join(root, name), join(folder, name));
  }
  return folder;
}

/** Links the package into userDir the way an installation would put it there, and lists it in its package.json. */
function prepareUserDir(userDir: string): void {
  const link = join(userDir, 'node_modules', packageName);
  if (existsSync(link)) return;
  const folder = packageFolder(userDir);
  mkdirSync(join(userDir, 'node_modules'), { recursive: true });
  symlinkSync(folder, link);
  const manifest = {
    name: 'crossdock-test-user-dir',
    private: true,
    dependencies: { [packageName]: `file:${folder}` },
  };
  writeFileSync(join(userDir, 'package.json'), JSON.stringify(manifest, null, 2));
}

function writeSettings(userDir: string, port: number, settings: Readonly<Record<string, unknown>>): string {
  const content = {
    uiHost: '127.0.0.1',
    uiPort: port,
    flowFile: 'flows.json',
    credentialSecret: 'test',
    // The log is read for "Started flows".
    lang: 'en-US',
    logging: { console: { level: 'info', metrics: false, audit: false } },
    // Without these the editor shows a tour over the canvas, and errors about a catalogue it cannot reach.
    editorTheme: { tours: false, palette: { catalogues: [] } },
    telemetry: { enabled: false, updateNotification: false },
    externalModules: {
      palette: { allowInstall: false, allowUpload: false },
      modules: { allowInstall: false },
    },
    ...settings,
  };
  const file = join(userDir, 'settings.js');
  writeFileSync(file, `module.exports = ${JSON.stringify(content, null, 2)};\n`);
  return file;
}

function majorFromEnvironment(): 4 | 5 {
  return process.env.CROSSDOCK_NODE_RED?.startsWith('4') ? 4 : 5;
}

/** Starts a real Node-RED with this package; resolves when its flows run. Call `remove()` in `after`. */
export async function spawnNodeRed(options: SpawnNodeRedOptions = {}): Promise<NodeRed> {
  const major = options.major ?? majorFromEnvironment();
  const temporary = options.userDir === undefined ? tempDir('crossdock-node-red-') : undefined;
  const userDir = options.userDir ?? temporary?.path ?? '';
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const startTimeoutMs = options.startTimeoutMs ?? 90_000;
  const redJs = join(
    projectFolders().root,
    'node_modules',
    major === 4 ? 'node-red-4' : 'node-red',
    'red.js',
  );
  const log: string[] = [];
  let child: ChildProcess | undefined;
  let startedAt = 0;

  prepareUserDir(userDir);
  const settingsFile = writeSettings(userDir, port, options.settings ?? {});

  const tail = (): string => log.slice(-30).join('\n');

  function start(): void {
    startedAt = log.length;
    const started = spawn(process.execPath, [redJs, '--userDir', userDir, '--settings', settingsFile], {
      cwd: userDir,
      env: { ...process.env, NODE_OPTIONS: '', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(started);
    child = started;
    for (const stream of [started.stdout, started.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        log.push(...lines);
      });
    }
    started.on('error', (error) => log.push(`could not start: ${error.message}`));
    // 'close', not 'exit': only then has the whole log been read.
    started.on('close', () => {
      running.delete(started);
      if (child === started) child = undefined;
    });
  }

  /** A condition for waitFor that stops the waiting when the process has ended. */
  async function waitWhileRunning(condition: () => unknown, timeoutMs: number, what: string): Promise<void> {
    await waitFor(() => child === undefined || condition(), { timeoutMs, what, intervalMs: 25 }).catch(
      (error) => {
        throw new Error(
          `${error instanceof Error ? error.message : String(error)}\nIts log ends:\n${tail()}`,
        );
      },
    );
    if (child === undefined)
      throw new Error(`Node-RED ended while ${what} was awaited. Its log ends:\n${tail()}`);
  }

  const seenSince = (from: number, pattern: RegExp): string | undefined =>
    log.slice(from).find((line) => pattern.test(line));

  async function waitReady(): Promise<void> {
    const flowsKnown = /Started flows|Waiting for missing types/;
    await waitWhileRunning(
      () => seenSince(startedAt, /Server now running/) && seenSince(startedAt, flowsKnown),
      startTimeoutMs,
      'the start of Node-RED',
    );
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const ending = child;
    if (ending === undefined) return null;
    const exited = new Promise<number | null>((resolve) => ending.once('close', resolve));
    ending.kill(signal);
    const force = setTimeout(() => ending.kill('SIGKILL'), 20_000);
    const code = await exited;
    clearTimeout(force);
    return code;
  }

  async function admin(path: string, init: { method?: string; body?: unknown } = {}): Promise<unknown> {
    const response = await fetch(url + path, {
      method: init.method ?? 'GET',
      headers: {
        // Kept alive, it may be closed by a busy Node-RED at the very moment of the next request: "fetch failed".
        connection: 'close',
        accept: 'application/json',
        'content-type': 'application/json',
        'node-red-api-version': 'v2',
        'node-red-deployment-type': 'full',
      },
      ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${init.method ?? 'GET'} ${path} answered ${response.status}: ${text.slice(0, 500)}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async function deploy(flows: readonly object[]): Promise<void> {
    const from = log.length;
    await admin('/flows', { method: 'POST', body: { flows } });
    await waitWhileRunning(
      () => seenSince(from, /Started flows|Waiting for missing types/),
      startTimeoutMs,
      'the start of the deployed flows',
    );
    if (seenSince(from, /Waiting for missing types/))
      throw new Error(`The flows use unknown types:\n${tail()}`);
  }

  async function remove(): Promise<void> {
    await end('SIGTERM');
    temporary?.remove();
  }

  start();
  try {
    await waitReady();
    if (options.flows !== undefined) await deploy(options.flows);
  } catch (error) {
    await end('SIGKILL');
    temporary?.remove();
    throw error;
  }

  return {
    url,
    port,
    userDir,
    major,
    log,
    get pid() {
      return child?.pid;
    },
    waitReady,
    async waitForLog(pattern, { from = 0, timeoutMs = 10_000 } = {}) {
      await waitWhileRunning(() => seenSince(from, pattern), timeoutMs, `the log line ${pattern}`);
      return seenSince(from, pattern) ?? '';
    },
    deploy,
    admin,
    async kill9() {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
    async restart() {
      await end('SIGTERM');
      // Seen once: what was killed had gone, and its port was not free yet. Who supervises Node-RED starts it again then.
      await waitFor(() => isFree(port), { what: `port ${port} to be free again`, timeoutMs: 60_000 });
      start();
      await waitReady();
    },
    remove,
  };
}
