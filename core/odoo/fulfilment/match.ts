/** Which of an order's products and lines a content is about. */
import { CrossdockError } from '../../errors/index';
import type { Content } from './contents';
import type { StockOrder, StockProduct } from './types';

/**
 * The product, looked for only among those of the order: by Odoo's id, by internal reference, by barcode.
 *
 * Throws SHIPMENT_ITEM_UNKNOWN or SKU_AMBIGUOUS (business).
 */
export function productOf(order: StockOrder, { item, lineId, orderLineId }: Content): StockProduct {
  const products = [...order.products.values()];
  for (const { scheme, value } of item.identifiers) {
    const found = products.filter((product) => isCalled(product, scheme, value));
    const [only, second] = found;
    if (only !== undefined && second === undefined) return only;
    if (second === undefined) continue;
    const ofLine = order.lines.find(({ id }) => String(id) === orderLineId);
    const wanted = found.find(({ id }) => id === ofLine?.productId);
    if (wanted !== undefined) return wanted;
    throw new CrossdockError(`More than one product of order ${order.name} has the number ${value}.`, {
      code: 'SKU_AMBIGUOUS',
      kind: 'business',
      facts: { sku: value, order: order.name },
    });
  }
  const sku = item.identifiers[0]?.value ?? lineId;
  throw new CrossdockError(`${sku} (line ${lineId}) is not on order ${order.name} in Odoo.`, {
    code: 'SHIPMENT_ITEM_UNKNOWN',
    kind: 'business',
    facts: { sku, order: order.name },
  });
}

function isCalled(product: StockProduct, scheme: string, value: string): boolean {
  if (scheme === 'odoo:product.product') return String(product.id) === value;
  if (scheme === 'sku') return product.sku === value;
  // A GTIN is the same number with or without leading zeros.
  return scheme === 'gtin' && bare(product.barcode) === bare(value) && bare(value) !== '';
}

function bare(gtin: string | undefined): string {
  return (gtin ?? '').replace(/^0+/, '');
}
