/** Odoo's units as codes, and quantities from one of Odoo's units into another. */
import { type DecimalValue, decimal, toPlain } from '../../canonical/decimal';
import type { Decimal } from '../../canonical/order';
import { CrossdockError } from '../../errors/index';
import { convertRounded, type OdooUnit, odooRatio } from '../../units/index';
import { Remembered } from '../client/cache';
import type { OdooClient } from '../client/types';
import { type CodedUnit, codedUnit, readUnits, rootUnit, type UnitRows } from '../units/index';

const TTL_MS = 10 * 60_000;
/** Odoo's decimal precision "Product Unit" unless somebody raised it. Finer quantities are refused, not rounded. */
const DIGITS = 6;

export class Units {
  private readonly rows: Remembered<UnitTable>;

  constructor(client: OdooClient) {
    this.rows = new Remembered(async () => {
      const { major } = await client.version();
      return new UnitTable(await readUnits(client), major);
    }, TTL_MS);
  }

  table(): Promise<UnitTable> {
    return this.rows.get();
  }
}

export class UnitTable {
  constructor(
    private readonly byId: UnitRows,
    private readonly major: number,
  ) {}

  /** A quantity of one of Odoo's units in another. Throws UNIT_KINDS_DIFFER, ODOO_UNIT_INVALID (business). */
  between(quantity: DecimalValue, from: number, to: number): DecimalValue {
    if (from === to) return quantity;
    return quantity.times(decimal(odooRatio(this.need(from), this.need(to), this.major)));
  }

  /**
   * A unit's code. A pack or a unit of the house has none: it is told in the unit that it is made of, and a root that
   * nobody knows is a piece, as Odoo's own exports say.
   */
  coded(id: number): CodedUnit {
    const unit = this.need(id);
    const known = codedUnit(unit, this.byId, this.major);
    if (known !== undefined) return known;
    const root = rootUnit(unit, this.byId, this.major);
    return { code: 'C62', ratio: decimal(root === undefined ? 1 : odooRatio(unit, root, this.major)) };
  }

  /** A quantity of Odoo's unit in its code's unit, as text. */
  toCode(quantity: DecimalValue, id: number): { value: Decimal; unit: string } {
    const { code, ratio } = this.coded(id);
    return { value: toPlain(quantity.times(ratio).round(DIGITS)), unit: code };
  }

  /** A quantity of a code in Odoo's unit. Throws what `convertRounded` throws (business). */
  fromCode(quantity: Decimal, code: string, id: number): DecimalValue {
    const { code: target, ratio } = this.coded(id);
    return decimal(convertRounded(quantity, code, target, DIGITS))
      .div(ratio)
      .round(DIGITS);
  }

  private need(id: number): OdooUnit {
    const unit = this.byId.get(id);
    if (unit !== undefined) return unit;
    throw new CrossdockError(`Odoo names a unit (${id}) that it does not list.`, {
      code: 'ODOO_UNIT_INVALID',
      kind: 'transient',
      facts: { unit: id },
    });
  }
}
