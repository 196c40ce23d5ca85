/** Reading what an order's body says, in the shop's own terms: what is expected in Odoo, told without the mapper. */
import Big from 'big.js';
import type { Shop } from './senders';

/** A JSON object. */
export type Body = Record<string, unknown>;

export function isRecord(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface ExpectedOrder {
  readonly currency: string;
  readonly total: string;
  /** The ordered items; charges and discounts show in the total. */
  readonly lines: readonly { readonly sku: string; readonly quantity: string; readonly price: string }[];
}

/** What a good order must come to in Odoo. */
export function expectedOf(shop: Shop, body: Body): ExpectedOrder {
  const lines = Array.isArray(body['line_items']) ? body['line_items'].filter(isRecord) : [];
  const read = shop === 'shopify' ? shopifyLine : wooLine(body['prices_include_tax'] === true);
  return {
    currency: String(body['currency']),
    total: String(shop === 'shopify' ? (body['current_total_price'] ?? body['total_price']) : body['total']),
    lines: lines.map(read).filter((line) => !new Big(line.quantity).eq(0)),
  };
}

function shopifyLine(line: Body): ExpectedOrder['lines'][number] {
  const quantity = line['current_quantity'] ?? line['quantity'];
  return { sku: String(line['sku']), quantity: String(quantity), price: String(line['price']) };
}

/** WooCommerce keeps a line's amounts, not its price: `subtotal` is before coupons, without tax. */
function wooLine(pricesIncludeTax: boolean): (line: Body) => ExpectedOrder['lines'][number] {
  return (line) => {
    const quantity = String(line['quantity']);
    const net = new Big(String(line['subtotal']));
    const amount = pricesIncludeTax ? net.plus(String(line['subtotal_tax'] ?? '0')) : net;
    const price = new Big(quantity).eq(0) ? '0' : amount.div(quantity).round(2).toFixed();
    return { sku: String(line['sku']), quantity, price };
  };
}
