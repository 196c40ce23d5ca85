/** What a message asks for: products, adjustments, an order. */
import type { InventoryAdjustment } from '../../core/canonical';
import { checkCanonical } from '../../core/canonical';
import { contracts, problemsToSentence } from '../../core/contract';
import { CrossdockError, type Problem } from '../../core/errors';

export interface WantedItems {
  readonly skus: readonly string[];
  readonly productIds: readonly number[];
}

/**
 * The products that a value names: SKUs (texts), Odoo's product ids (numbers), rows and changes of Odoo, canonical objects
 * with an item or lines; one or a list.
 *
 * @throws CrossdockError STOCK_ITEMS_INVALID (permanent) for what names no product
 */
export function itemsIn(value: unknown): WantedItems {
  const skus = new Set<string>();
  const productIds = new Set<number>();
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  for (const [index, entry] of list.entries()) {
    const found = namesIn(entry);
    if (found.length === 0) throw invalidItem(Array.isArray(value) ? `/${index}` : '');
    for (const name of found) {
      if (typeof name === 'string') skus.add(name);
      else productIds.add(name);
    }
  }
  return { skus: [...skus], productIds: [...productIds] };
}

function namesIn(entry: unknown): (string | number)[] {
  if (typeof entry === 'string') return entry.trim() === '' ? [] : [entry.trim()];
  if (typeof entry === 'number') return isId(entry) ? [entry] : [];
  if (typeof entry !== 'object' || entry === null) return [];
  const {
    lines,
    products,
    item,
    sku,
    productId,
    product_id: linked,
    model,
    id,
  } = entry as Record<string, unknown>;
  // What the odoo changes node says of stock: the products whose quantities have changed.
  if (Array.isArray(products)) return products.flatMap((one: { id?: unknown } | null) => namesIn(one?.id));
  if (Array.isArray(lines)) return lines.flatMap((line) => namesIn(line));
  if (item !== undefined) return identified(item);
  if (typeof sku === 'string') return namesIn(sku);
  if (productId !== undefined) return namesIn(Number(productId));
  if (linked !== undefined) return namesIn(Array.isArray(linked) ? linked[0] : linked);
  return model === 'product.product' ? namesIn(id) : [];
}

/** Odoo's own id where the item has it, else its SKU. */
function identified(item: unknown): (string | number)[] {
  const { identifiers } = (item ?? {}) as { identifiers?: unknown };
  if (!Array.isArray(identifiers)) return [];
  const named = (scheme: string): unknown =>
    (identifiers as { scheme?: unknown; value?: unknown }[]).find((one) => one?.scheme === scheme)?.value;
  const id = Number(named('odoo:product.product'));
  return isId(id) ? [id] : namesIn(named('sku'));
}

function isId(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function invalidItem(path: string): CrossdockError {
  return new CrossdockError(
    'The message names no product: SKUs, product ids, or objects with an item or lines are needed.',
    { code: 'STOCK_ITEMS_INVALID', kind: 'permanent', problems: [{ path, message: 'names no product' }] },
  );
}

/** The adjustments of a message, one or a list. @throws CrossdockError CANONICAL_CONTRACT (permanent) */
export function adjustmentsIn(value: unknown): readonly InventoryAdjustment[] {
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  const problems = list.flatMap((entry, index) => {
    const prefix = Array.isArray(value) ? `/${index}` : '';
    return problemsOf(entry).map((problem) => ({ ...problem, path: prefix + problem.path }));
  });
  if (problems.length === 0 && list.length > 0) return list as InventoryAdjustment[];
  const sentence = list.length === 0 ? 'the list is empty' : problemsToSentence(problems);
  throw new CrossdockError(`This is not a canonical inventory adjustment 1.0: ${sentence}`, {
    code: 'CANONICAL_CONTRACT',
    kind: 'permanent',
    problems: problems.slice(0, 20),
  });
}

/** First the contract, then what no schema says: whether the quantities agree. */
function problemsOf(entry: unknown): Problem[] {
  const broken = contracts().validate('inventory-adjustment', '1.0', entry);
  if (broken.length > 0) return broken;
  return checkCanonical('inventory-adjustment', entry as InventoryAdjustment).map(({ path, message }) => ({
    path,
    message,
  }));
}

/**
 * The order that is meant: a canonical order, its key (`shop:account:1001`), Odoo's number (`S00012`) or id, or what the odoo
 * order node has given.
 * @throws CrossdockError ORDER_UNNAMED (permanent)
 */
export function orderIn(value: unknown): string | number {
  if (typeof value === 'number' && isId(value)) return value;
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  if (typeof value === 'object' && value !== null) {
    const { odooId, orderId, id, name } = value as Record<string, unknown>;
    for (const named of [odooId, orderId, id, name]) {
      if (typeof named === 'string' && named.trim() !== '') return named.trim();
      if (typeof named === 'number' && isId(named)) return named;
    }
  }
  throw new CrossdockError(
    "The message names no order: the order, its key, or Odoo's number or id of it is needed.",
    { code: 'ORDER_UNNAMED', kind: 'permanent' },
  );
}
