export { compileMapping } from './compile';
export { createMapper, type Mapped, type Mapper, type MapperOptions, type Translation } from './mapper';
export { READY_MAPPINGS, readyMapping } from './ready';
export { TRANSFORM_NAMES } from './transforms';
export type {
  CompiledMapping,
  CompileOptions,
  Condition,
  CrossReferences,
  FaultCause,
  MappingContext,
  MappingProblem,
  MappingResult,
  MappingSpec,
  ReferenceKey,
  Rule,
  Traced,
  TransformSpec,
} from './types';
