/** Transforms of codes: tables in both directions, entries of the message, countries; and what stands in for nothing. */
import { countryCode } from './country';
import { compileSource, isMissing, SpecFault, specPath, textOf, ValueFault } from './frame';
import { compileReader } from './path';
import type { Factories, Transform } from './transform';
import type { JsonScalar, Operand } from './types';
import { compileOperand, type ValueCompiler } from './value';

interface Direction {
  /** What no entry is found for. */
  readonly default?: JsonScalar;
  /** Reads the table from right to left: the key of the first entry with that value. */
  readonly reverse?: boolean;
}

function translate(
  table: ReadonlyMap<string, JsonScalar>,
  { default: otherwise, reverse = false }: Direction,
  compiler: ValueCompiler,
): Transform {
  const entries = reverse ? reversed(table) : table;
  return {
    run: (value) => {
      const key = textOf(value);
      const found = entries.get(key);
      if (found !== undefined) return found;
      if (otherwise !== undefined) return otherwise;
      const known = [...entries.keys()].slice(0, 12).join(', ');
      throw new ValueFault(`${compiler.name(value)} is not one of the known values (${known})`);
    },
  };
}

function reversed(table: ReadonlyMap<string, JsonScalar>): ReadonlyMap<string, JsonScalar> {
  const found = new Map<string, JsonScalar>();
  for (const [key, value] of table) if (!found.has(String(value))) found.set(String(value), key);
  return found;
}

function enumeration(argument: unknown, compiler: ValueCompiler): Transform {
  const { values, ...direction } = argument as Direction & { values: Record<string, JsonScalar> };
  return translate(new Map(Object.entries(values)), direction, compiler);
}

function lookup(argument: unknown, compiler: ValueCompiler): Transform {
  const { table: name, ...direction } = (
    typeof argument === 'string' ? { table: argument } : argument
  ) as Direction & { table: string };
  const table = compiler.tables.get(name);
  if (table === undefined) throw new SpecFault(`there is no table "${name}"`);
  return translate(table, direction, compiler);
}

/** Looks a value up in a list of the message: the entry whose `key` equals it gives `value`. */
function find(argument: unknown, compiler: ValueCompiler): Transform {
  const {
    in: list,
    key,
    value: wanted,
    default: otherwise,
  } = argument as Record<'in' | 'key' | 'value', string> & { default?: JsonScalar };
  const entries = compileSource(list, compiler.scope);
  const readEntryKey = compileReader(specPath(key));
  const read = compileReader(specPath(wanted));
  return {
    run: (value, frame) => {
      const name = textOf(value);
      const all = entries(frame);
      const entry = Array.isArray(all)
        ? all.find((candidate: unknown) => {
            const own = readEntryKey(candidate);
            return !isMissing(own) && typeof own !== 'object' && textOf(own) === name;
          })
        : undefined;
      const result = read(entry);
      if (!isMissing(result)) return result;
      if (otherwise !== undefined) return otherwise;
      throw new ValueFault(`${compiler.name(value)} is not found in ${list}, or has no ${wanted} there`);
    },
  };
}

function country(_argument: unknown, compiler: ValueCompiler): Transform {
  return {
    run: (value) => {
      const code = countryCode(textOf(value));
      if (code === undefined)
        throw new ValueFault(`${compiler.name(value)} is not a country that is known by code or name`);
      return code;
    },
  };
}

function fallback(argument: unknown, compiler: ValueCompiler): Transform {
  const operand = compileOperand(argument as Operand, compiler);
  return { onMissing: true, run: (value, frame) => (isMissing(value) ? operand(frame) : value) };
}

/** The first of several that has a value. */
function coalesce(argument: unknown, compiler: ValueCompiler): Transform {
  const operands = (argument as readonly Operand[]).map((operand) => compileOperand(operand, compiler));
  return {
    onMissing: true,
    run: (value, frame) => {
      if (!isMissing(value)) return value;
      for (const operand of operands) {
        const other = operand(frame);
        if (!isMissing(other)) return other;
      }
      return undefined;
    },
  };
}

export const CODE_TRANSFORMS: Factories = {
  enum: enumeration,
  lookup,
  find,
  country,
  default: fallback,
  coalesce,
};
