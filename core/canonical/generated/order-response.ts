// Generated from the contracts by `npm run types`. Change the schema, not this file.
import type { Currency, Decimal, Item, OrderRef, Period, Provenance, Time, Unit, UnitPrice } from './common';

/** The answer to one line of the order. */
export interface OrderResponseLine {
  /** The order's line that this answers. */
  orderLineId: string;
  /** UNCL 1229: 1 added, 2 deleted, 3 changed, 5 accepted as it is, 7 not accepted, 42 already delivered. */
  code: '1' | '2' | '3' | '5' | '7' | '42';
  /** What the line is about, where the sender says so. */
  item?: Item;
  /** What would be delivered instead. */
  substitute?: Item;
  /** UN/ECE Rec 20 or 21 code of the quantities of this line. */
  unit?: Unit;
  /** How much of the line is confirmed, and what becomes of the rest. */
  quantity?: {
    /** What was ordered. */
    ordered?: Decimal;
    /** What will be delivered. */
    confirmed: Decimal;
    /** What will be delivered later. */
    backordered?: Decimal;
    /** What will not be delivered. */
    cancelled?: Decimal;
  };
  /** The price that the seller confirms, before discounts. */
  unitPrice?: UnitPrice;
  /** When the seller will ship it. */
  promisedShip?: Period;
  /** When it will arrive. */
  promisedDelivery?: Period;
  /** Why the line is changed or not accepted. */
  reason?: string;
}

/** What the confirmed quantities cost. */
export interface OrderResponseTotals {
  /** Lines less discounts plus charges, without tax. */
  taxExclusive: Decimal;
  /** Sum of all taxes. */
  tax: Decimal;
  /** Amount without tax plus tax. */
  taxInclusive: Decimal;
}

/**
 * The seller's answer to an order: whether it is accepted, line by line, with quantities and promised
 * dates. Closed: unknown fields are refused, except below extensions.
 */
export interface OrderResponse {
  /** Version of this contract. */
  schemaVersion: '1.0';
  /** The channel that the order came in by. */
  channel: string;
  /**
   * The account or shop within the channel: a shop's domain, a marketplace's seller id, a partner's
   * customer number.
   */
  account: string;
  /** The id of this answer in the system that wrote it; never changes. */
  responseId: string;
  /** The order that is answered. */
  orderRef: OrderRef;
  /** The seller's own number of the order. */
  sellerOrderNumber?: string;
  /** When the answer was written. */
  issuedAt: Time;
  /** UNCL 4343: AB message received, AP accepted as it is, CA accepted with changes, RE rejected. */
  code: 'AB' | 'AP' | 'CA' | 'RE';
  /** ISO 4217 code of every amount in this answer; needed where it has amounts. */
  currency?: Currency;
  /** Why the order is changed or rejected. */
  reason?: string;
  /** One entry per line that is answered; a line that is not there has the answer of the whole order. */
  lines: OrderResponseLine[];
  /** What the confirmed quantities cost. */
  totals?: OrderResponseTotals;
  /** Free text to the buyer. */
  notes: string[];
  /** Where this came from, and how it was translated. */
  provenance: Provenance;
  /**
   * What the sender says beyond this contract, one member per system. Not interpreted, not part of the
   * fingerprint.
   */
  extensions?: Record<string, unknown>;
}
