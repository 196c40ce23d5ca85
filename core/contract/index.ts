export { builtinContracts, contracts } from './builtin';
export {
  type ContractLife,
  type ContractState,
  checkLife,
  daysLeft,
  lifeHeaders,
  stateOf,
} from './lifecycle';
export { contractOfText, contractText, type OwnContractFacts, ownContract } from './own';
export { type Contract, type ContractRef, ContractRegistry, type ContractSummary } from './registry';
export { asSchema, type DataClass, type JsonSchema } from './schema-tree';
export { problemsToSentence } from './sentences';
