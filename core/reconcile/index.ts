export { reconcile } from './reconcile';
export { openReconcileRuns, ReconcileRuns, type ReconcileRunsOptions, type RunSummary } from './runs';
export {
  type CompareField,
  DIFFERENCE_KINDS,
  type Difference,
  type DifferenceKind,
  type FieldType,
  type ReconcileCounts,
  type ReconcileOptions,
  type ReconcileResult,
  type Side,
  type Source,
} from './types';
