import type { ObservedInventoryLevel } from '../canonical/inventory-level';
import type { Availability } from '../odoo';

export interface Site {
  /** The site as channels know it. */
  readonly code: string;
  /** The system of record, for example `odoo:main`. */
  readonly authority: string;
}

/**
 * The internal references that a message of the odoo changes node names (`products`, `skus`). By reference and not by id:
 * of products that share one the first is told, here as in a full reading.
 * @returns undefined when the message names no products: everything is to be read
 */
export function changedSkus(value: unknown): readonly string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { products, skus } = value as { readonly products?: unknown; readonly skus?: unknown };
  if (!Array.isArray(products) && !Array.isArray(skus)) return undefined;
  const named = Array.isArray(skus)
    ? (skus as unknown[])
    : (products as ({ readonly sku?: unknown } | null)[]).map((product) => product?.sku);
  return [...new Set(named.filter((sku): sku is string => typeof sku === 'string' && sku !== ''))];
}

/** What is to be read: these internal references; undefined for all. */
export type Wanted = readonly string[] | undefined;

/**
 * Readings of Odoo, one at a time. What is asked for while one runs is read by the next one, all of it at once: the one
 * that runs may have passed it already.
 */
export class Readings<T> {
  #running: Promise<unknown> | undefined;
  #next: { wanted: Wanted; readonly done: Promise<T> } | undefined;

  constructor(private readonly read: (wanted: Wanted) => Promise<T>) {}

  /** @returns the reading that answers it; `joined` when somebody else has asked for it first */
  ask(wanted: Wanted): { readonly done: Promise<T>; readonly joined: boolean } {
    const next = this.#next;
    if (next !== undefined) {
      next.wanted = united(next.wanted, wanted);
      return { done: next.done, joined: true };
    }
    const before = this.#running ?? Promise.resolve();
    const done = before.then(() => {
      const asked = this.#next?.wanted;
      this.#next = undefined;
      return this.read(asked);
    });
    this.#next = { wanted, done };
    // Whoever asked has its failure; the next reading only waits for its end.
    this.#running = done.catch(() => undefined);
    return { done, joined: false };
  }
}

function united(one: Wanted, other: Wanted): Wanted {
  return one === undefined || other === undefined ? undefined : [...new Set([...one, ...other])];
}

/** An availability as read from Odoo, as a canonical inventory level of one site. */
export function levelFromOdoo(found: Availability, site: Site): ObservedInventoryLevel {
  return {
    schemaVersion: '1.0',
    item: {
      identifiers: [
        { scheme: 'sku', value: found.sku },
        { scheme: 'odoo:product.product', value: String(found.productId) },
      ],
      description: found.name,
    },
    location: { code: site.code, kind: 'warehouse' },
    asOf: found.asOf,
    unit: found.unit,
    onHand: found.onHand,
    reserved: found.reserved,
    available: found.available,
    forecast: found.forecast,
    authority: site.authority,
  };
}
