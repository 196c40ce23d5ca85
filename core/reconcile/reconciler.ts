/** One reconciler: begins runs, goes on with what a crash has interrupted, never two at a time. */
import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asCrossdockError, CrossdockError } from '../errors';
import { auditStatement } from '../replay';
import { StatementExpectationError, type Store } from '../store';
import { History } from './history/history';
import type { OpenRun } from './history/rows';
import { END_ANYHOW, TAKE, WAITS } from './history/schema';
import { BEGIN_AGAIN, cleanUp, problemOf, readableAgain, work } from './run';
import { checkSpec, type Spec } from './spec';
import { type Counts, noCounts, type RunSummary } from './types';

export interface ReconcilerOptions {
  readonly store: Store;
  /** Stable; the node's id. */
  readonly id: string;
  readonly name: string;
  /** Where runs keep their files, for example `<userDir>/crossdock-reconcile`. */
  readonly folder: string;
  readonly progress?: (percent: number, counts: Counts) => void;
}

export interface Trigger {
  /** Names the message, when it is delivered again after a crash: the run of the first time is gone on with, or told again. */
  readonly key?: string | undefined;
  readonly topic?: string | undefined;
}

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #stop = new AbortController();
  /** The end of the run that is under way. */
  #running: Promise<unknown> = Promise.resolve();
  #cancel: AbortController | undefined;
  #current: string | undefined;

  private constructor(
    options: ReconcilerOptions,
    readonly history: History,
  ) {
    this.#options = options;
  }

  static async open(options: ReconcilerOptions): Promise<Reconciler> {
    const history = await History.open(options.store);
    const reconciler = new Reconciler(options, history);
    await reconciler.#sweep();
    return reconciler;
  }

  get busy(): boolean {
    return this.#current !== undefined;
  }

  /** The run that is under way here. */
  get current(): string | undefined {
    return this.#current;
  }

  /**
   * Compares, after what is under way has come to its end.
   * @throws CrossdockError CONFIG_INVALID, RECONCILE_BUSY (transient: another process is at it), and what a run throws
   */
  compare(spec: Spec, trigger: Trigger = {}): Promise<RunSummary> {
    const next = this.#running.then(() => this.#compare(spec, trigger));
    this.#running = next.catch(() => undefined);
    return next;
  }

  /**
   * The run that an earlier process has left, gone on with until its end.
   * @returns undefined when there is none, or a message will come again that asks for it
   */
  async resume(spec: Spec): Promise<RunSummary | undefined> {
    const left = await this.history.unfinished(this.#options.id);
    if (left === undefined) return undefined;
    const next = this.#running.then(() => this.#goOn(left, spec, false));
    this.#running = next.catch(() => undefined);
    const ended = await next;
    return left.triggerKey === null ? ended : undefined;
  }

  /** Ends the run that is under way; what it has found is kept. @returns whether there was one */
  async cancel(runId: string, who: string): Promise<boolean> {
    const [result] = await this.#options.store.run([
      { sql: END_ANYHOW, params: ['cancelled', `Cancelled by ${who.slice(0, 100)}.`, runId] },
      auditStatement(who, 'reconciliation.cancelled', { note: runId }),
    ]);
    if (this.#current === runId) this.#cancel?.abort();
    return result?.changes === 1;
  }

  /** Stops; a run that is under way is gone on with by the next instance. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#cancel?.abort();
    await this.#running;
  }

  async #compare(spec: Spec, trigger: Trigger): Promise<RunSummary> {
    checkSpec(spec);
    this.#assertOpen();
    const { id, name } = this.#options;
    const known = trigger.key === undefined ? undefined : await this.history.triggeredBy(id, trigger.key);
    if (known?.summary.state === 'done') return known.summary;
    const left = await this.history.unfinished(id);
    if (left !== undefined) {
      const ended = await this.#goOn(
        left,
        spec,
        trigger.key !== undefined && left.triggerKey === trigger.key,
      );
      if (trigger.key !== undefined && left.triggerKey === trigger.key && ended !== undefined) return ended;
    }
    const runId = randomUUID();
    const begun = await this.history.begin({
      runId,
      reconciler: id,
      name,
      about: spec.about,
      keyLabel: spec.keyLabel,
      labels: spec.sources.map(({ label }) => label),
      asOf: spec.sources.map(() => null),
      triggerKey: trigger.key,
      topic: trigger.topic,
      counts: noCounts(spec.sources.length),
    });
    const open = begun ? await this.history.unfinished(id) : undefined;
    if (open === undefined || open.summary.runId !== runId) throw busy();
    return this.#work(open, spec);
  }

  /**
   * @param here the message that has asked for it is here again
   * @returns undefined when it could not be gone on with, and was ended
   */
  async #goOn(left: OpenRun, spec: Spec, here: boolean): Promise<RunSummary | undefined> {
    this.#assertOpen();
    const { store } = this.#options;
    const { runId } = left.summary;
    const [taken] = await store.run([{ sql: TAKE, params: [store.instanceId, runId, store.instanceId] }]);
    if (taken?.changes !== 1) throw busy();
    const lost =
      !here &&
      left.work === undefined &&
      spec.sources.some((source) => source.kind === 'stream' && !source.again);
    const others = left.summary.labels.length !== spec.sources.length;
    if (lost || others) {
      await this.#end(
        runId,
        'failed',
        lost
          ? 'Node-RED stopped before the message was read; it has to be sent again.'
          : 'The node was changed meanwhile.',
      );
      return undefined;
    }
    const again = await this.history.unfinished(this.#options.id);
    return again === undefined ? undefined : this.#work(again, spec);
  }

  async #work(open: OpenRun, spec: Spec): Promise<RunSummary> {
    const { runId } = open.summary;
    this.#cancel = new AbortController();
    this.#current = runId;
    try {
      const ended = await work({
        history: this.history,
        spec,
        folder: this.#options.folder,
        open,
        signal: this.#cancel.signal,
        progress: (percent, counts) => this.#options.progress?.(percent, counts),
      });
      await this.history.keepWithin(this.#options.id, spec.keepRuns ?? 50, () => this.#stop.signal.aborted);
      return ended;
    } catch (thrown) {
      const error = thrown instanceof StatementExpectationError ? cancelled() : asCrossdockError(thrown);
      if (this.#cancel.signal.aborted && !this.#stop.signal.aborted) {
        await cleanUp(this.#options.folder, runId, this.history);
        throw cancelled();
      }
      // What may pass is gone on with; what a person has to mend is over, and so is what came with a message that is gone.
      const lost = BEGIN_AGAIN.has(error.code) && !spec.sources.every(readableAgain);
      if (!error.retryable || lost) await this.#end(runId, 'failed', problemOf(error));
      else if (!this.#stop.signal.aborted)
        await this.#options.store.run([{ sql: WAITS, params: [problemOf(error), runId] }]);
      throw error;
    } finally {
      this.#current = undefined;
    }
  }

  async #end(runId: string, state: 'failed', problem: string): Promise<void> {
    await this.#options.store.run([{ sql: END_ANYHOW, params: [state, problem, runId] }]);
    await cleanUp(this.#options.folder, runId, this.history);
  }

  /** Folders of runs that are over: a process that was killed could not remove them. */
  async #sweep(): Promise<void> {
    const { folder } = this.#options;
    const names = await readdir(folder).catch(() => []);
    for (const name of names) {
      if (!/^[0-9a-f-]{36}$/.test(name)) continue;
      const run = await this.history.run(name);
      // Of another store's run nothing is known here: its files are left alone.
      if (run !== undefined && run.finishedAt !== null)
        await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
    }
  }

  #assertOpen(): void {
    if (this.#stop.signal.aborted) {
      throw new CrossdockError('The reconciler is closed.', { code: 'RECONCILE_STOPPED', kind: 'transient' });
    }
  }
}

function busy(): CrossdockError {
  return new CrossdockError('Another process is comparing these sources now.', {
    code: 'RECONCILE_BUSY',
    kind: 'transient',
    retryAfterMs: 10_000,
  });
}

function cancelled(): CrossdockError {
  return new CrossdockError('The comparison was cancelled.', {
    code: 'RECONCILE_CANCELLED',
    kind: 'permanent',
  });
}
