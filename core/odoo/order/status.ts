/** The statuses of an order that its deliveries and invoices tell: the one reader of them all is core/odoo/status. */
import type { OdooClient } from '../client/types';
import { readOrderStatus } from '../status/index';
import type { KnownStatus } from './progress';

/**
 * What is known beyond the order's own lines. What an app that is not installed, or a right that the account does not
 * have, keeps back is undefined. Of a quotation the canonical order knows more than Odoo (validated, on hold).
 */
export async function knownStatus(client: OdooClient, id: number): Promise<KnownStatus> {
  const found = (await readOrderStatus(client, [id])).get(id);
  if (found === undefined) return {};
  const { order, ...others } = found.status;
  return found.state === 'draft' || found.state === 'sent' ? others : { order, ...others };
}
