export {
  type Approval,
  type ApprovalRequest,
  approvalsOf,
  approve,
  CORRECTION_HEADER,
  MAX_NUMBERS,
  openApprovals,
  send,
} from './approve';
export {
  ENCODINGS,
  type Encoding,
  FIELD_TYPES,
  type FieldType,
  FORMATS,
  type Format,
  type Period,
  SIDES,
  type Side,
} from './engine/job';
export type { DifferenceFilter } from './history/filter';
export { History, type Page, type Tally, type TrendPoint } from './history/history';
export { assertPlausible, type Plausible } from './plausible';
export { presentOf } from './present';
export { PRESETS, type Preset } from './presets';
export { LEADS, type Lead } from './propose';
export { Reconciler, type ReconcilerOptions, type Trigger } from './reconciler';
export { type OpenFor, openByInbox, redirect, withdraw } from './reconsider';
export { csvReport, htmlReport, jsonReport, type Report } from './report';
export {
  type CompareField,
  checkSpec,
  type FileSource,
  type SourceSpec,
  type Spec,
  type StreamSource,
} from './spec';
export { type Pages, pagesOf } from './spool';
export * from './types';
export { LANGUAGES, type Language, Words } from './words';
