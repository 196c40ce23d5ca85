// Generated from the contracts by `npm run types`. Change the schema, not this file.
import type {
  Address,
  Day,
  Decimal,
  Dimensions,
  Identifier,
  Item,
  Measure,
  OrderRef,
  Provenance,
  Time,
  Unit,
} from './common';

/** One number under which the carrier tells where the goods are. */
export interface Tracking {
  /** The carrier's number. */
  number: string;
  /** Where people can look it up. */
  url?: string;
}

/** So much of one line of the shipment in this package. */
export interface PackageContent {
  /** The line of this shipment. */
  lineId: string;
  /** In the line's unit. */
  quantity: Decimal;
  /** Lot or batch number. */
  lot?: string;
  /** One per piece. */
  serials?: string[];
  /** Expiry date of the lot. */
  expiry?: Day;
}

/** A carton, pallet or other logistic unit; may stand on another one. */
export interface Package {
  /** Unique in the shipment: the SSCC, the tracking number, or the sender's own number. */
  packageId: string;
  /** GS1 Serial Shipping Container Code, 18 digits. */
  sscc?: string;
  /** The package that this one is in or on. */
  parentPackageId?: string;
  /** The SSCC of the package that this one is in or on. */
  parentSscc?: string;
  /** UN/ECE Rec 21 code: CT carton, PX pallet, BX box. */
  type?: string;
  /** With its packing. */
  weight?: Measure;
  /** Outer dimensions. */
  dimensions?: Dimensions;
  /** Where the package has its own number. */
  tracking?: Tracking;
  /** What is in it; empty for a package that only holds other packages. */
  contents?: PackageContent[];
}

/** So much of one item in this shipment. */
export interface ShipmentLine {
  /** Unique in the shipment. */
  lineId: string;
  /** Where the shipment is of several orders. */
  orderRef?: OrderRef;
  /** The order's line. */
  orderLineId?: string;
  /** What is shipped. */
  item: Item;
  /** UN/ECE Rec 20 or 21 code of the quantities of this line. */
  unit: Unit;
  /** In the unit of the line; 0 for a line that is left out for now. */
  quantity: Decimal;
  /** What was ordered. */
  ordered?: Decimal;
  /** What follows with a later shipment. */
  backordered?: Decimal;
  /** What the receiver says has arrived. */
  received?: Decimal;
}

/** Who or what ships or receives, by whatever is known; at least one of its fields. */
export interface Place {
  /** The site as channels know it. */
  code?: string;
  /** Company, person or site. */
  name?: string;
  /** GS1 Global Location Number, 13 digits. */
  gln?: string;
  /** Every other identifier that is known of it. */
  identifiers?: Identifier[];
  /** Postal address. */
  address?: Address;
}

/** One thing that the carrier or the warehouse reported. Late and repeated ones are kept. */
export interface Milestone {
  /** What happened. */
  code:
    | 'labelCreated'
    | 'pickedUp'
    | 'inTransit'
    | 'atHub'
    | 'outForDelivery'
    | 'attemptFailed'
    | 'exception'
    | 'delivered'
    | 'returning'
    | 'returned'
    | 'lost'
    | 'cancelled';
  /** When it happened there, not when it was reported. */
  at: Time;
  /** When this gateway learned of it. */
  reportedAt?: Time;
  /** Where it happened. */
  place?: string;
  /** The carrier's own code. */
  rawCode?: string;
  /** The carrier's words. */
  note?: string;
  /** The package, where it is not the whole shipment. */
  packageId?: string;
}

/**
 * Goods that leave together, or come back: what, how packed, by whom, and where they are. Closed: unknown
 * fields are refused, except below extensions.
 */
export interface Shipment {
  /** Version of this contract. */
  schemaVersion: '1.0';
  /** The channel that the order came in by. */
  channel: string;
  /**
   * The account or shop within the channel: a shop's domain, a marketplace's seller id, a partner's
   * customer number.
   */
  account: string;
  /** The id of the shipment in the system that ships; never changes. */
  shipmentId: string;
  /** 351 despatch to a customer (UNCL 1001); return: goods that come back. */
  kind: '351' | 'return';
  /** The orders that are shipped. */
  orderRefs: OrderRef[];
  /** When the notice was written. */
  issuedAt?: Time;
  /** When the goods left. */
  shippedAt?: Time;
  /** When they should arrive. */
  expectedAt?: Time;
  /** When they arrived. */
  deliveredAt?: Time;
  /** Who carries the goods. */
  carrier?: {
    /** Standard Carrier Alpha Code, two to four letters. */
    scac?: string;
    /** The sender's code of the carrier. */
    code?: string;
    /** Its name for people. */
    name?: string;
    /** The service of the carrier. */
    service?: string;
  };
  /** The numbers of the whole shipment. */
  tracking?: Tracking[];
  /** Number of the bill of lading or waybill. */
  bol?: string;
  /** Where the goods leave. */
  from?: Place;
  /** Where they go. */
  to?: Place;
  /** What is shipped. */
  lines: ShipmentLine[];
  /** How it is packed, where that is known. */
  packages: Package[];
  /** Counted over the whole shipment. */
  totals?: {
    /** How many packages leave; not counted those inside others. */
    packages?: number;
    /** Gross. */
    weight?: Measure;
  };
  /** The state that follows from the milestones. */
  status:
    | 'labelCreated'
    | 'pickedUp'
    | 'inTransit'
    | 'atHub'
    | 'outForDelivery'
    | 'attemptFailed'
    | 'exception'
    | 'delivered'
    | 'returning'
    | 'returned'
    | 'lost'
    | 'cancelled';
  /** All that was reported, also late and repeated reports; only ever added to. */
  milestones: Milestone[];
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
