/** The lots and serial numbers of an adjustment in Odoo. */
import { fieldMap } from '../../client/field-map';
import { requireFields } from '../../client/fields';
import type { OdooClient } from '../../client/types';
import { KeyedLoader } from '../../load/keyed-load';
import { hashKey } from '../../load/keys';
import { searchReadAll } from '../rows';
import { type CountedProduct, refused } from './targets';

export interface LotPolicy {
  readonly unknownLots: 'create' | 'refuse';
  readonly namespace: string;
}

interface LotRow {
  readonly id: number;
  readonly name: string;
}

/**
 * The ids of lots by name. One that comes in may be new, and is made once, however often this is called.
 *
 * @param expiry day on which a lot that is made expires
 * @throws CrossdockError LOT_UNKNOWN (business), what KeyedLoader.load gives
 */
export async function findLots(
  client: OdooClient,
  product: CountedProduct,
  names: readonly string[],
  comesIn: boolean,
  expiry: string | undefined,
  policy: LotPolicy,
): Promise<ReadonlyMap<string, number>> {
  const { models } = fieldMap(await client.version());
  const rows = await searchReadAll<LotRow>(client, models.lot, {
    domain: [
      ['product_id', '=', product.id],
      ['name', 'in', names],
    ],
    fields: ['id', 'name'],
  });
  const found = new Map(rows.map(({ id, name }) => [name, id]));
  const unknown = names.filter((name) => !found.has(name));
  if (unknown.length === 0) return found;
  if (!comesIn || policy.unknownLots === 'refuse') {
    const lot = (unknown[0] ?? '').slice(0, 80);
    throw refused('LOT_UNKNOWN', `Odoo has no lot or serial number ${lot} of ${product.sku}.`, {
      sku: product.sku,
      lot,
    });
  }
  const known = await requireFields(client, { lot: ['name'] }, { lot: ['expiration_date'] });
  const dated = expiry !== undefined && known.has('lot', 'expiration_date');
  const loader = new KeyedLoader(client, { namespace: policy.namespace });
  const records = unknown.map((name) => ({
    key: hashKey('crossdock', 'lot', String(product.id), name),
    columns: ['id', 'name', 'product_id/.id', ...(dated ? ['expiration_date'] : [])],
    rows: [
      [
        hashKey('crossdock', 'lot', String(product.id), name),
        name,
        String(product.id),
        ...(dated ? [`${expiry} 00:00:00`] : []),
      ],
    ],
  }));
  const made = await loader.load(models.lot, records);
  for (const [index, record] of records.entries()) {
    const outcome = made.get(record.key);
    if (outcome !== undefined && 'error' in outcome) throw outcome.error;
    if (outcome !== undefined) found.set(unknown[index] ?? '', outcome.id);
  }
  return found;
}
