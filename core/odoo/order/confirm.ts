import { crashPoint, crashPointLater } from '../../delivery/crash-point';
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { isOutage } from '../client/errors';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';
import { isOpen, type OrderState, readOrders } from './read';

export type ConfirmOutcome = { readonly state: OrderState } | { readonly error: CrossdockError };

/**
 * For calls whose traces in the chatter nobody waits for: Odoo then neither logs the change of state nor tells followers.
 * Everything else (deliveries, reservations, automation rules, activities) is the same.
 */
export function quiet(chatter: boolean): { context?: Readonly<Record<string, unknown>> } {
  return chatter ? {} : { context: { tracking_disable: true } };
}

/**
 * Confirms quotations, all in one call when Odoo lets it. One that is refused makes the whole call fail, so the rest
 * is found by halving. Confirming twice is harmless: an order that turns out to be confirmed is accepted, also when
 * it was an earlier call of ours whose answer was lost.
 */
export async function confirmOrders(
  client: OdooClient,
  ids: readonly number[],
  chatter = true,
): Promise<ReadonlyMap<number, ConfirmOutcome>> {
  const refused = new Map<number, CrossdockError>();
  const outcomes = new Map<number, ConfirmOutcome>();
  if (ids.length === 0) return outcomes;
  await confirmGroup(client, ids, chatter, refused);
  const states = await readOrders(client, ids);
  for (const id of ids) {
    const state = states.get(id);
    const error = refused.get(id);
    if (state && !isOpen(state)) outcomes.set(id, { state });
    else outcomes.set(id, { error: explain(id, state, error) });
  }
  return outcomes;
}

async function confirmGroup(
  client: OdooClient,
  ids: readonly number[],
  chatter: boolean,
  refused: Map<number, CrossdockError>,
): Promise<void> {
  try {
    await withRetry(CALL_RETRY, async () => {
      crashPoint('odoo.beforeConfirm');
      const call = client.call('sale.order', 'action_confirm', { ids, ...quiet(chatter) });
      crashPointLater('odoo.afterConfirmBeforeReply');
      await call;
      crashPoint('odoo.afterConfirm');
    });
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    if (isOutage(error)) throw error;
    if (ids.length === 1) {
      refused.set(ids[0] as number, error);
      return;
    }
    // An earlier try may have confirmed them although its answer was lost: those are out of it.
    const states = await readOrders(client, ids);
    const open = ids.filter((id) => isOpen(states.get(id) ?? { state: 'gone' }));
    if (open.length === 0) return;
    if (open.length < ids.length) return confirmGroup(client, open, chatter, refused);
    const middle = Math.ceil(ids.length / 2);
    await confirmGroup(client, ids.slice(0, middle), chatter, refused);
    await confirmGroup(client, ids.slice(middle), chatter, refused);
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
