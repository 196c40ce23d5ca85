export { builtinContracts, contracts } from './builtin';
export { type Contract, ContractRegistry } from './registry';
export type { DataClass, JsonSchema } from './schema-tree';
export { problemsToSentence } from './sentences';
