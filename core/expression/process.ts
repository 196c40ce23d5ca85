/** One process that runs expressions: started when it is first needed, killed when its time is up. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { processorMs } from './processor-time';
import type { Answer, Batch, Program, Ready, Setup } from './protocol';

/** How a batch ended that gave no answer. */
export interface Ended {
  readonly reason: 'time' | 'memory' | 'closed' | 'died';
  /** Index of the evaluation that was running. */
  readonly at: number;
}

export interface ProcessLimits {
  /** Ms for one evaluation. */
  readonly evaluationMs: number;
  /** Ms for all of a batch. */
  readonly batchMs: number;
  readonly memoryMb: number;
}

/** Ms that a process may take to start; far more than it needs on a loaded machine. */
const START_MS = 20_000;

/** It may read its own code, and write no file and start no program, should an expression ever get out of JSONata. */
const PERMISSIONS: readonly string[] = process.allowedNodeEnvironmentFlags.has('--permission')
  ? ['--permission', '--allow-fs-read=*', '--allow-worker']
  : [];

/** The part of its time that a process which is busy gets at least, on a machine that is not overloaded. */
const STARVED = 0.2;

interface Work {
  readonly batch: Batch;
  readonly tell: (result: Answer | Ended) => void;
  startedAt: number;
  progressAt: number;
  /** Evaluations that have begun. */
  begun: number;
  timer: NodeJS.Timeout;
}

export class EvaluatorProcess {
  readonly #child: ChildProcess;
  readonly #limits: ProcessLimits;
  /** Programs that the process has. */
  readonly #known = new Set<number>();
  readonly #gone: () => void;
  #ready = false;
  /** Processor time that it had used when it was last idle, ms. */
  #cpuMs = 0;
  #work: Work | undefined;
  #why: Ended['reason'] | undefined;

  /** @param gone called once, when no more work can be given to it */
  constructor(setup: Setup, limits: ProcessLimits, gone: () => void) {
    this.#limits = limits;
    let told = false;
    this.#gone = () => {
      if (told) return;
      told = true;
      gone();
    };
    this.#child = fork(join(__dirname, 'evaluator.js'), [JSON.stringify(setup)], {
      // Nothing of the gateway's: no secrets from the environment, no inspector, no loader.
      env: process.platform === 'win32' ? { SystemRoot: process.env['SystemRoot'] } : {},
      execArgv: [`--max-old-space-size=${limits.memoryMb}`, '--max-semi-space-size=2', ...PERMISSIONS],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'pipe'],
    });
    this.#child.on('message', (message: Answer | Ready) => this.#heard(message));
    this.#child.on('error', () => this.#over('died'));
    this.#child.on('exit', (code, signal) => {
      const outOfMemory = signal === 'SIGABRT' || signal === 'SIGTRAP' || code === 134 || code === 5;
      this.#over(outOfMemory ? 'memory' : 'died');
    });
    const lifeline = this.#child.stdio[4] as Readable | null;
    lifeline?.on('data', (bytes: Buffer) => this.#progress(bytes.length));
    lifeline?.on('error', () => undefined);
    this.#idle();
  }

  get busy(): boolean {
    return this.#work !== undefined;
  }

  get hasStarted(): boolean {
    return this.#ready;
  }

  /** How many programs it holds. */
  get programs(): number {
    return this.#known.size;
  }

  /** Programs of these that it has not been given. */
  unknown(keys: Iterable<readonly [number, Program]>): (readonly [number, Program])[] {
    return [...keys].filter(([key]) => !this.#known.has(key));
  }

  /**
   * Runs a batch. The process must not be busy.
   * @throws DataCloneError when an input cannot be handed over; the process is as before
   */
  run(batch: Batch, tell: (result: Answer | Ended) => void): void {
    const now = performance.now();
    const timer = setTimeout(() => this.#look(), this.#ready ? this.#limits.evaluationMs : START_MS);
    const work: Work = { batch, tell, startedAt: now, progressAt: now, begun: 0, timer };
    try {
      this.#child.send(batch, (error) => {
        if (error !== null) this.kill('died');
      });
    } catch (fault) {
      clearTimeout(timer);
      throw fault;
    }
    for (const [key] of batch.programs) this.#known.add(key);
    this.#work = work;
    this.#child.ref();
    this.#child.channel?.ref();
  }

  /** Ends it now, whatever it does. */
  kill(why: Ended['reason'] = 'closed'): void {
    this.#why ??= why;
    this.#child.kill('SIGKILL');
    this.#over(this.#why);
  }

  #heard(message: Answer | Ready): void {
    const work = this.#work;
    this.#cpuMs = message.cpuMs;
    if ('ready' in message) {
      this.#ready = true;
      if (work === undefined) return;
      clearTimeout(work.timer);
      work.startedAt = work.progressAt = performance.now();
      work.timer = setTimeout(() => this.#look(), this.#limits.evaluationMs);
      return;
    }
    if (work === undefined || message.id !== work.batch.id || this.#why !== undefined) return;
    clearTimeout(work.timer);
    this.#work = undefined;
    this.#idle();
    work.tell(message);
  }

  #progress(begun: number): void {
    if (this.#work === undefined) return;
    this.#work.begun += begun;
    this.#work.progressAt = performance.now();
  }

  /** Time may be up. Asked again after this turn's reading: an answer may lie in the pipe while our loop was busy. */
  #look(): void {
    const work = this.#work;
    setImmediate(() => {
      if (work !== undefined && work === this.#work) this.#judge(work);
    });
  }

  #judge(work: Work): void {
    const { evaluationMs, batchMs } = this.#limits;
    const now = performance.now();
    const until = Math.min(work.progressAt + evaluationMs, work.startedAt + batchMs);
    if (this.#ready && now >= until && now < work.startedAt + batchMs && this.#isStarved()) {
      work.timer = setTimeout(() => this.#look(), evaluationMs);
    } else if (!this.#ready || now >= until) this.kill('time');
    else work.timer = setTimeout(() => this.#look(), Math.max(1, until - now));
  }

  /** It has hardly had the processor in its time: the machine is overloaded, and the expression may be innocent. */
  #isStarved(): boolean {
    const used = this.#child.pid === undefined ? undefined : processorMs(this.#child.pid);
    return used !== undefined && used - this.#cpuMs < STARVED * this.#limits.evaluationMs;
  }

  #over(reason: Ended['reason']): void {
    const work = this.#work;
    this.#work = undefined;
    this.#gone();
    this.#idle();
    if (work === undefined) return;
    clearTimeout(work.timer);
    work.tell({ reason: this.#why ?? reason, at: Math.max(0, work.begun - 1) });
  }

  /** A process without work does not keep ours alive. */
  #idle(): void {
    this.#child.unref();
    this.#child.channel?.unref();
    (this.#child.stdio[4] as unknown as { unref?(): void } | null)?.unref?.();
  }
}
