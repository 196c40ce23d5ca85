/**
 * A process that runs expressions, and nothing else: no environment, no arguments of its parent's, little memory.
 * It is killed when an expression overruns its limit, and may die of one that takes all memory; a thread could not be
 * used, since V8 aborts the whole process when a thread's single allocation does not fit its limit.
 */
import { readSync, writeSync } from 'node:fs';
import { isMainThread, Worker } from 'node:worker_threads';
import { isLargerThan } from './measure';
import { type Batch, LIFELINE, type Program, type Result, type Setup } from './protocol';

type Run = (input: unknown) => unknown;

type Jsonata = (source: string, options: object) => JsonataExpression;
interface JsonataExpression {
  evaluate(input: unknown): Promise<unknown>;
  assign(name: string, value: unknown): void;
}

type Moment = (...given: unknown[]) => unknown;
interface Libraries {
  readonly jsonata: Jsonata | undefined;
  readonly moment: Moment | undefined;
}

const PROGRESS = new Uint8Array(1);

if (isMainThread) main();
else watchParent();

function main(): void {
  const setup = JSON.parse(process.argv[2] ?? '{}') as Setup;
  new Worker(__filename);
  const jsonata = setup.jsonata === '' ? undefined : (require(setup.jsonata) as Jsonata);
  // Loaded by the first expression that needs it, it would find a realm that has been taken apart.
  const moment = setup.moment === '' ? undefined : (require(setup.moment) as Moment);
  harden();
  const programs = new Map<number, Run>();
  process.on('message', (batch: Batch) => {
    run(batch, programs, setup, { jsonata, moment }).then(
      (results) => process.send?.({ id: batch.id, results, cpuMs: cpuMs() }),
      () => process.exit(1),
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ ready: true, cpuMs: cpuMs() });
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A thread that ends the process when the parent is gone: an expression that never ends would outlive it for good. */
function watchParent(): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      if (readSync(LIFELINE, Buffer.alloc(1)) === 0) break;
    } catch (fault) {
      const { code } = fault as NodeJS.ErrnoException;
      // A parent that was killed before it had read all leaves a reset behind.
      if (code === 'EOF' || code === 'ECONNRESET' || code === 'EPIPE') break;
      // Where the line cannot be read in this way, only an idle process notices (by its disconnect).
      if (code !== 'EAGAIN') return;
    }
    Atomics.wait(pause, 0, 0, 500);
  }
  process.kill(process.pid, 'SIGKILL');
}

/** Takes away what leads from a value to the making of functions; batches of different messages share this realm. */
function harden(): void {
  for (const prototype of [Object.prototype, Array.prototype, Function.prototype, String.prototype]) {
    Reflect.deleteProperty(prototype, 'constructor');
  }
  for (const key of [
    '__proto__',
    '__defineGetter__',
    '__defineSetter__',
    '__lookupGetter__',
    '__lookupSetter__',
  ])
    Reflect.deleteProperty(Object.prototype, key);
  Object.preventExtensions(Object.prototype);
}

async function run(
  batch: Batch,
  programs: Map<number, Run>,
  setup: Setup,
  libraries: Libraries,
): Promise<Result[]> {
  for (const [key, program] of batch.programs) programs.set(key, compile(program, setup, libraries));
  const results: Result[] = [];
  for (const [key, input] of batch.evaluations) {
    tellProgress();
    results.push(await evaluate(programs.get(key), input, setup));
  }
  return results;
}

/** By it, the parent knows which evaluation it stops; without it, it takes it for the first one. */
function tellProgress(): void {
  try {
    writeSync(LIFELINE, PROGRESS);
  } catch {
    // The evaluation is more important.
  }
}

function compile(program: Program, { maxSequence }: Setup, { jsonata, moment }: Libraries): Run {
  if (program.language === 'regex') {
    const { source, flags, replace } = program;
    const pattern = new RegExp(source, flags);
    if (replace !== undefined) return (input) => String(input).replace(pattern, replace);
    return (input) => {
      const match = pattern.exec(String(input));
      return match === null ? undefined : Array.from(match, (group) => group ?? null);
    };
  }
  if (jsonata === undefined) throw new Error('without JSONata');
  const expression = jsonata(program.source, { sequence: maxSequence });
  expression.assign('eval', () => {
    throw { code: 'D3120' };
  });
  if (program.nodeRed !== undefined) {
    const { env } = program.nodeRed;
    expression.assign('env', (name: unknown) => (Object.hasOwn(env, String(name)) ? env[String(name)] : ''));
    expression.assign('clone', (value: unknown) => structuredClone(value));
    if (moment !== undefined) expression.assign('moment', (...given: unknown[]) => moment(...given));
  }
  return (input) => expression.evaluate(input);
}

async function evaluate(program: Run | undefined, input: unknown, { maxResult }: Setup): Promise<Result> {
  if (program === undefined) return { failed: 'failed', detail: '' };
  try {
    const value = await program(input);
    if (value === undefined) return { value };
    if (isLambda(value)) return { failed: 'kind', detail: '' };
    if (isLargerThan(value, maxResult)) return { failed: 'size', detail: '' };
    return copyOf(value);
  } catch (fault) {
    return failure(fault);
  }
}

class Refused extends Error {
  constructor(readonly failed: 'kind' | 'unsafe') {
    super(failed);
  }
}

/** A plain copy: without the marks that JSONata puts on its lists, and without what no JSON can hold. */
function copyOf(value: unknown): Result {
  const copy = (part: unknown): unknown => {
    if (typeof part === 'function' || typeof part === 'symbol' || typeof part === 'bigint')
      throw new Refused('kind');
    if (typeof part !== 'object' || part === null) return part;
    if (part instanceof Date) return part.toJSON();
    // A moment: what came in has no functions.
    if ('toISOString' in part && typeof part.toISOString === 'function') return part.toISOString() as unknown;
    if (Array.isArray(part)) return Array.from(part as unknown[], copy);
    if (isLambda(part)) throw new Refused('kind');
    const made: Record<string, unknown> = {};
    for (const key of Object.keys(part)) {
      if (key === '__proto__' || key === 'constructor' || key === 'prototype') throw new Refused('unsafe');
      made[key] = copy((part as Record<string, unknown>)[key]);
    }
    return made;
  };
  try {
    return { value: copy(value) };
  } catch (fault) {
    if (fault instanceof Refused) return { failed: fault.failed, detail: '' };
    return failure(fault);
  }
}

/** A function of JSONata. */
function isLambda(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    ('_jsonata_lambda' in value || '_jsonata_function' in value)
  );
}

function failure(fault: unknown): Result {
  if (fault instanceof RangeError)
    return { failed: /call stack/.test(fault.message) ? 'depth' : 'memory', detail: '' };
  const code = typeof fault === 'object' && fault !== null ? (fault as { code?: unknown }).code : undefined;
  const detail = typeof code === 'string' && /^[A-Z]\d{4}$/.test(code) ? code : '';
  if (detail === 'D2015' || detail === 'D2014') return { failed: 'memory', detail };
  return { failed: detail === 'D1011' ? 'depth' : 'failed', detail };
}
