/** Posting and cancelling: read the state, do, read back. Both are harmless when repeated. */

import { crashPoint } from '../../delivery/crash-point';
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { CALL_RETRY, type RetryPolicy, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';
import { withBillingRight } from './access';
import { numberOf } from './canonical';
import { inHalves } from './halves';
import type { InvoiceReader } from './records';
import type { MoveRow } from './rows';

export interface Transitions {
  readonly client: OdooClient;
  readonly reader: InvoiceReader;
  readonly retry?: RetryPolicy | undefined;
}

/**
 * Posts drafts, in one call where Odoo lets it. What is posted already stays as it is.
 * @returns the error of each that is not posted then: INVOICE_CANCELLED, INVOICE_POST_REFUSED, ODOO_ACCESS (business)
 */
export async function postInvoices(
  { client, reader, retry = CALL_RETRY }: Transitions,
  ids: readonly number[],
): Promise<ReadonlyMap<number, CrossdockError>> {
  const drafts = (await reader.moves(ids)).filter(({ state }) => state === 'draft').map(({ id }) => id);
  const failed = await inHalves(drafts, async (part) => {
    crashPoint('invoice.beforePost');
    await withBillingRight('post invoices', () =>
      withRetry(retry, () => client.call('account.move', 'action_post', { ids: part })),
    );
    crashPoint('invoice.afterPost');
  });
  const states = await reader.moves(ids);
  return new Map(
    states.flatMap((move) => {
      const fault = move.state === 'posted' ? undefined : notPosted(move, failed.get(move.id));
      return fault === undefined ? [] : [[move.id, fault] as const];
    }),
  );
}

function notPosted(move: MoveRow, error: CrossdockError | undefined): CrossdockError {
  const facts = { odooId: move.id };
  if (move.state === 'cancel') {
    return new CrossdockError(
      `Invoice ${numberOf(move) || move.id} is cancelled in Odoo, so it cannot be posted.`,
      {
        code: 'INVOICE_CANCELLED',
        kind: 'business',
        facts,
      },
    );
  }
  if (error?.retryable || error?.code === 'ODOO_ACCESS') return error;
  const reason = error === undefined ? ' It may be waiting for an approval.' : ` ${error.message}`;
  return new CrossdockError(`Odoo did not post the draft invoice ${move.id}.${reason}`, {
    code: 'INVOICE_POST_REFUSED',
    kind: 'business',
    facts,
  });
}

/**
 * Cancels a draft; one that is cancelled already stays so.
 *
 * Odoo's own method would take a posted invoice back to a draft and cancel that too, which is not what an integration
 * should do to a document that the customer may have: it is refused here.
 *
 * Throws INVOICE_POSTED, INVOICE_CANCEL_REFUSED, ODOO_ACCESS (business), and as OdooClient.call.
 */
export async function cancelDraft(
  { client, reader, retry = CALL_RETRY }: Transitions,
  move: MoveRow,
): Promise<void> {
  if (move.state === 'cancel') return;
  if (move.state === 'posted') throw posted(move);
  try {
    await withBillingRight('cancel invoices', () =>
      withRetry(retry, () => client.call('account.move', 'button_cancel', { ids: [move.id] })),
    );
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    if (error.retryable || error.code === 'ODOO_ACCESS') throw error;
    const [now] = await reader.moves([move.id]);
    if (now?.state === 'cancel') return;
    if (now?.state === 'posted') throw posted(now);
    throw new CrossdockError(`Odoo did not cancel the draft invoice ${move.id}. ${error.message}`, {
      code: 'INVOICE_CANCEL_REFUSED',
      kind: 'business',
      facts: { odooId: move.id },
    });
  }
}

function posted(move: MoveRow): CrossdockError {
  return new CrossdockError(
    `Invoice ${numberOf(move)} is posted, so it is not cancelled: make a credit note for it.`,
    { code: 'INVOICE_POSTED', kind: 'business', facts: { odooId: move.id, name: numberOf(move) } },
  );
}
