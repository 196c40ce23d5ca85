export { Invoices } from './invoices';
export {
  INVOICE_OPERATIONS,
  type InvoiceOperation,
  isReadOnly,
  type OperationOptions,
  runOperation,
} from './operations';
export { subjectOf } from './subject';
export type {
  BillingRequest,
  BillingResult,
  InvoicedOrder,
  InvoiceSelector,
  InvoicesOptions,
  PlacedInvoice,
} from './types';
