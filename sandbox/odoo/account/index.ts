/** Invoicing in the stand-in: documents, their payment, and how they come from orders. */
import type { Model } from '../model';
import { documentModels } from './models';
import { invoiceDialog } from './sales';

export { documentsOf, invoicedOf } from './documents';
export { fiscalPositionOf } from './fiscal-position';
export { lineInvoiceStatus, orderInvoiceStatus, toInvoice } from './sales';

export const accountModels: readonly Model[] = [...documentModels, invoiceDialog];
