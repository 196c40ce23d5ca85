/** Odoo's units as codes, and quantities from one of Odoo's units into another. */
import { type DecimalValue, decimal, toPlain } from '../../canonical/decimal';
import type { Decimal } from '../../canonical/order';
import { CrossdockError } from '../../errors/index';
import { codeOf, convertRounded, type OdooUnit, odooRatio, odooRoot, odooSize } from '../../units/index';
import { Remembered } from '../client/cache';
import { fieldMap } from '../client/field-map';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { Many2One, OdooClient } from '../client/types';

const TTL_MS = 10 * 60_000;
/** Odoo's decimal precision "Product Unit" unless somebody raised it. Finer quantities are refused, not rounded. */
const DIGITS = 6;

interface UnitRow {
  readonly id: number;
  readonly name: string;
  readonly factor: number;
  readonly category_id?: Many2One;
  readonly parent_path?: string | false;
}

/** A unit as a Rec 20 code, and how much of the code's unit one of it is. */
export interface CodedUnit {
  readonly code: string;
  readonly ratio: DecimalValue;
}

export class Units {
  private readonly rows: Remembered<UnitTable>;

  constructor(client: OdooClient) {
    this.rows = new Remembered(() => readUnits(client), TTL_MS);
  }

  table(): Promise<UnitTable> {
    return this.rows.get();
  }
}

export class UnitTable {
  constructor(
    private readonly byId: ReadonlyMap<number, OdooUnit>,
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
    const own = codeOf(unit);
    if (own !== undefined) return { code: own, ratio: decimal('1') };
    const root = this.rootOf(unit);
    const code = (root === undefined ? undefined : codeOf(root)) ?? 'C62';
    return { code, ratio: root === undefined ? decimal('1') : decimal(odooRatio(unit, root, this.major)) };
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

  private rootOf(unit: OdooUnit): OdooUnit | undefined {
    const root = odooRoot(unit, this.major);
    return [...this.byId.values()].find(
      (other) => odooRoot(other, this.major) === root && odooSize(other, this.major).eq(1),
    );
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

async function readUnits(client: OdooClient): Promise<UnitTable> {
  const { major, uom } = fieldMap(await client.version());
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly UnitRow[]>('uom.uom', 'search_read', {
      args: { domain: [], fields: ['id', 'name', 'factor', uom.kinship] },
      context: { active_test: false },
    }),
  );
  const names = await externalIds(
    client,
    'uom.uom',
    rows.map(({ id }) => id),
  );
  const units = rows.map((row): OdooUnit => {
    const category = row.category_id ? row.category_id[0] : undefined;
    const xmlId = names.get(row.id)?.find((name) => name.startsWith('uom.'));
    return {
      id: row.id,
      name: row.name,
      factor: row.factor,
      ...(category === undefined ? {} : { category }),
      ...(row.parent_path ? { parentPath: row.parent_path } : {}),
      ...(xmlId === undefined ? {} : { xmlId }),
    };
  });
  return new UnitTable(new Map(units.map((unit) => [unit.id, unit])), major);
}

/** The external ids of records (`module.name`), which every account that may read the records may ask for. */
export async function externalIds(
  client: OdooClient,
  model: string,
  ids: readonly number[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  if (ids.length === 0) return new Map();
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly MetadataRow[]>(model, 'get_metadata', { ids }),
  );
  // Older versions tell one external id of a record only.
  return new Map(
    rows.map(({ id, xmlid, xmlids }) => [id, xmlids?.map((each) => each.xmlid) ?? (xmlid ? [xmlid] : [])]),
  );
}

interface MetadataRow {
  readonly id: number;
  readonly xmlid: string | false;
  readonly xmlids?: readonly { readonly xmlid: string }[];
}
