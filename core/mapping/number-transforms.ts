/** Transforms of numbers: read exactly, calculated exactly, written as the other side wants them. */
import { type DecimalValue, decimal, toFixedDigits } from '../canonical/decimal';
import type { OrderLine } from '../canonical/order';
import { lineAmount } from '../canonical/totals';
import { compileDigits, type Frame, isMissing, SpecFault, textOf, ValueFault } from './frame';
import { type Factories, type Factory, number, type Transform } from './transform';
import type { Operand } from './types';
import { compileOperand, type ValueCompiler } from './value';

type Digits = number | 'currency';

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

interface DecimalFormat {
  readonly mark?: '.' | ',';
  readonly group?: string;
  readonly implied?: number;
}

function parseDecimal(argument: unknown, compiler: ValueCompiler): Transform {
  const { mark = '.', group = '', implied = 0 } = (argument ?? {}) as DecimalFormat;
  if (mark === group) throw new SpecFault('the decimal mark and the group mark must differ');
  const plain = mark === '.' && group === '';
  const read = (value: unknown): DecimalValue => {
    if (typeof value !== 'string') return number(value, compiler);
    // ERP systems write the sign of a negative amount behind it.
    const text = value.endsWith('-') ? `-${value.slice(0, -1).trim()}` : value;
    if (plain) return number(text, compiler);
    const ungrouped = group === '' ? text : text.replaceAll(group, '');
    if (mark !== '.' && ungrouped.includes('.'))
      throw new ValueFault(`${compiler.name(value)} is not a number with decimal mark ${mark}`);
    return number(ungrouped.replace(mark, '.'), compiler);
  };
  if (implied === 0) return { run: read };
  const factor = decimal('10').pow(implied);
  return {
    run: (value) => {
      const found = read(value);
      if (!found.round(0, 0).eq(found))
        throw new ValueFault(
          `${compiler.name(value)} has a decimal mark, although the last ${implied} digits are the decimals`,
        );
      return found.div(factor);
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

/** A number of JSON: for partners that want no text. Refused where digits would be lost. */
function jsonNumber(_argument: unknown, compiler: ValueCompiler): Transform {
  return {
    run: (value) => {
      const read = number(value, compiler);
      const result = read.toNumber();
      if (!number(result, compiler).eq(read))
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
      const text = toFixedDigits(number(value, compiler), figures(frame));
      if (implied) return text.replace('.', '').replace(/^(-?)0+(?=\d)/, '$1');
      const [whole = '', fraction] = text.split('.');
      const grouped = group === '' ? whole : whole.replace(/\B(?=(?:\d{3})+$)/g, group);
      return fraction === undefined ? grouped : `${grouped}${mark}${fraction}`;
    },
  };
}

/** Reads a list's entries as decimals and brings them together; undefined of none. */
function aggregate(join: (values: DecimalValue[]) => DecimalValue | undefined): Factory {
  return (_argument, compiler) => ({
    run: (value) =>
      join(
        (Array.isArray(value) ? (value as unknown[]) : [value])
          .filter((entry) => !isMissing(entry))
          .map((entry) => number(entry, compiler)),
      ),
  });
}

function addUp(values: DecimalValue[]): DecimalValue {
  return values.reduce((total, value) => total.plus(value), decimal('0'));
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
      return toFixedDigits(number(value, compiler), figures, Math.min(figures, least(frame)));
    },
  };
}

function digitsOf(wanted: Digits, compiler: ValueCompiler): (frame: Frame) => number {
  return wanted === 'currency' ? compileDigits(compiler.scope) : () => wanted;
}

function divide(a: DecimalValue, b: DecimalValue): DecimalValue {
  if (b.eq(0)) throw new ValueFault('the value cannot be divided by 0');
  return a.div(b);
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
      (Array.isArray(value) ? (value as Partial<OrderLine>[]) : [])
        .filter(
          (line): line is OrderLine =>
            line.quantity?.current !== undefined &&
            line.unitPrice?.amount !== undefined &&
            line.allowancesCharges !== undefined,
        )
        .map((line) => {
          try {
            return lineAmount(line);
          } catch {
            throw new ValueFault('a line has no quantity and price to calculate with');
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
  min: aggregate((values) =>
    values.reduce<DecimalValue | undefined>((a, b) => (a?.lt(b) ? a : b), undefined),
  ),
  max: aggregate((values) =>
    values.reduce<DecimalValue | undefined>((a, b) => (a?.gt(b) ? a : b), undefined),
  ),
  average: aggregate((values) => (values.length === 0 ? undefined : addUp(values).div(values.length))),
  add: arithmetic((a, b) => a.plus(b)),
  subtract: arithmetic((a, b) => a.minus(b)),
  multiply: arithmetic((a, b) => a.times(b)),
  divide: arithmetic(divide),
  negate: (_argument, compiler) => ({ run: (value) => number(value, compiler).neg() }),
  abs: (_argument, compiler) => ({ run: (value) => number(value, compiler).abs() }),
  round,
  boolean,
};
