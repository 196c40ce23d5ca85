export { businessKeyOf } from './business-key';
export { type CanonicalProblem, checkCanonical } from './checks';
export * from './decimal';
export type * from './generated';
export * from './identity';
export * from './inventory-level';
export { CANONICAL_NAMES, type CanonicalName, type CanonicalObjects, isCanonical } from './objects';
export { findUnsafeKey, type JsonLimits, parseJson } from './parse-json';
export { checkTotals, lineAmount } from './totals';
