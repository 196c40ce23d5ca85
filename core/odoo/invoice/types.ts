/** What the invoicing of orders is told, and what it answers. */

import type { Invoice } from '../../canonical/index';
import type { CanonicalOrder, Decimal } from '../../canonical/order';
import type { RetryPolicy } from '../client/retry';
import type { OrderSelector } from '../status/index';

export interface InvoicesOptions {
  /** How far amounts may be from what is expected, in the invoice's currency. Default `0.01`. */
  readonly tolerance?: Decimal | undefined;
  /** Orders per call to Odoo, 1 to 100. Default 50. */
  readonly batchSize?: number | undefined;
  /** Module part of the external ids; the same as odoo order's. Default `crossdock`. */
  readonly namespace?: string | undefined;
  /** Part of the key, for several tenants in one database. Default ''. */
  readonly tenant?: string | undefined;
  /** For tests: how fast failed calls are repeated. */
  readonly callRetry?: RetryPolicy | undefined;
  readonly raceRetry?: RetryPolicy | undefined;
}

/** What is to be invoiced, or credited. */
export interface BillingRequest {
  readonly orders: readonly OrderSelector[];
  /** `order` (default): an invoice for each order. `customer`: orders of one customer and address together. */
  readonly grouping?: 'order' | 'customer' | undefined;
  /** Post it once it was found right. Default false: it stays a draft. */
  readonly post?: boolean | undefined;
  /** What the invoice must come to; one that differs stays a draft. */
  readonly expected?: Invoice | undefined;
  /** The order that was agreed on; prices that differ from it leave the invoice a draft. */
  readonly agreed?: CanonicalOrder | undefined;
}

/** One invoice or credit note, by Odoo's id or by its number. */
export type InvoiceSelector = { readonly odooId: number } | { readonly number: string };

/** An invoice or credit note as it stands in Odoo. */
export interface PlacedInvoice {
  readonly odooId: number;
  /** For example `INV/2026/00001`; '' while it is a draft. */
  readonly name: string;
  /** 380 invoice, 381 credit note. */
  readonly kind: '380' | '381';
  /** Odoo's state: draft, posted, cancel. */
  readonly state: string;
  /** Odoo's payment_state: not_paid, in_payment, paid, partial, reversed, blocked. */
  readonly paymentState: string;
  /** The same on the canonical axis. */
  readonly status: Invoice['status'];
  readonly currency: string;
  readonly amountUntaxed: Decimal;
  readonly amountTax: Decimal;
  readonly amountTotal: Decimal;
  /** What is still to be paid. */
  readonly amountDue: Decimal;
  /** The orders that it is of. */
  readonly orders: readonly InvoicedOrder[];
  /** Where a person opens it. */
  readonly url: string;
  /** Whether this request made it; false when it was there before. */
  readonly created: boolean;
}

export interface InvoicedOrder {
  readonly odooId: number;
  readonly name: string;
  /** The canonical order's business key, where it came through Crossdock. */
  readonly id?: string;
}

export interface BillingResult {
  /** Whether any of them was made by this request. */
  readonly created: boolean;
  readonly invoices: readonly PlacedInvoice[];
  /** The same as canonical invoices, in the same order. */
  readonly documents: readonly Invoice[];
}
