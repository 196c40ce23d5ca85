/** Which of Odoo's orders a shipment or a return is about. */

import type { OrderRef } from '../../canonical/generated';
import { orderId as businessKey, keyPart } from '../../canonical/identity';
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';
import { hashKey } from '../load/keys';

export interface OrderKeys {
  readonly namespace: string;
  readonly tenant: string;
  /** Channel and account of the message, to make an order's key from its external id. */
  readonly channel: string;
  readonly account: string;
}

/**
 * The id of the order in Odoo: by the key that Crossdock gave it, by its origin, by its name or the buyer's number.
 *
 * Throws ORDER_NOT_FOUND or ORDER_AMBIGUOUS (business).
 */
export async function findOrder(client: OdooClient, ref: OrderRef, keys: OrderKeys): Promise<number> {
  const ids = new Set<string>();
  if (ref.id !== undefined) ids.add(ref.id);
  if (ref.externalId !== undefined) ids.add(businessKey(keys.channel, keys.account, ref.externalId));
  for (const id of ids) {
    const found = await byKey(client, keys, id);
    if (found !== undefined) return found;
  }
  const names = [ref.orderNumber, ref.externalId, nativeName(ref.id)].filter((name) => name !== undefined);
  const rows = await search(client, [...ids], names);
  // What is surest comes first: the whole key, Odoo's own number, then the buyer's, which two buyers may share.
  for (const matches of [
    rows.filter((row) => typeof row.origin === 'string' && ids.has(row.origin)),
    rows.filter((row) => names.includes(row.name)),
    // A buyer who cancels and orders anew keeps the number.
    rows.filter((row) => row.state !== 'cancel'),
    rows,
  ]) {
    const [first, second] = matches;
    if (first !== undefined && second === undefined) return first.id;
    if (second !== undefined) throw ambiguous(names[0] ?? [...ids][0] ?? '', matches);
  }
  const text = [ref.orderNumber ?? ref.externalId ?? ref.id ?? ''].join('').slice(0, 80);
  throw new CrossdockError(
    `Odoo has no order ${text}: neither by its key nor by its number. Was it placed, and may the API key's user see it?`,
    { code: 'ORDER_NOT_FOUND', kind: 'business', facts: { order: text } },
  );
}

interface OrderRow {
  readonly id: number;
  readonly name: string;
  readonly origin: string | false;
  readonly client_order_ref: string | false;
  readonly state: string;
}

async function byKey(client: OdooClient, keys: OrderKeys, id: string): Promise<number | undefined> {
  try {
    const [model, found] = await withRetry(CALL_RETRY, () =>
      client.call<readonly [string, number | false]>('ir.model.data', 'check_object_reference', {
        args: { module: keys.namespace, xml_id: hashKey('crossdock', keys.tenant, id) },
      }),
    );
    return model === 'sale.order' && typeof found === 'number' ? found : undefined;
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    // Odoo says "not found" by a ValueError.
    if (error.code === 'ODOO_INVALID_CALL' || error.code === 'ODOO_ACCESS') return undefined;
    throw error;
  }
}

function search(
  client: OdooClient,
  ids: readonly string[],
  names: readonly string[],
): Promise<readonly OrderRow[]> {
  const domain = ['|', '|', ['origin', 'in', ids], ['name', 'in', names], ['client_order_ref', 'in', names]];
  return withRetry(CALL_RETRY, () =>
    client.call<readonly OrderRow[]>('sale.order', 'search_read', {
      args: {
        domain,
        fields: ['id', 'name', 'origin', 'client_order_ref', 'state'],
        order: 'id desc',
        limit: 20,
      },
    }),
  );
}

/** The last part of a key, which is Odoo's own number where the order was born in Odoo. */
function nativeName(id: string | undefined): string | undefined {
  return id === undefined ? undefined : id.split(':').slice(2).join(':') || undefined;
}

function ambiguous(what: string, rows: readonly OrderRow[]): CrossdockError {
  const names = rows.map(({ name }) => name).slice(0, 5);
  return new CrossdockError(
    `${names.join(', ')} in Odoo all have the number ${what.slice(0, 80)}: send the order's key or Odoo's own number.`,
    { code: 'ORDER_AMBIGUOUS', kind: 'business', facts: { order: what.slice(0, 80) } },
  );
}

/** Channel, account and external id out of an order's key; undefined when it is none. */
export function splitKey(key: string): { channel: string; account: string; externalId: string } | undefined {
  const [channel, account, ...rest] = key.split(':');
  if (channel === undefined || account === undefined || rest.length === 0) return undefined;
  const externalId = rest.join(':');
  const plain = (part: string) => part.replaceAll('%3A', ':').replaceAll('%25', '%');
  const parts = { channel: plain(channel), account: plain(account), externalId };
  // What does not come back as it was is somebody else's text with colons.
  if (`${keyPart(parts.channel)}:${keyPart(parts.account)}:${externalId}` !== key) return undefined;
  return externalId === '' || parts.channel === '' || parts.account === '' ? undefined : parts;
}
