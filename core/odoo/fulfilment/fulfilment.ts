/** Deliveries of orders in Odoo: shipped, read, cancelled, and returned. One per node. */
import type { CanonicalReturn, OrderRef, Shipment } from '../../canonical/generated';
import { CrossdockError } from '../../errors/index';
import type { OdooClient } from '../client/types';
import { authoriseReturn } from './authorise';
import { type CancelWish, cancelOpen, writeTracking } from './change';
import { readDetails } from './details';
import { findOrder } from './find-order';
import { lossesAmong } from './locations';
import { OrderQueue } from './queue';
import { isClosed, isReturn, readStockOrder } from './read';
import { receiveReturn } from './receive';
import { pickingsOfReturn, returnIdOf } from './rma';
import { type Services, Shared } from './services';
import { partsOf, type Shipped, shipmentKey, shipPart } from './ship';
import { fulfilmentOf, isDelivery, type OrderFulfilment } from './status';
import { toReturn } from './to-return';
import { toShipment } from './to-shipment';
import type {
  FulfilmentOptions,
  OrderSummary,
  Picking,
  PickingSummary,
  ReturnResult,
  ShipResult,
  StockOrder,
} from './types';

export interface OrderAsked {
  readonly ref: OrderRef;
  /** Odoo's own id, when it is known: then nothing is searched. */
  readonly odooId?: number | undefined;
  readonly channel?: string | undefined;
  readonly account?: string | undefined;
}

export interface OrderStatus extends OrderFulfilment {
  readonly odooId: number;
  readonly name: string;
  readonly url: string;
  /** Odoo's own words: of the order, and `delivery_status`. */
  readonly state: string;
  readonly deliveryStatus: string;
  readonly pickings: readonly PickingSummary[];
}

export class Fulfilment {
  private readonly shared: Shared;
  private readonly queue = new OrderQueue();

  constructor(
    private readonly client: OdooClient,
    options: FulfilmentOptions = {},
  ) {
    this.shared = new Shared(client, options);
  }

  /**
   * Ships what the message says, once, however often it is given.
   *
   * Rejects with CrossdockError. Business (nothing was written, or nothing more): SHIPMENT_KIND, SHIPMENT_CANCELLED,
   * SHIPMENT_NOT_LEFT, SHIPMENT_EMPTY, SHIPMENT_ORDER_UNCLEAR, SHIPMENT_ITEM_UNKNOWN, SHIPMENT_EXCEEDS_ORDER,
   * SHIPMENT_CHANGED, SHIPMENT_NOT_PICKED, ORDER_NOT_FOUND, ORDER_AMBIGUOUS, ORDER_NOT_CONFIRMED, ORDER_CANCELLED,
   * PICKING_AMBIGUOUS, PICKING_UNKNOWN, PICKING_TOUCHED, PICKING_CANCELLED, LOT_REQUIRED, LOT_UNKNOWN, SERIAL_REQUIRED,
   * SERIAL_COUNT, SERIAL_DUPLICATE, STOCK_SHORT, SSCC_INVALID, VALIDATION_ASKS, UNIT_..., ODOO_VALIDATION.
   * Transient: SHIPMENT_IN_PROGRESS. Else as OdooClient.call; giving it again settles it.
   * @param shipment valid by the contract `shipment` 1.0
   * @param picking name or id of the delivery in Odoo, where the order has several
   */
  ship(shipment: Shipment, picking?: string): Promise<ShipResult> {
    return this.write(shipment, picking, true);
  }

  /**
   * Puts the goods into their packages and leaves the delivery open; `ship` with the same shipment sends it off. Rejects as
   * `ship` does.
   */
  pack(shipment: Shipment, picking?: string): Promise<ShipResult> {
    return this.write(shipment, picking, false);
  }

  /**
   * Writes tracking numbers and carrier of a shipment that is in Odoo. Business errors: SHIPMENT_UNKNOWN, TRACKING_MISSING,
   * ODOO_NO_TRACKING, ORDER_NOT_FOUND, ORDER_AMBIGUOUS, SHIPMENT_ORDER_UNCLEAR.
   */
  async track(shipment: Shipment, picking?: string): Promise<ShipResult> {
    const services = await this.shared.services();
    const done: Shipped[] = [];
    for (const ref of shipment.orderRefs) {
      const orderId = await this.find(services, ref, shipment);
      const named = picking ?? namedPicking(shipment);
      const work = () => writeTracking(services, orderId, shipment, named);
      done.push({ ...(await this.queue.run(orderId, work)), short: [] });
    }
    return this.shipResult(services, shipment.shipmentId, done);
  }

  /** Cancels what is open. Business errors: PICKING_UNKNOWN, PICKING_DONE, ORDER_NOT_FOUND, ORDER_AMBIGUOUS. */
  async cancel(asked: OrderAsked, wish: CancelWish = {}): Promise<OrderStatus> {
    const services = await this.shared.services();
    const orderId = await this.find(services, asked.ref, asked, asked.odooId);
    const { order, pickings } = await this.queue.run(orderId, () => cancelOpen(services, orderId, wish));
    return { ...this.orderStatus(order), pickings: pickings.map((picking) => this.summary(picking)) };
  }

