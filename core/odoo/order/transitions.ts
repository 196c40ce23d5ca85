/**
 * Cancel, lock and unlock. Each looks first, does, and looks again: an order that is there already is left alone, so a
 * message that comes twice does no harm, and a lost answer is settled by what Odoo shows.
 */
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { fieldMap } from '../client/field-map';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';
import { quiet } from './confirm';
import { goneError, type OrderState, readLines, readOrders } from './read';

export interface CancelOptions {
  /** For the order's chatter in Odoo. */
  readonly reason?: string | undefined;
  /** Unlock an order that is locked; without it such an order is refused. */
  readonly unlock?: boolean | undefined;
  readonly chatter?: boolean | undefined;
}

/** @throws CrossdockError CANCEL_REFUSED (business): locked, or goods or invoices have left; as OdooClient.call */
export async function cancelOrder(
  client: OdooClient,
  id: number,
  { reason, unlock = false, chatter = true }: CancelOptions,
): Promise<OrderState> {
  let state = await readState(client, id);
  if (state.state !== 'cancel') {
    const left = (await readLines(client, [state])).get(id) ?? [];
    if (left.some(({ delivered }) => delivered > 0)) {
      throw refused(
        'CANCEL_REFUSED',
        state,
        'cannot be cancelled: goods have been delivered; take them back',
      );
    }
    if (left.some(({ invoiced }) => invoiced > 0)) {
      throw refused('CANCEL_REFUSED', state, 'cannot be cancelled: it is invoiced; make a credit note');
    }
    if (state.locked && !unlock) throw refused('CANCEL_REFUSED', state, 'cannot be cancelled: it is locked');
    if (state.locked) await setLock(client, state, false);
    // Up to 18 Odoo would ask a person first.
    const context = { disable_cancel_warning: true, ...quiet(chatter).context };
    await act(client, id, 'action_cancel', context);
    state = await readState(client, id);
    if (state.state !== 'cancel') {
      throw refused('CANCEL_REFUSED', state, 'could not be cancelled; Odoo gave no reason');
    }
  }
  if (reason !== undefined && reason !== '') await noteOnce(client, id, `Cancelled: ${reason}`);
  return state;
}

/** @throws CrossdockError LOCK_REFUSED (business): a quotation, or cancelled; as OdooClient.call */
export async function lockOrder(client: OdooClient, id: number, locked: boolean): Promise<OrderState> {
  const state = await readState(client, id);
  if (state.locked === locked) return state;
  if (locked && state.state !== 'sale') {
    throw refused('LOCK_REFUSED', state, 'cannot be locked: it is not confirmed');
  }
  await setLock(client, state, locked);
  const after = await readState(client, id);
  if (after.locked === locked) return after;
  throw refused('LOCK_REFUSED', after, `could not be ${locked ? 'locked' : 'unlocked'}; Odoo gave no reason`);
}

export async function readState(client: OdooClient, id: number): Promise<OrderState> {
  const state = (await readOrders(client, [id])).get(id);
  if (state === undefined) throw goneError(id);
  return state;
}

async function setLock(client: OdooClient, { id }: OrderState, locked: boolean): Promise<void> {
  const { lock, unlock } = fieldMap(await client.version()).order;
  await act(client, id, locked ? lock : unlock);
}

/** These methods may be repeated: done twice they leave the same. */
async function act(
  client: OdooClient,
  id: number,
  method: string,
  context?: Readonly<Record<string, unknown>>,
): Promise<void> {
  await withRetry(CALL_RETRY, () =>
    client.call('sale.order', method, { ids: [id], ...(context === undefined ? {} : { context }) }),
  );
}

/** How many of an order's latest messages are searched for ours. */
const MESSAGES = 50;

/** Writes a note into the order's chatter, unless one of the latest says the same. */
async function noteOnce(client: OdooClient, id: number, text: string): Promise<void> {
  try {
    const rows = await withRetry(CALL_RETRY, () =>
      client.call<readonly { readonly body: string | false }[]>('mail.message', 'search_read', {
        args: {
          domain: [
            ['model', '=', 'sale.order'],
            ['res_id', '=', id],
          ],
          fields: ['body'],
          order: 'id desc',
          limit: MESSAGES,
        },
      }),
    );
    if (rows.some(({ body }) => body && plainText(body) === squeeze(text))) return;
    await client.call('sale.order', 'message_post', { ids: [id], args: { body: text } });
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    // The order is cancelled; whether its reason stands beside it is worth a retry, but no refusal.
    if (error.retryable) throw error;
  }
}

/** What a message of the chatter (HTML) says. */
function plainText(html: string): string {
  const text = html
    .replace(/<br\s*\/?>/g, ' ')
    .replace(/<[^>]*>/g, '')
    .replace(/&#(\d+);/g, (_all, code) => String.fromCodePoint(Number(code)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&');
  return squeeze(text);
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

export function refused(code: string, state: OrderState, what: string): CrossdockError {
  return new CrossdockError(`Order ${state.name} ${what}.`, {
    code,
    kind: 'business',
    facts: { odooId: state.id, name: state.name, state: state.state },
  });
}
