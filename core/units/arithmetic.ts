/** What a meaning of a unit code would do to a quantity, in words that a person checks at a glance. */
import { readDecimal, toPlain } from '../canonical/decimal';
import { convert } from './convert';
import { unitOf } from './units';

export interface ArithmeticQuestion {
  readonly quantity: string | undefined;
  /** The partner's code. */
  readonly code: string;
  /** What it is taken for. */
  readonly target: string;
  readonly quantityPerUnit: string | undefined;
  readonly ofUnit: string | undefined;
}

/** "12 CS of 24 EA = 288 EA", "12 DZ = 144 EA", "3 LB = 1.36077711 KGM". Undefined when the target is no unit. */
export function arithmetic(question: ArithmeticQuestion): string | undefined {
  const { code, target, ofUnit = 'EA' } = question;
  const unit = unitOf(target);
  if (unit === undefined) return undefined;
  const quantity = readDecimal(question.quantity ?? '') ?? readDecimal('1');
  const held = readDecimal(question.quantityPerUnit ?? '');
  if (quantity === undefined) return undefined;
  const amount = toPlain(quantity);
  const name = unit.name.toLowerCase();
  if (unit.kind === 'packaging') {
    return held?.gt(0) === true
      ? `${amount} ${code} of ${toPlain(held)} ${ofUnit} = ${toPlain(quantity.times(held))} ${ofUnit}`
      : `${amount} ${code} = ${amount} ${target} (${name}); how much one holds is taught per item`;
  }
  const base = BASES[unit.kind];
  if (base === undefined || unit.factor === undefined || base === target)
    return `${amount} ${code} = ${amount} ${target} (${name})`;
  return `${amount} ${code} = ${convert(quantity, target, base).value} ${base}`;
}

/** What people think in. */
const BASES: Readonly<Record<string, string>> = {
  count: 'EA',
  mass: 'KGM',
  length: 'MTR',
  area: 'MTK',
  volume: 'LTR',
  time: 'HUR',
  energy: 'KWH',
};
