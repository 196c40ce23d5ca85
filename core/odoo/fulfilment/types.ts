/** Odoo's deliveries and returns as this folder speaks of them: names of all versions made one, quantities decimals. */
import type { DecimalValue } from '../../canonical/decimal';
import type { CanonicalReturn, Shipment } from '../../canonical/generated';
import type { RetryPolicy } from '../client/retry';

export interface FulfilmentOptions {
  /** More shipped than is left to ship: refused (`hold`, default) or written as it happened (`allow`). */
  readonly excess?: 'hold' | 'allow' | undefined;
  /** Less on hand than was shipped: written as it happened, so that Odoo's stock goes below zero (`allow`, default), or refused. */
  readonly shortStock?: 'allow' | 'hold' | undefined;
  /** A lot or serial number that Odoo does not know: refused (`hold`, default) or created. */
  readonly unknownLots?: 'hold' | 'create' | undefined;
  /** A tracked product without a lot: refused (`hold`, default), or the lots that Odoo reserved are taken. */
  readonly missingLots?: 'hold' | 'reserved' | undefined;
  /** What a shipment leaves open: a backorder (default), or it is cancelled since nothing more will come. */
  readonly rest?: 'backorder' | 'cancel' | undefined;
  /** Picks and packs that Odoo still has open before the delivery: refused (`refuse`, default), or done with it. */
  readonly earlierSteps?: 'refuse' | 'validate' | undefined;
  /** Location (complete name, for example `WH/Quarantine`) of returned goods that are not put back on the shelf. */
  readonly quarantine?: string | undefined;
  /** Location of returned goods that are scrapped. Default: Odoo's inventory loss. */
  readonly scrap?: string | undefined;
  /** Channel and account of what Odoo itself brought forth; orders placed by Crossdock keep their own. */
  readonly channel?: string | undefined;
  readonly account?: string | undefined;
  /** As OrderWriterOptions: part of every key. */
  readonly namespace?: string | undefined;
  readonly tenant?: string | undefined;
  readonly raceRetry?: RetryPolicy | undefined;
}

export interface StockProduct {
  readonly id: number;
  readonly name: string;
  readonly sku: string | undefined;
  readonly barcode: string | undefined;
  readonly tracking: 'none' | 'lot' | 'serial';
  readonly storable: boolean;
  readonly unitId: number;
}

export type Named = { readonly id: number; readonly name: string };

/** Goods of one move that go together: one lot, one package. Quantities are in the product's unit. */
export interface MoveLine {
  readonly id: number;
  readonly moveId: number;
  readonly quantity: DecimalValue;
  /** False: only reserved. In a done picking all are. */
  readonly picked: boolean;
  readonly lot: Named | undefined;
  /** The package that the goods are taken from, and the one they leave in. */
  readonly source: Named | undefined;
  readonly target: Named | undefined;
  readonly ownerId: number | undefined;
  readonly locationId: number;
  readonly destination: Named;
  /** The external id that Crossdock gave it, without the namespace. */
  readonly key: string | undefined;
}

export interface Move {
  readonly id: number;
  readonly productId: number;
  readonly unitId: number;
  /** What is to move, in the product's unit. */
  readonly demand: DecimalValue;
  /** draft, waiting, confirmed, partially_available, assigned, done, cancel. */
  readonly state: string;
  readonly picked: boolean;
  readonly saleLineId: number | undefined;
  /** Of a return: whether it lowers what counts as delivered. */
  readonly toRefund: boolean;
  /** Of a return: the move that brought the goods there. */
  readonly returnOf: number | undefined;
  readonly locationId: number;
  readonly destinationId: number;
  readonly lines: readonly MoveLine[];
}

export interface Picking {
  readonly id: number;
  readonly name: string;
  /** draft, waiting, confirmed, assigned, done, cancel. */
  readonly state: string;
  /** incoming, outgoing, internal, dropship ... */
  readonly type: string;
  readonly typeId: number;
  readonly origin: string | undefined;
  readonly backorderOf: Named | undefined;
  readonly returnOf: Named | undefined;
  readonly carrier: Named | undefined;
  readonly tracking: string | undefined;
  readonly trackingUrl: string | undefined;
  /** RFC 3339 UTC. */
  readonly scheduledAt: string | undefined;
  readonly doneAt: string | undefined;
  readonly createdAt: string | undefined;
  /** HTML. */
  readonly note: string | undefined;
  readonly partnerId: number | undefined;
  readonly companyId: number | undefined;
  readonly location: Named;
  readonly destination: Named;
  readonly moves: readonly Move[];
}

export interface OrderLineFacts {
  readonly id: number;
  readonly productId: number | undefined;
  /** In the product's unit. */
  readonly ordered: DecimalValue;
  readonly delivered: DecimalValue;
}

export interface StockOrder {
  readonly id: number;
  readonly name: string;
  /** The canonical order's id where Crossdock placed it. */
  readonly origin: string | undefined;
  readonly customerRef: string | undefined;
  /** draft, sent, sale, done, cancel. */
  readonly state: string;
  readonly locked: boolean;
  readonly deliveryStatus: string | undefined;
  /** A credit note is posted, and nothing is to be credited still; false too where the account may not see invoices. */
  readonly credited: boolean;
  readonly lines: readonly OrderLineFacts[];
  readonly pickings: readonly Picking[];
  readonly products: ReadonlyMap<number, StockProduct>;
}

/** One picking as told in a result. */
export interface PickingSummary {
  readonly odooId: number;
  readonly name: string;
  readonly state: string;
  readonly url: string;
}

export interface OrderSummary {
  readonly odooId: number;
  readonly name: string;
  readonly url: string;
  readonly fulfilment: string;
  readonly return: string;
}

export interface ShipResult {
  readonly shipmentId: string;
  /** Nearly always one: what the shipment was of, and how far it is now (canonical axes). */
  readonly orders: readonly OrderSummary[];
  /** The pickings that the shipment went into, all done. */
  readonly pickings: readonly PickingSummary[];
  /** What is left to ship. */
  readonly backorders: readonly PickingSummary[];
  /** False when an earlier delivery of the message had shipped it. */
  readonly applied: boolean;
  /** Products of which Odoo had less on hand than was shipped, and whose stock is below zero now. */
  readonly short: readonly string[];
  /** As Odoo has it now, one per picking. */
  readonly shipments: readonly Shipment[];
}

export interface ReturnResult {
  readonly returnId: string;
  readonly order: OrderSummary;
  /** The returns' pickings, done and open. */
  readonly pickings: readonly PickingSummary[];
  /** False when an earlier delivery of the message had done it. */
  readonly applied: boolean;
  readonly return: CanonicalReturn;
}
