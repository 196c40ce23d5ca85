// Generated from the contracts by `npm run types`. Change the schema, not this file.
import type {
  Address,
  Currency,
  Decimal,
  Item,
  Party,
  PaymentTerms,
  Period,
  Provenance,
  Time,
  Unit,
  UnitPrice,
} from './common';

/** What was paid. */
export type PaymentStatus =
  | 'unpaid'
  | 'authorised'
  | 'partiallyPaid'
  | 'paid'
  | 'partiallyRefunded'
  | 'refunded'
  | 'voided';

/** Derived from what was shipped; never set by hand. */
export type FulfilmentStatus =
  | 'none'
  | 'allocated'
  | 'backordered'
  | 'picking'
  | 'packed'
  | 'partiallyShipped'
  | 'shipped'
  | 'partiallyDelivered'
  | 'delivered'
  | 'shortShipped'
  | 'failed'
  | 'returnedToSender'
  | 'cancelled';

/** One tax on an amount. */
export interface Tax {
  /**
   * UNCL 5305: S standard, Z zero, E exempt, AE reverse charge, K intra-community, G export, O outside,
   * L/M islands.
   */
  category: 'S' | 'Z' | 'E' | 'AE' | 'K' | 'G' | 'O' | 'L' | 'M';
  /** Percent. */
  rate: Decimal;
  /** The tax itself. */
  amount: Decimal;
}

/**
 * A charge (freight, fee) or an allowance (discount). On a line, the line's taxes are those of its net
 * amount, so that its discounts carry none of their own.
 */
export interface AllowanceCharge {
  /** true: a charge, added. false: a discount, taken off. */
  isCharge: boolean;
  /** UNCL 7161 for charges (FC freight, ZZZ mutually defined), UNCL 5189 for discounts (95). */
  reasonCode: string;
  /** The sender's words. */
  reason?: string;
  /** Positive, with tax where prices include tax. */
  amount: Decimal;
  /** Positive; those of a discount are taken off. */
  taxes: Tax[];
}

/** One reason why an order waits. */
export interface Hold {
  /** Stable code of the reason: credit, address, fraud, stock, price, manual. */
  code: string;
  /** Why, in words. */
  reason: string;
  /** Who or what put it on hold, as kind and name. */
  by?: string;
  /** When the hold began. */
  at: Time;
  /** When the hold ended; absent while it lasts. */
  releasedAt?: Time;
}

/** In the line's unit. */
export interface LineQuantity {
  /** What was ordered. */
  original: Decimal;
  /** What is still wanted after edits and cancellations; "0" of a removed line. */
  current: Decimal;
  /** Reserved in a warehouse and not shipped yet. */
  allocated?: Decimal;
  /** What has left, in total. */
  shipped?: Decimal;
  /** What has arrived, in total. */
  delivered?: Decimal;
  /** What came back, in total. */
  returned?: Decimal;
  /** What was taken off the order, in total. */
  cancelled?: Decimal;
  /** What was invoiced, in total. */
  invoiced?: Decimal;
}

/** One ordered item. */
export interface OrderLine {
  /** Unique in the order, and stable over its versions. */
  lineId: string;
  /** The line's id in the sending system. */
  externalLineId?: string;
  /** The line that this one belongs to: the bundle of a component, the goods of a deposit or a gift wrap. */
  parentLineId?: string;
  /** What is ordered. */
  item: Item;
  /** UN/ECE Rec 20 or 21 code: C62 piece, XCT carton, KGM kilogram. */
  unit: Unit;
  /** How many base units of the item one unit of this line holds, where the sender says so; more than 0. */
  packQuantity?: string;
  /** In the line's unit. */
  quantity: LineQuantity;
  /** Before discounts; with tax where prices include tax. */
  unitPrice: UnitPrice;
  /** For the line's current quantity. */
  allowancesCharges: AllowanceCharge[];
  /** On the line's current amount after its discounts. */
  taxes: Tax[];
  /** Where it differs from the order's. */
  requestedDelivery?: Period;
  /** Derived from the quantities of the line; never set by hand. */
  status?: FulfilmentStatus;
}

/**
 * What the sender says the order costs. Must foot with the lines, in decimal arithmetic, to the currency's
 * minor unit.
 */
export interface OrderTotals {
  /** Sum over lines of current quantity x unit price, after the lines' discounts and charges. */
  lineExtension: Decimal;
  /** Sum of the order's discounts, positive. */
  allowance: Decimal;
  /** Sum of the order's charges. */
  charge: Decimal;
  /** Lines less discounts plus charges, without tax. */
  taxExclusive: Decimal;
  /** Sum of all taxes. */
  tax: Decimal;
  /** Amount without tax plus tax. */
  taxInclusive: Decimal;
  /** What was paid before this message. */
  prepaid: Decimal;
  /** Amount with tax less what is paid already, plus rounding. */
  payable: Decimal;
  /** What is added to the amount to pay so that it is a round sum; negative when taken off. */
  rounding?: Decimal;
}

/** One change of a status. */
export interface OrderEvent {
  /** When it happened. */
  at: Time;
  /** Which status changed. */
  axis: 'order' | 'fulfilment' | 'return' | 'payment';
  /** The status before the change. */
  from?: string;
  /** The status after the change. */
  to: string;
  /** Why it changed: an event id, a document, a rule. */
  cause?: string;
  /** Who or what changed it, as kind and name. */
  actor?: string;
  /** Which lines, and how much of each; all of the order when absent. */
  lines?: LineShare[];
}

