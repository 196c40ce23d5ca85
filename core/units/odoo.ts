/**
 * Odoo's units against ours. Up to 18 a factor says how many of the unit make the category's reference unit; since 19 it is
 * the unit's size in the root unit. Both are floats that somebody rounded (an ounce of 28.3495 g), so that physical units
 * are converted with our factors, and Odoo's are used for packagings only.
 */
import { type DecimalValue, decimal, readDecimal, toPlain } from '../canonical/decimal';
import type { Decimal } from '../canonical/order';
import { CrossdockError } from '../errors';
import { resolveUnit } from './aliases';
import { unitOf } from './units';

/** A row of uom.uom, as read. */
export interface OdooUnit {
  readonly id: number;
  readonly name: string;
  /** `factor` as Odoo gives it. */
  readonly factor: number;
  /** Up to 18: the category's id. */
  readonly category?: number | undefined;
  /** Since 19: `parent_path`, for example "1/5/". */
  readonly parentPath?: string | undefined;
  /** External id, for example uom.product_uom_kgm. */
  readonly xmlId?: string | undefined;
}

export interface OdooUnitCheck {
  readonly unit: OdooUnit;
  /** Undefined for units that somebody made in Odoo, and for packs: their content is the product's business. */
  readonly code: string | undefined;
  /** Size in the root unit by Odoo's factor. */
  readonly odooSize: Decimal;
  /** The exact one, where both units are known. */
  readonly exactSize: Decimal | undefined;
  /** Odoo's factor is rounded: converting with it would be wrong by this fraction. Undefined when it is exact or unknown. */
  readonly error: Decimal | undefined;
}

/** The size of a unit in its root unit, as Odoo means it. @throws CrossdockError ODOO_UNIT_INVALID (business) */
export function odooSize(unit: OdooUnit, major: number): DecimalValue {
  const factor = readDecimal(unit.factor);
  if (factor === undefined || factor.lte(0)) {
    throw new CrossdockError(
      `Odoo's unit "${unit.name.slice(0, 60)}" has the factor ${unit.factor}, which is none.`,
      {
        code: 'ODOO_UNIT_INVALID',
        kind: 'business',
        facts: { unit: unit.name.slice(0, 60) },
      },
    );
  }
  return major >= 19 ? factor : decimal(1).div(factor);
}

/** What two units must share to be convertible: Odoo 19 does not refuse kilograms as litres by itself. */
export function odooRoot(unit: OdooUnit, major: number): string | undefined {
  if (major < 19) return unit.category === undefined ? undefined : `category ${unit.category}`;
  const root = unit.parentPath?.split('/')[0];
  return root === undefined || root === '' ? undefined : `unit ${root}`;
}

/**
 * How much of `to` one `from` is, by Odoo's factors: for packagings.
 * @throws CrossdockError UNIT_KINDS_DIFFER, ODOO_UNIT_INVALID (business)
 */
export function odooRatio(from: OdooUnit, to: OdooUnit, major: number): Decimal {
  const [a, b] = [odooRoot(from, major), odooRoot(to, major)];
  if (a === undefined || a !== b) {
    throw new CrossdockError(
      `In Odoo, "${from.name.slice(0, 60)}" and "${to.name.slice(0, 60)}" have no unit in common: they are not converted.`,
      {
        code: 'UNIT_KINDS_DIFFER',
        kind: 'business',
        facts: { unit: from.name.slice(0, 60), to: to.name.slice(0, 60) },
      },
    );
  }
  // Up to 18, 1 / 0.0416667 is what a pack of 24 looks like: the whole number is meant.
  return toPlain(meant(odooSize(from, major).div(odooSize(to, major))));
}

/** The table from Odoo's units to ours, with what is rounded in Odoo. */
export function checkOdooUnits(units: readonly OdooUnit[], major: number): OdooUnitCheck[] {
  return units.map((unit) => {
    const size = odooSize(unit, major);
    const code = codeOf(unit);
    const root = code === undefined ? undefined : rootCode(unit, units, major);
    const exact = code === undefined || root === undefined ? undefined : exactSize(code, root);
    const error = exact === undefined ? undefined : size.minus(exact).div(exact);
    return {
      unit,
      code,
      odooSize: toPlain(size),
      exactSize: exact === undefined ? undefined : toPlain(exact),
      error: error === undefined || error.abs().lt('1e-12') ? undefined : toPlain(error.round(12)),
    };
  });
}

/** Our code for one of Odoo's units, by its external id. Packs and units of the house have none. */
export function codeOf({ xmlId }: OdooUnit): string | undefined {
  if (xmlId === undefined) return undefined;
  const resolved = resolveUnit('odoo', xmlId);
  return resolved.type === 'known' ? resolved.code : undefined;
}

/** The code of the unit that the sizes are told in: the one with the size 1 and the same root. */
function rootCode(unit: OdooUnit, units: readonly OdooUnit[], major: number): string | undefined {
  const root = odooRoot(unit, major);
  if (root === undefined) return undefined;
  const found = units.find(
    (other) =>
      odooRoot(other, major) === root &&
      odooSize(other, major).eq(1) &&
      (major < 19 || other.parentPath === `${other.id}/`),
  );
  return found === undefined ? undefined : codeOf(found);
}

function exactSize(code: string, root: string): DecimalValue | undefined {
  const [unit, base] = [unitOf(code), unitOf(root)];
  if (unit?.factor === undefined || base?.factor === undefined || unit.kind !== base.kind) return undefined;
  return decimal(unit.factor).div(decimal(base.factor));
}

/** A number within a float's (or a form's) rounding of a whole one is that. */
function meant(value: DecimalValue): DecimalValue {
  const whole = value.round(0, 1);
  if (whole.eq(0)) return value;
  return value.minus(whole).abs().div(whole).lt('1e-5') ? whole : value;
}
