/**
 * One run, from its sources to its report. All that must survive a crash is in its row: which sources are there, which
 * are sorted, how far they are merged, in one unit with what was found until then.
 */
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decimal, readDecimal, toPlain } from '../canonical/decimal';
import { asCrossdockError, CrossdockError } from '../errors';
import type { Statement } from '../store';
import { fileError } from './engine/errors';
import { runEngine } from './engine/host';
import type { Job, MergeState, SideState } from './engine/job';
import { type Batch, NOTHING_MERGED } from './engine/merge';
import { NOTHING_READ } from './engine/spill';
import { apartOf, explain, flightKeys, rateOf } from './explain';
import { FlightBook } from './flight/book';
import type { History } from './history/history';
import { differenceValues, type OpenRun } from './history/rows';
import { BEGIN_ANEW, END, insertDifferences, MERGED, PREPARED, SIDES_READ } from './history/schema';
import { assertPlausible } from './plausible';
import { propose } from './propose';
import { jobOf, type Spec } from './spec';
import { spool } from './spool';
import { type Alarm, type Counts, type Difference, noCounts, type RunSummary } from './types';

const ROWS_PER_STATEMENT = 100;
const DEFAULT_IN_TIME_MS = 0;
const DEFAULT_LATE_MS = 3_600_000;
/** Of the progress, what reading and sorting are. */
const READING = 60;

export interface Run {
  readonly history: History;
  readonly spec: Spec;
  /** Where the folders of runs are. */
  readonly folder: string;
  readonly open: OpenRun;
  readonly signal: AbortSignal;
  /** Told whenever the run has come on. */
  progress(percent: number, counts: Counts): void;
}

export function folderOf(folder: string, runId: string): string {
  // Our own ids, and nothing that leads out of the folder.
  return join(folder, runId.replace(/[^\w-]/g, ''));
}

/**
 * Goes on with a run until its end.
 * @throws CrossdockError RECONCILE_STOPPED, RECONCILE_SOURCE (permanent), and others of the parts; the run is as far as it was
 */
export async function work(run: Run): Promise<RunSummary> {
  const worker = new Worker(run);
  try {
    return await worker.work();
  } catch (error) {
    if (
      !(error instanceof CrossdockError) ||
      !BEGIN_AGAIN.has(error.code) ||
      !run.spec.sources.every(readableAgain)
    )
      throw error;
    // Its files are gone or damaged, or a source has changed under it: what was found is of no use.
    await worker.forget();
    return worker.work();
  }
}

/** What a run cannot go on after: it begins again, where all of its sources can be read again. */
export const BEGIN_AGAIN: ReadonlySet<string> = new Set(['RECONCILE_FILES_LOST', 'RECONCILE_SOURCE_CHANGED']);

export function readableAgain(source: Spec['sources'][number]): boolean {
  return source.kind === 'file' || source.again;
}

interface Work {
  readonly job: Job;
  readonly sides: SideState[];
  readonly merge: MergeState;
}

class Worker {
  readonly #id: string;
  readonly #owner: string;
  readonly #folder: string;
  #work: Work | undefined;
  #counts: Counts;
  #value = decimal('0');
  #next: number;
  #percent = 0;
  #complete = true;
  #book: FlightBook | undefined;
  #before: RunSummary | undefined;
  /** As of when the sources speak. */
  #asOf: readonly (number | null)[];

  constructor(private readonly run: Run) {
    const { summary, work, nextNumber } = run.open;
    this.#id = summary.runId;
    this.#owner = run.history.store.instanceId;
    this.#folder = folderOf(run.folder, this.#id);
    this.#work = work === undefined ? undefined : { ...work, sides: [...work.sides] };
    this.#counts = summary.counts;
    this.#value = readDecimal(summary.value) ?? decimal('0');
    this.#next = nextNumber;
    this.#complete = work?.job.allSeen ?? true;
    this.#asOf = summary.asOf;
  }

