/**
 * The mapping `shopify-order` written by hand, as a function and as JSONata, for orders as `largeOrder` makes them.
 * Tips, duties, fees, carts without itemised taxes and removed shipping are left out of both: what they leave out
 * makes them faster, not slower.
 */

import { type DecimalValue, decimal, toFixedDigits, toPlain } from '../../core/canonical';
import { countryCode } from '../../core/mapping/country';

type Json = Record<string, unknown>;
interface Money {
  readonly amount: string;
}
interface TaxLine {
  readonly price: string;
  readonly rate: number;
  readonly price_set: { readonly shop_money: Money };
}
interface Allocation {
  readonly amount: string;
  readonly amount_set: { readonly shop_money: Money };
}
interface Address {
  readonly name: string;
  readonly company: string | null;
  readonly address1: string;
  readonly address2: string | null;
  readonly city: string;
  readonly province_code: string | null;
  readonly zip: string;
  readonly country_code: string;
  readonly phone: string | null;
}
interface Line {
  readonly id: number;
  readonly sku: string;
  readonly variant_id: number;
  readonly name: string;
  readonly quantity: number;
  readonly current_quantity: number;
  readonly price: string;
  readonly price_set: { readonly shop_money: Money };
  readonly discount_allocations: readonly Allocation[];
  readonly tax_lines: readonly TaxLine[];
}
interface Shipping {
  readonly title: string;
  readonly price: string;
  readonly discounted_price_set: { readonly shop_money: Money };
  readonly discount_allocations: readonly Allocation[];
  readonly tax_lines: readonly TaxLine[];
}
export interface ShopifyOrder {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly phone: string | null;
  readonly currency: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly taxes_included: boolean;
  readonly financial_status: string;
  readonly fulfillment_status: string | null;
  readonly payment_gateway_names: readonly string[];
  readonly total_price: string;
  readonly total_tax: string;
  readonly subtotal_price: string;
  readonly current_total_price: string;
  readonly current_total_tax: string;
  readonly current_subtotal_price: string;
  readonly discount_codes: readonly { readonly code: string }[];
  readonly customer: { readonly id: number; readonly first_name: string; readonly last_name: string };
  readonly billing_address: Address;
  readonly shipping_address: Address;
  readonly line_items: readonly Line[];
  readonly shipping_lines: readonly Shipping[];
  readonly note: string;
  readonly note_attributes: readonly { readonly name: string; readonly value: string }[];
  readonly source_name: string;
  readonly tags: string;
}

export interface HandContext {
  readonly channel: string;
  readonly account: string;
  readonly partnerId: string;
  readonly receivedAt: string;
}

const money = (value: string) => ({ shop_money: { amount: value, currency_code: 'EUR' } });

/** An order of 20 lines with prices, discounts and taxes of their own; prices include tax. */
export function largeOrder(): ShopifyOrder {
  const cents = (value: number): string => (value / 100).toFixed(2);
  const tax = (gross: number, percent: number): number => Math.round((gross * percent) / (100 + percent));
  let [total, taxes] = [0, 0];
  const lines = Array.from({ length: 20 }, (_, index): Line => {
    const [quantity, price, percent] = [1 + (index % 4), 995 + index * 137, index % 5 === 0 ? 7 : 19];
    const discount = index % 3 === 0 ? 50 + index : 0;
    const gross = quantity * price - discount;
    total += gross;
    taxes += tax(gross, percent);
    const taxText = cents(tax(gross, percent));
    return {
      id: 15_800_000_000_000 + index,
      sku: `CHAIR-${index}`,
      variant_id: 49_000_000_000_000 + index,
      name: `Garden chair ${index} - oak`,
      quantity,
      current_quantity: quantity,
      price: cents(price),
      price_set: money(cents(price)),
      discount_allocations:
        discount === 0 ? [] : [{ amount: cents(discount), amount_set: money(cents(discount)) }],
      tax_lines: [{ price: taxText, rate: percent / 100, price_set: money(taxText) }],
    };
  });
  const freight = tax(590, 19);
  const address: Address = {
    name: 'Mara Lindqvist',
    company: null,
    address1: 'Hafenstr. 12',
    address2: null,
    city: 'Hamburg',
    province_code: 'HH',
    zip: '20457',
    country_code: 'DE',
    phone: '+49 40 1234567',
  };
  return {
    id: 5_712_000_000_001,
    name: '#10481',
    email: 'Mara@example.com',
    phone: null,
    currency: 'EUR',
    created_at: '2026-11-23T10:02:11+01:00',
    updated_at: '2026-11-23T10:02:13+01:00',
    taxes_included: true,
    financial_status: 'paid',
    fulfillment_status: null,
    payment_gateway_names: ['shopify_payments'],
    total_price: cents(total + 590),
    total_tax: cents(taxes + freight),
    subtotal_price: cents(total),
    current_total_price: cents(total + 590),
    current_total_tax: cents(taxes + freight),
    current_subtotal_price: cents(total),
    discount_codes: [{ code: 'AUTUMN' }],
    customer: { id: 7_100_000_000_001, first_name: 'Mara', last_name: 'Lindqvist' },
    billing_address: address,
    shipping_address: { ...address, address1: 'Speicherstr. 3' },
    line_items: lines,
    shipping_lines: [
      {
        title: 'Standard',
        price: '5.90',
        discounted_price_set: money('5.90'),
        discount_allocations: [],
        tax_lines: [{ price: cents(freight), rate: 0.19, price_set: money(cents(freight)) }],
      },
    ],
    note: 'Bitte beim Nachbarn abgeben',
    note_attributes: [{ name: 'gift_message', value: 'Alles Gute!' }],
    source_name: 'web',
    tags: 'vip',
  };
}

