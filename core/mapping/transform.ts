/** What a transform is, and what several of them need. */
import type { DecimalValue } from '../canonical/decimal';
import { type Num, readNum, toBig } from './fixed';
import { type Frame, textOf, ValueFault } from './frame';
import type { ValueCompiler } from './value';

export interface Transform {
  /** Whether it also runs when there is no value; else it is passed over. */
  readonly onMissing?: boolean;
  /** @throws ValueFault; PENDING when it asks for something from outside (`ask`) */
  run(value: unknown, frame: Frame): unknown;
}

/** Compiles a transform of one name. The argument's shape was checked by the spec's schema. Throws SpecFault. */
export type Factory = (argument: unknown, compiler: ValueCompiler) => Transform;

/** Transforms by name. */
export type Factories = Readonly<Record<string, Factory>>;

const MAX_TEXT = 100_000;

/** A transform of one scalar as text. */
export function onText(change: (text: string) => unknown): Factory {
  return () => ({ run: (value) => change(textOf(value)) });
}

/** A value as a decimal of big.js. Throws ValueFault. */
export function number(value: unknown, compiler: ValueCompiler): DecimalValue {
  return toBig(num(value, compiler));
}

/** A value as a decimal. Throws ValueFault. */
export function num(value: unknown, compiler: ValueCompiler): Num {
  const read = readNum(value) ?? (typeof value === 'string' ? readNum(value.trim()) : undefined);
  if (read === undefined) throw new ValueFault(`${compiler.name(value)} is not a decimal number`);
  return read;
}

/** A text that was put together, as far as it is no longer than a field can be. Throws ValueFault. */
export function bounded(text: string): string {
  if (text.length > MAX_TEXT)
    throw new ValueFault(`the value becomes a text of more than ${MAX_TEXT} characters`);
  return text;
}
