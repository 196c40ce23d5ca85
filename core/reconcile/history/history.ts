/** The runs of all reconcilers of a store: their course, what they found, and for how long it is kept. */
import { comeAlive } from '../../delivery';
import { REPLAY_SCHEMA } from '../../replay';
import type { Row, Statement, Store } from '../../store';
import type { Side } from '../engine/job';
import type { Alarm, Cause, CorrectionState, Difference, DifferenceKind, RunSummary } from '../types';
import { type Condition, conditionOf, type DifferenceFilter } from './filter';
import { differenceOf, type OpenRun, openRunOf, summaryOf } from './rows';
import { BEGIN, DIFFERENCE_COLUMNS, RUN_COLUMNS, SCHEMA } from './schema';

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
  readonly total: number;
}

export interface Beginning {
  readonly runId: string;
  readonly reconciler: string;
  readonly name: string;
  readonly about: string;
  readonly keyLabel: string;
  readonly labels: readonly string[];
  readonly asOf: readonly (number | null)[];
  /** The message that asked for it, when it will be delivered again after a crash. */
  readonly triggerKey: string | undefined;
  readonly topic: string | undefined;
  readonly counts: unknown;
}

/** How a difference was called when an earlier run had it. */
export interface Earlier {
  readonly since: number;
  readonly runs: number;
}

/** How many differences are alike. */
export interface Tally {
  readonly kind: DifferenceKind;
  readonly cause: Cause;
  readonly side: Side;
  readonly correction: CorrectionState;
  readonly count: number;
}

/** One run in the course of a reconciler. */
export interface TrendPoint {
  readonly runId: string;
  readonly startedAt: number;
  readonly rate: string;
  readonly value: string;
  readonly alarms: readonly Alarm[];
}

const KEYS_AT_ONCE = 200;
/** Rows that are deleted at a time, and ms between two times. */
const BITE = 500;
const BITE_PAUSE_MS = 20;

export class History {
  private constructor(readonly store: Store) {}

  static async open(store: Store): Promise<History> {
    await comeAlive(store);
    await store.migrate(REPLAY_SCHEMA);
    await store.migrate(SCHEMA);
    return new History(store);
  }

  /** @returns false when another run of this reconciler is not over */
  async begin(run: Beginning): Promise<boolean> {
    const [result] = await this.store.run([
      {
        sql: BEGIN,
        params: [
          run.runId,
          run.reconciler,
          run.name,
          run.about,
          this.store.instanceId,
          run.triggerKey ?? null,
          run.topic ?? null,
          run.keyLabel,
          JSON.stringify(run.labels),
          JSON.stringify(run.asOf),
          JSON.stringify(run.counts),
          run.reconciler,
        ],
      },
    ]);
    return result?.changes === 1;
  }

