/** The transforms of a mapping: text, decimals, dates, tables. Each is compiled once to a closure. */
import { type DecimalValue, decimal, readDecimal, toFixedDigits } from '../canonical/decimal';
import { keyPart } from '../canonical/identity';
import { countryCode } from './country';
import { DateFault, isZone, toUtc } from './dates';
import {
  compileDigits,
  compileSource,
  type Frame,
  isMissing,
  SpecFault,
  specPath,
  textOf,
  ValueFault,
} from './frame';
import { compileReader } from './path';
import type { JsonScalar, Operand, TransformSpec } from './types';
import { compileOperand, type ValueCompiler } from './value';

export interface Transform {
  /** Whether it also runs when there is no value; else it is passed over. */
  readonly onMissing?: boolean;
  run(value: unknown, frame: Frame): unknown;
}

type Factory = (argument: unknown, compiler: ValueCompiler) => Transform;

const MAX_TEXT = 100_000;

/** Compiles one transform: its name, or `{ name: argument }`. The argument's shape was checked by the spec's schema. */
export function compileTransform(spec: TransformSpec, compiler: ValueCompiler): Transform {
  const [name, argument] =
    typeof spec === 'string' ? [spec, undefined] : (Object.entries(spec)[0] ?? ['', undefined]);
  const factory = FACTORIES.get(name);
  if (factory === undefined) throw new SpecFault(`there is no transform "${name}"`);
  return factory(argument, compiler);
}

/** A transform of one scalar as text. */
function onText(change: (text: string) => unknown): Factory {
  return () => ({ run: (value) => change(textOf(value)) });
}

/** A transform of a decimal with an operand. */
function arithmetic(apply: (a: DecimalValue, b: DecimalValue) => DecimalValue): Factory {
  return (argument, compiler) => {
    const operand = compileOperand(argument as Operand, compiler);
    return {
      run: (value, frame) => {
        const other = operand(frame);
        if (isMissing(other))
          throw new ValueFault('the result cannot be calculated: the other number is missing');
        return apply(number(value, compiler), number(other, compiler));
      },
    };
  };
}

function number(value: unknown, compiler: ValueCompiler): DecimalValue {
  const read = readDecimal(typeof value === 'string' ? value.trim() : value);
  if (read === undefined) throw new ValueFault(`${compiler.name(value)} is not a decimal number`);
  return read;
}

function parseDecimal(argument: unknown, compiler: ValueCompiler): Transform {
  const { mark = '.', group = '' } = (argument ?? {}) as { mark?: string; group?: string };
  if (mark === group) throw new SpecFault('the decimal mark and the group mark must differ');
  if (mark === '.' && group === '') return { run: (value) => number(value, compiler) };
  return {
    run: (value) => {
      if (typeof value !== 'string') return number(value, compiler);
      const ungrouped = group === '' ? value : value.replaceAll(group, '');
      if (mark !== '.' && ungrouped.includes('.'))
        throw new ValueFault(`${compiler.name(value)} is not a number with decimal mark ${mark}`);
      return number(ungrouped.replace(mark, '.'), compiler);
    },
  };
}

function integer(_argument: unknown, compiler: ValueCompiler): Transform {
  return {
    run: (value) => {
      const read = number(value, compiler);
      if (!read.round(0, 0).eq(read)) throw new ValueFault(`${compiler.name(value)} is not a whole number`);
      return read;
    },
  };
}

function boolean(argument: unknown, compiler: ValueCompiler): Transform {
  const words = (argument ?? {}) as { true?: readonly string[]; false?: readonly string[] };
  const yes = new Set((words.true ?? ['true', '1', 'yes', 'y']).map((word) => word.toLowerCase()));
  const no = new Set((words.false ?? ['false', '0', 'no', 'n']).map((word) => word.toLowerCase()));
  return {
    run: (value) => {
      if (typeof value === 'boolean') return value;
      const text = textOf(value).trim().toLowerCase();
      if (yes.has(text)) return true;
      if (no.has(text)) return false;
      throw new ValueFault(`${compiler.name(value)} is neither yes nor no`);
    },
  };
}

function date(argument: unknown, compiler: ValueCompiler): Transform {
  const { zone } = (argument ?? {}) as { zone?: string };
  if (zone !== undefined && !isZone(zone))
    throw new SpecFault(`"${zone}" is not a time zone like Europe/Berlin`);
  return {
    run: (value) => {
      try {
        return toUtc(textOf(value), zone);
      } catch (fault) {
        if (fault instanceof DateFault) throw new ValueFault(`${compiler.name(value)} ${fault.message}`);
        throw fault;
      }
    },
  };
}

function translate(
  table: ReadonlyMap<string, JsonScalar>,
  otherwise: JsonScalar | undefined,
  compiler: ValueCompiler,
): Transform {
  return {
    run: (value) => {
      const key = textOf(value);
      const found = table.get(key);
      if (found !== undefined) return found;
      if (otherwise !== undefined) return otherwise;
      const known = [...table.keys()].slice(0, 12).join(', ');
      throw new ValueFault(`${compiler.name(value)} is not one of the known values (${known})`);
    },
  };
}

function enumeration(argument: unknown, compiler: ValueCompiler): Transform {
  const { values, default: otherwise } = argument as {
    values: Record<string, JsonScalar>;
    default?: JsonScalar;
  };
  return translate(new Map(Object.entries(values)), otherwise, compiler);
}

function lookup(argument: unknown, compiler: ValueCompiler): Transform {
  const { table: name, default: otherwise } =
    typeof argument === 'string'
      ? { table: argument }
      : (argument as { table: string; default?: JsonScalar });
  const table = compiler.tables.get(name);
  if (table === undefined) throw new SpecFault(`there is no table "${name}"`);
  return translate(table, otherwise, compiler);
}

