import type { CanonicalOrder } from '../../canonical/order';
import { CrossdockError } from '../../errors/index';
import type { Invoices } from './invoices';
import { type Subject, subjectOf } from './subject';
import type { BillingRequest, BillingResult, InvoiceSelector } from './types';

/** What can be done about invoices, by the words that a message may say. */
export const INVOICE_OPERATIONS = ['invoice', 'post', 'credit', 'cancel', 'read'] as const;

export type InvoiceOperation = (typeof INVOICE_OPERATIONS)[number];

export interface OperationOptions extends Pick<BillingRequest, 'grouping' | 'post'> {
  /** Hold prices against the order's, where the message has it. Default true. */
  readonly compare?: boolean | undefined;
}

/** Whether it changes nothing. */
export function isReadOnly(operation: InvoiceOperation): boolean {
  return operation === 'read';
}

/**
 * Does one operation for what a payload names.
 * @param order the canonical order, where the message carries it beside the payload
 *
 * Rejects as the methods of Invoices, and with INVOICE_SUBJECT, CANONICAL_CONTRACT (permanent).
 */
export async function runOperation(
  invoices: Invoices,
  operation: InvoiceOperation,
  payload: unknown,
  options: OperationOptions = {},
  order?: CanonicalOrder,
): Promise<BillingResult> {
  const subject = subjectOf(payload);
  const request = requestOf(subject, options, order);
  switch (operation) {
    case 'invoice':
      // An invoice that Odoo made is there; asking for it again is asking what it is.
      if (subject.orders.length === 0)
        return options.post ? invoices.post(subject.invoices) : invoices.read(subject.invoices);
      return invoices.invoice(request);
    case 'credit':
      if (subject.orders.length > 0) return invoices.creditReturned(request);
      return merged(await each(subject.invoices, (selector) => invoices.creditWhole(selector, options)));
    case 'post':
      return invoices.post(await drafts(invoices, subject));
    case 'cancel':
      return invoices.cancel(await drafts(invoices, subject));
    case 'read':
      return merged([
        ...(subject.invoices.length > 0 ? [await invoices.read(subject.invoices)] : []),
        ...(subject.orders.length > 0 ? [await invoices.readOfOrders(subject)] : []),
      ]);
  }
}

function requestOf(
  subject: Subject,
  options: OperationOptions,
  order: CanonicalOrder | undefined,
): BillingRequest {
  const agreed = subject.agreed ?? (subject.orders.length === 1 ? order : undefined);
  return {
    orders: subject.orders,
    grouping: options.grouping,
    post: options.post,
    ...(subject.expected === undefined ? {} : { expected: subject.expected }),
    ...(agreed === undefined || options.compare === false ? {} : { agreed }),
  };
}

/** The invoices that are named, or the drafts of the orders that are. */
async function drafts(invoices: Invoices, subject: Subject): Promise<readonly InvoiceSelector[]> {
  if (subject.orders.length === 0) return subject.invoices;
  const all = await invoices.readOfOrders(subject);
  const found = all.invoices.filter(({ state }) => state === 'draft');
  // Nothing is a draft any more: what is there tells whether that is as it should be.
  const chosen = found.length > 0 ? found : all.invoices;
  if (chosen.length === 0) {
    throw new CrossdockError('The order has no invoice in Odoo yet.', {
      code: 'INVOICE_NOT_FOUND',
      kind: 'business',
    });
  }
  return [...subject.invoices, ...chosen.map(({ odooId }) => ({ odooId }))];
}

async function each<T, R>(values: readonly T[], work: (value: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const value of values) results.push(await work(value));
  return results;
}

function merged(results: readonly BillingResult[]): BillingResult {
  return {
    created: results.some(({ created }) => created),
    invoices: results.flatMap(({ invoices }) => invoices),
    documents: results.flatMap(({ documents }) => documents),
  };
}