/** So much of one line. */
export interface LineShare {
  /** The line. */
  lineId: string;
  /** How much of it, in the line's unit. */
  quantity: Decimal;
}

/** One change of quantity or money after the order was placed. */
export interface OrderAdjustment {
  /** Unique in the order. */
  adjustmentId: string;
  /** What it is. */
  kind: 'refund' | 'return' | 'credit' | 'priceAdjustment' | 'cancellation' | 'dispute' | 'addition';
  /** When it took effect. */
  at: Time;
  /** Which lines, and how much of each. */
  lines?: LineShare[];
  /** Change of what the buyer owes, with tax; negative when it goes down. */
  amount?: Decimal;
  /** Why, in words. */
  reason?: string;
  /** The return, credit note or change that it comes from. */
  documentRef?: string;
}

/**
 * An order as every partner's order becomes before anything else happens to it. Meaning from UBL 2.3 and
 * EN 16931, identifiers from GS1. Money and quantities are decimal numbers as text, times are RFC 3339 in
 * UTC. Closed: unknown fields are refused, except below extensions.
 */
export interface CanonicalOrder {
  /**
   * Business key <channel>:<account>:<externalId>; unique per order across all partners. A colon within
   * channel or account is written %3A.
   */
  id: string;
  /** Version of this contract. */
  schemaVersion: '1.0';
  /** Document type of UNCL 1001: 220 order, 226 call off, 258 standing order. */
  kind: '220' | '226' | '258';
  /** The selling channel. */
  channel: string;
  /** The account or shop within the channel: a shop's domain, a marketplace's seller id. */
  account: string;
  /** The order's id in the sending system; never changes. */
  externalId: string;
  /** The sender's version of this order: a revision number, or the time of its last change. */
  externalRevision?: string;
  /** The number that people use: the buyer's purchase order number, or the shop's number. */
  orderNumber: string;
  /** The seller's own number of this order. */
  sellerOrderNumber?: string;
  /** When the buyer placed the order. */
  issuedAt: Time;
  /** ISO 4217 code of every amount in this order. */
  currency: Currency;
  /** Whether unit prices, allowances, charges and line amounts contain tax. */
  pricesIncludeTax: boolean;
  /** Who orders, who receives, who pays. */
  parties: {
    /** Who orders. */
    buyer: Party;
    /** Who receives the goods, and where. */
    shipTo: Party;
    /** Who gets the invoice, where that is not the buyer's own address. */
    billTo?: Party;
    /** Who sells, where the sender says so. */
    seller?: Party;
    /** Who uses the goods, where a dealer buys for somebody. */
    endCustomer?: Party;
  };
  /** When the buyer wants the goods to leave. */
  requestedShip?: Period;
  /** When the buyer wants the goods. */
  requestedDelivery?: Period;
  /** When the seller promised the goods to arrive. */
  promisedAt?: Time;
  /** What has not left by then is no longer wanted. */
  cancelAfter?: Time;
  /** Incoterms 2020 code, who carries cost and risk until where. */
  incoterm?: string;
  /** When the buyer has to pay. */
  paymentTerms?: PaymentTerms;
  /** How the buyer pays. */
  payment?: {
    /** As the sender says. */
    status: PaymentStatus;
    /** The sender's name of the method. */
    method?: string;
    /** What the buyer paid so far, less what was paid back. */
    paid?: Decimal;
  };
  /** How the goods travel. */
  shipping?: {
    /** The sender's name of the service. */
    service?: string;
    /** SCAC or the sender's code of the carrier. */
    carrierCode?: string;
    /** The buyer's account with the carrier, where the buyer pays the freight. */
    account?: string;
    /** Where the receiver fetches the goods. */
    pickupPoint?: {
      /** The carrier's code of the shop or locker. */
      code: string;
      /** Its name for people. */
      name?: string;
      /** Where it is. */
      address?: Address;
    };
  };
  /** From which warehouse the goods should leave; fulfilment may decide otherwise. */
  warehouseHint?: string;
  /** How urgent the order is. */
  priority?: 'low' | 'normal' | 'high' | 'rush';
  /** Why the order waits. It goes on when every hold is released. */
  holds?: Hold[];
  /** What is ordered. */
  lines: OrderLine[];
  /** Discounts and charges on the whole order, freight among them. */
  allowancesCharges: AllowanceCharge[];
  /**
   * What the sender says the order costs. Must foot with the lines, in decimal arithmetic, to the
   * currency's minor unit.
   */
  totals: OrderTotals;
  /** Free text from the buyer: wishes, gift messages, engravings. */
  notes: string[];
  /** Four axes that change independently of each other. */
  status: {
    /** Life of the order. */
    order:
      | 'received'
      | 'validated'
      | 'accepted'
      | 'rejected'
      | 'onHold'
      | 'released'
      | 'inFulfilment'
      | 'completed'
      | 'closed'
      | 'cancelRequested'
      | 'cancelled';
    /** Derived from what was shipped; never set by hand. */
    fulfilment: FulfilmentStatus;
    /** What was paid. */
    payment: PaymentStatus;
    /** What comes back. */
    return:
      | 'none'
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
  };
  /** What happened to the order, oldest first; only ever added to. */
  events?: OrderEvent[];
  /** Changes of quantity or money after the order was placed, oldest first; only ever added to. */
  adjustments?: OrderAdjustment[];
  /** Where this came from, and how it was translated. */
  provenance: Provenance;
  /**
   * What the sender says beyond this contract, one member per system. Not interpreted, not part of the
   * fingerprint.
   */
  extensions?: Record<string, unknown>;
}
