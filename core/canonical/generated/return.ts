// Generated from the contracts by `npm run types`. Change the schema, not this file.
import type { Currency, Decimal, Item, OrderRef, Provenance, Time, Unit } from './common';

/** Why goods come back, or money goes back. */
export type ReturnReason =
  | 'damaged'
  | 'defective'
  | 'wrongItem'
  | 'notAsDescribed'
  | 'unwanted'
  | 'wrongSize'
  | 'tooLate'
  | 'duplicate'
  | 'undeliverable'
  | 'priceDispute'
  | 'cancelled'
  | 'recall'
  | 'other';

/** In the line's unit; each is known once its step is reached. */
export interface ReturnQuantity {
  /** What the buyer wants to give back. */
  requested: Decimal;
  /** What the seller agreed to take back. */
  authorised?: Decimal;
  /** What came back. */
  received?: Decimal;
  /** What passed the inspection. */
  accepted?: Decimal;
  /** What did not pass the inspection. */
  rejected?: Decimal;
}

/** What is paid back, with the tax in it. */
export interface RefundShare {
  /** With tax. */
  amount: Decimal;
  /** The tax within the amount. */
  tax?: Decimal;
}

/** What is paid back or kept beside the lines: freight, a restocking fee, goodwill. */
export interface RefundAdjustment {
  /** What it is. */
  reasonCode: 'freight' | 'restockingFee' | 'returnShipping' | 'goodwill' | 'gift' | 'rounding' | 'other';
  /** The sender's words. */
  reason?: string;
  /** With tax; positive when paid back to the buyer, negative when kept. */
  amount: Decimal;
  /** The tax within the amount, with the same sign. */
  tax?: Decimal;
}

/** So much of one item that comes back. */
export interface ReturnLine {
  /** Unique in the return. */
  lineId: string;
  /** The order's line. */
  orderLineId: string;
  /** What comes back. */
  item: Item;
  /** UN/ECE Rec 20 or 21 code of the quantities of this line. */
  unit: Unit;
  /** From what was asked for to what was accepted. */
  quantity: ReturnQuantity;
  /** Where it differs from the return's. */
  reason?: ReturnReason;
  /** What the goods are like. */
  condition?: 'new' | 'opened' | 'used' | 'damaged' | 'defective' | 'incomplete';
  /** What becomes of the goods. */
  disposition?: 'restock' | 'quarantine' | 'scrap' | 'vendor' | 'keep';
  /** Lot or batch number. */
  lot?: string;
  /** One per piece. */
  serials?: string[];
  /** What is paid back for this line. */
  refund?: RefundShare;
}

/** Money that goes back to the buyer. */
export interface Refund {
  /** Its id in the sending system. */
  refundId?: string;
  /** All that is paid back, with tax: the lines plus the adjustments. */
  amount: Decimal;
  /** The tax within the amount. */
  tax?: Decimal;
  /** What is paid back or kept beside the lines. */
  adjustments?: RefundAdjustment[];
  /** When the money went back. */
  at?: Time;
  /** The sender's name of the way of payment. */
  method?: string;
  /** The credit note that belongs to it. */
  creditNoteRef?: string;
}

/**
 * Goods that a buyer gives back, or money that goes back without goods. Closed: unknown fields are
 * refused, except below extensions.
 */
export interface CanonicalReturn {
  /** Version of this contract. */
  schemaVersion: '1.0';
  /** The channel that the order came in by. */
  channel: string;
  /**
   * The account or shop within the channel: a shop's domain, a marketplace's seller id, a partner's
   * customer number.
   */
  account: string;
  /** The RMA number, or the id of the return or refund in the sending system; never changes. */
  returnId: string;
  /** The order that the goods were bought with. */
  orderRef: OrderRef;
  /** The shipment that comes back. */
  shipmentRef?: string;
  /** When the buyer asked for it. */
  requestedAt: Time;
  /** Why. */
  reason: ReturnReason;
  /** The buyer's or the sender's words. */
  reasonText?: string;
  /** What the buyer gets. */
  remedy?: 'refund' | 'replace' | 'repair' | 'credit';
  /** ISO 4217 code of every amount in this return; needed where it has amounts. */
  currency?: Currency;
  /** What comes back; empty when only money goes back. */
  lines: ReturnLine[];
  /** With what the goods travel. */
  label?: {
    /** Who carries them. */
    carrier?: string;
    /** The carrier's number. */
    tracking?: string;
    /** Where the label can be fetched. Whoever has it can print it. */
    url?: string;
  };
  /** Money that goes back. */
  refund?: Refund;
  /** Life of the return. */
  status:
    | 'requested'
    | 'authorised'
    | 'declined'
    | 'labelIssued'
    | 'inTransit'
    | 'received'
    | 'inspected'
    | 'accepted'
    | 'partlyAccepted'
    | 'rejected'
    | 'refunded'
    | 'replaced'
    | 'closed'
    | 'cancelled'
    | 'expired';
  /** Free text. */
  notes: string[];
  /** Where this came from, and how it was translated. */
  provenance: Provenance;
  /**
   * What the sender says beyond this contract, one member per system. Not interpreted, not part of the
   * fingerprint.
   */
  extensions?: Record<string, unknown>;
}
