/** From which shelf, lot and package the goods of a picking are taken: where Odoo reserved them, else where they lie. */
import { type DecimalValue, decimal } from '../../canonical/decimal';
import { CrossdockError } from '../../errors/index';
import { CALL_RETRY, withRetry } from '../client/retry';
import { idOf, idOrZero } from '../client/rows';
import type { Many2One, OdooClient } from '../client/types';
import type { Allocation, Piece } from './allocate';
import { type Lots, lotKey, lotName } from './lots';
import type { Picking } from './types';

/** One line to be written: so much of a piece from one place. */
export interface SourcedLine {
  readonly piece: Piece;
  readonly picking: Picking;
  readonly quantity: DecimalValue;
  readonly locationId: number;
  readonly lotId: number | undefined;
  readonly sourcePackageId: number | undefined;
  readonly ownerId: number | undefined;
}

export interface Sourced {
  readonly lines: readonly SourcedLine[];
  /** Products of which less is on hand than was shipped. */
  readonly short: readonly string[];
}

interface Place {
  readonly productId: number;
  readonly locationId: number;
  readonly lotId: number | undefined;
  readonly packageId: number | undefined;
  readonly ownerId: number | undefined;
  left: DecimalValue;
}

/**
 * Throws LOT_REQUIRED (business) when a tracked product names no lot and none is reserved; STOCK_SHORT (business) with
 * `hold` when less is on hand.
 */
export async function sourceLines(
  client: OdooClient,
  allocations: readonly Allocation[],
  lots: Lots,
  shortStock: 'allow' | 'hold',
): Promise<Sourced> {
  const lines: SourcedLine[] = [];
  const short = new Set<string>();
  const quants = await readQuants(client, allocations);
  for (const { picking, pieces } of allocations) {
    const reserved = picking.moves.flatMap((move) =>
      move.lines
        .filter((line) => !line.picked && line.quantity.gt(0))
        .map((line): Place & { moveId: number } => ({
          moveId: move.id,
          productId: move.productId,
          locationId: line.locationId,
          lotId: line.lot?.id,
          packageId: line.source?.id,
          ownerId: line.ownerId,
          left: line.quantity,
        })),
    );
    for (const piece of pieces) {
      const { product } = piece.goods;
      const name = lotName(piece.goods);
      const lotId = name === undefined ? undefined : lots.get(lotKey(product.id, name));
      const own = reserved.filter((place) => place.moveId === piece.move.id && fits(place, lotId, name));
      // A tracked product whose lot nobody names leaves as Odoo reserved it, and from nowhere else.
      const open = product.tracking !== 'none' && name === undefined;
      const stored = open
        ? []
        : quants.filter((place) => place.productId === product.id && fits(place, lotId, name));
      const [taken, rest] = take(piece.quantity, own, stored);
      for (const { place, quantity } of taken) lines.push(lineOf(piece, picking, quantity, place));
      if (rest.eq(0)) continue;
      const sku = product.sku ?? product.name;
      if (open) throw lotsMissing(sku, picking);
      if (product.storable) short.add(sku);
      lines.push(
        lineOf(piece, picking, rest, {
          locationId: piece.move.locationId,
          lotId,
          packageId: undefined,
          ownerId: undefined,
        }),
      );
    }
  }
  const [first] = short;
  if (first !== undefined && shortStock === 'hold') {
    throw new CrossdockError(
      `More of ${first} was shipped than Odoo has on hand. Count the stock, then send the message again.`,
      { code: 'STOCK_SHORT', kind: 'business', facts: { sku: first } },
    );
  }
  return { lines, short: [...short] };
}

function fits(place: Place, lotId: number | undefined, name: string | undefined): boolean {
  return name === undefined || place.lotId === lotId;
}

/** Takes from reserved places first. A quant that was reserved for this move is the same goods: both shrink. */
function take(
  wanted: DecimalValue,
  reserved: readonly Place[],
  stored: readonly Place[],
): readonly [{ place: Place; quantity: DecimalValue }[], DecimalValue] {
  const taken: { place: Place; quantity: DecimalValue }[] = [];
  let rest = wanted;
  for (const place of reserved) {
    const quantity = smaller(rest, place.left);
    if (quantity.lte(0)) continue;
    place.left = place.left.minus(quantity);
    const quant = stored.find((other) => samePlace(other, place));
    if (quant !== undefined) quant.left = quant.left.minus(quantity);
    taken.push({ place, quantity });
    rest = rest.minus(quantity);
  }
  for (const place of stored) {
    const quantity = smaller(rest, place.left);
    if (quantity.lte(0)) continue;
    place.left = place.left.minus(quantity);
    const same = taken.findIndex((each) => samePlace(each.place, place));
    const before = taken[same];
    if (before === undefined) taken.push({ place, quantity });
    else taken[same] = { place: before.place, quantity: before.quantity.plus(quantity) };
    rest = rest.minus(quantity);
  }
  return [taken, rest];
}

function samePlace(one: Place, other: Place): boolean {
  return (
    one.locationId === other.locationId &&
    one.lotId === other.lotId &&
    one.packageId === other.packageId &&
    one.ownerId === other.ownerId
  );
}

function smaller(one: DecimalValue, other: DecimalValue): DecimalValue {
  return one.lt(other) ? one : other;
}

function lineOf(
  piece: Piece,
  picking: Picking,
  quantity: DecimalValue,
  place: Pick<Place, 'locationId' | 'lotId' | 'packageId' | 'ownerId'>,
): SourcedLine {
  const { locationId, lotId, ownerId } = place;
  return { piece, picking, quantity, locationId, lotId, ownerId, sourcePackageId: place.packageId };
}

interface QuantRow {
  readonly product_id: Many2One;
  readonly location_id: Many2One;
  readonly lot_id: Many2One;
  readonly package_id: Many2One;
  readonly owner_id: Many2One;
  readonly quantity: number;
}

async function readQuants(client: OdooClient, allocations: readonly Allocation[]): Promise<Place[]> {
  const pieces = allocations.flatMap((allocation) => allocation.pieces);
  const products = new Set(pieces.flatMap(({ goods }) => (goods.product.storable ? goods.product.id : [])));
  const locations = new Set(pieces.map(({ move }) => move.locationId));
  if (products.size === 0) return [];
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly QuantRow[]>('stock.quant', 'search_read', {
      args: {
        domain: [
          ['product_id', 'in', [...products]],
          ['location_id', 'child_of', [...locations]],
          ['quantity', '>', 0],
        ],
        fields: ['product_id', 'location_id', 'lot_id', 'package_id', 'owner_id', 'quantity'],
        order: 'in_date, id',
      },
    }),
  );
  return rows.map((row) => ({
    productId: idOrZero(row.product_id),
    locationId: idOrZero(row.location_id),
    lotId: idOf(row.lot_id),
    packageId: idOf(row.package_id),
    ownerId: idOf(row.owner_id),
    left: decimal(row.quantity).round(6),
  }));
}

function lotsMissing(sku: string, picking: Picking): CrossdockError {
  return new CrossdockError(
    `${sku} needs a lot or serial number: the message has none, and Odoo reserved too little for ${picking.name}.`,
    { code: 'LOT_REQUIRED', kind: 'business', facts: { sku, picking: picking.name } },
  );
}
