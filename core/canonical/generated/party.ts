// Generated from the contracts by `npm run types`. Change the schema, not this file.
import type { Address, Currency, Decimal, PaymentTerms, Provenance, Time } from './common';

/** One identifier of the party. */
export interface PartyIdentifier {
  /** gln, duns, vat, eas:<code>, odoo:res.partner or <partner>:<kind>. */
  scheme: string;
  /** The identifier itself. */
  value: string;
  /** The trading partner that uses it; everybody's when absent. */
  partnerId?: string;
  /** The first moment at which it holds; always when absent. */
  validFrom?: Time;
  /** The first moment at which it no longer holds; no end when absent. */
  validTo?: Time;
}

/** One address with its use. */
export interface PartyAddress {
  /** Its id; the same address may be listed again for another span of time. */
  addressId: string;
  /** What it is for. */
  usage: ('legal' | 'billing' | 'shipping' | 'returns' | 'pickup' | 'other')[];
  /** The address. */
  address: Address;
  /** Whether it is taken where nothing else is said. */
  primary?: boolean;
  /** The first moment at which it holds; always when absent. */
  validFrom?: Time;
  /** The first moment at which it no longer holds; no end when absent. */
  validTo?: Time;
}

/** A person or a desk. */
export interface Contact {
  /** Person or desk. */
  name: string;
  /** What to ask them. */
  role?: 'orders' | 'shipping' | 'accounting' | 'edi' | 'quality' | 'other';
  /** E-mail address. */
  email?: string;
  /** Phone number. */
  phone?: string;
  /** BCP 47 tag. */
  language?: string;
}

/** How much the party may owe. */
export interface CreditPolicy {
  /** The most it may owe. */
  limit: Decimal;
  /** What it owes, with open orders. */
  exposure?: Decimal;
  /** ISO 4217 code of both. */
  currency: Currency;
  /** When the exposure was read. */
  asOf?: Time;
  /** hold: orders wait for a person. warn: they go on with a warning. */
  onExceed?: 'hold' | 'warn';
}

/** How documents are exchanged with the party. */
export interface EdiProfile {
  /** The standard of the documents. */
  standard: 'x12' | 'edifact' | 'ubl' | 'json' | 'csv';
  /** Its version or release. */
  version?: string;
  /** Its id on the envelope. */
  senderId?: string;
  /** Qualifier of the id: 14 GLN in EDIFACT, 01 DUNS or ZZ in X12. */
  qualifier?: string;
  /** Whether the documents are only tests. */
  testIndicator?: boolean;
  /** What is expected as an answer to each interchange. */
  ackPolicy?: 'none' | 'technical' | 'functional';
}

/**
 * A company or person that we do business with, as master data. Closed: unknown fields are refused, except
 * below extensions.
 */
export interface CanonicalParty {
  /** Version of this contract. */
  schemaVersion: '1.0';
  /** The key of the party in this gateway. */
  partyId: string;
  /** What the party is to us. */
  roles: (
    | 'customer'
    | 'supplier'
    | 'marketplace'
    | 'carrier'
    | 'warehouse'
    | 'payer'
    | 'endCustomer'
    | 'own'
  )[];
  /** Registered name. */
  legalName: string;
  /** The name it is known by. */
  tradingName?: string;
  /** Every identifier that is known. The same one of the same issuer never holds twice at a time. */
  identifiers: PartyIdentifier[];
  /** Every address with its use. */
  addresses: PartyAddress[];
  /** Whom to ask. */
  contacts: Contact[];
  /** BCP 47 tag of documents to the party. */
  language?: string;
  /** ISO 4217 code that is traded in. */
  currency?: Currency;
  /** What is agreed. */
  paymentTerms?: PaymentTerms;
  /** Which prices hold. */
  pricelist?: string;
  /** How much the party may owe. */
  creditPolicy?: CreditPolicy;
  /** How documents are exchanged. */
  ediProfile?: EdiProfile;
  /** Id of the contact (res.partner) in Odoo. */
  odooPartnerId?: number;
  /** The party that orders and pays for it: the company of a branch. */
  commercialParentId?: string;
  /** Whether business is done with it. */
  status: 'active' | 'onHold' | 'blocked' | 'inactive';
  /** Where this came from, and how it was translated. */
  provenance: Provenance;
  /**
   * What the sender says beyond this contract, one member per system. Not interpreted, not part of the
   * fingerprint.
   */
  extensions?: Record<string, unknown>;
}
