/** Odoo's units of stock as codes, both ways. */
import { type DecimalValue, decimal, toPlain } from '../../canonical/decimal';
import type { Decimal } from '../../canonical/order';
import {
  codeOf,
  convertRounded,
  type OdooUnit,
  odooRatio,
  odooRoot,
  odooSize,
  unitOf,
} from '../../units/index';
import { Remembered } from '../client/cache';
import { fieldMap } from '../client/field-map';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { Many2One, OdooClient } from '../client/types';

const TTL_MS = 10 * 60_000;
/** Beyond this many fraction digits a float of Odoo is an artefact. */
const DIGITS = 6;
/** Where Odoo says no more: its own exports call an unknown unit a piece. */
const PIECE = 'C62';

interface UnitRow {
  readonly id: number;
  readonly name: string;
  readonly factor: number;
  readonly category_id?: Many2One;
  readonly parent_path?: string | false;
}

interface CodedUnit {
  readonly code: string;
  /** How much of the code's unit one of Odoo's is. */
  readonly ratio: DecimalValue;
}

/** The units of one Odoo. A pack or a unit of the house has no code: it is told in the unit that it is made of. */
export class StockUnits {
  readonly #coded = new Map<number, CodedUnit>();

  constructor(
    private readonly units: ReadonlyMap<number, OdooUnit>,
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
    if (unitId === undefined) return { code: PIECE, ratio: decimal('1') };
    const known = this.#coded.get(unitId) ?? this.find(unitId);
    this.#coded.set(unitId, known);
    return known;
  }

  private find(unitId: number): CodedUnit {
    const unit = this.units.get(unitId);
    const own = unit === undefined ? undefined : codeOf(unit);
    if (unit === undefined || own !== undefined) return { code: own ?? PIECE, ratio: decimal('1') };
    const kin = [...this.units.values()].filter(
      (other) => odooRoot(other, this.major) === odooRoot(unit, this.major) && codeOf(other) !== undefined,
    );
    const base = kin.find((other) => odooSize(other, this.major).eq(1)) ?? kin[0];
    if (base === undefined) return { code: PIECE, ratio: decimal('1') };
    return { code: codeOf(base) ?? PIECE, ratio: decimal(odooRatio(unit, base, this.major)) };
  }
}

/** EA, H87 and C62 all mean one piece. */
function samePiece(code: string, other: string): boolean {
  const pieces = ['C62', 'EA', 'H87'];
  return code === other ? unitOf(code) !== undefined : pieces.includes(code) && pieces.includes(other);
}

const remembered = new WeakMap<OdooClient, Remembered<StockUnits>>();

/** The units of this Odoo, read once in a while. Throws what OdooClient.call throws. */
export function stockUnits(client: OdooClient): Promise<StockUnits> {
  const known = remembered.get(client) ?? new Remembered(() => readUnits(client), TTL_MS);
  remembered.set(client, known);
  return known.get();
}

async function readUnits(client: OdooClient): Promise<StockUnits> {
  const { major, uom } = fieldMap(await client.version());
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly UnitRow[]>('uom.uom', 'search_read', {
      args: { domain: [], fields: ['id', 'name', 'factor', uom.kinship], order: 'id' },
      context: { active_test: false },
    }),
  );
  // Everybody who may read units may ask for their external ids; ir.model.data itself is for administrators.
  const names = await withRetry(CALL_RETRY, () =>
    client.call<Readonly<Record<string, string>>>('uom.uom', 'get_external_id', {
      ids: rows.map(({ id }) => id),
    }),
  );
  const units = rows.map((row): [number, OdooUnit] => {
    const xmlId = names[String(row.id)];
    return [
      row.id,
      {
        id: row.id,
        name: row.name,
        factor: row.factor,
        ...(row.category_id ? { category: row.category_id[0] } : {}),
        ...(row.parent_path ? { parentPath: row.parent_path } : {}),
        ...(xmlId?.startsWith('uom.') ? { xmlId } : {}),
      },
    ];
  });
  return new StockUnits(new Map(units), major);
}

/** A decimal as Odoo's float. */
export function toFloat(value: DecimalValue): number {
  return Number(toPlain(value));
}
