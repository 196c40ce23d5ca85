/** The carrier and the tracking numbers of a message as Odoo keeps them. */
import type { Shipment } from '../../canonical/generated';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { ReadContext } from './read';
import type { Headers } from './stage';
import type { Picking } from './types';

/** What fits none of Odoo's delivery methods is left as the order has it: the number is what matters. */
export async function headersOf(context: ReadContext, shipment: Shipment): Promise<Headers> {
  const { fields } = context;
  const numbers = new Set<string>();
  for (const { number } of shipment.tracking ?? []) numbers.add(number);
  for (const { tracking } of shipment.packages) if (tracking !== undefined) numbers.add(tracking.number);
  const tracking = [...numbers].join(',');
  const carrierId = fields.has('picking', 'carrier_id') ? await carrierOf(context, shipment) : undefined;
  return {
    ...(tracking !== '' && fields.has('picking', 'carrier_tracking_ref') ? { tracking } : {}),
    ...(carrierId === undefined ? {} : { carrierId }),
  };
}

/** Writes what differs from the picking. Doing so twice is harmless. */
export async function writeHeaders(
  { client }: ReadContext,
  picking: Picking,
  { tracking, carrierId }: Headers,
): Promise<boolean> {
  const vals = {
    ...(tracking === undefined || tracking === picking.tracking ? {} : { carrier_tracking_ref: tracking }),
    ...(carrierId === undefined || carrierId === picking.carrier?.id ? {} : { carrier_id: carrierId }),
  };
  if (Object.keys(vals).length === 0) return false;
  await withRetry(CALL_RETRY, () =>
    client.call('stock.picking', 'write', { ids: [picking.id], args: { vals } }),
  );
  return true;
}

async function carrierOf({ client }: ReadContext, { carrier }: Shipment): Promise<number | undefined> {
  const service =
    carrier?.service === undefined ? [] : [`${carrier.name ?? carrier.code ?? ''} ${carrier.service}`];
  const names = [...service, carrier?.name, carrier?.code, carrier?.scac].flatMap(
    (name) => name?.trim() || [],
  );
  if (names.length === 0) return undefined;
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly { id: number; name: string }[]>('delivery.carrier', 'search_read', {
      args: { domain: [], fields: ['id', 'name'], order: 'sequence, id' },
    }),
  );
  for (const name of names) {
    const same = rows.find((row) => row.name.trim().toLowerCase() === name.toLowerCase());
    if (same !== undefined) return same.id;
  }
  return undefined;
}
