import { type DecimalValue, decimal } from '../../canonical/decimal';
import { codeOf, type OdooUnit, odooRatio, odooRoot, odooSize } from '../../units/index';
import type { UnitRows } from './read';

/** UN/ECE codes that mean one piece. */
const PIECES: ReadonlySet<string | undefined> = new Set(['C62', 'EA', 'H87']);

export function isPiece(code: string | undefined): boolean {
  return PIECES.has(code);
}

/** A unit as a Rec 20 code, and how much of the code's unit one of it is. */
export interface CodedUnit {
  readonly code: string;
  readonly ratio: DecimalValue;
}

/**
 * A unit in a code that everybody knows. A pack or a unit of the house has none: it is told in the unit that it is made of
 * (the root, else any of its kin that has a code). Undefined where nobody knows any of them.
 * Throws ODOO_UNIT_INVALID (business).
 */
export function codedUnit(unit: OdooUnit, units: UnitRows, major: number): CodedUnit | undefined {
  const own = codeOf(unit);
  if (own !== undefined) return { code: own, ratio: decimal(1) };
  const kin = kinOf(unit, units, major).filter((other) => codeOf(other) !== undefined);
  const base = kin.find((other) => odooSize(other, major).eq(1)) ?? kin[0];
  const code = base && codeOf(base);
  if (base === undefined || code === undefined) return undefined;
  return { code, ratio: decimal(odooRatio(unit, base, major)) };
}

/** The unit that the others of its kind are told in. */
export function rootUnit(unit: OdooUnit, units: UnitRows, major: number): OdooUnit | undefined {
  return kinOf(unit, units, major).find((other) => odooSize(other, major).eq(1));
}

function kinOf(unit: OdooUnit, units: UnitRows, major: number): OdooUnit[] {
  const root = odooRoot(unit, major);
  if (root === undefined) return [];
  return [...units.values()].filter((other) => odooRoot(other, major) === root);
}
