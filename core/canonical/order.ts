/**
 * Canonical order 1.0: what every partner's order becomes before anything else happens to it.
 *
 * Meaning from UBL 2.3 / EN 16931 (names in the schema's `x-ubl`), identifiers from GS1. Money and quantities are
 * decimal strings ("12.30"), never floats; times are RFC 3339 UTC. `order.schema.json` is the contract, these types
 * mirror it (a test compares the two).
 */

/** A decimal number as a string: `-?digits[.digits]`, no exponent, no separators. */
export type Decimal = string;

/** An identifier under a scheme: gtin, gln, sku, buyerSku, email, vat, `odoo:res.partner`, `<partner>:<kind>`. */
export interface Identifier {
  scheme: string;
  value: string;
}

export interface Address {
  name?: string;
  line1?: string;
  line2?: string;
  line3?: string;
  city?: string;
  /** ISO 3166-2 subdivision without the country, for example `NY`. */
  region?: string;
  postalCode?: string;
  /** ISO 3166-1 alpha-2. */
  countryCode?: string;
  phone?: string;
  email?: string;
}

export interface Party {
  name: string;
  identifiers: Identifier[];
  email?: string;
  phone?: string;
  address?: Address;
}

/**
 * A charge (freight, fee) or an allowance (discount), EN 16931 BG-20/21/27/28. Amounts are positive, without tax unless
 * pricesIncludeTax. Taxes of the order's allowances count negative. On a line, the line's own taxes are those of its net
 * amount: its allowances and charges carry none (`taxes: []`).
 */
export interface AllowanceCharge {
  isCharge: boolean;
  /** UNCL 7161 for charges (FC freight, ...), UNCL 5189 for allowances (95 discount, ...). */
  reasonCode: string;
  reason?: string;
  amount: Decimal;
  taxes: Tax[];
}

export interface Tax {
  /** UNCL 5305 category: S standard, Z zero, E exempt, ... */
  category: string;
  /** Percent, for example "19". */
  rate: Decimal;
  amount: Decimal;
}

export interface LineQuantity {
  /** What was ordered, in the line's unit. */
  original: Decimal;
  /** What is still wanted after edits and cancellations; never more than `original` unless the order was amended. */
  current: Decimal;
}

export interface OrderLine {
  /** Unique in the order. */
  lineId: string;
  externalLineId?: string;
  item: { identifiers: Identifier[]; description?: string };
  /** UN/ECE Rec 20 or 21 code, for example C62 (piece), XCT (carton), KGM. */
  unit: string;
  quantity: LineQuantity;
  /** `amount` for `baseQuantity` units, before allowances. */
  unitPrice: { amount: Decimal; baseQuantity: Decimal };
  allowancesCharges: AllowanceCharge[];
  taxes: Tax[];
}

export interface OrderTotals {
  /** Sum over lines of quantity.current x unit price, after line allowances and charges. */
  lineExtension: Decimal;
  /** Sum of the order's allowances (positive). */
  allowance: Decimal;
  /** Sum of the order's charges. */
  charge: Decimal;
  taxExclusive: Decimal;
  tax: Decimal;
  taxInclusive: Decimal;
  prepaid: Decimal;
  payable: Decimal;
}

export interface Provenance {
  /** Sending system, for example `shopify`. */
  system: string;
  partnerId: string;
  externalId: string;
  externalVersion?: string;
  /** RFC 3339 UTC. */
  receivedAt: string;
  mappingVersion: string;
}

export interface CanonicalOrder {
  /** `<channel>:<account>:<externalId>`: the business key; unique per order across all partners. */
  id: string;
  schemaVersion: '1.0';
  /** UNCL 1001: 220 order, 226 partial (call off), 258 standing. */
  kind: '220' | '226' | '258';
  /** The selling channel, for example `shop-eu`. */
  channel: string;
  /** The account or shop within the channel (a shop's domain, a marketplace's seller id). */
  account: string;
  externalId: string;
  externalRevision?: string;
  /** The number that people use: the buyer's PO number or the shop's `#1001`. */
  orderNumber: string;
  /** RFC 3339 UTC. */
  issuedAt: string;
  /** ISO 4217. */
  currency: string;
  pricesIncludeTax: boolean;
  parties: { buyer: Party; shipTo: Party; billTo?: Party };
  requestedDelivery?: { from?: string; to?: string };
  payment?: { status: string; method?: string };
  shipping?: { service?: string; carrierCode?: string };
  lines: OrderLine[];
  allowancesCharges: AllowanceCharge[];
  totals: OrderTotals;
  notes: string[];
  status: { order: string; fulfilment: string; payment: string; return: string };
  provenance: Provenance;
  extensions?: Record<string, unknown>;
}
