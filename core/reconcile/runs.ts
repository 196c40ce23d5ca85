/** The history of comparisons: their counts and differences, for as many runs as are wanted. */
import type { Migration, Row, Statement, Store } from '../store/types';
import type { Difference, DifferenceKind, ReconcileCounts, ReconcileResult, Side } from './types';

const ROWS_PER_STATEMENT = 100;

const migration: Migration = {
  idea: 'reconcile',
  steps: [
    [
      `CREATE TABLE crossdock_reconcile_run (
        run_id TEXT NOT NULL PRIMARY KEY,
        reconciler TEXT NOT NULL,
        started_at BIGINT NOT NULL,
        finished_at BIGINT NOT NULL,
        left_label TEXT NOT NULL,
        right_label TEXT NOT NULL,
        counts TEXT NOT NULL,
        truncated BIGINT NOT NULL)`,
      'CREATE INDEX crossdock_reconcile_run_by_time ON crossdock_reconcile_run (reconciler, started_at, run_id)',
      `CREATE TABLE crossdock_reconcile_difference (
        run_id TEXT NOT NULL,
        number BIGINT NOT NULL,
        record_key TEXT NOT NULL,
        kind TEXT NOT NULL,
        field TEXT NOT NULL,
        left_value TEXT,
        right_value TEXT,
        delta TEXT,
        side TEXT,
        sentence TEXT NOT NULL,
        PRIMARY KEY (run_id, number))`,
    ],
  ],
};

/** A run without its differences. */
export type RunSummary = Omit<ReconcileResult, 'differences'>;

export interface ReconcileRunsOptions {
  /** Runs kept per reconciler; older ones go with their differences. Default 50. */
  readonly keepRuns?: number;
}

/** Opens the history and brings its tables up to date. */
export async function openReconcileRuns(
  store: Store,
  options: ReconcileRunsOptions = {},
): Promise<ReconcileRuns> {
  await store.migrate(migration);
  return new ReconcileRuns(store, options);
}

export class ReconcileRuns {
  readonly #store: Store;
  readonly #keepRuns: number;

  constructor(store: Store, options: ReconcileRunsOptions = {}) {
    this.#store = store;
    this.#keepRuns = Math.max(1, Math.trunc(options.keepRuns ?? 50));
  }

  /** Keeps a run as one unit, and drops what is beyond the retention. Saving the same run again changes nothing. */
  async save(reconciler: string, result: ReconcileResult): Promise<void> {
    const { runId, startedAt, finishedAt, leftLabel, rightLabel, counts, truncated, differences } = result;
    const statements: Statement[] = [
      {
        sql: `INSERT INTO crossdock_reconcile_run
          (run_id, reconciler, started_at, finished_at, left_label, right_label, counts, truncated)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id) DO NOTHING`,
        params: [
          runId,
          reconciler,
          Date.parse(startedAt),
          Date.parse(finishedAt),
          leftLabel,
          rightLabel,
          JSON.stringify(counts),
          truncated ? 1 : 0,
        ],
      },
    ];
    for (let from = 0; from < differences.length; from += ROWS_PER_STATEMENT) {
      const rows = differences.slice(from, from + ROWS_PER_STATEMENT);
      statements.push({
        sql: `INSERT INTO crossdock_reconcile_difference
          (run_id, number, record_key, kind, field, left_value, right_value, delta, side, sentence)
          VALUES ${rows.map(() => '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').join(', ')} ON CONFLICT (run_id, number) DO NOTHING`,
        params: rows.flatMap((row, index) => [
          runId,
          from + index,
          row.key,
          row.kind,
          row.field,
          row.left,
          row.right,
          row.delta,
          row.side ?? null,
          row.sentence,
        ]),
      });
    }
    const beyond = `SELECT run_id FROM crossdock_reconcile_run WHERE reconciler = ?
      ORDER BY started_at DESC, run_id DESC LIMIT 1000000 OFFSET ?`;
    for (const table of ['crossdock_reconcile_difference', 'crossdock_reconcile_run']) {
      statements.push({
        sql: `DELETE FROM ${table} WHERE run_id IN (${beyond})`,
        params: [reconciler, this.#keepRuns],
      });
    }
    await this.#store.run(statements);
  }

  /** The latest runs, newest first. */
  async list(reconciler: string, limit = 50): Promise<RunSummary[]> {
    const [result] = await this.#store.run([
      {
        sql: `SELECT * FROM crossdock_reconcile_run WHERE reconciler = ?
          ORDER BY started_at DESC, run_id DESC LIMIT ?`,
        params: [reconciler, limit],
      },
    ]);
    return result?.rows.map(summary) ?? [];
  }

  /** Differences of a run in the order of their finding. */
  async differences(runId: string, page: { limit?: number; offset?: number } = {}): Promise<Difference[]> {
    const [result] = await this.#store.run([
      {
        sql: `SELECT * FROM crossdock_reconcile_difference WHERE run_id = ? AND number >= ? ORDER BY number LIMIT ?`,
        params: [runId, page.offset ?? 0, page.limit ?? 1000],
      },
    ]);
    return result?.rows.map(difference) ?? [];
  }
}

function summary(row: Row): RunSummary {
  return {
    runId: String(row['run_id']),
    startedAt: new Date(Number(row['started_at'])).toISOString(),
    finishedAt: new Date(Number(row['finished_at'])).toISOString(),
    leftLabel: String(row['left_label']),
    rightLabel: String(row['right_label']),
    counts: JSON.parse(String(row['counts'])) as ReconcileCounts,
    truncated: row['truncated'] === 1,
  };
}

function difference(row: Row): Difference {
  const text = (name: string): string | null => (row[name] === null ? null : String(row[name]));
  const side = text('side');
  return {
    key: String(row['record_key']),
    kind: String(row['kind']) as DifferenceKind,
    field: String(row['field']),
    left: text('left_value'),
    right: text('right_value'),
    delta: text('delta'),
    ...(side === null ? {} : { side: side as Side }),
    sentence: String(row['sentence']),
  };
}
