/** From Odoo's figures to a canonical inventory level. */
import { type DecimalValue, decimal, toPlain } from '../../canonical/decimal';
import type { InventoryLevel, InventoryLocation } from '../../canonical/generated';
import { idOf } from '../client/rows';
import type { Product } from './products';
import type { Figures } from './types';
import type { StockUnits } from './units';

/** Longest texts of the contract. */
const MAX_IDENTIFIER = 200;
const MAX_DESCRIPTION = 500;
const MAX_LOT = 100;

export interface LevelContext {
  readonly units: StockUnits;
  /** The system of record, for example `odoo:main`. */
  readonly authority: string;
  /** When Odoo was asked. */
  readonly asOf: Date;
  /** Held back from what may be sold. */
  readonly buffer: DecimalValue;
}

export interface Lot {
  readonly name: string;
  /** When it may no longer be used, as Odoo's date-time (UTC); undefined without that app or date. */
  readonly expires: string | undefined;
}

const ZERO = decimal('0');

/**
 * The level of a product in a warehouse or below a location. Available is what is free, and no more than what is left
 * when all that is promised has gone; negative when more is promised than there is.
 */
export function siteLevel(
  context: LevelContext,
  product: Product,
  location: InventoryLocation,
  figures: Figures,
): InventoryLevel {
  const quantity = (value: number) => context.units.toCode(value, idOf(product.uom_id));
  const [onHand, outgoing] = [quantity(figures.onHand), quantity(figures.outgoing)];
  const [reserved, incoming] = [positive(quantity(figures.reserved)), positive(quantity(figures.incoming))];
  const available = least(onHand.minus(reserved), onHand.minus(outgoing));
  return {
    ...head(context, product, location),
    onHand: toPlain(onHand),
    reserved: toPlain(reserved),
    available: toPlain(available),
    demand: toPlain(positive(outgoing.minus(reserved))),
    incoming: toPlain(incoming),
    forecast: toPlain(onHand.plus(incoming).minus(outgoing)),
    buffer: toPlain(context.buffer),
    published: toPlain(positive(available.minus(context.buffer))),
  };
}

/** The level of a product at one location or of one lot: what is ordered and not reserved belongs to neither. */
export function partLevel(
  context: LevelContext,
  product: Product,
  location: InventoryLocation,
  figures: Pick<Figures, 'onHand' | 'reserved'>,
  lot?: Lot,
): InventoryLevel {
  const quantity = (value: number) => context.units.toCode(value, idOf(product.uom_id));
  const [onHand, reserved] = [quantity(figures.onHand), positive(quantity(figures.reserved))];
  const free = onHand.minus(reserved);
  const level = {
    ...head(context, product, location),
    onHand: toPlain(onHand),
    reserved: toPlain(reserved),
    available: toPlain(free),
  };
  if (lot === undefined) return level;
  const named = { ...level, lot: lot.name.slice(0, MAX_LOT) };
  if (lot.expires === undefined) return named;
  const expired = lot.expires <= odooTime(context.asOf);
  const dated = { ...named, expiry: lot.expires.slice(0, 10) };
  if (!expired) return dated;
  // Nothing of an expired lot is for sale, whoever has reserved it.
  const unavailable = positive(free);
  return {
    ...dated,
    condition: 'expired',
    unavailable: toPlain(unavailable),
    available: toPlain(least(free, ZERO)),
  };
}

function head(context: LevelContext, product: Product, location: InventoryLocation) {
  const identifiers = [
    ...(product.default_code
      ? [{ scheme: 'sku', value: product.default_code.slice(0, MAX_IDENTIFIER) }]
      : []),
    ...(product.barcode ? [{ scheme: 'gtin', value: product.barcode.slice(0, MAX_IDENTIFIER) }] : []),
    { scheme: 'odoo:product.product', value: String(product.id) },
  ];
  const description = product.name.slice(0, MAX_DESCRIPTION);
  return {
    schemaVersion: '1.0' as const,
    item: { identifiers, ...(description === '' ? {} : { description }) },
    location,
    asOf: context.asOf.toISOString(),
    // A reading has no count of its own; its time grows as a sequence must.
    sequence: context.asOf.getTime(),
    unit: context.units.codeOf(idOf(product.uom_id)),
    authority: context.authority,
  };
}

/** As Odoo writes times, so that texts compare. */
function odooTime(time: Date): string {
  return time.toISOString().slice(0, 19).replace('T', ' ');
}

function least(a: DecimalValue, b: DecimalValue): DecimalValue {
  return a.lt(b) ? a : b;
}

function positive(value: DecimalValue): DecimalValue {
  return value.lt(0) ? ZERO : value;
}
