import type { ObservedInventoryLevel } from '../canonical/inventory-level';
import type { Availability } from '../odoo';

export interface Site {
  /** The site as channels know it. */
  readonly code: string;
  /** The system of record, for example `odoo:main`. */
  readonly authority: string;
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
