/** Which of Odoo's orders is meant. */
import type { CanonicalOrder } from '../../canonical/order';
import { CrossdockError } from '../../errors/index';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';
import type { KeyedLoader } from '../load/keyed-load';

export type OrderTarget =
  | { readonly order: CanonicalOrder }
  /** The canonical order's business key. */
  | { readonly orderId: string }
  | { readonly odooId: number }
  /** Odoo's number, for example S00012. */
  | { readonly name: string };

/**
 * The id of sale.order. By key the external id counts that placing gave it; an order that came to Odoo otherwise is found
 * by its source document (`origin`) when exactly one has it.
 * @throws CrossdockError (business) ORDER_NOT_FOUND, ORDER_AMBIGUOUS; as OdooClient.call
 */
export async function findOrder(
  client: OdooClient,
  loader: KeyedLoader,
  keyOf: (orderId: string) => string,
  target: OrderTarget,
): Promise<number> {
  if ('odooId' in target) return target.odooId;
  if ('name' in target) return only(client, 'name', target.name);
  const orderId = 'order' in target ? target.order.id : target.orderId;
  return (await loader.find('sale.order', keyOf(orderId))) ?? only(client, 'origin', orderId);
}

async function only(client: OdooClient, field: 'name' | 'origin', value: string): Promise<number> {
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly { readonly id: number }[]>('sale.order', 'search_read', {
      args: { domain: [[field, '=', value]], fields: ['id'], limit: 2 },
    }),
  );
  const [row] = rows;
  if (row !== undefined && rows.length === 1) return row.id;
  const shown = value.slice(0, 120);
  throw new CrossdockError(
    row === undefined
      ? `Odoo has no order "${shown}", or the API key's user may not see it.`
      : `Odoo has several orders "${shown}".`,
    {
      code: row === undefined ? 'ORDER_NOT_FOUND' : 'ORDER_AMBIGUOUS',
      kind: 'business',
      facts: { order: shown },
    },
  );
}
