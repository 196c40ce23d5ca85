/** Ending a picking, and finding out whether it really ended. */
import { crashPoint, crashPointLater } from '../../delivery/crash-point';
import { CrossdockError } from '../../errors/index';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';
import type { Picking } from './types';

/**
 * Validates a picking. Doing so twice is harmless: Odoo leaves out pickings that are done, and two at once wait for each
 * other. `button_validate` may answer with a question (an action) and with reports after the work is done, so that only the
 * state that is read back counts.
 *
 * Throws VALIDATION_ASKS (business) when Odoo wants to know something first, PICKING_CANCELLED (business), and what
 * OdooClient.call throws.
 */
export async function validatePicking(
  client: OdooClient,
  picking: Pick<Picking, 'id' | 'name'>,
  rest: 'backorder' | 'cancel',
): Promise<void> {
  const answer = await withRetry(CALL_RETRY, async () => {
    crashPoint('odoo.beforeValidate');
    const call = client.call<unknown>('stock.picking', 'button_validate', {
      ids: [picking.id],
      context: {
        skip_backorder: true,
        skip_sms: true,
        ...(rest === 'cancel' ? { picking_ids_not_to_backorder: [picking.id] } : {}),
      },
    });
    crashPointLater('odoo.afterValidateBeforeReply');
    const reply = await call;
    crashPoint('odoo.afterValidate');
    return reply;
  });
  const state = await stateOf(client, picking.id);
  if (state === 'done') return;
  if (state === 'cancel') {
    throw new CrossdockError(`${picking.name} was cancelled in Odoo before it could be validated.`, {
      code: 'PICKING_CANCELLED',
      kind: 'business',
      facts: { picking: picking.name },
    });
  }
  const asks = questionOf(answer);
  throw new CrossdockError(
    `Odoo did not validate ${picking.name} (it is ${state})${asks === '' ? '' : `: it asks for ${asks} first`}. Finish it in Odoo, then send the message again.`,
    { code: 'VALIDATION_ASKS', kind: 'business', facts: { picking: picking.name, state, asks } },
  );
}

async function stateOf(client: OdooClient, id: number): Promise<string> {
  const [row] = await withRetry(CALL_RETRY, () =>
    client.call<readonly { state: string }[]>('stock.picking', 'read', {
      ids: [id],
      args: { fields: ['state'] },
    }),
  );
  return row?.state ?? 'cancel';
}

/** What Odoo's action is about, for example `stock.backorder.confirmation`. */
function questionOf(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null) return '';
  const { res_model: model, name, tag } = answer as { res_model?: unknown; name?: unknown; tag?: unknown };
  return [model, name, tag].find((each) => typeof each === 'string') ?? '';
}
