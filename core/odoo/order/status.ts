/** The statuses of an order that its pickings and invoices tell. */
import type { CanonicalOrder, FulfilmentStatus } from '../../canonical/order';
import { stateOfWord } from '../../canonical/status/index';
import { asCrossdockError } from '../../errors/index';
import { isOutage } from '../client/errors';
import { fieldMap } from '../client/field-map';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { Many2One, OdooClient } from '../client/types';
import { orderFields } from './needs';
import type { KnownStatus } from './progress';

interface Picking {
  readonly id: number;
  readonly state: string;
  readonly [field: string]: unknown;
}

interface Move {
  readonly id: number;
  readonly state: string;
  readonly payment_state: string | false;
  readonly move_type: string;
  readonly amount_total: number;
  readonly amount_residual: number;
}

/** Fields that come with an app. */
const OPTIONAL = ['delivery_status', 'picking_ids', 'invoice_ids'];

/**
 * What is known beyond the order's own lines. What an app that is not installed, or a right that the account does not
 * have, keeps back is undefined.
 */
export async function knownStatus(client: OdooClient, id: number): Promise<KnownStatus> {
  const known = await orderFields(client);
  const fields = OPTIONAL.filter((field) => known.has('order', field));
  if (fields.length === 0) return {};
  const [row] = await read<Readonly<Record<string, unknown>>>(client, 'sale.order', [id], fields);
  const returnOf = fieldMap(await client.version()).picking.returnOf;
  const pickings = await permitted(() =>
    read<Picking>(client, 'stock.picking', idsOf(row?.['picking_ids']), [
      'state',
      ...(returnOf === undefined ? [] : [returnOf]),
    ]),
  );
  const moves = await permitted(() =>
    read<Move>(client, 'account.move', idsOf(row?.['invoice_ids']), [
      ...['state', 'payment_state', 'move_type', 'amount_total', 'amount_residual'],
    ]),
  );
  const isReturn = (picking: Picking): boolean =>
    returnOf !== undefined && Boolean(picking[returnOf] as Many2One);
  const delivery = row?.['delivery_status'];
  return {
    fulfilment: fulfilmentOf(
      delivery,
      pickings?.filter((picking) => !isReturn(picking)),
    ),
    payment: moves && paymentOf(moves),
    return: pickings && returnStatusOf(pickings.filter(isReturn), moves ?? []),
  };
}

/** Odoo's word for all pickings; what has not begun is told apart by what is reserved. */
function fulfilmentOf(word: unknown, pickings: readonly Picking[] | undefined): FulfilmentStatus | undefined {
  if (typeof word !== 'string') return undefined;
  const state = stateOfWord('odoo', 'fulfilment', word, 'sale.order.delivery_status');
  if (state !== 'none' || pickings === undefined) return state;
  const open = pickings.filter(({ state: own }) => own !== 'cancel' && own !== 'done');
  if (open.length === 0) return state;
  return open.every(({ state: own }) => own === 'assigned') ? 'allocated' : 'backordered';
}

function paymentOf(moves: readonly Move[]): CanonicalOrder['status']['payment'] | undefined {
  const posted = moves.filter(({ state }) => state === 'posted');
  const invoices = posted.filter(({ move_type: type }) => type === 'out_invoice');
  if (invoices.length === 0) return undefined;
  const refunds = posted.filter(({ move_type: type }) => type === 'out_refund');
  const sum = (of: readonly Move[], field: 'amount_total' | 'amount_residual'): number =>
    of.reduce((total, move) => total + move[field], 0);
  const invoiced = sum(invoices, 'amount_total');
  const refunded = sum(refunds, 'amount_total');
  if (refunds.length > 0) return refunded >= invoiced - 0.005 ? 'refunded' : 'partiallyRefunded';
  const words = new Set(
    invoices.map(({ payment_state: word }) =>
      stateOfWord('odoo', 'payment', word || 'not_paid', 'account.move.payment_state'),
    ),
  );
  const [only] = words;
  if (words.size === 1) return only;
  return sum(invoices, 'amount_residual') <= 0.005 ? 'paid' : 'partiallyPaid';
}

function returnStatusOf(
  returns: readonly Picking[],
  moves: readonly Move[],
): CanonicalOrder['status']['return'] {
  const alive = returns.filter(({ state }) => state !== 'cancel');
  if (alive.length === 0) return returns.length === 0 ? 'none' : 'cancelled';
  if (!alive.every(({ state }) => state === 'done')) return 'authorised';
  const credited = moves.some(({ move_type: type, state }) => type === 'out_refund' && state === 'posted');
  return credited ? 'refunded' : 'received';
}

/** Undefined when the account may not, or the app is not there. */
async function permitted<T>(work: () => Promise<readonly T[]>): Promise<readonly T[] | undefined> {
  try {
    return await work();
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    if (isOutage(error) || error.retryable) throw error;
    return undefined;
  }
}

function read<T>(
  client: OdooClient,
  model: string,
  ids: readonly number[],
  fields: readonly string[],
): Promise<readonly T[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return withRetry(CALL_RETRY, () => client.call<readonly T[]>(model, 'read', { ids, args: { fields } }));
}

function idsOf(value: unknown): readonly number[] {
  return Array.isArray(value) ? (value as number[]) : [];
}
