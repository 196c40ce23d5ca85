/** Where returned goods are put. */
import { CrossdockError } from '../../errors/index';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { ReceivedContent, Verdict } from './return-contents';
import type { Services } from './services';
import type { Picking } from './types';

/**
 * The location's id; undefined for where the picking leads anyway. Goods that were rejected never go back on the shelf.
 *
 * Throws RETURN_LOCATION_MISSING (business).
 */
export async function locationOf(
  services: Services,
  verdict: Verdict,
  disposition: ReceivedContent['disposition'],
  picking: Picking,
): Promise<number | undefined> {
  const { quarantine, scrap } = services.options;
  if (disposition === 'scrap')
    return scrap === undefined ? inventoryLoss(services, picking) : named(services, scrap, 'scrap');
  const apart = disposition === 'quarantine' || disposition === 'vendor' || verdict === 'rejected';
  if (!apart) return undefined;
  if (quarantine !== undefined) return named(services, quarantine, 'quarantine');
  throw new CrossdockError(
    `Goods of ${picking.name} must not go back on the shelf (${disposition ?? verdict}), and the node names no quarantine location.`,
    {
      code: 'RETURN_LOCATION_MISSING',
      kind: 'business',
      facts: { picking: picking.name, disposition: disposition ?? verdict },
    },
  );
}

async function named({ client }: Services, name: string, purpose: string): Promise<number> {
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly { id: number; complete_name: string }[]>('stock.location', 'search_read', {
      args: {
        domain: ['|', ['complete_name', '=', name], ['barcode', '=', name]],
        fields: ['id', 'complete_name'],
        limit: 2,
      },
    }),
  );
  const [only, second] = rows;
  if (only !== undefined && second === undefined) return only.id;
  throw new CrossdockError(
    `Odoo has ${only === undefined ? 'no' : 'more than one'} location "${name}" (${purpose}).`,
    {
      code: 'RETURN_LOCATION_MISSING',
      kind: 'business',
      facts: { location: name },
    },
  );
}

/** Odoo's virtual location for what is lost or thrown away. */
async function inventoryLoss({ client }: Services, picking: Picking): Promise<number> {
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly { id: number }[]>('stock.location', 'search_read', {
      args: {
        domain: [
          ['usage', '=', 'inventory'],
          ['company_id', 'in', [false, ...(picking.companyId === undefined ? [] : [picking.companyId])]],
        ],
        fields: ['id'],
        order: 'id',
        limit: 1,
      },
    }),
  );
  const [first] = rows;
  if (first !== undefined) return first.id;
  throw new CrossdockError('Odoo has no location for scrapped goods that this account may see.', {
    code: 'RETURN_LOCATION_MISSING',
    kind: 'business',
    facts: { location: 'scrap' },
  });
}

/** Those of the locations in which goods are lost: scrap and inventory adjustments. */
export async function lossesAmong(
  { client }: Services,
  ids: readonly number[],
): Promise<ReadonlySet<number>> {
  if (ids.length === 0) return new Set();
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly { id: number }[]>('stock.location', 'search_read', {
      args: {
        domain: [
          ['id', 'in', ids],
          ['usage', '=', 'inventory'],
        ],
        fields: ['id'],
      },
    }),
  );
  return new Set(rows.map(({ id }) => id));
}
