/** The products that are asked about: by SKU, by id, or all that are counted in stock. */
import { fieldMap } from '../client/field-map';
import type { Link } from '../client/rows';
import type { OdooClient } from '../client/types';
import { parts, searchRead, searchReadAll } from './rows';
import type { StockProblem, StockRequest } from './types';

export interface Product {
  readonly id: number;
  readonly default_code: string | false;
  readonly barcode: string | false;
  readonly name: string;
  readonly uom_id: Link;
}

export const PRODUCT_FIELDS = ['id', 'default_code', 'barcode', 'name', 'uom_id'];

interface FoundRow {
  readonly id: number;
  readonly default_code: string | false;
  readonly active: boolean;
  /** `is_storable` (true), or `type` / `detailed_type` (`product`). */
  readonly [storable: string]: unknown;
}

/** SKUs per look-up. */
const LOOKUP = 1000;

export interface Wanted {
  /** Ascending, distinct; undefined: all that are counted in stock. */
  readonly ids: readonly number[] | undefined;
  readonly problems: readonly StockProblem[];
}

/** Finds the products of a request; what cannot be found is told, and the rest is read. */
export async function wantedProducts(client: OdooClient, request: StockRequest): Promise<Wanted> {
  if (request.skus === undefined && request.productIds === undefined) return { ids: undefined, problems: [] };
  const problems: StockProblem[] = [];
  const ids = new Set(request.productIds ?? []);
  const skus = [...new Set(request.skus ?? [])];
  for (const some of parts(skus, LOOKUP)) {
    const found = await findBySku(client, some);
    for (const sku of some) {
      const { id, problem } = choose(sku, found.get(sku) ?? []);
      if (id !== undefined) ids.add(id);
      if (problem !== undefined) problems.push(problem);
    }
  }
  return { ids: [...ids].sort((a, b) => a - b), problems };
}

interface Candidate {
  readonly id: number;
  readonly active: boolean;
  readonly storable: boolean;
}

async function findBySku(
  client: OdooClient,
  skus: readonly string[],
): Promise<ReadonlyMap<string, Candidate[]>> {
  const { storable } = fieldMap(await client.version()).product;
  const rows = await searchReadAll<FoundRow>(client, 'product.product', {
    domain: [['default_code', 'in', skus]],
    fields: ['id', 'default_code', 'active', storable.field],
    context: { active_test: false },
  });
  const found = new Map<string, Candidate[]>();
  for (const row of rows) {
    if (row.default_code === false) continue;
    const same = found.get(row.default_code) ?? [];
    const counted = row[storable.field] === storable.domain[2];
    found.set(row.default_code, [...same, { id: row.id, active: row.active, storable: counted }]);
  }
  return found;
}

function choose(
  sku: string,
  candidates: readonly Candidate[],
): { readonly id?: number; readonly problem?: StockProblem } {
  const live = candidates.filter(({ active, storable }) => active && storable);
  const [first] = live;
  if (first !== undefined && live.length === 1) return { id: first.id };
  if (first !== undefined) {
    const ids = live.map(({ id }) => id);
    return { id: first.id, problem: ambiguous(sku, ids) };
  }
  const productIds = candidates.map(({ id }) => id);
  if (candidates.some(({ active }) => active)) {
    const message = `Odoo does not count ${sku} in stock: it is a service or a consumable.`;
    return { problem: { code: 'PRODUCT_NOT_STORED', message, sku, productIds } };
  }
  if (productIds.length > 0) {
    const message = `The product ${sku} is archived in Odoo.`;
    return { problem: { code: 'PRODUCT_ARCHIVED', message, sku, productIds } };
  }
  return { problem: { code: 'SKU_UNKNOWN', message: `Odoo has no product with the SKU ${sku}.`, sku } };
}

export function ambiguous(sku: string, productIds: readonly number[]): StockProblem {
  const message = `Several products in Odoo have the SKU ${sku} (ids ${productIds.slice(0, 5).join(', ')}): the figures are those of the first.`;
  return { code: 'SKU_AMBIGUOUS', message, sku, productIds };
}

/** One page of products that are counted in stock, by ascending id. */
export interface ProductPage<T extends Product> {
  readonly rows: readonly T[];
  readonly last: boolean;
  /** Asked for by id, and not there. */
  readonly missing: readonly number[];
}

/**
 * Reads page after page; each only when it is asked for. What is added meanwhile disturbs nothing.
 *
 * @param context decides what computed quantities are about
 */
export async function* productPages<T extends Product>(
  client: OdooClient,
  ids: readonly number[] | undefined,
  fields: readonly string[],
  pageSize: number,
  context?: Readonly<Record<string, unknown>>,
): AsyncGenerator<ProductPage<T>, void, void> {
  const { storable } = fieldMap(await client.version()).product;
  if (ids !== undefined) {
    const pages = parts(ids, pageSize);
    for (const [index, page] of pages.entries()) {
      const domain = [['id', 'in', page], storable.domain];
      const rows = await searchRead<T>(client, 'product.product', { domain, fields, context }, page.length);
      const found = new Set(rows.map(({ id }) => id));
      yield { rows, last: index === pages.length - 1, missing: page.filter((id) => !found.has(id)) };
    }
    return;
  }
  for (let after = 0; ; ) {
    const domain = [['id', '>', after], storable.domain];
    // One more than the page takes says whether there is another.
    const found = await searchRead<T>(client, 'product.product', { domain, fields, context }, pageSize + 1);
    const rows = found.slice(0, pageSize);
    const end = rows.at(-1);
    const last = end === undefined || found.length <= pageSize;
    yield { rows, last, missing: [] };
    if (last) return;
    after = end.id;
  }
}
