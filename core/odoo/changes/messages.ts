/** Changes as messages for an inbox: one for each, in order per record; or one that names the products of a step. */
import { createHash } from 'node:crypto';
import type { Incoming } from '../../delivery';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';
import type { Change, Found } from './types';

/** Products whose stock has changed, for whoever reads their availability anew. */
export interface ChangedProducts {
  readonly products: readonly { readonly id: number; readonly sku: string | null }[];
  /** Internal references of those that have one. */
  readonly skus: readonly string[];
  /** The model that the changes were seen in. */
  readonly model: string;
  /** The newest of them, RFC 3339. */
  readonly writeDate: string;
}

export function changeMessages(found: readonly Found[]): readonly Incoming[] {
  return found.map(({ change, deliveryId }) => ({
    id: deliveryId,
    partitionKey: `${change.model}:${change.id}`,
    body: Buffer.from(JSON.stringify(change)),
  }));
}

/** At most one message. Rejects like `OdooClient.call`. */
export async function productMessages(
  client: OdooClient,
  found: readonly Found[],
): Promise<readonly Incoming[]> {
  const ids = [...new Set(found.flatMap(({ change }) => productOf(change) ?? []))].sort((a, b) => a - b);
  const [first] = found;
  if (ids.length === 0 || first === undefined) return [];
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly { id: number; default_code: string | false }[]>('product.product', 'search_read', {
      args: { domain: [['id', 'in', ids]], fields: ['default_code'], order: 'id' },
      context: { active_test: false },
    }),
  );
  const skus = new Map(rows.map((row) => [row.id, row.default_code || null]));
  const products = ids.map((id) => ({ id, sku: skus.get(id) ?? null }));
  const payload: ChangedProducts = {
    products,
    skus: products.flatMap(({ sku }) => sku ?? []),
    model: first.change.model,
    writeDate: found
      .map(({ change }) => change.writeDate)
      .reduce((one, other) => (one > other ? one : other)),
  };
  const hash = createHash('sha256');
  for (const { deliveryId } of found) hash.update(`${deliveryId}\n`);
  return [
    {
      id: `stock:${hash.digest('base64url').slice(0, 32)}`,
      partitionKey: 'stock',
      body: Buffer.from(JSON.stringify(payload)),
    },
  ];
}

function productOf({ values }: Change): number | undefined {
  const product = values?.['product_id'] as { id?: unknown } | null | undefined;
  return typeof product?.id === 'number' ? product.id : undefined;
}
