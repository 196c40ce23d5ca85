/**
 * Picks and packs before a delivery. Where the node may do them with the shipment, each is written and validated like the
 * delivery itself, under keys of its own, until the delivery has room for what was shipped. Up to 17 all steps exist from
 * the start and wait for each other; later each one makes the next.
 */
import { type DecimalValue, decimal } from '../../canonical/decimal';
import { type Allocation, allocate, type Goods, openMoves } from './allocate';
import { type Applied, appliedOf, type MessageKey } from './applied';
import { readKey } from './keys';
import { isClosed } from './read';
import { isDelivery, isEarlierStep } from './status';
import type { Picking, StockOrder } from './types';

/** Deliveries that goods can be written into, oldest first: not those that still wait for a step. */
export function readyDeliveries(order: StockOrder): Picking[] {
  const open = order.pickings.filter((picking) => isDelivery(picking) && !isClosed(picking));
  return openSteps(order).length === 0 ? open : open.filter(({ state }) => state !== 'waiting');
}

export function openSteps(order: StockOrder): Picking[] {
  return order.pickings.filter((picking) => isEarlierStep(picking) && !isClosed(picking));
}

/** The tag of a step's keys. */
export function stepTag({ typeId }: Pick<Picking, 'typeId'>): string {
  return `p${typeId}`;
}

/** Steps that an earlier delivery of the message wrote and did not validate. */
export function unfinishedSteps(order: StockOrder, { base }: MessageKey): Picking[] {
  return openSteps(order).filter(({ moves }) =>
    moves.some(({ lines }) =>
      lines.some(({ key }) => {
        const own = readKey(key);
        return own?.base === base && own.tag !== '';
      }),
    ),
  );
}

/**
 * The step to do next for goods that the deliveries have no room for; undefined when there is none.
 * @param goods what is still to be shipped
 */
export function nextStep(
  order: StockOrder,
  goods: readonly Goods[],
  key: MessageKey,
): { readonly allocation: Allocation; readonly tag: string } | undefined {
  const lacking = lackingOf(order, goods);
  if (lacking.size === 0) return undefined;
  const ready = openSteps(order).filter(
    (picking) =>
      picking.state !== 'waiting' && openMoves(picking).some(({ productId }) => lacking.has(productId)),
  );
  // Goods that are further on their way leave first.
  const [step] = ready.toSorted(
    (one, other) => depthOf(order, other) - depthOf(order, one) || one.id - other.id,
  );
  if (step === undefined) return undefined;
  const tag = stepTag(step);
  const wanted = forStep(goods, lacking, step, appliedOf(order, key, tag));
  if (wanted.length === 0) return undefined;
  const [allocation] = allocate(order, wanted, [step], { excess: 'hold' });
  return allocation === undefined ? undefined : { allocation, tag };
}

/** By product, what no delivery has room for yet. */
function lackingOf(order: StockOrder, goods: readonly Goods[]): Map<number, DecimalValue> {
  const lacking = new Map<number, DecimalValue>();
  for (const { product, quantity } of goods) {
    lacking.set(product.id, (lacking.get(product.id) ?? decimal('0')).plus(quantity));
  }
  for (const move of readyDeliveries(order).flatMap(openMoves)) {
    const left = lacking.get(move.productId)?.minus(move.demand);
    if (left !== undefined) lacking.set(move.productId, left);
  }
  for (const [productId, quantity] of lacking) if (quantity.lte(0)) lacking.delete(productId);
  return lacking;
}

/** As much of the goods as the step has, and as it has not done for this message yet. */
function forStep(
  goods: readonly Goods[],
  lacking: ReadonlyMap<number, DecimalValue>,
  step: Picking,
  applied: Applied,
): Goods[] {
  const left = new Map<number, DecimalValue>();
  for (const move of openMoves(step)) {
    left.set(move.productId, (left.get(move.productId) ?? decimal('0')).plus(move.demand));
  }
  for (const [productId, quantity] of left) {
    const missing = lacking.get(productId) ?? decimal('0');
    left.set(productId, missing.lt(quantity) ? missing : quantity);
  }
  return goods.flatMap((each) => {
    const before = applied.contents.get(each.content.index);
    const wanted = before === undefined ? each.quantity : each.quantity.minus(before.quantity);
    const room = left.get(each.product.id) ?? decimal('0');
    const quantity = wanted.lt(room) ? wanted : room;
    if (quantity.lte(0)) return [];
    left.set(each.product.id, room.minus(quantity));
    return [{ ...each, quantity, nextPart: before?.nextPart ?? 0 }];
  });
}

/** How many steps lead to where a picking starts. */
function depthOf(order: StockOrder, picking: Picking, seen: readonly number[] = []): number {
  const before = order.pickings.filter(
    (other) =>
      other.destination.id === picking.location.id && !seen.includes(other.id) && isEarlierStep(other),
  );
  return before.length === 0
    ? 0
    : 1 + Math.max(...before.map((other) => depthOf(order, other, [...seen, picking.id])));
}
