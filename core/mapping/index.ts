export { compileMapping } from './compile';
export {
  createOrderMapper,
  type OrderMapper,
  type OrderMapperOptions,
  READY_MAPPINGS,
  type ReadyMapping,
  readyMapping,
} from './order-mapper';
export { TRANSFORM_NAMES } from './transforms';
export type {
  CompiledMapping,
  CompileOptions,
  Condition,
  ExpressionEngine,
  MappingContext,
  MappingProblem,
  MappingResult,
  MappingSpec,
  Rule,
  TransformSpec,
} from './types';
