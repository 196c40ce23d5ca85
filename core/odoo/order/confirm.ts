import { asCrossdockError, CrossdockError } from '../../errors/index';
import { isOutage } from '../client/errors';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';
import { type OrderState, readOrders } from './read';

export type ConfirmOutcome = { readonly state: OrderState } | { readonly error: CrossdockError };

/**
 * Confirms quotations, all in one call when Odoo lets it. One that is refused makes the whole call fail, so the rest
 * is found by halving. Confirming twice is harmless: an order that turns out to be confirmed is accepted.
 */
export async function confirmOrders(
  client: OdooClient,
  ids: readonly number[],
): Promise<ReadonlyMap<number, ConfirmOutcome>> {
  const refused = new Map<number, CrossdockError>();
  await confirmGroup(client, ids, refused);
  const outcomes = new Map<number, ConfirmOutcome>();
  const states = await readOrders(client, ids);
  for (const id of ids) {
    const state = states.get(id);
    const error = refused.get(id);
    if (state && state.state !== 'draft' && state.state !== 'sent') outcomes.set(id, { state });
    else outcomes.set(id, { error: explain(id, state, error) });
  }
  return outcomes;
}

async function confirmGroup(
  client: OdooClient,
  ids: readonly number[],
  refused: Map<number, CrossdockError>,
): Promise<void> {
  try {
    await withRetry(CALL_RETRY, () => client.call('sale.order', 'action_confirm', { ids }));
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    if (isOutage(error)) throw error;
    if (ids.length === 1) {
      refused.set(ids[0] as number, error);
      return;
    }
    const middle = Math.ceil(ids.length / 2);
    await confirmGroup(client, ids.slice(0, middle), refused);
    await confirmGroup(client, ids.slice(middle), refused);
  }
}

function explain(
  id: number,
  state: OrderState | undefined,
  error: CrossdockError | undefined,
): CrossdockError {
  if (error?.retryable) return error;
  const name = state?.name ?? String(id);
  const reason = error ? ` ${error.message}` : ' It may be waiting for an approval.';
  return new CrossdockError(`Order ${name} is in Odoo as a quotation, but could not be confirmed.${reason}`, {
    code: 'ODOO_CONFIRM_REFUSED',
    kind: 'business',
    facts: { odooId: id, name },
  });
}
