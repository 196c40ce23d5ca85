/** The tables of reconciliations and the statements on them. */
import { ownerIsGone } from '../../delivery';
import type { Migration } from '../../store';

export const SCHEMA: Migration = {
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
    // Runs that go on after a crash, causes and corrections. What the first version kept were counts and sentences, which
    // say nothing of these; they are not carried over.
    [
      'DROP TABLE crossdock_reconcile_difference',
      'DROP TABLE crossdock_reconcile_run',
      `CREATE TABLE crossdock_reconcile_run (
        run_id TEXT NOT NULL PRIMARY KEY,
        reconciler TEXT NOT NULL,
        name TEXT NOT NULL,
        about TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('reading', 'comparing', 'done', 'cancelled', 'failed')),
        owner TEXT NOT NULL,
        trigger_key TEXT,
        topic TEXT,
        started_at BIGINT NOT NULL,
        finished_at BIGINT,
        key_label TEXT NOT NULL,
        labels TEXT NOT NULL,
        as_of TEXT NOT NULL,
        progress BIGINT NOT NULL,
        attempt BIGINT NOT NULL,
        job TEXT,
        sides TEXT,
        merge TEXT,
        next_number BIGINT NOT NULL,
        counts TEXT NOT NULL,
        rate TEXT NOT NULL,
        value TEXT NOT NULL,
        alarms TEXT NOT NULL,
        problem TEXT)`,
      'CREATE INDEX crossdock_reconcile_run_time ON crossdock_reconcile_run (reconciler, started_at, run_id)',
      'CREATE INDEX crossdock_reconcile_run_newest ON crossdock_reconcile_run (started_at, run_id)',
      `CREATE INDEX crossdock_reconcile_run_open ON crossdock_reconcile_run (reconciler)
        WHERE finished_at IS NULL`,
      `CREATE INDEX crossdock_reconcile_run_trigger ON crossdock_reconcile_run (reconciler, trigger_key)
        WHERE trigger_key IS NOT NULL`,
      `CREATE TABLE crossdock_reconcile_difference (
        run_id TEXT NOT NULL,
        number BIGINT NOT NULL,
        record_key TEXT NOT NULL,
        kind TEXT NOT NULL,
        instead_of TEXT,
        side TEXT NOT NULL,
        field TEXT NOT NULL,
        expected TEXT,
        found TEXT,
        delta TEXT,
        cause TEXT NOT NULL,
        since BIGINT NOT NULL,
        runs BIGINT NOT NULL,
        correction TEXT NOT NULL CHECK (correction IN ('none', 'proposed', 'approved')),
        handled_by TEXT,
        handled_at BIGINT,
        evidence TEXT NOT NULL,
        proposal TEXT,
        PRIMARY KEY (run_id, number))`,
      'CREATE INDEX crossdock_reconcile_difference_kind ON crossdock_reconcile_difference (run_id, kind, number)',
      'CREATE INDEX crossdock_reconcile_difference_key ON crossdock_reconcile_difference (run_id, record_key)',
      `CREATE INDEX crossdock_reconcile_difference_open ON crossdock_reconcile_difference (run_id, number)
        WHERE correction = 'proposed'`,
      `CREATE INDEX crossdock_reconcile_difference_approved ON crossdock_reconcile_difference (run_id, number)
        WHERE correction = 'approved'`,
      `CREATE TABLE crossdock_reconcile_flight (
        run_id TEXT NOT NULL,
        record_key TEXT NOT NULL,
        place TEXT NOT NULL,
        name TEXT NOT NULL,
        id TEXT NOT NULL,
        since BIGINT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (run_id, record_key, place, id))`,
      `CREATE TABLE crossdock_reconcile_approval (
        approval_id TEXT NOT NULL PRIMARY KEY,
        run_id TEXT NOT NULL,
        chosen TEXT NOT NULL,
        source TEXT NOT NULL,
        wanted BIGINT NOT NULL,
        sent BIGINT NOT NULL,
        who TEXT NOT NULL,
        at BIGINT NOT NULL,
        ended_at BIGINT)`,
      `CREATE INDEX crossdock_reconcile_approval_open ON crossdock_reconcile_approval (at)
        WHERE ended_at IS NULL`,
      'CREATE INDEX crossdock_reconcile_approval_run ON crossdock_reconcile_approval (run_id, at)',
    ],
    // Counts and filters of a run with very many differences, without reading what each of them holds.
    [
      'DROP INDEX crossdock_reconcile_difference_kind',
      `CREATE INDEX crossdock_reconcile_difference_tally
        ON crossdock_reconcile_difference (run_id, kind, cause, side, correction, number)`,
    ],
    // An approval may be withdrawn.
    ['ALTER TABLE crossdock_reconcile_approval ADD COLUMN withdrawn_by TEXT'],
  ],
};

