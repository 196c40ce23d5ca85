/** What a shop's order is about, before it is written in a shop's own shape: baskets in whole cents. */
import type { Rng } from './rng';

export interface CatalogueItem {
  readonly sku: string;
  readonly name: string;
  /** Unit price, with two fraction digits at most; with tax in shops that show prices with tax. */
  readonly price: string | number;
  /** Tax in whole percent, for example '19'. Drawn when left out. */
  readonly taxRate?: string;
}

export interface OrderSeed {
  readonly catalogue: readonly CatalogueItem[];
  /** The order's number; decides its id and time too. */
  readonly number: number;
  /** The shop's name within its domain, for example `acme`. */
  readonly shop: string;
  /** ISO 4217, of a currency with two fraction digits. Default EUR. */
  readonly currency?: string;
  /**
   * Percent discounts, whose taxes are rounded once for price and discount together. Without it (the default),
   * discounts are amounts whose tax is whole cents, so that a system which taxes price and discount apart (Odoo does)
   * comes to the same total.
   */
  readonly uneven?: boolean;
}

export interface BasketLine {
  readonly item: CatalogueItem;
  readonly quantity: number;
  readonly unitCents: number;
  /** Whole percent. */
  readonly rate: number;
  readonly discountCents: number;
}

export interface Basket {
  /** Whether amounts contain tax. */
  readonly taxIncluded: boolean;
  readonly lines: readonly BasketLine[];
  readonly shippingCents: number;
  readonly shippingRate: number;
  readonly discountCode: string | undefined;
}

/** Draws a basket of one to five different products. */
export function drawBasket(rng: Rng, seed: OrderSeed): Basket {
  const taxIncluded = rng.chance(0.5);
  const untaxed = rng.chance(0.15);
  const discounted = rng.chance(0.35);
  const percent = rng.pick([5, 10, 15]);
  const lines = drawItems(rng, seed.catalogue).map((item): BasketLine => {
    const unitCents = cents(item.price);
    const drawn = rng.pick([19, 19, 7]);
    const rate = untaxed ? 0 : Number(item.taxRate ?? drawn);
    const quantity = rng.chance(0.8) ? rng.int(1, 4) : rng.int(5, 48);
    const amount = unitCents * quantity;
    const discountCents = !discounted
      ? 0
      : seed.uneven === true
        ? Math.round((amount * percent) / 100)
        : evenDiscount(rng, amount, taxIncluded ? rate : 0);
    return { item, quantity, unitCents, rate, discountCents };
  });
  return {
    taxIncluded,
    lines,
    shippingCents: rng.pick([0, 490, 590, 1290]),
    shippingRate: untaxed ? 0 : 19,
    discountCode: lines.some((line) => line.discountCents > 0) ? `SAVE${percent}` : undefined,
  };
}

/** The tax in (`included`) or on an amount, in cents, rounded half up. */
export function taxOf(amountCents: number, rate: number, included: boolean): number {
  return Math.round((amountCents * rate) / (included ? 100 + rate : 100));
}

/** Whole cents of a price. */
export function cents(price: string | number): number {
  return Math.round(Number(price) * 100);
}

/** Cents as text with two digits: 1234 is "12.34". */
export function amountText(value: number): string {
  return `${value < 0 ? '-' : ''}${Math.floor(Math.abs(value) / 100)}.${String(Math.abs(value) % 100).padStart(2, '0')}`;
}

/** The taxes among some rates, highest first. */
export function ratesOf(rows: readonly { readonly rate: number }[]): number[] {
  return [...new Set(rows.map((row) => row.rate))].filter((rate) => rate > 0).sort((a, b) => b - a);
}

export function add(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The moment an order was placed, by its number: one every few minutes from 2026-11-01 on, within 20 days. */
export function placedAt(rng: Rng, number: number): Date {
  const minutes = (number % 28_800) + rng.int(0, 3);
  return new Date(Date.UTC(2026, 10, 1) + minutes * 60_000 + rng.int(0, 59) * 1000);
}

/** A time one hour before UTC's, as wall clocks in Berlin show in November, without zone. */
export function berlinTime(time: Date): string {
  return new Date(time.getTime() + 3_600_000).toISOString().slice(0, 19);
}

/** At most 30 % of an amount, in steps that carry whole cents of tax: 1.00 net, 1.19 gross at 19 %. */
function evenDiscount(rng: Rng, amountCents: number, includedRate: number): number {
  const step = 100 + includedRate;
  const most = Math.floor((amountCents * 0.3) / step);
  return most === 0 ? 0 : rng.int(0, Math.min(most, 20)) * step;
}

function drawItems(rng: Rng, catalogue: readonly CatalogueItem[]): CatalogueItem[] {
  const left = [...catalogue];
  const count = Math.min(left.length, rng.pick([1, 1, 2, 2, 3, 4, 5]));
  return Array.from({ length: count }, () => left.splice(rng.int(0, left.length - 1), 1)[0] as CatalogueItem);
}

export interface Person {
  readonly id: number;
  readonly first: string;
  readonly last: string;
  readonly company: string;
  readonly email: string;
  readonly phone: string;
  readonly street: string;
  readonly city: string;
  readonly postalCode: string;
  readonly country: 'DE' | 'AT' | 'FR' | 'NL';
  readonly countryName: string;
}

const PLACES = [
  ['Berlin', '10115', 'DE', 'Germany'],
  ['Hamburg', '20095', 'DE', 'Germany'],
  ['München', '80331', 'DE', 'Germany'],
  ['Köln', '50667', 'DE', 'Germany'],
  ['Wien', '1010', 'AT', 'Austria'],
  ['Lyon', '69002', 'FR', 'France'],
  ['Utrecht', '3511 AA', 'NL', 'Netherlands'],
] as const;

/** Draws an invented buyer; mail addresses end in example.com. */
export function drawPerson(rng: Rng): Person {
  const first = rng.pick([
    'Ada',
    'Björn',
    'Chloé',
    'Dirk',
    'Elif',
    'Femke',
    'Greta',
    'Hugo',
    'Ines',
    'Jonas',
  ]);
  const last = rng.pick([
    'Albrecht',
    'Bakker',
    'Çelik',
    'Dubois',
    'Eder',
    'Fischer',
    "O'Neill",
    'Schröder',
    'Vogel',
  ]);
  const [city, postalCode, country, countryName] = rng.pick(PLACES);
  const id = rng.int(1, 400);
  return {
    id,
    first,
    last,
    company: rng.chance(0.3) ? `${last} ${rng.pick(['Handel', 'Logistik', 'Werkstatt'])} GmbH` : '',
    email: `buyer${id}@example.com`,
    phone: rng.chance(0.6) ? `+49 30 55500${String(rng.int(0, 999)).padStart(3, '0')}` : '',
    street: `${rng.pick(['Hauptstraße', 'Lindenweg', 'Am Markt', 'Rue de la Gare'])} ${rng.int(1, 120)}`,
    city,
    postalCode,
    country,
    countryName,
  };
}
