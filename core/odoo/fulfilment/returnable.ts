/** What of a shipped order can still come back, and of which deliveries. */
import { type DecimalValue, decimal, sum, toPlain } from '../../canonical/decimal';
import { CrossdockError } from '../../errors/index';
import type { Goods } from './allocate';
import { isReturn } from './read';
import { isDelivery } from './status';
import type { Move, Picking, StockOrder } from './types';

export interface ReturnPiece {
  readonly goods: Goods;
  readonly move: Move;
  readonly quantity: DecimalValue;
}

export interface ReturnOf {
  /** The delivery that comes back. */
  readonly picking: Picking;
  readonly pieces: readonly ReturnPiece[];
}

/**
 * Divides goods over the deliveries that brought them, those with the same lot or order line first, then the oldest.
 *
 * Throws RETURN_EXCEEDS_SHIPPED (business): Odoo itself lets ten of five come back.
 * @param shipment only deliveries of this shipment
 */
export function divideReturn(
  order: StockOrder,
  goods: readonly Goods[],
  isOfShipment: (picking: Picking) => boolean,
): ReturnOf[] {
  const deliveries = order.pickings.filter(
    (picking) => isDelivery(picking) && picking.state === 'done' && isOfShipment(picking),
  );
  const left = new Map<number, DecimalValue>();
  for (const { moves } of deliveries) for (const move of moves) left.set(move.id, leftOf(order, move));
  const found = new Map<Picking, ReturnPiece[]>();
  for (const each of goods) {
    let rest = each.quantity;
    for (const { picking, move } of placesFor(each, deliveries)) {
      const room = left.get(move.id) ?? decimal('0');
      const quantity = rest.lt(room) ? rest : room;
      if (quantity.lte(0)) continue;
      found.set(picking, [...(found.get(picking) ?? []), { goods: each, move, quantity }]);
      left.set(move.id, room.minus(quantity));
      rest = rest.minus(quantity);
      if (rest.eq(0)) break;
    }
    if (rest.gt(0)) throw exceeds(order, goods, each, deliveries);
  }
  return [...found].map(([picking, pieces]) => ({ picking, pieces }));
}

/** Shipped by this move, less what came back or is on its way back. */
function leftOf(order: StockOrder, move: Move): DecimalValue {
  const shipped = sum(move.lines.map(({ quantity }) => quantity));
  return shipped.minus(sum(returnsOf(order, move.id).map(comingBack)));
}

function returnsOf(order: StockOrder, moveId: number): Move[] {
  return order.pickings
    .filter(isReturn)
    .flatMap(({ moves }) => moves.filter(({ returnOf, state }) => returnOf === moveId && state !== 'cancel'));
}

function comingBack(move: Move): DecimalValue {
  return move.state === 'done' ? sum(move.lines.map(({ quantity }) => quantity)) : move.demand;
}

function placesFor(
  { product, content }: Goods,
  deliveries: readonly Picking[],
): { picking: Picking; move: Move }[] {
  const places = deliveries.flatMap((picking) =>
    picking.moves
      .filter((move) => move.productId === product.id && move.state === 'done')
      .map((move) => ({ picking, move })),
  );
  const lot = content.serial ?? content.lot;
  const rank = ({ move }: { move: Move }) =>
    (lot !== undefined && move.lines.some((line) => line.lot?.name === lot) ? 0 : 2) +
    (content.orderLineId !== undefined && String(move.saleLineId) === content.orderLineId ? 0 : 1);
  return places.toSorted((one, other) => rank(one) - rank(other));
}

function exceeds(
  order: StockOrder,
  goods: readonly Goods[],
  { product }: Goods,
  deliveries: readonly Picking[],
): CrossdockError {
  const wanted = sum(goods.filter((each) => each.product === product).map(({ quantity }) => quantity));
  const left = sum(
    deliveries.flatMap(({ moves }) =>
      moves
        .filter((move) => move.productId === product.id && move.state === 'done')
        .map((move) => leftOf(order, move)),
    ),
  );
  const sku = product.sku ?? product.name;
  return new CrossdockError(
    `${toPlain(wanted)} of ${sku} are to come back, but only ${toPlain(left)} of order ${order.name} were shipped and have not come back yet.`,
    {
      code: 'RETURN_EXCEEDS_SHIPPED',
      kind: 'business',
      facts: { sku, order: order.name, returned: toPlain(wanted), left: toPlain(left) },
    },
  );
}
