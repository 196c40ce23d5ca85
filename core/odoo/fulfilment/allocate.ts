/** Which picking, and which of its moves, the goods of a message belong to. */
import { type DecimalValue, decimal, toPlain } from '../../canonical/decimal';
import { CrossdockError } from '../../errors/index';
import type { Content } from './contents';
import type { Move, Picking, StockOrder, StockProduct } from './types';

/** A content with its product, in the product's unit, as far as it is not in Odoo yet. */
export interface Goods {
  readonly content: Content;
  readonly product: StockProduct;
  readonly quantity: DecimalValue;
  readonly nextPart: number;
}

/** So much of one content for one move. */
export interface Piece {
  readonly goods: Goods;
  readonly move: Move;
  readonly quantity: DecimalValue;
}

export interface Allocation {
  readonly picking: Picking;
  readonly pieces: readonly Piece[];
}

export interface AllocateOptions {
  readonly excess: 'hold' | 'allow';
  /** Name or id of the picking that the message names itself. */
  readonly picking?: string | undefined;
}

/**
 * Throws, all business: SHIPMENT_EXCEEDS_ORDER, PICKING_AMBIGUOUS, PICKING_UNKNOWN.
 * @param pickings those that can still be shipped, oldest first
 */
export function allocate(
  order: StockOrder,
  goods: readonly Goods[],
  pickings: readonly Picking[],
  options: AllocateOptions,
): Allocation[] {
  const chosen = choose(order, goods, pickings, options.picking);
  const left = new Map<number, DecimalValue>();
  for (const picking of chosen) for (const move of openMoves(picking)) left.set(move.id, move.demand);
  const pieces = new Map<number, Piece[]>(chosen.map((picking) => [picking.id, []]));
  for (const each of goods) {
    const places = placesFor(each, chosen);
    let rest = each.quantity;
    for (const { picking, move } of places) {
      const room = left.get(move.id) ?? decimal('0');
      // A piece with a serial number is not divided.
      const quantity = rest.lt(room) ? rest : room;
      if (quantity.lte(0) || (each.content.serial !== undefined && quantity.lt(rest))) continue;
      pieces.get(picking.id)?.push({ goods: each, move, quantity });
      left.set(move.id, room.minus(quantity));
      rest = rest.minus(quantity);
      if (rest.eq(0)) break;
    }
    if (rest.eq(0)) continue;
    const last = places.at(-1);
    if (last === undefined || options.excess === 'hold') throw exceeds(order, goods, each, chosen);
    pieces.get(last.picking.id)?.push({ goods: each, move: last.move, quantity: rest });
  }
  return chosen
    .map((picking) => ({ picking, pieces: merged(pieces.get(picking.id) ?? []) }))
    .filter((allocation) => allocation.pieces.length > 0);
}

export function openMoves(picking: Picking): readonly Move[] {
  return picking.moves.filter(({ state }) => state !== 'done' && state !== 'cancel');
}

/** The pickings that the goods are about: the named one, the one that can take all, or as many as it needs. */
function choose(
  order: StockOrder,
  goods: readonly Goods[],
  pickings: readonly Picking[],
  named: string | undefined,
): readonly Picking[] {
  if (named !== undefined) {
    const found = pickings.filter(({ id, name }) => name === named || String(id) === named);
    if (found.length > 0) return found;
    throw new CrossdockError(
      `${named} is no open delivery of order ${order.name} in Odoo (open: ${namesOf(pickings) || 'none'}).`,
      { code: 'PICKING_UNKNOWN', kind: 'business', facts: { picking: named, order: order.name } },
    );
  }
  const [, second] = pickings;
  if (second === undefined) return pickings;
  const needs = new Map<number, DecimalValue>();
  for (const { product, quantity } of goods) {
    needs.set(product.id, (needs.get(product.id) ?? decimal('0')).plus(quantity));
  }
  const fitting = pickings.filter((picking) =>
    [...needs].every(([productId, need]) => capacity([picking], productId).gte(need)),
  );
  const [fits, other] = fitting;
  if (fits === undefined) return pickings;
  if (other === undefined) return [fits];
  throw new CrossdockError(
    `Order ${order.name} has several open deliveries that this may be: ${namesOf(fitting)}. Say which one.`,
    { code: 'PICKING_AMBIGUOUS', kind: 'business', facts: { order: order.name, pickings: namesOf(fitting) } },
  );
}

/** Moves of the product, the one of the message's order line first. */
function placesFor(
  { product, content }: Goods,
  pickings: readonly Picking[],
): readonly { picking: Picking; move: Move }[] {
  const places = pickings.flatMap((picking) =>
    openMoves(picking)
      .filter((move) => move.productId === product.id)
      .map((move) => ({ picking, move })),
  );
  const wanted = ({ move }: { move: Move }) =>
    content.orderLineId !== undefined && String(move.saleLineId) === content.orderLineId;
  return [...places.filter(wanted), ...places.filter((place) => !wanted(place))];
}

/** Excess on a move that already has a piece of the content is one piece. */
function merged(pieces: readonly Piece[]): Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const at = result.findIndex(({ goods, move }) => goods === piece.goods && move === piece.move);
    const same = result[at];
    if (same === undefined) result.push(piece);
    else result[at] = { ...same, quantity: same.quantity.plus(piece.quantity) };
  }
  return result;
}

function capacity(pickings: readonly Picking[], productId: number): DecimalValue {
  return pickings
    .flatMap(openMoves)
    .filter((move) => move.productId === productId)
    .reduce((room, move) => room.plus(move.demand), decimal('0'));
}

function exceeds(
  order: StockOrder,
  goods: readonly Goods[],
  { product }: Goods,
  pickings: readonly Picking[],
): CrossdockError {
  const shipped = goods
    .filter((each) => each.product === product)
    .reduce((all, { quantity }) => all.plus(quantity), decimal('0'));
  const left = toPlain(capacity(pickings, product.id));
  const sku = product.sku ?? product.name;
  return new CrossdockError(
    `${toPlain(shipped)} of ${sku} are shipped, but only ${left} are left to ship on order ${order.name}.`,
    {
      code: 'SHIPMENT_EXCEEDS_ORDER',
      kind: 'business',
      facts: { sku, order: order.name, shipped: toPlain(shipped), left },
    },
  );
}

function namesOf(pickings: readonly Picking[]): string {
  return pickings.map(({ name }) => name).join(', ');
}