const FULFILMENT: Readonly<Record<string, string>> = { fulfilled: 'shipped', partial: 'partiallyShipped' };
const PAID = new Set(['paid', 'partially_refunded', 'refunded']);

/** What an experienced developer writes for the same result: exact decimals, checked for what may be missing. */
export function mapByHand(order: ShopifyOrder, context: HandContext, version: string): Json {
  const digits = 2;
  const money2 = (value: DecimalValue): string => toFixedDigits(value, digits);
  const utc = (text: string): string => new Date(text).toISOString().replace('.000Z', 'Z');
  const total = decimal(order.current_total_price);
  const tax = decimal(order.current_total_tax);
  const prepaid = PAID.has(order.financial_status) ? total : decimal('0');
  const email = order.email.trim().toLowerCase();
  const buyer = `${order.customer.first_name} ${order.customer.last_name}`.trim();
  const reason = order.discount_codes[0]?.code.trim() ?? 'Discount';
  const taxOf = (line: TaxLine, part: DecimalValue, whole: DecimalValue): Json => {
    const rate = decimal(line.rate).times(100);
    const amount = decimal(line.price_set.shop_money.amount);
    return {
      category: rate.eq(0) ? 'Z' : 'S',
      rate: toPlain(rate),
      amount: money2(part.eq(whole) ? amount : amount.times(part).div(whole)),
    };
  };
  const lines = order.line_items.map((line) => {
    const original = decimal(line.quantity);
    const current = decimal(line.current_quantity);
    let discount = decimal('0');
    for (const { amount_set } of line.discount_allocations)
      discount = discount.plus(decimal(amount_set.shop_money.amount));
    const share = original.gt(0) ? discount.times(current).div(original) : decimal('0');
    return {
      lineId: String(line.id),
      externalLineId: String(line.id),
      item: {
        identifiers: [
          { scheme: 'sku', value: line.sku.trim() },
          { scheme: 'shopify:variant', value: String(line.variant_id) },
        ],
        description: line.name.trim().slice(0, 1000),
      },
      unit: 'C62',
      quantity: { original: toPlain(original), current: toPlain(current) },
      unitPrice: {
        amount: toFixedDigits(decimal(line.price_set.shop_money.amount), 6, digits),
        baseQuantity: '1',
      },
      allowancesCharges: share.gt(0)
        ? [{ isCharge: false, reasonCode: '95', reason, amount: money2(share), taxes: [] }]
        : [],
      taxes: original.gt(0) ? line.tax_lines.map((row) => taxOf(row, current, original)) : [],
    };
  });
  const charges = order.shipping_lines.flatMap((row) => {
    const amount = decimal(row.discounted_price_set.shop_money.amount);
    if (!amount.gt(0)) return [];
    const taxes = row.tax_lines.map((line) => taxOf(line, amount, amount));
    return [
      {
        isCharge: true,
        reasonCode: 'FC',
        reason: row.title.trim().slice(0, 255),
        amount: money2(amount),
        taxes,
      },
    ];
  });
  let charge = decimal('0');
  for (const { amount } of charges) charge = charge.plus(decimal(amount));
  const notes = [order.note.trim(), ...order.note_attributes.map(({ name, value }) => `${name}: ${value}`)];
  return {
    id: `${context.channel}:${context.account}:${order.id}`,
    schemaVersion: '1.0',
    kind: '220',
    channel: context.channel,
    account: context.account,
    externalId: String(order.id),
    externalRevision: utc(order.updated_at),
    orderNumber: order.name.trim(),
    issuedAt: utc(order.created_at),
    currency: order.currency,
    pricesIncludeTax: order.taxes_included,
    parties: {
      buyer: {
        name: buyer,
        identifiers: [
          { scheme: 'shopify:customer', value: String(order.customer.id) },
          { scheme: 'email', value: email },
        ],
        email,
        phone: (order.phone ?? order.billing_address.phone)?.trim(),
        address: addressOf(order.billing_address),
      },
      shipTo: {
        name: (order.shipping_address.company ?? order.shipping_address.name).trim(),
        identifiers: [],
        address: addressOf(order.shipping_address),
      },
      billTo: {
        name: (order.billing_address.company ?? order.billing_address.name).trim(),
        identifiers: [],
        address: addressOf(order.billing_address),
      },
    },
    payment: { status: order.financial_status, method: order.payment_gateway_names[0] },
    shipping: { service: order.shipping_lines[0]?.title.trim().slice(0, 255) },
    lines,
    allowancesCharges: charges,
    totals: {
      lineExtension: money2(decimal(order.current_subtotal_price)),
      allowance: '0.00',
      charge: money2(charge),
      taxExclusive: money2(total.minus(tax)),
      tax: money2(tax),
      taxInclusive: money2(total),
      prepaid: money2(prepaid),
      payable: money2(total.minus(prepaid)),
    },
    notes,
    status: {
      order: 'received',
      fulfilment: FULFILMENT[order.fulfillment_status ?? ''] ?? 'none',
      payment: order.financial_status,
      return: 'none',
    },
    provenance: {
      system: 'shopify',
      partnerId: context.partnerId,
      externalId: String(order.id),
      receivedAt: utc(context.receivedAt),
      mappingVersion: version,
    },
    extensions: { shopify: { sourceName: order.source_name, tags: order.tags } },
  };
}

function addressOf(address: Address): Json {
  return {
    name: address.name.trim(),
    line1: address.address1.trim(),
    ...(address.address2 ? { line2: address.address2.trim() } : {}),
    city: address.city.trim(),
    ...(address.province_code ? { region: address.province_code.trim() } : {}),
    postalCode: address.zip.trim(),
    countryCode: countryCode(address.country_code),
    ...(address.phone ? { phone: address.phone.trim() } : {}),
  };
}
