/** Products by what orders call them, with the unit that Odoo counts them in. */
import { LruCache } from '../client/cache';
import { CALL_RETRY, withRetry } from '../client/retry';
import { idOf, idOrZero } from '../client/rows';
import type { Many2One, OdooClient } from '../client/types';

export interface Product {
  readonly id: number;
  readonly name: string;
  /** Id of the unit that Odoo counts it in. */
  readonly unit: number | undefined;
  /** Id of the packaging (a unit since 19) whose barcode named it; undefined: the product itself was named. */
  readonly packaging?: number;
}

/** How an item is looked up: by internal reference (`sku`), barcode (`gtin`) or Odoo's own id. */
export interface ProductKey {
  readonly scheme: 'sku' | 'gtin' | 'odoo:product.product';
  readonly value: string;
}

export type ProductMatch = Product | 'unknown' | 'ambiguous';

interface ProductRow {
  readonly id: number;
  readonly default_code: string | false;
  readonly barcode: string | false;
  readonly display_name: string;
  readonly uom_id?: Many2One;
}

interface PackagingRow {
  readonly product_id: Many2One;
  readonly uom_id: Many2One;
  readonly barcode: string;
}

/** An analyst who adds a product and replays should not wait long. */
const TTL_MS = 5 * 60_000;
const MAX_PRODUCTS = 20_000;
const FIELDS = ['id', 'default_code', 'barcode', 'display_name', 'uom_id'];

export class Products {
  private readonly products = new LruCache<Product>(MAX_PRODUCTS, TTL_MS);
  private readonly packagings = new LruCache<readonly number[]>(MAX_PRODUCTS, TTL_MS);

  constructor(private readonly client: OdooClient) {}

  /** Finds all products in one call (three when barcodes of packagings are among them). Only what was found is remembered. */
  async find(keys: readonly ProductKey[]): Promise<ReadonlyMap<string, ProductMatch>> {
    const matches = new Map<string, ProductMatch>();
    const missing = new Map<string, ProductKey>();
    for (const key of keys) {
      const name = productKeyText(key);
      const known = this.products.get(name);
      if (known) matches.set(name, known);
      else missing.set(name, key);
    }
    if (missing.size === 0) return matches;
    const rows = await this.fetch([...missing.values()]);
    const packed: ProductKey[] = [];
    for (const [name, key] of missing) {
      const found = rows.filter(isNamedBy(key));
      if (found.length === 0 && key.scheme === 'gtin') packed.push(key);
      else matches.set(name, this.remember(name, found.map(productOf)));
    }
    for (const [name, found] of await this.byPackaging(packed)) matches.set(name, this.remember(name, found));
    return matches;
  }

  /** Ids of the packagings of a product (units since 19). */
  async packagingsOf(product: number): Promise<readonly number[]> {
    const known = this.packagings.get(String(product));
    if (known !== undefined) return known;
    const [row] = await this.read<{ readonly uom_ids: readonly number[] }>('product.product', {
      domain: [['id', '=', product]],
      fields: ['uom_ids'],
    });
    const ids = row?.uom_ids ?? [];
    this.packagings.set(String(product), ids);
    return ids;
  }

  /** Forgets products (they may have been deleted or renumbered in Odoo). */
  forget(keys: readonly ProductKey[]): void {
    for (const key of keys) this.products.delete(productKeyText(key));
    this.packagings.clear();
  }

  private remember(name: string, found: readonly Product[]): ProductMatch {
    const [first] = found;
    if (first === undefined) return 'unknown';
    if (found.length > 1) return 'ambiguous';
    this.products.set(name, first);
    return first;
  }

  private async byPackaging(keys: readonly ProductKey[]): Promise<ReadonlyMap<string, readonly Product[]>> {
    const none = new Map(keys.map((key) => [productKeyText(key), [] as readonly Product[]]));
    // Before 19 packagings have barcodes too, but no unit that a line could be ordered in.
    if (keys.length === 0 || (await this.client.version()).major < 19) return none;
    const rows = await this.read<PackagingRow>('product.uom', {
      domain: [['barcode', 'in', keys.flatMap((key) => gtinSpellings(key.value))]],
      fields: ['product_id', 'uom_id', 'barcode'],
    });
    if (rows.length === 0) return none;
    const products = await this.read<ProductRow>('product.product', {
      domain: [['id', 'in', rows.map((row) => idOrZero(row.product_id))]],
      fields: FIELDS,
    });
    return new Map(
      keys.map((key) => {
        const spellings = new Set(gtinSpellings(key.value));
        const found = rows.flatMap((row) => {
          const product = products.find(({ id }) => row.product_id && id === row.product_id[0]);
          if (!spellings.has(row.barcode) || product === undefined || !row.uom_id) return [];
          return [{ ...productOf(product), packaging: row.uom_id[0] }];
        });
        return [productKeyText(key), found];
      }),
    );
  }

  private fetch(keys: readonly ProductKey[]): Promise<readonly ProductRow[]> {
    const of = (scheme: ProductKey['scheme']) =>
      keys.filter((key) => key.scheme === scheme).map((key) => key.value);
    const conditions: unknown[] = [];
    if (of('sku').length > 0) conditions.push(['default_code', 'in', of('sku')]);
    if (of('gtin').length > 0) conditions.push(['barcode', 'in', of('gtin').flatMap(gtinSpellings)]);
    const ids = of('odoo:product.product').map(Number).filter(Number.isSafeInteger);
    if (ids.length > 0) conditions.push(['id', 'in', ids]);
    if (conditions.length === 0) return Promise.resolve([]);
    const domain = [...conditions.slice(1).map(() => '|'), ...conditions];
    return this.read<ProductRow>('product.product', { domain, fields: FIELDS });
  }

  private read<T>(model: string, args: Record<string, unknown>): Promise<readonly T[]> {
    return withRetry(CALL_RETRY, () => this.client.call<readonly T[]>(model, 'search_read', { args }));
  }
}

export function productKeyText(key: ProductKey): string {
  return `${key.scheme}:${key.value}`;
}

function productOf(row: ProductRow): Product {
  return { id: row.id, name: row.display_name, unit: idOf(row.uom_id) };
}

function isNamedBy(key: ProductKey): (row: ProductRow) => boolean {
  if (key.scheme === 'odoo:product.product') return (row) => String(row.id) === key.value;
  if (key.scheme === 'sku') return (row) => row.default_code === key.value;
  const spellings = new Set(gtinSpellings(key.value));
  return (row) => row.barcode !== false && spellings.has(row.barcode);
}

/** A GTIN is the same number with or without leading zeros; shops store it with 8, 12, 13 or 14 digits. */
function gtinSpellings(value: string): string[] {
  const digits = value.replace(/^0+/, '');
  const padded = [8, 12, 13, 14]
    .filter((length) => length >= digits.length)
    .map((length) => digits.padStart(length, '0'));
  return [...new Set([value, ...padded])];
}
