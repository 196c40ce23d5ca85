/** Shopify orders in the REST shape that its webhooks keep. */
import {
  add,
  amountText,
  type BasketLine,
  berlinTime,
  drawBasket,
  drawPerson,
  type OrderSeed,
  type Person,
  placedAt,
  ratesOf,
  taxOf,
} from './basket';
import type { Rng } from './rng';

export type ShopifyOrder = ReturnType<typeof makeShopifyOrder>;

/** Draws a valid order; the same generator state and seed give the same order. */
export function makeShopifyOrder(rng: Rng, seed: OrderSeed) {
  const currency = seed.currency ?? 'EUR';
  const basket = drawBasket(rng, seed);
  const person = drawPerson(rng);
  const guest = rng.chance(0.1);
  const time = `${berlinTime(placedAt(rng, seed.number))}+01:00`;
  const id = 5_000_000_000_000 + seed.number;
  const { taxIncluded } = basket;

  const set = (value: number) => {
    const money = { amount: amountText(value), currency_code: currency };
    return { shop_money: money, presentment_money: { ...money } };
  };
  const taxLines = (amount: number, rate: number) =>
    rate === 0
      ? []
      : [
          {
            channel_liable: false,
            price: amountText(taxOf(amount, rate, taxIncluded)),
            price_set: set(taxOf(amount, rate, taxIncluded)),
            rate: rate / 100,
            title: `VAT ${rate}%`,
          },
        ];
  const afterDiscount = (line: BasketLine): number => line.unitCents * line.quantity - line.discountCents;

  const before = add(basket.lines.map((line) => line.unitCents * line.quantity));
  const discounts = add(basket.lines.map((line) => line.discountCents));
  const subtotal = before - discounts;
  const tax =
    add(basket.lines.map((line) => taxOf(afterDiscount(line), line.rate, taxIncluded))) +
    taxOf(basket.shippingCents, basket.shippingRate, taxIncluded);
  const total = subtotal + basket.shippingCents + (taxIncluded ? 0 : tax);
  const paid = rng.chance(0.7);
  const address = shopifyAddress(person);

  return {
    id,
    admin_graphql_api_id: `gid://shopify/Order/${id}`,
    app_id: 580111,
    browser_ip: null,
    buyer_accepts_marketing: false,
    cancel_reason: null,
    cancelled_at: null,
    confirmed: true,
    contact_email: person.email,
    created_at: time,
    currency,
    current_subtotal_price: amountText(subtotal),
    current_subtotal_price_set: set(subtotal),
    current_total_additional_fees_set: null,
    current_total_discounts: amountText(discounts),
    current_total_discounts_set: set(discounts),
    current_total_duties_set: null,
    current_total_price: amountText(total),
    current_total_price_set: set(total),
    current_total_tax: amountText(tax),
    current_total_tax_set: set(tax),
    customer_locale: 'de',
    discount_codes:
      basket.discountCode === undefined
        ? []
        : [{ code: basket.discountCode, amount: amountText(discounts), type: 'fixed_amount' }],
    email: person.email,
    estimated_taxes: false,
    financial_status: paid ? 'paid' : rng.pick(['pending', 'authorized']),
    fulfillment_status: null,
    landing_site: null,
    name: `#${seed.number}`,
    note: rng.chance(0.15) ? 'Bitte beim Nachbarn abgeben' : null,
    note_attributes: rng.chance(0.1) ? [{ name: 'gift_message', value: 'Alles Gute!' }] : [],
    number: seed.number,
    order_number: seed.number,
    order_status_url: `https://${seed.shop}.example/orders/${seed.number}`,
    payment_gateway_names: [rng.pick(['shopify_payments', 'paypal', 'manual'])],
    phone: null,
    presentment_currency: currency,
    processed_at: time,
    source_name: 'web',
    subtotal_price: amountText(subtotal),
    subtotal_price_set: set(subtotal),
    tags: '',
    tax_exempt: false,
    tax_lines: orderTaxLines(
      basket.lines
        .map((line) => ({ rate: line.rate, tax: taxOf(afterDiscount(line), line.rate, taxIncluded) }))
        .concat({
          rate: basket.shippingRate,
          tax: taxOf(basket.shippingCents, basket.shippingRate, taxIncluded),
        }),
      set,
    ),
    taxes_included: taxIncluded,
    test: false,
    total_discounts: amountText(discounts),
    total_discounts_set: set(discounts),
    total_line_items_price: amountText(before),
    total_line_items_price_set: set(before),
    total_outstanding: paid ? '0.00' : amountText(total),
    total_price: amountText(total),
    total_price_set: set(total),
    total_shipping_price_set: set(basket.shippingCents),
    total_tax: amountText(tax),
    total_tax_set: set(tax),
    total_tip_received: '0.00',
    total_weight: 0,
    updated_at: time,
    user_id: null,
    billing_address: address,
    customer: guest
      ? null
      : {
          id: 7_000_000_000_000 + person.id,
          email: person.email,
          created_at: time,
          updated_at: time,
          first_name: person.first,
          last_name: person.last,
          state: 'disabled',
          note: null,
          verified_email: true,
          tax_exempt: false,
          phone: null,
          currency,
          tags: '',
          default_address: { ...address, id: 8_000_000_000_000 + person.id, default: true },
        },
    discount_applications:
      basket.discountCode === undefined
        ? []
        : [
            {
              target_type: 'line_item',
              type: 'discount_code',
              value: amountText(discounts),
              value_type: 'fixed_amount',
              allocation_method: 'across',
              target_selection: 'all',
              code: basket.discountCode,
            },
          ],
    fulfillments: [],
    line_items: basket.lines.map((line, index) => ({
      id: id * 10 + index,
      admin_graphql_api_id: `gid://shopify/LineItem/${id * 10 + index}`,
      current_quantity: line.quantity,
      fulfillable_quantity: line.quantity,
      fulfillment_service: 'manual',
      fulfillment_status: null,
      gift_card: false,
      grams: 0,
      name: line.item.name,
      price: amountText(line.unitCents),
      price_set: set(line.unitCents),
      product_exists: true,
      product_id: 9_000_000_000_000 + productNumber(line.item.sku),
      properties: [],
      quantity: line.quantity,
      requires_shipping: true,
      sku: line.item.sku,
      taxable: line.rate > 0,
      title: line.item.name,
      total_discount: '0.00',
      total_discount_set: set(0),
      variant_id: 4_000_000_000_000 + productNumber(line.item.sku),
      variant_inventory_management: 'shopify',
      variant_title: null,
      vendor: null,
      tax_lines: taxLines(afterDiscount(line), line.rate),
      duties: [],
      discount_allocations:
        line.discountCents === 0
          ? []
          : [
              {
                amount: amountText(line.discountCents),
                amount_set: set(line.discountCents),
                discount_application_index: 0,
              },
            ],
    })),
    payment_terms: null,
    refunds: [],
    shipping_address: rng.chance(0.9) ? { ...address } : null,
    shipping_lines: [
      {
        id: id * 10 + 9,
        carrier_identifier: null,
        code: basket.shippingCents === 0 ? 'Free' : 'Standard',
        current_discounted_price_set: set(basket.shippingCents),
        discounted_price: amountText(basket.shippingCents),
        discounted_price_set: set(basket.shippingCents),
        is_removed: false,
        phone: null,
        price: amountText(basket.shippingCents),
        price_set: set(basket.shippingCents),
        source: 'shopify',
        title: basket.shippingCents === 0 ? 'Free shipping' : 'Standard',
        tax_lines: taxLines(basket.shippingCents, basket.shippingRate),
        discount_allocations: [],
      },
    ],
  };
}

/** The order's taxes, one row for each rate. */
function orderTaxLines<T>(rows: readonly { rate: number; tax: number }[], set: (value: number) => T) {
  return ratesOf(rows).map((rate) => {
    const tax = add(rows.filter((row) => row.rate === rate).map((row) => row.tax));
    return {
      channel_liable: false,
      price: amountText(tax),
      price_set: set(tax),
      rate: rate / 100,
      title: `VAT ${rate}%`,
    };
  });
}

function shopifyAddress(person: Person) {
  return {
    first_name: person.first,
    last_name: person.last,
    name: `${person.first} ${person.last}`,
    company: person.company === '' ? null : person.company,
    address1: person.street,
    address2: null,
    city: person.city,
    zip: person.postalCode,
    province: null,
    province_code: null,
    country: person.countryName,
    country_code: person.country,
    phone: person.phone === '' ? null : person.phone,
    latitude: null,
    longitude: null,
  };
}

/** A number that stays the same for a SKU, where shops have ids of products. */
function productNumber(sku: string): number {
  let number = 0;
  for (let index = 0; index < sku.length; index += 1)
    number = (number * 31 + sku.charCodeAt(index)) % 999_983;
  return number;
}
