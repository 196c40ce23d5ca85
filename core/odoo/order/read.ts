import { CALL_RETRY, withRetry } from '../client/retry';
import type { Many2One, OdooClient } from '../client/types';

/** An order as Odoo has it now. */
export interface OrderState {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly amountTotal: number;
  /** ISO 4217. */
  readonly currency: string;
  readonly lines: number;
  /** Epoch ms, to the second. */
  readonly createdAt: number;
}

interface OrderRow {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly amount_total: number;
  readonly currency_id: Many2One;
  readonly order_line: readonly number[];
  readonly create_date: string;
}

const FIELDS = ['id', 'name', 'state', 'amount_total', 'currency_id', 'order_line', 'create_date'];

/** Reads orders in one call. Ids that Odoo does not give back are missing in the result. */
export async function readOrders(
  client: OdooClient,
  ids: readonly number[],
): Promise<ReadonlyMap<number, OrderState>> {
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly OrderRow[]>('sale.order', 'read', { ids, args: { fields: FIELDS } }),
  );
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        name: row.name,
        state: row.state,
        amountTotal: row.amount_total,
        currency: row.currency_id ? row.currency_id[1] : '',
        lines: row.order_line.length,
        createdAt: Date.parse(`${row.create_date.replace(' ', 'T')}Z`),
      },
    ]),
  );
}

/**
 * Whether the order came into being after `startedAt` (our clock, ms). `load` does not tell, so Odoo's time of
 * creation is compared, with our clock corrected by Odoo's own; the 3 s allow for both being rounded to seconds.
 */
export function createdSince(
  order: OrderState,
  startedAt: number,
  clockOffsetMs: number | undefined,
): boolean | undefined {
  if (clockOffsetMs === undefined || Number.isNaN(order.createdAt)) return undefined;
  return order.createdAt >= startedAt + clockOffsetMs - 3_000;
}
