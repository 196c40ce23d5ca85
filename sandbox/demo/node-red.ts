/**
 * Node-RED as a process of its own, kept alive as a service manager would: started again, with growing pauses, when
 * it crashes or is killed; left alone when it was stopped on request.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createWriteStream, existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './home';
import { eachLine } from './lines';

export interface NodeRedOptions {
  readonly userDir: string;
  readonly settingsFile: string;
  readonly logFile: string;
  readonly port: number;
  /** Added to this process's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What a person should read: warnings, errors, restarts. */
  readonly say: (line: string) => void;
  /** Called each time its flows run, so also after a crash, with the new process. */
  readonly onRunning?: (pid: number | undefined) => void;
}

export interface SupervisedNodeRed {
  /** The running process; undefined between two runs and after the end. */
  readonly pid: number | undefined;
  /** How often it was started. */
  readonly starts: number;
  /**
   * Resolves once flows run and HTTP answers, in this run or, after a crash, in the next.
   * Who has just killed it names the process: that it is gone is learnt only a moment later.
   */
  ready(killed?: number): Promise<void>;
  /** Resolves when it has ended for good without our doing: it was stopped from outside. */
  readonly ended: Promise<void>;
  /** SIGTERM, after 20 s SIGKILL; resolves when it is gone. */
  stop(): Promise<void>;
  /** SIGKILL, at once. */
  kill(): void;
}

const STOP_MS = 20_000;
const RESTART_MS = { first: 300, longest: 30_000, calm: 60_000 };
const LOG_BYTES = 5 * 1024 * 1024;
/** The same complaint is repeated on the console once in this time; the log file has them all. */
const REPEAT_MS = 60_000;

/**
 * Starts it; resolves when the flows run. Rejects with the end of its log when the first start fails.
 */
export async function superviseNodeRed(options: NodeRedOptions): Promise<SupervisedNodeRed> {
  const red = new Supervisor(options);
  red.start();
  try {
    await red.ready();
  } catch (error) {
    await red.stop();
    throw error;
  }
  return red;
}

class Supervisor implements SupervisedNodeRed {
  starts = 0;
  readonly ended: Promise<void>;
  private child: ChildProcess | undefined;
  private running = false;
  private stopping = false;
  private failures = 0;
  private restart: NodeJS.Timeout | undefined;
  private readonly changes = new EventEmitter();
  private readonly recent: string[] = [];
  private readonly told = new Map<string, number>();
  private readonly log;

  constructor(private readonly options: NodeRedOptions) {
    const size = existsSync(options.logFile) ? statSync(options.logFile).size : 0;
    if (size > LOG_BYTES) renameSync(options.logFile, `${options.logFile}.1`);
    this.log = createWriteStream(options.logFile, { flags: 'a' });
    // A log that cannot be written (disk full) must not stop what it tells about.
    this.log.on('error', () => undefined);
    this.changes.setMaxListeners(0);
    this.ended = once(this.changes, 'ended').then(() => undefined);
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  start(): void {
    this.starts += 1;
    this.running = false;
    this.recent.length = 0;
    const startedAt = Date.now();
    const redJs = join(projectRoot, 'node_modules', 'node-red', 'red.js');
    const args = ['--require', join(__dirname, 'guardian.js'), redJs];
    const child = spawn(
      process.execPath,
      [...args, '--userDir', this.options.userDir, '--settings', this.options.settingsFile],
      {
        cwd: this.options.userDir,
        env: { ...process.env, ...this.options.env },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        // Its own group: Ctrl-C reaches us alone, and we stop things in their order.
        detached: process.platform !== 'win32',
      },
    );
    this.child = child;
    process.on('exit', this.kill);
    let flows = false;
    let server = false;
    const take = (line: string): void => {
      this.log.write(`${line}\n`);
      this.recent.push(line);
      if (this.recent.length > 30) this.recent.shift();
      flows ||= line.includes('Started flows');
      server ||= line.includes('Server now running');
      if (line.includes('Waiting for missing types')) {
        flows = true;
        this.options.say(
          '  Node-RED: the flows use node types that are not installed; open the editor to see which.',
        );
      }
      if (flows && server && !this.running) {
        this.running = true;
        this.options.onRunning?.(child.pid);
        this.changes.emit('change');
      }
      this.complain(line);
    };
    if (child.stdout !== null) eachLine(child.stdout, take);
    if (child.stderr !== null) eachLine(child.stderr, take);
    child.on('error', (error) => take(`[error] could not be started: ${error.message}`));
    // 'close', not 'exit': only then its last words are read.
    child.on('close', (code, signal) => {
      process.removeListener('exit', this.kill);
      this.child = undefined;
      const wasRunning = this.running;
      this.running = false;
      this.changes.emit('change');
      if (this.stopping || (this.starts === 1 && !wasRunning)) return;
      if (code === 0) {
        this.stopping = true;
        this.changes.emit('ended');
        return;
      }
      this.failures = Date.now() - startedAt > RESTART_MS.calm ? 0 : this.failures + 1;
      const wait = Math.min(RESTART_MS.longest, RESTART_MS.first * 2 ** Math.max(0, this.failures - 1));
      const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
      this.options.say(`Node-RED ${how}; it is started again in ${(wait / 1000).toFixed(1)} s.`);
      this.restart = setTimeout(() => this.start(), wait);
    });
  }

  async ready(killed?: number): Promise<void> {
    while (!this.running || (killed !== undefined && this.pid === killed)) {
      const gone = this.child === undefined && this.restart === undefined;
      if (gone || this.stopping) {
        throw new Error(
          `Node-RED did not start. Its log ends:\n${this.recent.map((line) => `    ${line}`).join('\n')}`,
        );
      }
      await once(this.changes, 'change');
    }
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.restart);
    const child = this.child;
    if (child !== undefined) {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      const force = setTimeout(this.kill, STOP_MS);
      await closed;
      clearTimeout(force);
    }
    this.changes.emit('change');
    await new Promise<void>((resolve) => this.log.end(() => resolve()));
  }

  readonly kill = (): void => {
    this.stopping = true;
    this.child?.kill('SIGKILL');
  };

  /** Passes warnings and errors on to the console, without the time stamp and not over and over. */
  private complain(line: string): void {
    const found = /\[(warn|error|fatal)\] (.*)$/.exec(line);
    const text = found?.[2];
    if (text === undefined || this.stopping || /^Projects disabled/.test(text)) return;
    const now = Date.now();
    if (now - (this.told.get(text) ?? 0) < REPEAT_MS) return;
    if (this.told.size > 500) this.told.clear();
    this.told.set(text, now);
    this.options.say(`  Node-RED: ${text}`);
  }
}
