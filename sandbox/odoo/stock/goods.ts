import type { Environment } from '../environment';
import { num, str } from '../model';
import { roundHalfUp } from '../python';

/** Quantities are kept with this many decimals (decimal.precision "Product Unit"). */
const DIGITS = 2;

/** Rounds a quantity as Odoo keeps it. */
export const rounded = (quantity: number): number => roundHalfUp(quantity, DIGITS);

/** What the stock engine needs to know about a product. */
export interface Goods {
  readonly id: number;
  /** Whether its quantity on hand is kept. */
  readonly storable: boolean;
  readonly tracking: 'none' | 'lot' | 'serial';
  readonly unit: number;
  /** In kilograms per unit. */
  readonly weight: number;
}

export function goodsOf(env: Environment, product: number): Goods {
  const row = env.db.get(
    `SELECT t.type, t.is_storable, t.tracking, t.uom_id, p.weight FROM product_product p
     JOIN product_template t ON t.id = p.product_tmpl_id WHERE p.id = ?`,
    product,
  );
  const tracking = str(row?.tracking);
  return {
    id: product,
    storable: Boolean(row?.is_storable),
    tracking: tracking === 'lot' || tracking === 'serial' ? tracking : 'none',
    unit: num(row?.uom_id),
    weight: num(row?.weight),
  };
}

/** A product's name as messages have it. */
export const productName = (env: Environment, product: number): string =>
  String(env.displayNames('product.product', [product]).get(product) ?? '');

/** Converts a quantity from one unit to another. */
export function converted(env: Environment, quantity: number, from: number, to: number): number {
  if (from === to || from === 0 || to === 0) return quantity;
  const factor = (unit: number) => num(env.row('uom.uom', unit).factor);
  return rounded((quantity * factor(from)) / factor(to));
}
