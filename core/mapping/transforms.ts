/** The transforms of a mapping by name. Each is compiled once to a closure. */
import { CODE_TRANSFORMS } from './code-transforms';
import { SpecFault } from './frame';
import { LIST_TRANSFORMS } from './list-transforms';
import { NUMBER_TRANSFORMS } from './number-transforms';
import { TEXT_TRANSFORMS } from './text-transforms';
import { TIME_TRANSFORMS } from './time-transforms';
import type { Factory, Transform } from './transform';
import type { TransformSpec } from './types';
import { UNIT_TRANSFORMS } from './unit-transforms';
import type { ValueCompiler } from './value';

const FACTORIES: ReadonlyMap<string, Factory> = new Map(
  [
    TEXT_TRANSFORMS,
    NUMBER_TRANSFORMS,
    TIME_TRANSFORMS,
    CODE_TRANSFORMS,
    UNIT_TRANSFORMS,
    LIST_TRANSFORMS,
  ].flatMap((factories) => Object.entries(factories)),
);

/** Names of all transforms, for the editor and the spec's schema. */
export const TRANSFORM_NAMES: readonly string[] = [...FACTORIES.keys()];

/** Compiles one transform: its name, or `{ name: argument }`. The argument's shape was checked by the spec's schema. */
export function compileTransform(spec: TransformSpec, compiler: ValueCompiler): Transform {
  const [name, argument] =
    typeof spec === 'string' ? [spec, undefined] : (Object.entries(spec)[0] ?? ['', undefined]);
  const factory = FACTORIES.get(name);
  if (factory === undefined) throw new SpecFault(`there is no transform "${name}"`);
  return factory(argument, compiler);
}
