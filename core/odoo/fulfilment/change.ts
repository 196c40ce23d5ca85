/** What is done to deliveries beside shipping them: calling off what is open, and telling the tracking number later. */
import { businessKeyOf } from '../../canonical/business-key';
import type { Shipment } from '../../canonical/generated';
import { CrossdockError } from '../../errors/index';
import { CALL_RETRY, withRetry } from '../client/retry';
import { headersOf, writeHeaders } from './carriers';
import { keyBase, readKey } from './keys';
import { isClosed, isReturn, readStockOrder } from './read';
import { pickingsOfReturn } from './rma';
import type { Services } from './services';
import type { Picking, StockOrder } from './types';

export interface Changed {
  readonly order: StockOrder;
  readonly pickings: readonly Picking[];
  readonly applied: boolean;
}

export interface CancelWish {
  /** Name or id of one picking; all that is open of the delivery (or of the return) when left out. */
  readonly picking?: string | undefined;
  /** Number of the return that is called off. */
  readonly returnId?: string | undefined;
}

/**
 * Cancels what has not left: open deliveries, backorders and the steps before them; or what has not come back of a return.
 * Goods that have left are not called back by cancelling.
 *
 * Throws PICKING_UNKNOWN, PICKING_DONE (business).
 */
export async function cancelOpen(services: Services, orderId: number, wish: CancelWish): Promise<Changed> {
  const order = await readStockOrder(services, orderId);
  const chosen = chooseForCancel(order, wish);
  const open = chosen.filter((picking) => !isClosed(picking));
  const done = chosen.filter(({ state }) => state === 'done');
  if (open.length === 0 && done.length > 0 && !chosen.some(({ state }) => state === 'cancel')) {
    const names = done.map(({ name }) => name).join(', ');
    const what = wish.returnId === undefined ? 'has left' : 'has come back';
    throw new CrossdockError(
      `${names} of order ${order.name} ${what} already: it cannot be cancelled any more${wish.returnId === undefined ? ', only returned' : ''}.`,
      { code: 'PICKING_DONE', kind: 'business', facts: { order: order.name, pickings: names } },
    );
  }
  for (const { id } of open) {
    await withRetry(CALL_RETRY, () => services.client.call('stock.picking', 'action_cancel', { ids: [id] }));
  }
  const after = open.length === 0 ? order : await readStockOrder(services, orderId);
  const ids = new Set(chosen.map(({ id }) => id));
  const pickings = after.pickings.filter(({ id }) => ids.has(id));
  const left = pickings.filter((picking) => !isClosed(picking));
  if (left.length > 0) {
    throw new CrossdockError(`Odoo did not cancel ${left.map(({ name }) => name).join(', ')}.`, {
      code: 'SHIPMENT_IN_PROGRESS',
      kind: 'transient',
      facts: { order: order.name },
    });
  }
  return { order: after, pickings, applied: open.length > 0 };
}

function chooseForCancel(order: StockOrder, { picking: named, returnId }: CancelWish): readonly Picking[] {
  if (named !== undefined) {
    const found = order.pickings.filter(({ id, name }) => name === named || String(id) === named);
    if (found.length > 0) return found;
    throw unknown(order, named);
  }
  if (returnId === undefined) return order.pickings.filter((picking) => !isReturn(picking));
  const found = pickingsOfReturn(order, returnId);
  if (found.length > 0) return found;
  throw unknown(order, `return ${returnId}`);
}

function unknown(order: StockOrder, what: string): CrossdockError {
  return new CrossdockError(`Order ${order.name} has no ${what} in Odoo.`, {
    code: 'PICKING_UNKNOWN',
    kind: 'business',
    facts: { order: order.name, picking: what },
  });
}

/**
 * Writes tracking numbers and carrier of a shipment that is in Odoo: the one that was shipped by this message's key, or the
 * picking that it names.
 *
 * Throws SHIPMENT_UNKNOWN, TRACKING_MISSING, ODOO_NO_TRACKING (business).
 */
export async function writeTracking(
  services: Services,
  orderId: number,
  shipment: Shipment,
  named: string | undefined,
): Promise<Changed> {
  const order = await readStockOrder(services, orderId);
  const base = keyBase(services.options.tenant, 'shipment', businessKeyOf('shipment', shipment));
  const pickings = order.pickings.filter(
    (picking) =>
      picking.state !== 'cancel' &&
      (named === undefined
        ? picking.name === shipment.shipmentId ||
          picking.moves.some(({ lines }) =>
            lines.some(({ key }) => {
              const own = readKey(key);
              return own?.base === base && own.tag === '';
            }),
          )
        : picking.name === named || String(picking.id) === named),
  );
  const facts = { shipment: shipment.shipmentId, order: order.name };
  const refuse = (code: string, sentence: string) =>
    new CrossdockError(sentence, { code, kind: 'business', facts });
  if (pickings.length === 0) {
    throw refuse(
      'SHIPMENT_UNKNOWN',
      `Shipment ${shipment.shipmentId} of order ${order.name} is not in Odoo.`,
    );
  }
  if (!services.fields.has('picking', 'carrier_tracking_ref')) {
    throw refuse(
      'ODOO_NO_TRACKING',
      "Odoo's deliveries have no tracking number: is the app Delivery Costs installed?",
    );
  }
  const headers = await headersOf(services, shipment);
  if (headers.tracking === undefined && headers.carrierId === undefined) {
    throw refuse(
      'TRACKING_MISSING',
      `Shipment ${shipment.shipmentId} says neither a tracking number nor a carrier that Odoo has.`,
    );
  }
  let did = false;
  for (const picking of pickings) did = (await writeHeaders(services, picking, headers)) || did;
  const ids = new Set(pickings.map(({ id }) => id));
  const after = did ? await readStockOrder(services, orderId) : order;
  return { order: after, pickings: after.pickings.filter(({ id }) => ids.has(id)), applied: did };
}
