import { asCrossdockError, CrossdockError } from '../../errors/index';

interface Entry<Result> {
  readonly id: number;
  readonly promise: Promise<Result>;
  readonly resolve: (value: Result) => void;
  readonly reject: (error: CrossdockError) => void;
}

/**
 * Gathers work for single records into calls for many: what comes while a call is under way goes together in the next
 * one. The same record, asked for again before it is settled, gets the same answer.
 */
export class Batches<Result> {
  private readonly queue: Entry<Result>[] = [];
  private readonly pending = new Map<number, Entry<Result>>();
  private active = false;
  private closed = false;

  /**
   * @param run does the work of one batch; the result has an outcome for every id. May reject for all of them.
   * @param size of a batch at most
   */
  constructor(
    private readonly run: (ids: readonly number[]) => Promise<ReadonlyMap<number, Result | CrossdockError>>,
    private readonly size: number,
  ) {}

  /** Rejects with what the batch found for it, and with ODOO_CLOSED (transient) when it was never sent. */
  submit(id: number): Promise<Result> {
    if (this.closed) return Promise.reject(closedError());
    const same = this.pending.get(id);
    if (same !== undefined) return same.promise;
    let resolve!: Entry<Result>['resolve'];
    let reject!: Entry<Result>['reject'];
    const promise = new Promise<Result>((onResolve, onReject) => {
      resolve = onResolve;
      reject = onReject;
    });
    const entry = { id, promise, resolve, reject };
    this.pending.set(id, entry);
    this.queue.push(entry);
    this.schedule();
    return promise;
  }

  /** Rejects what is queued, and resolves when what is under way has been settled. */
  async close(): Promise<void> {
    this.closed = true;
    for (const entry of this.queue.splice(0)) this.settle(entry, closedError());
    await Promise.allSettled([...this.pending.values()].map(({ promise }) => promise));
  }

  /** After the current turn of the event loop, so that what was submitted together goes together. */
  private schedule(): void {
    if (this.active) return;
    this.active = true;
    setImmediate(() => {
      const entries = this.queue.splice(0, this.size);
      this.batch(entries)
        .catch((thrown: unknown) => {
          for (const entry of entries) this.settle(entry, asCrossdockError(thrown));
        })
        .finally(() => {
          this.active = false;
          if (this.queue.length > 0) this.schedule();
        });
    });
  }

  private async batch(entries: readonly Entry<Result>[]): Promise<void> {
    if (entries.length === 0) return;
    const outcomes = await this.run(entries.map(({ id }) => id));
    for (const entry of entries) {
      const outcome = outcomes.get(entry.id);
      this.settle(
        entry,
        outcome ??
          new CrossdockError('The order has no result.', { code: 'INTERNAL_ERROR', kind: 'permanent' }),
      );
    }
  }

  private settle(entry: Entry<Result>, outcome: Result | CrossdockError): void {
    if (this.pending.get(entry.id) === entry) this.pending.delete(entry.id);
    if (outcome instanceof CrossdockError) entry.reject(outcome);
    else entry.resolve(outcome);
  }
}

function closedError(): CrossdockError {
  return new CrossdockError('Nothing was invoiced: the flow was stopped or deployed anew.', {
    code: 'ODOO_CLOSED',
    kind: 'transient',
  });
}
