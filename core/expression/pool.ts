/** Expressions from specs, run by a few processes under limits of time, memory and size. */
import { CrossdockError } from '../errors';
import { isCheapPattern, type PatternCost, patternCost } from './cheap-pattern';
import { checkedAst, invalid, type JsonataParser } from './jsonata-check';
import { isLargerThan } from './measure';
import { type Ended, EvaluatorProcess, type ProcessLimits } from './process';
import type { Answer, Program, Result } from './protocol';
import { ELSEWHERE, NOTHING, type SimpleReader, simplePath } from './simple-path';
import type { Evaluation, Expression, ExpressionEngine, Outcome, RegexOptions } from './types';

export interface PoolOptions {
  /** The file of the JSONata that the runtime ships; without it JSONata is refused. */
  readonly jsonata?: string;
  /** The file of moment, for expressions that get what Node-RED adds to JSONata. */
  readonly moment?: string;
  /** Most processes. Default 2. */
  readonly size?: number;
  /** Ms that one evaluation may take. Default 250. */
  readonly limitMs?: number;
  /** Heap of a process in MB. Default 64. */
  readonly memoryMb?: number;
  /** Largest input of a batch and largest result of one evaluation, in bytes of about its JSON. Default 1 MiB. */
  readonly maxBytes?: number;
  /** Most batches that wait for a process. Default 1000. */
  readonly maxQueued?: number;
}

/** All evaluations of a batch may take as long as so many at their limit. */
const BATCH_FACTOR = 4;
/** Most evaluations of one batch. */
const MAX_EVALUATIONS = 10_000;
/** A process with so many programs is replaced: specs come and go while a gateway runs. */
const MAX_PROGRAMS = 2000;
const MAX_SOURCE = 10_000;
/** Longest list that an expression may make on its way: a single large allocation would end the process. */
const MAX_SEQUENCE = 200_000;

/** How an accepted expression is run. */
interface Accepted {
  readonly key: number;
  readonly program: Program;
  /** Runs it here and now, if that is known to be cheap for this input; ELSEWHERE if not. */
  readonly here: SimpleReader | undefined;
}

interface Job {
  readonly evaluations: readonly (readonly [accepted: Accepted, input: unknown])[];
  readonly resolve: (outcomes: readonly Outcome[]) => void;
}

export class ExpressionPool implements ExpressionEngine {
  readonly #options: Required<PoolOptions>;
  readonly #limits: ProcessLimits;
  readonly #parse: JsonataParser | undefined;
  readonly #accepted = new WeakMap<Expression, Accepted>();
  readonly #processes = new Set<EvaluatorProcess>();
  readonly #queue: Job[] = [];
  #keys = 0;
  #batches = 0;
  #closed = false;

  constructor(options: PoolOptions = {}) {
    const { jsonata = '', moment = '', size = 2, limitMs = 250, memoryMb = 64 } = options;
    const { maxBytes = 1024 * 1024, maxQueued = 1000 } = options;
    this.#options = { jsonata, moment, size, limitMs, memoryMb, maxBytes, maxQueued };
    this.#limits = { evaluationMs: limitMs, batchMs: BATCH_FACTOR * limitMs, memoryMb };
    this.#parse = jsonata === '' ? undefined : (require(jsonata) as JsonataParser);
  }

  /** Processes that run now. */
  get running(): number {
    return this.#processes.size;
  }