  async work(): Promise<RunSummary> {
    const { history, spec, signal } = this.run;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw fileError(error, 'The comparison');
    });
    this.#book = await FlightBook.open(
      history.store,
      this.#id,
      spec.sources.flatMap(({ key = spec.key }) => key),
    );
    const { reconciler, startedAt } = this.run.open.summary;
    this.#before = await history.before(reconciler, startedAt);
    if (this.#work === undefined) await this.#prepare();
    else await this.#assertUnchanged();
    const { job, sides, merge } = this.#work as Work;
    const attempt = { ...job, attempt: this.run.open.attempt };
    for (const [index, state] of sides.entries()) await this.#assertUsable(index, state);
    await runEngine(
      { job: attempt, sides, merge },
      {
        side: (index, state) => this.#side(index, state),
        batch: (batch) => this.#batch(attempt, batch),
      },
      signal,
    );
    return this.#end();
  }

  async #prepare(): Promise<void> {
    const { spec, signal, open } = this.run;
    // Before any source is read: what is settled meanwhile was on its way for the first of them.
    this.#complete = (await this.#book?.note(signal)) ?? true;
    const files: string[] = [];
    const asOf: (number | null)[] = [];
    for (const [index, source] of spec.sources.entries()) {
      if (source.kind === 'file') {
        files.push(source.file);
        asOf.push(await changedAt(source.file, source.label));
        continue;
      }
      const file = join(this.#folder, `source-${index}.jsonl`);
      asOf.push(Date.now());
      await spool(await source.open(signal), file, source.label, source.maxBytes ?? 2e9, signal);
      files.push(file);
    }
    this.#complete = ((await this.#book?.note(signal)) ?? true) && this.#complete;
    this.#asOf = asOf;
    const job = { ...jobOf(spec, this.#folder, files, open.attempt), allSeen: this.#complete };
    this.#work = { job, sides: job.sides.map(() => NOTHING_READ), merge: NOTHING_MERGED };
    await this.#keep({
      sql: PREPARED,
      params: [
        JSON.stringify(job),
        JSON.stringify(this.#work.sides),
        JSON.stringify(NOTHING_MERGED),
        JSON.stringify(asOf),
        this.#id,
        this.#owner,
      ],
      expect: 1,
    });
  }

  /** A file that somebody has written meanwhile is another one: half of each would be compared. */
  async #assertUnchanged(): Promise<void> {
    for (const index of this.run.spec.sources.keys()) await this.#assertSame(index);
  }

  async #assertSame(index: number): Promise<void> {
    const source = this.run.spec.sources[index];
    if (source?.kind !== 'file') return;
    if ((await changedAt(source.file, source.label)) === this.#asOf[index]) return;
    throw new CrossdockError(`${source.label} has changed since the comparison began.`, {
      code: 'RECONCILE_SOURCE_CHANGED',
      kind: 'transient',
    });
  }

  /** Once a source is read to its end, and before anything is held against it. */
  async #assertUsable(index: number, state: SideState): Promise<void> {
    const source = this.run.spec.sources[index];
    if (!state.done || source === undefined) return;
    await this.#assertSame(index);
    assertPlausible(source.plausible ?? {}, {
      label: source.label,
      state,
      rowsBefore: this.#before?.counts.rows[index],
      writtenAt: source.kind === 'file' ? (this.#asOf[index] ?? null) : null,
      now: Date.now(),
    });
  }

  async #side(index: number, state: SideState): Promise<void> {
    const work = this.#work as Work;
    await this.#assertUsable(index, state);
    work.sides[index] = state;
    this.#counts = { ...this.#counts, rows: work.sides.map(({ rows }) => rows) };
    const shares = await Promise.all(
      work.sides.map(async ({ done, offset }, side) =>
        done ? 1 : offset / Math.max(1, await sizeOf(work.job.sides[side]?.file ?? '')),
      ),
    );
    this.#advance((READING * shares.reduce((sum, share) => sum + Math.min(1, share), 0)) / shares.length);
    await this.#keep({
      sql: SIDES_READ,
      params: [
        JSON.stringify(work.sides),
        JSON.stringify(this.#counts),
        this.#percent,
        this.#id,
        this.#owner,
      ],
      expect: 1,
    });
  }

  async #batch(job: Job, batch: Batch): Promise<void> {
    const { history, spec, open } = this.run;
    const { findings, state } = batch;
    // The records that findings go with are read again from the file as they are needed.
    await this.#assertUnchanged();
    const keys = findings.map(({ key }) => key);
    const [flights, earlier] = await Promise.all([
      this.#book?.find(flightKeys(findings)) ?? new Map(),
      this.#before === undefined ? new Map() : history.earlier(this.#before.runId, keys),
    ]);
    const { startedAt } = open.summary;
    const at = new Date(startedAt).toISOString();
    const rules = {
      about: spec.about,
      lead: spec.lead ?? 'first',
      site: spec.site ?? 'main',
      runId: this.#id,
      job,
      at,
    } as const;
    const known = {
      fields: job.fields,
      startedAt,
      inTimeMs: spec.inTimeMs ?? DEFAULT_IN_TIME_MS,
      lateMs: spec.lateMs ?? DEFAULT_LATE_MS,
      flights,
      earlier,
      complete: this.#complete,
    };
    const rows: Difference[] = [];
    let { different, pending } = this.#counts;
    for (const finding of findings) {
      const proposed = new Set<string>();
      const differences = explain(
        finding,
        {
          ...known,
          // One message mends a source's row, however many of its fields differ.
          propose: (one, judged) => {
            if (proposed.has(judged.side)) return null;
            const proposal = propose(rules, one, judged);
            if (proposal !== null) proposed.add(judged.side);
            return proposal;
          },
        },
        this.#next + rows.length,
      );
      if (differences.every(({ kind }) => kind === 'pending')) pending += 1;
      else different += 1;
      this.#value = this.#value.plus(apartOf(differences, job.fields));
      rows.push(...differences);
    }
    const differences = { ...this.#counts.differences };
    for (const { kind } of rows) differences[kind] += 1;
    const { keys: seen, matched, withinTolerance } = state.counts;
    this.#counts = { ...this.#counts, keys: seen, matched, withinTolerance, different, pending, differences };
    this.#next += rows.length;
    const most = Math.max(1, ...this.#counts.rows);
    this.#advance(READING + (100 - READING) * Math.min(1, seen / most));
    const statements: Statement[] = [];
    for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
      const some = rows.slice(from, from + ROWS_PER_STATEMENT);
      statements.push({
        sql: insertDifferences(some.length),
        params: some.flatMap((row) => differenceValues(this.#id, row)),
      });
    }
    await this.#keep(...statements, {
      sql: MERGED,
      params: [
        JSON.stringify(state),
        JSON.stringify(this.#counts),
        toPlain(this.#value),
        this.#next,
        this.#percent,
        this.#id,
        this.#owner,
      ],
      expect: 1,
    });
  }

  async #end(): Promise<RunSummary> {
    const { history, spec } = this.run;
    const rate = rateOf(this.#counts.different, this.#counts.keys);
    const value = toPlain(this.#value);
    const alarms = [alarmOf('rate', spec.alarmRate, rate), alarmOf('value', spec.alarmValue, value)].filter(
      (alarm) => alarm !== undefined,
    );
    await this.#keep({
      sql: END,
      params: [
        'done',
        JSON.stringify(this.#counts),
        rate,
        JSON.stringify(alarms),
        null,
        this.#id,
        this.#owner,
      ],
      expect: 1,
    });
    await cleanUp(this.run.folder, this.#id, history);
    const ended = await history.run(this.#id);
    if (ended === undefined)
      throw new CrossdockError('The run is not there any more.', {
        code: 'RECONCILE_RUN_UNKNOWN',
        kind: 'permanent',
      });
    return ended;
  }

  /** From the beginning, with nothing of what was found. */
  async forget(): Promise<void> {
    const { history, spec } = this.run;
    await history.clear(this.#id, () => false);
    await rm(this.#folder, { recursive: true, force: true });
    this.#work = undefined;
    this.#counts = noCounts(spec.sources.length);
    this.#value = decimal('0');
    this.#next = 1;
    await this.#keep({
      sql: BEGIN_ANEW,
      params: [JSON.stringify(this.#counts), this.#id, this.#owner],
      expect: 1,
    });
  }

  #advance(percent: number): void {
    this.#percent = Math.max(0, Math.min(99, Math.floor(percent)));
    this.run.progress(this.#percent, this.#counts);
  }

  async #keep(...statements: readonly Statement[]): Promise<void> {
    await this.run.history.store.run(statements);
  }
}

/** What a run that is over leaves behind, on disk and in the store. */
export async function cleanUp(folder: string, runId: string, history: History): Promise<void> {
  await rm(folderOf(folder, runId), { recursive: true, force: true }).catch(() => undefined);
  await history.forgetFlights(runId, () => false);
}

function alarmOf(of: Alarm['of'], limit: string | undefined, found: string): Alarm | undefined {
  if (limit === undefined || limit === '') return undefined;
  return decimal(found).gt(decimal(limit)) ? { of, limit, found } : undefined;
}

async function changedAt(file: string, label: string): Promise<number> {
  try {
    return Math.floor((await stat(file)).mtimeMs);
  } catch (error) {
    throw fileError(error, `${label} (${file.slice(file.lastIndexOf('/') + 1)})`);
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Ends a run that cannot go on. */
export function problemOf(error: unknown): string {
  return asCrossdockError(error).message.slice(0, 1000);
}
