import { fromFloat } from '../client/decimals';
import { CALL_RETRY, type RetryPolicy, withRetry } from '../client/retry';
import { idOrZero } from '../client/rows';
import type { Many2One, OdooClient } from '../client/types';

/** What of an order can be invoiced now, and which documents it has. */
export interface Billable {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  /** Some line waits to be charged. */
  readonly charge: boolean;
  /** Some line waits to be credited: more was invoiced than stayed with the customer. */
  readonly credit: boolean;
  /** All invoices and credit notes, also cancelled ones. */
  readonly invoiceIds: readonly number[];
}

/** Reads orders in two calls. Ids that Odoo does not give back are missing in the result. */
export async function readBillable(
  client: OdooClient,
  ids: readonly number[],
  retry: RetryPolicy = CALL_RETRY,
): Promise<ReadonlyMap<number, Billable>> {
  const search = <Row>(model: string, domain: readonly unknown[], fields: readonly string[]) =>
    withRetry(retry, () =>
      client.call<readonly Row[]>(model, 'search_read', { args: { domain, fields, order: 'id' } }),
    );
  const orders = await search<{ id: number; name: string; state: string; invoice_ids: readonly number[] }>(
    'sale.order',
    [['id', 'in', ids]],
    ['name', 'state', 'invoice_ids'],
  );
  const lines = await search<{ order_id: Many2One; qty_to_invoice: number }>(
    'sale.order.line',
    [['order_id', 'in', ids]],
    ['order_id', 'qty_to_invoice'],
  );
  const open = (id: number, wanted: (quantity: number) => boolean) =>
    lines.some((line) => idOrZero(line.order_id) === id && wanted(Number(fromFloat(line.qty_to_invoice))));
  return new Map(
    orders.map(({ id, name, state, invoice_ids }) => [
      id,
      {
        ...{ id, name, state, invoiceIds: invoice_ids },
        charge: open(id, (quantity) => quantity > 0),
        credit: open(id, (quantity) => quantity < 0),
      },
    ]),
  );
}
