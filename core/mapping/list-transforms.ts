/** Transforms of lists. */
import { Fixed } from './fixed';
import { isMissing, SpecFault, specPath, textOf } from './frame';
import { compileReader } from './path';
import { bounded, type Factories, type Transform } from './transform';
import type { JsonScalar } from './types';

function join(argument: unknown): Transform {
  const separator = argument as string;
  return {
    run: (value) =>
      Array.isArray(value)
        ? bounded(
            value
              .filter((part) => !isMissing(part))
              .map(textOf)
              .join(separator),
          )
        : value,
  };
}

interface Filter {
  readonly key: string;
  readonly equals?: JsonScalar;
  readonly notEquals?: JsonScalar;
  readonly in?: readonly JsonScalar[];
  readonly exists?: boolean;
}

/** The entries of a list whose member `key` passes every test that is given. */
function filter(argument: unknown): Transform {
  const { key, equals, notEquals, in: among, exists } = argument as Filter;
  const read = compileReader(specPath(key));
  const tests: ((member: unknown) => boolean)[] = [];
  if (equals !== undefined) tests.push((member) => member === equals);
  if (notEquals !== undefined) tests.push((member) => member !== notEquals);
  if (among !== undefined) tests.push((member) => among.includes(member as JsonScalar));
  if (exists !== undefined) tests.push((member) => isMissing(member) !== exists);
  if (tests.length === 0) throw new SpecFault('a filter needs equals, notEquals, in or exists');
  return {
    run: (value) =>
      Array.isArray(value)
        ? value.filter((entry: unknown) => {
            const member = read(entry);
            return tests.every((test) => test(member));
          })
        : undefined,
  };
}

/** One member of every entry of a list. */
function pluck(argument: unknown): Transform {
  const read = compileReader(specPath(argument as string));
  return { run: (value) => (Array.isArray(value) ? value.map((entry: unknown) => read(entry)) : undefined) };
}

function pick(find: (list: readonly unknown[]) => unknown): () => Transform {
  return () => ({ run: (value) => (Array.isArray(value) ? find(value as unknown[]) : value) });
}

export const LIST_TRANSFORMS: Factories = {
  join,
  first: pick((list) => list.find((entry) => !isMissing(entry))),
  last: pick((list) => list.findLast((entry) => !isMissing(entry))),
  distinct: pick((list) => [...new Set(list)]),
  list: () => ({ run: (value) => (Array.isArray(value) ? value : [value]) }),
  count: () => ({
    onMissing: true,
    run: (value) => new Fixed(Array.isArray(value) ? value.length : isMissing(value) ? 0 : 1, 0),
  }),
  filter,
  pluck,
};
