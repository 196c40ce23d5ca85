import { ownerIsGone } from '../delivery';
import type { Migration, Statement } from '../store';

/**
 * One row per target, and one per failure that counts while its circuit is closed. All decisions are made in SQL, since
 * several processes may share a target. `probe_at`: not before then may a message be let through to see whether the
 * target is back. `half-open`: one is on its way, until `probe_until`, fenced by `fence`.
 */
export const CIRCUIT_SCHEMA: Migration = {
  idea: 'circuit-breaker',
  steps: [
    [
      `CREATE TABLE crossdock_circuit (
        target TEXT NOT NULL PRIMARY KEY,
        state TEXT NOT NULL CHECK (state IN ('closed', 'open', 'half-open')),
        opened_at BIGINT,
        probe_at BIGINT NOT NULL,
        probe_owner TEXT,
        probe_until BIGINT,
        fence BIGINT NOT NULL,
        error TEXT)`,
      `CREATE TABLE crossdock_circuit_failure (
        seq {serial},
        target TEXT NOT NULL,
        failed_at BIGINT NOT NULL)`,
      'CREATE INDEX crossdock_circuit_failure_target ON crossdock_circuit_failure (target, failed_at)',
    ],
  ],
};

/** How long a probe may take before another one is sent: longer than a message may usually stay in the flow. */
const PROBE_MS = 10 * 60_000;

const STATE = `SELECT state, opened_at, probe_at, error, {now} AS now,
    (SELECT count(*) FROM crossdock_circuit_failure f WHERE f.target = c.target) AS failures
  FROM crossdock_circuit c WHERE target = ?`;

const BEGIN = `INSERT INTO crossdock_circuit (target, state, probe_at, fence) VALUES (?, 'closed', 0, 0)
  ON CONFLICT (target) DO NOTHING`;

const FAILED = `INSERT INTO crossdock_circuit_failure (target, failed_at)
  SELECT target, {now} FROM crossdock_circuit WHERE target = ? AND state = 'closed'`;
/** Failures that are too old to count. */
const FORGET_OLD = 'DELETE FROM crossdock_circuit_failure WHERE target = ? AND failed_at < {now} - ?';
const OPEN = `UPDATE crossdock_circuit
  SET state = 'open', opened_at = {now}, probe_at = {now} + ?, probe_owner = NULL, error = ?
  WHERE target = ? AND state = 'closed'
    AND (SELECT count(*) FROM crossdock_circuit_failure f WHERE f.target = crossdock_circuit.target) >= ?`;
/** Once it is open they have done their work. */
const FORGET_COUNTED = `DELETE FROM crossdock_circuit_failure WHERE target = ?
  AND EXISTS (SELECT 1 FROM crossdock_circuit c WHERE c.target = crossdock_circuit_failure.target AND c.state <> 'closed')`;
const FORGET_ALL = 'DELETE FROM crossdock_circuit_failure WHERE target = ?';

/** Exactly one process gets the probe, and it is the only one on its way. */
const CLAIM = `UPDATE crossdock_circuit
  SET state = 'half-open', probe_owner = ?, probe_until = {now} + ${PROBE_MS}, probe_at = {now} + ?, fence = fence + 1
  WHERE target = ? AND state <> 'closed' AND probe_at <= {now}
    AND (probe_owner IS NULL OR probe_until < {now} OR ${ownerIsGone('probe_owner')})
  RETURNING fence`;
const PROBE_GOOD = `UPDATE crossdock_circuit SET state = 'closed', probe_owner = NULL, error = NULL
  WHERE target = ? AND fence = ? AND state = 'half-open'`;
const PROBE_BAD = `UPDATE crossdock_circuit
  SET state = 'open', probe_owner = NULL, probe_at = {now} + ?, error = ?
  WHERE target = ? AND fence = ? AND state = 'half-open'`;
/** It told nothing: the next one goes when it would have gone anyway. */
const PROBE_VOID = `UPDATE crossdock_circuit SET state = 'open', probe_owner = NULL
  WHERE target = ? AND fence = ? AND state = 'half-open'`;

/** The units of a circuit; the state stands in the last result of each. */
export const circuitUnits = {
  begin: (target: string): Statement[] => [{ sql: BEGIN, params: [target] }, state(target)],
  look: (target: string): Statement[] => [state(target)],
  failed: (
    target: string,
    { failures, windowMs, probeMs }: { failures: number; windowMs: number; probeMs: number },
    error: string,
  ): Statement[] => [
    { sql: FORGET_OLD, params: [target, windowMs] },
    { sql: FAILED, params: [target] },
    { sql: OPEN, params: [probeMs, error, target, failures] },
    { sql: FORGET_COUNTED, params: [target] },
    state(target),
  ],
  answered: (target: string): Statement[] => [{ sql: FORGET_ALL, params: [target] }, state(target)],
  claim: (target: string, owner: string, probeMs: number): Statement[] => [
    { sql: CLAIM, params: [owner, probeMs, target] },
    state(target),
  ],
  probeGood: (target: string, fence: number): Statement[] => [
    { sql: PROBE_GOOD, params: [target, fence] },
    state(target),
  ],
  probeBad: (target: string, fence: number, probeMs: number, error: string): Statement[] => [
    { sql: PROBE_BAD, params: [probeMs, error, target, fence] },
    state(target),
  ],
  probeVoid: (target: string, fence: number): Statement[] => [
    { sql: PROBE_VOID, params: [target, fence] },
    state(target),
  ],
} as const;

function state(target: string): Statement {
  return { sql: STATE, params: [target] };
}
