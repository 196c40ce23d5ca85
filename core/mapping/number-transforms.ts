/** Transforms of numbers: read exactly, calculated exactly, written as the other side wants them. */
import { toPlain } from '../canonical/decimal';
import type { OrderLine } from '../canonical/order';
import { lineAmount } from '../canonical/totals';
import {
  absolute,
  add,
  compareNums,
  divide,
  Fixed,
  isWhole,
  isZero,
  multiply,
  type Num,
  negate,
  plainText,
  readNum,
  roundedText,
} from './fixed';
import { compileDigits, type Frame, isMissing, SpecFault, textOf, ValueFault } from './frame';
import { type Factories, type Factory, num, type Transform } from './transform';
import type { Operand } from './types';
import { compileOperand, type ValueCompiler } from './value';

type Digits = number | 'currency';

/** A transform of a decimal with an operand. */
function arithmetic(apply: (a: Num, b: Num) => Num): Factory {
  return (argument, compiler) => {
    const operand = compileOperand(argument as Operand, compiler);
    return {
      run: (value, frame) => {
        const other = operand(frame);
        if (isMissing(other))
          throw new ValueFault('the result cannot be calculated: the other number is missing');
        return apply(num(value, compiler), num(other, compiler));
      },
    };
  };
}

interface DecimalFormat {
  readonly mark?: '.' | ',';
  readonly group?: string;
  readonly implied?: number;
}

function parseDecimal(argument: unknown, compiler: ValueCompiler): Transform {
  const { mark = '.', group = '', implied = 0 } = (argument ?? {}) as DecimalFormat;
  if (mark === group) throw new SpecFault('the decimal mark and the group mark must differ');
  const plain = mark === '.' && group === '';
  const read = (value: unknown): Num => {
    if (typeof value !== 'string') return num(value, compiler);
    // ERP systems write the sign of a negative amount behind it.
    const text = value.endsWith('-') ? `-${value.slice(0, -1).trim()}` : value;
    if (plain) return num(text, compiler);
    const ungrouped = group === '' ? text : text.replaceAll(group, '');
    if (mark !== '.' && ungrouped.includes('.'))
      throw new ValueFault(`${compiler.name(value)} is not a number with decimal mark ${mark}`);
    return num(ungrouped.replace(mark, '.'), compiler);
  };
  if (implied === 0) return { run: read };
  const factor = new Fixed(10 ** implied, 0);
  return {
    run: (value) => {
      const found = read(value);
      if (!isWhole(found))
        throw new ValueFault(
          `${compiler.name(value)} has a decimal mark, although the last ${implied} digits are the decimals`,
        );
      return divide(found, factor);
    },
  };
}

function integer(_argument: unknown, compiler: ValueCompiler): Transform {
  return {
    run: (value) => {
      const read = num(value, compiler);
      if (!isWhole(read)) throw new ValueFault(`${compiler.name(value)} is not a whole number`);
      return read;
    },
  };
}

/** A number of JSON: for partners that want no text. Refused where digits would be lost. */
function jsonNumber(_argument: unknown, compiler: ValueCompiler): Transform {
  return {
    run: (value) => {
      const read = num(value, compiler);
      const result = Number(plainText(read));
      const back = readNum(result);
      if (back === undefined || compareNums(back, read) !== 0)
        throw new ValueFault(`${compiler.name(value)} has more digits than a number of JSON can hold`);
      return result;
    },
  };
}

interface NumberFormat {
  readonly digits: Digits;
  readonly mark?: '.' | ',';
  readonly group?: string;
  readonly implied?: boolean;
}

/** The text that a partner's format wants: "1.234,50", or with implied decimals "123450". */
function formatNumber(argument: unknown, compiler: ValueCompiler): Transform {
  const { digits, mark = '.', group = '', implied = false } = argument as NumberFormat;
  if (mark === group) throw new SpecFault('the decimal mark and the group mark must differ');
  const figures = digitsOf(digits, compiler);
  return {
    run: (value, frame) => {
      const text = roundedText(num(value, compiler), figures(frame));
      if (implied) return text.replace('.', '').replace(/^(-?)0+(?=\d)/, '$1');
      const [whole = '', fraction] = text.split('.');
      const grouped = group === '' ? whole : whole.replace(/\B(?=(?:\d{3})+$)/g, group);
      return fraction === undefined ? grouped : `${grouped}${mark}${fraction}`;
    },
  };
}

/** Reads a list's entries as decimals and brings them together; undefined of none. */
function aggregate(join: (values: Num[]) => Num | undefined): Factory {
  return (_argument, compiler) => ({
    run: (value) =>
      join(
        (Array.isArray(value) ? (value as unknown[]) : [value])
          .filter((entry) => !isMissing(entry))
          .map((entry) => num(entry, compiler)),
      ),
  });
}

function addUp(values: Num[]): Num {
  return values.reduce(add, new Fixed(0, 0));
}

function round(argument: unknown, compiler: ValueCompiler): Transform {
  const { digits, min } =
    typeof argument === 'object'
      ? (argument as { digits: Digits; min?: Digits })
      : { digits: argument as Digits };
  const most = digitsOf(digits, compiler);
  const least = min === undefined ? most : digitsOf(min, compiler);
  return {
    run: (value, frame) => {
      const figures = most(frame);
      return roundedText(num(value, compiler), figures, Math.min(figures, least(frame)));
    },
  };
}

function digitsOf(wanted: Digits, compiler: ValueCompiler): (frame: Frame) => number {
  return wanted === 'currency' ? compileDigits(compiler.scope) : () => wanted;
}

function divided(a: Num, b: Num): Num {
  if (isZero(b)) throw new ValueFault('the value cannot be divided by 0');
  return divide(a, b);
}

/** The one of two that comes first: with sign 1 the less, with -1 the greater. */
function extreme(sign: 1 | -1): Factory {
  return aggregate((values) =>
    values.reduce<Num | undefined>(
      (best, value) => (best === undefined || compareNums(value, best) * sign < 0 ? value : best),
      undefined,
    ),
  );
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

/**
 * The amounts of a canonical order's lines, not rounded: quantity times price, less discounts, plus charges. For senders
 * who tell no totals. A line that could not be filled is left out: its own row has told why.
 */
function lineAmounts(): Transform {
  return {
    run: (value) =>
      (Array.isArray(value) ? (value as (Partial<OrderLine> | undefined)[]) : [])
        .filter(
          (line): line is OrderLine =>
            line?.quantity?.current !== undefined &&
            line.unitPrice?.amount !== undefined &&
            Array.isArray(line.allowancesCharges),
        )
        .map((line) => {
          try {
            return toPlain(lineAmount(line));
          } catch {
            throw new ValueFault('a line has a quantity, price or discount that is not a decimal number');
          }
        }),
  };
}

export const NUMBER_TRANSFORMS: Factories = {
  decimal: parseDecimal,
  integer,
  number: jsonNumber,
  lineAmounts,
  formatNumber,
  sum: aggregate(addUp),
  min: extreme(1),
  max: extreme(-1),
  average: aggregate((values) =>
    values.length === 0 ? undefined : divide(addUp(values), new Fixed(values.length, 0)),
  ),
  add: arithmetic(add),
  subtract: arithmetic((a, b) => add(a, negate(b))),
  multiply: arithmetic(multiply),
  divide: arithmetic(divided),
  negate: (_argument, compiler) => ({ run: (value) => negate(num(value, compiler)) }),
  abs: (_argument, compiler) => ({ run: (value) => absolute(num(value, compiler)) }),
  round,
  boolean,
};
