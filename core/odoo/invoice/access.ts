import { asCrossdockError, CrossdockError } from '../../errors/index';

/**
 * Runs what needs Odoo's right for invoicing. Odoo refuses with whatever field it touched first ("Failed to read field
 * payment_ids"); what is missing is always the same group.
 */
export async function withBillingRight<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    if (error.code !== 'ODOO_ACCESS') throw error;
    throw billingRightMissing(doing, error);
  }
}

export function billingRightMissing(doing: string, cause?: CrossdockError): CrossdockError {
  return new CrossdockError(
    `The API key's user may not ${doing} in Odoo: that takes the right Invoicing (group account.group_account_invoice). A salesperson may only make drafts from orders.`,
    {
      code: 'ODOO_ACCESS',
      kind: 'business',
      facts: { ...cause?.facts, group: 'account.group_account_invoice' },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