  jsonata(source: string): Expression {
    const here = simplePath(checkedAst(this.#parser(source), source));
    return this.#accept({ language: 'jsonata', source }, { language: 'jsonata', source }, here);
  }

  /**
   * As `jsonata`, with what Node-RED adds: $moment, $clone, and $env, which gives these values.
   * Throws CrossdockError EXPRESSION_INVALID.
   */
  nodeRedJsonata(source: string, env: Readonly<Record<string, string>>): Expression {
    checkedAst(this.#parser(source), source, []);
    const program: Program = { language: 'jsonata', source, nodeRed: { env } };
    return this.#accept({ language: 'jsonata', source }, program, undefined);
  }

  #parser(source: string): JsonataParser {
    if (this.#parse === undefined) throw invalid('JSONata is not available here.');
    if (source.length > MAX_SOURCE) throw invalid(`An expression has at most ${MAX_SOURCE} characters.`);
    return this.#parse;
  }

  regex(source: string, { flags = '', replace }: RegexOptions = {}): Expression {
    if (source.length > MAX_SOURCE) throw invalid(`An expression has at most ${MAX_SOURCE} characters.`);
    let pattern: RegExp;
    try {
      pattern = new RegExp(source, flags);
    } catch (fault) {
      const why = fault instanceof Error ? fault.message.replace(/^Invalid regular expression: /, '') : '';
      throw invalid(`The regular expression is faulty: ${why}.`);
    }
    const cost = patternCost(source);
    // $` and the like copy parts of the text, so that the result may grow with its square.
    const simple = cost !== undefined && (replace === undefined || !/\$[`'&<]/.test(replace));
    const here = simple ? runHere(pattern, cost, replace, this.#options.maxBytes) : undefined;
    return this.#accept({ language: 'regex', source }, { language: 'regex', source, flags, replace }, here);
  }

  async evaluate(evaluations: readonly Evaluation[]): Promise<readonly Outcome[]> {
    const outcomes: (Outcome | undefined)[] = evaluations.map((evaluation) => this.atOnce(evaluation));
    const rest: (readonly [Accepted, unknown])[] = [];
    const places: number[] = [];
    evaluations.forEach(({ expression, input }, index) => {
      if (outcomes[index] !== undefined) return;
      const accepted = this.#accepted.get(expression);
      if (accepted === undefined) {
        outcomes[index] = { error: invalid('The expression belongs to another engine.') };
        return;
      }
      rest.push([accepted, input]);
      places.push(index);
    });
    if (rest.length > 0) {
      const found = await this.#send(rest);
      places.forEach((place, index) => {
        outcomes[place] = found[index];
      });
    }
    return outcomes.map((outcome) => outcome ?? { error: notRun() });
  }

  /** Ends all processes; what waits or runs gets EXPRESSION_CLOSED. */
  close(): void {
    this.#closed = true;
    for (const job of this.#queue.splice(0)) job.resolve(job.evaluations.map(() => ({ error: closed() })));
    for (const process of [...this.#processes]) process.kill();
  }

  #accept(expression: Expression, program: Program, here: SimpleReader | undefined): Expression {
    this.#keys += 1;
    this.#accepted.set(expression, { key: this.#keys, program, here });
    return expression;
  }

  atOnce({ expression, input }: Evaluation): Outcome | undefined {
    const value = this.#accepted.get(expression)?.here?.(input) ?? ELSEWHERE;
    return value === ELSEWHERE ? undefined : { value: value === NOTHING ? undefined : value };
  }

  async #send(evaluations: Job['evaluations']): Promise<readonly Outcome[]> {
    const { maxBytes, maxQueued } = this.#options;
    const all = (error: CrossdockError): readonly Outcome[] => evaluations.map(() => ({ error }));
    if (this.#closed) return all(closed());
    if (evaluations.length > MAX_EVALUATIONS) return all(tooLarge(`${MAX_EVALUATIONS} evaluations`));
    // Handing over a large value would hold up everything else: it is not even looked at to its end.
    if (
      isLargerThan(
        evaluations.map(([, input]) => input),
        maxBytes + 16 * evaluations.length,
      )
    )
      return all(tooLarge(`${maxBytes} bytes`));
    if (this.#queue.length >= maxQueued) return all(busy());
    return new Promise((resolve) => {
      this.#queue.push({ evaluations, resolve });
      this.#next();
    });
  }

  /** Gives waiting batches to processes that are idle, or to new ones. */
  #next(): void {
    while (this.#queue.length > 0) {
      const process = this.#idleProcess();
      if (process === undefined) return;
      const job = this.#queue.shift() as Job;
      this.#run(process, job);
    }
  }

  #idleProcess(): EvaluatorProcess | undefined {
    for (const process of this.#processes) {
      if (process.busy) continue;
      if (process.programs < MAX_PROGRAMS) return process;
      process.kill();
    }
    return this.#processes.size < this.#options.size ? this.#start() : undefined;
  }

  #start(): EvaluatorProcess {
    const { jsonata, moment, maxBytes } = this.#options;
    const setup = { jsonata, moment, maxResult: maxBytes, maxSequence: MAX_SEQUENCE };
    const process: EvaluatorProcess = new EvaluatorProcess(setup, this.#limits, () => {
      this.#processes.delete(process);
      setImmediate(() => {
        if (this.#closed) return;
        this.#next();
        // The next message finds a process that has started; one that never started is not tried again unasked.
        if (process.hasStarted && this.#processes.size < this.#options.size) this.#start();
      });
    });
    this.#processes.add(process);
    return process;
  }

  #run(process: EvaluatorProcess, { evaluations, resolve }: Job): void {
    this.#batches += 1;
    const programs = new Map(evaluations.map(([{ key, program }]) => [key, program]));
    const batch = {
      id: this.#batches,
      programs: process.unknown(programs),
      evaluations: evaluations.map(([{ key }, input]) => [key, input] as const),
    };
    try {
      process.run(batch, (result) => {
        resolve(this.#outcomes(result, evaluations.length));
        this.#next();
      });
    } catch (cause) {
      const error = failed(
        'The expression cannot be applied: its input holds what no message can carry.',
        cause,
      );
      resolve(evaluations.map(() => ({ error })));
    }
  }

  #outcomes(result: Answer | Ended, count: number): Outcome[] {
    if ('results' in result) return result.results.map((single) => this.#outcome(single));
    const { limitMs, memoryMb } = this.#options;
    const error = ENDINGS[result.reason](limitMs, memoryMb);
    return Array.from({ length: count }, (_, index) => ({ error: index === result.at ? error : notRun() }));
  }

  #outcome(result: Result): Outcome {
    if (!('failed' in result)) return result;
    const { failed: how, detail } = result;
    if (how === 'memory') return { error: ENDINGS.memory(0, this.#options.memoryMb) };
    if (how === 'size') return { error: resultTooLarge(this.#options.maxBytes) };
    if (how === 'unsafe')
      return { error: failed('The expression gives a field named __proto__, constructor or prototype.') };
    if (how === 'kind') return { error: failed('The expression gives a function, not a value.') };
    if (how === 'depth') return { error: failed('The expression calls itself too often.') };
    return {
      error: failed(
        detail === '' ? 'The expression failed.' : `The expression failed (JSONata error ${detail}).`,
      ),
    };
  }
}

function runHere(
  pattern: RegExp,
  cost: PatternCost,
  replace: string | undefined,
  maxBytes: number,
): SimpleReader {
  return (input) => {
    if (typeof input !== 'string' || !isCheapPattern(cost, input.length)) return ELSEWHERE;
    if (replace !== undefined) {
      // $1 to $9 give no more than the text that is replaced.
      return input.length * (replace.length + 1) > maxBytes ? ELSEWHERE : input.replace(pattern, replace);
    }
    pattern.lastIndex = 0;
    const match = pattern.exec(input);
    return match === null ? NOTHING : Array.from(match, (group: string | undefined) => group ?? null);
  };
}

const ENDINGS: Readonly<Record<Ended['reason'], (limitMs: number, memoryMb: number) => CrossdockError>> = {
  time: (limitMs) =>
    new CrossdockError(
      `The expression was stopped after ${limitMs} ms. Make it simpler: an expression that repeats itself inside a repetition takes very long for some messages.`,
      { code: 'EXPRESSION_TIMEOUT', kind: 'permanent', facts: { limitMs } },
    ),
  memory: (_limitMs, memoryMb) =>
    new CrossdockError(
      `The expression was stopped: it needs more memory than it may have (${memoryMb} MB), or makes a list of more than ${MAX_SEQUENCE} entries.`,
      { code: 'EXPRESSION_MEMORY', kind: 'permanent', facts: { memoryMb } },
    ),
  closed,
  died: () =>
    new CrossdockError('The expression could not be run: its process ended or did not start.', {
      code: 'EXPRESSION_UNAVAILABLE',
      kind: 'transient',
    }),
};

function failed(sentence: string, cause?: unknown): CrossdockError {
  return new CrossdockError(sentence, { code: 'EXPRESSION_FAILED', kind: 'permanent', cause });
}

function tooLarge(most: string): CrossdockError {
  return new CrossdockError(`What the expression is applied to is too large: more than ${most}.`, {
    code: 'EXPRESSION_INPUT_TOO_LARGE',
    kind: 'permanent',
  });
}

function resultTooLarge(maxBytes: number): CrossdockError {
  return new CrossdockError(`What the expression gives is too large: more than ${maxBytes} bytes.`, {
    code: 'EXPRESSION_RESULT_TOO_LARGE',
    kind: 'permanent',
  });
}

function notRun(): CrossdockError {
  return new CrossdockError(
    'The expression was not run, since another one of this message had to be stopped.',
    {
      code: 'EXPRESSION_NOT_RUN',
      kind: 'permanent',
    },
  );
}

function busy(): CrossdockError {
  return new CrossdockError('Too many expressions wait to be run.', {
    code: 'EXPRESSION_BUSY',
    kind: 'transient',
  });
}

function closed(): CrossdockError {
  return new CrossdockError('The expression was not run: the gateway is stopping.', {
    code: 'EXPRESSION_CLOSED',
    kind: 'transient',
  });
}
