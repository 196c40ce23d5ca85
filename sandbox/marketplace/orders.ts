/** Orders of a marketplace in the shape of Mirakl's OR11, as far as a seller's integration reads it. */
import { add, type CatalogueItem, drawPerson } from '../storefront/basket';
import type { Rng } from '../storefront/rng';

export type MiraklOrder = ReturnType<typeof makeMiraklOrder>;

export interface MiraklSeed {
  /** `order_id`, which is the order's number everywhere. */
  readonly id: string;
  readonly createdAt: Date;
  readonly catalogue: readonly CatalogueItem[];
  readonly currency: string;
}

/** An order of one to three lines without tax and freight, so that any Odoo comes to the same total. */
export function makeMiraklOrder(rng: Rng, { id, createdAt, catalogue, currency }: MiraklSeed) {
  const person = drawPerson(rng);
  const created = createdAt.toISOString();
  const left = [...catalogue];
  const count = Math.min(left.length, rng.int(1, 3));
  const lines = Array.from({ length: count }, (_, index) => {
    const [item] = left.splice(rng.int(0, left.length - 1), 1) as [CatalogueItem];
    const quantity = rng.int(1, 5);
    const price = Math.round(Number(item.price) * 100) * quantity;
    return {
      order_line_id: `${id}-${index + 1}`,
      order_line_index: index + 1,
      order_line_state: 'SHIPPING',
      offer_sku: item.sku,
      product_title: item.name,
      quantity,
      price_unit: Number(item.price),
      price: price / 100,
      shipping_price: 0,
      total_price: price / 100,
      taxes: [],
      shipping_taxes: [],
      fees: [],
      refunds: [],
    };
  });
  const total = add(lines.map(({ total_price: price }) => Math.round(price * 100))) / 100;
  const address = {
    firstname: person.first,
    lastname: person.last,
    company: person.company === '' ? null : person.company,
    street_1: person.street,
    street_2: '',
    zip_code: person.postalCode,
    city: person.city,
    country: person.countryName,
    country_iso_code: null,
    phone: person.phone,
  };
  return {
    order_id: id,
    commercial_id: id.replace(/-[A-Z]$/, ''),
    created_date: created,
    last_updated_date: created,
    currency_iso_code: currency,
    order_state: 'SHIPPING',
    order_tax_mode: 'TAX_INCLUDED',
    price: total,
    shipping_price: 0,
    total_price: total,
    payment_type: 'CARD',
    payment_workflow: 'PAY_ON_ACCEPTANCE',
    customer_debited_date: created,
    customer_notification_email: person.email,
    customer: {
      customer_id: `C-${person.id}`,
      firstname: person.first,
      lastname: person.last,
      billing_address: address,
      shipping_address: address,
    },
    order_lines: lines,
  };
}

/** Orders of one day, oldest first: the same ones whenever they are asked for. */
export function ordersOfDay(
  rng: Rng,
  day: { readonly from: Date; readonly to: Date; readonly count: number },
  seed: Omit<MiraklSeed, 'id' | 'createdAt'>,
): MiraklOrder[] {
  const step = (day.to.getTime() - day.from.getTime()) / day.count;
  const first = day.from.toISOString().slice(2, 10).replaceAll('-', '');
  return Array.from({ length: day.count }, (_, index) =>
    makeMiraklOrder(rng, {
      ...seed,
      id: `MKP-${first}${String(index + 1).padStart(3, '0')}-A`,
      createdAt: new Date(day.from.getTime() + Math.floor(step * (index + rng.int(1, 9) / 10))),
    }),
  );
}
