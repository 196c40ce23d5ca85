/** Odoo's units of stock as codes, both ways. */
import { type DecimalValue, decimal, toPlain } from '../../canonical/decimal';
import type { Decimal } from '../../canonical/order';
import { convertRounded, unitOf } from '../../units/index';
import { Remembered } from '../client/cache';
import type { OdooClient } from '../client/types';
import { type CodedUnit, codedUnit, isPiece, readUnits, type UnitRows } from '../units/index';

const TTL_MS = 10 * 60_000;
/** Beyond this many fraction digits a float of Odoo is an artefact. */
const DIGITS = 6;
/** Where Odoo says no more: its own exports call an unknown unit a piece. */
const PIECE: CodedUnit = { code: 'C62', ratio: decimal(1) };

/** The units of one Odoo. A pack or a unit of the house has no code: it is told in the unit that it is made of. */
export class StockUnits {
  readonly #coded = new Map<number, CodedUnit>();

  constructor(
    private readonly units: UnitRows,
    private readonly major: number,
  ) {}

  codeOf(unitId: number | undefined): string {
    return this.coded(unitId).code;
  }

  /** A quantity of Odoo's unit, in the code's unit. */
  toCode(quantity: number, unitId: number | undefined): DecimalValue {
    const { ratio } = this.coded(unitId);
    const value = decimal(quantity);
    return (ratio.eq(1) ? value : value.times(ratio)).round(DIGITS);
  }

  /**
   * A quantity of a code, in Odoo's unit.
   * @throws CrossdockError, business: UNIT_UNKNOWN, UNIT_KINDS_DIFFER, UNIT_PACKAGING_UNKNOWN, UNIT_NOT_CONVERTIBLE,
   *   UNIT_ROUND_TRIP
   */
  fromCode(quantity: Decimal, code: string, unitId: number | undefined): DecimalValue {
    const own = this.coded(unitId);
    const value = samePiece(code, own.code) ? quantity : convertRounded(quantity, code, own.code, DIGITS);
    return decimal(value).div(own.ratio).round(DIGITS);
  }

  private coded(unitId: number | undefined): CodedUnit {
    if (unitId === undefined) return PIECE;
    const known = this.#coded.get(unitId) ?? this.find(unitId);
    this.#coded.set(unitId, known);
    return known;
  }

  private find(unitId: number): CodedUnit {
    const unit = this.units.get(unitId);
    return (unit && codedUnit(unit, this.units, this.major)) ?? PIECE;
  }
}

/** EA, H87 and C62 all mean one piece. */
function samePiece(code: string, other: string): boolean {
  return code === other ? unitOf(code) !== undefined : isPiece(code) && isPiece(other);
}

const remembered = new WeakMap<OdooClient, Remembered<StockUnits>>();

/** The units of this Odoo, read once in a while. Throws what OdooClient.call throws. */
export function stockUnits(client: OdooClient): Promise<StockUnits> {
  const known = remembered.get(client) ?? new Remembered(() => fetch(client), TTL_MS);
  remembered.set(client, known);
  return known.get();
}

async function fetch(client: OdooClient): Promise<StockUnits> {
  const { major } = await client.version();
  return new StockUnits(await readUnits(client), major);
}

/** A decimal as Odoo's float. */
export function toFloat(value: DecimalValue): number {
  return Number(toPlain(value));
}
