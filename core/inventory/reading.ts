/** From what the system of record says to what a channel may offer. */
import Big from 'big.js';
import { type ObservedInventoryLevel, skuOf } from '../canonical/inventory-level';
import type { Decimal } from '../canonical/order';
import { CrossdockError, type Problem } from '../errors';

const DECIMAL = /^-?\d{1,18}(\.\d{1,10})?$/;
const UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/;
/** A clock that is further ahead than this would block every later reading. Ms. */
const MAX_AHEAD_MS = 5 * 60_000;

/**
 * Available to sell: max(0, available - buffer), without trailing zeros, so that equal quantities are equal texts.
 * Both are decimal strings in the same unit.
 */
export function availableToSell(available: Decimal, buffer: Decimal): Decimal {
  const quantity = new Big(available).minus(buffer);
  return quantity.gt(0) ? quantity.toFixed() : '0';
}

/** A buffer as configured. Throws CONFIG_INVALID (permanent) unless it is a number from 0. */
export function checkedBuffer(buffer: Decimal): Decimal {
  const text = buffer.trim() === '' ? '0' : buffer.trim();
  if (DECIMAL.test(text) && new Big(text).gte(0)) return new Big(text).toFixed();
  throw new CrossdockError('The buffer must be a number such as 0, 5 or 2.5, and not negative.', {
    code: 'CONFIG_INVALID',
    kind: 'permanent',
    facts: { setting: 'buffer' },
  });
}

/** One reading, ready for the store. */
export interface Reading {
  readonly site: string;
  readonly sku: string;
  /** Ms since the epoch. */
  readonly asOf: number;
  readonly quantity: Decimal;
  /** JSON of the canonical inventory level but for its sequence. */
  readonly body: string;
}

/** Checks what the publisher relies on (the whole contract is core/contract's matter). */
export function readingOf(
  level: ObservedInventoryLevel,
  buffer: Decimal,
  now: number,
): { reading: Reading; problems?: never } | { reading?: never; problems: Problem[] } {
  const problems: Problem[] = [];
  const sku = Array.isArray(level?.item?.identifiers) ? skuOf(level) : undefined;
  if (sku === undefined)
    problems.push({ path: '/item/identifiers', message: 'names no item: a sku is needed' });
  const site = level?.location?.code;
  if (typeof site !== 'string' || site === '')
    problems.push({ path: '/location/code', message: 'is missing' });
  const asOf = typeof level?.asOf === 'string' && UTC.test(level.asOf) ? Date.parse(level.asOf) : Number.NaN;
  if (Number.isNaN(asOf))
    problems.push({ path: '/asOf', message: 'must be a UTC time such as 2026-11-23T08:15:00Z' });
  else if (asOf > now + MAX_AHEAD_MS) {
    problems.push({ path: '/asOf', message: 'lies more than five minutes ahead: check the clocks' });
  }
  if (typeof level?.available !== 'string' || !DECIMAL.test(level.available)) {
    problems.push({ path: '/available', message: 'must be a number as text, such as "12" or "2.5"' });
  }
  if (problems.length > 0 || sku === undefined) return { problems };
  const quantity = availableToSell(level.available, buffer);
  const body = JSON.stringify({ ...level, buffer, published: quantity });
  return { reading: { site, sku, asOf, quantity, body } };
}
