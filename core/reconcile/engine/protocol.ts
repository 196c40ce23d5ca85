/** What the gateway and the process that compares say to each other, and that process to its threads. */
import { asCrossdockError, type ErrorKind } from '../../errors';
import type { Job, MergeState, SideState } from './job';
import type { Batch } from './merge';

export interface Start {
  readonly job: Job;
  readonly sides: readonly SideState[];
  readonly merge: MergeState;
}

/** `kept`: the batch is in the store, the next one may come. */
export type ToEngine = { readonly type: 'start'; readonly start: Start } | { readonly type: 'kept' };

export interface PlainError {
  readonly message: string;
  readonly code: string;
  readonly kind: ErrorKind;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

export type FromEngine =
  | { readonly type: 'side'; readonly index: number; readonly state: SideState }
  | { readonly type: 'batch'; readonly batch: Batch }
  | { readonly type: 'failed'; readonly error: PlainError };

export type FromThread =
  | { readonly type: 'state'; readonly state: SideState }
  | { readonly type: 'failed'; readonly error: PlainError };

export function plainError(thrown: unknown): PlainError {
  const { message, code, kind, facts } = asCrossdockError(thrown);
  return { message, code, kind, facts };
}