function concat(argument: unknown, compiler: ValueCompiler): Transform {
  const { with: operands, separator = '' } = argument as { with: readonly Operand[]; separator?: string };
  const parts = operands.map((operand) => compileOperand(operand, compiler));
  return {
    onMissing: true,
    run: (value, frame) => {
      const all = [value, ...parts.map((part) => part(frame))].filter((part) => !isMissing(part));
      return bounded(all.map(textOf).join(separator));
    },
  };
}

function removePrefix(argument: unknown, compiler: ValueCompiler): Transform {
  const operand = compileOperand(argument as Operand, compiler);
  return {
    run: (value, frame) => {
      const text = textOf(value);
      const prefix = operand(frame);
      return !isMissing(prefix) && text.startsWith(textOf(prefix)) ? text.slice(textOf(prefix).length) : text;
    },
  };
}

function businessKey(argument: unknown, compiler: ValueCompiler): Transform {
  const parts = (argument as readonly Operand[]).map((operand) => compileOperand(operand, compiler));
  return {
    run: (value, frame) => [...parts.map((part) => keyPart(textOf(part(frame)))), textOf(value)].join(':'),
  };
}

function split(argument: unknown): Transform {
  const { separator, index } = argument as { separator: string; index?: number };
  return {
    run: (value) => {
      const parts = textOf(value)
        .split(separator)
        .map((part) => part.trim());
      return index === undefined ? parts.filter((part) => part !== '') : parts.at(index);
    },
  };
}

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

/** The entries of a list whose member `key` equals a value. */
function filter(argument: unknown): Transform {
  const { key, equals } = argument as { key: string; equals: JsonScalar };
  const read = compileReader(specPath(key));
  return {
    run: (value) =>
      Array.isArray(value) ? value.filter((entry: unknown) => read(entry) === equals) : undefined,
  };
}

/** One member of every entry of a list. */
function pluck(argument: unknown): Transform {
  const read = compileReader(specPath(argument as string));
  return { run: (value) => (Array.isArray(value) ? value.map((entry: unknown) => read(entry)) : undefined) };
}

function addUp(_argument: unknown, compiler: ValueCompiler): Transform {
  return {
    run: (value) => {
      let total = decimal('0');
      for (const entry of Array.isArray(value) ? (value as unknown[]) : [value]) {
        if (!isMissing(entry)) total = total.plus(number(entry, compiler));
      }
      return total;
    },
  };
}

function round(argument: unknown, compiler: ValueCompiler): Transform {
  type Digits = number | 'currency';
  const { digits, min } =
    typeof argument === 'object'
      ? (argument as { digits: Digits; min?: Digits })
      : { digits: argument as Digits };
  const count = (wanted: Digits): ((frame: Frame) => number) =>
    wanted === 'currency' ? compileDigits(compiler.scope) : () => wanted;
  const most = count(digits);
  const least = min === undefined ? most : count(min);
  return {
    run: (value, frame) => {
      const figures = most(frame);
      return toFixedDigits(number(value, compiler), figures, Math.min(figures, least(frame)));
    },
  };
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

function bounded(text: string): string {
  if (text.length > MAX_TEXT)
    throw new ValueFault(`the value becomes a text of more than ${MAX_TEXT} characters`);
  return text;
}

function divide(a: DecimalValue, b: DecimalValue): DecimalValue {
  if (b.eq(0)) throw new ValueFault('the value cannot be divided by 0');
  return a.div(b);
}

const FACTORIES: ReadonlyMap<string, Factory> = new Map<string, Factory>([
  ['trim', onText((text) => text.trim())],
  ['upper', onText((text) => text.toUpperCase())],
  ['lower', onText((text) => text.toLowerCase())],
  ['string', onText((text) => text)],
  ['truncate', (argument) => ({ run: (value) => textOf(value).slice(0, argument as number) })],
  ['prefix', (argument) => ({ run: (value) => `${argument as string}${textOf(value)}` })],
  ['suffix', (argument) => ({ run: (value) => `${textOf(value)}${argument as string}` })],
  ['removePrefix', removePrefix],
  ['concat', concat],
  ['businessKey', businessKey],
  ['split', split],
  ['join', join],
  [
    'first',
    () => ({ run: (value) => (Array.isArray(value) ? value.find((entry) => !isMissing(entry)) : value) }),
  ],
  [
    'count',
    () => ({
      onMissing: true,
      run: (value) => decimal(Array.isArray(value) ? value.length : isMissing(value) ? 0 : 1),
    }),
  ],
  ['filter', filter],
  ['pluck', pluck],
  ['decimal', parseDecimal],
  ['integer', integer],
  ['sum', addUp],
  ['add', arithmetic((a, b) => a.plus(b))],
  ['subtract', arithmetic((a, b) => a.minus(b))],
  ['multiply', arithmetic((a, b) => a.times(b))],
  ['divide', arithmetic(divide)],
  ['negate', (_argument, compiler) => ({ run: (value) => number(value, compiler).neg() })],
  ['abs', (_argument, compiler) => ({ run: (value) => number(value, compiler).abs() })],
  ['round', round],
  ['boolean', boolean],
  ['date', date],
  ['enum', enumeration],
  ['lookup', lookup],
  ['find', find],
  ['country', country],
  ['default', fallback],
]);

/** Names of all transforms, for the editor and the spec's schema. */
export const TRANSFORM_NAMES: readonly string[] = [...FACTORIES.keys()];
