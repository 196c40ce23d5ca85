/**
 * Authorising a return (RMA) with Odoo's return wizard, once.
 *
 * The wizard makes a picking that knows nothing of our number, and has no place for it. But the picking is made by copying
 * the delivery, and fields that are not copied take their default from the context: so the tracking number, which is not
 * copied, carries the return's label in the very transaction that makes the picking. A second call moves the label into the
 * source document, where people look for it and where backorders keep it. A crash leaves:
 * - after the wizard was filled: a wizard, which Odoo throws away by itself;
 * - after the picking was made: a picking with the label as its tracking number. The next delivery finds and finishes it.
 * Two processes at once may both make one; then the later one is cancelled, whoever notices.
 */

import { businessKeyOf } from '../../canonical/business-key';
import { type DecimalValue, decimal, sum } from '../../canonical/decimal';
import type { CanonicalReturn } from '../../canonical/generated';
import { transition } from '../../canonical/status';
import { CrossdockError } from '../../errors/index';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { Goods } from './allocate';
import { keyBase, readKey } from './keys';
import { productOf } from './match';
import { isClosed, readStockOrder } from './read';
import { requestedOf } from './return-contents';
import { divideReturn, type ReturnOf } from './returnable';
import { isOfReturn, pickingsOfReturn, rmaLabel, rmaNote, rmaOrigin } from './rma';
import type { Services } from './services';
import type { Move, Picking, StockOrder } from './types';

export interface Authorised {
  readonly order: StockOrder;
  readonly pickings: readonly Picking[];
  readonly applied: boolean;
}

/** Words of a return that is over, or was never agreed to: nothing is authorised for it. */
const NOT_WANTED: ReadonlySet<string> = new Set(['declined', 'rejected', 'cancelled', 'expired', 'closed']);

/**
 * Throws, business: RETURN_NOT_WANTED, RETURN_EMPTY, RETURN_CANCELLED, RETURN_EXCEEDS_SHIPPED, SHIPMENT_ITEM_UNKNOWN,
 * ODOO_VALIDATION.
 */
export async function authoriseReturn(
  services: Services,
  orderId: number,
  value: CanonicalReturn,
): Promise<Authorised> {
  assertWanted(value);
  const label = rmaLabel(value.returnId);
  let order = await readStockOrder(services, orderId);
  const before = pickingsOfReturn(order, value.returnId);
  if (before.length > 0 && before.every(({ state }) => state === 'cancel'))
    throw cancelled(order, value, before);
  const wanted = await goodsOf(services, order, value);
  const missing = missingOf(wanted, before);
  for (const part of divideReturn(order, missing, isOfShipment(services, value))) {
    await makeReturn(services, part, value, label);
  }
  if (missing.length > 0) order = await readStockOrder(services, orderId);
  order = await tidy(services, order, value, wanted);
  return { order, pickings: pickingsOfReturn(order, value.returnId), applied: missing.length > 0 };
}

/** What of the goods no picking of the return has yet: after a crash between two deliveries, or when more is asked for. */
function missingOf(wanted: readonly Goods[], pickings: readonly Picking[]): Goods[] {
  const there = new Map<number, DecimalValue>();
  for (const { moves } of pickings) {
    // What was called off was authorised once, and is not authorised again by a repeated message.
    for (const move of moves)
      there.set(move.productId, (there.get(move.productId) ?? decimal('0')).plus(authorisedBy(move)));
  }
  return wanted.flatMap((goods) => {
    const known = there.get(goods.product.id) ?? decimal('0');
    const taken = known.lt(goods.quantity) ? known : goods.quantity;
    there.set(goods.product.id, known.minus(taken));
    const quantity = goods.quantity.minus(taken);
    return quantity.gt(0) ? [{ ...goods, quantity }] : [];
  });
}

function authorisedBy(move: Move): DecimalValue {
  return move.state === 'done' ? sum(move.lines.map(({ quantity }) => quantity)) : move.demand;
}

function assertWanted({ returnId, status }: CanonicalReturn): void {
  if (!NOT_WANTED.has(status)) return;
  throw new CrossdockError(`Return ${returnId} is ${status}: it is not authorised in Odoo.`, {
    code: 'RETURN_NOT_WANTED',
    kind: 'business',
    facts: { return: returnId, status },
  });
}

async function goodsOf(services: Services, order: StockOrder, value: CanonicalReturn) {
  const units = await services.units.table();
  const goods = requestedOf(value).map((content) => {
    const product = productOf(order, content);
    const quantity = units.fromCode(content.quantity.toFixed(), content.unit, product.unitId);
    return { content, product, quantity, nextPart: 0 };
  });
  if (goods.length > 0) return goods;
  throw new CrossdockError(`Return ${value.returnId} brings no goods back: there is nothing to authorise.`, {
    code: 'RETURN_EMPTY',
    kind: 'business',
    facts: { return: value.returnId },
  });
}

/** Deliveries of the shipment that the return names: by the picking's name, or by the keys that the shipment left. */
function isOfShipment(
  { options }: Services,
  { shipmentRef, channel, account }: CanonicalReturn,
): (picking: Picking) => boolean {
  if (shipmentRef === undefined) return () => true;
  const key = businessKeyOf('shipment', { channel, account, shipmentId: shipmentRef });
  const base = keyBase(options.tenant, 'shipment', key);
  return (picking) =>
    picking.name === shipmentRef ||
    picking.moves.some(({ lines }) => lines.some((line) => readKey(line.key)?.base === base));
}

