// Generated from the contracts by `npm run types`. Change the schema, not this file.

/** A postal address; every part may be missing. */
export interface Address {
  /** Person or department. */
  name?: string;
  /** Street and number. */
  line1?: string;
  /** Second line. */
  line2?: string;
  /** Third line. */
  line3?: string;
  /** City or town. */
  city?: string;
  /** ISO 3166-2 subdivision without the country. */
  region?: string;
  /** Postal code. */
  postalCode?: string;
  /** ISO 3166-1 alpha-2. */
  countryCode?: string;
  /** Phone number at this address. */
  phone?: string;
  /** E-mail address for this address. */
  email?: string;
  /** GS1 Global Location Number of the address, 13 digits. */
  gln?: string;
}

/** ISO 4217 code. */
export type Currency = string;

/** A calendar day without a time of day, ISO 8601. */
export type Day = string;

/** A decimal number as text: digits with a point, no exponent, no separators. */
export type Decimal = string;

/** Outer length, width and height. */
export interface Dimensions {
  /** The longest side at the base. */
  length: Decimal;
  /** The other side at the base. */
  width: Decimal;
  /** From the base to the top. */
  height: Decimal;
  /** UN/ECE Rec 20 code of all three. */
  unit: Unit;
}

/** An identifier under a scheme. */
export interface Identifier {
  /** gtin, gln, sku, buyerSku, supplierSku, email, vat, odoo:<model> or <partner>:<kind>. */
  scheme: string;
  /** The identifier itself. */
  value: string;
}

/** Where the stock is. */
export interface InventoryLocation {
  /** The site as channels know it; part of the key. */
  code: string;
  /** GS1 Global Location Number. */
  gln?: string;
  /** Id of the warehouse (stock.warehouse) in Odoo. */
  odooWarehouseId?: number;
  /** What kind of location it is. */
  kind?: 'warehouse' | 'store' | 'dropship' | 'virtual';
  /** Id of the location (stock.location) in Odoo, where the level is of one location within the warehouse. */
  odooLocationId?: number;
  /** Its name for people. */
  name?: string;
}

/** What is ordered. */
export interface Item {
  /** At least one: a SKU, a GTIN, or the partner's own id. */
  identifiers: ItemIdentifier[];
  /** As the sender names it. */
  description?: string;
}

/** An identifier of an item under a scheme. */
export interface ItemIdentifier {
  /** sku, gtin, buyerSku, supplierSku, odoo:product.product or <partner>:<kind>. */
  scheme: string;
  /** The identifier itself. */
  value: string;
}

/** A measured value with its unit. */
export interface Measure {
  /** In the unit beside it. */
  value: Decimal;
  /** UN/ECE Rec 20 code: KGM kilogram, CMT centimetre, LBR pound. */
  unit: Unit;
}

/** The order that this is about, by whatever of its names is known; at least one. */
export interface OrderRef {
  /** The canonical order's business key <channel>:<account>:<externalId>. */
  id?: string;
  /** The order's id in the sending system. */
  externalId?: string;
  /** The number that people use: the buyer's purchase order number, or the shop's number. */
  orderNumber?: string;
}

/** A person or a company. */
export interface Party {
  /** Company, or the person's name. */
  name: string;
  /** Every identifier that is known of the party. */
  identifiers: Identifier[];
  /** E-mail address of the party. */
  email?: string;
  /** Phone number of the party. */
  phone?: string;
  /** Postal address of the party. */
  address?: Address;
}

/** When payment is due, and what is taken off for paying early. */
export interface PaymentTerms {
  /** The sender's code of the terms. */
  code?: string;
  /** As they stand on the document. */
  text?: string;
  /** Days after the date of the invoice. */
  netDays?: number;
  /** Percent taken off when paid within the discount days. */
  discountPercent?: Decimal;
  /** Days after the date of the invoice within which the discount is given. */
  discountDays?: number;
}

/** A span of time; either end may be open. */
export interface Period {
  /** Not before. */
  from?: Time;
  /** Not after. */
  to?: Time;
}

/** Where this came from, and how it was translated. */
export interface Provenance {
  /** The kind of system that sent it. */
  system: string;
  /** The trading partner in this gateway. */
  partnerId: string;
  /** The document's id in the sending system. */
  externalId: string;
  /** Version of the sender's interface or of the record, as it says. */
  externalVersion?: string;
  /** When this gateway received the message. */
  receivedAt: Time;
  /** Where the message lies as it was received. */
  rawRef?: string;
  /** Name and version of the mapping that translated it. */
  mappingVersion: string;
}

/** A time in UTC, RFC 3339 with Z. */
export type Time = string;

/** UN/ECE Rec 20 or 21 code: C62 piece, XCT carton, KGM kilogram. */
export type Unit = string;

/** Before discounts; with tax where prices include tax. */
export interface UnitPrice {
  /** Price of baseQuantity units. */
  amount: Decimal;
  /** How many units the price is for; more than 0. */
  baseQuantity: string;
}