  private async write(
    shipment: Shipment,
    picking: string | undefined,
    validate: boolean,
  ): Promise<ShipResult> {
    assertShipment(shipment, validate);
    const { parts, print } = partsOf(shipment);
    const services = await this.shared.services();
    const key = shipmentKey(shipment, services.options.tenant, print);
    const named = picking ?? namedPicking(shipment);
    const done: Shipped[] = [];
    for (const { ref, contents } of parts) {
      const orderId = await this.find(services, ref, shipment);
      const work = { services, shipment, key, picking: named, validate };
      done.push(await this.queue.run(orderId, () => shipPart(work, orderId, contents)));
    }
    return this.shipResult(services, shipment.shipmentId, done);
  }

  /** All pickings of an order that bring goods to the customer or back, done and open, as canonical shipments. */
  async shipments(asked: OrderAsked): Promise<Shipment[]> {
    const services = await this.shared.services();
    const order = await this.read(services, asked);
    return this.toShipments(services, order, order.pickings);
  }

  /**
   * Authorises a return (RMA) through Odoo's return wizard, once. Business errors: RETURN_NOT_WANTED, RETURN_EMPTY,
   * RETURN_CANCELLED, RETURN_EXCEEDS_SHIPPED, SHIPMENT_ITEM_UNKNOWN, ORDER_NOT_FOUND, ORDER_AMBIGUOUS, ODOO_VALIDATION.
   * @param value valid by the contract `return` 1.0
   */
  authorise(value: CanonicalReturn): Promise<ReturnResult> {
    return this.onReturn(value, authoriseReturn);
  }

  /**
   * Receives what came back: total quantities, accepted and rejected. Business errors: RETURN_EMPTY, RETURN_NOT_AUTHORISED,
   * RETURN_CANCELLED, RETURN_EXCEEDS_AUTHORISED, RETURN_REVERSED, RETURN_LOCATION_MISSING, RETURN_LOT_FOREIGN, LOT_REQUIRED,
   * LOT_UNKNOWN, SERIAL_COUNT, PICKING_TOUCHED, VALIDATION_ASKS, ODOO_VALIDATION. Transient: SHIPMENT_IN_PROGRESS.
   */
  receive(value: CanonicalReturn): Promise<ReturnResult> {
    return this.onReturn(value, receiveReturn);
  }

  /** All returns of an order, as Odoo has them. */
  async returns(asked: OrderAsked): Promise<CanonicalReturn[]> {
    const services = await this.shared.services();
    const order = await this.read(services, asked);
    const groups: (readonly Picking[])[] = [];
    for (const picking of order.pickings.filter(isReturn)) {
      if (groups.some((group) => group.includes(picking))) continue;
      groups.push(pickingsOfReturn(order, returnIdOf(picking) ?? picking.name));
    }
    return Promise.all(groups.map((group) => this.toReturn(services, order, group)));
  }

  async status(asked: OrderAsked): Promise<OrderStatus> {
    const services = await this.shared.services();
    return this.orderStatus(await this.read(services, asked));
  }

  /** Resolves when everything that was begun has ended. */
  close(): Promise<void> {
    return this.queue.idle();
  }

  private async onReturn(
    value: CanonicalReturn,
    work: (
      services: Services,
      orderId: number,
      value: CanonicalReturn,
    ) => Promise<{ order: StockOrder; pickings: readonly Picking[]; applied: boolean }>,
  ): Promise<ReturnResult> {
    const services = await this.shared.services();
    const orderId = await this.find(services, value.orderRef, value);
    const { order, pickings, applied } = await this.queue.run(orderId, () => work(services, orderId, value));
    const read = await this.toReturn(services, order, pickings);
    return {
      returnId: value.returnId,
      order: this.orderSummary(order),
      pickings: pickings.map((picking) => this.summary(picking)),
      applied,
      return: withMessage(read, value),
    };
  }

  private async toReturn(
    services: Services,
    order: StockOrder,
    pickings: readonly Picking[],
  ): Promise<CanonicalReturn> {
    const { channel, account, quarantine } = services.options;
    const elsewhere = pickings.flatMap((picking) =>
      picking.moves.flatMap(({ lines }) =>
        lines.flatMap(({ destination }) =>
          destination.id === picking.destination.id ? [] : [destination.id],
        ),
      ),
    );
    const [units, losses] = await Promise.all([
      services.units.table(),
      lossesAmong(services, [...new Set(elsewhere)]),
    ]);
    const naming = { channel, account, now: new Date().toISOString() };
    return toReturn(pickings, { order, units, naming, quarantine, losses });
  }

