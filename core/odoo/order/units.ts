/**
 * The unit of an ordered line in Odoo. A quantity is never guessed: the line goes in the ordered unit where Odoo has it
 * for this product, else in the product's own unit by what the order says a packaging holds, else not at all.
 */
import { decimal, toPlain } from '../../canonical/decimal';
import type { Decimal } from '../../canonical/order';
import { CrossdockError } from '../../errors/index';
import { codeOf, type OdooUnit, odooRatio, odooRoot } from '../../units/index';
import { Remembered } from '../client/cache';
import type { OdooClient } from '../client/types';
import { codedUnit, isPiece, readUnits, type UnitRows } from '../units/index';
import type { Product, Products } from './products';

/** What is ordered: the line's unit and what the sender says that it holds. */
export interface OrderedUnit {
  readonly lineId: string;
  /** UN/ECE code. */
  readonly unit: string;
  /** How many of the product's own unit one of it holds. */
  readonly packQuantity: Decimal | undefined;
}

/** A line's unit in Odoo. */
export interface LineUnit {
  /** Id of uom.uom; undefined: the product's own. */
  readonly id: number | undefined;
  /** How many of that unit one unit of the line is. */
  readonly factor: Decimal;
}

const OWN: LineUnit = { id: undefined, factor: '1' };
const TTL_MS = 60_000;

export class LineUnits {
  private readonly all: Remembered<UnitRows>;

  constructor(
    private readonly client: OdooClient,
    private readonly products: Products,
    /** UN/ECE code -> name in Odoo. */
    private readonly table: Readonly<Record<string, string>>,
  ) {
    this.all = new Remembered(() => readUnits(client), TTL_MS);
  }

  forget(): void {
    this.all.forget();
  }

  /**
   * The unit for one line.
   * @throws CrossdockError, all business: UNIT_UNSUPPORTED (Odoo has no such unit, or nothing says what it holds),
   *   UNIT_KINDS_DIFFER, UNIT_AMBIGUOUS, UNIT_PACKAGING_DIFFERS
   */
  async resolve(line: OrderedUnit, product: Product): Promise<LineUnit> {
    const units = await this.all.get();
    const { major } = await this.client.version();
    const own = product.unit === undefined ? undefined : units.get(product.unit);
    if (own === undefined) {
      // A product without a unit that we may see: only its own unit can be meant by pieces.
      if (isPiece(line.unit)) return OWN;
      throw unsupported(line, 'Odoo does not say in what unit it counts the product');
    }
    const all = [...units.values()];
    const piece = all.find((unit) => isPiece(codeOf(unit)));
    const countable = piece !== undefined && odooRoot(piece, major) === odooRoot(own, major);
    /** What the sender counts the content of a packaging in: pieces, also where Odoo counts the product in packs. */
    const base = countable ? piece : own;
    const use = (unit: OdooUnit): LineUnit => {
      const holds = odooRatio(unit, base, major);
      if (line.packQuantity !== undefined && !decimal(line.packQuantity).eq(decimal(holds)))
        throw packagingDiffers(line, unit, holds);
      return { id: unit.id === own.id ? undefined : unit.id, factor: '1' };
    };
    const named = this.table[line.unit];
    if (named !== undefined) return use(byName(line, named, units));
    if (product.packaging !== undefined) {
      const packaging = units.get(product.packaging);
      if (packaging === undefined) throw unsupported(line, "Odoo does not show the packaging's unit");
      if (line.packQuantity === undefined && isPiece(line.unit)) {
        throw unclear(line, packaging, odooRatio(packaging, base, major));
      }
      return use(packaging);
    }
    // A "piece" that holds several is somebody's word for a packaging.
    const single = line.packQuantity === undefined || decimal(line.packQuantity).eq(1);
    if (isPiece(line.unit) && single) {
      if (countable) return use(piece);
      throw unsupported(line, `Odoo counts the product in "${own.name}"`);
    }
    const same = isPiece(line.unit) ? undefined : all.find((unit) => codeOf(unit) === line.unit);
    if (same !== undefined) return use(same);
    if (line.packQuantity === undefined) throw unsupported(line, 'nothing says how much it holds');
    const packaging = await this.ofSize(line.packQuantity, product, base, units, major);
    if (packaging !== undefined) return use(packaging);
    return { id: base.id === own.id ? undefined : base.id, factor: line.packQuantity };
  }

  /**
   * The UN/ECE code of one of Odoo's units, and how many of that code's unit one of it is. Packs are told in what they
   * hold; a unit that is known to nobody else is ZZ (mutually defined).
   */
  async codeOf(id: number | undefined): Promise<{ readonly unit: string; readonly per: Decimal }> {
    const units = await this.all.get();
    const unit = id === undefined ? undefined : units.get(id);
    if (unit === undefined) return { unit: 'ZZ', per: '1' };
    const { major } = await this.client.version();
    const { code, ratio } = codedUnit(unit, units, major) ?? { code: 'ZZ', ratio: decimal(1) };
    return { unit: code, per: toPlain(ratio) };
  }

  /** The one packaging of this product that holds as much. */
  private async ofSize(
    size: Decimal,
    product: Product,
    base: OdooUnit,
    units: UnitRows,
    major: number,
  ): Promise<OdooUnit | undefined> {
    // Before 19 packagings are no units.
    const ids = major < 19 ? [] : await this.products.packagingsOf(product.id);
    const root = odooRoot(base, major);
    const fitting = ids.flatMap((id) => {
      const unit = units.get(id);
      if (unit === undefined || root === undefined || odooRoot(unit, major) !== root) return [];
      return decimal(odooRatio(unit, base, major)).eq(decimal(size)) ? [unit] : [];
    });
    return fitting.length === 1 ? fitting[0] : undefined;
  }
}

function packagingDiffers(line: OrderedUnit, unit: OdooUnit, holds: Decimal): CrossdockError {
  return new CrossdockError(
    `Line ${line.lineId}: the order says that one ${line.unit} holds ${line.packQuantity}, but Odoo's "${unit.name}" holds ${holds}.`,
    { code: 'UNIT_PACKAGING_DIFFERS', kind: 'business', facts: factsOf(line) },
  );
}

/** A packaging's barcode was ordered: in packagings, or do pieces mean what is in them? */
function unclear(line: OrderedUnit, packaging: OdooUnit, holds: Decimal): CrossdockError {
  return new CrossdockError(
    `Line ${line.lineId} is ordered in pieces (${line.unit}), but its barcode is that of the packaging "${packaging.name}" of ${holds}: which of both is meant?`,
    { code: 'UNIT_AMBIGUOUS', kind: 'business', facts: factsOf(line) },
  );
}

function byName(line: OrderedUnit, name: string, units: UnitRows): OdooUnit {
  const found = [...units.values()].filter((unit) => unit.name === name);
  const [only] = found;
  if (found.length === 1 && only) return only;
  throw unsupported(line, `Odoo has ${found.length === 0 ? 'no unit' : 'several units'} "${name}"`);
}

function unsupported(line: OrderedUnit, why: string): CrossdockError {
  return new CrossdockError(
    `Line ${line.lineId} is ordered in the unit ${line.unit}, and ${why}: give the unit in the odoo order node's table of units, or how much it holds in the order (packQuantity).`,
    { code: 'UNIT_UNSUPPORTED', kind: 'business', facts: factsOf(line) },
  );
}

function factsOf({ lineId, unit }: OrderedUnit): { line: string; unit: string } {
  return { line: lineId, unit };
}
