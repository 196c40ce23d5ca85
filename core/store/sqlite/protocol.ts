import type { SqlValue, StatementResult } from '../types';

/** What the driver asks of its worker thread. */
export type Request =
  | WireUnit
  | { readonly id: number; readonly type: 'health' }
  | { readonly id: number; readonly type: 'backup'; readonly file: string }
  | { readonly id: number; readonly type: 'close' };

/** A unit of statements. Lists are cloned faster than objects with names, and units are many. */
export type WireUnit = readonly [id: number, statements: readonly WireStatement[]];

/** A statement with its `{...}` words already replaced, its text by number where it has one. */
export type WireStatement = readonly [sql: number | string, params: readonly SqlValue[], expect?: number];

/** Requests of one turn of the event loop go in one message: cloning and waking cost more than the work itself. */
export interface ToWorker {
  /** Texts that are named by a number from now on. */
  readonly texts: readonly (readonly [number: number, sql: string])[];
  readonly requests: readonly Request[];
}

/** A StatementResult; rows only where there are some. */
export type WireResult = readonly [
  changes: number,
  inserted: number | undefined,
  rows?: StatementResult['rows'],
];

/** Why a unit did not commit, as plain data (Error objects lose their class between threads). */
export type Failure =
  | { readonly type: 'expect'; readonly index: number; readonly expected: number; readonly actual: number }
  | { readonly type: 'sqlite'; readonly errcode: number; readonly message: string };

/** Answers of one commit group go back in one message: the main thread wakes up once per group, not once per unit. */
export type Reply =
  | readonly [id: number, value: readonly WireResult[] | WorkerHealth | null]
  | readonly [id: number, value: undefined, failure: Failure];

export interface WorkerHealth {
  readonly bytes: number;
  readonly lastCommitAt: number | undefined;
  /** Why nothing is written now. */
  readonly refuses: Failure | undefined;
}

export type FromWorker =
  | { readonly type: 'ready'; readonly sqlite: string }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'replies'; readonly replies: readonly Reply[] };