async function makeReturn(
  services: Services,
  { picking, pieces }: ReturnOf,
  value: CanonicalReturn,
  label: string,
): Promise<void> {
  const { client, fields } = services;
  const units = await services.units.table();
  const { create, unitOf } = fields.map.returnPicking;
  const lines = new Map<number, { product: number; quantity: number }>();
  for (const { goods, move, quantity } of pieces) {
    const asked = unitOf === 'move' ? units.between(quantity, goods.product.unitId, move.unitId) : quantity;
    const same = lines.get(move.id)?.quantity ?? 0;
    lines.set(move.id, { product: goods.product.id, quantity: same + Number(asked.toFixed()) });
  }
  const refund = refunds(value);
  const values = {
    picking_id: picking.id,
    // Up to 17 the wizard asks where to; later Odoo decides by the operation type.
    ...(fields.map.major < 18 ? { location_id: picking.location.id } : {}),
    product_return_moves: [...lines].map(([moveId, { product, quantity }]) => [
      0,
      0,
      {
        product_id: product,
        move_id: moveId,
        quantity,
        ...(fields.has('move', 'to_refund') ? { to_refund: refund } : {}),
      },
    ]),
  };
  const [wizard] = await withRetry(CALL_RETRY, () =>
    client.call<readonly number[]>('stock.return.picking', 'create', { args: { vals_list: [values] } }),
  );
  if (wizard === undefined) throw new Error('the return wizard was not created');
  // Not repeated here: whether a lost answer made a picking is found out by reading.
  const answer = await client.call<{ res_id?: unknown }>('stock.return.picking', create, {
    ids: [wizard],
    context: { default_carrier_tracking_ref: label },
  });
  // Without Odoo's app for delivery there is no such field, and the label can only be written afterwards.
  if (!fields.has('picking', 'carrier_tracking_ref') && typeof answer.res_id === 'number') {
    await call(services, 'write', answer.res_id, {
      vals: { origin: rmaOrigin(`Return of ${picking.name}`, label), note: rmaNote(value) },
    });
  }
}

/** Whether what comes back lowers what counts as delivered, and so is credited. */
export function refunds({ remedy }: CanonicalReturn): boolean {
  return remedy !== 'replace' && remedy !== 'repair';
}

/** Moves the label where it belongs, and cancels what a second process made of the same return. */
async function tidy(
  services: Services,
  order: StockOrder,
  value: CanonicalReturn,
  wanted: readonly Goods[],
): Promise<StockOrder> {
  const label = rmaLabel(value.returnId);
  const own = order.pickings.filter((picking) => isOfReturn(picking, label));
  const twice = superfluous(own, wanted);
  const raw = own.filter(
    (picking) => picking.tracking === label && !isClosed(picking) && !twice.includes(picking),
  );
  for (const { id } of twice) await call(services, 'action_cancel', id);
  for (const picking of raw) {
    await call(services, 'write', picking.id, {
      vals: {
        origin: rmaOrigin(picking.origin, label),
        note: rmaNote(value),
        carrier_tracking_ref: value.label?.tracking ?? false,
      },
    });
  }
  return twice.length + raw.length === 0 ? order : readStockOrder(services, order.id);
}

/** The latest pickings without which the return still has all that is wanted. */
function superfluous(own: readonly Picking[], wanted: readonly Goods[]): Picking[] {
  const surplus = new Map<number, DecimalValue>();
  const add = (product: number, quantity: DecimalValue) =>
    surplus.set(product, (surplus.get(product) ?? decimal('0')).plus(quantity));
  for (const { product, quantity } of wanted) add(product.id, quantity.times(-1));
  for (const { moves, state } of own) {
    if (state !== 'cancel') for (const move of moves) add(move.productId, authorisedBy(move));
  }
  return own
    .filter((picking) => !isClosed(picking) && !picking.moves.some(({ picked }) => picked))
    .toReversed()
    .filter(({ moves }) => {
      const fits = moves.every((move) => surplus.get(move.productId)?.gte(authorisedBy(move)));
      if (fits) for (const move of moves) add(move.productId, authorisedBy(move).times(-1));
      return fits && moves.length > 0;
    });
}

function call(
  { client }: Services,
  method: string,
  id: number,
  args?: Record<string, unknown>,
): Promise<unknown> {
  return withRetry(CALL_RETRY, () =>
    client.call('stock.picking', method, { ids: [id], ...(args === undefined ? {} : { args }) }),
  );
}

function cancelled(
  order: StockOrder,
  { returnId }: CanonicalReturn,
  pickings: readonly Picking[],
): CrossdockError {
  const change = transition('return', 'cancelled', 'authorised');
  const reason = change.legal ? '' : `: ${change.reason}`;
  const names = pickings.map(({ name }) => name).join(', ');
  return new CrossdockError(
    `Return ${returnId} of order ${order.name} was cancelled in Odoo (${names})${reason}.`,
    {
      code: 'RETURN_CANCELLED',
      kind: 'business',
      facts: { return: returnId, order: order.name },
    },
  );
}
