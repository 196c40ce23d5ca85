/** One transaction over the statements of one or several units, sent in one go. */
import { StatementExpectationError, type StatementResult } from '../types';
import { type Command, resultOf } from './dialect';
import { endsSession, isServers } from './errors';
import { type Answer, MIGRATION_LOCK, type Session } from './session';

/** A unit's statements, ready to send. */
export interface Work {
  readonly commands: readonly Command[];
  /** Expected changes, per statement. */
  readonly expects: readonly (number | undefined)[];
  /** Changes the schema: runs alone, one process after the other, and may take its time. */
  readonly patient: boolean;
}

export type Outcome =
  | { readonly type: 'committed'; readonly results: readonly (readonly StatementResult[])[] }
  /** Rolled back. `unit` is the index of the one that failed; -1 when only the commit did. */
  | { readonly type: 'failed'; readonly unit: number; readonly error: Error }
  /** The connection is gone; `unknown` when it is open whether the commit took place. */
  | { readonly type: 'lost'; readonly unknown: boolean; readonly error: Error };

/** Schema changes may build an index over a large table. Ms. */
const PATIENCE_MS = 600_000;

/**
 * Time limits are set inside the transaction and in one message with BEGIN: were it BEGIN that is cancelled, what
 * follows would commit by itself, statement by statement.
 */
function begin(patient: boolean, answerMs: number): Command {
  if (!patient) return { text: `BEGIN; SET LOCAL statement_timeout TO ${Math.round(answerMs * 0.8)}` };
  return {
    text: `BEGIN; SET LOCAL statement_timeout TO ${PATIENCE_MS}; SET LOCAL lock_timeout TO 10000;
      SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`,
  };
}

const COMMIT: Command = { text: 'COMMIT' };

/**
 * Runs all units in one transaction. Optimistic: no savepoints; when any statement fails, all is rolled back and the
 * outcome names the unit, so that the caller can go around it. Never rejects.
 */
export async function transact(session: Session, units: readonly Work[], answerMs: number): Promise<Outcome> {
  const patient = units.some((unit) => unit.patient);
  const silenceMs = patient ? PATIENCE_MS + answerMs : answerMs;
  // What has to be counted before it may be committed costs a second round trip.
  const counted = units.some(({ expects }) => expects.some((expect) => expect !== undefined));
  const statements = units.flatMap(({ commands }) => commands);
  const head = begin(patient, answerMs);
  const answers = await session.exchange(
    counted ? [head, ...statements] : [head, ...statements, COMMIT],
    silenceMs,
  );
  const failure = firstFailure(answers.slice(0, statements.length + 1));
  if (failure === undefined) {
    const results = answers.slice(1, statements.length + 1).map(resultIn);
    const miss = counted ? firstMiss(units, results) : undefined;
    if (miss === undefined) {
      const [end] = counted ? await session.exchange([COMMIT]) : answers.slice(-1);
      return end === undefined
        ? lost(session, true, undefined)
        : committed(session, end, perUnit(units, results));
    }
    await session.exchange([{ text: 'ROLLBACK' }]);
    return { type: 'failed', ...miss };
  }
  if (!session.alive || failure.index === 0 || endsSession(failure.error) || !isServers(failure.error)) {
    session.cut(failure.error);
    // Only what failed in the server keeps what stands behind it from being done. A commit that was sent behind a statement that failed in the server does nothing; behind one whose answer was
    // lost on the way it may have worked.
    return lost(session, !counted, failure.error);
  }
  if (counted) await session.exchange([{ text: 'ROLLBACK' }]);
  return { type: 'failed', unit: unitAt(units, failure.index - 1), error: failure.error };
}

function committed(session: Session, end: Answer, results: StatementResult[][]): Outcome {
  if ('error' in end) {
    return session.alive ? { type: 'failed', unit: -1, error: end.error } : lost(session, true, end.error);
  }
  // COMMIT of an aborted transaction answers ROLLBACK; nothing here may be taken for committed on a guess.
  if (end.result.command === 'COMMIT') return { type: 'committed', results };
  return { type: 'failed', unit: -1, error: new Error('the transaction was rolled back') };
}

function lost(session: Session, unknown: boolean, error: Error | undefined): Outcome {
  const reason = error ?? new Error('the connection was lost');
  session.cut(reason);
  return { type: 'lost', unknown, error: reason };
}

function firstFailure(answers: readonly Answer[]): { index: number; error: Error } | undefined {
  for (const [index, answer] of answers.entries()) {
    if ('error' in answer) return { index, error: answer.error };
  }
  return undefined;
}

function resultIn(answer: Answer): StatementResult {
  return 'error' in answer ? { rows: [], changes: 0 } : resultOf(answer.result);
}

function perUnit(units: readonly Work[], results: readonly StatementResult[]): StatementResult[][] {
  let from = 0;
  return units.map(({ commands }) => {
    const part = results.slice(from, from + commands.length);
    from += commands.length;
    return part;
  });
}

function firstMiss(
  units: readonly Work[],
  results: readonly StatementResult[],
): { unit: number; error: Error } | undefined {
  let at = 0;
  for (const [unit, { expects }] of units.entries()) {
    for (const [index, expected] of expects.entries()) {
      const actual = results[at]?.changes ?? 0;
      at += 1;
      if (expected !== undefined && expected !== actual) {
        return { unit, error: new StatementExpectationError(index, expected, actual) };
      }
    }
  }
  return undefined;
}

function unitAt(units: readonly Work[], statement: number): number {
  let left = statement;
  return units.findIndex(({ commands }) => {
    left -= commands.length;
    return left < 0;
  });
}
