/**
 * The comparison in a process of its own, with a time and a memory that hold: large schemas take seconds of proving, and
 * patterns in them are other people's. A thread would not do: V8 ends the whole process when one allocation of a thread
 * does not fit its limit.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { CrossdockError } from '../../errors';
import type { Mode, Verdict, Version } from './index';

export interface Question {
  readonly older: readonly Version[];
  readonly newer: Version;
  readonly mode: Mode;
}

export type Answer =
  | { readonly verdict: Verdict }
  | { readonly failed: { readonly message: string; readonly code: string } };

export interface ApartOptions {
  readonly mode?: Mode;
  /** Ms for all of it, the start of the process included. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 20_000;
const MEMORY_MB = 512;
/** Comparisons at once: more would take the machine from the flows. */
const AT_ONCE = 2;
/** It reads its own code, and nothing else is allowed to it. */
const PERMISSIONS: readonly string[] = process.allowedNodeEnvironmentFlags.has('--permission')
  ? ['--permission', '--allow-fs-read=*']
  : [];

let running = 0;

/**
 * As `checkCompatibility`, without holding up this process.
 * @throws CrossdockError COMPARISON_BUSY (transient), COMPARISON_TOO_LARGE when it took too long or too much memory,
 *   CONTRACT_INVALID
 */
export async function checkApart(
  older: readonly Version[],
  newer: Version,
  { mode = 'backward', timeoutMs = TIMEOUT_MS }: ApartOptions = {},
): Promise<Verdict> {
  if (older.length === 0) return { compatible: true, findings: [] };
  if (running >= AT_ONCE) {
    throw new CrossdockError('Other comparisons are being made. Try again in a moment.', {
      code: 'COMPARISON_BUSY',
      kind: 'transient',
      retryAfterMs: 2000,
    });
  }
  running += 1;
  try {
    const answer = await ask({ older, newer, mode }, timeoutMs);
    if ('verdict' in answer) return answer.verdict;
    throw new CrossdockError(answer.failed.message, { code: answer.failed.code, kind: 'permanent' });
  } finally {
    running -= 1;
  }
}

function ask(question: Question, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = fork(join(__dirname, 'comparer.js'), [], {
      // Nothing of the gateway's: no secrets from the environment, no inspector, no loader.
      env: process.platform === 'win32' ? { SystemRoot: process.env['SystemRoot'] } : {},
      execArgv: [`--max-old-space-size=${MEMORY_MB}`, ...PERMISSIONS],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const timer = setTimeout(() => over(tooLarge(`within ${timeoutMs / 1000} seconds`)), timeoutMs);
    const over = (error: CrossdockError): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(error);
    };
    child.once('message', (answer: Answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    // The later of these finds the promise settled.
    child.on('error', () => over(tooLarge('here')));
    child.once('exit', () => over(tooLarge(`with ${MEMORY_MB} MB of memory`)));
    send(child, question, over);
  });
}

function send(child: ChildProcess, question: Question, over: (error: CrossdockError) => void): void {
  child.send(question, (error) => {
    if (error !== null) over(tooLarge('here'));
  });
}

function tooLarge(limit: string): CrossdockError {
  return new CrossdockError(
    `The comparison could not be finished ${limit}. Split the schema, or compare it with npx crossdock contracts check.`,
    { code: 'COMPARISON_TOO_LARGE', kind: 'permanent' },
  );
}
