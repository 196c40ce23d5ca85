/** WooCommerce orders in the shape of REST API v3, which its webhooks keep: all amounts without tax. */
import {
  add,
  amountText,
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

export type WooOrder = ReturnType<typeof makeWooOrder>;

/** WooCommerce's id of a tax rate: a row of the shop's tax table. */
const rateId = (rate: number): number => 100 + rate;

interface Amount {
  readonly net: number;
  readonly tax: number;
}

/** Draws a valid order; the same generator state and seed give the same order. */
export function makeWooOrder(rng: Rng, seed: OrderSeed) {
  const basket = drawBasket(rng, seed);
  const person = drawPerson(rng);
  const time = placedAt(rng, seed.number);
  const local = berlinTime(time);
  const gmt = time.toISOString().slice(0, 19);
  const split = (amount: number, rate: number): Amount => {
    const tax = taxOf(amount, rate, basket.taxIncluded);
    return { net: basket.taxIncluded ? amount - tax : amount, tax };
  };
  const taxes = (rate: number, total: Amount, subtotal?: Amount) =>
    rate === 0
      ? []
      : [
          {
            id: rateId(rate),
            total: amountText(total.tax),
            ...(subtotal === undefined ? {} : { subtotal: amountText(subtotal.tax) }),
          },
        ];

  const lines = basket.lines.map((line, index) => {
    const amount = line.unitCents * line.quantity;
    return {
      line,
      index,
      subtotal: split(amount, line.rate),
      total: split(amount - line.discountCents, line.rate),
    };
  });
  const shipping = split(basket.shippingCents, basket.shippingRate);
  // Whole units net: their tax is whole cents.
  const drawnFee = rng.chance(0.2) ? rng.pick([200, 300, -100]) : 0;
  // A bonus never makes an order of less than nothing.
  const feeNet = add(lines.map(({ total }) => total.net)) + drawnFee < 0 ? 0 : drawnFee;
  const fee: Amount = {
    net: feeNet,
    tax: Math.sign(feeNet) * taxOf(Math.abs(feeNet), basket.shippingRate, false),
  };
  const rows = [
    ...lines.map(({ line, total }) => ({ rate: line.rate, cart: total.tax, shipping: 0 })),
    { rate: basket.shippingRate, cart: fee.tax, shipping: shipping.tax },
  ];
  const cartTax = add(rows.map((row) => row.cart));
  const discountNet = add(lines.map(({ subtotal, total }) => subtotal.net - total.net));
  const discountTax = add(lines.map(({ subtotal, total }) => subtotal.tax - total.tax));
  const total = add(lines.map((row) => row.total.net)) + shipping.net + fee.net + cartTax + shipping.tax;
  const paid = rng.chance(0.7);

  return {
    id: seed.number,
    parent_id: 0,
    status: paid ? 'processing' : rng.pick(['pending', 'on-hold']),
    currency: seed.currency ?? 'EUR',
    version: '10.3.4',
    prices_include_tax: basket.taxIncluded,
    date_created: local,
    date_modified: local,
    discount_total: amountText(discountNet),
    discount_tax: amountText(discountTax),
    shipping_total: amountText(shipping.net),
    shipping_tax: amountText(shipping.tax),
    cart_tax: amountText(cartTax),
    total: amountText(total),
    total_tax: amountText(cartTax + shipping.tax),
    customer_id: rng.chance(0.3) ? 0 : person.id,
    order_key: `wc_order_${seed.shop}${seed.number}`,
    billing: { ...wooAddress(person), email: person.email, phone: person.phone },
    // As WooCommerce sends it when it is the billing address: every field there, and empty.
    shipping: rng.chance(0.5) ? { ...wooAddress(person), phone: '' } : EMPTY_ADDRESS,
    payment_method: 'bacs',
    payment_method_title: 'Direct bank transfer',
    transaction_id: '',
    customer_ip_address: '',
    customer_user_agent: '',
    created_via: 'checkout',
    customer_note: rng.chance(0.15) ? 'Bitte klingeln' : '',
    date_completed: null,
    date_paid: paid ? local : null,
    cart_hash: '',
    number: String(seed.number),
    meta_data: [{ id: 1, key: 'is_vat_exempt', value: 'no' }],
    line_items: lines.map(({ line, index, subtotal, total: after }) => ({
      id: seed.number * 10 + index,
      name: line.item.name,
      product_id: 100 + index,
      variation_id: 0,
      quantity: line.quantity,
      tax_class: line.rate === 7 ? 'reduced-rate' : '',
      subtotal: amountText(subtotal.net),
      subtotal_tax: amountText(subtotal.tax),
      total: amountText(after.net),
      total_tax: amountText(after.tax),
      taxes: taxes(line.rate, after, subtotal),
      meta_data: [],
      sku: line.item.sku,
      price: after.net / 100 / line.quantity,
      image: { id: '', src: '' },
      parent_name: null,
    })),
    tax_lines: ratesOf(rows).map((rate, index) => ({
      id: seed.number * 10 + 7 + index,
      rate_code: `DE-VAT ${rate}%-1`,
      rate_id: rateId(rate),
      label: `VAT ${rate}%`,
      compound: false,
      tax_total: amountText(add(rows.filter((row) => row.rate === rate).map((row) => row.cart))),
      shipping_tax_total: amountText(add(rows.filter((row) => row.rate === rate).map((row) => row.shipping))),
      rate_percent: rate,
      meta_data: [],
    })),
    shipping_lines: [
      {
        id: seed.number * 10 + 6,
        method_title: basket.shippingCents === 0 ? 'Free shipping' : 'Flat rate',
        method_id: basket.shippingCents === 0 ? 'free_shipping' : 'flat_rate',
        instance_id: '1',
        total: amountText(shipping.net),
        total_tax: amountText(shipping.tax),
        taxes: taxes(basket.shippingRate, shipping),
        tax_status: 'taxable',
        meta_data: [],
      },
    ],
    fee_lines:
      feeNet === 0
        ? []
        : [
            {
              id: seed.number * 10 + 9,
              name: feeNet > 0 ? 'Small order fee' : 'Loyalty bonus',
              tax_class: '',
              tax_status: 'taxable',
              amount: String(feeNet / 100),
              total: amountText(fee.net),
              total_tax: amountText(fee.tax),
              taxes: taxes(basket.shippingRate, fee),
              meta_data: [],
            },
          ],
    coupon_lines:
      basket.discountCode === undefined
        ? []
        : [
            {
              id: seed.number * 10 + 5,
              code: basket.discountCode.toLowerCase(),
              discount: amountText(discountNet),
              discount_tax: amountText(discountTax),
              meta_data: [],
            },
          ],
    refunds: [],
    payment_url: `https://${seed.shop}.example/checkout/order-pay/${seed.number}/`,
    is_editable: !paid,
    needs_payment: !paid,
    needs_processing: true,
    date_created_gmt: gmt,
    date_modified_gmt: gmt,
    date_completed_gmt: null,
    date_paid_gmt: paid ? gmt : null,
    currency_symbol: '€',
  };
}

const EMPTY_ADDRESS = {
  first_name: '',
  last_name: '',
  company: '',
  address_1: '',
  address_2: '',
  city: '',
  state: '',
  postcode: '',
  country: '',
  phone: '',
};

function wooAddress(person: Person) {
  return {
    first_name: person.first,
    last_name: person.last,
    company: person.company,
    address_1: person.street,
    address_2: '',
    city: person.city,
    state: '',
    postcode: person.postalCode,
    country: person.country,
  };
}