  /** The run of this reconciler that is not over. */
  async unfinished(reconciler: string): Promise<OpenRun | undefined> {
    const [row] = await this.#rows({
      sql: `SELECT ${RUN_COLUMNS} FROM crossdock_reconcile_run r WHERE r.reconciler = ? AND r.finished_at IS NULL LIMIT 1`,
      params: [reconciler],
    });
    return row === undefined ? undefined : openRunOf(row);
  }

  /** The newest run that this message has asked for. */
  async triggeredBy(reconciler: string, triggerKey: string): Promise<OpenRun | undefined> {
    const [row] = await this.#rows({
      sql: `SELECT ${RUN_COLUMNS} FROM crossdock_reconcile_run r WHERE r.reconciler = ? AND r.trigger_key = ?
        ORDER BY r.started_at DESC LIMIT 1`,
      params: [reconciler, triggerKey],
    });
    return row === undefined ? undefined : openRunOf(row);
  }

  async run(runId: string): Promise<RunSummary | undefined> {
    const [row] = await this.#rows({
      sql: `SELECT ${RUN_COLUMNS} FROM crossdock_reconcile_run r WHERE r.run_id = ?`,
      params: [runId],
    });
    return row === undefined ? undefined : summaryOf(row);
  }

  /** Newest first; of all reconcilers unless one is named. @param after the `next` of the page before */
  async runs(reconciler: string | undefined, limit: number, after?: string): Promise<Page<RunSummary>> {
    const [, at = '', id = ''] = /^(\d{1,15})\/([\w-]{1,60})$/.exec(after ?? '') ?? [];
    const [page, counted] = await this.store.run([
      {
        sql: `SELECT ${RUN_COLUMNS} FROM crossdock_reconcile_run r WHERE ${reconciler === undefined ? '' : 'r.reconciler = ? AND '}
          (r.started_at, r.run_id) < (?, ?) ORDER BY r.started_at DESC, r.run_id DESC LIMIT ?`,
        params: [
          ...(reconciler === undefined ? [] : [reconciler]),
          at === '' ? Number.MAX_SAFE_INTEGER : Number(at),
          id,
          limit + 1,
        ],
      },
      {
        sql: `SELECT count(*) AS n FROM crossdock_reconcile_run ${reconciler === undefined ? '' : 'WHERE reconciler = ?'}`,
        params: reconciler === undefined ? [] : [reconciler],
      },
    ]);
    const items = (page?.rows ?? []).map(summaryOf);
    const last = items.length > limit ? items[limit - 1] : undefined;
    return {
      items: items.slice(0, limit),
      next: last === undefined ? null : `${last.startedAt}/${last.runId}`,
      total: Number(counted?.rows[0]?.['n'] ?? 0),
    };
  }

  /** The reconcilers that have runs. */
  async reconcilers(): Promise<string[]> {
    const rows = await this.#rows({
      sql: 'SELECT DISTINCT reconciler FROM crossdock_reconcile_run ORDER BY reconciler',
    });
    return rows.map((row) => String(row['reconciler']));
  }

  /** The newest runs that came to their end, oldest first. */
  async trend(reconciler: string, limit: number): Promise<TrendPoint[]> {
    const rows = await this.#rows({
      sql: `SELECT run_id, started_at, rate, value, alarms FROM crossdock_reconcile_run
        WHERE reconciler = ? AND state = 'done' ORDER BY started_at DESC, run_id DESC LIMIT ?`,
      params: [reconciler, limit],
    });
    return rows.toReversed().map((row) => ({
      runId: String(row['run_id']),
      startedAt: Number(row['started_at']),
      rate: String(row['rate']),
      value: String(row['value']),
      alarms: JSON.parse(String(row['alarms'])) as Alarm[],
    }));
  }

  /**
   * In the order of their finding, which is that of the keys.
   * @param after the `next` of the page before, or `@<n>`: behind the first n, for whoever leaps far
   */
  async differences(
    runId: string,
    filter: DifferenceFilter,
    limit: number,
    after?: string,
  ): Promise<Page<Difference>> {
    const where = conditionOf(runId, filter);
    const from = /^\d{1,15}$/.test(after ?? '') ? Number(after) : await this.#behind(where, after);
    const [page, counted] = await this.store.run([
      {
        sql: `SELECT ${DIFFERENCE_COLUMNS} FROM crossdock_reconcile_difference WHERE ${where.sql} AND number > ?
          ORDER BY number LIMIT ?`,
        params: [...where.params, from, limit + 1],
      },
      {
        sql: `SELECT count(*) AS n FROM crossdock_reconcile_difference WHERE ${where.sql}`,
        params: where.params,
      },
    ]);
    const items = (page?.rows ?? []).map(differenceOf);
    const last = items.length > limit ? items[limit - 1] : undefined;
    return {
      items: items.slice(0, limit),
      next: last === undefined ? null : String(last.number),
      total: Number(counted?.rows[0]?.['n'] ?? 0),
    };
  }

  /** Number of the last of the first n that match. */
  async #behind(where: Condition, after = ''): Promise<number> {
    const skipped = Number(/^@(\d{1,9})$/.exec(after)?.[1] ?? 0);
    if (skipped === 0) return 0;
    const [row] = await this.#rows({
      sql: `SELECT number FROM crossdock_reconcile_difference WHERE ${where.sql} ORDER BY number LIMIT 1 OFFSET ?`,
      params: [...where.params, skipped - 1],
    });
    return row === undefined ? Number.MAX_SAFE_INTEGER : Number(row['number']);
  }

  async difference(runId: string, number: number): Promise<Difference | undefined> {
    const [row] = await this.#rows({
      sql: `SELECT ${DIFFERENCE_COLUMNS} FROM crossdock_reconcile_difference WHERE run_id = ? AND number = ?`,
      params: [runId, number],
    });
    return row === undefined ? undefined : differenceOf(row);
  }

  /** The run before this one that has come to its end. */
  async before(reconciler: string, startedAt: number): Promise<RunSummary | undefined> {
    const [row] = await this.#rows({
      sql: `SELECT ${RUN_COLUMNS} FROM crossdock_reconcile_run r
        WHERE r.reconciler = ? AND r.started_at < ? AND r.state = 'done' ORDER BY r.started_at DESC LIMIT 1`,
      params: [reconciler, startedAt],
    });
    return row === undefined ? undefined : summaryOf(row);
  }

  /** What a run had found for these keys, by `earlierKey`. */
  async earlier(runId: string, keys: readonly string[]): Promise<Map<string, Earlier>> {
    const found = new Map<string, Earlier>();
    for (let from = 0; from < keys.length; from += KEYS_AT_ONCE) {
      const some = keys.slice(from, from + KEYS_AT_ONCE);
      const rows = await this.#rows({
        sql: `SELECT record_key, kind, instead_of, side, field, since, runs FROM crossdock_reconcile_difference
          WHERE run_id = ? AND record_key IN (${some.map(() => '?').join(', ')})`,
        params: [runId, ...some],
      });
      for (const row of rows) {
        const kind = String(row['instead_of'] ?? row['kind']);
        const key = earlierKey(String(row['record_key']), kind, String(row['side']), String(row['field']));
        found.set(key, { since: Number(row['since']), runs: Number(row['runs']) });
      }
    }
    return found;
  }

  /** How often what occurs: for the console's filters. The most frequent first. */
  async tally(runId: string): Promise<Tally[]> {
    const rows = await this.#rows({
      sql: `SELECT kind, cause, side, correction, count(*) AS n FROM crossdock_reconcile_difference WHERE run_id = ?
        GROUP BY kind, cause, side, correction ORDER BY count(*) DESC LIMIT 1000`,
      params: [runId],
    });
    return rows.map((row) => ({
      kind: String(row['kind']) as DifferenceKind,
      cause: String(row['cause']) as Cause,
      side: String(row['side']) as Side,
      correction: String(row['correction']) as CorrectionState,
      count: Number(row['n']),
    }));
  }

  /** Drops the oldest runs of a reconciler beyond so many, with what they had found, a bit at a time. */
  async keepWithin(reconciler: string, keepRuns: number, stopped: () => boolean): Promise<void> {
    const beyond = await this.#rows({
      sql: `SELECT run_id FROM crossdock_reconcile_run WHERE reconciler = ? AND finished_at IS NOT NULL
        ORDER BY started_at DESC, run_id DESC LIMIT 1000 OFFSET ?`,
      params: [reconciler, keepRuns],
    });
    for (const row of beyond) {
      if (stopped()) return;
      await this.drop(String(row['run_id']), stopped);
    }
  }

  /** Forgets a run. */
  async drop(runId: string, stopped: () => boolean): Promise<void> {
    await this.clear(runId, stopped);
    await this.store.run([
      { sql: 'DELETE FROM crossdock_reconcile_approval WHERE run_id = ?', params: [runId] },
      { sql: 'DELETE FROM crossdock_reconcile_run WHERE run_id = ?', params: [runId] },
    ]);
  }

  /** Forgets what a run has found. */
  async clear(runId: string, stopped: () => boolean): Promise<void> {
    await this.#deleteAll('crossdock_reconcile_difference', 'number', runId, stopped);
    await this.forgetFlights(runId, stopped);
  }

  forgetFlights(runId: string, stopped: () => boolean): Promise<void> {
    return this.#deleteAll('crossdock_reconcile_flight', 'record_key', runId, stopped);
  }

  /** A bit at a time: what else uses the store goes on in between. */
  async #deleteAll(table: string, column: string, runId: string, stopped: () => boolean): Promise<void> {
    const sql = `DELETE FROM ${table} WHERE run_id = ? AND ${column} IN (
      SELECT ${column} FROM ${table} WHERE run_id = ? ORDER BY ${column} LIMIT ?)`;
    for (;;) {
      const [result] = await this.store.run([{ sql, params: [runId, runId, BITE] }]);
      if ((result?.changes ?? 0) < BITE || stopped()) return;
      await new Promise((resolve) => setTimeout(resolve, BITE_PAUSE_MS));
    }
  }

  async #rows(statement: Statement): Promise<readonly Row[]> {
    const [result] = await this.store.run([statement]);
    return result?.rows ?? [];
  }
}

export function earlierKey(key: string, kind: string, side: string, field: string): string {
  return JSON.stringify([key, kind, side, field]);
}
