/** Stock levels read from Odoo, as a stream of pages that waits for its reader. */
import { type DecimalValue, decimal, readDecimal } from '../../canonical/decimal';
import { CrossdockError } from '../../errors/index';
import { fieldMap } from '../client/field-map';
import { requireFields } from '../client/fields';
import type { OdooClient } from '../client/types';
import { COMPUTED, type ComputedProduct, leveller } from './levellers';
import { ambiguous, PRODUCT_FIELDS, productPages, wantedProducts } from './products';
import { findSites, warehouseContext } from './sites';
import type { LevelPage, StockProblem, StockRequest } from './types';
import { stockUnits } from './units';

export const PAGE_SIZE = 500;

/**
 * The levels that are asked for, page by page in ascending order of product id. A page is read while its reader works on
 * the one before, and never more than that. There is always at least one page.
 *
 * Throws WAREHOUSE_UNKNOWN (business), CONFIG_INVALID for a bad buffer, ODOO_FIELD_MISSING (permanent, for example
 * without the inventory app), and what OdooClient.call throws. What concerns one product is a problem of its page.
 */
export async function* readLevels(
  client: OdooClient,
  request: StockRequest = {},
): AsyncGenerator<LevelPage, void, void> {
  yield* ahead(pagesOf(client, request));
}

async function* pagesOf(client: OdooClient, request: StockRequest): AsyncGenerator<LevelPage, void, void> {
  const levelOf = request.levelOf ?? 'total';
  const buffer = readBuffer(request.buffer ?? '0');
  const { storable } = fieldMap(await client.version()).product;
  await requireFields(client, { 'product.product': [storable.field, ...COMPUTED] });
  const units = await stockUnits(client);
  const sites = await findSites(client, request.sites ?? [], levelOf !== 'total');
  const { ids, problems } = await wantedProducts(client, request);
  const total = levelOf === 'total';
  const fields = total ? [...PRODUCT_FIELDS, ...COMPUTED] : PRODUCT_FIELDS;
  const context = total && request.sites?.length ? warehouseContext(sites) : undefined;
  const level = await leveller(client, request, sites);
  const pageSize = Math.max(1, Math.floor(request.pageSize ?? PAGE_SIZE));
  const skus = new Map<string, number>();
  let index = 0;
  let asOf = new Date();
  for await (const page of productPages<ComputedProduct>(client, ids, fields, pageSize, context)) {
    const found = ids === undefined ? withoutTwins(page.rows, skus) : named(page.rows);
    const levels = await level({ units, authority: `odoo:${client.database}`, asOf, buffer }, found.products);
    yield {
      index,
      last: page.last,
      levels,
      problems: [...(index === 0 ? problems : []), ...page.missing.map(unknownProduct), ...found.problems],
    };
    index += 1;
    asOf = new Date();
  }
  if (index === 0) yield { index, last: true, levels: [], problems };
}

/** Reads one page ahead of the reader. */
async function* ahead<T>(source: AsyncGenerator<T, void, void>): AsyncGenerator<T, void, void> {
  let next = source.next();
  try {
    for (;;) {
      const { value, done } = await next;
      if (done) return;
      next = source.next();
      // A reader who stops must not leave a rejection behind that nobody handles; who goes on still gets it.
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    source.return().catch(() => undefined);
  }
}

interface Found {
  readonly products: readonly ComputedProduct[];
  readonly problems: readonly StockProblem[];
}

/** Of products with one SKU the first is told, since a channel knows only the SKU. */
function withoutTwins(rows: readonly ComputedProduct[], seen: Map<string, number>): Found {
  const twins: StockProblem[] = [];
  const single = rows.filter((row) => {
    if (row.default_code === false) return true;
    const first = seen.get(row.default_code);
    if (first === undefined) seen.set(row.default_code, row.id);
    else twins.push(ambiguous(row.default_code, [first, row.id]));
    return first === undefined;
  });
  const { products, problems } = named(single);
  return { products, problems: [...twins, ...problems] };
}

/** A level names its item by SKU or barcode; a product that has neither is told of. */
function named(rows: readonly ComputedProduct[]): Found {
  const nameless = rows.filter((row) => !row.default_code && !row.barcode);
  return {
    products: nameless.length === 0 ? rows : rows.filter((row) => row.default_code || row.barcode),
    problems: nameless.map(({ id, name }) => ({
      code: 'PRODUCT_WITHOUT_SKU',
      message: `The product "${name.slice(0, 80)}" has neither a SKU nor a barcode in Odoo, so that no channel could know it.`,
      productIds: [id],
    })),
  };
}

function unknownProduct(id: number): StockProblem {
  const message = `Odoo has no product ${id} that is counted in stock: it is archived, gone, or a service.`;
  return { code: 'PRODUCT_UNKNOWN', message, productIds: [id] };
}

function readBuffer(text: string): DecimalValue {
  const buffer = text.trim() === '' ? decimal('0') : readDecimal(text.trim());
  if (buffer?.gte(0)) return buffer;
  throw new CrossdockError('The buffer must be a number such as 0, 5 or 2.5, and not negative.', {
    code: 'CONFIG_INVALID',
    kind: 'permanent',
    facts: { field: 'buffer' },
  });
}
