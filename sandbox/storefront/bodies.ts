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
  const lines = records(body, 'line_items');
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

/**
 * By how much an order's total changes when tax is rounded once per rate instead of once per line. Shops round lines;
 * Odoo 19 rounds the whole order unless its company is set otherwise. Prices with tax included come to the same.
 */
export function roundingGap(shop: Shop, body: Body): Big {
  if (body['taxes_included'] === true || body['prices_include_tax'] === true) return new Big(0);
  const exact = new Map<string, Big>();
  let asSent = new Big(0);
  for (const { rate, base, tax } of shop === 'shopify' ? shopifyTaxes(body) : wooTaxes(body)) {
    exact.set(rate, (exact.get(rate) ?? new Big(0)).plus(base.times(rate)));
    asSent = asSent.plus(tax);
  }
  const once = [...exact.values()].reduce((sum, tax) => sum.plus(tax.round(2)), new Big(0));
  return once.minus(asSent).abs();
}

interface TaxedAmount {
  /** As a fraction, for example `0.19`. */
  readonly rate: string;
  readonly base: Big;
  readonly tax: Big;
}

function shopifyTaxes(body: Body): TaxedAmount[] {
  return [...records(body, 'line_items'), ...records(body, 'shipping_lines')].flatMap((line) => {
    const discounts = records(line, 'discount_allocations').map((discount) => big(discount['amount']));
    const gross = big(line['price']).times(big(line['quantity'] ?? 1));
    const base = discounts.reduce((amount, discount) => amount.minus(discount), gross);
    return records(line, 'tax_lines').map((tax) => ({
      rate: String(tax['rate']),
      base,
      tax: big(tax['price']),
    }));
  });
}

function wooTaxes(body: Body): TaxedAmount[] {
  const rates = new Map(
    records(body, 'tax_lines').map((line) => [line['rate_id'], big(line['rate_percent']).div(100).toFixed()]),
  );
  const lines = ['line_items', 'shipping_lines', 'fee_lines'].flatMap((field) => records(body, field));
  return lines.flatMap((line) =>
    records(line, 'taxes').map((tax) => ({
      rate: rates.get(tax['id']) ?? '0',
      base: big(line['total']),
      tax: big(tax['total']),
    })),
  );
}

function records(holder: Body, field: string): Body[] {
  const value = holder[field];
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function big(value: unknown): Big {
  return new Big(String(value ?? '0'));
}
