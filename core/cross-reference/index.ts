export { CrossReferenceBook, type SaveOptions } from './book';
export { checkEntry, type EntryInput } from './entry';
export { odooReferences } from './from-odoo';
export {
  CSV_COLUMNS,
  changeWords,
  exportCsv,
  type ImportLine,
  type ImportReport,
  importCsv,
  importEntries,
  meaningWords,
} from './import';
export type {
  Change,
  LookupKey,
  Meaning,
  Reference,
  ReferenceConflict,
  ReferenceEntry,
  ReferenceFilter,
  ReferenceKind,
  ReferencePage,
  ReferenceState,
} from './types';
export { EVERYBODY } from './types';
