/** Odoo's states on the canonical axes: fulfilment and return of an order. */
import { type DecimalValue, decimal, sum } from '../../canonical/decimal';
import type { AxisStates, WarehouseFacts } from '../../canonical/status';
import { lineFulfilment, orderFulfilment, stateOfWord } from '../../canonical/status';
import { type Judgement, judgement, returnAxis } from '../status/returns';
import { readKey } from './keys';
import { isClosed, isReturn } from './read';
import type { Move, OrderLineFacts, Picking, StockOrder } from './types';

/** Leaves the warehouse for the customer. */
export function isDelivery(picking: Picking): boolean {
  return (picking.type === 'outgoing' || picking.type === 'dropship') && !isReturn(picking);
}

/** A step before a delivery: pick, pack. */
export function isEarlierStep(picking: Picking): boolean {
  return picking.type === 'internal' && !isReturn(picking);
}

function moved(move: Move): DecimalValue {
  return move.state === 'done' ? sum(move.lines.map(({ quantity }) => quantity)) : decimal('0');
}

/** How much of an order's line has left, whatever came back since; in the product's unit. */
export function shippedOf(order: StockOrder, saleLineId: number): DecimalValue {
  return sum(movesOf(order, saleLineId, isDelivery).map(moved));
}

/** How much of it came back and lowers what counts as delivered. */
export function returnedOf(order: StockOrder, saleLineId: number): DecimalValue {
  return sum(movesOf(order, saleLineId, isReturn).map(moved));
}

function movesOf(order: StockOrder, saleLineId: number, which: (picking: Picking) => boolean): Move[] {
  return order.pickings
    .filter(which)
    .flatMap(({ moves }) => moves.filter((move) => move.saleLineId === saleLineId));
}

export interface FulfilmentLine {
  readonly orderLineId: string;
  readonly sku: string;
  readonly status: AxisStates['fulfilment'];
  readonly ordered: string;
  readonly allocated: string;
  readonly shipped: string;
  readonly returned: string;
}

export interface OrderFulfilment {
  readonly fulfilment: AxisStates['fulfilment'];
  readonly return: AxisStates['return'];
  readonly lines: readonly FulfilmentLine[];
}

/** The fulfilment follows from quantities; Odoo's own `delivery_status` is only where an order has no goods. */
export function fulfilmentOf(order: StockOrder): OrderFulfilment {
  const goods = order.lines.filter((line) => isGoods(order, line));
  const facts = warehouseFacts(order);
  const lines = goods.map((line) => {
    const cancelled = order.state === 'cancel';
    const shipped = shippedOf(order, line.id);
    const current = cancelled && shipped.eq(0) ? decimal('0') : line.ordered;
    const quantity = {
      current: current.toFixed(),
      allocated: shipped.plus(allocatedOf(order, line.id)).toFixed(),
      shipped: shipped.toFixed(),
    };
    const sku = order.products.get(line.productId ?? 0)?.sku ?? '';
    const returned = returnedOf(order, line.id).toFixed();
    const { allocated } = quantity;
    const told = { ordered: line.ordered.toFixed(), allocated, shipped: quantity.shipped, returned };
    return {
      quantity,
      told: { orderLineId: String(line.id), sku, status: lineFulfilment(quantity, facts), ...told },
    };
  });
  return {
    fulfilment: lines.length === 0 ? withoutGoods(order) : orderFulfilment(lines, facts),
    return: returnStatus(order),
    lines: lines.map(({ told }) => told),
  };
}

/** Lines that stock moves for: of a quotation, those of products that move at all. */
function isGoods(order: StockOrder, line: OrderLineFacts): boolean {
  if (order.pickings.some(({ moves }) => moves.some(({ saleLineId }) => saleLineId === line.id))) return true;
  return order.pickings.length === 0 && order.products.get(line.productId ?? 0)?.storable === true;
}

function withoutGoods(order: StockOrder): AxisStates['fulfilment'] {
  if (order.state === 'cancel') return 'cancelled';
  const word = order.deliveryStatus;
  return (word === undefined ? undefined : stateOfWord('odoo', 'fulfilment', word)) ?? 'none';
}

/** What is reserved in the first open step: what was picked already counts too. */
function allocatedOf(order: StockOrder, saleLineId: number): DecimalValue {
  const open = order.pickings.filter((picking) => !isReturn(picking) && !isClosed(picking));
  return sum(
    open.flatMap(({ moves }) =>
      moves
        .filter((move) => move.saleLineId === saleLineId && move.state !== 'done' && move.state !== 'cancel')
        .map(({ lines, demand }) => {
          const held = sum(lines.map(({ quantity }) => quantity));
          return held.gt(demand) ? demand : held;
        }),
    ),
  );
}

function warehouseFacts(order: StockOrder): WarehouseFacts {
  const open = order.pickings.filter((picking) => !isReturn(picking) && !isClosed(picking));
  const shipped = order.pickings.some((picking) => isDelivery(picking) && picking.state === 'done');
  // Steps before the delivery may be done while the delivery does not exist yet.
  const steps = order.pickings.some((picking) => isEarlierStep(picking) && picking.state === 'done');
  const moves = open.flatMap((picking) => picking.moves);
  const picked = steps || moves.some((move) => move.picked);
  const packed =
    moves.length > 0 && moves.every(({ lines }) => lines.some(({ target, picked: is }) => is && target));
  if (packed) return { warehouse: 'packed' };
  if (picked) return { warehouse: 'picking' };
  if (open.length === 0 && (shipped || order.pickings.length > 0)) return { noMoreFollows: true };
  const waiting = open.length > 0 && moves.every(({ lines }) => lines.length === 0);
  return waiting ? { warehouse: 'backordered' } : {};
}

function returnStatus(order: StockOrder): AxisStates['return'] {
  const returns = order.pickings.filter(isReturn);
  return returnAxis({
    states: returns.map(({ state }) => state),
    judged: judged(returns.filter(({ state }) => state === 'done')),
    credited: order.credited,
  });
}

/** What an inspection found, as the keys of received lines say; undefined where nobody said. */
export function judged(pickings: readonly Picking[]): Judgement | undefined {
  const lines = pickings.flatMap(({ moves }) => moves.flatMap((move) => move.lines));
  return judgement(new Set(lines.flatMap(({ key }) => readKey(key)?.tag ?? [])));
}
