/** What must hold of an order before goods are written into it, each with the sentence that a person can act on. */
import { decimal, toPlain } from '../../canonical/decimal';
import { CrossdockError } from '../../errors/index';
import type { Goods } from './allocate';
import { readKey } from './keys';
import { openSteps } from './steps';
import type { Picking, StockOrder } from './types';

/** Throws ORDER_NOT_CONFIRMED, ORDER_CANCELLED (business). */
export function assertShippable(order: StockOrder): void {
  if (order.state === 'cancel') {
    throw new CrossdockError(`Order ${order.name} is cancelled in Odoo: nothing of it can be shipped.`, {
      code: 'ORDER_CANCELLED',
      kind: 'business',
      facts: { order: order.name },
    });
  }
  if (order.state === 'draft' || order.state === 'sent') {
    throw new CrossdockError(`Order ${order.name} is a quotation in Odoo: confirm it before it is shipped.`, {
      code: 'ORDER_NOT_CONFIRMED',
      kind: 'business',
      facts: { order: order.name },
    });
  }
}

/**
 * A picking in which somebody has picked goods already would leave with theirs and ours together.
 *
 * Throws SHIPMENT_IN_PROGRESS (transient) when it is another message, PICKING_TOUCHED (business) when it is a person.
 */
export function assertUntouched(picking: Picking): void {
  const picked = picking.moves.flatMap(({ lines }) =>
    lines.filter((line) => line.picked && line.quantity.gt(0)),
  );
  if (picked.length === 0) return;
  if (picked.some(({ key }) => readKey(key) !== undefined)) {
    throw new CrossdockError(`Another message is being written into ${picking.name}.`, {
      code: 'SHIPMENT_IN_PROGRESS',
      kind: 'transient',
      facts: { picking: picking.name },
    });
  }
  throw new CrossdockError(
    `Somebody has picked goods of ${picking.name} in Odoo: validate it there or undo it, then send the message again.`,
    { code: 'PICKING_TOUCHED', kind: 'business', facts: { picking: picking.name } },
  );
}

/** Why there is no delivery to write into: earlier steps are open, or all of it has left. */
export function nothingLeft(order: StockOrder, goods: readonly Goods[]): CrossdockError {
  const steps = openSteps(order);
  if (steps.length > 0) {
    const names = steps.map(({ name }) => name).join(', ');
    return new CrossdockError(
      `Order ${order.name} has not come to shipping in Odoo: ${names} must be done first. (The node can do it with the shipment.)`,
      { code: 'SHIPMENT_NOT_PICKED', kind: 'business', facts: { order: order.name, pickings: names } },
    );
  }
  const [first] = goods;
  const sku = first?.product.sku ?? first?.product.name ?? '';
  return new CrossdockError(
    `${toPlain(first?.quantity ?? decimal('0'))} of ${sku} are shipped, but order ${order.name} has no open delivery in Odoo: all of it has left, or the rest was cancelled.`,
    { code: 'SHIPMENT_EXCEEDS_ORDER', kind: 'business', facts: { sku, order: order.name, left: '0' } },
  );
}