/**
 * A run begins unless another one of its reconciler is not over. Parameters: run, reconciler, name, about, owner,
 * trigger, topic, key label, labels, as of, counts, reconciler.
 */
export const BEGIN = `INSERT INTO crossdock_reconcile_run (run_id, reconciler, name, about, state, owner, trigger_key, topic,
    started_at, key_label, labels, as_of, progress, attempt, next_number, counts, rate, value, alarms)
  SELECT ?, ?, ?, ?, 'reading', ?, ?, ?, {now}, ?, ?, ?, 0, 0, 1, ?, '0', '0', '[]'
  WHERE NOT EXISTS (SELECT 1 FROM crossdock_reconcile_run WHERE reconciler = ? AND finished_at IS NULL)`;

/** Takes over a run whose process is gone, or that is one's own. Parameters: owner, run, owner. */
export const TAKE = `UPDATE crossdock_reconcile_run SET owner = ?, attempt = attempt + 1
  WHERE run_id = ? AND finished_at IS NULL AND (owner = ? OR ${ownerIsGone('owner')})`;

const MINE = 'WHERE run_id = ? AND owner = ? AND finished_at IS NULL';
/** All sources are there to be read. Parameters: job, sides, merge, as of, run, owner. */
export const PREPARED = `UPDATE crossdock_reconcile_run
  SET job = ?, sides = ?, merge = ?, as_of = ?, state = 'comparing' ${MINE}`;
/** Parameters: sides, counts, progress, run, owner. */
export const SIDES_READ = `UPDATE crossdock_reconcile_run SET sides = ?, counts = ?, progress = ? ${MINE}`;
/** Parameters: merge, counts, value, next number, progress, run, owner. */
export const MERGED = `UPDATE crossdock_reconcile_run
  SET merge = ?, counts = ?, value = ?, next_number = ?, progress = ? ${MINE}`;
/** Parameters: state, counts, rate, alarms, problem, run, owner. */
export const END = `UPDATE crossdock_reconcile_run SET state = ?, counts = ?, rate = ?, alarms = ?, problem = ?,
    finished_at = {now}, progress = 100, job = NULL, sides = NULL, merge = NULL ${MINE}`;
/** Parameters: state, problem, run. */
export const END_ANYHOW = `UPDATE crossdock_reconcile_run SET state = ?, problem = ?, finished_at = {now}, job = NULL,
    sides = NULL, merge = NULL WHERE run_id = ? AND finished_at IS NULL`;
/** Why it does not go on for now. Parameters: problem, run. */
export const WAITS =
  'UPDATE crossdock_reconcile_run SET problem = ? WHERE run_id = ? AND finished_at IS NULL';
/** From the beginning again. Parameters: counts, run, owner. */
export const BEGIN_ANEW = `UPDATE crossdock_reconcile_run SET state = 'reading', job = NULL, sides = NULL, merge = NULL,
    next_number = 1, counts = ?, value = '0', progress = 0 ${MINE}`;

const PROPOSED =
  "(SELECT count(*) FROM crossdock_reconcile_difference d WHERE d.run_id = r.run_id AND d.correction = 'proposed')";
const APPROVED =
  "(SELECT count(*) FROM crossdock_reconcile_difference d WHERE d.run_id = r.run_id AND d.correction = 'approved')";
export const RUN_COLUMNS = `r.run_id, r.reconciler, r.name, r.about, r.state, r.trigger_key, r.topic, r.started_at,
  r.finished_at, r.key_label, r.labels, r.as_of, r.progress, r.attempt, r.job, r.sides, r.merge, r.next_number, r.counts,
  r.rate, r.value, r.alarms, r.problem, ${PROPOSED} AS proposed, ${APPROVED} AS approved`;

export const DIFFERENCE_COLUMNS = `number, record_key, kind, instead_of, side, field, expected, found, delta, cause, since, runs,
  correction, handled_by, handled_at, evidence, proposal`;
const DIFFERENCE_VALUES = `(${Array(18).fill('?').join(', ')})`;

/** Inserts so many differences. A number that is there was kept by the process before: the same rows give the same ones. */
export function insertDifferences(rows: number): string {
  return `INSERT INTO crossdock_reconcile_difference (run_id, number, record_key, kind, instead_of, side, field, expected,
      found, delta, cause, since, runs, correction, handled_by, handled_at, evidence, proposal)
    VALUES ${Array(rows).fill(DIFFERENCE_VALUES).join(', ')} ON CONFLICT (run_id, number) DO NOTHING`;
}
/** Parameters: per row run, key, place, name, id, since, detail. */
export function insertFlights(rows: number): string {
  return `INSERT INTO crossdock_reconcile_flight (run_id, record_key, place, name, id, since, detail)
    VALUES ${Array(rows).fill('(?, ?, ?, ?, ?, ?, ?)').join(', ')} ON CONFLICT (run_id, record_key, place, id) DO NOTHING`;
}
