export * from './decimal';
export * from './identity';
export * from './inventory-level';
export * from './order';
export { findUnsafeKey, type JsonLimits, parseJson } from './parse-json';
export { checkTotals, lineAmount } from './totals';
