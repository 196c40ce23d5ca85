/**
 * Invoices and credit notes from what orders have delivered and taken back, through Odoo's own dialog.
 *
 * Once, without a key: the dialog charges `qty_to_invoice`, and making the invoice takes that to nothing, in one
 * transaction that locks the order's lines. Measured on Odoo 19.0: of 8 dialogs at once for one order one makes an
 * invoice, and 7 find nothing to invoice. So a repeated call, also one whose first answer was lost, adds nothing.
 */
import { crashPoint, crashPointLater } from '../../delivery/crash-point';
import { asCrossdockError, type CrossdockError } from '../../errors/index';
import { fieldMap } from '../client/field-map';
import { CALL_RETRY, type RetryPolicy, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';
import { readBillable } from './billable';
import { inHalves } from './halves';

const WIZARD = 'sale.advance.payment.inv';

/**
 * Makes the invoices of the orders: one for each, or together for orders of one customer and address. Orders of which
 * nothing is to be invoiced are left out. What was made is found by reading the orders.
 * @returns the errors of the orders that Odoo refused
 */
export async function invoiceOrders(
  client: OdooClient,
  orderIds: readonly number[],
  grouping: 'order' | 'customer',
  retry: RetryPolicy = CALL_RETRY,
): Promise<ReadonlyMap<number, CrossdockError>> {
  const { invoiceWizard } = fieldMap(await client.version());
  const run = (ids: readonly number[]) => withRetry(retry, () => dialog(client, ids, grouping));
  const alone = grouping === 'order' && invoiceWizard.consolidated === undefined;
  if (!alone) return inHalves(orderIds, run);
  // Before 17 several orders in one dialog always share an invoice.
  const failed = new Map<number, CrossdockError>();
  for (const id of orderIds) await inHalves([id], run, failed);
  return failed;
}

async function dialog(
  client: OdooClient,
  ids: readonly number[],
  grouping: 'order' | 'customer',
): Promise<void> {
  const { invoiceWizard } = fieldMap(await client.version());
  const context = {
    active_model: 'sale.order',
    active_ids: ids,
    active_id: ids[0],
    tracking_disable: true,
    // Else an order of which nothing is to be invoiced is an error, which tells nothing about the others.
    raise_if_nothing_to_invoice: false,
  };
  const values = {
    advance_payment_method: 'delivered',
    ...(invoiceWizard.orders === undefined ? {} : { [invoiceWizard.orders]: [[6, 0, ids]] }),
    ...(invoiceWizard.consolidated === undefined
      ? {}
      : { [invoiceWizard.consolidated]: grouping === 'customer' }),
  };
  crashPoint('invoice.beforeDialog');
  const [wizard] = await client.call<readonly number[]>(WIZARD, 'create', {
    args: { vals_list: [values] },
    context,
  });
  crashPoint('invoice.beforeCreate');
  const call = client.call(WIZARD, 'create_invoices', { ids: [wizard ?? 0], context });
  crashPointLater('invoice.afterSendBeforeReply');
  try {
    await call;
  } catch (thrown) {
    // Versions that do not know the context say it with an error; that nothing is left is seen by reading.
    const error = asCrossdockError(thrown);
    if (!(ids.length === 1 && error.code === 'ODOO_VALIDATION' && (await nothingLeft(client, ids))))
      throw error;
  }
  crashPoint('invoice.afterCreate');
}

async function nothingLeft(client: OdooClient, ids: readonly number[]): Promise<boolean> {
  const orders = [...(await readBillable(client, ids)).values()];
  return orders.every(({ charge, credit }) => !charge && !credit);
}