  private orderSummary(order: StockOrder): OrderSummary {
    const status = fulfilmentOf(order);
    return {
      odooId: order.id,
      name: order.name,
      url: this.url('sale.order', order.id),
      fulfilment: status.fulfilment,
      return: status.return,
    };
  }

  private async read(services: Services, asked: OrderAsked): Promise<StockOrder> {
    return readStockOrder(services, await this.find(services, asked.ref, asked, asked.odooId));
  }

  private find(
    { options }: Services,
    ref: OrderRef,
    { channel, account }: { readonly channel?: string | undefined; readonly account?: string | undefined },
    odooId?: number,
  ): Promise<number> {
    if (odooId !== undefined) return Promise.resolve(odooId);
    return findOrder(this.client, ref, {
      namespace: options.namespace,
      tenant: options.tenant,
      channel: channel ?? options.channel,
      account: account ?? options.account,
    });
  }

  private orderStatus(order: StockOrder): OrderStatus {
    return {
      odooId: order.id,
      name: order.name,
      url: this.url('sale.order', order.id),
      state: order.state,
      deliveryStatus: order.deliveryStatus ?? '',
      ...fulfilmentOf(order),
      pickings: order.pickings.map((picking) => this.summary(picking)),
    };
  }

  private async shipResult(
    services: Services,
    shipmentId: string,
    done: readonly Shipped[],
  ): Promise<ShipResult> {
    const shipments = await Promise.all(
      done.map(({ order, pickings }) => this.toShipments(services, order, pickings)),
    );
    return {
      shipmentId,
      orders: done.map(({ order }) => this.orderSummary(order)),
      pickings: done.flatMap(({ pickings }) => pickings.map((picking) => this.summary(picking))),
      backorders: done.flatMap(({ order }) => openDeliveries(order).map((picking) => this.summary(picking))),
      applied: done.some(({ applied }) => applied),
      short: [...new Set(done.flatMap(({ short }) => short))],
      shipments: shipments.flat(),
    };
  }

  private async toShipments(
    services: Services,
    order: StockOrder,
    pickings: readonly Picking[],
  ): Promise<Shipment[]> {
    const visible = pickings.filter(({ type }) => type !== 'internal');
    const [details, units] = await Promise.all([readDetails(services, visible), services.units.table()]);
    const { channel, account } = services.options;
    const naming = { channel, account, now: new Date().toISOString() };
    return visible.flatMap((picking) => toShipment(picking, { order, details, units, naming }) ?? []);
  }

  private summary({ id, name, state }: Picking): PickingSummary {
    return { odooId: id, name, state, url: this.url('stock.picking', id) };
  }

  private url(model: string, id: number): string {
    return `${this.client.url}/odoo/${model}/${id}`;
  }
}

/** What is left to ship. */
function openDeliveries(order: StockOrder): Picking[] {
  return order.pickings.filter((picking) => isDelivery(picking) && !isClosed(picking));
}

/** What only the message knows of a return: Odoo keeps its goods, not its story. */
function withMessage(read: CanonicalReturn, value: CanonicalReturn): CanonicalReturn {
  const { requestedAt, reason, reasonText, remedy } = value;
  return {
    ...read,
    requestedAt,
    reason,
    ...(reasonText === undefined ? {} : { reasonText }),
    ...(remedy === undefined ? {} : { remedy }),
  };
}

/**
 * Throws SHIPMENT_KIND, SHIPMENT_CANCELLED, SHIPMENT_NOT_LEFT (business): goods that have not left are not shipped.
 * @param leaves false when it is only packed
 */
function assertShipment({ kind, status, shippedAt, shipmentId }: Shipment, leaves: boolean): void {
  const refuse = (code: string, sentence: string) =>
    new CrossdockError(sentence, { code, kind: 'business', facts: { shipment: shipmentId, status } });
  if (kind === 'return') {
    throw refuse(
      'SHIPMENT_KIND',
      `Shipment ${shipmentId} brings goods back: it is received as a return, not shipped.`,
    );
  }
  if (status === 'cancelled') {
    throw refuse(
      'SHIPMENT_CANCELLED',
      `Shipment ${shipmentId} is cancelled: nothing of it is written into Odoo.`,
    );
  }
  if (leaves && status === 'labelCreated' && shippedAt === undefined) {
    throw refuse(
      'SHIPMENT_NOT_LEFT',
      `Shipment ${shipmentId} has only a label so far: it is shipped once it says when the goods left.`,
    );
  }
}

/** A shipment that was read from Odoo keeps the picking's name; a warehouse may send it back so. */
function namedPicking({ extensions }: Shipment): string | undefined {
  const odoo = extensions?.['odoo'];
  if (typeof odoo !== 'object' || odoo === null) return undefined;
  const { picking, pickingId } = odoo as { picking?: unknown; pickingId?: unknown };
  const named = picking ?? pickingId;
  return typeof named === 'string' || typeof named === 'number' ? String(named) : undefined;
}
