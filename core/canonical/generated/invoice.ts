// Generated from the contracts by `npm run types`. Change the schema, not this file.
import type {
  Currency,
  Day,
  Decimal,
  Item,
  OrderRef,
  Party,
  PaymentTerms,
  Provenance,
  Unit,
  UnitPrice,
} from './common';

/** From one day to another, both included; either end may be open. */
export interface DateSpan {
  /** Included. */
  from?: Day;
  /** Included. */
  to?: Day;
}

/** A charge or a discount on the line. Amounts are without tax. */
export interface LineAllowanceCharge {
  /** true: a charge, added. false: a discount, taken off. */
  isCharge: boolean;
  /** UNCL 7161 for charges (FC freight), UNCL 5189 for discounts (95). */
  reasonCode: string;
  /** In words. */
  reason?: string;
  /** Positive, without tax. */
  amount: Decimal;
  /** What the percentage is taken of. */
  baseAmount?: Decimal;
  /** Of the base amount. */
  percent?: Decimal;
}

/** A charge or a discount on the whole invoice. Amounts are without tax. */
export interface InvoiceAllowanceCharge {
  /** true: a charge, added. false: a discount, taken off. */
  isCharge: boolean;
  /** UNCL 7161 for charges (FC freight), UNCL 5189 for discounts (95). */
  reasonCode: string;
  /** In words. */
  reason?: string;
  /** Positive, without tax. */
  amount: Decimal;
  /** What the percentage is taken of. */
  baseAmount?: Decimal;
  /** Of the base amount. */
  percent?: Decimal;
  /** UNCL 5305, as in the tax breakdown. */
  category: 'S' | 'Z' | 'E' | 'AE' | 'K' | 'G' | 'O' | 'L' | 'M';
  /** Percent; absent for category O. */
  rate?: Decimal;
}

/** What is charged for. */
export interface InvoiceLine {
  /** Unique in the invoice. */
  lineId: string;
  /** Free text. */
  note?: string;
  /** Where the invoice is of several orders. */
  orderRef?: OrderRef;
  /** The order's line. */
  orderLineId?: string;
  /** What is charged for. */
  item: Item;
  /** UN/ECE Rec 20 or 21 code of the quantity. */
  unit: Unit;
  /** In the unit of the line. */
  quantity: Decimal;
  /** Net price of one base quantity, without tax. */
  unitPrice: UnitPrice;
  /** For the invoiced quantity. */
  allowancesCharges?: LineAllowanceCharge[];
  /** Quantity x net price, less discounts, plus charges; without tax. */
  netAmount: Decimal;
  /**
   * UNCL 5305: S standard, Z zero, E exempt, AE reverse charge, K intra-community, G export, O outside,
   * L/M islands.
   */
  category: 'S' | 'Z' | 'E' | 'AE' | 'K' | 'G' | 'O' | 'L' | 'M';
  /** Percent; absent for category O. */
  rate?: Decimal;
  /** When the service was rendered or the goods delivered. */
  period?: DateSpan;
}

/** Taxable amount and tax of one category and rate. */
export interface TaxBreakdown {
  /** UNCL 5305. */
  category: 'S' | 'Z' | 'E' | 'AE' | 'K' | 'G' | 'O' | 'L' | 'M';
  /** Percent; absent for category O. */
  rate?: Decimal;
  /** Lines less discounts plus charges of this category and rate. */
  taxable: Decimal;
  /** The tax on it. */
  tax: Decimal;
  /** Why no tax is charged, in words. */
  exemptionReason?: string;
  /** VATEX code list of CEF. */
  exemptionCode?: string;
}

/** Must foot with lines and tax breakdown, in decimal arithmetic, to the minor unit of the currency. */
export interface InvoiceTotals {
  /** Sum of the lines' net amounts. */
  lineExtension: Decimal;
  /** Sum of the invoice's discounts, positive. */
  allowance: Decimal;
  /** Sum of the invoice's charges. */
  charge: Decimal;
  /** Lines less discounts plus charges. */
  taxExclusive: Decimal;
  /** Sum of the tax breakdown. */
  tax: Decimal;
  /** Amount without tax plus tax. */
  taxInclusive: Decimal;
  /** What was paid before. */
  prepaid: Decimal;
  /** What is added so that the amount to pay is a round sum; negative when taken off. */
  rounding?: Decimal;
  /** Amount with tax less what is paid already, plus rounding. */
  payable: Decimal;
}

/** How to pay. */
export interface PaymentMeans {
  /** UNCL 4461: 30 credit transfer, 58 SEPA credit transfer, 59 SEPA direct debit, 48 card, 10 cash. */
  code: string;
  /** IBAN, or the number of an account that has none. */
  iban?: string;
  /** BIC of the bank. */
  bic?: string;
  /** What to write on the payment. */
  remittance?: string;
}

/** An earlier invoice. */
export interface InvoiceRef {
  /** Its number. */
  number: string;
  /** Its date. */
  issuedOn?: Day;
}

/**
 * An invoice or credit note with the core of EN 16931. Amounts are without tax where not said otherwise;
 * those of a credit note are positive. Closed: unknown fields are refused, except below extensions.
 */
export interface Invoice {
  /** Version of this contract. */
  schemaVersion: '1.0';
  /** The channel that the order came in by. */
  channel: string;
  /**
   * The account or shop within the channel: a shop's domain, a marketplace's seller id, a partner's
   * customer number.
   */
  account: string;
  /** Unique for the seller; never changes. */
  number: string;
  /**
   * Document type of UNCL 1001: 380 invoice, 381 credit note, 384 corrected invoice, 386 prepayment
   * invoice.
   */
  kind: '380' | '381' | '384' | '386';
  /** The date on the document. */
  issuedOn: Day;
  /** Until when to pay. */
  dueOn?: Day;
  /** The day on which the tax becomes due, where it is not the invoice date. */
  taxPointOn?: Day;
  /** The span of days that is charged for. */
  period?: DateSpan;
  /** ISO 4217 code of every amount in this invoice. */
  currency: Currency;
  /** Who charges. */
  seller: Party;
  /** Who is charged. */
  buyer: Party;
  /** Who gets the money, where that is not the seller. */
  payee?: Party;
  /** Who received the goods, and where. */
  deliverTo?: Party;
  /** When the goods were delivered. */
  deliveredOn?: Day;
  /** The buyer's routing mark, for example a Leitweg-ID. */
  buyerReference?: string;
  /** The orders that are charged. */
  orderRefs?: OrderRef[];
  /** The shipments that are charged. */
  despatchRefs?: string[];
  /** What a credit note or correction is about. */
  precedingInvoices?: InvoiceRef[];
  /** When to pay. */
  paymentTerms?: PaymentTerms;
  /** How to pay. */
  paymentMeans?: PaymentMeans[];
  /** What is charged for. */
  lines: InvoiceLine[];
  /** On the whole invoice. */
  allowancesCharges: InvoiceAllowanceCharge[];
  /** One row per category and rate. */
  taxBreakdown: TaxBreakdown[];
  /** What the invoice comes to. */
  totals: InvoiceTotals;
  /** Life of the invoice. */
  status: 'draft' | 'posted' | 'sent' | 'partiallyPaid' | 'paid' | 'reversed' | 'cancelled';
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
