/**
 * Batches that form by themselves: what arrives while batches are under way gathers, and goes together in the next one
 * (measured on 2 cores: one order per call makes 15-18 orders/s, 25-100 per call 60-80/s). Two are under way at most:
 * while one is in Odoo's load, the other does its look-ups, read-back and confirmation.
 */
import { asCrossdockError, CrossdockError } from '../../errors/index';

/** One piece of work in a batch; ended by exactly one of `resolve` and `reject`, later calls change nothing. */
export interface Job<T, R> {
  readonly key: string;
  readonly work: T;
  readonly promise: Promise<R>;
  resolve(result: R): void;
  reject(error: CrossdockError): void;
}

export interface BatchOptions<T, R> {
  readonly size: number;
  readonly lanes: number;
  /** How long the first job of a batch waits for others, in ms; a full batch goes at once. Default 0. */
  readonly gatherMs?: number | undefined;
  /** Ends every job of the batch, now or later; what it throws ends those that are still open. */
  run(jobs: readonly Job<T, R>[]): Promise<void>;
}

export class Batches<T, R> {
  private readonly queue: Job<T, R>[] = [];
  /** Every job that is queued or under way, by key. */
  private readonly pending = new Map<string, Job<T, R>>();
  private active = 0;
  private scheduled = false;
  private gathering: NodeJS.Timeout | undefined;
  private closed = false;
  /** Jobs per batch now: halved after a time-out, so that a slow Odoo gets done what it can, then grown again. */
  private window: number;

  constructor(private readonly options: BatchOptions<T, R>) {
    this.window = options.size;
  }

  /** Work with the same key as one that is not ended yet gets that one's result. */
  submit(key: string, work: T): Promise<R> {
    if (this.closed) return Promise.reject(closedError());
    const same = this.pending.get(key);
    if (same) return same.promise;
    const job = this.newJob(key, work);
    this.pending.set(key, job);
    this.queue.push(job);
    this.schedule(this.options.gatherMs ?? 0);
    return job.promise;
  }

  shrink(): void {
    this.window = Math.max(1, this.window >> 1);
  }

  grow(): void {
    this.window = Math.min(this.options.size, this.window * 2);
  }

  /** Rejects what is still queued (ODOO_CLOSED, transient) and resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.gathering);
    for (const job of this.queue.splice(0)) job.reject(closedError());
    await Promise.allSettled([...this.pending.values()].map((job) => job.promise));
  }

  private newJob(key: string, work: T): Job<T, R> {
    let resolve!: (result: R) => void;
    let reject!: (error: CrossdockError) => void;
    const promise = new Promise<R>((onResolve, onReject) => {
      resolve = onResolve;
      reject = onReject;
    });
    const release = (): void => {
      if (this.pending.get(key) === job) this.pending.delete(key);
    };
    const job: Job<T, R> = {
      key,
      work,
      promise,
      resolve(result) {
        release();
        resolve(result);
      },
      reject(error) {
        release();
        reject(error);
      },
    };
    return job;
  }

  /**
   * Starts batches after the current turn of the event loop, so that work submitted together goes together, or later.
   * What gathered while others were under way has waited enough.
   */
  private schedule(waitMs: number): void {
    const waits = waitMs > 0 && this.queue.length < this.window;
    if (!waits && this.gathering !== undefined) {
      clearTimeout(this.gathering);
      this.gathering = undefined;
      this.scheduled = false;
    }
    if (this.scheduled) return;
    this.scheduled = true;
    if (waits) this.gathering = setTimeout(() => this.start(), waitMs);
    else setImmediate(() => this.start());
  }

  private start(): void {
    this.gathering = undefined;
    this.scheduled = false;
    while (this.active < this.options.lanes && this.queue.length > 0) {
      const jobs = this.queue.splice(0, this.window);
      this.active += 1;
      this.options
        .run(jobs)
        .catch((thrown: unknown) => {
          for (const job of jobs) job.reject(asCrossdockError(thrown));
        })
        .finally(() => {
          this.active -= 1;
          if (this.queue.length > 0) this.schedule(0);
        });
    }
  }
}

function closedError(): CrossdockError {
  return new CrossdockError('The order was not sent: the flow was stopped or deployed anew.', {
    code: 'ODOO_CLOSED',
    kind: 'transient',
  });
}
