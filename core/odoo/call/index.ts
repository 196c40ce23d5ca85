/** Any allowed method of any allowed model, with values as people write them; large reads in pages. */
export { readIds } from './arguments';
export { type CallerOptions, type CallResult, type OdooCall, OdooCaller } from './caller';
export { type FieldFacts, fieldsOf, type ModelFields } from './fields';
export { type Page, type PagesOptions, readDomain, readFieldNames, readPages } from './pages';
export { toPlain, toRfc3339 } from './read-values';
export { type Suggestions, suggest } from './suggest';
export { odooTime } from './write-values';
